//! What integration tests share: a database each, on one cluster per test process.

#![allow(dead_code, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use chrono::{DateTime, Utc};
use smartsalud::clock::Clock;
use smartsalud::database::testing::{Cluster, Scratch};
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// Wednesday 25 November 2026, 09:00 in Santiago.
pub fn wednesday_morning() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// The cluster of this process.
pub async fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| async { Cluster::start(None).await.unwrap() }).await
}

/// An empty, migrated database whose time stands still on that Wednesday.
pub async fn database() -> Scratch {
    cluster().await.database(Clock::frozen(wednesday_morning()), 10).await.unwrap()
}

/// An empty, migrated database on the system's time, for tests of whole processes.
pub async fn database_in_real_time() -> Scratch {
    cluster().await.database(Clock::system(), 10).await.unwrap()
}

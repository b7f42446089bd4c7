//! A database for each test, replayed fixture or benchmark: one cluster a process, one template, cheap copies.
//!
//! The cluster does not sync to disk and dies with the process. A migrated template is made once; a copy of it
//! takes some 30 ms where migrating takes 160. A copy is dropped when it passes out of use, unless its test
//! failed: then its name is printed and it is kept until the next start sweeps the clusters of dead processes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{ConnectOptions, Connection};

use super::pool::{self, PoolSettings};
use super::server::{Durability, Server, server_runs};
use super::store;
use crate::clock::Clock;

const TEMPLATE: &str = "template_smartsalud";
/// The folder of a throw-away cluster: this and the process's id.
const PREFIX: &str = "smartsalud-test-";

/// A throw-away cluster with a migrated template.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    folder: PathBuf,
    made: AtomicU32,
    /// Databases that are no longer used, dropped before the next one is made.
    unused: Mutex<Vec<String>>,
}

/// A database of its own, with its pool.
#[derive(Debug)]
pub struct Scratch {
    /// Connections to it; when the clock is frozen, their `app_now()` follows it.
    pub pool: PgPool,
    /// Its name.
    pub name: String,
    /// The clock it follows.
    pub clock: Clock,
    cluster: &'static Cluster,
}

impl Cluster {
    /// Starts one in the system's folder for temporary files and sweeps those of dead processes.
    ///
    /// # Errors
    /// When the server cannot be started or the migrations fail.
    pub async fn start(programs: Option<&Path>) -> anyhow::Result<Self> {
        let parent = std::env::temp_dir();
        sweep(&parent, PREFIX);
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        let server = Server::start(&folder, programs, Durability::None).await?;
        let mut admin = server.options("postgres").connect().await?;
        store::create_from(&mut admin, TEMPLATE, None).await?;
        let template = pool::connect(
            server.options(TEMPLATE),
            PoolSettings { max: 1, ..Default::default() },
            &Clock::system(),
        )
        .await?;
        pool::migrate(&template).await?;
        // nobody may be connected to a template while it is copied
        template.close().await;
        admin.close().await?;
        Ok(Self { server, folder, made: AtomicU32::new(0), unused: Mutex::default() })
    }

    /// Makes a database; `self` lives as long as the process, as a static does.
    ///
    /// # Errors
    /// When the database cannot be made.
    pub async fn database(&'static self, clock: Clock, connections: u32) -> anyhow::Result<Scratch> {
        let name = format!("t_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let mut admin: PgConnection = self.server.options("postgres").connect().await?;
        let unused =
            std::mem::take(&mut *self.unused.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for old in unused {
            store::drop(&mut admin, &old).await?;
        }
        store::create_from(&mut admin, &name, Some(TEMPLATE)).await?;
        admin.close().await?;
        let settings = PoolSettings { max: connections, ..Default::default() };
        let pool = pool::connect(self.server.options(&name), settings, &clock).await?;
        Ok(Scratch { pool, name, clock, cluster: self })
    }
}

impl Scratch {
    /// How to connect to it from elsewhere: a second pool, a process of its own.
    pub fn options(&self) -> sqlx::postgres::PgConnectOptions {
        self.cluster.server.options(&self.name)
    }

    /// The same as a URL, for `DATABASE_URL`.
    pub fn url(&self) -> String {
        let socket =
            self.options().get_socket().map(|socket| socket.display().to_string()).unwrap_or_default();
        format!("postgres://smartsalud@localhost/{}?host={}", self.name, socket.replace('/', "%2F"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the database `{}` is kept until the next start; to look at it: postgres -D {}",
                self.name,
                self.cluster.folder.join("pgdata").display()
            );
            return;
        }
        let mut unused = self.cluster.unused.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        unused.push(self.name.clone());
    }
}

/// Removes clusters whose process is gone and whose server has stopped: folders named by `prefix` and a process's id.
pub fn sweep(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let folder = entry.path();
        let Some(pid) =
            entry.file_name().to_str().and_then(|name| name.strip_prefix(prefix)?.parse::<u32>().ok())
        else {
            continue;
        };
        // one that is just being made has not taken its lock yet
        let lives = pid != std::process::id() && Path::new(&format!("/proc/{pid}")).exists();
        let Ok(lock) = File::open(folder.join("lock")) else { continue };
        if !lives && lock.try_lock().is_ok() && !server_runs(&folder.join("pgdata")) {
            fs::remove_dir_all(&folder).ok();
        }
    }
}

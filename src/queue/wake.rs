//! Wake-ups: a worker learns at once that there is something to do, in this process and in the others.
//!
//! Inside the process a `Notify` is enough. Other processes learn by NOTIFY, sent by one task that lets many wake-ups
//! become one, never inside a turn's transaction (that takes an instance-wide lock at commit and halves the
//! throughput). A wake-up may be lost; the workers' poll is what never misses.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::store;

/// NOTIFY at most so often.
const EVERY: Duration = Duration::from_millis(20);

/// The bells of one process. Clones are the same bells.
#[derive(Debug, Clone, Default)]
pub struct Wake {
    turns: Arc<Notify>,
    sends: Arc<Notify>,
    statuses: Arc<Notify>,
    outside: Arc<Notify>,
}

impl Wake {
    /// An event is due now.
    pub fn turns(&self) {
        self.turns.notify_one();
        self.outside.notify_one();
    }

    /// There may be work for another worker of this process.
    pub fn turns_here(&self) {
        self.turns.notify_one();
    }

    /// An event will be due then.
    pub fn turns_in(&self, delay: Duration) {
        let wake = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            wake.turns();
        });
    }

    /// A message waits to be sent.
    pub fn sends(&self) {
        self.sends.notify_one();
        self.outside.notify_one();
    }

    /// Statuses may wait to be settled.
    pub fn statuses(&self) {
        self.statuses.notify_one();
    }

    /// Waits for statuses.
    pub async fn for_statuses(&self) {
        self.statuses.notified().await;
    }

    /// Waits for an event.
    pub async fn for_turns(&self) {
        self.turns.notified().await;
    }

    /// Waits for a message.
    pub async fn for_sends(&self) {
        self.sends.notified().await;
    }

    /// Tells other processes and listens to them, until `stop`.
    pub async fn connect(self, pool: PgPool, stop: CancellationToken) {
        let tell = async {
            loop {
                self.outside.notified().await;
                // a lost wake-up costs one poll's wait, so a failure here is not worth more than a note
                if let Err(error) = store::notify(&pool).await {
                    tracing::debug!(%error, "Other processes could not be woken");
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        let listen = async {
            loop {
                if let Err(error) = self.listen(&pool).await {
                    tracing::debug!(%error, "Wake-ups of other processes cannot be heard");
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tell => {}
            () = listen => {}
        }
    }

    async fn listen(&self, pool: &PgPool) -> sqlx::Result<()> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(store::CHANNEL).await?;
        loop {
            listener.recv().await?;
            self.turns.notify_one();
            self.sends.notify_one();
        }
    }
}

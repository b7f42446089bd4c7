//! Workers: each takes a conversation with due events, runs one turn in one transaction, and looks again.
//!
//! A worker goes on until nothing is due, so what arrived during a turn (its wake-up found the row locked) is seen
//! right after the commit. A turn that fails is rolled back whole, counted in a commit of its own, and its
//! conversation rests; a panic is a failure like any other.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::postgres::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::job::{Due, MOST_ATTEMPTS, rest_after_failure};
use super::store::events;
use super::wake::Wake;
use crate::clock::{Clock, Stopwatch};
use crate::database::pool::explain;
use crate::id::ConversationId;

/// A poll that never misses, should a wake-up be lost.
const POLL: Duration = Duration::from_millis(500);
/// How often in a row a worker may come too late for a conversation before it rests.
const STALE: u32 = 20;
/// How often a turn that lost a race for its locks is tried again at once.
const RACES: u32 = 3;

/// Runs a turn inside the caller's transaction.
pub trait RunTurn: Clone + Send + Sync + 'static {
    /// What is to be done after the commit.
    type Done: Send;

    /// Handles due events of a conversation whose row is locked in `tx`.
    fn run(
        &self,
        tx: &mut PgConnection,
        conversation: ConversationId,
        due: &[Due],
    ) -> impl Future<Output = Result<Self::Done, TurnFailed>> + Send;

    /// After the commit: tells the map what changed; answers whether messages were queued.
    fn committed(&self, done: Self::Done) -> impl Future<Output = Queued> + Send;
}

/// Whether a committed turn left something to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// Messages wait.
    Messages,
    /// Nothing.
    Nothing,
}

/// A turn failed; its transaction is rolled back.
#[derive(Debug, thiserror::Error)]
#[error("{error:#}")]
pub struct TurnFailed {
    /// Why; no word of the patient's.
    pub error: anyhow::Error,
    /// It only lost a race for its locks.
    pub retryable: bool,
}

/// What one look at the queue came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// A turn was taken.
    Turn,
    /// A turn was tried and failed.
    Failed,
    /// Nothing is due.
    Nothing,
}

/// Takes one turn, if one is due.
///
/// # Errors
/// When the database fails outside the turn.
pub async fn take_turn<T: RunTurn>(
    pool: &PgPool,
    turns: &T,
    wake: &Wake,
    clock: &Clock,
) -> sqlx::Result<Looked> {
    let (mut races, mut stale) = (0, 0);
    loop {
        let watch = Stopwatch::start();
        let mut tx = pool.begin().await?;
        let Some(conversation) = events::claim(&mut tx).await? else { return Ok(Looked::Nothing) };
        let mut due = events::due(&mut tx, conversation).await?;
        let Some(first) = due.first() else {
            // another worker's turn ended between our look and our lock: there may be other conversations
            stale += 1;
            if stale > STALE {
                return Ok(Looked::Nothing);
            }
            continue;
        };
        let (event, attempts, since) = (first.id, first.attempts, first.due_at);
        if attempts > 0 {
            due.truncate(1); // after a failure the next try takes one event alone
        }
        let span = tracing::info_span!("turn", conversation.id = %conversation, event.id = %event, event.kind = %due[0].kind);
        let turn = async {
            match AssertUnwindSafe(turns.run(&mut tx, conversation, &due)).catch_unwind().await {
                Ok(Ok(done)) => Ok(done),
                Ok(Err(failed)) => Err(failed),
                Err(_) => Err(TurnFailed { error: anyhow::anyhow!("the turn panicked"), retryable: false }),
            }
        };
        let failed = match turn.instrument(span.clone()).await {
            Ok(done) => {
                tx.commit().await?;
                metrics::histogram!("smartsalud_turn_seconds").record(watch.elapsed().as_secs_f64());
                let late = (clock.now() - since).to_std().unwrap_or_default();
                metrics::histogram!("smartsalud_turn_latency_seconds").record(late.as_secs_f64());
                if turns.committed(done).await == Queued::Messages {
                    wake.sends();
                }
                return Ok(Looked::Turn);
            }
            Err(failed) => failed,
        };
        tx.rollback().await?;
        if failed.retryable && races < RACES {
            races += 1;
            metrics::counter!("smartsalud_turn_races_total").increment(1);
            continue;
        }
        metrics::counter!("smartsalud_turn_failures_total").increment(1);
        let attempts = attempts + 1;
        span.in_scope(|| tracing::error!(error = %failed, attempts, "A turn failed"));
        let mut connection = pool.acquire().await?;
        let rest = rest_after_failure(attempts);
        if events::failed(&mut connection, conversation, event, rest).await? {
            metrics::counter!("smartsalud_parked_total").increment(1);
            span.in_scope(|| {
                tracing::error!(
                    attempts = MOST_ATTEMPTS,
                    "An event was parked and its conversation given to a person"
                );
            });
        } else if !clock.is_frozen() {
            wake.turns_in(rest);
        }
        return Ok(Looked::Failed);
    }
}

/// Starts `count` workers; each finishes the turn it is in when `stop` is called.
pub fn spawn<T: RunTurn>(
    tracker: &TaskTracker,
    stop: &CancellationToken,
    count: usize,
    pool: &PgPool,
    turns: &T,
    wake: &Wake,
    clock: &Clock,
) {
    for _ in 0..count {
        let (pool, turns, wake, clock, stop) =
            (pool.clone(), turns.clone(), wake.clone(), clock.clone(), stop.clone());
        tracker.spawn(async move {
            while !stop.is_cancelled() {
                let rest = match take_turn(&pool, &turns, &wake, &clock).await {
                    Ok(Looked::Turn | Looked::Failed) => {
                        // there may be more than one worker's share
                        wake.turns_here();
                        continue;
                    }
                    Ok(Looked::Nothing) => POLL,
                    Err(error) => {
                        let error = explain(&pool, &error);
                        tracing::error!(error, "The queue of events cannot be read; trying again");
                        Duration::from_secs(1)
                    }
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = wake.for_turns() => {}
                    () = tokio::time::sleep(rest) => {}
                }
            }
        });
    }
}

//! The sender: claims messages in a short transaction, sends them without any lock, settles them by batches.
//!
//! Messages of one conversation go out one after the other; those of others are not held up by one that hangs, nor
//! those of other numbers by one that WhatsApp slows down or stops (see [`Lines`]).
//! What was claimed when the process stops is still sent and settled; what was claimed when it is killed stays
//! `sending` until a status tells what became of it, or is tried once more.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::job::{Claimed, rest_after_refusal};
use super::line::{Lines, STOPPED};
use super::outcome::SendOutcome;
use super::store::outbox::{self, Numbers, Settled};
use super::wake::Wake;
use crate::clock::{Clock, Stopwatch};
use crate::database::pool::explain;
use crate::telemetry::Outage;

/// How many messages may be under way at once.
const AT_ONCE: usize = 64;
/// A poll that never misses, should a wake-up be lost.
const POLL: Duration = Duration::from_millis(500);
/// Claims are at least so far apart: what is queued meanwhile goes with the next one. Nobody who reads on a phone
/// notices, and under load one statement claims many messages.
const PACE: Duration = Duration::from_millis(5);
/// Tries of a message that is refused for the moment, before it is given up.
const TRIES: i32 = 5;
/// The same while WhatsApp cannot be reached or fails without a reason of its own: a day of tries, for an outage is
/// no fault of the message, and after a day WhatsApp would not take it any more.
const TRIES_IN_AN_OUTAGE: i32 = 340;
/// Tries of a message whose refusal may be the request's own fault.
const TRIES_OF_THE_DOUBTFUL: i32 = 2;

/// Delivers a message to the channel.
pub trait Deliver: Clone + Send + Sync + 'static {
    /// Sends it and says what became of it; never longer than the client's timeouts.
    fn deliver(&self, message: &Claimed) -> impl Future<Output = SendOutcome> + Send;
}

/// Claims and sends all that may go out now, one after the other; for tests and replay, which step by hand.
/// Answers how many were tried.
///
/// # Errors
/// When the database fails.
pub async fn send_waiting<D: Deliver>(pool: &PgPool, channel: &D, clock: &Clock) -> sqlx::Result<usize> {
    send_waiting_on(pool, channel, clock, &Lines::default()).await
}

/// The same on lines that remember earlier steps.
///
/// # Errors
/// When the database fails.
pub async fn send_waiting_on<D: Deliver>(
    pool: &PgPool,
    channel: &D,
    clock: &Clock,
    lines: &Lines,
) -> sqlx::Result<usize> {
    let mut sent = 0;
    loop {
        let mut connection = pool.acquire().await?;
        let claimed = claim(&mut connection, 16, lines, clock).await?;
        drop(connection);
        if claimed.is_empty() {
            return Ok(sent);
        }
        let mut settled = Vec::with_capacity(claimed.len());
        for message in &claimed {
            let outcome = channel.deliver(message).await;
            lines.heard(&message.phone_number_id, &outcome, clock.now());
            settled.push(settle(message, outcome, clock));
            sent += 1;
        }
        let mut connection = pool.acquire().await?;
        outbox::settle(&mut connection, &settled).await?;
    }
}

/// Claims from the numbers whose lines are open; from one whose rest is over, a single message to try it.
async fn claim(
    conn: &mut PgConnection,
    most: i64,
    lines: &Lines,
    clock: &Clock,
) -> sqlx::Result<Vec<Claimed>> {
    let rested = lines.to_try(clock.now());
    if !rested.is_empty() {
        let first = outbox::claim(conn, 1, Numbers::Only(&rested)).await?;
        if let Some(message) = first.first() {
            lines.trying(&message.phone_number_id, clock.now());
            return Ok(first);
        }
    }
    outbox::claim(conn, most, Numbers::AllBut(&lines.closed())).await
}

/// Starts the sender. It stops claiming when `stop` is called and ends when all that it claimed is settled.
pub fn spawn<D: Deliver>(
    tracker: &TaskTracker,
    stop: &CancellationToken,
    pool: &PgPool,
    channel: &D,
    wake: &Wake,
    clock: &Clock,
) {
    let (results, inbox) = mpsc::channel(AT_ONCE * 2);
    tracker.spawn(settle_all(pool.clone(), inbox, wake.clone()));
    let (tasks, stop, pool, channel, wake, clock) =
        (tracker.clone(), stop.clone(), pool.clone(), channel.clone(), wake.clone(), clock.clone());
    tracker.spawn(async move {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let lines = Lines::default();
        let outage = Outage::of("The outbox");
        let mut claimed_at: Option<Stopwatch> = None;
        while !stop.is_cancelled() {
            if let Some(early) = claimed_at.and_then(|last| PACE.checked_sub(last.elapsed())) {
                tokio::time::sleep(early).await;
            }
            claimed_at = Some(Stopwatch::start());
            let Ok(first) = Arc::clone(&places).acquire_owned().await else { return };
            let most = 1 + places.available_permits();
            let claimed = match pool.acquire().await {
                Ok(mut connection) => {
                    claim(&mut connection, i64::try_from(most).unwrap_or(1), &lines, &clock).await
                }
                Err(error) => Err(error),
            };
            drop(first);
            let rest = match claimed {
                Ok(claimed) if claimed.is_empty() => {
                    outage.works();
                    POLL
                }
                Ok(claimed) => {
                    for message in claimed {
                        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                        let (channel, results) = (channel.clone(), results.clone());
                        let (lines, clock) = (lines.clone(), clock.clone());
                        tasks.spawn(async move {
                            let outcome = channel.deliver(&message).await;
                            lines.heard(&message.phone_number_id, &outcome, clock.now());
                            // the settler outlives every sender, so this cannot fail
                            results.send(settle(&message, outcome, &clock)).await.ok();
                            drop(place);
                        });
                    }
                    continue;
                }
                Err(error) => {
                    outage.failed(&explain(&pool, &error));
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = wake.for_sends() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    });
}

async fn settle_all(pool: PgPool, mut inbox: mpsc::Receiver<Settled>, wake: Wake) {
    let mut batch = Vec::new();
    while inbox.recv_many(&mut batch, AT_ONCE).await > 0 {
        if batch.len() < AT_ONCE {
            // what is answered meanwhile shares the statement and the commit
            tokio::time::sleep(PACE).await;
            while batch.len() < AT_ONCE
                && let Ok(more) = inbox.try_recv()
            {
                batch.push(more);
            }
        }
        let mut tries = 0;
        loop {
            let done = match pool.acquire().await {
                Ok(mut connection) => outbox::settle(&mut connection, &batch).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => break,
                // unsettled, they stay `sending` and are recovered later
                Err(error) if tries >= 10 => {
                    tracing::error!(%error, messages = batch.len(), "Sent messages could not be settled");
                    break;
                }
                Err(_) => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
        batch.clear();
        // the next message of a conversation waits for the one before it
        wake.sends();
    }
}

fn settle(message: &Claimed, outcome: SendOutcome, clock: &Clock) -> Settled {
    let mut settled = Settled {
        id: message.id,
        status: "queued",
        wa_message_id: None,
        code: None,
        detail: None,
        not_before: None,
    };
    let later = |rest: TimeDelta| Some(clock.now() + rest);
    let rest = TimeDelta::from_std(rest_after_refusal(message.attempts, message.id.0)).unwrap_or(STOPPED);
    let label = match &outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Retry { .. } => "retry",
        SendOutcome::RetryOnce { .. } => "retry_once",
        SendOutcome::SlowPair { .. } => "slow_pair",
        SendOutcome::SlowNumber { .. } => "slow_number",
        SendOutcome::Never { .. } => "never",
        SendOutcome::StopTheLine { .. } => "stop_the_line",
        SendOutcome::Unknown => "unknown",
    };
    metrics::counter!("smartsalud_sends_total", "outcome" => label).increment(1);
    match outcome {
        SendOutcome::Accepted { wa_message_id } => {
            settled.status = "accepted";
            settled.wa_message_id = Some(wa_message_id);
        }
        SendOutcome::Retry { code }
            if message.attempts >= if code.is_some() { TRIES } else { TRIES_IN_AN_OUTAGE } =>
        {
            settled.status = "failed";
            settled.code = code;
        }
        SendOutcome::RetryOnce { code } if message.attempts >= TRIES_OF_THE_DOUBTFUL => {
            settled.status = "failed";
            settled.code = Some(code);
        }
        SendOutcome::Retry { code } => {
            settled.code = code;
            settled.not_before = later(rest);
        }
        SendOutcome::RetryOnce { code }
        | SendOutcome::SlowPair { code }
        | SendOutcome::SlowNumber { code } => {
            settled.code = Some(code);
            settled.not_before = later(rest);
        }
        SendOutcome::Never { code, detail } => {
            tracing::warn!(outbox.id = %message.id, code, "A message was refused for good");
            settled.status = "failed";
            settled.code = code;
            settled.detail = Some(detail);
        }
        SendOutcome::StopTheLine { code } => {
            settled.code = Some(code);
            settled.not_before = later(STOPPED);
        }
        SendOutcome::Unknown => settled.status = "sending",
    }
    settled
}

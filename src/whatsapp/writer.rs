//! One task that writes what all webhooks bring: webhooks that arrive while it writes share the next commit.
//!
//! That is what lets a burst of thousands of chats through on a small machine, since a commit costs a flush of the
//! disk whatever is in it. Several processes may each run one: keys are written in sorted order, so two batches that
//! share keys wait for each other at most once. A batch that fails is tried again row by row, so that one row nobody
//! foresaw does not keep a thousand others out; the row itself is then kept as `unreadable`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot};

use super::attention::Attention;
use super::client::Client;
use super::directory::{Address, Directory, Thread};
use super::store::{self, NewEvent, Pace};
use super::wire::{Sender, fingerprint};
use crate::clock::Stopwatch;
use crate::id::{CenterId, ConversationId};

/// Rows in one commit: large enough that the flush no longer matters, small enough that nobody waits long.
const ROWS_PER_COMMIT: usize = 1000;

/// Webhooks that may wait; more than that and their callers wait to get in.
const WAITING_WEBHOOKS: usize = 1024;

/// How long a centre's number is remembered. A number that moves to another centre is rare, and done by an operator.
const NUMBERS_FRESH: Duration = Duration::from_secs(10);

/// An event with who caused it, before its conversation is known.
#[derive(Clone)]
pub(super) struct Arrival {
    /// What will be written.
    pub event: NewEvent,
    /// Who wrote, for a message.
    pub sender: Option<Sender>,
}

/// Hands events to the writing task. Clones share it; it ends when the last one is dropped.
#[derive(Clone)]
pub struct EventWriter {
    inbox: mpsc::Sender<Delivery>,
}

/// The events could not be stored; the caller should deliver them again.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the events could not be written to the database")]
pub(super) struct NotWritten;

struct Delivery {
    arrivals: Vec<Arrival>,
    written: oneshot::Sender<Result<(), NotWritten>>,
}

/// Why a batch was not written.
enum Failed {
    /// The same batch may pass in a moment: another writer was in the way.
    InTheWay,
    /// No connection, or the database is stopping: no row would pass.
    Down(sqlx::Error),
    /// Something in a row.
    Refused(sqlx::Error),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        let code = sqlstate(&error);
        match code.as_str() {
            "40001" | "40P01" | "55P03" => Self::InTheWay,
            // 57: operator intervention, 53: out of resources, 08: connection
            "" => Self::Down(error),
            code if ["57", "53", "08"].contains(&&code[..2]) => Self::Down(error),
            _ => Self::Refused(error),
        }
    }
}

impl EventWriter {
    /// Starts the writing task. `settle` is how long a text waits for the next one; `wake` is called after each commit.
    pub fn start(pool: PgPool, settle: Duration, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::begin(pool, settle, None, Arc::new(wake))
    }

    /// The same, and patients see at once that their message was read and that an answer is coming.
    pub fn start_attentive(
        pool: PgPool,
        settle: Duration,
        client: Client,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self::begin(pool, settle, Some(Attention::new(client)), Arc::new(wake))
    }

    fn begin(
        pool: PgPool,
        settle: Duration,
        attention: Option<Attention>,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let (inbox, deliveries) = mpsc::channel(WAITING_WEBHOOKS);
        let writing = Writing {
            pool,
            settle,
            wake,
            attention,
            numbers: HashMap::new(),
            numbers_since: Stopwatch::start(),
        };
        tokio::spawn(writing.run(deliveries));
        Self { inbox }
    }

    /// Returns once the events are committed.
    pub(super) async fn write(&self, arrivals: Vec<Arrival>) -> Result<(), NotWritten> {
        if arrivals.is_empty() {
            return Ok(());
        }
        let (written, answer) = oneshot::channel();
        self.inbox.send(Delivery { arrivals, written }).await.map_err(|_| NotWritten)?;
        answer.await.map_err(|_| NotWritten)?
    }
}

struct Writing {
    pool: PgPool,
    settle: Duration,
    wake: Arc<dyn Fn() + Send + Sync>,
    attention: Option<Attention>,
    /// Our numbers; a number that is asked for and not here is looked up again.
    numbers: HashMap<String, CenterId>,
    numbers_since: Stopwatch,
}

impl Writing {
    async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>) {
        while let Some(first) = deliveries.recv().await {
            let mut rows = first.arrivals.len();
            let mut batch = vec![first];
            while rows < ROWS_PER_COMMIT
                && let Ok(next) = deliveries.try_recv()
            {
                rows += next.arrivals.len();
                batch.push(next);
            }
            metrics::histogram!("whatsapp_webhook_batch_rows").record(rows as f64);
            self.write(batch).await;
        }
    }

    async fn write(&mut self, batch: Vec<Delivery>) {
        let together: Vec<Arrival> =
            batch.iter().flat_map(|delivery| delivery.arrivals.iter().cloned()).collect();
        match self.commit(&together).await {
            Ok(()) => {
                for delivery in batch {
                    // a caller who hung up delivers again, and the key tells that it is the same
                    let _hung_up = delivery.written.send(Ok(()));
                }
            }
            Err(Failed::Down(error)) => {
                tracing::error!(error = %error, "Could not store a webhook: the database does not answer; WhatsApp will deliver again");
                for delivery in batch {
                    let _hung_up = delivery.written.send(Err(NotWritten));
                }
            }
            Err(Failed::InTheWay | Failed::Refused(_)) => {
                for delivery in batch {
                    let result = self.write_one_by_one(delivery.arrivals).await;
                    let _hung_up = delivery.written.send(result);
                }
            }
        }
        (self.wake)();
    }

    async fn write_one_by_one(&mut self, arrivals: Vec<Arrival>) -> Result<(), NotWritten> {
        metrics::counter!("whatsapp_webhook_batches_retried").increment(1);
        for arrival in arrivals {
            let refused = match self.commit(std::slice::from_ref(&arrival)).await {
                Ok(()) => continue,
                Err(Failed::Refused(error)) => error,
                Err(Failed::Down(_) | Failed::InTheWay) => return Err(NotWritten),
            };
            let code = sqlstate(&refused);
            tracing::error!(
                sqlstate = code,
                event.kind = arrival.event.kind,
                "The database refused an event; it was kept as unreadable"
            );
            let parked = Arrival { event: parked(&arrival.event), sender: None };
            self.commit(&[parked]).await.map_err(|_| NotWritten)?;
        }
        Ok(())
    }

    /// Writes a batch and commits it; tries again a few times when another writer was in the way.
    async fn commit(&mut self, arrivals: &[Arrival]) -> Result<(), Failed> {
        let mut connection = self.pool.acquire().await?;
        self.remember_numbers(&mut connection, arrivals).await?;
        let (ours, foreign): (Vec<&Arrival>, Vec<&Arrival>) = arrivals.iter().partition(|arrival| {
            arrival.event.phone_number_id.as_ref().is_none_or(|number| self.numbers.contains_key(number))
        });
        if !foreign.is_empty() {
            metrics::counter!("whatsapp_inbound_unknown_number").increment(foreign.len() as u64);
            tracing::warn!(items = foreign.len(), "Ignored messages for a number that belongs to no centre");
        }
        if ours.is_empty() {
            return Ok(());
        }
        for _ in 0..4 {
            match self.try_commit(&mut connection, &ours).await {
                Err(Failed::InTheWay) => {}
                done => return done,
            }
        }
        Err(Failed::InTheWay)
    }

    async fn try_commit(&self, connection: &mut PgConnection, arrivals: &[&Arrival]) -> Result<(), Failed> {
        let (directory, threads) = find_threads(connection, arrivals).await?;
        let inserted = if directory.new_threads().is_empty() && directory.new_addresses().is_empty() {
            // the usual case: everybody is known, and one statement is its own transaction
            store::insert_events(connection, &with_threads(arrivals, &threads, &[]), self.settle).await?
        } else {
            let mut transaction = connection.begin().await?;
            let wanted =
                directory.new_threads().iter().filter_map(|n| Some((*self.numbers.get(n)?, n.clone())));
            let made = store::create_conversations(&mut transaction, &wanted.collect::<Vec<_>>()).await?;
            let added: Vec<(Address, ConversationId)> = directory
                .new_addresses()
                .into_iter()
                .filter_map(|(address, thread)| Some((address, resolved(thread, &made)?)))
                .collect();
            if store::add_addresses(&mut transaction, &added).await? < added.len() as u64 {
                // another process met the same patient first: look again, and use its conversation
                transaction.rollback().await?;
                return Err(Failed::InTheWay);
            }
            let inserted =
                store::insert_events(&mut transaction, &with_threads(arrivals, &threads, &made), self.settle)
                    .await?;
            transaction.commit().await?;
            inserted
        };
        let repeated = arrivals.len() - inserted.len();
        metrics::counter!("whatsapp_inbound_repeated").increment(repeated as u64);
        for kind in ["message", "status", "echo", "account", "unreadable"] {
            let count = inserted.iter().filter(|event| event.kind == kind).count();
            metrics::counter!("whatsapp_inbound_stored", "kind" => kind).increment(count as u64);
        }
        if let Some(attention) = &self.attention {
            attention.show(arrivals.iter().map(|arrival| &arrival.event), &inserted);
        }
        Ok(())
    }

    /// Looks up our numbers when one is not known, or all were looked up long ago.
    async fn remember_numbers(
        &mut self,
        connection: &mut PgConnection,
        arrivals: &[Arrival],
    ) -> sqlx::Result<()> {
        let asked: HashSet<&String> =
            arrivals.iter().filter_map(|arrival| arrival.event.phone_number_id.as_ref()).collect();
        if self.numbers_since.elapsed() > NUMBERS_FRESH {
            self.numbers.clear();
            self.numbers_since = Stopwatch::start();
        }
        if asked.iter().any(|number| !self.numbers.contains_key(*number)) {
            let asked: Vec<String> = asked.into_iter().cloned().collect();
            self.numbers.extend(store::centers(connection, &asked).await?);
        }
        Ok(())
    }
}

/// The database's own code for what went wrong; empty when it was not the database that said so.
fn sqlstate(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.unwrap_or_default().into_owned()
}

async fn find_threads(
    connection: &mut PgConnection,
    arrivals: &[&Arrival],
) -> sqlx::Result<(Directory, Vec<Option<Thread>>)> {
    let senders: Vec<Option<(&str, &Sender)>> = arrivals
        .iter()
        .map(|arrival| Some((arrival.event.phone_number_id.as_deref()?, arrival.sender.as_ref()?)))
        .collect();
    let asked: HashSet<Address> =
        senders.iter().flatten().flat_map(|(number, sender)| Address::of(number, sender)).collect();
    let mut directory = Directory::default();
    if !asked.is_empty() {
        let asked: Vec<Address> = asked.into_iter().collect();
        for (address, conversation, other_kind) in store::known_addresses(connection, &asked).await? {
            directory.learn(address, conversation, other_kind);
        }
    }
    let threads = senders
        .into_iter()
        .map(|sender| sender.and_then(|(number, sender)| directory.thread(number, sender)));
    let threads = threads.collect();
    Ok((directory, threads))
}

fn resolved(thread: Thread, made: &[ConversationId]) -> Option<ConversationId> {
    match thread {
        Thread::Known(conversation) => Some(conversation),
        Thread::New(place) => made.get(place).copied(),
    }
}

fn with_threads(arrivals: &[&Arrival], threads: &[Option<Thread>], made: &[ConversationId]) -> Vec<NewEvent> {
    let conversations = threads.iter().map(|thread| thread.and_then(|thread| resolved(thread, made)));
    let events = arrivals.iter().map(|arrival| arrival.event.clone());
    events.zip(conversations).map(|(event, conversation)| NewEvent { conversation, ..event }).collect()
}

/// What is kept of an event that the database refuses as it is.
fn parked(event: &NewEvent) -> NewEvent {
    NewEvent {
        kind: "unreadable",
        dedupe_key: format!("refused:{}", fingerprint(&[&event.dedupe_key])),
        sent_at: None,
        payload: json!({ "reason": "refused by the database", "kind": event.kind, "text": event.payload.to_string().replace("\\u0000", "") }),
        conversation: None,
        phone_number_id: None,
        outbox: None,
        wa_message_id: None,
        pace: Pace::Aside,
        outcome: Some("parked"),
    }
}

//! The stage with everything real: signed webhooks, events, turns, outbox, the Graph API's client, PostgreSQL.
//!
//! WhatsApp is the simulator, time is a clock that moves by hand, and every worker's loop is stepped until nothing
//! is due; so a talk takes milliseconds and gives the same transcript each time. Guarantees beyond those of the
//! pipeline, each checked after every happening: each message is delivered twice and acts once, nothing that was
//! said breaks Meta's limits or stays in the outbox, and no hold is left that the conversation has forgotten.

mod clinic;
mod opening;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use tokio::task::JoinHandle;

pub use opening::{PipelineStage, Setting, play};

use super::deploy::Versions;
use super::observed::{Call, Notice, Observed, Said};
use super::stage::{Faults, Happening, Stage, StageError};
use super::store::{self, Turn};
use super::world_files::NUMBER;
use crate::clock::Clock;
use crate::conversation::need::{Effect, EventKind, LATER};
use crate::conversation::turn::{Committed, Turns};
use crate::id::{AppointmentId, CenterId, ConversationId, PatientId};
use crate::queue::job::Due;
use crate::queue::sender;
use crate::queue::store::events;
use crate::queue::wake::Wake;
use crate::queue::worker::{self, Looked, Queued, RunTurn, TurnFailed};
use crate::scheduling::booking::{self, DayChange};
use crate::scheduling::slot::Booked;
use crate::value::{MediaKind, Phone};
use crate::whatsapp::Client;
use crate::whatsapp::simulator::{How, PatientMessage, Simulator};

/// Turns that may follow one another at one moment.
const TURNS: usize = 50;
/// Dead holds swept in one go.
const SWEPT: i64 = 200;

/// Everything real but WhatsApp and the time.
pub struct Pipeline {
    pool: PgPool,
    clock: Clock,
    /// The clock of the patients' phones: it goes back for what was written a while ago.
    sent: Clock,
    turns: Watched,
    versions: Versions<'static>,
    wake: Wake,
    simulator: Simulator,
    client: Client,
    webhook: JoinHandle<()>,
    center: CenterId,
    phone: Phone,
    seen: i64,
    /// Who booked what outside the conversation, to be able to give it back.
    others: Vec<(Booked, PatientId)>,
    strangers: u32,
}

/// Turns that tell why one failed.
#[derive(Clone)]
struct Watched {
    turns: Turns,
    failure: Arc<Mutex<Option<String>>>,
    forced: Arc<Mutex<Faults>>,
}

impl RunTurn for Watched {
    type Done = Committed;

    async fn run(
        &self,
        tx: &mut PgConnection,
        conversation: ConversationId,
        due: &[Due],
    ) -> Result<Committed, TurnFailed> {
        let done = RunTurn::run(&self.turns, tx, conversation, due).await;
        if let Err(failed) = &done {
            *lock(&self.failure) = Some(failed.to_string());
        }
        done
    }

    async fn committed(&self, done: Committed) -> Queued {
        self.turns.committed(done).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.webhook.abort();
    }
}

impl Pipeline {
    /// The clock of the talk.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The database in which it happens.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Lets something happen and tells what came of it.
    ///
    /// # Errors
    /// When a turn fails, or something that must always hold does not.
    pub async fn play(&mut self, happening: Happening, faults: &Faults) -> anyhow::Result<Observed> {
        *lock(&self.turns.forced) = faults.clone();
        match happening {
            Happening::Event(kind) => {
                self.event(kind).await?;
                self.settle().await?;
            }
            Happening::Wait(time) => self.wait(time).await?,
            Happening::OtherTakes(words) => self.other_takes(&words).await?,
            Happening::OtherGivesBack(words) => self.other_gives_back(&words).await?,
            Happening::StaffBooks { by, words } => {
                self.staff_books(by, &words).await?;
                self.settle().await?;
            }
            Happening::Deploy(deploy) => {
                let sources = self.versions.deploy(&deploy).map_err(anyhow::Error::msg)?;
                let mut connection = self.pool.acquire().await?;
                let put = self.turns.turns.shelf.put_in_force(&mut connection, sources, None).await;
                put.context("the new flows are not sound")?;
            }
        }
        *lock(&self.turns.forced) = Faults::default();
        self.observe().await
    }

    async fn event(&mut self, kind: EventKind) -> anyhow::Result<()> {
        let media = |wire_type: &str| {
            let content = json!({ "id": "1234567890", "mime_type": "application/octet-stream" });
            PatientMessage::Other { wire_type: wire_type.to_owned(), content }
        };
        match kind {
            EventKind::Texts { texts } => {
                for text in texts {
                    let at = text.sent.unwrap_or_else(|| self.clock.now());
                    self.send(PatientMessage::Text(text.text), at).await?;
                }
                Ok(())
            }
            EventKind::Tapped { tap: Some(tap), .. } => {
                self.send(PatientMessage::Tap { option: tap.to_id(), of: None }, self.clock.now()).await
            }
            EventKind::Tapped { tap: None, .. } => bail!("only an option of ours can be tapped"),
            EventKind::Media { kind } => {
                let message = match kind {
                    MediaKind::Audio => PatientMessage::VoiceNote,
                    MediaKind::Image => PatientMessage::Picture { caption: None },
                    MediaKind::Location => PatientMessage::Place,
                    MediaKind::Video => media("video"),
                    MediaKind::Document => media("document"),
                    MediaKind::Contact => {
                        PatientMessage::Other { wire_type: "contacts".to_owned(), content: json!([]) }
                    }
                    MediaKind::Order => media("order"),
                };
                self.send(message, self.clock.now()).await
            }
            EventKind::Unsupported => {
                let message =
                    PatientMessage::Other { wire_type: "unsupported".to_owned(), content: json!({}) };
                self.send(message, self.clock.now()).await
            }
            EventKind::Staff { by, action } => {
                self.of_ours("staff", &json!({ "by": by, "action": action })).await
            }
            EventKind::Start { flow } => self.of_ours("start", &json!({ "flow": flow })).await,
            EventKind::Echo => self.of_ours("echo", &json!({})).await,
            EventKind::Undelivered { code } => self.of_ours("undelivered", &json!({ "code": code })).await,
            EventKind::Timer { .. } | EventKind::Continue => bail!("timers ring by waiting"),
        }
    }

    /// A message of the patient's, through the webhook, twice, as Meta may.
    async fn send(&self, message: PatientMessage, at: DateTime<Utc>) -> anyhow::Result<()> {
        self.sent.set(at);
        let sent = self.simulator.patient_sends(&self.phone.e164(), message, How::Twice).await;
        self.sent.set(self.clock.now());
        sent.context("the webhook did not take a message")?;
        Ok(())
    }

    /// An event of the centre's own.
    async fn of_ours(&mut self, kind: &str, payload: &serde_json::Value) -> anyhow::Result<()> {
        let conversation = match self.conversation().await? {
            Some((conversation, _)) => conversation,
            None => {
                let mut connection = self.pool.acquire().await?;
                store::begin(&mut connection, self.center, NUMBER, &self.wa_id()).await?
            }
        };
        let key = format!("{kind}:{}", uuid::Uuid::now_v7());
        let mut connection = self.pool.acquire().await?;
        events::insert(&mut connection, conversation, kind, &key, payload).await?;
        Ok(())
    }

    /// Time passes: it stops wherever something is due.
    async fn wait(&mut self, time: TimeDelta) -> anyhow::Result<()> {
        let end = self.clock.now() + time;
        for _ in 0..TURNS {
            let due = store::next_due(&mut *self.pool.acquire().await?, end).await?;
            let Some(due) = due else {
                self.set_time(end);
                return self.sweep().await;
            };
            self.set_time(due.max(self.clock.now()));
            self.sweep().await?;
            self.settle().await?;
        }
        bail!("timers ring without end")
    }

    fn set_time(&self, at: DateTime<Utc>) {
        self.clock.set(at);
        self.sent.set(at);
    }

    /// What the service's sweeper does every few seconds.
    async fn sweep(&self) -> anyhow::Result<()> {
        let mut tx = self.pool.begin().await?;
        let swept = booking::expire_holds(&mut tx, SWEPT).await?;
        tx.commit().await?;
        self.note(&swept.changed);
        Ok(())
    }

    fn note(&self, changed: &[DayChange]) {
        for change in changed {
            self.turns.turns.agenda.note_change(change.doctor, change.day, change.version);
        }
    }

    /// Takes turns until nothing is due, and sends what they said.
    async fn settle(&mut self) -> anyhow::Result<()> {
        for _ in 0..TURNS {
            match worker::take_turn(&self.pool, &self.turns, &self.wake, &self.clock).await? {
                Looked::Turn => {}
                Looked::Failed => {
                    let why = lock(&self.turns.failure).take();
                    bail!("a turn failed: {}", why.unwrap_or_else(|| "it panicked".to_owned()));
                }
                Looked::Nothing => {
                    sender::send_waiting(&self.pool, &self.client, &self.clock).await?;
                    return Ok(());
                }
            }
        }
        bail!("the walk goes on without end")
    }

    /// What the turns since the last look did.
    async fn observe(&mut self) -> anyhow::Result<Observed> {
        let Some((conversation, _)) = self.conversation().await? else { return Ok(Observed::default()) };
        let mut connection = self.pool.acquire().await?;
        let mut observed = Observed::default();
        for turn in store::turns_after(&mut connection, conversation, self.seen).await? {
            self.seen = turn.seq;
            told(turn, &mut observed)?;
        }
        observed.state = store::state(&mut connection, conversation).await?.unwrap_or_default();
        let waiting = store::waiting(&mut connection).await?;
        if waiting > 0 {
            bail!("{waiting} messages were not sent");
        }
        if let Some(violation) = self.simulator.violations().first() {
            bail!("Meta would refuse a message: {violation}");
        }
        let holds = store::holds(&mut connection, conversation).await?;
        if let Some(hold) = forgotten(&observed, &holds) {
            bail!("hold {hold} blocks an hour and the conversation has forgotten it");
        }
        Ok(observed)
    }

    fn wa_id(&self) -> String {
        self.phone.e164().trim_start_matches('+').to_owned()
    }

    async fn conversation(&self) -> anyhow::Result<Option<(ConversationId, i64)>> {
        let mut connection = self.pool.acquire().await?;
        Ok(store::conversation(&mut connection, NUMBER, &self.wa_id()).await?)
    }
}

impl Stage for Pipeline {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn play(&mut self, happening: Happening, faults: &Faults) -> Result<Observed, StageError> {
        Self::play(self, happening, faults).await.map_err(|error| StageError::Broken(format!("{error:#}")))
    }

    async fn appointments(&mut self) -> Result<Vec<String>, StageError> {
        self.booked().await.map_err(|error| StageError::Broken(format!("{error:#}")))
    }
}

/// Adds what the journal has of a turn.
fn told(turn: Turn, observed: &mut Observed) -> anyhow::Result<()> {
    if turn.kind == "parked" {
        bail!("an event was parked");
    }
    for fact in turn.facts.map(|facts| facts.0).unwrap_or_default() {
        if fact.got.outcome != LATER {
            let port = super::agenda::port_of(&fact.need).to_owned();
            observed.calls.push(Call { port, outcome: fact.got.outcome });
        }
    }
    let trace = turn.trace.map(|trace| trace.0);
    for effect in turn.effects.map(|effects| effects.0).unwrap_or_default() {
        match effect {
            Effect::Send { message, label } => {
                let repairs = trace.as_ref().map(|trace| trace.repairs.clone()).unwrap_or_default();
                observed.notices.push(Notice::Message(Said { message, label, repairs }));
            }
            Effect::Handoff { reason } => observed.notices.push(Notice::Handoff(reason)),
            Effect::Incident { what } => observed.incidents.push(what),
            Effect::Timer { .. } | Effect::TellRegistered { .. } | Effect::Continue => {}
        }
    }
    observed.traces.extend(trace);
    Ok(())
}

fn forgotten(observed: &Observed, holds: &[AppointmentId]) -> Option<AppointmentId> {
    let frames = observed.state.stack.iter().flat_map(|frame| frame.holds.values());
    let known: Vec<AppointmentId> =
        frames.filter_map(|held| held.id).chain(observed.state.to_release.iter().copied()).collect();
    holds.iter().find(|hold| !known.contains(hold)).copied()
}

//! The stage with everything real: signed webhooks, events, turns, outbox, the Graph API's client, PostgreSQL.
//!
//! WhatsApp is the simulator, time is a clock that moves by hand, and every worker's loop is stepped until nothing
//! is due; so a talk takes milliseconds and gives the same transcript each time. Guarantees beyond those of the
//! pipeline, each checked after every happening: each message is delivered twice and acts once, nothing that was
//! said breaks Meta's limits or stays in the outbox, and no hold is left that the conversation has forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::expectation::words_occur;
use super::observed::{Call, Notice, Observed, Said};
use super::stage::{Faults, Happening, Stage, StageError, about};
use super::store::{self, Turn};
use super::world_files::NUMBER;
use crate::clock::Clock;
use crate::conversation::answer::{self, appointment_row};
use crate::conversation::need::{Effect, EventKind, LATER, Need, StaffAction};
use crate::conversation::shelf::Shelf;
use crate::conversation::turn::{Committed, Turns};
use crate::id::{AppointmentId, CenterId, ConversationId, PatientId};
use crate::patient;
use crate::queue::job::Due;
use crate::queue::sender;
use crate::queue::store::events;
use crate::queue::wake::Wake;
use crate::queue::worker::{self, Looked, Queued, RunTurn, TurnFailed};
use crate::scheduling::Agenda;
use crate::scheduling::booking::{
    self, Actor, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest, DayChange,
};
use crate::scheduling::search::{FreeFor, Search};
use crate::scheduling::slot::{Booked, Slot};
use crate::transfer::import::{Options, import_bytes};
use crate::value::hour_label::day_hour_short;
use crate::value::{MediaKind, Phone, Window};
use crate::whatsapp::simulator::{How, PatientMessage, Simulator, SimulatorSettings, Statuses};
use crate::whatsapp::{Client, EventWriter, WebhookState, webhook_router};
use crate::{database, http};

/// Turns that may follow one another at one moment.
const TURNS: usize = 50;
/// Dead holds swept in one go.
const SWEPT: i64 = 200;
/// RUNs of the people who are in no world begin here: nobody alive has one so low.
const STRANGERS: u32 = 1_000_000;

/// What a talk is played in.
pub struct Setting<'a> {
    /// Import files of the centre.
    pub files: &'a [(&'static str, Vec<u8>)],
    /// The centre's code.
    pub center: &'a str,
    /// Wall time of the centre at the start, for the import.
    pub today: chrono::NaiveDate,
    /// The flows in force, by file name.
    pub flows: &'a BTreeMap<String, String>,
    /// How long an hour is held.
    pub hold_for: TimeDelta,
    /// How many hours of a kind a patient may have ahead; `None`: as imported.
    pub limit: Option<i32>,
    /// The phone that writes.
    pub phone: Phone,
}

/// Everything real but WhatsApp and the time.
pub struct Pipeline {
    pool: PgPool,
    clock: Clock,
    /// The clock of the patients' phones: it goes back for what was written a while ago.
    sent: Clock,
    turns: Watched,
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.webhook.abort();
    }
}

impl Pipeline {
    /// Loads a centre into an empty, migrated database whose connections follow `clock`, and puts the flows in force.
    ///
    /// # Errors
    /// When the centre cannot be loaded or the flows are not sound.
    pub async fn open(
        pool: PgPool,
        map_pool: PgPool,
        clock: Clock,
        setting: &Setting<'_>,
    ) -> anyhow::Result<Self> {
        let files: Vec<(&'static str, &[u8])> =
            setting.files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let options = Options { dry_run: false, center: None, today: setting.today };
        import_bytes(&pool, &files, &options).await.context("the world could not be loaded")?;
        let mut connection = pool.acquire().await?;
        let center = store::center(&mut connection, setting.center).await?;
        if let Some(most) = setting.limit {
            store::limit(&mut connection, center, most).await?;
        }
        let shelf = Shelf::default();
        shelf.put_in_force(&mut connection, setting.flows, None).await?;
        drop(connection);

        let sent = Clock::frozen(clock.now());
        let simulator = Simulator::start(SimulatorSettings {
            numbers: vec![NUMBER.to_owned()],
            statuses: Statuses::None,
            clock: sent.clone(),
            deliveries: 1,
            ..SimulatorSettings::default()
        })
        .await?;
        let settings = simulator.settings().clone();
        // everything is due at once: a turn is taken when a whole burst is in
        let writer = EventWriter::start(pool.clone(), Duration::ZERO, || {});
        let secrets = vec![SecretString::from(settings.app_secret.clone())];
        let router = webhook_router(WebhookState::new(secrets, SecretString::from("replay"), writer));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        simulator.point_to(&format!("http://{}/webhook", listener.local_addr()?));
        let webhook = tokio::spawn(async move {
            // it ends with the talk
            axum::serve(listener, router).await.ok();
        });
        let Some(graph_url) = simulator.graph_url() else { bail!("the simulated WhatsApp has no address") };
        let client = Client::new(
            http::client(Duration::from_secs(20)),
            graph_url,
            "v25.0",
            SecretString::from(settings.access_token.clone()),
        );
        let forced: Arc<Mutex<Faults>> = Arc::default();
        let force = Arc::clone(&forced);
        let turns = Turns {
            agenda: Agenda::start(map_pool).await?,
            shelf,
            cards: answer::cards(),
            hold_for: setting.hold_for,
            faults: Some(Arc::new(move |need: &Need| lock(&force).strike(super::agenda::port_of(need)))),
        };
        Ok(Self {
            pool,
            clock,
            sent,
            turns: Watched { turns, failure: Arc::default(), forced },
            wake: Wake::default(),
            simulator,
            client,
            webhook,
            center,
            phone: setting.phone.clone(),
            seen: 0,
            others: Vec::new(),
            strangers: 0,
        })
    }

    /// The clock of the talk.
    pub fn clock(&self) -> &Clock {
        &self.clock
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

    /// The hours ahead of the people whom the phone speaks for, in words.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn booked(&mut self) -> anyhow::Result<Vec<String>> {
        let conversation = self.conversation().await?.map_or(ConversationId(0), |(id, _)| id);
        let mut connection = self.pool.acquire().await?;
        let people =
            patient::store::spoken_for(&mut connection, conversation, self.center, Some(&self.phone)).await?;
        let patients: Vec<PatientId> = people.iter().map(|person| person.patient).collect();
        let booked = booking::upcoming(&mut connection, &patients, self.clock.now()).await?;
        Ok(booked.iter().map(|one| in_words(one, true)).collect())
    }

    /// Somebody from no world takes the first free hour with these words.
    async fn other_takes(&mut self, words: &str) -> anyhow::Result<()> {
        let Some(slot) = self.first_free(words).await? else { bail!("no free hour fits «{words}»") };
        self.strangers += 1;
        let mut connection = self.pool.acquire().await?;
        let patient = store::stranger(&mut connection, self.center, STRANGERS + self.strangers).await?;
        drop(connection);
        let booked = self.book(slot, patient).await?;
        self.others.push((booked, patient));
        Ok(())
    }

    /// Staff books by hand what the running flow is about, and tells the conversation.
    async fn staff_books(&mut self, by: String, words: &str) -> anyhow::Result<()> {
        let Some((conversation, _)) = self.conversation().await? else { bail!("nobody has written yet") };
        let state = store::state(&mut *self.pool.acquire().await?, conversation).await?.unwrap_or_default();
        let Some((frame, patient)) = about(&state) else { bail!("no running flow is about a patient") };
        let Some(slot) = self.first_free(words).await? else { bail!("no free hour fits «{words}»") };
        let row = appointment_row(&self.book(slot, patient).await?);
        self.event(EventKind::Staff { by, action: StaffAction::Did { frame, row } }).await
    }

    /// Books an hour as the centre's window does.
    async fn book(&self, slot: Slot, patient: PatientId) -> anyhow::Result<Booked> {
        let request = ConfirmRequest {
            center: self.center,
            conversation: None,
            patient,
            slot,
            hold: None,
            actor: Actor::Staff,
        };
        let mut tx = self.pool.begin().await?;
        let written = booking::confirm(&mut tx, &request).await?;
        let ConfirmOutcome::Confirmed(booked) = written.outcome else {
            bail!("hour {slot} was offered and cannot be had");
        };
        tx.commit().await?;
        self.note(&written.changed);
        Ok(*booked)
    }

    async fn other_gives_back(&mut self, words: &str) -> anyhow::Result<()> {
        let place = self.others.iter().position(|(booked, _)| words_occur(words, &in_words(booked, false)));
        let Some(place) = place else { bail!("no other patient has an hour «{words}»") };
        let (booked, patient) = self.others.remove(place);
        let request = CancelRequest {
            appointment: booked.appointment,
            patient,
            conversation: None,
            verified: true,
            actor: Actor::Staff,
            reason: None,
        };
        let mut tx = self.pool.begin().await?;
        let written = booking::cancel(&mut tx, &request).await?;
        if matches!(written.outcome, CancelOutcome::Gone) {
            bail!("the hour «{words}» could not be given back");
        }
        tx.commit().await?;
        self.note(&written.changed);
        Ok(())
    }

    /// The first free hour of any kind whose words hold all of these.
    async fn first_free(&self, words: &str) -> anyhow::Result<Option<Slot>> {
        let agenda = &self.turns.turns.agenda;
        let now = self.clock.now();
        let mut free = Vec::new();
        for service in agenda.services(self.center, now).await? {
            let search = Search {
                center: self.center,
                appointment_type: service.id,
                patient: None,
                doctor: None,
                window: Window::ANY,
                now,
                limit: 10_000,
                except: Vec::new(),
                free_for: FreeFor::default(),
            };
            let offers = agenda.search(&search).await?;
            free.extend(offers.into_iter().map(|offer| {
                let label = day_hour_short(offer.slot.start);
                (offer.slot, format!("{label} {} {}", service.name, offer.doctor_name))
            }));
        }
        free.retain(|(_, label)| words_occur(words, label));
        free.sort_by_key(|(slot, _)| (slot.start, slot.doctor, slot.appointment_type));
        Ok(free.first().map(|(slot, _)| *slot))
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

/// The words of a booking, as the agenda in memory has them.
fn in_words(booked: &Booked, patient: bool) -> String {
    let when = day_hour_short(booked.slot.start);
    let words = format!("{when} {} {}", booked.type_name, booked.doctor_name);
    if patient { format!("{words} {}", booked.patient_name) } else { words }
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

/// A pipeline in a database of its own, which is dropped with it.
pub struct PipelineStage {
    /// The pipeline.
    pub pipeline: Pipeline,
    _database: database::testing::Scratch,
}

impl PipelineStage {
    /// A talk that begins at this wall time of the centre.
    ///
    /// # Errors
    /// When the database cannot be made or the centre not loaded.
    pub async fn open(
        cluster: &'static database::testing::Cluster,
        start: DateTime<Utc>,
        setting: &Setting<'_>,
    ) -> anyhow::Result<Self> {
        let clock = Clock::frozen(start);
        let database = cluster.database(clock.clone(), 4).await?;
        let settings = database::pool::PoolSettings { max: 2, ..Default::default() };
        let map_pool = database::connect(database.options(), settings, &clock).await?;
        let pipeline = Pipeline::open(database.pool.clone(), map_pool, clock, setting).await?;
        Ok(Self { pipeline, _database: database })
    }
}

impl Stage for PipelineStage {
    fn now(&self) -> DateTime<Utc> {
        self.pipeline.now()
    }

    async fn play(&mut self, happening: Happening, faults: &Faults) -> Result<Observed, StageError> {
        Stage::play(&mut self.pipeline, happening, faults).await
    }

    async fn appointments(&mut self) -> Result<Vec<String>, StageError> {
        Stage::appointments(&mut self.pipeline).await
    }
}

/// The instant of a wall time of a centre; one that does not exist is moved to the hour after it.
pub fn instant(zone: chrono_tz::Tz, local: NaiveDateTime) -> DateTime<Utc> {
    local
        .and_local_timezone(zone)
        .earliest()
        .or_else(|| (local + TimeDelta::hours(1)).and_local_timezone(zone).earliest())
        .map_or_else(|| local.and_utc(), |at| at.to_utc())
}

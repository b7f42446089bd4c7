//! Answers what the core asks: ports on one side, the agenda and the patients on the other.
//!
//! Guarantees: whom a conversation may speak for is looked up from the database in this very transaction,
//! never taken from the state; at most one answer of a turn writes to the schedule, a second one is `later`
//! (two would take their locks in two rounds, and two such turns can wait for each other); the map is read on
//! its own connections, never on the turn's.

mod arguments;
mod note;
mod read;
mod rows;
mod write;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;

use self::arguments::Arguments;
pub(crate) use self::rows::appointment_row;
use self::rows::outcome;
use super::need::{Got, LATER, Need};
use super::store::{self, CenterCard};
use crate::id::{AppointmentId, CenterId, ConversationId, PatientId};
use crate::patient::{self, SpokenFor, may_touch};
use crate::scheduling::{Agenda, AgendaError, Booked, BookingError, DayChange, booking};
use crate::value::Phone;

/// Tries after which a failing agenda is told to the flow as `down`, so that a person takes over.
const TRIES_BEFORE_DOWN: i32 = 3;

/// Outcomes forced by a test or a fixture: the outcome to answer instead of asking the world.
pub type Faults = Arc<dyn Fn(&Need) -> Option<String> + Send + Sync>;

/// Names and addresses of centres, each kept for a minute.
pub type Cards = moka::sync::Cache<CenterId, Arc<CenterCard>>;

/// An empty set of cards.
pub fn cards() -> Cards {
    moka::sync::Cache::builder().max_capacity(1_000).time_to_live(std::time::Duration::from_mins(1)).build()
}

/// The conversation on whose behalf questions are answered.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its centre.
    pub center: CenterId,
    /// The phone that writes, when WhatsApp tells it.
    pub phone: Option<Phone>,
    /// The time of the turn.
    pub now: DateTime<Utc>,
    /// How often this event was tried before.
    pub attempts: i32,
    /// How long an hour is held.
    pub hold_for: TimeDelta,
    /// Nothing was ever said to it before.
    pub first_contact: bool,
}

/// A question could not be answered; the turn is rolled back and tried again.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The agenda could not be read.
    #[error("the agenda could not be read")]
    Agenda(#[from] AgendaError),
    /// The schedule could not be written.
    #[error("the schedule could not be written")]
    Booking(#[from] BookingError),
    /// The database failed.
    #[error("could not {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
    /// The core asked for something that no port is: a bug, or a book that was not checked.
    #[error("port `{port}` cannot be asked so: {why}")]
    Malformed {
        /// The port.
        port: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl AnswerError {
    /// Whether the transaction only lost a race for its locks, and may be tried again at once.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Booking(error) if error.retryable())
    }
}

/// Answers the questions of one turn.
pub struct Answerer<'a> {
    agenda: &'a Agenda,
    cards: &'a Cards,
    asker: &'a Asker,
    faults: Option<&'a Faults>,
    spoken_for: Option<Vec<SpokenFor>>,
    wrote: bool,
    changed: Vec<DayChange>,
}

impl<'a> Answerer<'a> {
    /// For one turn.
    pub fn new(agenda: &'a Agenda, cards: &'a Cards, asker: &'a Asker, faults: Option<&'a Faults>) -> Self {
        Self { agenda, cards, asker, faults, spoken_for: None, wrote: false, changed: Vec::new() }
    }

    /// The days whose free hours changed, to be told to the map after the commit.
    pub fn into_changed(self) -> Vec<DayChange> {
        self.changed
    }

    /// Answers one question.
    ///
    /// # Errors
    /// When the database fails or the question is malformed; the turn must then be rolled back.
    pub async fn answer(&mut self, tx: &mut PgConnection, need: &Need) -> Result<Got, AnswerError> {
        if need.writes() && self.wrote {
            return Ok(outcome(LATER));
        }
        if let Some(forced) = self.faults.and_then(|fault| fault(need)) {
            return Ok(outcome(&forced));
        }
        let got = match need {
            Need::Read { port, arguments, except, held } => {
                self.read(tx, port, &Arguments { port, list: arguments }, except, held).await
            }
            Need::Hold { port, arguments, instead_of } => {
                self.hold(tx, port, &Arguments { port, list: arguments }, *instead_of).await
            }
            Need::Release { hold } => self.release(tx, *hold).await,
            Need::Write { port, arguments, hold, .. } => {
                self.write(tx, port, &Arguments { port, list: arguments }, *hold).await
            }
        };
        match got {
            Ok(got) => {
                // claiming an identity touches no schedule: it may share its transaction with a hold
                self.wrote |=
                    need.writes() && !matches!(need, Need::Write { port, .. } if port == "personas.vincular");
                Ok(got)
            }
            Err(AnswerError::Agenda(_)) if self.asker.attempts >= TRIES_BEFORE_DOWN => Ok(outcome("down")),
            Err(error) => Err(error),
        }
    }

    /// The centre's card, read at most once a minute.
    async fn card(&self, tx: &mut PgConnection) -> Result<Arc<CenterCard>, AnswerError> {
        if let Some(card) = self.cards.get(&self.asker.center) {
            return Ok(card);
        }
        let card = store::center_card(tx, self.asker.center)
            .await
            .map_err(|source| AnswerError::Store { doing: "read the centre's address", source })?;
        let card = Arc::new(card);
        self.cards.insert(self.asker.center, Arc::clone(&card));
        Ok(card)
    }

    /// The day at the centre.
    async fn today(&self) -> Result<NaiveDate, AnswerError> {
        let zone = self.agenda.zone(self.asker.center, self.asker.now).await?;
        Ok(self.asker.now.with_timezone(&zone).date_naive())
    }

    async fn spoken_for(&mut self, tx: &mut PgConnection) -> Result<&[SpokenFor], AnswerError> {
        if self.spoken_for.is_none() {
            let asker = self.asker;
            let people =
                patient::store::spoken_for(tx, asker.conversation, asker.center, asker.phone.as_ref())
                    .await
                    .map_err(|source| AnswerError::Store {
                        doing: "look up for whom a conversation speaks",
                        source,
                    })?;
            self.spoken_for = Some(people);
        }
        Ok(self.spoken_for.as_deref().unwrap_or_default())
    }

    /// The patient of the arguments, if this conversation may speak for them.
    async fn patient(
        &mut self,
        tx: &mut PgConnection,
        arguments: &Arguments<'_>,
    ) -> Result<SpokenFor, AnswerError> {
        let wanted = PatientId(arguments.id("paciente")?);
        let people = self.spoken_for(tx).await?;
        people
            .iter()
            .find(|person| person.patient == wanted)
            .cloned()
            .ok_or_else(|| arguments.malformed("this conversation may not speak for that patient"))
    }

    /// The booking of the arguments, if it begins after that moment and this conversation may touch it; and whether
    /// staff knows the phone as the patient's.
    async fn appointment(
        &mut self,
        tx: &mut PgConnection,
        arguments: &Arguments<'_>,
        after: DateTime<Utc>,
    ) -> Result<Option<(Booked, bool)>, AnswerError> {
        let wanted = AppointmentId(arguments.id("cita")?);
        let people = self.spoken_for(tx).await?.to_vec();
        let patients: Vec<PatientId> = people.iter().map(|person| person.patient).collect();
        let booked = booking::upcoming(tx, &patients, after).await?;
        Ok(booked.into_iter().find(|one| one.appointment == wanted).and_then(|one| {
            let verified = people.iter().any(|person| person.patient == one.patient && person.verified);
            may_touch(verified, self.asker.conversation, one.conversation).then_some((one, verified))
        }))
    }
}

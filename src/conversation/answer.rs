//! Answers what the core asks: ports on one side, the agenda and the patients on the other.
//!
//! Guarantees: whom a conversation may speak for is looked up from the database in this very transaction,
//! never taken from the state; at most one answer of a turn writes to the schedule, a second one is `later`
//! (two would take their locks in two rounds, and two such turns can wait for each other); the map is read on
//! its own connections, never on the turn's.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::need::{Got, LATER, Need, OK};
use super::store::{self, CenterCard};
use crate::flow::{Name, Record, Value};
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, PatientId};
use crate::patient::{self, Claim, SpokenFor, may_touch};
use crate::scheduling::{
    Actor, Agenda, AgendaError, Booked, BookingError, CancelOutcome, CancelRequest, ConfirmOutcome,
    ConfirmRequest, DayChange, FreeFor, HoldOutcome, HoldRequest, Offer, ReleaseRequest, RescheduleOutcome,
    RescheduleRequest, Search, Slot, booking,
};
use crate::value::{Phone, Window};

/// How many hours a search returns when the flow does not say.
const HOURS: usize = 9;
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

    async fn read(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Got, AnswerError> {
        match port {
            "personas.autorizadas" => {
                let people = self.spoken_for(tx).await?;
                Ok(rows_or_none(people.iter().map(patient_row).collect()))
            }
            "centro.datos" => {
                let card = self.card(tx).await?;
                Ok(one(center_row(self.asker.center, &card)))
            }
            "agenda.prestaciones" => {
                let services = self.agenda.services(self.asker.center, self.asker.now).await?;
                let rows = services.into_iter().filter(|service| service.bookable).map(|service| Record {
                    key: service.id.to_string(),
                    columns: [
                        ("nombre".to_owned(), Value::Text(service.name)),
                        ("minutos".to_owned(), Value::Number(service.visit.duration.into())),
                    ]
                    .into(),
                    words: service.patient_words,
                    until: None,
                });
                Ok(rows_or_none(rows.collect()))
            }
            "agenda.buscar" => {
                let patient = self.patient(tx, arguments).await?.patient;
                let appointment_type = AppointmentTypeId(arguments.id("prestacion")?);
                self.search(tx, arguments, appointment_type, patient, None, except, held).await
            }
            "agenda.buscar_cambio" => {
                let Some((moving, _)) = self.appointment(tx, arguments).await? else {
                    return Ok(outcome("none"));
                };
                let (kind, patient) = (moving.slot.appointment_type, moving.patient);
                // its own hour counts as free, but moving to it is no move
                let except: Vec<String> = except.iter().cloned().chain([moving.slot.to_string()]).collect();
                self.search(tx, arguments, kind, patient, Some(moving.appointment), &except, held).await
            }
            "agenda.citas" => {
                let person = self.patient(tx, arguments).await?;
                let booked = booking::upcoming(tx, &[person.patient], self.asker.now).await?;
                let may =
                    |one: &&Booked| may_touch(person.verified, self.asker.conversation, one.conversation);
                Ok(rows_or_none(booked.iter().filter(may).map(appointment_row).collect()))
            }
            _ => Err(arguments.malformed("it is not a read port")),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one question")]
    async fn search(
        &self,
        tx: &mut PgConnection,
        arguments: &Arguments<'_>,
        appointment_type: AppointmentTypeId,
        patient: PatientId,
        moving: Option<AppointmentId>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Got, AnswerError> {
        let window = match arguments.get("cuando") {
            Some(Value::Window(window)) => window.clone(),
            None | Some(Value::Nothing) => Window::ANY,
            Some(_) => return Err(arguments.malformed("`cuando` is not a window")),
        };
        let limit = match arguments.get("limite") {
            Some(Value::Number(limit)) => usize::try_from(*limit).unwrap_or(HOURS),
            _ => HOURS,
        };
        let search = Search {
            center: self.asker.center,
            appointment_type,
            patient: Some(patient),
            doctor: None,
            window,
            now: self.asker.now,
            limit,
            except: except.iter().filter_map(|key| key.parse().ok()).collect(),
            free_for: FreeFor { holds: held.to_vec(), moving },
        };
        let zone = self.agenda.zone(self.asker.center, self.asker.now).await?;
        let place = self.card(tx).await?.place();
        let offers = self.agenda.search(&search).await?;
        Ok(rows_or_none(offers.iter().map(|offer| hour_row(offer, zone, &place)).collect()))
    }

    async fn hold(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
        instead_of: Option<AppointmentId>,
    ) -> Result<Got, AnswerError> {
        let slot = arguments.slot("hora")?;
        let (patient, moving) = match port {
            "agenda.tomar" => (self.patient(tx, arguments).await?.patient, None),
            "agenda.tomar_cambio" => {
                let Some((booked, _)) = self.appointment(tx, arguments).await? else {
                    return Ok(outcome("gone"));
                };
                (booked.patient, Some(booked.appointment))
            }
            _ => return Err(arguments.malformed("it is not a hold port")),
        };
        let request = HoldRequest {
            center: self.asker.center,
            conversation: Some(self.asker.conversation),
            patient,
            slot,
            ttl: self.asker.hold_for,
            instead_of,
            moving,
        };
        let written = booking::hold(tx, &request).await?;
        self.changed.extend(written.changed);
        Ok(match written.outcome {
            HoldOutcome::Held { appointment, until } => {
                metrics::counter!("smartsalud_holds_total").increment(1);
                Got { outcome: OK.to_owned(), rows: Vec::new(), hold: Some(appointment), until: Some(until) }
            }
            HoldOutcome::Overlaps => outcome(OK),
            HoldOutcome::Taken => conflict("taken"),
            HoldOutcome::Yours => conflict("yours"),
            HoldOutcome::Limit => outcome("limit"),
            HoldOutcome::Past => outcome("past"),
        })
    }

    async fn release(&mut self, tx: &mut PgConnection, hold: AppointmentId) -> Result<Got, AnswerError> {
        let request = ReleaseRequest { hold, conversation: Some(self.asker.conversation) };
        let written = booking::release(tx, &request).await?;
        self.changed.extend(written.changed);
        Ok(outcome(OK))
    }

    async fn write(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
        hold: Option<AppointmentId>,
    ) -> Result<Got, AnswerError> {
        match port {
            "personas.vincular" => {
                let (Some(Value::RutTail(tail)), Some(Value::Date(birth))) =
                    (arguments.get("rut"), arguments.get("nacimiento"))
                else {
                    return Err(arguments.malformed("`rut` and `nacimiento` are needed"));
                };
                let claim =
                    patient::store::claim(tx, self.asker.conversation, self.asker.center, tail, *birth)
                        .await
                        .map_err(|source| AnswerError::Store { doing: "look up who is writing", source })?;
                self.spoken_for = None;
                Ok(match claim {
                    Claim::Found(person) => one(patient_row(&person)),
                    Claim::NoMatch { .. } => outcome("none"),
                    Claim::Several => outcome("several"),
                    Claim::Blocked => outcome("blocked"),
                })
            }
            "agenda.confirmar" => {
                let request = ConfirmRequest {
                    center: self.asker.center,
                    conversation: Some(self.asker.conversation),
                    patient: self.patient(tx, arguments).await?.patient,
                    slot: arguments.slot("hora")?,
                    hold,
                    actor: Actor::Patient,
                };
                let written = booking::confirm(tx, &request).await?;
                self.changed.extend(written.changed);
                Ok(match written.outcome {
                    ConfirmOutcome::Confirmed(booked) => one(appointment_row(&booked)),
                    ConfirmOutcome::Taken => conflict("taken"),
                    ConfirmOutcome::Yours => conflict("yours"),
                    ConfirmOutcome::Past => outcome("past"),
                })
            }
            "agenda.mover" => {
                let Some((booked, verified)) = self.appointment(tx, arguments).await? else {
                    return Ok(outcome("gone"));
                };
                let request = RescheduleRequest {
                    center: self.asker.center,
                    conversation: Some(self.asker.conversation),
                    patient: booked.patient,
                    appointment: booked.appointment,
                    slot: arguments.slot("hora")?,
                    hold,
                    verified,
                    actor: Actor::Patient,
                };
                let written = booking::reschedule(tx, &request).await?;
                self.changed.extend(written.changed);
                Ok(match written.outcome {
                    RescheduleOutcome::Moved(booked) => one(appointment_row(&booked)),
                    RescheduleOutcome::Taken => conflict("taken"),
                    RescheduleOutcome::Yours => conflict("yours"),
                    RescheduleOutcome::Gone => outcome("gone"),
                    RescheduleOutcome::Past => outcome("past"),
                })
            }
            "agenda.anular" => {
                let Some((booked, verified)) = self.appointment(tx, arguments).await? else {
                    return Ok(outcome("gone"));
                };
                let request = CancelRequest {
                    appointment: booked.appointment,
                    patient: booked.patient,
                    conversation: Some(self.asker.conversation),
                    verified,
                    actor: Actor::Patient,
                    reason: None,
                };
                let written = booking::cancel(tx, &request).await?;
                self.changed.extend(written.changed);
                Ok(match written.outcome {
                    CancelOutcome::Cancelled(booked) => one(appointment_row(&booked)),
                    CancelOutcome::Gone => outcome("gone"),
                })
            }
            _ => Err(arguments.malformed("it is not a commit port")),
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

    /// The booking of the arguments, if it is still ahead and this conversation may touch it; and whether staff
    /// knows the phone as the patient's.
    async fn appointment(
        &mut self,
        tx: &mut PgConnection,
        arguments: &Arguments<'_>,
    ) -> Result<Option<(Booked, bool)>, AnswerError> {
        let wanted = AppointmentId(arguments.id("cita")?);
        let people = self.spoken_for(tx).await?.to_vec();
        let patients: Vec<PatientId> = people.iter().map(|person| person.patient).collect();
        let booked = booking::upcoming(tx, &patients, self.asker.now).await?;
        Ok(booked.into_iter().find(|one| one.appointment == wanted).and_then(|one| {
            let verified = people.iter().any(|person| person.patient == one.patient && person.verified);
            may_touch(verified, self.asker.conversation, one.conversation).then_some((one, verified))
        }))
    }
}

/// The arguments of a call, by name.
struct Arguments<'a> {
    port: &'a str,
    list: &'a [(Name, Value)],
}

impl Arguments<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn key(&self, name: &str) -> Result<&str, AnswerError> {
        match self.get(name) {
            Some(Value::Key(key)) => Ok(key),
            _ => Err(self.malformed("a row is missing among its arguments")),
        }
    }

    fn id(&self, name: &str) -> Result<i64, AnswerError> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of a row is not a number"))
    }

    fn slot(&self, name: &str) -> Result<Slot, AnswerError> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of an hour cannot be read"))
    }

    fn malformed(&self, why: &'static str) -> AnswerError {
        AnswerError::Malformed { port: self.port.to_owned(), why }
    }
}

fn outcome(name: &str) -> Got {
    Got { outcome: name.to_owned(), rows: Vec::new(), hold: None, until: None }
}

fn conflict(name: &'static str) -> Got {
    metrics::counter!("smartsalud_conflicts_total", "outcome" => name).increment(1);
    outcome(name)
}

fn one(row: Record) -> Got {
    Got { rows: vec![row], ..outcome(OK) }
}

fn rows_or_none(rows: Vec<Record>) -> Got {
    if rows.is_empty() { outcome("none") } else { Got { rows, ..outcome(OK) } }
}

fn row<const N: usize>(key: String, columns: [(&str, Value); N]) -> Record {
    let columns = columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Record { key, columns, words: Vec::new(), until: None }
}

fn patient_row(person: &SpokenFor) -> Record {
    let mut row = row(
        person.patient.to_string(),
        [("nombre", Value::Text(person.full_name.clone())), ("verificado", Value::Flag(person.verified))],
    );
    // a family calls its members by their first names
    row.words.extend(person.full_name.split_whitespace().next().map(str::to_owned));
    row
}

fn center_row(center: CenterId, card: &CenterCard) -> Record {
    let text = |part: &Option<String>| part.clone().map_or(Value::Nothing, Value::Text);
    row(
        center.to_string(),
        [
            ("nombre", Value::Text(card.name.clone())),
            ("direccion", text(&card.address)),
            ("telefono", text(&card.phone)),
        ],
    )
}

fn hour_row(offer: &Offer, zone: chrono_tz::Tz, place: &str) -> Record {
    let mut row = row(
        offer.slot.to_string(),
        [
            ("inicio", Value::Moment(offer.slot.start)),
            ("profesional", Value::Text(offer.doctor_name.clone())),
            ("lugar", Value::Text(place.to_owned())),
        ],
    );
    row.until = offer.slot.start.and_local_timezone(zone).earliest().map(|at| at.to_utc());
    row
}

/// A booking as the flows see it.
pub(crate) fn appointment_row(booked: &Booked) -> Record {
    let mut row = row(
        booked.appointment.to_string(),
        [
            ("inicio", Value::Moment(booked.slot.start)),
            ("prestacion", Value::Text(booked.type_name.clone())),
            ("profesional", Value::Text(booked.doctor_name.clone())),
            ("lugar", Value::Text(booked.place.clone())),
            ("paciente", Value::Text(booked.patient_name.clone())),
            ("codigo", Value::Text(booked.code.clone())),
        ],
    );
    row.until = Some(booked.starts_at);
    row
}

//! The reference model: a centre's agenda in memory, which answers every port as the database does.
//!
//! Small and slow on purpose, so that it can be read and believed: fixtures played on it and on the database
//! must give the same transcript. Guarantees: no two live hours of a professional or of a patient overlap; a
//! hold dies by the time it is told, never by itself; an old hour is kept until the new one is secured; an
//! attempt named twice answers the same twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::world::{Booking, World};
use crate::conversation::need::{Got, LATER, Need, OK};
use crate::flow::{Name, Record, Value, port};
use crate::id::{AppointmentId, AppointmentTypeId, DoctorId, PatientId};
use crate::patient::identity::TRIES;
use crate::scheduling::slot::{Slot, code};
use crate::value::{Phone, Rut, Window};

/// How many hours a search returns when the flow does not say.
const HOURS: usize = 9;

/// Who booked an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookedBy {
    /// The conversation that is played.
    Us,
    /// Somebody else, or the centre's window.
    Others,
}

/// How an hour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Held until then.
    Held(DateTime<Utc>),
    /// Booked.
    Confirmed,
    /// Given back.
    Cancelled,
    /// Exchanged for another.
    Moved,
}

/// An hour that is held, taken or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// Professional, type and time.
    pub slot: Slot,
    /// Who comes; none: somebody who is not in the world.
    pub patient: Option<PatientId>,
    /// How it stands.
    pub status: Status,
    /// Who booked it.
    pub by: BookedBy,
}

/// An agenda in memory.
#[derive(Debug, Clone)]
pub struct Agenda {
    world: World,
    phone: Option<Phone>,
    linked: BTreeSet<PatientId>,
    failed_tries: i64,
    appointments: BTreeMap<AppointmentId, Appointment>,
    next: i64,
    answered: BTreeMap<String, Got>,
}

/// A conversation asked for something that no port is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("port `{port}` cannot be asked so: {why}")]
pub struct Malformed {
    /// The port.
    pub port: String,
    /// What is wrong.
    pub why: String,
}

/// The questions of one turn: at most one of them writes to the schedule.
#[derive(Debug)]
pub struct Transaction<'a> {
    agenda: &'a mut Agenda,
    now: DateTime<Utc>,
    wrote: bool,
}

/// A verdict on an hour that is wanted.
enum Verdict {
    Free,
    Taken,
    Yours,
    Past,
}

impl Agenda {
    /// The agenda of a world, seen from a phone.
    pub fn new(world: World, phone: Option<Phone>) -> Self {
        let mut agenda = Self {
            phone,
            linked: BTreeSet::new(),
            failed_tries: 0,
            appointments: BTreeMap::new(),
            next: 1,
            answered: BTreeMap::new(),
            world,
        };
        let booked: Vec<Booking> = agenda.world.booked.iter().map(|booking| booking.value.clone()).collect();
        for booking in &booked {
            agenda.book(booking);
        }
        agenda
    }

    /// The world it is the agenda of.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Takes an hour at the centre's window. Does nothing when the world has no such hour.
    pub fn book(&mut self, booking: &Booking) {
        let at = booking.at.0;
        let Some(kind) = self.world.type_of(&booking.what) else { return };
        let Some(doctor) = self.world.professional_for(kind, at, booking.with.as_deref()) else { return };
        let patient = self.world.patient_called(&booking.who).map(patient_id);
        let slot =
            Slot { doctor: DoctorId(id(doctor)), appointment_type: AppointmentTypeId(id(kind)), start: at };
        self.add(slot, patient, Status::Confirmed, BookedBy::Others);
    }

    /// Another patient takes the first free hour whose words (`mar 1 dic 15:30 Matrona Eva Paz`) hold all of
    /// these; false when there is none.
    pub fn other_takes(&mut self, words: &str, now: DateTime<Utc>) -> bool {
        let Some(slot) = self.first_free(words, now) else { return false };
        self.add(slot, None, Status::Confirmed, BookedBy::Others);
        true
    }

    /// Staff books the first free hour with these words for a patient; the row of the booking.
    pub fn staff_books(&mut self, words: &str, patient: PatientId, now: DateTime<Utc>) -> Option<Record> {
        let slot = self.first_free(words, now)?;
        let id = self.add(slot, Some(patient), Status::Confirmed, BookedBy::Others);
        self.appointments.get(&id).map(|one| self.appointment_row(id, one))
    }

    fn first_free(&self, words: &str, now: DateTime<Utc>) -> Option<Slot> {
        self.all_slots(self.local(now)).into_iter().find(|slot| {
            super::expectation::words_occur(words, &self.in_words(*slot, None))
                && !self.is_busy(*slot, now, &BTreeSet::new())
        })
    }

    /// Another patient gives an hour back; false when none is theirs.
    pub fn other_gives_back(&mut self, words: &str) -> bool {
        let found = self.appointments.iter().find(|(_, one)| {
            one.patient.is_none()
                && one.status == Status::Confirmed
                && super::expectation::words_occur(words, &self.in_words(one.slot, None))
        });
        let Some(found) = found.map(|(id, _)| *id) else { return false };
        if let Some(one) = self.appointments.get_mut(&found) {
            one.status = Status::Cancelled;
        }
        true
    }

    /// The hours ahead, booked or held, of the people this phone speaks for, in words, soonest first.
    pub fn booked_in_words(&self, now: DateTime<Utc>) -> Vec<String> {
        let people: Vec<PatientId> = self.spoken_for().into_iter().map(|(patient, _)| patient).collect();
        let mut own: Vec<&Appointment> = self
            .appointments
            .values()
            .filter(|one| one.status == Status::Confirmed)
            .filter(|one| one.patient.is_some_and(|patient| people.contains(&patient)))
            .filter(|one| self.instant(one.slot.start) > now)
            .collect();
        own.sort_by_key(|one| one.slot.start);
        own.into_iter().map(|one| self.in_words(one.slot, one.patient)).collect()
    }

    /// Whether two live hours of a professional or of a patient overlap: never.
    pub fn overlap(&self, now: DateTime<Utc>) -> Option<(AppointmentId, AppointmentId)> {
        let live: Vec<_> = self.appointments.iter().filter(|(_, one)| is_live(one, now)).collect();
        live.iter().enumerate().find_map(|(place, (id, one))| {
            let clash = live[..place].iter().find(|(_, other)| {
                let same = one.slot.doctor == other.slot.doctor
                    || (one.patient.is_some() && one.patient == other.patient);
                same && self.meet(one.slot, other.slot)
            });
            clash.map(|(other, _)| (**other, **id))
        })
    }

    /// The wall time of the centre.
    pub fn local(&self, now: DateTime<Utc>) -> NaiveDateTime {
        now.with_timezone(&self.world.center.zone).naive_local()
    }

    /// The instant of a wall time; one that does not exist is moved to the hour after it.
    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        let zone = self.world.center.zone;
        local
            .and_local_timezone(zone)
            .earliest()
            .or_else(|| (local + TimeDelta::hours(1)).and_local_timezone(zone).earliest())
            .map_or_else(|| local.and_utc(), |at| at.to_utc())
    }

    /// Opens a turn.
    pub fn transaction(&mut self, now: DateTime<Utc>) -> Transaction<'_> {
        Transaction { agenda: self, now, wrote: false }
    }

    /// What the conversation holds now.
    pub fn held_by_us(&self, now: DateTime<Utc>) -> Vec<AppointmentId> {
        let live = |one: &Appointment| matches!(one.status, Status::Held(until) if until > now);
        let ours = self.appointments.iter().filter(|(_, one)| one.by == BookedBy::Us && live(one));
        ours.map(|(id, _)| *id).collect()
    }

    fn spoken_for(&self) -> Vec<(PatientId, bool)> {
        let registered = self.world.patients.iter().enumerate().filter(|(_, person)| {
            person.value.phones.iter().any(|phone| phone.parse::<Phone>().ok() == self.phone)
        });
        let mut people: Vec<(PatientId, bool)> =
            registered.map(|(place, _)| (patient_id(place), true)).collect();
        let linked: Vec<_> =
            self.linked.iter().filter(|id| !people.iter().any(|(known, _)| known == *id)).copied().collect();
        people.extend(linked.into_iter().map(|patient| (patient, false)));
        people.sort_by_key(|(patient, _)| (self.name_of(*patient).to_owned(), *patient));
        people
    }

    fn add(&mut self, slot: Slot, patient: Option<PatientId>, status: Status, by: BookedBy) -> AppointmentId {
        let id = AppointmentId(self.next);
        self.next += 1;
        self.appointments.insert(id, Appointment { slot, patient, status, by });
        id
    }

    fn all_slots(&self, from: NaiveDateTime) -> Vec<Slot> {
        let mut slots = Vec::new();
        for day in from.date().iter_days().take(self.world.horizon as usize + 1) {
            for (doctor, professional) in self.world.professionals.iter().enumerate() {
                for kind in 0..self.world.types.len() {
                    slots.extend(self.world.hours_of(&professional.value, kind, day).map(|start| Slot {
                        doctor: DoctorId(id(doctor)),
                        appointment_type: AppointmentTypeId(id(kind)),
                        start,
                    }));
                }
            }
        }
        slots.retain(|slot| slot.start > from);
        slots.sort_by_key(|slot| (slot.start, slot.doctor, slot.appointment_type));
        slots
    }

    fn meet(&self, one: Slot, other: Slot) -> bool {
        one.start < other.start + self.minutes(other) && other.start < one.start + self.minutes(one)
    }

    fn minutes(&self, slot: Slot) -> TimeDelta {
        let kind = place(slot.appointment_type.0).and_then(|place| self.world.types.get(place));
        TimeDelta::minutes(kind.map_or(0, |kind| kind.minutes.into()))
    }

    /// Whether the professional is busy then, but for these.
    fn is_busy(&self, slot: Slot, now: DateTime<Utc>, but: &BTreeSet<AppointmentId>) -> bool {
        self.appointments.iter().any(|(id, one)| {
            is_live(one, now)
                && !but.contains(id)
                && one.slot.doctor == slot.doctor
                && self.meet(one.slot, slot)
        })
    }

    /// Whether the patient is elsewhere then, but for these.
    fn is_elsewhere(
        &self,
        slot: Slot,
        patient: PatientId,
        now: DateTime<Utc>,
        but: &BTreeSet<AppointmentId>,
    ) -> bool {
        self.appointments.iter().any(|(id, one)| {
            is_live(one, now)
                && !but.contains(id)
                && one.patient == Some(patient)
                && self.meet(one.slot, slot)
        })
    }

    fn verdict(
        &self,
        slot: Slot,
        patient: PatientId,
        now: DateTime<Utc>,
        but: &BTreeSet<AppointmentId>,
    ) -> Verdict {
        if self.instant(slot.start) <= now {
            Verdict::Past
        } else if self.is_elsewhere(slot, patient, now, but) {
            Verdict::Yours
        } else if self.is_busy(slot, now, but) {
            Verdict::Taken
        } else {
            Verdict::Free
        }
    }

    fn place(&self) -> String {
        let center = &self.world.center;
        center
            .address
            .as_ref()
            .map_or_else(|| center.name.clone(), |address| format!("{}, {address}", center.name))
    }

    fn in_words(&self, slot: Slot, patient: Option<PatientId>) -> String {
        let when = crate::value::hour_label::day_hour_short(slot.start);
        let kind = name_at(&self.world.types, slot.appointment_type.0, |kind| &kind.name);
        let doctor = name_at(&self.world.professionals, slot.doctor.0, |one| &one.value.name);
        let patient = patient.map_or("", |patient| self.name_of(patient));
        format!("{when} {kind} {doctor} {patient}").trim_end().to_owned()
    }

    fn name_of(&self, patient: PatientId) -> &str {
        name_at(&self.world.patients, patient.0, |person| &person.value.name)
    }

    fn patient_row(&self, patient: PatientId, verified: bool) -> Record {
        let name = self.name_of(patient).to_owned();
        let first = name.split_whitespace().next().map(str::to_owned);
        let mut row =
            row(patient.to_string(), [("nombre", Value::Text(name)), ("verificado", Value::Flag(verified))]);
        row.words.extend(first);
        row
    }

    fn hour_row(&self, slot: Slot) -> Record {
        let doctor = name_at(&self.world.professionals, slot.doctor.0, |one| &one.value.name);
        let mut row = row(
            slot.to_string(),
            [
                ("inicio", Value::Moment(slot.start)),
                ("profesional", Value::Text(doctor.to_owned())),
                ("lugar", Value::Text(self.place())),
            ],
        );
        row.until = Some(self.instant(slot.start));
        row
    }

    fn appointment_row(&self, id: AppointmentId, one: &Appointment) -> Record {
        let kind = name_at(&self.world.types, one.slot.appointment_type.0, |kind| &kind.name);
        let doctor = name_at(&self.world.professionals, one.slot.doctor.0, |one| &one.value.name);
        let patient = one.patient.map_or("", |patient| self.name_of(patient));
        let mut row = row(
            id.to_string(),
            [
                ("inicio", Value::Moment(one.slot.start)),
                ("prestacion", Value::Text(kind.to_owned())),
                ("profesional", Value::Text(doctor.to_owned())),
                ("lugar", Value::Text(self.place())),
                ("paciente", Value::Text(patient.to_owned())),
                ("codigo", Value::Text(code(id))),
            ],
        );
        row.until = Some(self.instant(one.slot.start));
        row
    }
}

impl Transaction<'_> {
    /// Answers one question.
    ///
    /// # Errors
    /// When no port can be asked so: a bug, or a book that was not checked.
    pub fn answer(&mut self, need: &Need) -> Result<Got, Malformed> {
        if need.writes() && self.wrote {
            return Ok(outcome(LATER));
        }
        let got = match need {
            Need::Read { port, arguments, except, held } => {
                self.read(&Arguments { port, list: arguments }, except, held)
            }
            Need::Hold { port, arguments, instead_of } => {
                self.hold(&Arguments { port, list: arguments }, *instead_of)
            }
            Need::Release { hold } => {
                if let Some(one) = self.agenda.appointments.get_mut(hold)
                    && matches!(one.status, Status::Held(_))
                {
                    one.status = Status::Cancelled;
                }
                Ok(outcome(OK))
            }
            Need::Write { port, arguments, hold, once } => {
                if let Some(before) = self.agenda.answered.get(once) {
                    return Ok(before.clone());
                }
                let got = self.write(&Arguments { port, list: arguments }, *hold)?;
                self.agenda.answered.insert(once.clone(), got.clone());
                Ok(got)
            }
        }?;
        // Saying who one is touches no schedule: it may share its transaction with a hold.
        self.wrote |= need.writes() && port_of(need) != "personas.vincular";
        Ok(got)
    }

    fn read(
        &self,
        arguments: &Arguments<'_>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Got, Malformed> {
        let agenda = &*self.agenda;
        let rows = match arguments.port {
            "personas.autorizadas" => {
                let people = agenda.spoken_for().into_iter();
                people.map(|(patient, verified)| agenda.patient_row(patient, verified)).collect()
            }
            "centro.datos" => {
                let center = &agenda.world.center;
                let text = |part: &Option<String>| part.clone().map_or(Value::Nothing, Value::Text);
                vec![row(
                    "1".to_owned(),
                    [
                        ("nombre", Value::Text(center.name.clone())),
                        ("direccion", text(&center.address)),
                        ("telefono", text(&center.phone)),
                    ],
                )]
            }
            "agenda.prestaciones" => {
                let kinds = agenda.world.types.iter().enumerate().filter(|(_, kind)| kind.bookable);
                let mut kinds: Vec<_> = kinds.collect();
                kinds.sort_by_key(|(_, kind)| &kind.name);
                let rows = kinds.into_iter().map(|(place, kind)| Record {
                    words: kind.words.clone(),
                    ..row(
                        id(place).to_string(),
                        [
                            ("nombre", Value::Text(kind.name.clone())),
                            ("minutos", Value::Number(kind.minutes.into())),
                        ],
                    )
                });
                rows.collect()
            }
            "agenda.buscar" => {
                let patient = self.patient(arguments)?.0;
                let kind = AppointmentTypeId(arguments.id("prestacion")?);
                self.search(arguments, kind, patient, None, except, held)?
            }
            "agenda.buscar_cambio" => match self.appointment(arguments)? {
                Some((moving, one)) => {
                    let patient = one.patient.unwrap_or(PatientId(0));
                    self.search(arguments, one.slot.appointment_type, patient, Some(moving), except, held)?
                }
                None => Vec::new(),
            },
            "agenda.citas" => {
                let (patient, verified) = self.patient(arguments)?;
                let mut own: Vec<(&AppointmentId, &Appointment)> = agenda
                    .appointments
                    .iter()
                    .filter(|(_, one)| one.patient == Some(patient) && self.is_ahead(one))
                    .filter(|(_, one)| verified || one.by == BookedBy::Us)
                    .collect();
                own.sort_by_key(|(id, one)| (one.slot.start, **id));
                own.into_iter().map(|(id, one)| agenda.appointment_row(*id, one)).collect()
            }
            _ => return Err(arguments.malformed("it is not a read port")),
        };
        Ok(if rows.is_empty() { outcome("none") } else { Got { rows, ..outcome(OK) } })
    }

    /// Free hours, soonest first, each moment once while there are others.
    fn search(
        &self,
        arguments: &Arguments<'_>,
        kind: AppointmentTypeId,
        patient: PatientId,
        moving: Option<AppointmentId>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Vec<Record>, Malformed> {
        let window = match arguments.get("cuando") {
            Some(Value::Window(window)) => window.clone(),
            None | Some(Value::Nothing) => Window::ANY,
            Some(_) => return Err(arguments.malformed("`cuando` is not a window")),
        };
        let limit = match arguments.get("limite") {
            Some(Value::Number(limit)) => usize::try_from(*limit).unwrap_or(HOURS),
            _ => HOURS,
        };
        let but: BTreeSet<AppointmentId> = held.iter().copied().chain(moving).collect();
        let own_hour = moving.and_then(|id| self.agenda.appointments.get(&id)).map(|one| one.slot);
        let slots = self.agenda.all_slots(self.agenda.local(self.now)).into_iter();
        let free: Vec<Slot> = slots
            .filter(|slot| slot.appointment_type == kind && window.allows(slot.start))
            .filter(|slot| Some(*slot) != own_hour && !except.contains(&slot.to_string()))
            .filter(|slot| matches!(self.agenda.verdict(*slot, patient, self.now, &but), Verdict::Free))
            .collect();
        let mut seen = HashSet::new();
        let (first, second): (Vec<Slot>, Vec<Slot>) =
            free.into_iter().partition(|slot| seen.insert(slot.start));
        let mut chosen: Vec<Slot> = first.into_iter().chain(second).take(limit).collect();
        chosen.sort_by_key(|slot| (slot.start, slot.doctor));
        Ok(chosen.into_iter().map(|slot| self.agenda.hour_row(slot)).collect())
    }

    fn hold(
        &mut self,
        arguments: &Arguments<'_>,
        instead_of: Option<AppointmentId>,
    ) -> Result<Got, Malformed> {
        let slot = arguments.slot("hora")?;
        let (patient, moving) = match arguments.port {
            "agenda.tomar" => (self.patient(arguments)?.0, None),
            "agenda.tomar_cambio" => match self.appointment(arguments)? {
                Some((moving, one)) => (one.patient.unwrap_or(PatientId(0)), Some(moving)),
                None => return Ok(outcome("gone")),
            },
            _ => return Err(arguments.malformed("it is not a hold port")),
        };
        let but: BTreeSet<AppointmentId> = instead_of.into_iter().chain(moving).collect();
        match self.agenda.verdict(slot, patient, self.now, &but) {
            Verdict::Past => return Ok(outcome("past")),
            Verdict::Taken => return Ok(outcome("taken")),
            Verdict::Yours => return Ok(outcome("yours")),
            Verdict::Free => {}
        }
        if moving.is_none() && self.is_at_limit(slot, patient, &but) {
            return Ok(outcome("limit"));
        }
        if let Some(old) = instead_of.and_then(|old| self.agenda.appointments.get_mut(&old)) {
            old.status = Status::Cancelled;
        }
        // An hour that overlaps the one it replaces cannot stand beside it: the move swaps both.
        let overlaps = moving
            .and_then(|moving| self.agenda.appointments.get(&moving))
            .is_some_and(|old| self.agenda.meet(old.slot, slot));
        if overlaps {
            return Ok(outcome(OK));
        }
        let until = self.now + self.agenda.world.hold.0;
        let hold = self.agenda.add(slot, Some(patient), Status::Held(until), BookedBy::Us);
        Ok(Got { hold: Some(hold), until: Some(until), ..outcome(OK) })
    }

    fn write(&mut self, arguments: &Arguments<'_>, hold: Option<AppointmentId>) -> Result<Got, Malformed> {
        match arguments.port {
            "personas.vincular" => self.link(arguments),
            "agenda.confirmar" => {
                let slot = arguments.slot("hora")?;
                let patient = self.patient(arguments)?.0;
                if let Some(refused) = self.refused(slot, patient, &hold.into_iter().collect()) {
                    return Ok(refused);
                }
                let id = self.settle(slot, patient, hold);
                Ok(self.one(id))
            }
            "agenda.mover" => {
                let Some((old, one)) = self.appointment(arguments)? else { return Ok(outcome("gone")) };
                let slot = arguments.slot("hora")?;
                let patient = one.patient.unwrap_or(PatientId(0));
                if let Some(refused) = self.refused(slot, patient, &hold.into_iter().chain([old]).collect()) {
                    return Ok(refused);
                }
                if let Some(one) = self.agenda.appointments.get_mut(&old) {
                    one.status = Status::Moved;
                }
                let id = self.settle(slot, patient, hold);
                Ok(self.one(id))
            }
            "agenda.anular" => {
                let Some((id, _)) = self.appointment(arguments)? else { return Ok(outcome("gone")) };
                if let Some(one) = self.agenda.appointments.get_mut(&id) {
                    one.status = Status::Cancelled;
                }
                Ok(self.one(id))
            }
            _ => Err(arguments.malformed("it is not a commit port")),
        }
    }

    /// Why an hour cannot be had, but for these.
    fn refused(&self, slot: Slot, patient: PatientId, but: &BTreeSet<AppointmentId>) -> Option<Got> {
        match self.agenda.verdict(slot, patient, self.now, but) {
            Verdict::Free => None,
            Verdict::Taken => Some(outcome("taken")),
            Verdict::Yours => Some(outcome("yours")),
            Verdict::Past => Some(outcome("past")),
        }
    }

    /// The hold becomes an appointment, dead or alive; without one a row of its own.
    fn settle(&mut self, slot: Slot, patient: PatientId, hold: Option<AppointmentId>) -> AppointmentId {
        if let Some(id) = hold
            && let Some(one) = self.agenda.appointments.get_mut(&id)
            && one.slot == slot
            && matches!(one.status, Status::Held(_))
        {
            one.status = Status::Confirmed;
            return id;
        }
        self.agenda.add(slot, Some(patient), Status::Confirmed, BookedBy::Us)
    }

    fn link(&mut self, arguments: &Arguments<'_>) -> Result<Got, Malformed> {
        let (Some(Value::RutTail(tail)), Some(Value::Date(born))) =
            (arguments.get("rut"), arguments.get("nacimiento"))
        else {
            return Err(arguments.malformed("`rut` and `nacimiento` are needed"));
        };
        if self.agenda.failed_tries >= TRIES {
            return Ok(outcome("blocked"));
        }
        let people = self.agenda.world.patients.iter().enumerate();
        let found: Vec<usize> = people
            .filter(|(_, person)| {
                person.value.born == *born
                    && person.value.run.parse::<Rut>().is_ok_and(|run| run.tail() == *tail)
            })
            .map(|(place, _)| place)
            .collect();
        match found[..] {
            [only] => {
                let patient = patient_id(only);
                self.agenda.linked.insert(patient);
                Ok(Got { rows: vec![self.agenda.patient_row(patient, false)], ..outcome(OK) })
            }
            [] => {
                self.agenda.failed_tries += 1;
                Ok(outcome(if self.agenda.failed_tries >= TRIES { "blocked" } else { "none" }))
            }
            _ => Ok(outcome("several")),
        }
    }

    fn is_at_limit(&self, slot: Slot, patient: PatientId, but: &BTreeSet<AppointmentId>) -> bool {
        let ahead = self.agenda.appointments.iter().filter(|(id, one)| {
            !but.contains(id)
                && is_live(one, self.now)
                && one.patient == Some(patient)
                && one.slot.appointment_type == slot.appointment_type
                && self.agenda.instant(one.slot.start) > self.now
        });
        ahead.count() >= self.agenda.world.limit
    }

    fn is_ahead(&self, one: &Appointment) -> bool {
        one.status == Status::Confirmed && self.agenda.instant(one.slot.start) > self.now
    }

    fn one(&self, id: AppointmentId) -> Got {
        let row = self.agenda.appointments.get(&id).map(|one| self.agenda.appointment_row(id, one));
        Got { rows: row.into_iter().collect(), ..outcome(OK) }
    }

    /// The patient of the arguments, if this phone may speak for them.
    fn patient(&self, arguments: &Arguments<'_>) -> Result<(PatientId, bool), Malformed> {
        let wanted = PatientId(arguments.id("paciente")?);
        let people = self.agenda.spoken_for();
        people
            .into_iter()
            .find(|(patient, _)| *patient == wanted)
            .ok_or_else(|| arguments.malformed("this conversation may not speak for that patient"))
    }

    /// The booking of the arguments, if it is ahead and this phone may touch it.
    fn appointment(
        &self,
        arguments: &Arguments<'_>,
    ) -> Result<Option<(AppointmentId, Appointment)>, Malformed> {
        let id = AppointmentId(arguments.id("cita")?);
        let Some(one) = self.agenda.appointments.get(&id).filter(|one| self.is_ahead(one)) else {
            return Ok(None);
        };
        let may =
            self.agenda.spoken_for().into_iter().any(|(patient, verified)| {
                one.patient == Some(patient) && (verified || one.by == BookedBy::Us)
            });
        Ok(may.then(|| (id, one.clone())))
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

    fn key(&self, name: &str) -> Result<&str, Malformed> {
        match self.get(name) {
            Some(Value::Key(key)) => Ok(key),
            _ => Err(self.malformed(&format!("`{name}` is not the key of a row"))),
        }
    }

    fn id(&self, name: &str) -> Result<i64, Malformed> {
        self.key(name)?.parse().map_err(|_| self.malformed(&format!("the key of `{name}` is not a number")))
    }

    fn slot(&self, name: &str) -> Result<Slot, Malformed> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of an hour cannot be read"))
    }

    fn malformed(&self, why: &str) -> Malformed {
        Malformed { port: self.port.to_owned(), why: why.to_owned() }
    }
}

/// The port of a question; `release` for giving a hold back.
pub fn port_of(need: &Need) -> &str {
    match need {
        Need::Read { port, .. } | Need::Hold { port, .. } | Need::Write { port, .. } => port,
        Need::Release { .. } => "release",
    }
}

/// Whether a port does what cannot be undone.
pub fn commits(name: &str) -> bool {
    port::port(name).is_some_and(|port| port.kind == port::PortKind::Commit)
}

/// An answer without rows.
pub fn outcome(name: &str) -> Got {
    Got { outcome: name.to_owned(), rows: Vec::new(), hold: None, until: None }
}

fn is_live(one: &Appointment, now: DateTime<Utc>) -> bool {
    match one.status {
        Status::Held(until) => until > now,
        Status::Confirmed => true,
        Status::Cancelled | Status::Moved => false,
    }
}

fn row<const N: usize>(key: String, columns: [(&str, Value); N]) -> Record {
    let columns = columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Record { key, columns, words: Vec::new(), until: None }
}

fn id(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX - 1) + 1
}

fn place(id: i64) -> Option<usize> {
    usize::try_from(id).ok()?.checked_sub(1)
}

fn patient_id(place: usize) -> PatientId {
    PatientId(id(place))
}

fn name_at<T>(list: &[T], id: i64, name: impl Fn(&T) -> &String) -> &str {
    place(id).and_then(|place| list.get(place)).map_or("?", |one| name(one))
}

#[cfg(test)]
#[path = "agenda_tests.rs"]
mod tests;

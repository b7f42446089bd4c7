//! The reference model: a centre's agenda in memory, which answers every port as the database does.
//!
//! Small and slow on purpose, so that it can be read and believed: fixtures played on it and on the database
//! must give the same transcript. Guarantees: no two live hours of a professional or of a patient overlap; a
//! hold dies by the time it is told, never by itself; an old hour is kept until the new one is secured; an
//! attempt named twice answers the same twice.

mod arguments;
mod free;
mod notes;
mod ports;
mod rows;
mod unmet;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

pub use unmet::Entry;

use super::world::{Booking, World};
use crate::conversation::need::{Got, Need};
use crate::flow::{Record, Value, port};
use crate::id::{AppointmentId, AppointmentTypeId, DoctorId, PatientId};
use crate::scheduling::slot::Slot;
use crate::value::Phone;

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
    /// What the patient said of it, for staff: that they come, are late, why it was called off.
    pub notes: Vec<String>,
}

/// An agenda in memory.
#[derive(Debug, Clone)]
pub struct Agenda {
    world: Arc<World>,
    phone: Option<Phone>,
    linked: BTreeSet<PatientId>,
    failed_tries: i64,
    appointments: BTreeMap<AppointmentId, Appointment>,
    next: i64,
    answered: BTreeMap<String, Got>,
    waiting: Vec<notes::Waiting>,
    opted_out: bool,
    first_contact: bool,
    /// What was written down for the talk and nothing has met yet.
    unmet: BTreeSet<Entry>,
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
    pub fn new(world: impl Into<Arc<World>>, phone: Option<Phone>) -> Self {
        let world = world.into();
        let mut agenda = Self {
            phone,
            linked: BTreeSet::new(),
            failed_tries: 0,
            appointments: BTreeMap::new(),
            next: 1,
            answered: BTreeMap::new(),
            waiting: Vec::new(),
            opted_out: false,
            first_contact: true,
            unmet: BTreeSet::new(),
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
        let id = self.add(slot, patient, Status::Confirmed, BookedBy::Others);
        self.unmet.insert(Entry::Booked(usize::try_from(id.0 - 1).unwrap_or_default()));
        if let Some(patient) = self.world.patient_called(&booking.who) {
            self.unmet.remove(&Entry::Patient(patient));
        }
    }

    /// Another patient takes the first free hour whose words (`mar 1 dic 15:30 Matrona Eva Paz`) hold all of
    /// these; false when there is none.
    pub fn other_takes(&mut self, words: &str, now: DateTime<Utc>) -> bool {
        let Some(slot) = self.first_free(words, now) else { return false };
        self.meet_hour(slot);
        self.add(slot, None, Status::Confirmed, BookedBy::Others);
        true
    }

    /// Staff books the first free hour with these words for a patient; the row of the booking.
    pub fn staff_books(&mut self, words: &str, patient: PatientId, now: DateTime<Utc>) -> Option<Record> {
        let slot = self.first_free(words, now)?;
        self.meet_hour(slot);
        let id = self.add(slot, Some(patient), Status::Confirmed, BookedBy::Others);
        self.appointments.get(&id).map(|one| self.appointment_row(id, one))
    }

    fn first_free(&self, words: &str, now: DateTime<Utc>) -> Option<Slot> {
        self.slots(self.local(now), None).find(|slot| {
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
        self.appointments.insert(id, Appointment { slot, patient, status, by, notes: Vec::new() });
        id
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
    Got { outcome: name.to_owned(), rows: Arc::default(), hold: None, until: None }
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

/// The weekdays of a block, 1 is Monday.
fn weekdays(block: &super::world::Block) -> impl Iterator<Item = u8> {
    block.on.iter().map(|day| *day as u8 + 1)
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
mod tests;

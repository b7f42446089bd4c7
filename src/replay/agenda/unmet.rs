//! What a fixture writes down and its talk never meets: an entry that decides nothing misleads whoever reads it.
//!
//! An entry is met by
//! - a booking: a question, a hold or a write that it may decide, or `end: appointments`;
//! - a patient: the phone that writes is theirs, an hour in `booked` is, or someone who says who they are gives their
//!   date of birth or the end of their RUN;
//! - a type: it is among those that are shown, or something is asked, taken or done about it;
//! - a professional: they have hours of a type, or one hour, that is asked about (in that window, with them or with
//!   anybody), they are among those who are shown, or a booking with them is met;
//! - a day off: hours are asked about that fall on it, and but for it there would be some.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};

use super::arguments::Arguments;
use super::{Agenda, Appointment, Transaction, id, place};
use crate::conversation::need::Need;
use crate::flow::Value;
use crate::id::{AppointmentId, AppointmentTypeId, PatientId};
use crate::scheduling::slot::Slot;
use crate::value::{Phone, Rut, Window};

/// An entry of a world, by its place from 0 in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// An hour that is taken already, the world's first.
    Booked(usize),
    /// Someone who is treated.
    Patient(usize),
    /// A prestación.
    Type(usize),
    /// Someone who sees patients.
    Professional(usize),
    /// A day on which nobody is seen.
    DayOff(usize),
    /// A professional's day away.
    Away(usize, usize),
}

impl Agenda {
    /// Watches every entry of the world, and not only its bookings: for a world that serves one talk alone.
    pub fn watch(&mut self) {
        let world = &self.world;
        let people = world.patients.iter().enumerate().filter(|(_, person)| {
            let registered =
                person.value.phones.iter().any(|phone| phone.parse::<Phone>().ok() == self.phone);
            !registered && !world.booked.iter().any(|booking| booking.value.who == person.value.name)
        });
        self.unmet.extend(people.map(|(place, _)| Entry::Patient(place)));
        self.unmet.extend((0..world.types.len()).map(Entry::Type));
        self.unmet.extend((0..world.days_off.len()).map(Entry::DayOff));
        for (place, one) in world.professionals.iter().enumerate() {
            self.unmet.insert(Entry::Professional(place));
            self.unmet.extend((0..one.value.off.len()).map(|day| Entry::Away(place, day)));
        }
    }

    /// What nothing has met.
    pub fn unmet(&self) -> &BTreeSet<Entry> {
        &self.unmet
    }

    /// Somebody looked at the hours of all for whom the phone speaks.
    pub fn meet_own(&mut self) {
        let people: Vec<PatientId> = self.spoken_for().into_iter().map(|(patient, _)| patient).collect();
        self.meet_booked(|_, one| one.patient.is_some_and(|patient| people.contains(&patient)));
    }

    fn meet_booked(&mut self, met: impl Fn(AppointmentId, &Appointment) -> bool) {
        let booked = self.unmet.iter().filter_map(|entry| match entry {
            Entry::Booked(place) => Some((*place, AppointmentId(id(*place)))),
            _ => None,
        });
        let now: Vec<(usize, Slot)> = booked
            .filter_map(|(place, id)| {
                let one = self.appointments.get(&id).filter(|one| met(id, one))?;
                Some((place, one.slot))
            })
            .collect();
        for (place, slot) in now {
            self.unmet.remove(&Entry::Booked(place));
            self.meet_hour(slot);
        }
    }

    /// The type and the professional of an hour.
    pub(super) fn meet_hour(&mut self, slot: Slot) {
        self.met(place(slot.appointment_type.0).map(Entry::Type));
        self.met(place(slot.doctor.0).map(Entry::Professional));
    }

    fn met(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            self.unmet.remove(&entry);
        }
    }

    /// The hours of a type in a window: who would see then, and the days off that take some away.
    fn meet_hours(&mut self, kind: usize, window: &Window, with: Option<i64>, first: NaiveDate) {
        let days: Vec<NaiveDate> = first.iter_days().take(self.world.horizon as usize + 1).collect();
        let world = &self.world;
        let mut met = Vec::new();
        for (place, one) in world.professionals.iter().enumerate() {
            if with.is_some_and(|with| with != id(place)) {
                continue;
            }
            let has =
                |day: NaiveDate| world.planned_hours(&one.value, kind, day).any(|start| window.allows(start));
            let off = one.value.off.iter().enumerate().map(|(day, off)| (Entry::Away(place, day), off.value));
            let closed = world.days_off.iter().enumerate().map(|(day, off)| (Entry::DayOff(day), off.value));
            met.extend(
                off.chain(closed).filter(|(_, day)| days.contains(day) && has(*day)).map(|(entry, _)| entry),
            );
            if days.iter().any(|day| has(*day)) {
                met.push(Entry::Professional(place));
            }
        }
        self.met(met);
    }
}

impl Transaction<'_> {
    /// Meets what may decide the answer.
    pub(super) fn meet(&mut self, need: &Need) {
        let (Need::Read { port, arguments, .. }
        | Need::Hold { port, arguments, .. }
        | Need::Write { port, arguments, .. }) = need
        else {
            return;
        };
        let arguments = Arguments { port, list: arguments };
        match port.as_str() {
            "agenda.prestaciones" => {
                let kinds = self.agenda.world.types.iter().enumerate();
                let shown = kinds.filter(|(_, kind)| kind.value.bookable);
                let shown: Vec<Entry> = shown.map(|(place, _)| Entry::Type(place)).collect();
                self.agenda.met(shown);
            }
            "personas.vincular" => self.meet_patients(&arguments),
            _ => {}
        }
        let cita = arguments.id("cita").ok().map(AppointmentId);
        let moved = cita.and_then(|id| self.agenda.appointments.get(&id)).cloned();
        let patient = arguments.id("paciente").ok().map(PatientId);
        let patient = patient.or(moved.as_ref().and_then(|one| one.patient));
        let mut wanted: Vec<Slot> = arguments.slot("hora").into_iter().collect();
        let kind = arguments.id("prestacion").ok().map(AppointmentTypeId);
        if let Some(kind) = kind.or(moved.map(|one| one.slot.appointment_type)).filter(|_| wanted.is_empty())
        {
            let window = match arguments.get("cuando") {
                Some(Value::Window(window)) => window.clone(),
                _ => Window::ANY,
            };
            let now = self.agenda.local(self.now);
            wanted = self.agenda.slots(now, Some(kind)).filter(|slot| window.allows(slot.start)).collect();
            if let Some(kind) = place(kind.0) {
                self.agenda.met([Entry::Type(kind)]);
                let with = arguments.id_if_any("profesional").ok().flatten();
                self.agenda.meet_hours(kind, &window, with, now.date());
            }
        } else {
            wanted.iter().for_each(|slot| self.agenda.meet_hour(*slot));
        }
        let own = port.starts_with("agenda.citas") || matches!(need, Need::Hold { .. } | Need::Write { .. });
        let minutes: Vec<TimeDelta> = wanted.iter().map(|slot| self.agenda.minutes(*slot)).collect();
        let types = self.agenda.world.types.iter();
        let lengths: Vec<TimeDelta> =
            types.map(|kind| TimeDelta::minutes(kind.value.minutes.into())).collect();
        self.agenda.meet_booked(|id, one| {
            let mine = patient.is_some() && one.patient == patient;
            let length = place(one.slot.appointment_type.0).and_then(|kind| lengths.get(kind)).copied();
            let end = one.slot.start + length.unwrap_or_default();
            let meets = |(slot, minutes): (&Slot, &TimeDelta)| {
                (mine || slot.doctor == one.slot.doctor)
                    && slot.start < end
                    && one.slot.start < slot.start + *minutes
            };
            cita == Some(id) || (own && mine) || wanted.iter().zip(&minutes).any(meets)
        });
    }

    /// Those with whom someone could be confused who says this of themselves.
    fn meet_patients(&mut self, arguments: &Arguments<'_>) {
        let (Some(Value::RutTail(tail)), Some(Value::Date(born))) =
            (arguments.get("rut"), arguments.get("nacimiento"))
        else {
            return;
        };
        let people = self.agenda.world.patients.iter().enumerate();
        let near = people.filter(|(_, person)| {
            person.value.born == *born || person.value.run.parse::<Rut>().is_ok_and(|run| run.tail() == *tail)
        });
        let near: Vec<Entry> = near.map(|(place, _)| Entry::Patient(place)).collect();
        self.agenda.met(near);
    }
}

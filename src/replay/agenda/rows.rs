//! What the agenda knows as rows of ports, and in words.

use chrono::NaiveDate;

use super::{Agenda, Appointment, name_at, place, row};
use crate::flow::{Record, Value};
use crate::id::{AppointmentId, PatientId};
use crate::scheduling::slot::{Slot, code};
use crate::value::person::age;

impl Agenda {
    pub(super) fn place(&self) -> String {
        let center = &self.world.center;
        center
            .address
            .as_ref()
            .map_or_else(|| center.name.clone(), |address| format!("{}, {address}", center.name))
    }

    pub(super) fn in_words(&self, slot: Slot, patient: Option<PatientId>) -> String {
        let when = crate::value::hour_label::day_hour_short(slot.start);
        let kind = name_at(&self.world.types, slot.appointment_type.0, |kind| &kind.value.name);
        let doctor = name_at(&self.world.professionals, slot.doctor.0, |one| &one.value.name);
        let patient = patient.map_or("", |patient| self.name_of(patient));
        format!("{when} {kind} {doctor} {patient}").trim_end().to_owned()
    }

    pub(super) fn name_of(&self, patient: PatientId) -> &str {
        name_at(&self.world.patients, patient.0, |person| &person.value.name)
    }

    pub(super) fn patient_row(&self, patient: PatientId, verified: bool, today: NaiveDate) -> Record {
        let name = self.name_of(patient).to_owned();
        let person = place(patient.0).and_then(|place| self.world.patients.get(place));
        let age = person.map_or(0, |person| age(person.value.born, today));
        let first = name.split_whitespace().next().map(str::to_owned);
        let mut row = row(
            patient.to_string(),
            [
                ("nombre", Value::Text(name)),
                ("verificado", Value::Flag(verified)),
                ("edad", Value::Number(age)),
            ],
        );
        row.words.extend(first);
        row
    }

    pub(super) fn hour_row(&self, slot: Slot) -> Record {
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

    pub(super) fn appointment_row(&self, id: AppointmentId, one: &Appointment) -> Record {
        let kind = name_at(&self.world.types, one.slot.appointment_type.0, |kind| &kind.value.name);
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

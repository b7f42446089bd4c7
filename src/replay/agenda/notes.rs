//! What patients say and no hour: who waits, who comes, who is late, who wants no messages; and the centre itself.

use std::sync::Arc;

use chrono::{DateTime, NaiveTime, Utc};

use super::arguments::Arguments;
use super::{
    Agenda, Appointment, BookedBy, Malformed, Status, Transaction, id, name_at, outcome, place, row, weekdays,
};
use crate::conversation::need::{Got, OK};
use crate::flow::{Record, Value};
use crate::id::{AppointmentId, AppointmentTypeId, PatientId};
use crate::scheduling::slot::LATE;
use crate::value::{opening, person};

/// An entry of the waitlist; all are asked for by the conversation that is played.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Waiting {
    id: i64,
    patient: PatientId,
    kind: i64,
    since: DateTime<Utc>,
    waits: bool,
    /// With whom and when.
    wish: (Option<i64>, Option<Value>),
}

impl Agenda {
    /// Says whether anything was ever said to the phone.
    pub fn set_first_contact(&mut self, first: bool) {
        self.first_contact = first;
    }

    /// Whether the phone asked for no messages.
    pub fn is_opted_out(&self) -> bool {
        self.opted_out
    }

    /// Who waits for what, in words.
    pub fn waiting_in_words(&self) -> Vec<String> {
        let waits = self.waiting.iter().filter(|one| one.waits);
        waits.map(|one| format!("{} {}", self.kind_name(one.kind), self.name_of(one.patient))).collect()
    }

    /// What patients said of their hours, in words, oldest hour first.
    pub fn notes_in_words(&self) -> Vec<String> {
        self.appointments.values().flat_map(|one| one.notes.iter().cloned()).collect()
    }

    pub(super) fn center_row(&self) -> Record {
        let center = &self.world.center;
        let text = |part: &Option<String>| part.clone().map_or(Value::Nothing, Value::Text);
        let blocks = || self.world.professionals.iter().flat_map(|one| &one.value.week);
        let days: Vec<(u8, NaiveTime, NaiveTime)> = (1..=7)
            .filter_map(|day| {
                let on = || blocks().filter(move |block| weekdays(block).any(|other| other == day));
                Some((day, on().map(|block| block.from.0).min()?, on().map(|block| block.to.0).max()?))
            })
            .collect();
        row(
            "1".to_owned(),
            [
                ("nombre", Value::Text(center.name.clone())),
                ("direccion", text(&center.address)),
                ("telefono", text(&center.phone)),
                ("atencion", text(&opening::in_words(&days))),
            ],
        )
    }

    pub(super) fn professionals_of(&self, kind: i64) -> Vec<Record> {
        let Some(kind) = place(kind).and_then(|place| self.world.types.get(place)) else { return Vec::new() };
        let all = self.world.professionals.iter().enumerate();
        let mut who: Vec<_> = all
            .filter(|(_, one)| one.value.week.iter().any(|block| block.kind == kind.value.name))
            .map(|(place, one)| (&one.value.name, id(place)))
            .collect();
        who.sort();
        who.into_iter()
            .map(|(name, id)| Record {
                words: person::surnames(name),
                ..row(id.to_string(), [("nombre", Value::Text(name.clone()))])
            })
            .collect()
    }

    /// A booking of the same prestación ends the waiting.
    pub(super) fn wait_no_more(&mut self, patient: PatientId, kind: AppointmentTypeId) {
        for one in self.waiting.iter_mut().filter(|one| one.patient == patient && one.kind == kind.0) {
            one.waits = false;
        }
    }

    fn kind_name(&self, kind: i64) -> &str {
        name_at(&self.world.types, kind, |kind| &kind.value.name)
    }

    fn waiting_row(&self, one: &Waiting) -> Record {
        row(
            one.id.to_string(),
            [
                ("prestacion", Value::Text(self.kind_name(one.kind).to_owned())),
                ("paciente", Value::Text(self.name_of(one.patient).to_owned())),
                ("desde", Value::Date(self.local(one.since).date())),
            ],
        )
    }

    fn begun_row(&self, id: AppointmentId, one: &Appointment) -> Record {
        Record { until: Some(self.instant(one.slot.start) + LATE), ..self.appointment_row(id, one) }
    }
}

impl Transaction<'_> {
    pub(super) fn of_today(&self, arguments: &Arguments<'_>) -> Result<Vec<Record>, Malformed> {
        let (patient, verified) = self.patient(arguments)?;
        let agenda = &*self.agenda;
        let today = agenda.local(self.now).date();
        let mut own: Vec<(&AppointmentId, &Appointment)> = agenda
            .appointments
            .iter()
            .filter(|(_, one)| one.patient == Some(patient) && one.status == Status::Confirmed)
            .filter(|(_, one)| one.slot.day() == today && agenda.instant(one.slot.start) > self.now - LATE)
            .filter(|(_, one)| verified || one.by == BookedBy::Us)
            .collect();
        own.sort_by_key(|(id, one)| (one.slot.start, **id));
        Ok(own.into_iter().map(|(id, one)| agenda.begun_row(*id, one)).collect())
    }

    pub(super) fn waiting_of(&self, arguments: &Arguments<'_>) -> Result<Vec<Record>, Malformed> {
        let (patient, _) = self.patient(arguments)?;
        let theirs = self.agenda.waiting.iter().filter(|one| one.waits && one.patient == patient);
        Ok(theirs.map(|one| self.agenda.waiting_row(one)).collect())
    }

    pub(super) fn note(&mut self, arguments: &Arguments<'_>) -> Result<Got, Malformed> {
        let id = AppointmentId(arguments.id("cita")?);
        let (note, status, after) = match arguments.port {
            "asistencia.confirmar" => ("dice que viene".to_owned(), Status::Confirmed, Some(self.now)),
            "asistencia.atraso" => {
                let note = format!("viene atrasado: {}", arguments.text("cuanto")?);
                (note, Status::Confirmed, Some(self.now - LATE))
            }
            _ => (format!("motivo: {}", arguments.text("motivo")?), Status::Cancelled, None),
        };
        let people = self.agenda.spoken_for();
        let fits = |one: &Appointment| {
            one.status == status
                && after.is_none_or(|after| self.agenda.instant(one.slot.start) > after)
                && people.iter().any(|(patient, verified)| {
                    one.patient == Some(*patient) && (*verified || one.by == BookedBy::Us)
                })
        };
        if !self.agenda.appointments.get(&id).is_some_and(fits) {
            return Ok(outcome("gone"));
        }
        let Some(one) = self.agenda.appointments.get_mut(&id) else { return Ok(outcome("gone")) };
        if !one.notes.contains(&note) {
            one.notes.push(note);
        }
        let row = match (arguments.port, self.agenda.appointments.get(&id)) {
            ("asistencia.confirmar", Some(one)) => Some(self.agenda.appointment_row(id, one)),
            ("asistencia.atraso", Some(one)) => Some(self.agenda.begun_row(id, one)),
            _ => None,
        };
        Ok(Got { rows: Arc::new(row.into_iter().collect()), ..outcome(OK) })
    }

    pub(super) fn join(&mut self, arguments: &Arguments<'_>) -> Result<Got, Malformed> {
        let (patient, _) = self.patient(arguments)?;
        let kind = arguments.id("prestacion")?;
        let window = arguments.get("cuando").filter(|value| value.is_something()).cloned();
        let wish = (arguments.id_if_any("profesional")?, window);
        let same = |one: &&mut Waiting| one.waits && one.patient == patient && one.kind == kind;
        if let Some(one) = self.agenda.waiting.iter_mut().find(same) {
            one.wish = wish;
            return Ok(outcome("already"));
        }
        let entry =
            Waiting { id: id(self.agenda.waiting.len()), patient, kind, since: self.now, waits: true, wish };
        let row = self.agenda.waiting_row(&entry);
        self.agenda.waiting.push(entry);
        Ok(Got { rows: vec![row].into(), ..outcome(OK) })
    }

    pub(super) fn leave_list(&mut self, arguments: &Arguments<'_>) -> Result<Got, Malformed> {
        let wanted = arguments.id("espera")?;
        let people = self.agenda.spoken_for();
        let theirs = |one: &&mut Waiting| {
            one.id == wanted && one.waits && people.iter().any(|(patient, _)| *patient == one.patient)
        };
        let Some(one) = self.agenda.waiting.iter_mut().find(theirs) else { return Ok(outcome("gone")) };
        one.waits = false;
        let one = one.clone();
        Ok(Got { rows: vec![self.agenda.waiting_row(&one)].into(), ..outcome(OK) })
    }

    pub(super) fn set_opted_out(&mut self, out: bool) -> Got {
        let changed = std::mem::replace(&mut self.agenda.opted_out, out) != out;
        outcome(if changed { OK } else { "already" })
    }
}

//! The ports that write: an hour is held, booked, moved or given back, and a phone is linked to a patient.

use std::collections::BTreeSet;

use super::arguments::Arguments;
use super::{BookedBy, Malformed, Status, Transaction, Verdict, is_live, outcome, patient_id};
use crate::conversation::need::{Got, OK};
use crate::flow::Value;
use crate::id::{AppointmentId, PatientId};
use crate::patient::identity::TRIES;
use crate::scheduling::slot::Slot;
use crate::value::Rut;

impl Transaction<'_> {
    pub(super) fn hold(
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
        // An hour that overlaps the one it replaces cannot stand beside it: the move swaps both.
        let overlaps = moving
            .and_then(|moving| self.agenda.appointments.get(&moving))
            .is_some_and(|old| self.agenda.meet(old.slot, slot));
        if overlaps {
            return Ok(outcome(OK));
        }
        if let Some(old) = instead_of.and_then(|old| self.agenda.appointments.get_mut(&old)) {
            old.status = Status::Cancelled;
        }
        let until = self.now + self.agenda.world.hold.0;
        let hold = self.agenda.add(slot, Some(patient), Status::Held(until), BookedBy::Us);
        Ok(Got { hold: Some(hold), until: Some(until), ..outcome(OK) })
    }

    pub(super) fn write(
        &mut self,
        arguments: &Arguments<'_>,
        hold: Option<AppointmentId>,
    ) -> Result<Got, Malformed> {
        match arguments.port {
            "personas.vincular" => self.link(arguments),
            "agenda.confirmar" => {
                let slot = arguments.slot("hora")?;
                let patient = self.patient(arguments)?.0;
                if let Some(refused) = self.refused(slot, patient, &hold.into_iter().collect()) {
                    return Ok(refused);
                }
                let id = self.settle(slot, patient, hold);
                self.agenda.wait_no_more(patient, slot.appointment_type);
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
            "asistencia.confirmar" | "asistencia.atraso" | "asistencia.motivo" => self.note(arguments),
            "espera.anotar" => self.join(arguments),
            "espera.sacar" => self.leave_list(arguments),
            "avisos.parar" => Ok(self.set_opted_out(true)),
            "avisos.reanudar" => Ok(self.set_opted_out(false)),
            _ => Err(arguments.malformed("it is not a commit port")),
        }
    }

    /// Why an hour cannot be had, but for these.
    pub(super) fn refused(
        &self,
        slot: Slot,
        patient: PatientId,
        but: &BTreeSet<AppointmentId>,
    ) -> Option<Got> {
        match self.agenda.verdict(slot, patient, self.now, but) {
            Verdict::Free => None,
            Verdict::Taken => Some(outcome("taken")),
            Verdict::Yours => Some(outcome("yours")),
            Verdict::Past => Some(outcome("past")),
        }
    }

    /// The hold becomes an appointment, dead or alive; without one a row of its own.
    pub(super) fn settle(
        &mut self,
        slot: Slot,
        patient: PatientId,
        hold: Option<AppointmentId>,
    ) -> AppointmentId {
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

    pub(super) fn link(&mut self, arguments: &Arguments<'_>) -> Result<Got, Malformed> {
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
                let today = self.agenda.local(self.now).date();
                Ok(Got { rows: vec![self.agenda.patient_row(patient, false, today)].into(), ..outcome(OK) })
            }
            [] => {
                self.agenda.failed_tries += 1;
                Ok(outcome(if self.agenda.failed_tries >= TRIES { "blocked" } else { "none" }))
            }
            _ => Ok(outcome("several")),
        }
    }

    pub(super) fn is_at_limit(&self, slot: Slot, patient: PatientId, but: &BTreeSet<AppointmentId>) -> bool {
        let ahead = self.agenda.appointments.iter().filter(|(id, one)| {
            !but.contains(id)
                && is_live(one, self.now)
                && one.patient == Some(patient)
                && one.slot.appointment_type == slot.appointment_type
                && self.agenda.instant(one.slot.start) > self.now
        });
        ahead.count() >= self.agenda.world.limit
    }
}

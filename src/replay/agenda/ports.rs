//! The ports, answered: each as `flow::port` declares it and as the database would.

use std::collections::{BTreeSet, HashSet};

use chrono::TimeDelta;

use super::{
    Appointment, BookedBy, HOURS, Malformed, Status, Transaction, Verdict, id, is_live, outcome, patient_id,
    place, port_of, row,
};
use crate::conversation::need::{Got, LATER, Need, OK};
use crate::flow::{Name, Record, Value};
use crate::id::{AppointmentId, AppointmentTypeId, PatientId};
use crate::patient::identity::TRIES;
use crate::scheduling::slot::Slot;
use crate::value::{Rut, Window};

impl Transaction<'_> {
    /// Answers one question.
    ///
    /// # Errors
    /// When no port can be asked so: a bug, or a book that was not checked.
    pub fn answer(&mut self, need: &Need) -> Result<Got, Malformed> {
        if need.writes() && self.wrote {
            return Ok(outcome(LATER));
        }
        if !self.agenda.untouched.is_empty() {
            self.touch(need);
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

    /// Marks the hours of the start that may decide the answer.
    fn touch(&mut self, need: &Need) {
        let (Need::Read { port, arguments, .. }
        | Need::Hold { port, arguments, .. }
        | Need::Write { port, arguments, .. }) = need
        else {
            return;
        };
        let arguments = Arguments { port, list: arguments };
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
            wanted = self.agenda.slots(self.agenda.local(self.now), Some(kind));
            wanted.retain(|slot| window.allows(slot.start));
        }
        let own = port.starts_with("agenda.citas") || matches!(need, Need::Hold { .. } | Need::Write { .. });
        let minutes: Vec<TimeDelta> = wanted.iter().map(|slot| self.agenda.minutes(*slot)).collect();
        let lengths: Vec<TimeDelta> =
            self.agenda.world.types.iter().map(|kind| TimeDelta::minutes(kind.minutes.into())).collect();
        self.agenda.touch(|id, one| {
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
                vec![agenda.center_row()]
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
                            ("duracion", Value::Length(kind.minutes.into())),
                        ],
                    )
                });
                rows.collect()
            }
            "agenda.profesionales" => agenda.professionals_of(arguments.id("prestacion")?),
            "agenda.buscar" | "agenda.libres" => {
                let patient = match arguments.port {
                    "agenda.buscar" => self.patient(arguments)?.0,
                    _ => PatientId(0),
                };
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
            "agenda.citas_de_hoy" => self.of_today(arguments)?,
            "espera.anotadas" => self.waiting_of(arguments)?,
            "privacidad.primera_vez" => Vec::from_iter(agenda.first_contact.then(|| agenda.center_row())),
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
        let doctor = arguments.id_if_any("profesional")?;
        let but: BTreeSet<AppointmentId> = held.iter().copied().chain(moving).collect();
        let own_hour = moving.and_then(|id| self.agenda.appointments.get(&id)).map(|one| one.slot);
        let slots = self.agenda.slots(self.agenda.local(self.now), Some(kind)).into_iter();
        let free: Vec<Slot> = slots
            .filter(|slot| window.allows(slot.start))
            .filter(|slot| doctor.is_none_or(|doctor| slot.doctor.0 == doctor))
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

    pub(super) fn one(&self, id: AppointmentId) -> Got {
        let row = self.agenda.appointments.get(&id).map(|one| self.agenda.appointment_row(id, one));
        Got { rows: row.into_iter().collect(), ..outcome(OK) }
    }

    /// The patient of the arguments, if this phone may speak for them.
    pub(super) fn patient(&self, arguments: &Arguments<'_>) -> Result<(PatientId, bool), Malformed> {
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
pub(super) struct Arguments<'a> {
    pub(super) port: &'a str,
    list: &'a [(Name, Value)],
}

impl Arguments<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn key(&self, name: &str) -> Result<&str, Malformed> {
        match self.get(name) {
            Some(Value::Key(key)) => Ok(key),
            _ => Err(self.malformed(&format!("`{name}` is not the key of a row"))),
        }
    }

    pub(super) fn id(&self, name: &str) -> Result<i64, Malformed> {
        self.key(name)?.parse().map_err(|_| self.malformed(&format!("the key of `{name}` is not a number")))
    }

    pub(super) fn id_if_any(&self, name: &str) -> Result<Option<i64>, Malformed> {
        match self.get(name) {
            None | Some(Value::Nothing) => Ok(None),
            Some(_) => self.id(name).map(Some),
        }
    }

    pub(super) fn slot(&self, name: &str) -> Result<Slot, Malformed> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of an hour cannot be read"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, Malformed> {
        match self.get(name) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.malformed(&format!("`{name}` is no text"))),
        }
    }

    pub(super) fn malformed(&self, why: &str) -> Malformed {
        Malformed { port: self.port.to_owned(), why: why.to_owned() }
    }
}

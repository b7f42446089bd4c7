//! The ports, answered: each as `flow::port` declares it and as the database would.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::arguments::Arguments;
use super::{
    Appointment, BookedBy, HOURS, Malformed, Status, Transaction, Verdict, id, outcome, port_of, row,
};
use crate::conversation::need::{Got, LATER, Need, OK};
use crate::flow::{Record, Value};
use crate::id::{AppointmentId, AppointmentTypeId, PatientId};
use crate::value::Window;

impl Transaction<'_> {
    /// Answers one question.
    ///
    /// # Errors
    /// When no port can be asked so: a bug, or a book that was not checked.
    pub fn answer(&mut self, need: &Need) -> Result<Got, Malformed> {
        if need.writes() && self.wrote {
            return Ok(outcome(LATER));
        }
        if !self.agenda.unmet.is_empty() {
            self.meet(need);
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

    pub(super) fn read(
        &self,
        arguments: &Arguments<'_>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Got, Malformed> {
        let agenda = &*self.agenda;
        let rows = match arguments.port {
            "personas.autorizadas" => {
                let people = agenda.spoken_for().into_iter();
                let today = agenda.local(self.now).date();
                people.map(|(patient, verified)| agenda.patient_row(patient, verified, today)).collect()
            }
            "centro.datos" => {
                vec![agenda.center_row()]
            }
            "agenda.prestaciones" => {
                let kinds = agenda.world.types.iter().enumerate().filter(|(_, kind)| kind.value.bookable);
                let mut kinds: Vec<_> = kinds.collect();
                kinds.sort_by_key(|(_, kind)| &kind.value.name);
                let rows =
                    kinds.into_iter().map(|(place, kind)| (place, &kind.value)).map(|(place, kind)| Record {
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
        Ok(if rows.is_empty() { outcome("none") } else { Got { rows: rows.into(), ..outcome(OK) } })
    }

    /// Free hours, soonest first, each moment once while there are others.
    pub(super) fn search(
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
        let free = self.agenda.slots(self.agenda.local(self.now), Some(kind)).filter(|slot| {
            window.allows(slot.start)
                && doctor.is_none_or(|doctor| slot.doctor.0 == doctor)
                && Some(*slot) != own_hour
                && (except.is_empty() || !except.contains(&slot.to_string()))
                && matches!(self.agenda.verdict(*slot, patient, self.now, &but), Verdict::Free)
        });
        let mut seen = HashSet::new();
        let (mut chosen, mut second) = (Vec::new(), Vec::new());
        for slot in free {
            if chosen.len() >= limit {
                break;
            }
            let list = if seen.insert(slot.start) { &mut chosen } else { &mut second };
            list.push(slot);
        }
        second.truncate(limit - chosen.len());
        chosen.append(&mut second);
        chosen.sort_by_key(|slot| (slot.start, slot.doctor));
        Ok(chosen.into_iter().map(|slot| self.agenda.hour_row(slot)).collect())
    }

    pub(super) fn is_ahead(&self, one: &Appointment) -> bool {
        one.status == Status::Confirmed && self.agenda.instant(one.slot.start) > self.now
    }

    pub(super) fn one(&self, id: AppointmentId) -> Got {
        let row = self.agenda.appointments.get(&id).map(|one| self.agenda.appointment_row(id, one));
        Got { rows: Arc::new(row.into_iter().collect()), ..outcome(OK) }
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
    pub(super) fn appointment(
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

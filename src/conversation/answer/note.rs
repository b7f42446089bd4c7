//! Questions that write what a patient says and no hour: that they come, are late, wait for an hour.

use sqlx::PgConnection;

use super::arguments::Arguments;
use super::rows::{appointment_row, begun_row, one, outcome, waiting_row};
use super::{AnswerError, Answerer};
use crate::conversation::need::{Got, OK};
use crate::id::{AppointmentId, AppointmentTypeId, DoctorId, PatientId};
use crate::patient::may_touch;
use crate::scheduling::slot::LATE;
use crate::scheduling::waitlist::{self, JoinOutcome, JoinRequest};
use crate::scheduling::{attendance, booking};

impl Answerer<'_> {
    pub(super) async fn attendance(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
    ) -> Result<Got, AnswerError> {
        match port {
            "asistencia.confirmar" => {
                let Some((booked, _)) = self.appointment(tx, arguments, self.asker.now).await? else {
                    return Ok(outcome("gone"));
                };
                let done = attendance::confirm(tx, booked.appointment).await?;
                Ok(if done { one(appointment_row(&booked)) } else { outcome("gone") })
            }
            "asistencia.atraso" => {
                let Some((booked, _)) = self.appointment(tx, arguments, self.asker.now - LATE).await? else {
                    return Ok(outcome("gone"));
                };
                let note = format!("viene atrasado: {}", arguments.text("cuanto")?);
                let done = attendance::note(tx, booked.appointment, &note).await?;
                Ok(if done { one(begun_row(&booked)) } else { outcome("gone") })
            }
            _ => {
                // it is called off already, so it is no appointment ahead: whose it was is asked of the database
                let appointment = AppointmentId(arguments.id("cita")?);
                let people = self.spoken_for(tx).await?.to_vec();
                let whose = booking::called_off(tx, appointment).await?;
                let may = whose.is_some_and(|(patient, conversation)| {
                    people.iter().any(|person| {
                        person.patient == patient
                            && may_touch(person.verified, self.asker.conversation, conversation)
                    })
                });
                let note = format!("motivo: {}", arguments.text("motivo")?);
                let done = may && attendance::note(tx, appointment, &note).await?;
                Ok(outcome(if done { OK } else { "gone" }))
            }
        }
    }

    pub(super) async fn waitlist(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
    ) -> Result<Got, AnswerError> {
        let zone = self.agenda.zone(self.asker.center, self.asker.now).await?;
        if port == "espera.anotar" {
            let person = self.patient(tx, arguments).await?;
            let request = JoinRequest {
                center: self.asker.center,
                conversation: Some(self.asker.conversation),
                patient: person.patient,
                appointment_type: AppointmentTypeId(arguments.id("prestacion")?),
                doctor: arguments.id_if_any("profesional")?.map(DoctorId),
                wanted: arguments.window("cuando")?,
            };
            return Ok(match waitlist::join(tx, &request).await? {
                // what others asked for is none of this phone's business until staff knows it
                JoinOutcome::Already(waiting)
                    if may_touch(person.verified, self.asker.conversation, waiting.conversation) =>
                {
                    outcome("already")
                }
                JoinOutcome::Already(waiting) | JoinOutcome::Joined(waiting) => {
                    one(waiting_row(&waiting, zone))
                }
            });
        }
        let wanted = arguments.id("espera")?;
        let people = self.spoken_for(tx).await?.to_vec();
        let patients: Vec<PatientId> = people.iter().map(|person| person.patient).collect();
        for (patient, person) in patients.into_iter().zip(people) {
            let entries = waitlist::of_patient(tx, patient).await?;
            let entry = entries.into_iter().find(|entry| {
                entry.id == wanted && may_touch(person.verified, self.asker.conversation, entry.conversation)
            });
            if let Some(entry) = entry {
                let left = waitlist::leave(tx, entry.id).await?;
                return Ok(if left { one(waiting_row(&entry, zone)) } else { outcome("gone") });
            }
        }
        Ok(outcome("gone"))
    }
}

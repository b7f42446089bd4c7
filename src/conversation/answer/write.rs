//! Questions that write to the schedule: hours held, let go, booked, moved, called off; and who is writing.

use std::sync::Arc;

use sqlx::PgConnection;

use super::arguments::Arguments;
use super::rows::{appointment_row, conflict, one, outcome, patient_row};
use super::{AnswerError, Answerer};
use crate::conversation::need::{Got, OK};
use crate::conversation::store;
use crate::flow::Value;
use crate::id::AppointmentId;
use crate::patient::{self, Claim};
use crate::scheduling::{
    Actor, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest, HoldOutcome, HoldRequest,
    ReleaseRequest, RescheduleOutcome, RescheduleRequest, booking, waitlist,
};

impl Answerer<'_> {
    pub(super) async fn hold(
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
                let Some((booked, _)) = self.appointment(tx, arguments, self.asker.now).await? else {
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
                Got {
                    outcome: OK.to_owned(),
                    rows: Arc::default(),
                    hold: Some(appointment),
                    until: Some(until),
                }
            }
            HoldOutcome::Overlaps => outcome(OK),
            HoldOutcome::Taken => conflict("taken"),
            HoldOutcome::Yours => conflict("yours"),
            HoldOutcome::Limit => outcome("limit"),
            HoldOutcome::Past => outcome("past"),
        })
    }

    pub(super) async fn release(
        &mut self,
        tx: &mut PgConnection,
        hold: AppointmentId,
    ) -> Result<Got, AnswerError> {
        let request = ReleaseRequest { hold, conversation: Some(self.asker.conversation) };
        let written = booking::release(tx, &request).await?;
        self.changed.extend(written.changed);
        Ok(outcome(OK))
    }

    pub(super) async fn write(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
        hold: Option<AppointmentId>,
    ) -> Result<Got, AnswerError> {
        match port {
            "personas.vincular" => self.link(tx, arguments).await,
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
                    ConfirmOutcome::Confirmed(booked) => {
                        waitlist::booked(tx, booked.patient, booked.slot.appointment_type).await?;
                        one(appointment_row(&booked))
                    }
                    ConfirmOutcome::Taken => conflict("taken"),
                    ConfirmOutcome::Yours => conflict("yours"),
                    ConfirmOutcome::Past => outcome("past"),
                })
            }
            "agenda.mover" => {
                let Some((booked, verified)) = self.appointment(tx, arguments, self.asker.now).await? else {
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
                let Some((booked, verified)) = self.appointment(tx, arguments, self.asker.now).await? else {
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
            "asistencia.confirmar" | "asistencia.atraso" | "asistencia.motivo" => {
                self.attendance(tx, port, arguments).await
            }
            "espera.anotar" | "espera.sacar" => self.waitlist(tx, port, arguments).await,
            "avisos.parar" | "avisos.reanudar" => {
                let changed = store::set_opted_out(tx, self.asker.conversation, port == "avisos.parar")
                    .await
                    .map_err(|source| AnswerError::Store {
                        doing: "keep whether a patient wants messages",
                        source,
                    })?;
                Ok(outcome(if changed { OK } else { "already" }))
            }
            _ => Err(arguments.malformed("it is not a commit port")),
        }
    }

    async fn link(&mut self, tx: &mut PgConnection, arguments: &Arguments<'_>) -> Result<Got, AnswerError> {
        let (Some(Value::RutTail(tail)), Some(Value::Date(birth))) =
            (arguments.get("rut"), arguments.get("nacimiento"))
        else {
            return Err(arguments.malformed("`rut` and `nacimiento` are needed"));
        };
        let claim = patient::store::claim(tx, self.asker.conversation, self.asker.center, tail, *birth)
            .await
            .map_err(|source| AnswerError::Store { doing: "look up who is writing", source })?;
        self.spoken_for = None;
        Ok(match claim {
            Claim::Found(person) => one(patient_row(&person, self.today().await?)),
            Claim::NoMatch { .. } => outcome("none"),
            Claim::Several => outcome("several"),
            Claim::Blocked => outcome("blocked"),
        })
    }
}

//! Questions that change nothing: people, prestaciones, hours, appointments.

use sqlx::PgConnection;

use super::arguments::Arguments;
use super::rows::{
    appointment_row, begun_row, center_row, hour_row, one, outcome, patient_row, professional_row,
    rows_or_none, service_row, waiting_row,
};
use super::{AnswerError, Answerer};
use crate::conversation::need::Got;
use crate::flow::Value;
use crate::id::{AppointmentId, AppointmentTypeId, DoctorId, PatientId};
use crate::patient::may_touch;
use crate::scheduling::slot::LATE;
use crate::scheduling::waitlist::{self, Waiting};
use crate::scheduling::{Booked, FreeFor, Search, booking};
use crate::value::Window;

/// How many hours a search returns when the flow does not say.
const HOURS: usize = 9;

impl Answerer<'_> {
    pub(super) async fn read(
        &mut self,
        tx: &mut PgConnection,
        port: &str,
        arguments: &Arguments<'_>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Got, AnswerError> {
        match port {
            "personas.autorizadas" => {
                let today = self.today().await?;
                let people = self.spoken_for(tx).await?;
                Ok(rows_or_none(people.iter().map(|person| patient_row(person, today)).collect()))
            }
            "centro.datos" => {
                let card = self.card(tx).await?;
                Ok(one(center_row(self.asker.center, &card)))
            }
            "agenda.prestaciones" => {
                let services = self.agenda.services(self.asker.center, self.asker.now).await?;
                let bookable = services.into_iter().filter(|service| service.bookable);
                Ok(rows_or_none(bookable.map(service_row).collect()))
            }
            "agenda.profesionales" => {
                let kind = AppointmentTypeId(arguments.id("prestacion")?);
                let who = self.agenda.professionals_of(self.asker.center, kind, self.asker.now).await?;
                Ok(rows_or_none(who.iter().map(professional_row).collect()))
            }
            "agenda.buscar" | "agenda.libres" => {
                let patient = match port {
                    "agenda.buscar" => Some(self.patient(tx, arguments).await?.patient),
                    _ => None,
                };
                let kind = AppointmentTypeId(arguments.id("prestacion")?);
                self.search(tx, arguments, kind, patient, None, except, held).await
            }
            "agenda.buscar_cambio" => {
                let Some((moving, _)) = self.appointment(tx, arguments, self.asker.now).await? else {
                    return Ok(outcome("none"));
                };
                let (kind, patient) = (moving.slot.appointment_type, moving.patient);
                // its own hour counts as free, but moving to it is no move
                let except: Vec<String> = except.iter().cloned().chain([moving.slot.to_string()]).collect();
                self.search(tx, arguments, kind, Some(patient), Some(moving.appointment), &except, held).await
            }
            "agenda.citas" => {
                let person = self.patient(tx, arguments).await?;
                let booked = booking::upcoming(tx, &[person.patient], self.asker.now).await?;
                let may =
                    |one: &&Booked| may_touch(person.verified, self.asker.conversation, one.conversation);
                Ok(rows_or_none(booked.iter().filter(may).map(appointment_row).collect()))
            }
            "agenda.citas_de_hoy" => {
                let person = self.patient(tx, arguments).await?;
                let today = self.today().await?;
                let booked = booking::upcoming(tx, &[person.patient], self.asker.now - LATE).await?;
                let may = |one: &&Booked| {
                    one.slot.day() == today
                        && may_touch(person.verified, self.asker.conversation, one.conversation)
                };
                Ok(rows_or_none(booked.iter().filter(may).map(begun_row).collect()))
            }
            "espera.anotadas" => {
                let person = self.patient(tx, arguments).await?;
                let zone = self.agenda.zone(self.asker.center, self.asker.now).await?;
                let waiting = waitlist::of_patient(tx, person.patient).await?;
                let may =
                    |one: &&Waiting| may_touch(person.verified, self.asker.conversation, one.conversation);
                Ok(rows_or_none(waiting.iter().filter(may).map(|one| waiting_row(one, zone)).collect()))
            }
            "privacidad.primera_vez" if !self.asker.first_contact => Ok(outcome("none")),
            "privacidad.primera_vez" => {
                let card = self.card(tx).await?;
                Ok(one(center_row(self.asker.center, &card)))
            }
            _ => Err(arguments.malformed("it is not a read port")),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one question")]
    async fn search(
        &self,
        tx: &mut PgConnection,
        arguments: &Arguments<'_>,
        appointment_type: AppointmentTypeId,
        patient: Option<PatientId>,
        moving: Option<AppointmentId>,
        except: &[String],
        held: &[AppointmentId],
    ) -> Result<Got, AnswerError> {
        let window = arguments.window("cuando")?.unwrap_or(Window::ANY);
        let limit = match arguments.get("limite") {
            Some(Value::Number(limit)) => usize::try_from(*limit).unwrap_or(HOURS),
            _ => HOURS,
        };
        let search = Search {
            center: self.asker.center,
            appointment_type,
            patient,
            doctor: arguments.id_if_any("profesional")?.map(DoctorId),
            window,
            now: self.asker.now,
            limit,
            except: except.iter().filter_map(|key| key.parse().ok()).collect(),
            free_for: FreeFor { holds: held.to_vec(), moving },
        };
        let zone = self.agenda.zone(self.asker.center, self.asker.now).await?;
        let place = self.card(tx).await?.place();
        let offers = self.agenda.search(&search).await?;
        Ok(rows_or_none(offers.iter().map(|offer| hour_row(offer, zone, &place)).collect()))
    }
}

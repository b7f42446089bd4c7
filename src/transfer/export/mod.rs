//! Moving a centre's agenda out: as the CSV that the import reads, as a calendar (.ics), and as FHIR R4.
//!
//! Guarantees: the CSV, imported again, changes nothing; a calendar tells nobody who is treated, for it leaves the
//! house; FHIR names patients by their RUN alone.

mod calendar;
mod fhir;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sqlx::PgPool;

use super::store::agenda_out as store;
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId};
use crate::scheduling::appointment::Status;
use crate::scheduling::slot::appointment_of_code;
use crate::scheduling::store::oracle;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// appointments.csv, as the import reads it
    Csv,
    /// A calendar: of a professional, or of one appointment
    Ics,
    /// FHIR R4: Schedule, Slot (free ones too) and Appointment in one Bundle
    Fhir,
}

/// Which part of the agenda.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The centre's code.
    pub center: String,
    /// Only of the professional of this code.
    pub doctor: Option<String>,
    /// Only this appointment.
    pub appointment: Option<AppointmentId>,
}

impl Asked {
    /// The appointment of a code that a patient quotes; the code itself when there can be none.
    ///
    /// # Errors
    /// When the text is no code.
    pub fn of_code(self, code: &str) -> Result<Self, ExportError> {
        let appointment = appointment_of_code(code).ok_or_else(|| ExportError::NoCode(code.to_owned()))?;
        Ok(Self { appointment: Some(appointment), ..self })
    }
}

/// An agenda could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is no such centre.
    #[error("there is no centre with the code `{0}`")]
    NoCenter(String),
    /// The text is no appointment's code.
    #[error("`{0}` is not the code of an appointment, as in 7KQ2M")]
    NoCode(String),
    /// The centre's zone is not in the zone database.
    #[error("the zone `{0}` of the centre is not an IANA zone")]
    BadZone(String),
    /// It could not be put into words.
    #[error("the agenda could not be written as FHIR")]
    Json(#[from] serde_json::Error),
    /// The database failed.
    #[error("the database failed while the agenda was read")]
    Store(#[from] sqlx::Error),
}

/// A centre as it is written out.
#[derive(Debug, Clone)]
pub struct Place {
    pub(super) id: CenterId,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) address: Option<String>,
    pub(super) zone: String,
    pub(super) kinds: Vec<AppointmentTypeId>,
}

/// An appointment as it is written out.
#[derive(Debug, Clone)]
pub struct Hour {
    pub(super) id: AppointmentId,
    pub(super) doctor_id: DoctorId,
    pub(super) doctor: String,
    pub(super) doctor_name: String,
    pub(super) profession: String,
    pub(super) kind: String,
    pub(super) kind_name: String,
    pub(super) patient_run: String,
    pub(super) start: NaiveDateTime,
    pub(super) starts_at: DateTime<Utc>,
    pub(super) ends_at: DateTime<Utc>,
    pub(super) status: Status,
    pub(super) lane: i16,
}

/// Writes the agenda of these days, `until` not among them.
///
/// # Errors
/// When there is no such centre or the database fails.
pub async fn export(
    pool: &PgPool,
    asked: &Asked,
    format: Format,
    from: NaiveDate,
    until: NaiveDate,
    now: DateTime<Utc>,
) -> Result<String, ExportError> {
    let mut conn = pool.acquire().await?;
    let place = store::place(&mut conn, &asked.center).await?;
    let place = place.ok_or_else(|| ExportError::NoCenter(asked.center.clone()))?;
    let hours = store::hours(&mut conn, place.id, asked, from, until).await?;
    Ok(match format {
        Format::Csv => csv(&place, &hours),
        Format::Ics => calendar::of(&place, &hours, now),
        Format::Fhir => {
            let zone = place.zone.parse().map_err(|_| ExportError::BadZone(place.zone.clone()))?;
            let mut free = Vec::new();
            if asked.appointment.is_none() && asked.doctor.is_none() {
                for kind in &place.kinds {
                    let found = oracle::search(&mut conn, place.id, *kind, None, from, until, now, i64::MAX);
                    free.extend(found.await?);
                }
            }
            let lasts = store::lasts(&mut conn, place.id, &free).await?;
            let free: Vec<_> = free.into_iter().zip(lasts).collect();
            serde_json::to_string_pretty(&fhir::bundle(&place, &hours, &free, zone))? + "\n"
        }
    })
}

/// The file that the import reads. A hold is a conversation's, and a sobrecupo is no hour of the week: neither is in it.
fn csv(place: &Place, hours: &[Hour]) -> String {
    let mut text = "center,doctor,patient_run,appointment_type,start,status\n".to_owned();
    for hour in hours.iter().filter(|hour| hour.status != Status::Pending && hour.lane == 0) {
        let start = hour.start.format("%Y-%m-%dT%H:%M").to_string();
        let cells =
            [place.code.as_str(), &hour.doctor, &hour.patient_run, &hour.kind, &start, hour.status.as_str()]
                .map(quoted);
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', ';']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

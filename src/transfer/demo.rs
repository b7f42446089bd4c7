//! The sample centre: a small invented CESFAM, with hours booked on the working days to come.

use chrono::NaiveDate;
use sqlx::PgPool;

use super::import::{ImportError, Options, Report, import_bytes};
use super::store;

/// The code of the sample centre.
pub const CENTER: &str = "demo";

const SAMPLE: [(&str, &[u8]); 8] = [
    ("centers.csv", include_bytes!("sample/centers.csv")),
    ("doctors.csv", include_bytes!("sample/doctors.csv")),
    ("appointment_types.csv", include_bytes!("sample/appointment_types.csv")),
    ("doctor_schedules.csv", include_bytes!("sample/doctor_schedules.csv")),
    ("patients.csv", include_bytes!("sample/patients.csv")),
    ("absences.csv", include_bytes!("sample/absences.csv")),
    ("holidays.csv", include_bytes!("sample/holidays.csv")),
    ("appointments.csv", include_bytes!("sample/appointments.csv")),
];

/// Loads the sample centre. A database that has it already keeps what was booked in it and gets no new hours.
///
/// # Errors
/// When the database fails.
pub async fn load_demo(pool: &PgPool, today: NaiveDate) -> Result<Report, ImportError> {
    let there = store::is_there(&mut *pool.acquire().await?, CENTER).await?;
    let files: Vec<(&'static str, &[u8])> =
        SAMPLE.into_iter().filter(|(file, _)| !there || *file != "appointments.csv").collect();
    import_bytes(pool, &files, &Options { dry_run: false, center: None, today }).await
}

//! The search in plain SQL: the second opinion on the map, and the baseline of its benchmark.
//!
//! `generate_series` over the schedules minus what overlaps. It knows nothing of the map and is never called by
//! a conversation. An hour that both the week and an opening of that day attend comes twice.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::id::{AppointmentTypeId, CenterId, DoctorId};
use crate::scheduling::slot::Slot;

/// The statement; parameters: center, type, doctors (null: all), first day, day after the last, now, limit.
pub const SEARCH: &str = include_str!("oracle.sql");

/// Every free hour of these days, soonest first.
///
/// # Errors
/// When the database fails.
#[expect(
    clippy::too_many_arguments,
    reason = "one for each parameter of the statement, which the benchmark explains with the same ones"
)]
pub async fn search(
    conn: &mut PgConnection,
    center: CenterId,
    kind: AppointmentTypeId,
    doctors: Option<&[DoctorId]>,
    from: NaiveDate,
    until: NaiveDate,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Slot>> {
    let doctors: Option<Vec<i64>> = doctors.map(|doctors| doctors.iter().map(|doctor| doctor.0).collect());
    let rows = sqlx::query_file!(
        "src/scheduling/store/oracle.sql",
        center.0,
        kind.0,
        doctors.as_deref() as Option<&[i64]>,
        from,
        until,
        now,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Slot { doctor: DoctorId(row.doctor_id), appointment_type: kind, start: row.start })
        .collect())
}

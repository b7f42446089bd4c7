//! What the map reads: a centre's plan, the busy minutes of days, and what changed since.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sqlx::PgConnection;

use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId, PatientId};
use crate::scheduling::absence::Absence;
use crate::scheduling::grid::{DayMask, MINUTES};
use crate::scheduling::map::AgendaError;
use crate::scheduling::plan::{Professional, Read, Service};
use crate::scheduling::schedule::{Exception, Opened, Visit, WeeklyBlock};

/// Everything the plan of a centre is made of. The version is read first: what changes while the rest is
/// read is announced with a higher one, and the plan is read again.
pub async fn plan(conn: &mut PgConnection, center: CenterId, since: NaiveDate) -> Result<Read, AgendaError> {
    let failed = |doing| move |source| AgendaError::Store { doing, source };
    let head =
        sqlx::query!(r#"select tz, code, region, agenda_version from centers where id = $1"#, center.0)
            .fetch_optional(&mut *conn)
            .await
            .map_err(failed("read the centre"))?
            .ok_or(AgendaError::NoCenter(center))?;
    let zone = head.tz.parse().map_err(|_| AgendaError::BadZone { center, zone: head.tz.clone() })?;

    let services = sqlx::query!(
        r#"select id as "id: AppointmentTypeId", code, name, patient_words, duration_min, buffer_after_min,
                  min_notice_min, max_horizon_days, bookable
             from appointment_types where center_id = $1"#,
        center.0
    )
    .map(|row| Service {
        id: row.id,
        code: row.code,
        name: row.name,
        patient_words: row.patient_words,
        visit: Visit { duration: small(row.duration_min), buffer: small(row.buffer_after_min) },
        min_notice_min: row.min_notice_min.unsigned_abs(),
        max_horizon_days: row.max_horizon_days.unsigned_abs(),
        bookable: row.bookable,
    })
    .fetch_all(&mut *conn)
    .await
    .map_err(failed("read the centre's appointment types"))?;

    let professionals = sqlx::query!(
        r#"select id as "id: DoctorId", full_name, profession, sector
             from doctors d
            where active
              and (center_id = $1 or exists (select from doctor_schedules s where s.doctor_id = d.id and s.center_id = $1)
                   or exists (select from schedule_exceptions e where e.doctor_id = d.id and e.center_id = $1 and e.day >= $2))"#,
        center.0,
        since
    )
    .map(|row| Professional { id: row.id, full_name: row.full_name, profession: row.profession, sector: row.sector })
    .fetch_all(&mut *conn)
    .await
    .map_err(failed("read the centre's professionals"))?;

    let blocks = sqlx::query!(
        r#"select doctor_id as "doctor: DoctorId", appointment_type_id as "kind: AppointmentTypeId", day_of_week, slot_minutes, duration_min,
                  (extract(epoch from start_time) / 60)::int as "start!", (extract(epoch from end_time) / 60)::int as "end!",
                  lower(valid) as valid_from, upper(valid) as valid_until
             from doctor_schedules
            where center_id = $1 and (upper(valid) is null or upper(valid) > $2)"#,
        center.0,
        since
    )
    .map(|row| WeeklyBlock {
        doctor: row.doctor,
        appointment_type: row.kind,
        weekday: u8::try_from(row.day_of_week).unwrap_or(0),
        start: small(row.start),
        end: small(row.end),
        step: small(row.slot_minutes),
        duration: row.duration_min.map(small),
        valid_from: row.valid_from,
        valid_until: row.valid_until,
    })
    .fetch_all(&mut *conn)
    .await
    .map_err(failed("read the centre's weekly agenda"))?;

    let absences = sqlx::query!(
        r#"select doctor_id as "doctor: DoctorId", lower(during) as since, upper(during) as until
             from absences
            where (center_id = $1 or doctor_id in (select doctor_id from doctor_schedules where center_id = $1
                                                  union select doctor_id from schedule_exceptions where center_id = $1 and day >= $2))
              -- a whole centre is closed only where it is closed
              and (doctor_id is not null or center_id = $1)
              and not during << tsrange($2::date::timestamp, null)"#,
        center.0,
        since
    )
    .map(|row| (row.doctor, Absence { from: row.since, until: row.until }))
    .fetch_all(&mut *conn)
    .await
    .map_err(failed("read the centre's absences"))?;

    let exceptions = sqlx::query!(
        r#"select doctor_id as "doctor: DoctorId", day, appointment_type_id as "kind: AppointmentTypeId", slot_minutes, duration_min,
                  (extract(epoch from start_time) / 60)::int as "start!", (extract(epoch from end_time) / 60)::int as "end!"
             from schedule_exceptions where center_id = $1 and day >= $2"#,
        center.0,
        since
    )
    .map(|row| Exception {
        doctor: row.doctor,
        day: row.day,
        start: small(row.start),
        end: small(row.end),
        opens: row.kind.map(|appointment_type| Opened {
            appointment_type,
            step: row.slot_minutes.map_or(1, small),
            duration: row.duration_min.map(small),
        }),
    })
    .fetch_all(&mut *conn)
    .await
    .map_err(failed("read the centre's exceptions"))?;

    let holidays = sqlx::query!(
        r#"select day, coalesce((extract(epoch from half_day_until) / 60)::int, 0) as "until!"
             from holidays where day >= $1 and scope = any(array['CL', $2, $3])"#,
        since,
        head.code,
        head.region
    )
    .map(|row| (row.day, minute(row.until)))
    .fetch_all(&mut *conn)
    .await
    .map_err(failed("read the holidays"))?;

    Ok(Read {
        center,
        version: head.agenda_version,
        zone,
        services,
        professionals,
        blocks,
        absences,
        exceptions,
        holidays,
    })
}

/// The busy minutes of one professional's day.
#[derive(Debug)]
pub struct DayRow {
    /// The professional.
    pub doctor: DoctorId,
    /// The wall day.
    pub day: NaiveDate,
    /// `doctor_days.version`, of the same snapshot.
    pub version: i64,
    /// Minutes that are taken, buffers included.
    pub busy: DayMask,
    /// When the first of the holds among them dies; the row is worth nothing after that.
    pub stale_at: Option<DateTime<Utc>>,
}

/// The busy minutes of these days, in wall time of `zone`.
pub async fn days(
    conn: &mut PgConnection,
    keys: &[(DoctorId, NaiveDate)],
    zone: chrono_tz::Tz,
    now: DateTime<Utc>,
) -> Result<Vec<DayRow>, AgendaError> {
    let (doctors, days): (Vec<i64>, Vec<NaiveDate>) =
        keys.iter().map(|(doctor, day)| (doctor.0, *day)).unzip();
    let rows = sqlx::query!(
        r#"select k.doctor_id as "doctor!: DoctorId", k.day as "day!", coalesce(v.version, 0) as "version!",
                  b.starts as "starts: Vec<i32>", b.ends as "ends: Vec<i32>", b.stale_at
             from unnest($1::bigint[], $2::date[]) as k(doctor_id, day)
             left join doctor_days v on v.doctor_id = k.doctor_id and v.day = k.day
             -- one index-only scan of ix_appointments_busy for each day
             left join lateral (
               select array_agg(floor(extract(epoch from (lower(a.busy) at time zone $3) - k.day::timestamp) / 60)::int) as starts,
                      array_agg(ceil(extract(epoch from (upper(a.busy) at time zone $3) - k.day::timestamp) / 60)::int) as ends,
                      min(a.hold_expires_at) as stale_at
                 from appointments a
                where a.appointment_date = k.day and a.doctor_id = k.doctor_id and a.blocks
                  and a.lane = 0 and a.busy is not null
                  -- a dead hold that nobody swept yet is in nobody's way
                  and (a.hold_expires_at is null or a.hold_expires_at > $4)
             ) b on true"#,
        &doctors,
        &days,
        zone.name(),
        now
    )
    .fetch_all(conn)
    .await
    .map_err(|source| AgendaError::Store { doing: "read the busy minutes of the agenda", source })?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let mut busy = DayMask::NONE;
        for (start, end) in row.starts.unwrap_or_default().into_iter().zip(row.ends.unwrap_or_default()) {
            busy.insert(minute(start), minute(end));
        }
        read.push(DayRow {
            doctor: row.doctor,
            day: row.day,
            version: row.version,
            busy,
            stale_at: row.stale_at,
        });
    }
    Ok(read)
}

/// What a search must know of a patient.
#[derive(Debug, Default)]
pub struct PatientRow {
    /// Their sector.
    pub sector: Option<String>,
    /// When they already have something: wall time, from, until before.
    pub engaged: Vec<(NaiveDateTime, NaiveDateTime)>,
    /// What counts as free although it is taken: professional, wall time from and until before.
    pub freed: Vec<(DoctorId, NaiveDateTime, NaiveDateTime)>,
}

/// What a search must know of a patient and of what counts as free, in one statement.
pub async fn patient(
    conn: &mut PgConnection,
    patient: Option<PatientId>,
    free: &[AppointmentId],
    zone: chrono_tz::Tz,
    now: DateTime<Utc>,
) -> Result<PatientRow, AgendaError> {
    let free: Vec<i64> = free.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"with mine as (
             select a.id, a.doctor_id, a.during, a.busy, a.id = any($2) as free
               from appointments a
              where a.id = any($2) and a.blocks
             union
             select a.id, a.doctor_id, a.during, a.busy, false
               from appointments a
              where a.patient_id = $1 and a.blocks and a.during && tstzrange($4, null) and a.id <> all($2)
                and (a.hold_expires_at is null or a.hold_expires_at > $4)
           )
           select p.sector as "sector?", m.doctor_id as "doctor?: DoctorId", m.free as "free?",
                  timezone($3, lower(m.during)) as "starts?", timezone($3, upper(m.during)) as "ends?",
                  timezone($3, lower(m.busy)) as "busy_from?", timezone($3, upper(m.busy)) as "busy_until?"
             from (select) as one left join patients p on p.id = $1 left join mine m on true"#,
        patient.map(|patient| patient.0),
        &free,
        zone.name(),
        now
    )
    .fetch_all(conn)
    .await
    .map_err(|source| AgendaError::Store { doing: "read the patient's hours", source })?;
    let mut known = PatientRow::default();
    for row in rows {
        known.sector = row.sector;
        match (row.free, row.doctor) {
            (Some(true), Some(doctor)) => {
                known
                    .freed
                    .extend(row.busy_from.zip(row.busy_until).map(|(from, until)| (doctor, from, until)));
            }
            _ => known.engaged.extend(row.starts.zip(row.ends)),
        }
    }
    Ok(known)
}

/// What changed on the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A professional's day.
    Day(DoctorId, NaiveDate, i64),
    /// A centre's weekly agenda.
    Center(CenterId, i64),
}

/// Everything that was committed since `horizon`, and the new horizon: all transactions older than that have ended.
pub async fn changes(conn: &mut PgConnection, horizon: i64) -> Result<(i64, Vec<Change>), AgendaError> {
    let rows = sqlx::query!(
        r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "horizon!",
                  c.doctor_id as "doctor_id?: DoctorId", c.day as "day?", c.center_id as "center_id?: CenterId", c.version as "version?"
             from (select) as one left join map_changes c on c.xid >= $1::bigint::text::xid8"#,
        horizon
    )
    .fetch_all(conn)
    .await
    .map_err(|source| AgendaError::Store { doing: "read what changed on the agenda", source })?;
    let next = rows.first().map_or(horizon, |row| row.horizon);
    let changes = rows
        .into_iter()
        .filter_map(|row| match (row.doctor_id, row.day, row.center_id, row.version) {
            (Some(doctor), Some(day), _, Some(version)) => Some(Change::Day(doctor, day, version)),
            (_, _, Some(center), Some(version)) => Some(Change::Center(center, version)),
            _ => None,
        })
        .collect();
    Ok((next, changes))
}

/// The oldest transaction that may still run: changes before it have all been committed.
pub async fn horizon(conn: &mut PgConnection) -> Result<i64, AgendaError> {
    sqlx::query_scalar!(r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "horizon!""#)
        .fetch_one(conn)
        .await
        .map_err(|source| AgendaError::Store { doing: "read where the agenda's changes stand", source })
}

/// Forgets changes that every reader has long seen. Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn prune_changes(conn: &mut PgConnection) -> Result<u64, AgendaError> {
    sqlx::query!(
        "delete from map_changes where at < app_now() - interval '1 hour' and xid < pg_snapshot_xmin(pg_current_snapshot())"
    )
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
    .map_err(|source| AgendaError::Store { doing: "prune the agenda's changes", source })
}

fn small(number: i32) -> u16 {
    u16::try_from(number).unwrap_or(0)
}

fn minute(number: i32) -> u16 {
    u16::try_from(number.clamp(0, i32::from(MINUTES))).unwrap_or(0)
}

//! The agenda as it is written out.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sqlx::PgConnection;

use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId};
use crate::scheduling::slot::Slot;
use crate::transfer::export::{Asked, Hour, Place};

/// The centre of this code.
pub(in crate::transfer) async fn place(conn: &mut PgConnection, code: &str) -> sqlx::Result<Option<Place>> {
    let row = sqlx::query!(
        r#"select c.id as "id: CenterId", c.name, c.address, c.tz,
                  array(select t.id from appointment_types t where t.center_id = c.id order by t.id) as "kinds!"
             from centers c where c.code = $1"#,
        code
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Place {
        id: row.id,
        code: code.to_owned(),
        name: row.name,
        address: row.address,
        zone: row.tz,
        kinds: row.kinds.into_iter().map(AppointmentTypeId).collect(),
    }))
}

struct Row {
    id: AppointmentId,
    doctor_id: DoctorId,
    doctor: String,
    doctor_name: String,
    profession: String,
    kind: String,
    kind_name: String,
    patient_run: String,
    start: NaiveDateTime,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    status: String,
    lane: i16,
}

/// The appointments of a centre's days, in order of time. What died unbooked is nobody's appointment.
pub(in crate::transfer) async fn hours(
    conn: &mut PgConnection,
    center: CenterId,
    asked: &Asked,
    from: NaiveDate,
    until: NaiveDate,
) -> sqlx::Result<Vec<Hour>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select a.id as "id: AppointmentId", d.id as "doctor_id: DoctorId", d.code as doctor, d.full_name as doctor_name, d.profession,
                  t.code as kind, t.name as kind_name, p.run_num || '-' || p.run_dv as "patient_run!",
                  a.appointment_date + a.start_local as "start!", lower(a.during) as "starts_at!", upper(a.during) as "ends_at!", a.status, a.lane
             from appointments a
             join doctors d on d.id = a.doctor_id join appointment_types t on t.id = a.appointment_type_id join patients p on p.id = a.patient_id
            where a.center_id = $1 and a.appointment_date >= $2 and a.appointment_date < $3 and a.status <> 'EXPIRED'
              and ($4::text is null or d.code = $4) and ($5::bigint is null or a.id = $5)
            order by lower(a.during), a.id"#,
        center.0,
        from,
        until,
        asked.doctor,
        asked.appointment.map(|appointment| appointment.0),
    )
    .fetch_all(conn)
    .await?;
    let hour = |row: Row| {
        Some(Hour {
            status: row.status.parse().ok()?,
            id: row.id,
            doctor_id: row.doctor_id,
            doctor: row.doctor,
            doctor_name: row.doctor_name,
            profession: row.profession,
            kind: row.kind,
            kind_name: row.kind_name,
            patient_run: row.patient_run,
            start: row.start,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            lane: row.lane,
        })
    };
    Ok(rows.into_iter().filter_map(hour).collect())
}

/// How many minutes a visit of each of these free hours takes.
pub(in crate::transfer) async fn lasts(
    conn: &mut PgConnection,
    center: CenterId,
    slots: &[Slot],
) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        r#"select coalesce((select min(h.lasts) from attended($1, r.doctor_id, r.kind, r.start, null) h where h.on_grid), t.duration_min) as "lasts!"
             from unnest($2::bigint[], $3::bigint[], $4::timestamp[]) with ordinality as r(doctor_id, kind, start, n)
             join appointment_types t on t.id = r.kind
            order by r.n"#,
        center.0,
        &slots.iter().map(|slot| slot.doctor.0).collect::<Vec<_>>(),
        &slots.iter().map(|slot| slot.appointment_type.0).collect::<Vec<_>>(),
        &slots.iter().map(|slot| slot.start).collect::<Vec<_>>(),
    )
    .fetch_all(conn)
    .await
}

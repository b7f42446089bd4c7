//! The SQL of what staff does to an appointment: the days are locked first, then it is looked at and written.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::place;
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId, PatientId};
use crate::scheduling::appointment::{LIFE, Status};
use crate::scheduling::life::{StepOutcome, StepRequest, UndoOutcome, UndoRequest};
use crate::scheduling::request::{DayChange, Written};
use crate::scheduling::slot::Slot;

/// From where a step may be taken, and on what condition.
#[derive(Debug, Clone, Copy)]
pub(in crate::scheduling) struct Allowed {
    pub(in crate::scheduling) from: &'static str,
    pub(in crate::scheduling) when: &'static str,
    pub(in crate::scheduling) reasoned: bool,
}

/// Takes one step with each of these.
pub(in crate::scheduling) async fn step(
    tx: &mut PgConnection,
    request: &StepRequest,
    to: Status,
    allowed: &[Allowed],
) -> sqlx::Result<Written<Vec<(AppointmentId, StepOutcome)>>> {
    let ids: Vec<i64> = request.appointments.iter().map(|id| id.0).collect();
    let days = sqlx::query!(
        r#"with patience as materialized (
             select set_config('lock_timeout', '2s', true)
           )
           insert into doctor_days as d (doctor_id, day, version)
           select distinct a.doctor_id, a.appointment_date, 1 from patience cross join appointments a
            where a.id = any($1) and a.center_id = $2 order by 1, 2
               on conflict (doctor_id, day) do update set version = d.version + 1
           returning d.doctor_id, d.day, d.version"#,
        &ids,
        request.center.0
    )
    .fetch_all(&mut *tx)
    .await?;
    let doctors: Vec<i64> = days.iter().map(|day| day.doctor_id).collect();
    let versions: Vec<i64> = days.iter().map(|day| day.version).collect();
    let days: Vec<NaiveDate> = days.iter().map(|day| day.day).collect();
    let reason = request.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let rows = sqlx::query!(
        r#"with judged as materialized (
             select q.id, a.status, case
               when a.id is null then 'unknown'
               when a.status = $4 then 'already'
               when s.from_status is null then 'not'
               when s.at_time = 'day' and a.appointment_date <> (app_now() at time zone c.tz)::date
                 or s.at_time = 'begun' and lower(a.during) > app_now() then 'early'
               when s.reasoned and $8::text is null then 'why'
               else 'done' end as is
               from unnest($1::bigint[]) as q(id)
               left join appointments a on a.id = q.id and a.center_id = $2
               left join centers c on c.id = a.center_id
               left join unnest($5::text[], $6::text[], $7::bool[]) as s(from_status, at_time, reasoned) on s.from_status = a.status
           ), stepped as (
             update appointments a set status = $4
               from judged j where a.id = j.id and j.is = 'done' and a.status = j.status
             returning a.id, a.doctor_id, a.appointment_date, j.status as before, a.blocks
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, actor_id, from_status, to_status, reason)
             select id, app_now(), 'staff', $3, before, $4, $8 from stepped
           ), announced as (
             -- only what frees an hour is news to the map
             insert into map_changes (doctor_id, day, version, at)
             select l.doctor_id, l.day, l.version, app_now()
               from unnest($9::bigint[], $10::date[], $11::bigint[]) as l(doctor_id, day, version)
              where exists (select from stepped s where not s.blocks and (s.doctor_id, s.appointment_date) = (l.doctor_id, l.day))
             returning doctor_id, day, version
           )
           select j.id as "id!: AppointmentId", j.status as "status?", j.is as "is!",
                  a.doctor_id as "doctor?: DoctorId", a.day as "day?", a.version as "version?"
             from judged j
             left join stepped s on s.id = j.id
             left join announced a on a.doctor_id = s.doctor_id and a.day = s.appointment_date"#,
        &ids,
        request.center.0,
        request.staff,
        to.as_str(),
        &allowed.iter().map(|step| step.from.to_owned()).collect::<Vec<_>>(),
        &allowed.iter().map(|step| step.when.to_owned()).collect::<Vec<_>>(),
        &allowed.iter().map(|step| step.reasoned).collect::<Vec<_>>(),
        reason,
        &doctors,
        &days,
        &versions,
    )
    .fetch_all(tx)
    .await?;
    let mut changed: Vec<DayChange> = Vec::new();
    let mut outcome = Vec::new();
    for row in rows {
        let stands = row.status.and_then(|status| status.parse().ok());
        outcome.push((
            row.id,
            match (row.is.as_str(), stands) {
                ("done", _) => StepOutcome::Done,
                ("already", _) => StepOutcome::Already,
                ("early", _) => StepOutcome::TooEarly,
                ("why", _) => StepOutcome::NeedsReason,
                (_, Some(status)) => StepOutcome::NotFrom(status),
                (_, None) => StepOutcome::Unknown,
            },
        ));
        if let (Some(doctor), Some(day), Some(version)) = (row.doctor, row.day, row.version) {
            let change = DayChange { doctor, day, version };
            if !changed.contains(&change) {
                changed.push(change);
            }
        }
    }
    Ok(Written { outcome, changed })
}

/// Whose appointment this is, and its hour.
pub(in crate::scheduling) async fn find(
    tx: &mut PgConnection,
    center: CenterId,
    appointment: AppointmentId,
) -> sqlx::Result<Option<(PatientId, Slot)>> {
    let row = sqlx::query!(
        r#"select patient_id as "patient: PatientId", doctor_id as "doctor: DoctorId",
                  appointment_type_id as "kind: AppointmentTypeId", appointment_date + start_local as "start!"
             from appointments where id = $1 and center_id = $2"#,
        appointment.0,
        center.0
    )
    .fetch_optional(tx)
    .await?;
    Ok(row
        .map(|row| (row.patient, Slot { doctor: row.doctor, appointment_type: row.kind, start: row.start })))
}

/// Takes the last step back.
pub(in crate::scheduling) async fn undo(
    tx: &mut PgConnection,
    request: &UndoRequest,
    patient: PatientId,
    slot: &Slot,
) -> sqlx::Result<Written<UndoOutcome>> {
    let locked = place::lock(tx, request.center, patient, slot, &[request.appointment.0]).await?;
    let undoing = LIFE.iter().filter(|step| step.undoes);
    let (from, to): (Vec<String>, Vec<String>) = undoing
        .filter_map(|step| Some((step.from?.as_str().to_owned(), step.to.as_str().to_owned())))
        .unzip();
    let row = sqlx::query!(
        r#"with last as materialized (
             select a.*, e.from_status as back,
                    coalesce((a.status, e.from_status) in (select * from unnest($4::text[], $5::text[])), false) as can
               from appointments a
               left join lateral (
                 -- the last thing to happen; notes are no steps
                 select e.from_status from appointment_events e
                  where e.appointment_id = a.id and e.from_status is distinct from e.to_status
                  order by e.id desc limit 1) e on true
              where a.id = $1
           ), dead as (
             select a.id from appointments a
              where a.status = 'PENDING' and a.hold_expires_at <= app_now()
                and (a.doctor_id = $6 and a.appointment_date = $7::date or a.patient_id = $8)
                and (a.doctor_id, a.appointment_date) in (select * from unnest($9::bigint[], $10::date[]))
           ), others as (
             select a.patient_id = l.patient_id as own
               from last l join appointments a
                 on a.id <> l.id and a.blocks
                and (a.doctor_id = l.doctor_id and a.lane = l.lane and a.busy && l.busy or a.patient_id = l.patient_id and a.during && l.during)
              where not l.blocks and not (a.status = 'PENDING' and a.hold_expires_at <= app_now())
           ), verdict as (
             select case
               when not l.can then 'nothing'
               when exists (select from others where own) then 'yours'
               when exists (select from others) then 'taken'
               -- what was called off is booked again as if anew; what began stays a fact, whatever the agenda says today
               when l.status = 'CANCELLED' and lower(l.during) <= app_now() then 'past'
               when l.status = 'CANCELLED' and l.lane = 0 and not exists (
                 select from attended(l.center_id, l.doctor_id, l.appointment_type_id, l.appointment_date + l.start_local,
                                      (extract(epoch from upper(l.during) - lower(l.during)) / 60)::int)) then 'closed'
               else 'undone' end as is, l.id, l.status, l.back, l.blocks as blocked
               from last l
           ), expired as (
             update appointments a set status = 'EXPIRED', hold_expires_at = null
               from dead, verdict v where a.id = dead.id and a.status = 'PENDING' and v.is = 'undone' and not v.blocked
             returning a.id
           ), undone as (
             -- the count makes the hour free before it is taken again
             update appointments a set status = v.back
               from verdict v where a.id = v.id and a.status = v.status and v.is = 'undone' and (select count(*) from expired) >= 0
             returning a.id, a.blocks
           ), recorded as (
             insert into appointment_events (appointment_id, at, actor, actor_id, from_status, to_status, reason)
             select u.id, app_now(), 'staff', $2::bigint, v.status, v.back, $3 from undone u, verdict v
             union all select id, app_now(), 'system', null, 'PENDING', 'EXPIRED', null from expired
           ), announced as (
             insert into map_changes (doctor_id, day, version, at)
             select l.doctor_id, l.day, l.version, app_now()
               from unnest($9::bigint[], $10::date[], $11::bigint[]) as l(doctor_id, day, version)
              where exists (select from undone u, verdict v where u.blocks <> v.blocked)
             returning version
           )
           select v.is as "is!", v.status as "status!", v.back, exists (select from announced) as "changed!" from verdict v"#,
        request.appointment.0,
        request.staff,
        request.reason.trim(),
        &from,
        &to,
        slot.doctor.0,
        slot.day(),
        patient.0,
        &locked.doctors,
        &locked.days,
        &locked.versions,
    )
    .fetch_one(tx)
    .await?;
    let outcome = match (row.is.as_str(), row.back.and_then(|back| back.parse().ok()), row.status.parse()) {
        ("undone", Some(back), _) => UndoOutcome::Undone(back),
        ("taken", ..) => UndoOutcome::Taken,
        ("yours", ..) => UndoOutcome::Yours,
        ("past", ..) => UndoOutcome::Past,
        ("closed", ..) => UndoOutcome::Closed,
        (_, _, Ok(status)) => UndoOutcome::Nothing(status),
        (_, _, Err(_)) => UndoOutcome::Unknown,
    };
    Ok(Written { outcome, changed: if row.changed { locked.changes() } else { Vec::new() } })
}

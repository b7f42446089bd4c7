//! Who attends when: weekly blocks, absences and holidays, written under the locks that bookings take.

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;

use super::{NO_CENTER, NO_DOCTOR, NO_TYPE, Tally, column, complaint, lines, tally};
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId};
use crate::scheduling::store::absence::{self, NewAbsence};
use crate::scheduling::store::closing;
use crate::scheduling::store::exception::{self, NewException, NewOpening};
use crate::transfer::rows::{self, AbsenceRow, ExceptionRow, HolidayRow, Schedule};
use crate::transfer::sheet::{BadRow, Placed};

/// The file is the whole week of every professional it mentions: blocks that are not in it go.
pub(in crate::transfer) async fn schedules(
    tx: &mut PgConnection,
    rows: &[Placed<Schedule>],
    today: NaiveDate,
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<(Tally, Vec<AppointmentId>)> {
    let resolved = sqlx::query!(
        r#"select r.line as "line!", c.id as "center?: CenterId", d.id as "doctor?: DoctorId", t.id as "kind?"
             from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as r(line, center, doctor, kind)
             left join centers c on c.code = r.center
             left join doctors d on d.center_id = c.id and d.code = r.doctor
             left join appointment_types t on t.center_id = c.id and t.code = r.kind
            order by 1"#,
        &lines(rows),
        &column(rows, |row| row.center.clone()),
        &column(rows, |row| row.doctor.clone()),
        &column(rows, |row| row.appointment_type.clone()),
    )
    .fetch_all(&mut *tx)
    .await?;
    let before = bad.len();
    for row in &resolved {
        match (row.center, row.doctor, row.kind) {
            (None, ..) => bad.push(complaint(rows::SCHEDULES, Some(row.line), "center", NO_CENTER)),
            (_, None, _) => bad.push(complaint(rows::SCHEDULES, Some(row.line), "doctor", NO_DOCTOR)),
            (.., None) => bad.push(complaint(rows::SCHEDULES, Some(row.line), "appointment_type", NO_TYPE)),
            (Some(_), Some(_), Some(_)) => {}
        }
    }
    if bad.len() > before {
        return Ok((Tally::default(), Vec::new()));
    }
    let centers: Vec<i64> = resolved.iter().filter_map(|row| row.center).map(|center| center.0).collect();
    let doctors: Vec<i64> = resolved.iter().filter_map(|row| row.doctor).map(|doctor| doctor.0).collect();
    let kinds: Vec<i64> = resolved.iter().filter_map(|row| row.kind).collect();
    let weekdays = column(rows, |row| row.day_of_week);
    let starts = column(rows, |row| row.start);
    let ends = column(rows, |row| row.end);
    let steps = column(rows, |row| row.slot_minutes);
    let from = column(rows, |row| row.valid_from);
    let to = column(rows, |row| row.valid_to);
    let lasts = column(rows, |row| row.duration_min);

    // whose week changes, so that only their days are locked
    let touched = sqlx::query!(
        r#"with asked as (
             select r.doctor_id, r.center_id, r.day_of_week, r.start_time, r.end_time, r.slot_minutes, r.kind,
                    daterange(r.valid_from, r.valid_to, '[]') as valid, r.lasts
               from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::time[], $5::time[], $6::int[], $7::bigint[], $8::date[], $9::date[], $10::int[])
                 as r(doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid_from, valid_to, lasts)
           ), have as (
             select s.doctor_id, s.center_id, s.day_of_week, s.start_time, s.end_time, s.slot_minutes, s.appointment_type_id as kind, s.valid, s.duration_min
               from doctor_schedules s where (s.doctor_id, s.center_id) in (select doctor_id, center_id from asked)
           )
           select x.doctor_id as "doctor!: DoctorId", x.center_id as "center!: CenterId",
                  -- who attended before may be booked at this very moment; a first agenda has no days to lock
                  exists (select from have h where h.doctor_id = x.doctor_id)
                  or exists (select from appointments a where a.doctor_id = x.doctor_id and a.appointment_date >= $11 and a.blocks) as "attended!",
                  (select max(max_horizon_days) from appointment_types t where t.center_id = x.center_id) as "horizon!"
             from (select distinct doctor_id, center_id from ((table asked except table have) union all (table have except table asked)) d) x"#,
        &doctors,
        &centers,
        &weekdays,
        &starts,
        &ends,
        &steps,
        &kinds,
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        &lasts as &[Option<i32>],
        today,
    )
    .fetch_all(&mut *tx)
    .await?;
    if touched.is_empty() {
        return Ok((Tally::default(), Vec::new()));
    }
    let days: Vec<(DoctorId, NaiveDate)> = touched
        .iter()
        .filter(|row| row.attended)
        .flat_map(|row| {
            today.iter_days().take(usize::try_from(row.horizon).unwrap_or(0) + 1).map(|day| (row.doctor, day))
        })
        .collect();
    closing::lock_days(tx, &days).await?;

    let (touched_doctors, touched_centers): (Vec<i64>, Vec<i64>) =
        touched.iter().map(|row| (row.doctor.0, row.center.0)).unzip();
    let removed = sqlx::query!(
        r#"with asked as (
             select r.doctor_id, r.center_id, r.day_of_week, r.start_time, r.end_time, r.slot_minutes, r.kind,
                    daterange(r.valid_from, r.valid_to, '[]') as valid, r.lasts
               from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::time[], $5::time[], $6::int[], $7::bigint[], $8::date[], $9::date[], $10::int[])
                 as r(doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid_from, valid_to, lasts)
           )
           delete from doctor_schedules s
            where (s.doctor_id, s.center_id) in (select * from unnest($11::bigint[], $12::bigint[]))
              -- `not in` would be null for the many blocks without a length of their own
              and not exists (
                select from asked a
                 where (a.doctor_id, a.center_id, a.day_of_week, a.start_time, a.end_time, a.slot_minutes, a.kind, a.valid)
                     = (s.doctor_id, s.center_id, s.day_of_week, s.start_time, s.end_time, s.slot_minutes, s.appointment_type_id, s.valid)
                   and a.lasts is not distinct from s.duration_min)"#,
        &doctors,
        &centers,
        &weekdays,
        &starts,
        &ends,
        &steps,
        &kinds,
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        &lasts as &[Option<i32>],
        &touched_doctors,
        &touched_centers,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    let written = sqlx::query!(
        r#"with asked as (
             select r.*, daterange(r.valid_from, r.valid_to, '[]') as valid
               from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::time[], $5::time[], $6::int[], $7::bigint[], $8::date[], $9::date[], $10::bigint[], $11::int[])
                 as r(doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid_from, valid_to, line, lasts)
           ), fresh as (
             select * from asked a
              where not exists (
                select from doctor_schedules s
                 where (s.doctor_id, s.center_id, s.day_of_week, s.start_time, s.end_time, s.slot_minutes, s.appointment_type_id, s.valid)
                     = (a.doctor_id, a.center_id, a.day_of_week, a.start_time, a.end_time, a.slot_minutes, a.kind, a.valid)
                   and s.duration_min is not distinct from a.lasts)
           ), added as (
             insert into doctor_schedules as s (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id, valid, duration_min)
             select doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, kind, valid, lasts from fresh order by line
                 on conflict do nothing
             returning s.doctor_id, s.day_of_week, s.start_time, s.valid
           )
           -- a row that is not there now overlaps another: of this file, or of another centre
           select f.line as "line!", exists (
                    select from added s where (s.doctor_id, s.day_of_week, s.start_time, s.valid) = (f.doctor_id, f.day_of_week, f.start_time, f.valid)
                  ) as "added!"
             from fresh f order by 1"#,
        &doctors,
        &centers,
        &weekdays,
        &starts,
        &ends,
        &steps,
        &kinds,
        &from as &[Option<NaiveDate>],
        &to as &[Option<NaiveDate>],
        &lines(rows),
        &lasts as &[Option<i32>],
    )
    .fetch_all(&mut *tx)
    .await?;
    let overlap =
        "overlaps another block of the same professional on that day, in this file or at another centre";
    bad.extend(
        written
            .iter()
            .filter(|row| !row.added)
            .map(|row| complaint(rows::SCHEDULES, Some(row.line), "start_time", overlap)),
    );
    let doctors: Vec<DoctorId> = touched.iter().map(|row| row.doctor).collect();
    let misfits = closing::misfits(tx, &doctors, today).await?;
    let added = written.iter().filter(|row| row.added).count() as u64;
    Ok((Tally { added, changed: removed }, misfits))
}

pub(in crate::transfer) async fn absences(
    tx: &mut PgConnection,
    rows: &[Placed<AbsenceRow>],
    today: NaiveDate,
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<(Tally, Vec<AppointmentId>)> {
    let fresh = sqlx::query!(
        r#"select r.line as "line!", c.id as "center?: CenterId", d.id as "doctor?: DoctorId", r.doctor is null as "whole!"
             from unnest($1::bigint[], $2::text[], $3::text[]) as r(line, center, doctor)
             left join centers c on c.code = r.center
             left join doctors d on d.center_id = c.id and d.code = r.doctor
            order by 1"#,
        &lines(rows),
        &column(rows, |row| row.center.clone()),
        &column(rows, |row| row.doctor.clone()) as &[Option<String>],
    )
    .fetch_all(&mut *tx)
    .await?;
    let before = bad.len();
    for row in &fresh {
        if row.center.is_none() {
            bad.push(complaint(rows::ABSENCES, Some(row.line), "center", NO_CENTER));
        } else if row.doctor.is_none() && !row.whole {
            bad.push(complaint(rows::ABSENCES, Some(row.line), "doctor", NO_DOCTOR));
        }
    }
    if bad.len() > before {
        return Ok((Tally::default(), Vec::new()));
    }
    let new = fresh.iter().zip(rows).filter_map(|(row, placed)| {
        Some(NewAbsence {
            center: row.center?,
            doctor: row.doctor,
            from: placed.value.from,
            until: placed.value.until,
            reason: placed.value.reason.clone(),
        })
    });
    let (added, misfits) = absence::absences(tx, &new.collect::<Vec<_>>(), today).await?;
    Ok((Tally { added, changed: 0 }, misfits))
}

pub(in crate::transfer) async fn exceptions(
    tx: &mut PgConnection,
    rows: &[Placed<ExceptionRow>],
    today: NaiveDate,
    bad: &mut Vec<BadRow>,
) -> sqlx::Result<(Tally, Vec<AppointmentId>)> {
    let resolved = sqlx::query!(
        r#"select r.line as "line!", c.id as "center?: CenterId", d.id as "doctor?: DoctorId", t.id as "kind?: AppointmentTypeId",
                  r.doctor is null as "whole!", r.kind is null as "closes!"
             from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as r(line, center, doctor, kind)
             left join centers c on c.code = r.center
             left join doctors d on d.center_id = c.id and d.code = r.doctor
             left join appointment_types t on t.center_id = c.id and t.code = r.kind
            order by 1"#,
        &lines(rows),
        &column(rows, |row| row.center.clone()),
        &column(rows, |row| row.doctor.clone()) as &[Option<String>],
        &column(rows, |row| row.opens.as_ref().map(|opens| opens.appointment_type.clone())) as &[Option<String>],
    )
    .fetch_all(&mut *tx)
    .await?;
    let before = bad.len();
    for row in &resolved {
        if row.center.is_none() {
            bad.push(complaint(rows::EXCEPTIONS, Some(row.line), "center", NO_CENTER));
        } else if row.doctor.is_none() && !row.whole {
            bad.push(complaint(rows::EXCEPTIONS, Some(row.line), "doctor", NO_DOCTOR));
        } else if row.kind.is_none() && !row.closes {
            bad.push(complaint(rows::EXCEPTIONS, Some(row.line), "appointment_type", NO_TYPE));
        }
    }
    if bad.len() > before {
        return Ok((Tally::default(), Vec::new()));
    }
    let new = resolved.iter().zip(rows).filter_map(|(row, placed)| {
        let opens = placed.value.opens.as_ref().zip(row.kind).map(|(opens, appointment_type)| NewOpening {
            appointment_type,
            slot_minutes: opens.slot_minutes,
            duration_min: opens.duration_min,
        });
        Some(NewException {
            center: row.center?,
            doctor: row.doctor,
            day: placed.value.day,
            start: placed.value.start,
            end: placed.value.end,
            opens,
            reason: placed.value.reason.clone(),
        })
    });
    let (there, added, misfits) = exception::exceptions(tx, &new.collect::<Vec<_>>(), today).await?;
    let overlap =
        "overlaps another opening of the same professional on that day, in this file or in the database";
    let lost = there.iter().zip(&resolved).filter(|(there, _)| !**there);
    bad.extend(lost.map(|(_, row)| complaint(rows::EXCEPTIONS, Some(row.line), "start_time", overlap)));
    Ok((Tally { added, changed: 0 }, misfits))
}

pub(in crate::transfer) async fn holidays(
    tx: &mut PgConnection,
    rows: &[Placed<HolidayRow>],
    today: NaiveDate,
) -> sqlx::Result<(Tally, Vec<AppointmentId>)> {
    let (named, scopes) = (column(rows, |row| row.day), column(rows, |row| row.scope.clone()));
    let halves = column(rows, |row| row.half_day_until);
    // the professionals and days that each new holiday closes, locked before it is written
    let closed = sqlx::query!(
        r#"select distinct s.doctor_id as "doctor: DoctorId", r.day as "day!"
             from unnest($1::date[], $2::text[], $4::time[]) as r(day, scope, half_day_until)
             join centers c on r.scope in ('CL', c.code, c.region)
             join doctor_schedules s on s.center_id = c.id
            where r.day between $3::date and $3::date + 400
              and not exists (select from holidays h
                               where h.day = r.day and h.scope = r.scope and h.half_day_until is not distinct from r.half_day_until)"#,
        &named,
        &scopes,
        today,
        &halves as &[Option<NaiveTime>],
    )
    .fetch_all(&mut *tx)
    .await?;
    let days: Vec<(DoctorId, NaiveDate)> = closed.iter().map(|row| (row.doctor, row.day)).collect();
    closing::lock_days(tx, &days).await?;
    let inserted = sqlx::query_scalar!(
        r#"insert into holidays as h (day, name, scope, half_day_until)
           select distinct on (r.day, r.scope) r.day, r.name, r.scope, r.half_day_until
             from unnest($1::date[], $2::text[], $3::text[], $4::time[]) as r(day, name, scope, half_day_until)
               on conflict (day, scope) do update set name = excluded.name, half_day_until = excluded.half_day_until
               where (h.name, h.half_day_until) is distinct from (excluded.name, excluded.half_day_until)
           returning (xmax = 0) as "inserted!""#,
        &named,
        &column(rows, |row| row.name.clone()),
        &scopes,
        &halves as &[Option<NaiveTime>],
    )
    .fetch_all(&mut *tx)
    .await?;
    let misfits = closing::misfits(tx, &closing::distinct(&days), today).await?;
    Ok((tally(&inserted), misfits))
}

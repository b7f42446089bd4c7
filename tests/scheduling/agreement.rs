//! Three ways to find free hours give one answer on random agendas, in every zone of Chile, on days on which
//! the clock changes too.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use smartsalud::id::{AppointmentTypeId, CenterId, DoctorId};
use smartsalud::scheduling::availability::{DayBlock, DoctorDay, by_subtraction};
use smartsalud::scheduling::schedule::Visit;
use smartsalud::scheduling::store::oracle;
use smartsalud::scheduling::{Agenda, FreeFor, Search, Slot, wall};
use smartsalud::value::Window;
use sqlx::PgPool;

use crate::world::{database, drop_database};

const ZONES: [chrono_tz::Tz; 4] = [
    chrono_tz::America::Santiago,
    chrono_tz::America::Punta_Arenas,
    chrono_tz::America::Coyhaique,
    chrono_tz::Pacific::Easter,
];
const DOCTORS: i64 = 3;
const DAYS: u64 = 4;

#[derive(Debug, Clone)]
struct Case {
    zone: chrono_tz::Tz,
    first: NaiveDate,
    hour: u32,
    visit: Visit,
    notice: u16,
    horizon: u16,
    /// doctor, weekday, start, length, step
    blocks: Vec<(i64, u8, u16, u16, u16)>,
    /// doctor (0: all), day, start, length
    absences: Vec<(i64, u64, u16, u16)>,
    holiday: Option<u64>,
    /// doctor, day, start, length, buffer, minutes until the hold dies (0: booked)
    taken: Vec<(i64, u64, u16, u16, u16, i64)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let firsts = prop::sample::select(vec![
        "2026-09-04",
        "2026-04-02",
        "2026-11-23",
        "2027-09-03",
        "2027-04-02",
        "2028-02-27",
    ]);
    let shape = (0..4usize, firsts, 0..24u32, 5u16..90, 0u16..20, 0u16..300, 1u16..5);
    let blocks = prop::collection::vec((1..=DOCTORS, 1u8..=7, 0u16..1380, 10u16..600, 1u16..60), 4..24);
    let absences = prop::collection::vec((0..=DOCTORS, 0..DAYS, 0u16..1440, 1u16..2000), 0..3);
    let taken =
        prop::collection::vec((1..=DOCTORS, 0..DAYS, 0u16..1430, 1u16..90, 0u16..20, -60i64..60), 0..40);
    (shape, blocks, absences, prop::option::of(0..DAYS), taken).prop_map(
        |((zone, first, hour, duration, buffer, notice, horizon), blocks, absences, holiday, taken)| Case {
            zone: ZONES[zone],
            first: first.parse().unwrap(),
            hour,
            visit: Visit { duration, buffer },
            notice,
            horizon,
            blocks,
            absences,
            holiday,
            taken: taken
                .into_iter()
                .map(|(doctor, day, start, long, buffer, dies)| {
                    (doctor, day, start, long, buffer, dies.max(0))
                })
                .collect(),
        },
    )
}

/// Writes the case and answers the first opinion: intervals subtracted, from what was really written.
async fn write(pool: &PgPool, case: &Case) -> (CenterId, AppointmentTypeId, DateTime<Utc>, BTreeSet<Slot>) {
    sqlx::raw_sql("truncate centers, holidays restart identity cascade").execute(pool).await.unwrap();
    let midnight = case.first.and_time(NaiveTime::MIN);
    let now = instant_near(case.zone, case.first, case.hour);
    let center: i64 =
        sqlx::query_scalar("insert into centers (code, name, tz) values ('x', 'X', $1) returning id")
            .bind(case.zone.name())
            .fetch_one(pool)
            .await
            .unwrap();
    let kind: i64 = sqlx::query_scalar("insert into appointment_types (center_id, code, name, duration_min, buffer_after_min, min_notice_min, max_horizon_days) values ($1, 'k', 'K', $2, $3, $4, $5) returning id")
        .bind(center)
        .bind(i32::from(case.visit.duration))
        .bind(i32::from(case.visit.buffer))
        .bind(i32::from(case.notice))
        .bind(i32::from(case.horizon))
        .fetch_one(pool)
        .await
        .unwrap();
    sqlx::query("insert into doctors (center_id, code, full_name, profession) select $1, n::text, n::text, 'p' from generate_series(1, $2) n").bind(center).bind(DOCTORS).execute(pool).await.unwrap();
    let patient: i64 = sqlx::query_scalar("insert into patients (center_id, run_num, run_dv, full_name, birth_date) values ($1, 1, '9', 'P', '1980-01-01') returning id").bind(center).fetch_one(pool).await.unwrap();
    // overlapping blocks and visits are refused by the constraints; what is left is the case
    for (doctor, weekday, start, long, step) in &case.blocks {
        let end = (*start + *long).min(1439);
        sqlx::query("insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing")
            .bind(doctor)
            .bind(center)
            .bind(i16::from(*weekday))
            .bind(NaiveTime::MIN + TimeDelta::minutes(i64::from(*start)))
            .bind(NaiveTime::MIN + TimeDelta::minutes(i64::from(end)))
            .bind(i32::from(*step))
            .bind(kind)
            .execute(pool)
            .await
            .unwrap();
    }
    for (doctor, day, start, long) in &case.absences {
        let from = midnight + TimeDelta::minutes(i64::try_from(*day).unwrap() * 1440 + i64::from(*start));
        sqlx::query("insert into absences (center_id, doctor_id, during, reason) values ($1, nullif($2, 0), tsrange($3, $4), 'x') on conflict do nothing")
            .bind(center)
            .bind(doctor)
            .bind(from)
            .bind(from + TimeDelta::minutes(i64::from(*long)))
            .execute(pool)
            .await
            .unwrap();
    }
    if let Some(day) = case.holiday {
        sqlx::query("insert into holidays values ($1, 'x', 'CL')")
            .bind(case.first + chrono::Days::new(day))
            .execute(pool)
            .await
            .unwrap();
    }
    sqlx::raw_sql("alter table appointments drop constraint if exists patient_no_overlap")
        .execute(pool)
        .await
        .unwrap();
    for (doctor, day, start, long, buffer, dies) in &case.taken {
        let local = midnight + TimeDelta::minutes(i64::try_from(*day).unwrap() * 1440 + i64::from(*start));
        let Some(at) = wall::instant(case.zone, local) else { continue };
        // an hour is given only where it begins and ends on one day of the clock
        let end = at + TimeDelta::minutes(i64::from(long + buffer));
        if wall::wall(case.zone, end).date() != local.date()
            || wall::odd_minutes(case.zone, local.date()).is_some()
        {
            continue;
        }
        sqlx::query(
            "insert into appointments (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy, status, hold_expires_at, created_at)
             values ($1, $2, $3, $4, $5, $6, tstzrange($7, $8), tstzrange($7, $9), case when $10 = 0 then 'CONFIRMED' else 'PENDING' end,
                     case when $10 > 0 then $11 + make_interval(mins => $10::int - 30) end, $11) on conflict do nothing",
        )
        .bind(center)
        .bind(doctor)
        .bind(patient)
        .bind(kind)
        .bind(local.date())
        .bind(local.time())
        .bind(at)
        .bind(at + TimeDelta::minutes(i64::from(*long)))
        .bind(end)
        .bind(dies)
        .bind(now)
        .execute(pool)
        .await
        .unwrap();
    }
    let expected = subtract(pool, case, AppointmentTypeId(kind), now).await;
    (CenterId(center), AppointmentTypeId(kind), now, expected)
}

async fn subtract(pool: &PgPool, case: &Case, kind: AppointmentTypeId, now: DateTime<Utc>) -> BTreeSet<Slot> {
    let blocks: Vec<(i64, i16, NaiveTime, NaiveTime, i32)> = sqlx::query_as(
        "select doctor_id, day_of_week, start_time, end_time, slot_minutes from doctor_schedules",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let absences: Vec<(Option<i64>, NaiveDateTime, NaiveDateTime)> =
        sqlx::query_as("select doctor_id, lower(during), upper(during) from absences")
            .fetch_all(pool)
            .await
            .unwrap();
    let taken: Vec<(i64, NaiveDate, NaiveTime, i32)> = sqlx::query_as(
        "select doctor_id, appointment_date, start_local, (extract(epoch from upper(busy) - lower(busy)) / 60)::int from appointments where hold_expires_at is null or hold_expires_at > $1",
    )
    .bind(now)
    .fetch_all(pool)
    .await
    .unwrap();
    let minute = |time: NaiveTime| u16::try_from((time - NaiveTime::MIN).num_minutes()).unwrap();
    let last = wall::wall(case.zone, now).date() + chrono::Days::new(u64::from(case.horizon));
    let mut free = BTreeSet::new();
    for day in case.first.iter_days().take(usize::try_from(DAYS).unwrap()).filter(|day| *day <= last) {
        if case.holiday.is_some_and(|holiday| case.first + chrono::Days::new(holiday) == day) {
            continue;
        }
        let midnight = day.and_time(NaiveTime::MIN);
        for doctor in 1..=DOCTORS {
            let here = DoctorDay {
                blocks: blocks
                    .iter()
                    .filter(|block| {
                        block.0 == doctor
                            && u32::try_from(block.1).unwrap() == day.weekday().number_from_monday()
                    })
                    .map(|block| DayBlock {
                        start: minute(block.2),
                        end: minute(block.3),
                        step: u16::try_from(block.4).unwrap(),
                        visit: case.visit,
                        cut: vec![],
                    })
                    .collect(),
                busy: taken
                    .iter()
                    .filter(|one| (one.0, one.1) == (doctor, day))
                    .map(|one| (minute(one.2), minute(one.2) + u16::try_from(one.3).unwrap()))
                    .collect(),
                closed: absences
                    .iter()
                    .filter(|one| one.0.is_none_or(|whose| whose == doctor))
                    .filter(|one| one.1 < midnight + TimeDelta::days(1) && one.2 > midnight)
                    .map(|one| {
                        let clip = |at: NaiveDateTime| {
                            u16::try_from((at - midnight).num_minutes().clamp(0, 1440)).unwrap()
                        };
                        (clip(one.1), clip(one.2))
                    })
                    .collect(),
            };
            for start in by_subtraction(&here) {
                let start = midnight + TimeDelta::minutes(i64::from(start));
                let ends = start + TimeDelta::minutes(i64::from(case.visit.duration));
                let real = |at| wall::instant(case.zone, at).is_some();
                let Some(at) = wall::instant(case.zone, start) else { continue };
                // every minute of the visit is a minute of the clock
                let odd =
                    (0..(ends - start).num_minutes()).any(|minute| !real(start + TimeDelta::minutes(minute)));
                if at >= now + TimeDelta::minutes(i64::from(case.notice)) && !odd {
                    free.insert(Slot { doctor: DoctorId(doctor), appointment_type: kind, start });
                }
            }
        }
    }
    free
}

/// The instant of that wall hour, or of the next that exists once.
fn instant_near(zone: chrono_tz::Tz, day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let from = day.and_hms_opt(hour, 17, 0).unwrap();
    (0..4).find_map(|later| wall::instant(zone, from + TimeDelta::hours(later))).unwrap()
}

#[test]
fn bitmaps_subtraction_and_sql_agree() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pool, name) = runtime.block_on(database(4));
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() });
    let found = std::cell::Cell::new(0usize);
    let result = runner.run(&cases(), |case| {
        runtime.block_on(async {
            let (center, kind, now, expected) = write(&pool, &case).await;
            found.set(found.get() + expected.len());
            let until = case.first + chrono::Days::new(DAYS);
            let mut conn = pool.acquire().await.unwrap();
            let by_sql: BTreeSet<Slot> =
                oracle::search(&mut conn, center, kind, None, case.first, until, now, i64::MAX)
                    .await
                    .unwrap()
                    .into_iter()
                    .collect();
            let agenda = Agenda::start(pool.clone()).await.unwrap();
            let search = Search {
                center,
                appointment_type: kind,
                patient: None,
                doctor: None,
                window: Window { before: Some(until.and_time(NaiveTime::MIN)), ..Window::ANY },
                now,
                limit: usize::MAX,
                except: vec![],
                free_for: FreeFor::default(),
            };
            let by_map: BTreeSet<Slot> =
                agenda.search(&search).await.unwrap().into_iter().map(|offer| offer.slot).collect();
            let differences = |one: &BTreeSet<Slot>, other: &BTreeSet<Slot>| {
                one.symmetric_difference(other).map(ToString::to_string).collect::<Vec<_>>()
            };
            prop_assert_eq!(differences(&by_map, &expected), Vec::<String>::new(), "map against subtraction");
            prop_assert_eq!(differences(&by_sql, &expected), Vec::<String>::new(), "SQL against subtraction");
            Ok(())
        })
    });
    result.unwrap();
    assert!(found.get() > 1000, "random agendas with {} free hours in all prove nothing", found.get());
    runtime.block_on(drop_database(pool, &name));
}

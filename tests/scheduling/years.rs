//! A hundred thousand days of centres, every day of 2024 to 2035 in every zone of Chile: three ways to find free hours
//! give one answer, with schedules that change, days opened and closed, half holidays, absences and visits of any length.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use smartsalud::clock::Stopwatch;
use smartsalud::id::{AppointmentTypeId, CenterId, DoctorId};
use smartsalud::scheduling::availability::{DayBlock, DoctorDay, by_subtraction};
use smartsalud::scheduling::schedule::Visit;
use smartsalud::scheduling::store::{closing, oracle};
use smartsalud::scheduling::{Agenda, FreeFor, Search, Slot, wall};
use smartsalud::value::Window;
use sqlx::PgPool;

use crate::race::Draw;
use crate::world::{database, drop_database};

const ZONES: [chrono_tz::Tz; 4] = [
    chrono_tz::America::Santiago,
    chrono_tz::America::Punta_Arenas,
    chrono_tz::America::Coyhaique,
    chrono_tz::Pacific::Easter,
];
/// None, and two that have holidays of their own.
const REGIONS: [Option<&str>; 3] = [None, Some("CL-AP"), Some("CL-NB-chillan")];
/// Of each year.
const CENTERS: usize = 24;
const DOCTORS: i64 = 2;

/// One year of some centres, written by a few statements.
struct Year {
    first: NaiveDate,
    until: NaiveDate,
    draw: Draw,
}

/// A centre as it was written.
struct Written {
    id: i64,
    kind: i64,
    zone: chrono_tz::Tz,
    now: DateTime<Utc>,
    visit: Visit,
    notice: i64,
    horizon: u64,
    first_doctor: i64,
}

impl Year {
    fn day(&mut self) -> NaiveDate {
        let days = usize::try_from((self.until - self.first).num_days()).unwrap();
        self.first + Days::new(self.draw.below(days) as u64)
    }

    /// A stretch of a day that ends on it; one in four touches a midnight.
    fn stretch(&mut self, longest: usize) -> (i32, i32) {
        let long = i32::try_from(5 + self.draw.below(longest - 5)).unwrap();
        match self.draw.below(8) {
            0 => (0, long),
            1 => (1440 - long, 1440),
            _ => {
                let start = i32::try_from(self.draw.below(1435)).unwrap();
                (start, (start + long).min(1440))
            }
        }
    }

    async fn write(&mut self, pool: &PgPool) -> Vec<Written> {
        sqlx::raw_sql("truncate centers, holidays restart identity cascade").execute(pool).await.unwrap();
        let mut conn = pool.acquire().await.unwrap();
        closing::ensure_holidays(&mut conn, self.first.year()..=self.first.year()).await.unwrap();
        let mut written = Vec::new();
        for number in 0..CENTERS {
            written.push(self.center(&mut conn, number).await);
        }
        written
    }

    async fn center(&mut self, conn: &mut sqlx::PgConnection, number: usize) -> Written {
        let zone = ZONES[number % 4];
        let visit = Visit {
            duration: u16::try_from(5 + self.draw.below(236)).unwrap(),
            buffer: u16::try_from(self.draw.below(4) * self.draw.below(12)).unwrap(),
        };
        let notice = i64::try_from(self.draw.below(3) * self.draw.below(3000)).unwrap();
        let horizon = if self.draw.below(4) == 0 { 1 + self.draw.below(300) as u64 } else { 400 };
        let hour = u32::try_from(self.draw.below(24)).unwrap();
        let from = self.first.and_hms_opt(hour, 17, 0).unwrap();
        let now = (0..4).find_map(|later| wall::instant(zone, from + TimeDelta::hours(later))).unwrap();
        let (id, kind): (i64, i64) = sqlx::query_as(
            "with c as (insert into centers (code, name, tz, region) values ('c' || $1, 'C', $2, $3) returning id)
             insert into appointment_types (center_id, code, name, duration_min, buffer_after_min, min_notice_min, max_horizon_days)
             select id, 'k', 'K', $4, $5, $6, $7 from c returning center_id, id",
        )
        .bind(i32::try_from(number).unwrap())
        .bind(zone.name())
        .bind(REGIONS[number % 3])
        .bind(i32::from(visit.duration))
        .bind(i32::from(visit.buffer))
        .bind(i32::try_from(notice).unwrap())
        .bind(i32::try_from(horizon).unwrap())
        .fetch_one(&mut *conn)
        .await
        .unwrap();
        let first_doctor: i64 = sqlx::query_scalar(
            "with d as (insert into doctors (center_id, code, full_name, profession) select $1, n::text, 'D', 'p' from generate_series(1, $2) n returning id),
                  p as (insert into patients (center_id, run_num, run_dv, full_name, birth_date) select $1, n, '0', 'P', '1980-01-01' from generate_series(1, 300) n)
             select min(id) from d",
        )
        .bind(id)
        .bind(DOCTORS)
        .fetch_one(&mut *conn)
        .await
        .unwrap();
        let written = Written { id, kind, zone, now, visit, notice, horizon, first_doctor };
        self.week(conn, &written).await;
        self.exceptions(conn, &written).await;
        self.taken(conn, &written).await;
        written
    }

    /// Weekly blocks, some for a part of the year, some with visits of their own length. What overlaps is refused.
    async fn week(&mut self, conn: &mut sqlx::PgConnection, center: &Written) {
        let (mut doctors, mut weekdays, mut starts, mut ends, mut steps, mut lasts, mut from, mut to) =
            (vec![], vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..12 {
            let (start, end) = self.stretch(500);
            doctors.push(center.first_doctor + i64::try_from(self.draw.below(2)).unwrap());
            weekdays.push(i16::try_from(1 + self.draw.below(7)).unwrap());
            starts.push(start);
            ends.push(end);
            steps.push(i32::try_from(1 + self.draw.below(60)).unwrap());
            lasts.push((self.draw.below(4) == 0).then(|| i32::try_from(5 + self.draw.below(236)).unwrap()));
            let part = self.draw.below(3) == 0;
            let (one, other) = (self.day(), self.day());
            from.push(part.then(|| one.min(other)));
            to.push(part.then(|| one.max(other)));
        }
        sqlx::query(
            "insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id, duration_min, valid)
             select d, $1, w, minute_of(s), minute_of(e), g, $2, l, daterange(f, t, '[]')
               from unnest($3::bigint[], $4::smallint[], $5::int[], $6::int[], $7::int[], $8::int[], $9::date[], $10::date[]) as x(d, w, s, e, g, l, f, t)
                 on conflict do nothing",
        )
        .bind(center.id)
        .bind(center.kind)
        .bind(doctors)
        .bind(weekdays)
        .bind(starts)
        .bind(ends)
        .bind(steps)
        .bind(lasts)
        .bind(from)
        .bind(to)
        .execute(conn)
        .await
        .unwrap();
    }

    /// Days opened (some on holidays) and closed, absences of one or of all, and holidays of half a day.
    async fn exceptions(&mut self, conn: &mut sqlx::PgConnection, center: &Written) {
        for _ in 0..10 {
            let (start, end) = self.stretch(500);
            let opens = self.draw.below(2) == 0;
            let doctor = (opens || self.draw.below(2) == 0)
                .then(|| center.first_doctor + i64::try_from(self.draw.below(2)).unwrap());
            sqlx::query(
                "insert into schedule_exceptions (center_id, doctor_id, day, kind, start_time, end_time, appointment_type_id, slot_minutes, duration_min, reason)
                 values ($1, $2, coalesce((select day from holidays where day >= $3 and $9 order by day limit 1), $3), case when $4 then 'OPEN' else 'CLOSED' end,
                         minute_of($5), minute_of($6), case when $4 then $7::bigint end, case when $4 then $8::int end,
                         case when $4 and $8 % 3 = 0 then 3 * $8 end, 'x') on conflict do nothing",
            )
            .bind(center.id)
            .bind(doctor)
            .bind(self.day())
            .bind(opens)
            .bind(start)
            .bind(end)
            .bind(center.kind)
            .bind(i32::try_from(1 + self.draw.below(60)).unwrap())
            .bind(opens && self.draw.below(2) == 0)
            .execute(&mut *conn)
            .await
            .unwrap();
        }
        for _ in 0..6 {
            let doctor = (self.draw.below(3) > 0)
                .then(|| center.first_doctor + i64::try_from(self.draw.below(2)).unwrap());
            let from = self.day().and_time(NaiveTime::MIN) + TimeDelta::minutes(self.draw.below(1440) as i64);
            let long = TimeDelta::minutes(1 + (self.draw.below(3) * self.draw.below(4000)) as i64);
            sqlx::query("insert into absences (center_id, doctor_id, during, reason) values ($1, $2, tsrange($3, $4), 'x') on conflict do nothing")
                .bind(center.id)
                .bind(doctor)
                .bind(from)
                .bind(from + long)
                .execute(&mut *conn)
                .await
                .unwrap();
        }
        sqlx::query("insert into holidays (day, name, scope, half_day_until) select $2, 'x', code, minute_of($3) from centers where id = $1 on conflict do nothing")
            .bind(center.id)
            .bind(self.day())
            .bind(i32::try_from(self.draw.below(1440)).unwrap())
            .execute(conn)
            .await
            .unwrap();
    }

    /// Hours that are booked or held, on ordinary days.
    async fn taken(&mut self, conn: &mut sqlx::PgConnection, center: &Written) {
        let (mut doctors, mut starts, mut at, mut ends, mut busy, mut dies) =
            (vec![], vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..300 {
            let day = self.day();
            let (start, end) = self.stretch(90);
            let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(start));
            let buffer = i32::try_from(self.draw.below(20)).unwrap().min(1439 - end);
            let Some(begins) = wall::instant(center.zone, local) else { continue };
            // an hour is given only where it begins and ends on one day of the clock
            if wall::odd_minutes(center.zone, day).is_some() || buffer < 0 {
                continue;
            }
            doctors.push(center.first_doctor + i64::try_from(self.draw.below(2)).unwrap());
            starts.push(local);
            at.push(begins);
            ends.push(begins + TimeDelta::minutes(i64::from(end - start)));
            busy.push(begins + TimeDelta::minutes(i64::from(end - start + buffer)));
            dies.push(
                (self.draw.below(4) == 0)
                    .then(|| center.now + TimeDelta::minutes(self.draw.below(60) as i64 - 30)),
            );
        }
        sqlx::query(
            "insert into appointments (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy, status, hold_expires_at, created_at)
             select $1, d, (select min(id) from patients where center_id = $1) + n - 1, $2, s::date, s::time, tstzrange(a, e), tstzrange(a, b),
                    case when x is null then 'CONFIRMED' else 'PENDING' end, x, $3
               from unnest($4::bigint[], $5::timestamp[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[]) with ordinality as r(d, s, a, e, b, x, n)
                 on conflict do nothing",
        )
        .bind(center.id)
        .bind(center.kind)
        .bind(center.now)
        .bind(doctors)
        .bind(starts)
        .bind(at)
        .bind(ends)
        .bind(busy)
        .bind(dies)
        .execute(conn)
        .await
        .unwrap();
    }
}

/// The first opinion, from what was really written: intervals cut out of intervals, with nothing of the map's.
async fn subtract(
    pool: &PgPool,
    center: &Written,
    first: NaiveDate,
    until: NaiveDate,
    whatever_is_taken: bool,
) -> BTreeSet<Slot> {
    type Block = (i64, i16, i32, i32, i32, Option<i32>, Option<NaiveDate>, Option<NaiveDate>);
    let blocks: Vec<Block> = sqlx::query_as(
        "select doctor_id, day_of_week, (extract(epoch from start_time) / 60)::int, (extract(epoch from end_time) / 60)::int, slot_minutes, duration_min, lower(valid), upper(valid)
           from doctor_schedules where center_id = $1",
    )
    .bind(center.id)
    .fetch_all(pool)
    .await
    .unwrap();
    type Odd = (Option<i64>, NaiveDate, bool, i32, i32, Option<i32>, Option<i32>);
    let exceptions: Vec<Odd> = sqlx::query_as(
        "select doctor_id, day, kind = 'OPEN', (extract(epoch from start_time) / 60)::int, (extract(epoch from end_time) / 60)::int, slot_minutes, duration_min
           from schedule_exceptions where center_id = $1",
    )
    .bind(center.id)
    .fetch_all(pool)
    .await
    .unwrap();
    let absences: Vec<(Option<i64>, NaiveDateTime, NaiveDateTime)> =
        sqlx::query_as("select doctor_id, lower(during), upper(during) from absences where center_id = $1")
            .bind(center.id)
            .fetch_all(pool)
            .await
            .unwrap();
    let holidays: Vec<(NaiveDate, Option<i32>)> = sqlx::query_as(
        "select day, (extract(epoch from half_day_until) / 60)::int from holidays h, centers c where c.id = $1 and (h.scope = 'CL' or h.scope = c.code or h.scope = c.region)",
    )
    .bind(center.id)
    .fetch_all(pool)
    .await
    .unwrap();
    let taken: Vec<(i64, NaiveDate, i32, i32)> = sqlx::query_as(
        "select doctor_id, appointment_date, (extract(epoch from start_local) / 60)::int, (extract(epoch from upper(busy) - lower(busy)) / 60)::int
           from appointments where center_id = $1 and (hold_expires_at is null or hold_expires_at > $2)",
    )
    .bind(center.id)
    .bind(center.now)
    .fetch_all(pool)
    .await
    .unwrap();
    let small = |number: i32| u16::try_from(number).unwrap();
    let visit =
        |own: Option<i32>| Visit { duration: own.map_or(center.visit.duration, small), ..center.visit };
    let mut busy: BTreeMap<(i64, NaiveDate), Vec<(u16, u16)>> = BTreeMap::new();
    for (doctor, day, start, long) in taken.into_iter().filter(|_| !whatever_is_taken) {
        busy.entry((doctor, day)).or_default().push((small(start), small(start + long)));
    }
    let last = wall::wall(center.zone, center.now).date() + Days::new(center.horizon);
    let mut free = BTreeSet::new();
    for day in first.iter_days().take_while(|day| *day < until && *day <= last) {
        let midnight = day.and_time(NaiveTime::MIN);
        for doctor in center.first_doctor..center.first_doctor + DOCTORS {
            let theirs = |whose: Option<i64>| whose.is_none_or(|whose| whose == doctor);
            let today = exceptions.iter().filter(|one| one.1 == day && theirs(one.0));
            let mut cut: Vec<(u16, u16)> =
                today.clone().filter(|one| !one.2).map(|one| (small(one.3), small(one.4))).collect();
            let of_today = holidays.iter().filter(|(holiday, _)| *holiday == day);
            cut.extend(of_today.map(|(_, half)| (half.map_or(0, small), 1440)));
            let weekly = blocks.iter().filter(|block| {
                block.0 == doctor
                    && u32::try_from(block.1).unwrap() == day.weekday().number_from_monday()
                    && block.6.is_none_or(|from| from <= day)
                    && block.7.is_none_or(|to| day < to)
            });
            let weekly = weekly.map(|block| DayBlock {
                start: small(block.2),
                end: small(block.3),
                step: small(block.4),
                visit: visit(block.5),
                cut: cut.clone(),
            });
            let opened = today.filter(|one| one.2).map(|one| DayBlock {
                start: small(one.3),
                end: small(one.4),
                step: small(one.5.unwrap()),
                visit: visit(one.6),
                cut: vec![],
            });
            let clip =
                |at: NaiveDateTime| u16::try_from((at - midnight).num_minutes().clamp(0, 1440)).unwrap();
            let away = absences
                .iter()
                .filter(|one| theirs(one.0) && one.1 < midnight + TimeDelta::days(1) && one.2 > midnight);
            let closed: Vec<(u16, u16)> = away.map(|one| (clip(one.1), clip(one.2))).collect();
            let blocks: Vec<DayBlock> = weekly.chain(opened).collect();
            let odd_day = wall::odd_minutes(center.zone, day).is_some();
            // one block at a time, because each has visits of its own
            for block in blocks {
                let lasts = i64::from(block.visit.duration);
                let here = DoctorDay {
                    blocks: vec![block],
                    busy: busy.get(&(doctor, day)).cloned().unwrap_or_default(),
                    closed: closed.clone(),
                };
                for start in by_subtraction(&here) {
                    let start = midnight + TimeDelta::minutes(i64::from(start));
                    let Some(at) = wall::instant(center.zone, start) else { continue };
                    // every minute of the visit is a minute of the clock
                    let minute = |minute| wall::instant(center.zone, start + TimeDelta::minutes(minute));
                    if odd_day && (0..lasts).any(|of| minute(of).is_none()) {
                        continue;
                    }
                    if whatever_is_taken || at >= center.now + TimeDelta::minutes(center.notice) {
                        let kind = AppointmentTypeId(center.kind);
                        free.insert(Slot { doctor: DoctorId(doctor), appointment_type: kind, start });
                    }
                }
            }
        }
    }
    free
}

/// What a booking asks under the locks, minute by minute of one day on which something is not as the week says.
async fn attended(pool: &PgPool, center: &Written) -> Option<(NaiveDate, BTreeSet<Slot>)> {
    let day: Option<NaiveDate> = sqlx::query_scalar(
        "select day from schedule_exceptions e where center_id = $1 and day - $2::date < $3
            and exists (select from schedule_exceptions o where o.center_id = $1 and o.day = e.day and o.kind = 'OPEN') order by day limit 1",
    )
    .bind(center.id)
    .bind(wall::wall(center.zone, center.now).date())
    .bind(i32::try_from(center.horizon).unwrap())
    .fetch_one(pool)
    .await
    .ok()?;
    let day = day?;
    let slots: Vec<(i64, NaiveDateTime)> = sqlx::query_as(
        "select d, s from generate_series($3::bigint, $3 + $4 - 1) d, generate_series(0, 1439) m, lateral (select $5::date + make_interval(mins => m) as s) x
          where exists (select from attended($1, d, $2, s, null) a where a.on_grid)",
    )
    .bind(center.id)
    .bind(center.kind)
    .bind(center.first_doctor)
    .bind(DOCTORS)
    .bind(day)
    .fetch_all(pool)
    .await
    .unwrap();
    let kind = AppointmentTypeId(center.kind);
    let slot = |(doctor, start)| Slot { doctor: DoctorId(doctor), appointment_type: kind, start };
    Some((day, slots.into_iter().map(slot).collect()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_days_of_centres_have_one_answer() {
    let watch = Stopwatch::start();
    let (mut days, mut hours, mut asked) = (0, 0, 0);
    let (pool, name) = database(4).await;
    sqlx::raw_sql(
        "create function minute_of(n int) returns time language sql immutable as $$ select case when n = 1440 then time '24:00' else time '00:00' + make_interval(mins => n) end $$",
    )
    .execute(&pool)
    .await
    .unwrap();
    for number in 2024..=2035 {
        let first = NaiveDate::from_ymd_opt(number, 1, 1).unwrap();
        let until = NaiveDate::from_ymd_opt(number + 1, 1, 1).unwrap();
        let mut year = Year { first, until, draw: Draw::new(u64::try_from(number).unwrap()) };
        for center in year.write(&pool).await {
            let (id, kind) = (CenterId(center.id), AppointmentTypeId(center.kind));
            let expected = subtract(&pool, &center, first, until, false).await;
            let mut conn = pool.acquire().await.unwrap();
            let by_sql = oracle::search(&mut conn, id, kind, None, first, until, center.now, i64::MAX);
            let by_sql: BTreeSet<Slot> = by_sql.await.unwrap().into_iter().collect();
            drop(conn);
            let agenda = Agenda::start(pool.clone()).await.unwrap();
            let search = Search {
                center: id,
                appointment_type: kind,
                patient: None,
                doctor: None,
                window: Window { before: Some(until.and_time(NaiveTime::MIN)), ..Window::ANY },
                now: center.now,
                limit: usize::MAX,
                except: vec![],
                free_for: FreeFor::default(),
            };
            let by_map: BTreeSet<Slot> =
                agenda.search(&search).await.unwrap().into_iter().map(|offer| offer.slot).collect();
            for (name, found) in [("map", &by_map), ("SQL", &by_sql)] {
                let differ: Vec<String> =
                    found.symmetric_difference(&expected).map(ToString::to_string).take(9).collect();
                assert!(
                    differ.is_empty(),
                    "{name} against subtraction, {number}, {}: {differ:?}",
                    center.zone
                );
            }
            if let Some((day, by_booking)) = attended(&pool, &center).await
                && wall::odd_minutes(center.zone, day).is_none()
            {
                let whole = subtract(&pool, &center, day, day + Days::new(1), true).await;
                let differ: Vec<String> =
                    by_booking.symmetric_difference(&whole).map(ToString::to_string).take(9).collect();
                assert!(differ.is_empty(), "booking against subtraction, {number}: {differ:?}");
                asked += usize::from(!whole.is_empty());
            }
            days += (until - first).num_days();
            hours += expected.len();
        }
    }
    assert!(days >= 100_000, "{days} days of centres");
    assert!(hours >= 500_000, "days with {hours} free hours in all prove little");
    assert!(asked > 100, "a booking was asked of {asked} days only");
    eprintln!("{days} days of centres, {hours} free hours, {:.0} s", watch.elapsed().as_secs_f64());
    drop_database(pool, &name).await;
}

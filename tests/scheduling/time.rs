//! The centre's time: days opened and closed, half holidays, absences, visits of a professional's own length, several
//! zones and centres; what a change hits is listed and never moved.

use chrono::{NaiveDate, NaiveTime};
use smartsalud::id::{AppointmentId, CenterId, DoctorId};
use smartsalud::scheduling::store::absence::{self, NewAbsence};
use smartsalud::scheduling::store::exception::{self, NewException, NewOpening};
use smartsalud::scheduling::{Agenda, HoldOutcome, Search, Slot};
use smartsalud::value::Window;

use crate::world::{World, at};

const TEN: &str = "2026-11-25T10:00";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn hour(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

impl World {
    fn closing(&self, doctor: Option<DoctorId>, of: &str) -> NewException {
        NewException {
            center: self.center,
            doctor,
            day: day(of),
            start: NaiveTime::MIN,
            end: None,
            opens: None,
            reason: "x".to_owned(),
        }
    }

    fn opening(&self, doctor: usize, of: &str, from: &str, until: &str) -> NewException {
        let opens = NewOpening { appointment_type: self.kind, slot_minutes: 30, duration_min: None };
        NewException {
            start: hour(from),
            end: Some(hour(until)),
            opens: Some(opens),
            ..self.closing(Some(self.doctors[doctor]), of)
        }
    }

    async fn except(&self, rows: &[NewException]) -> (Vec<bool>, u64, Vec<AppointmentId>) {
        let mut tx = self.begin().await;
        let done = exception::exceptions(&mut tx, rows, self.now.date_naive()).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    async fn absent(&self, doctor: Option<DoctorId>, from: &str, until: &str) -> (u64, Vec<AppointmentId>) {
        let away = NewAbsence {
            center: self.center,
            doctor,
            from: at(from),
            until: at(until),
            reason: "licencia".to_owned(),
        };
        let mut tx = self.begin().await;
        let done = absence::absences(&mut tx, &[away], self.now.date_naive()).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    /// The hours of a day that the map offers with a professional, as `09:00`.
    async fn free(&self, map: &Agenda, doctor: usize, of: &str) -> Vec<String> {
        map.follow_once().await.unwrap();
        let search = Search {
            doctor: Some(self.doctors[doctor]),
            window: Window::day(day(of)),
            limit: 99,
            ..self.to_search()
        };
        let found = map.search(&search).await.unwrap();
        found.into_iter().map(|offer| offer.slot.start.format("%H:%M").to_string()).collect()
    }
}

#[tokio::test]
async fn one_extra_day_is_opened_without_touching_the_week() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    let saturday = "2026-11-28";
    let slot = world.slot(0, "2026-11-28T10:30");
    assert!(world.free(&map, 0, saturday).await.is_empty());
    assert_eq!(world.hold(0, slot).await, HoldOutcome::Taken, "nobody attends on Saturdays");
    let (there, added, hit) = world.except(&[world.opening(0, saturday, "10:00", "11:30")]).await;
    assert_eq!((there, added, hit), (vec![true], 1, vec![]));
    assert_eq!(world.free(&map, 0, saturday).await, ["10:00", "10:30", "11:00"]);
    assert!(world.free(&map, 1, saturday).await.is_empty(), "the other one stays at home");
    let booked = world.booked(0, slot).await.appointment;
    assert_eq!(world.hold(1, world.slot(0, "2026-11-28T10:15")).await, HoldOutcome::Taken, "beside the grid");
    assert_eq!(world.hold(1, world.slot(0, "2026-11-28T11:30")).await, HoldOutcome::Taken, "it is over then");

    let id = world.count("select id from schedule_exceptions").await;
    let mut tx = world.begin().await;
    let hit = exception::withdraw(&mut tx, world.center, id, day("2026-11-25")).await.unwrap();
    assert_eq!(hit, Some(vec![booked]), "a person finds another hour");
    tx.commit().await.unwrap();
    assert!(world.free(&map, 0, saturday).await.is_empty());
    assert_eq!(world.blocking().await, ["d0 28 10:30 CONFIRMED p0"], "and nothing was moved");
    world.done().await;
}

#[tokio::test]
async fn a_closed_day_closes_the_week_and_not_what_it_opens() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    let booked = world.booked(0, world.slot(0, TEN)).await.appointment;
    let held = world.held(1, world.slot(1, TEN)).await;
    let today = "2026-11-25";
    let rows = [world.closing(None, today), world.opening(1, today, "15:00", "16:00")];
    let (there, added, hit) = world.except(&rows).await;
    assert_eq!((there, added, hit), (vec![true, true], 2, vec![booked]));
    assert_eq!(
        world.blocking().await,
        ["d0 25 10:00 CONFIRMED p0"],
        "the hold was let go, the booking was not"
    );
    assert!(world.free(&map, 0, today).await.is_empty());
    assert_eq!(world.free(&map, 1, today).await, ["15:00", "15:30"]);
    let confirmed = world.confirm(1, world.slot(1, TEN), Some(held)).await;
    assert_eq!(confirmed, smartsalud::scheduling::ConfirmOutcome::Taken);
    assert_eq!(world.except(&rows).await, (vec![true, true], 0, vec![]), "twice is once");
    let clash = world.opening(1, today, "15:30", "17:00");
    assert_eq!(world.except(&[clash]).await.0, [false], "nobody is in two rooms at once");
    world.done().await;
}

#[tokio::test]
async fn what_was_opened_is_open_on_a_holiday_and_an_absence_is_stronger() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    world.run("insert into holidays (day, name, scope) values ('2026-11-25', 'Aniversario', 'demo')").await;
    world.except(&[world.opening(0, "2026-11-25", "10:00", "12:00")]).await;
    assert_eq!(world.free(&map, 0, "2026-11-25").await, ["10:00", "10:30", "11:00", "11:30"]);
    let booked = world.booked(0, world.slot(0, TEN)).await.appointment;
    let (added, hit) = world.absent(Some(world.doctors[0]), TEN, "2026-11-25T11:00").await;
    assert_eq!((added, hit), (1, vec![booked]));
    assert_eq!(world.free(&map, 0, "2026-11-25").await, ["11:00", "11:30"]);
    assert_eq!(world.hold(1, world.slot(0, "2026-11-25T10:30")).await, HoldOutcome::Taken);
    let mut tx = world.begin().await;
    let (center, doctor) = (world.center, Some(world.doctors[0]));
    assert!(absence::reopen(&mut tx, center, doctor, at(TEN), at("2026-11-25T11:00")).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(world.free(&map, 0, "2026-11-25").await, ["10:30", "11:00", "11:30"], "ten o'clock is booked");
    world.done().await;
}

#[tokio::test]
async fn half_a_holiday_takes_only_the_afternoon() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    world.run("insert into holidays (day, name, scope, half_day_until) values ('2026-11-25', 'Tarde libre', 'demo', '10:15')").await;
    assert_eq!(
        world.free(&map, 0, "2026-11-25").await,
        ["09:00", "09:30"],
        "20 minutes from 10:00 end too late"
    );
    assert_eq!(world.hold(0, world.slot(0, TEN)).await, HoldOutcome::Taken);
    world.held(0, world.slot(0, "2026-11-25T09:30")).await;
    world.done().await;
}

#[tokio::test]
async fn who_takes_longer_is_given_longer() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    world
        .run("update doctor_schedules set duration_min = 45 where doctor_id = (select min(id) from doctors)")
        .await;
    world.booked(0, world.slot(0, TEN)).await;
    world.booked(1, world.slot(1, TEN)).await;
    let minutes: Vec<i32> = sqlx::query_scalar(
        "select (extract(epoch from upper(busy) - lower(busy)) / 60)::int from appointments order by doctor_id",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(minutes, [50, 25], "with 5 minutes of buffer each");
    // 45 minutes from 12:30 do not end by 13:00
    assert_eq!(world.free(&map, 0, "2026-11-25").await, ["09:00", "11:00", "11:30", "12:00"]);
    assert_eq!(world.hold(2, world.slot(0, "2026-11-25T12:30")).await, HoldOutcome::Taken);
    assert_eq!(world.free(&map, 1, "2026-11-25").await.len(), 7);
    world.done().await;
}

#[tokio::test]
async fn a_week_of_two_lengths_offers_both_in_their_own_blocks() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    world.run("insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id, duration_min)
               select doctor_id, center_id, day_of_week, '14:00', '16:00', 60, appointment_type_id, 60 from doctor_schedules where day_of_week = 3").await;
    let offered = world.free(&map, 0, "2026-11-25").await;
    assert_eq!(
        offered,
        ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30", "14:00", "15:00"]
    );
    world.booked(0, world.slot(0, "2026-11-25T15:00")).await;
    assert_eq!(
        world.free(&map, 0, "2026-11-25").await.last().map(String::as_str),
        Some("12:30"),
        "14:00 would run into 15:00 with its buffer"
    );
    world.done().await;
}

#[tokio::test]
async fn an_absence_hits_the_hours_of_every_centre_and_every_lane_and_moves_none() {
    let world = World::new().await;
    world.run("insert into centers (code, name, tz) values ('posta', 'Posta', 'America/Santiago')").await;
    world.run("insert into appointment_types (center_id, code, name, duration_min) select id, 'm', 'M', 20 from centers where code = 'posta'").await;
    world.run("insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id)
               select (select min(id) from doctors), t.center_id, 4, '15:00', '17:00', 20, t.id from appointment_types t where t.code = 'm'").await;
    world.run("insert into patients (center_id, run_num, run_dv, full_name, birth_date) select id, 5, '1', 'P', '1970-01-01' from centers where code = 'posta'").await;
    let here = world.booked(0, world.slot(0, "2026-11-26T10:00")).await.appointment;
    world.run("insert into appointments (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy, lane, status, created_at)
               select t.center_id, (select min(id) from doctors), (select min(p.id) from patients p where p.center_id = t.center_id and p.full_name <> 'Paciente 1'), t.id, '2026-11-26',
                      x.start, tstzrange(i.at, i.at + interval '20 min'), tstzrange(i.at, i.at + interval '20 min'), x.lane, 'CONFIRMED', app_now()
                 from (values ('m', time '15:00', 0), ('matrona', time '10:00', 1)) as x(code, start, lane)
                 join appointment_types t on t.code = x.code
                cross join lateral (select (date '2026-11-26' + x.start) at time zone 'America/Santiago' as at) i").await;
    let ids: Vec<i64> =
        sqlx::query_scalar("select id from appointments order by id").fetch_all(&world.pool).await.unwrap();
    let all: Vec<AppointmentId> = ids.into_iter().map(AppointmentId).collect();
    assert_eq!(all[0], here);
    let (_, hit) = world.absent(Some(world.doctors[0]), "2026-11-26T00:00", "2026-11-27T00:00").await;
    assert_eq!(hit, all, "the other centre's hour and the sobrecupo too");
    assert_eq!(world.count("select count(*) from appointments where status = 'CONFIRMED'").await, 3);
    world.done().await;
}

#[tokio::test]
async fn publishing_an_absence_and_booking_an_hour_cannot_cross() {
    let world = World::new().await;
    let slot = world.slot(0, TEN);
    let away = NewAbsence {
        center: world.center,
        doctor: None,
        from: at("2026-11-25T00:00"),
        until: at("2026-11-26T00:00"),
        reason: "corte de agua".to_owned(),
    };
    // the booking waits for the absence, and then sees it
    let mut closing = world.begin().await;
    absence::absences(&mut closing, std::slice::from_ref(&away), day("2026-11-25")).await.unwrap();
    let mut booking = world.begin().await;
    let request = world.to_hold(0, slot);
    let waiting = tokio::spawn(async move {
        let held = smartsalud::scheduling::booking::hold(&mut booking, &request).await.unwrap().outcome;
        booking.commit().await.unwrap();
        held
    });
    world.until_somebody_waits().await;
    closing.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap(), HoldOutcome::Taken);

    // the absence waits for the booking, and then lists it
    world.run("delete from absences").await;
    let mut booking = world.begin().await;
    let request = world.to_confirm(0, slot, None);
    let booked = smartsalud::scheduling::booking::confirm(&mut booking, &request).await.unwrap().outcome;
    let smartsalud::scheduling::ConfirmOutcome::Confirmed(booked) = booked else { panic!("{booked:?}") };
    let mut closing = world.begin().await;
    let waiting = tokio::spawn(async move {
        let (_, hit) = absence::absences(&mut closing, &[away], day("2026-11-25")).await.unwrap();
        closing.commit().await.unwrap();
        hit
    });
    world.until_somebody_waits().await;
    booking.commit().await.unwrap();
    assert_eq!(waiting.await.unwrap(), [booked.appointment]);
    world.done().await;
}

#[tokio::test]
async fn every_zone_gives_the_hours_of_its_own_clock() {
    let mut world = World::new().await;
    for (zone, at_ten, odd) in [
        ("America/Santiago", "2026-11-25 13:00:00+00", Some("2026-09-06T00:30")),
        ("America/Punta_Arenas", "2026-11-25 13:00:00+00", None),
        ("America/Coyhaique", "2026-11-25 13:00:00+00", None),
        ("Pacific/Easter", "2026-11-25 15:00:00+00", Some("2026-09-05T22:30")),
    ] {
        sqlx::query("update centers set tz = $1").bind(zone).execute(&world.pool).await.unwrap();
        world.run("truncate appointments cascade").await;
        let hold = world.held(0, world.slot(0, TEN)).await;
        let same: bool = sqlx::query_scalar(
            "select lower(during) = $2::text::timestamptz from appointments where id = $1",
        )
        .bind(hold.0)
        .bind(at_ten)
        .fetch_one(&world.pool)
        .await
        .unwrap();
        assert!(same, "{zone}");
        // the night of the change, opened for once
        let Some(odd) = odd else { continue };
        let night = at(odd);
        let (of, minute) = (night.date().to_string(), night.time());
        let opened = NewException {
            start: minute,
            end: Some(minute + chrono::TimeDelta::minutes(60)),
            ..world.opening(1, &of, "00:00", "00:01")
        };
        let today = world.now;
        world.now = crate::world::instant("2026-08-20T08:00");
        world.except(&[opened]).await;
        let slot = Slot { start: night, ..world.slot(1, TEN) };
        assert_eq!(world.hold(3, slot).await, HoldOutcome::Taken, "{zone}: there is no {odd}");
        world.now = today;
    }
    world.done().await;
}

#[tokio::test]
async fn another_centres_day_is_its_own() {
    let world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    world.run("insert into centers (code, name, tz) values ('otro', 'Otro', 'America/Santiago')").await;
    let other = CenterId(world.count("select max(id) from centers").await);
    let closed = NewException { center: other, ..world.closing(None, "2026-11-25") };
    world.except(&[closed]).await;
    let away = NewAbsence {
        center: other,
        doctor: None,
        from: at("2026-11-25T00:00"),
        until: at("2026-11-26T00:00"),
        reason: "x".to_owned(),
    };
    let mut tx = world.begin().await;
    assert_eq!(absence::absences(&mut tx, &[away], day("2026-11-25")).await.unwrap(), (1, vec![]));
    tx.commit().await.unwrap();
    assert_eq!(world.free(&map, 0, "2026-11-25").await.len(), 8);
    world.done().await;
}

//! A freed hour goes to who waits for it: exclusively, for a while, then to the next.

use std::sync::Arc;

use chrono::NaiveDateTime;
use smartsalud::id::{AppointmentId, DoctorId};
use smartsalud::scheduling::waitlist::{self, JoinOutcome, JoinRequest, Offered};
use smartsalud::scheduling::{CancelOutcome, ConfirmOutcome, HoldOutcome, RescheduleOutcome, booking};
use smartsalud::value::{TimeRange, Window};

use crate::world::World;

const TEN: &str = "2026-11-25T10:00";
const ELEVEN: &str = "2026-11-25T11:00";

impl World {
    async fn offering() -> Self {
        let mut world = Self::new().await;
        world.run("update centers set waitlist_template = 'hora_liberada'").await;
        // what was booked before anybody waited
        world.now = crate::world::instant("2026-11-24T12:00");
        world
    }

    async fn waits(&self, who: usize, wanted: Option<Window>, doctor: Option<DoctorId>) -> i64 {
        let request = JoinRequest {
            center: self.center,
            conversation: Some(self.conversations[who]),
            patient: self.patients[who],
            appointment_type: self.kind,
            doctor,
            wanted,
        };
        let mut tx = self.begin().await;
        let JoinOutcome::Joined(entry) = waitlist::join(&mut tx, &request).await.unwrap() else {
            panic!("joined")
        };
        tx.commit().await.unwrap();
        entry.id
    }

    /// Whom the open offers are for, and which hour.
    async fn offers(&self) -> Vec<(usize, NaiveDateTime)> {
        let mut tx = self.begin().await;
        let open = waitlist::untold(&mut tx, 99).await.unwrap();
        open.iter().map(|offer| (self.who(offer), offer.slot.start)).collect()
    }

    async fn offer(&self) -> Offered {
        let mut tx = self.begin().await;
        waitlist::untold(&mut tx, 99).await.unwrap().remove(0)
    }

    fn who(&self, offer: &Offered) -> usize {
        self.patients.iter().position(|patient| *patient == offer.patient).unwrap()
    }

    async fn refuse(&self, who: usize, hold: AppointmentId) -> bool {
        let mut tx = self.begin().await;
        let refused = waitlist::refuse(&mut tx, hold, self.conversations[who]).await.unwrap().outcome;
        tx.commit().await.unwrap();
        refused
    }

    async fn sweep(&self) -> u64 {
        let mut tx = self.begin().await;
        let swept = booking::expire_holds(&mut tx, 100).await.unwrap().outcome;
        tx.commit().await.unwrap();
        swept
    }
}

fn at(text: &str) -> NaiveDateTime {
    crate::world::at(text)
}

#[tokio::test]
async fn a_cancelled_hour_is_held_for_the_first_in_the_queue_and_for_nobody_else() {
    let mut world = World::offering().await;
    let slot = world.slot(0, TEN);
    let booked = world.booked(0, slot).await.appointment;
    world.waits(1, None, None).await;
    world.wait(5);
    world.waits(2, None, None).await;
    world.cancel(0, booked).await;
    let offer = world.offer().await;
    assert_eq!((world.who(&offer), offer.slot, offer.template.as_str()), (1, slot, "hora_liberada"));
    assert_eq!(offer.until - world.now, chrono::TimeDelta::minutes(20));
    assert_eq!(world.hold(3, slot).await, HoldOutcome::Taken, "it is theirs alone");
    let ConfirmOutcome::Confirmed(taken) = world.confirm(1, slot, Some(offer.appointment)).await else {
        panic!()
    };
    assert_eq!(taken.appointment, offer.appointment);
    let mut tx = world.begin().await;
    waitlist::booked(&mut tx, world.patients[1], world.kind).await.unwrap();
    tx.commit().await.unwrap();
    assert!(world.offers().await.is_empty());
    assert_eq!(world.count("select count(*) from waitlist_offers where answer = 'ACCEPTED'").await, 1);
    assert_eq!(
        world.count("select count(*) from waitlist where status = 'WAITING'").await,
        1,
        "the other waits on"
    );
    world.done().await;
}

#[tokio::test]
async fn what_is_refused_or_not_answered_goes_to_the_next_and_costs_no_place() {
    let mut world = World::offering().await;
    let slot = world.slot(0, TEN);
    let booked = world.booked(0, slot).await.appointment;
    for who in 1..=3 {
        world.waits(who, None, None).await;
        world.wait(1);
    }
    world.cancel(0, booked).await;
    let first = world.offer().await;
    assert!(!world.refuse(2, first.appointment).await, "another conversation's");
    assert!(world.refuse(1, first.appointment).await);
    assert!(!world.refuse(1, first.appointment).await, "twice");
    assert_eq!(world.offers().await, [(2, at(TEN))]);
    let mut tx = world.begin().await;
    let second = waitlist::untold(&mut tx, 9).await.unwrap().remove(0);
    assert!(waitlist::told(&mut tx, second.offer).await.unwrap());
    assert!(!waitlist::told(&mut tx, second.offer).await.unwrap(), "told once");
    tx.commit().await.unwrap();
    world.wait(21);
    assert_eq!(world.sweep().await, 1, "nobody answered");
    assert_eq!(world.offers().await, [(3, at(TEN))]);
    world.wait(21);
    world.sweep().await;
    assert!(world.offers().await.is_empty(), "everybody had one today");
    assert!(matches!(world.hold(5, slot).await, HoldOutcome::Held { .. }), "now it is anybody's");
    let kept = "select count(*) from waitlist where status = 'WAITING'";
    assert_eq!(world.count(kept).await, 3);
    assert_eq!(world.count("select refusals::bigint from waitlist order by created_at limit 1").await, 1);
    world.done().await;
}

#[tokio::test]
async fn nobody_is_offered_more_than_three_hours_nor_two_on_a_day() {
    let mut world = World::offering().await;
    world.waits(1, None, None).await;
    world.run("update appointment_types set max_per_patient = 100").await;
    for day in 0..5 {
        for (doctor, hour) in [(0, TEN), (1, ELEVEN)] {
            // of the week after the one of the tests
            let mut slot = world.slot(doctor, hour);
            slot.start += chrono::TimeDelta::days(7);
            let booked = world.booked(0, slot).await.appointment;
            assert!(matches!(world.cancel(0, booked).await, CancelOutcome::Cancelled(_)));
            let open = world.offers().await;
            assert_eq!(open.len(), usize::from(day < 3 && doctor == 0), "day {day}, {hour}");
            for _ in open {
                let hold = world.offer().await.appointment;
                assert!(world.refuse(1, hold).await);
            }
        }
        world.wait(24 * 60);
    }
    assert_eq!(world.count("select count(*) from waitlist_offers").await, 3);
    assert_eq!(
        world.count("select count(*) from waitlist where status = 'WAITING' and refusals = 3").await,
        1
    );
    world.done().await;
}

#[tokio::test]
async fn an_hour_is_offered_only_to_whom_it_suits() {
    let world = World::offering().await;
    let slot = world.slot(0, TEN);
    let booked = world.booked(0, slot).await.appointment;
    // the first wants the afternoon, the second the other professional, the third has something then, the fourth wants no
    // messages, and the sixth asked for another day
    let afternoon = Window { times: vec![TimeRange { start: 14 * 60, end: 20 * 60 }], ..Window::ANY };
    world.waits(1, Some(afternoon), None).await;
    world.waits(2, None, Some(world.doctors[1])).await;
    world.waits(3, None, None).await;
    world.waits(4, None, None).await;
    world.waits(6, Some(Window::day("2026-11-26".parse().unwrap())), None).await;
    let mine = Window { times: vec![TimeRange { start: 9 * 60, end: 12 * 60 }], ..Window::ANY };
    world.waits(5, Some(mine), Some(world.doctors[0])).await;
    world.booked(3, world.slot(1, TEN)).await;
    sqlx::query("update conversations set opted_out_at = now() where id = $1")
        .bind(world.conversations[4].0)
        .execute(&world.pool)
        .await
        .unwrap();
    world.cancel(0, booked).await;
    assert_eq!(world.offers().await, [(5, at(TEN))]);
    world.done().await;
}

#[tokio::test]
async fn from_sixty_years_on_one_comes_first_among_those_who_waited_about_as_long() {
    let mut world = World::offering().await;
    world.run("update patients set birth_date = '1955-01-01' where full_name in ('Paciente 4')").await;
    let booked = world.booked(0, world.slot(0, TEN)).await.appointment;
    let other = world.booked(0, world.slot(1, ELEVEN)).await.appointment;
    world.now -= chrono::TimeDelta::days(20);
    world.waits(1, None, None).await;
    world.now += chrono::TimeDelta::days(15);
    world.waits(2, None, None).await;
    world.wait(60);
    world.waits(3, None, None).await;
    world.now = crate::world::instant("2026-11-24T13:00");
    world.cancel(0, booked).await;
    assert_eq!(world.offers().await, [(1, at(TEN))], "twenty days are more than fourteen and five");
    world.cancel(0, other).await;
    let why: Vec<String> = sqlx::query_scalar("select why from waitlist_offers order by id")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(world.offers().await, [(1, at(TEN)), (3, at(ELEVEN))]);
    assert_eq!(why, ["espera hace 20 días", "espera hace 5 días; 60 años o más"]);
    world.done().await;
}

#[tokio::test]
async fn nothing_is_offered_at_night_too_late_or_where_nobody_could_be_told() {
    let mut world = World::offering().await;
    for (now, template) in [
        ("2026-11-24T21:30", Some("t")),
        ("2026-11-25T07:30", Some("t")),
        ("2026-11-25T08:56", Some("t")),
        ("2026-11-24T12:00", None),
    ] {
        sqlx::query("update centers set waitlist_template = $1")
            .bind(template)
            .execute(&world.pool)
            .await
            .unwrap();
        world.run("truncate waitlist cascade; truncate appointments cascade").await;
        world.now = crate::world::instant("2026-11-24T12:00");
        let booked = world.booked(0, world.slot(0, TEN)).await.appointment;
        world.waits(1, None, None).await;
        world.now = crate::world::instant(now);
        assert!(matches!(world.cancel(0, booked).await, CancelOutcome::Cancelled(_)));
        assert_eq!(world.count("select count(*) from waitlist_offers").await, 0, "{now} {template:?}");
    }
    world.done().await;
}

#[tokio::test]
async fn moving_an_hour_offers_the_old_one() {
    let world = World::offering().await;
    let old = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.waits(1, None, None).await;
    let moved = world.move_as(world.to_move(0, old, world.slot(1, ELEVEN), None)).await;
    assert!(matches!(moved, RescheduleOutcome::Moved(_)));
    assert_eq!(world.offers().await, [(1, at(TEN))]);
    world.done().await;
}

#[tokio::test]
async fn who_is_being_served_elsewhere_is_passed_over_and_nobody_waits() {
    let world = World::offering().await;
    let booked = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.waits(1, None, None).await;
    world.waits(2, None, None).await;
    // the first in the queue is booking something at this very moment
    let mut busy = world.begin().await;
    booking::hold(&mut busy, &world.to_hold(1, world.slot(1, ELEVEN))).await.unwrap().changed.clear();
    world.cancel(0, booked).await;
    assert_eq!(world.offers().await, [(2, at(TEN))]);
    busy.commit().await.unwrap();
    world.done().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_hours_freed_at_once_go_to_as_many_without_a_deadlock() {
    let mut world = World::with(4, 40, 16).await;
    world.run("update centers set waitlist_template = 't'").await;
    world.now = crate::world::instant("2026-11-24T12:00");
    let mut booked = Vec::new();
    for who in 0..16 {
        let slot = world.slot(who % 4, ["2026-11-25T09:30", TEN, ELEVEN, "2026-11-25T12:00"][who / 4]);
        booked.push((who, world.booked(who, slot).await.appointment));
    }
    for who in 20..40 {
        world.waits(who, None, None).await;
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    let before = world.count(deadlocks).await;
    let world = Arc::new(world);
    let tasks: Vec<_> = booked
        .into_iter()
        .map(|(who, id)| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.cancel(who, id).await })
        })
        .collect();
    for task in tasks {
        assert!(matches!(task.await.unwrap(), CancelOutcome::Cancelled(_)));
    }
    let offers = world.offers().await;
    let mut whose: Vec<usize> = offers.iter().map(|(who, _)| *who).collect();
    whose.sort_unstable();
    whose.dedup();
    assert_eq!((offers.len(), whose.len()), (16, 16), "an hour each");
    assert_eq!(world.overlaps().await, 0);
    assert_eq!(world.count(deadlocks).await, before);
    Arc::try_unwrap(world).ok().expect("every task has ended").done().await;
}

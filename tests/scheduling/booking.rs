//! What each operation answers, one sentence a test.

use smartsalud::scheduling::{
    CancelOutcome, CancelRequest, ConfirmOutcome, HoldOutcome, HoldRequest, ReleaseOutcome,
    RescheduleOutcome, RescheduleRequest, booking,
};

use crate::world::World;

const NINE: &str = "2026-11-25T09:30";
const TEN: &str = "2026-11-25T10:00";
const ELEVEN: &str = "2026-11-25T11:00";

#[tokio::test]
async fn an_hour_that_is_held_is_taken_for_everybody_else() {
    let world = World::new().await;
    let hold = world.held(0, world.slot(0, TEN)).await;
    assert_eq!(world.hold(1, world.slot(0, TEN)).await, HoldOutcome::Taken);
    let ConfirmOutcome::Confirmed(booked) = world.confirm(0, world.slot(0, TEN), Some(hold)).await else {
        panic!()
    };
    assert_eq!(booked.appointment, hold);
    assert_eq!(booked.place, "CESFAM Demo, Calle Uno 1");
    assert_eq!(smartsalud::scheduling::slot::appointment_of_code(&booked.code), Some(hold));
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0"]);
    assert_eq!(world.confirm(1, world.slot(0, TEN), None).await, ConfirmOutcome::Taken);
    world.done().await;
}

#[tokio::test]
async fn confirming_twice_is_one_booking() {
    let mut world = World::new().await;
    let slot = world.slot(0, TEN);
    let hold = world.held(0, slot).await;
    let first = world.confirm(0, slot, Some(hold)).await;
    assert!(matches!(first, ConfirmOutcome::Confirmed(_)));
    assert_eq!(world.confirm(0, slot, Some(hold)).await, first);
    world.wait(20);
    assert_eq!(world.confirm(0, slot, Some(hold)).await, first);
    assert_eq!(world.count("select count(*) from appointments").await, 1);
    world.done().await;
}

#[tokio::test]
async fn a_dead_hold_is_taken_again_when_its_hour_is_free() {
    let mut world = World::new().await;
    let (swept, unswept) = (world.slot(0, TEN), world.slot(0, ELEVEN));
    let first = world.held(0, swept).await;
    world.wait(11);
    let mut tx = world.begin().await;
    assert_eq!(booking::expire_holds(&mut tx, 100).await.unwrap().outcome, 1);
    tx.commit().await.unwrap();
    assert!(matches!(world.confirm(0, swept, Some(first)).await, ConfirmOutcome::Confirmed(_)));
    let again = world.confirm(0, swept, Some(first)).await;
    assert!(matches!(again, ConfirmOutcome::Confirmed(_)), "and confirming that twice is one booking too");

    let second = world.held(1, unswept).await;
    world.wait(11);
    assert!(matches!(world.confirm(1, unswept, Some(second)).await, ConfirmOutcome::Confirmed(_)));
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0", "d0 25 11:00 CONFIRMED p1"]);
    world.done().await;
}

#[tokio::test]
async fn a_dead_hold_whose_hour_somebody_took_is_taken() {
    let mut world = World::new().await;
    let slot = world.slot(0, TEN);
    let dead = world.held(0, slot).await;
    world.wait(11);
    world.booked(1, slot).await;
    assert_eq!(world.confirm(0, slot, Some(dead)).await, ConfirmOutcome::Taken);
    assert_eq!(world.count("select count(*) from appointments where status = 'EXPIRED'").await, 1);
    world.done().await;
}

#[tokio::test]
async fn a_buffer_keeps_the_next_patient_away() {
    let world = World::new().await;
    world.run("update appointment_types set duration_min = 30").await;
    world.booked(0, world.slot(0, TEN)).await;
    assert_eq!(
        world.hold(1, world.slot(0, "2026-11-25T10:30")).await,
        HoldOutcome::Taken,
        "busy until 10:35"
    );
    assert_eq!(world.hold(1, world.slot(0, NINE)).await, HoldOutcome::Taken, "it would be busy until 10:05");
    world.done().await;
}

#[tokio::test]
async fn nobody_has_two_visits_at_once() {
    let world = World::new().await;
    world.booked(0, world.slot(0, TEN)).await;
    assert_eq!(world.hold(0, world.slot(1, TEN)).await, HoldOutcome::Yours);
    assert_eq!(world.confirm(0, world.slot(1, TEN), None).await, ConfirmOutcome::Yours);
    world.done().await;
}

#[tokio::test]
async fn changing_the_hour_keeps_the_first_unless_the_second_is_held() {
    let world = World::new().await;
    let first = world.held(0, world.slot(0, TEN)).await;
    world.booked(1, world.slot(0, ELEVEN)).await;
    let change = |slot| HoldRequest { instead_of: Some(first), ..world.to_hold(0, slot) };
    assert_eq!(world.hold_as(change(world.slot(0, ELEVEN))).await, HoldOutcome::Taken);
    assert_eq!(world.blocking().await, ["d0 25 10:00 PENDING p0", "d0 25 11:00 CONFIRMED p1"]);
    // the same moment with someone else: the first hold is not in its own way
    assert!(matches!(world.hold_as(change(world.slot(1, TEN))).await, HoldOutcome::Held { .. }));
    assert_eq!(world.blocking().await, ["d1 25 10:00 PENDING p0", "d0 25 11:00 CONFIRMED p1"]);
    world.done().await;
}

#[tokio::test]
async fn a_patient_holds_no_more_than_one_may() {
    let world = World::new().await;
    for (who, start) in [(0, NINE), (0, TEN)] {
        world.held(who, world.slot(0, start)).await;
    }
    assert_eq!(world.hold(0, world.slot(0, ELEVEN)).await, HoldOutcome::Limit, "two holds");
    for start in [NINE, TEN, ELEVEN] {
        world.booked(1, world.slot(1, start)).await;
    }
    assert_eq!(
        world.hold(1, world.slot(1, "2026-11-25T12:00")).await,
        HoldOutcome::Limit,
        "three booked hours of a kind"
    );
    let by_staff = HoldRequest { conversation: None, ..world.to_hold(1, world.slot(1, "2026-11-25T12:00")) };
    assert!(matches!(world.hold_as(by_staff).await, HoldOutcome::Held { .. }), "a clerk may");
    world.done().await;
}

#[tokio::test]
async fn what_is_over_or_too_near_is_past() {
    let mut world = World::new().await;
    let slot = world.slot(0, NINE);
    let hold = world.held(0, slot).await;
    world.wait(40);
    assert_eq!(
        world.hold(1, world.slot(1, NINE)).await,
        HoldOutcome::Past,
        "in 50 minutes, with an hour's notice"
    );
    assert!(
        matches!(world.confirm(0, slot, Some(hold)).await, ConfirmOutcome::Confirmed(_)),
        "it was offered in time"
    );
    world.wait(60);
    assert_eq!(world.confirm(1, world.slot(1, NINE), None).await, ConfirmOutcome::Past);
    world.done().await;
}

#[tokio::test]
async fn an_hour_that_nobody_attends_is_taken() {
    let world = World::new().await;
    for odd in ["2026-11-25T10:10", "2026-11-25T13:00", "2026-11-27T10:00", "2027-03-03T10:00"] {
        assert_eq!(world.hold(0, world.slot(0, odd)).await, HoldOutcome::Taken, "{odd}");
    }
    world.run("insert into absences (center_id, doctor_id, during, reason) select center_id, min(id), '[2026-11-25 10:15, 2026-11-25 12:00)', 'reunión' from doctors group by 1").await;
    assert_eq!(
        world.hold(0, world.slot(0, TEN)).await,
        HoldOutcome::Taken,
        "the visit would run into the meeting"
    );
    assert!(
        matches!(world.hold(0, world.slot(1, TEN)).await, HoldOutcome::Held { .. }),
        "the other one is there"
    );
    world.run("insert into holidays values ('2026-11-26', 'Aniversario', 'demo')").await;
    assert_eq!(world.hold(1, world.slot(0, "2026-11-26T10:00")).await, HoldOutcome::Taken);
    world.run("update doctors set active = false").await;
    assert_eq!(world.hold(2, world.slot(0, NINE)).await, HoldOutcome::Taken);
    let nobody =
        smartsalud::scheduling::Slot { doctor: smartsalud::id::DoctorId(999_999), ..world.slot(0, NINE) };
    assert_eq!(world.hold(2, nobody).await, HoldOutcome::Taken, "a key that a client invented");
    world.done().await;
}

#[tokio::test]
async fn a_wall_time_that_does_not_exist_or_happens_twice_is_nobodys_hour() {
    let mut world = World::new().await;
    world.run("update doctor_schedules set day_of_week = 7, start_time = '00:00', end_time = '03:00' where day_of_week = 3").await;
    world.run("update doctor_schedules set day_of_week = 6, start_time = '21:00', end_time = '24:00' where day_of_week = 4").await;
    world.now = crate::world::instant("2026-08-20T08:00");
    assert_eq!(
        world.hold(0, world.slot(0, "2026-09-06T00:30")).await,
        HoldOutcome::Taken,
        "there is no such minute"
    );
    assert!(matches!(world.hold(0, world.slot(0, "2026-09-06T01:00")).await, HoldOutcome::Held { .. }));
    world.now = crate::world::instant("2026-03-20T08:00");
    assert_eq!(
        world.hold(1, world.slot(0, "2026-04-04T23:00")).await,
        HoldOutcome::Taken,
        "which of the two?"
    );
    assert!(matches!(world.hold(1, world.slot(0, "2026-04-04T22:30")).await, HoldOutcome::Held { .. }));
    world.done().await;
}

#[tokio::test]
async fn releasing_frees_the_hour_once_and_only_for_its_own_conversation() {
    let world = World::new().await;
    let hold = world.held(0, world.slot(0, TEN)).await;
    assert_eq!(world.release(1, hold).await, ReleaseOutcome::Gone);
    assert_eq!(world.release(0, hold).await, ReleaseOutcome::Released);
    assert_eq!(world.release(0, hold).await, ReleaseOutcome::Gone);
    let booked = world.booked(1, world.slot(0, TEN)).await;
    assert_eq!(
        world.release(1, booked.appointment).await,
        ReleaseOutcome::Gone,
        "a booking is cancelled, not released"
    );
    world.done().await;
}

#[tokio::test]
async fn cancelling_frees_the_hour_and_twice_answers_the_same() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, TEN)).await;
    assert_eq!(world.cancel(1, booked.appointment).await, CancelOutcome::Gone, "another patient's");
    let first = world.cancel(0, booked.appointment).await;
    assert_eq!(first, CancelOutcome::Cancelled(Box::new(booked.clone())));
    assert_eq!(world.cancel(0, booked.appointment).await, first);
    world.booked(1, world.slot(0, TEN)).await;
    let hold = world.held(2, world.slot(0, ELEVEN)).await;
    assert_eq!(world.cancel(2, hold).await, CancelOutcome::Gone, "a hold is released, not cancelled");
    assert_eq!(world.count("select count(*) from appointment_events where to_status = 'CANCELLED'").await, 1);
    world.done().await;
}

#[tokio::test]
async fn an_unverified_phone_touches_only_what_it_booked_itself() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, TEN)).await;
    let stranger = CancelRequest {
        conversation: Some(world.conversations[5]),
        verified: false,
        ..world.to_cancel(0, booked.appointment)
    };
    assert_eq!(world.cancel_as(stranger).await, CancelOutcome::Gone);
    let moved = world.to_move(0, booked.appointment, world.slot(0, ELEVEN), None);
    let stranger = RescheduleRequest { conversation: Some(world.conversations[5]), verified: false, ..moved };
    assert_eq!(world.move_as(stranger).await, RescheduleOutcome::Gone);
    let own = CancelRequest { verified: false, ..world.to_cancel(0, booked.appointment) };
    assert!(matches!(world.cancel_as(own).await, CancelOutcome::Cancelled(_)));
    world.done().await;
}

#[tokio::test]
async fn moving_keeps_the_old_hour_until_the_new_one_is_secured() {
    let world = World::new().await;
    let old = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.booked(1, world.slot(1, ELEVEN)).await;
    assert_eq!(
        world.move_as(world.to_move(0, old, world.slot(1, ELEVEN), None)).await,
        RescheduleOutcome::Taken
    );
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0", "d1 25 11:00 CONFIRMED p1"]);

    let to = world.slot(0, ELEVEN);
    let hold = world.hold_as(HoldRequest { moving: Some(old), ..world.to_hold(0, to) }).await;
    let HoldOutcome::Held { appointment: hold, .. } = hold else { panic!("{hold:?}") };
    let request = world.to_move(0, old, to, Some(hold));
    let RescheduleOutcome::Moved(moved) = world.move_as(request.clone()).await else { panic!() };
    assert_eq!(moved.slot, to);
    assert_eq!(world.blocking().await, ["d0 25 11:00 CONFIRMED p0", "d1 25 11:00 CONFIRMED p1"]);
    assert_eq!(world.move_as(request).await, RescheduleOutcome::Moved(moved), "delivered twice, moved once");
    assert_eq!(
        world.move_as(world.to_move(0, old, world.slot(0, NINE), None)).await,
        RescheduleOutcome::Gone
    );
    world.done().await;
}

#[tokio::test]
async fn an_hour_that_overlaps_the_one_being_moved_is_swapped_at_the_end() {
    let world = World::new().await;
    let old = world.booked(0, world.slot(0, TEN)).await.appointment;
    let beside = world.slot(1, TEN);
    let hold = HoldRequest { moving: Some(old), ..world.to_hold(0, beside) };
    assert_eq!(world.hold_as(hold).await, HoldOutcome::Overlaps);
    assert!(matches!(world.move_as(world.to_move(0, old, beside, None)).await, RescheduleOutcome::Moved(_)));
    assert_eq!(world.blocking().await, ["d1 25 10:00 CONFIRMED p0"]);
    world.done().await;
}

#[tokio::test]
async fn every_hour_has_one_unbroken_record() {
    let mut world = World::new().await;
    let old = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.move_as(world.to_move(0, old, world.slot(0, ELEVEN), None)).await;
    world.held(1, world.slot(0, NINE)).await;
    world.wait(11);
    world.held(2, world.slot(0, NINE)).await;
    // each record begins with nothing, each step begins where the last one ended, and the last is what the row says
    let broken = world
        .count(
            "with steps as (select *, lag(to_status) over (partition by appointment_id order by id) as before,
                                   lead(id) over (partition by appointment_id order by id) as next from appointment_events)
             select count(*) from appointments a left join steps s on s.appointment_id = a.id
              where s.id is null or s.from_status is distinct from s.before or s.next is null and s.to_status <> a.status",
        )
        .await;
    assert_eq!(broken, 0);
    world.done().await;
}

#[tokio::test]
async fn the_sweeper_leaves_a_locked_day_for_later() {
    let mut world = World::new().await;
    world.held(0, world.slot(0, TEN)).await;
    world.held(1, world.slot(1, TEN)).await;
    world.wait(11);
    let mut busy = world.begin().await;
    booking::hold(&mut busy, &world.to_hold(2, world.slot(1, ELEVEN))).await.unwrap().changed.clear();
    let mut sweep = world.begin().await;
    assert_eq!(booking::expire_holds(&mut sweep, 100).await.unwrap().outcome, 1);
    sweep.commit().await.unwrap();
    busy.commit().await.unwrap();
    assert_eq!(world.blocking().await, ["d1 25 11:00 PENDING p2"], "who had the lock swept its own day");
    world.done().await;
}

#[tokio::test]
async fn only_what_another_try_can_mend_is_retried() {
    let world = World::new().await;
    let mut first = world.begin().await;
    booking::hold(&mut first, &world.to_hold(0, world.slot(0, TEN))).await.unwrap().changed.clear();
    let error = world.try_hold(&world.to_hold(1, world.slot(0, TEN))).await.unwrap_err();
    assert!(error.retryable(), "the lock was waited for in vain: {error:?}");
    first.commit().await.unwrap();
    world.run("drop table map_changes").await;
    let error = world.try_hold(&world.to_hold(1, world.slot(0, ELEVEN))).await.unwrap_err();
    assert!(!error.retryable(), "{error:?}");
    world.done().await;
}

#[tokio::test]
async fn a_hold_that_dies_while_its_day_is_locked_is_confirmed_by_another_try() {
    let mut world = World::new().await;
    let slot = world.slot(0, TEN);
    let hold = world.held(0, slot).await;
    // who has the day's lock sees the hold die; who confirms it, a moment earlier, waits for that lock
    world.wait(9);
    let confirm = world.begin().await;
    world.wait(2);
    let mut other = world.begin().await;
    booking::hold(&mut other, &world.to_hold(1, world.slot(0, NINE))).await.unwrap().changed.clear();
    let request = world.to_confirm(0, slot, Some(hold));
    let waiting = tokio::spawn(async move {
        let mut confirm = confirm;
        booking::confirm(&mut confirm, &request).await.map(|written| written.outcome)
    });
    world.until_somebody_waits().await;
    other.commit().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.retryable(), "{error:?}");
    assert!(matches!(world.confirm(0, slot, Some(hold)).await, ConfirmOutcome::Confirmed(_)));
    world.done().await;
}

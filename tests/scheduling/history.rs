//! Linearizability: what a crowd was answered about an hour could have been answered one after the other.
//!
//! Each task logs when it asked and when it was answered; the history of every hour, of every professional's day, is
//! then searched for an order (Wing and Gong) in which an hour that knows one owner at a time gives the same answers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use smartsalud::id::AppointmentId;
use smartsalud::scheduling::{CancelOutcome, ConfirmOutcome, HoldOutcome, ReleaseOutcome, Slot, booking};
use tokio::sync::Barrier;

use crate::race::Draw;
use crate::world::World;

const TASKS: usize = 16;
const ROUNDS: usize = 30;

/// What was asked about an hour, and how it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Said {
    Held,
    Refused,
    Booked,
    Freed,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    asked: u64,
    answered: u64,
    who: usize,
    said: Said,
}

/// Who has the hour.
type Owner = Option<usize>;

/// The hour after this answer; none: it could not have answered so.
fn after(owner: Owner, call: &Call) -> Option<Owner> {
    match (call.said, owner) {
        (Said::Held, None) => Some(Some(call.who)),
        (Said::Refused, Some(other)) if other != call.who => Some(owner),
        (Said::Booked, Some(mine)) if mine == call.who => Some(owner),
        (Said::Freed, Some(mine)) if mine == call.who => Some(None),
        _ => None,
    }
}

/// Whether the calls can be put in an order that respects time and that an hour with one owner at a time could answer.
fn one_after_the_other(calls: &[Call]) -> bool {
    let mut tried: HashSet<(Vec<u64>, Owner)> = HashSet::new();
    let words = calls.len().div_ceil(64);
    let mut open = vec![(vec![0u64; words], None)];
    while let Some((done, owner)) = open.pop() {
        let is_done = |index: usize| done[index / 64] >> (index % 64) & 1 == 1;
        let rest: Vec<usize> = (0..calls.len()).filter(|index| !is_done(*index)).collect();
        // only what was asked before everything left was answered can come next
        let Some(first_answer) = rest.iter().map(|index| calls[*index].answered).min() else { return true };
        for index in rest.into_iter().filter(|index| calls[*index].asked <= first_answer) {
            let Some(next) = after(owner, &calls[index]) else { continue };
            let mut with = done.clone();
            with[index / 64] |= 1 << (index % 64);
            if tried.insert((with.clone(), next)) {
                open.push((with, next));
            }
        }
    }
    false
}

/// A crowd on a few hours.
async fn crowd() -> BTreeMap<Slot, Vec<Call>> {
    let world = Arc::new(World::with(2, 16, u32::try_from(TASKS).unwrap()).await);
    world.run("update appointment_types set max_per_patient = 100").await;
    let (clock, start) = (Arc::new(AtomicU64::new(0)), Arc::new(Barrier::new(TASKS)));
    let tasks: Vec<_> = (0..TASKS)
        .map(|who| {
            let (world, clock, start) = (Arc::clone(&world), Arc::clone(&clock), Arc::clone(&start));
            async move {
                let mut draw = Draw::new(who as u64 + 1);
                let mut calls: Vec<(Slot, Call)> = Vec::new();
                let now = || clock.fetch_add(1, Ordering::SeqCst);
                for round in 0..ROUNDS {
                    start.wait().await;
                    // mostly everybody on the same hour
                    let place = if draw.below(3) > 0 { round % 3 } else { draw.below(3) };
                    let slot = world.slot(place % 2, "2026-11-25T10:00");
                    let slot = Slot { start: slot.start + TimeDelta::minutes(30 * place as i64), ..slot };
                    let mut call =
                        |asked, said| calls.push((slot, Call { asked, answered: now(), who, said }));
                    let asked = now();
                    let held = retried(&world, async |tx| {
                        booking::hold(tx, &world.to_hold(who, slot)).await.map(|written| written.outcome)
                    });
                    let id = match held.await {
                        HoldOutcome::Held { appointment, .. } => appointment,
                        HoldOutcome::Taken => {
                            call(asked, Said::Refused);
                            continue;
                        }
                        other => panic!("{other:?}"),
                    };
                    call(asked, Said::Held);
                    if draw.below(2) == 0 {
                        free(&world, &mut call, &now, who, id, false).await;
                        continue;
                    }
                    let asked = now();
                    let booked = retried(&world, async |tx| {
                        let request = world.to_confirm(who, slot, Some(id));
                        booking::confirm(tx, &request).await.map(|written| written.outcome)
                    });
                    assert!(matches!(booked.await, ConfirmOutcome::Confirmed(_)), "a live hold is confirmed");
                    call(asked, Said::Booked);
                    free(&world, &mut call, &now, who, id, true).await;
                }
                calls
            }
        })
        .collect();
    let mut histories: BTreeMap<Slot, Vec<Call>> = BTreeMap::new();
    // one thread asks for all of them: the concurrency that counts is the database's
    for (slot, call) in futures_util::future::join_all(tasks).await.into_iter().flatten() {
        histories.entry(slot).or_default().push(call);
    }
    Arc::try_unwrap(world).ok().expect("every task has ended").done().await;
    histories
}

async fn free(
    world: &World,
    call: &mut impl FnMut(u64, Said),
    now: &impl Fn() -> u64,
    who: usize,
    id: AppointmentId,
    booked: bool,
) {
    let asked = now();
    if booked {
        let cancelled = retried(world, async |tx| {
            booking::cancel(tx, &world.to_cancel(who, id)).await.map(|written| written.outcome)
        });
        assert!(matches!(cancelled.await, CancelOutcome::Cancelled(_)));
    } else {
        let request =
            smartsalud::scheduling::ReleaseRequest { hold: id, conversation: Some(world.conversations[who]) };
        let released =
            retried(world, async |tx| booking::release(tx, &request).await.map(|written| written.outcome));
        assert_eq!(released.await, ReleaseOutcome::Released);
    }
    call(asked, Said::Freed);
}

/// As a turn does: another try where that can mend it.
async fn retried<T>(
    world: &World,
    operation: impl AsyncFn(&mut sqlx::PgConnection) -> Result<T, smartsalud::scheduling::BookingError>,
) -> T {
    loop {
        let mut tx = world.begin().await;
        match operation(&mut tx).await {
            Ok(answer) => {
                tx.commit().await.unwrap();
                return answer;
            }
            Err(error) => assert!(error.retryable(), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn every_hours_answers_could_have_been_given_one_after_the_other() {
    for (slot, calls) in crowd().await {
        let refused = calls.iter().filter(|call| call.said == Said::Refused).count();
        assert!(calls.len() > 100 && refused > 20, "{slot}: too little happened, {} calls", calls.len());
        assert!(one_after_the_other(&calls), "{slot}: no order explains its answers: {calls:?}");
    }
}

#[tokio::test]
async fn without_lock_and_constraint_no_order_explains_the_answers() {
    let world = World::with(1, 2, 2).await;
    // each locks a day of its own, and nothing forbids the second
    world
        .run(
            "create function scatter() returns trigger language plpgsql as $$
             begin new.day := new.day + 1000 + (random() * 100000)::int; return new; end $$",
        )
        .await;
    world
        .run("create trigger scatter before insert on doctor_days for each row execute function scatter()")
        .await;
    world.run("alter table appointments drop constraint doctor_no_overlap").await;
    let slot = world.slot(0, "2026-11-25T10:00");
    // both ask before either is answered: neither sees the other
    let (mut one, mut other) = (world.begin().await, world.begin().await);
    for (who, tx) in [(0, &mut one), (1, &mut other)] {
        let held = booking::hold(tx, &world.to_hold(who, slot)).await.unwrap().outcome;
        assert!(matches!(held, HoldOutcome::Held { .. }), "{who}: {held:?}");
    }
    one.commit().await.unwrap();
    other.commit().await.unwrap();
    let calls = [0, 1].map(|who| Call { asked: 0, answered: 1, who, said: Said::Held });
    assert!(!one_after_the_other(&calls), "this check would not see a double booking");
    world.done().await;
}

#[test]
fn the_check_knows_a_possible_order_from_an_impossible_one() {
    let call = |asked, answered, who, said| Call { asked, answered, who, said };
    // two holds that overlap in time, the second after the first was freed
    let possible = [call(0, 5, 1, Said::Held), call(1, 9, 2, Said::Held), call(6, 8, 1, Said::Freed)];
    assert!(one_after_the_other(&possible));
    let impossible = [call(0, 1, 1, Said::Held), call(2, 3, 2, Said::Held), call(4, 5, 1, Said::Freed)];
    assert!(!one_after_the_other(&impossible));
    let refused_by_nobody = [call(0, 1, 1, Said::Refused)];
    assert!(!one_after_the_other(&refused_by_nobody));
}

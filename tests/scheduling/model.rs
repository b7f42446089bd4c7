//! Random scripts of holds, bookings, moves, cancellations and waiting, played against the database and against a
//! model of forty lines; after every step both must have answered the same, hold the same hours, and the map must
//! offer exactly what the model says is free.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use smartsalud::id::AppointmentId;
use smartsalud::scheduling::{
    Agenda, CancelOutcome, ConfirmOutcome, HoldOutcome, HoldRequest, ReleaseOutcome, RescheduleOutcome,
    Search, Slot, booking, wall,
};
use smartsalud::value::Window;

use crate::world::{World, at};

const DOCTORS: usize = 2;
const PATIENTS: usize = 3;
const HOLD: i64 = 10;
const NOTICE: i64 = 60;
/// Twenty minutes with the patient, five afterwards.
const VISIT: i64 = 20;
const BUSY: i64 = 25;

#[derive(Debug, Clone)]
enum Step {
    Hold { who: usize, doctor: usize, place: usize, instead: Option<usize>, moving: Option<usize> },
    Confirm { which: usize, other_hour: Option<usize> },
    Release { which: usize },
    Cancel { which: usize },
    Move { which: usize, doctor: usize, place: usize, hold: Option<usize> },
    Wait { minutes: i64 },
    Sweep,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let hour = (0..DOCTORS, 0..16usize);
    let step = prop_oneof![
        5 => (0..PATIENTS, hour.clone(), prop::option::weighted(0.3, 0..40usize), prop::option::weighted(0.2, 0..40usize))
            .prop_map(|(who, (doctor, place), instead, moving)| Step::Hold { who, doctor, place, instead, moving }),
        4 => (0..40usize, prop::option::weighted(0.2, 0..16usize)).prop_map(|(which, other_hour)| Step::Confirm { which, other_hour }),
        1 => (0..40usize).prop_map(|which| Step::Release { which }),
        1 => (0..40usize).prop_map(|which| Step::Cancel { which }),
        2 => (0..40usize, hour, prop::option::of(0..40usize)).prop_map(|(which, (doctor, place), hold)| Step::Move { which, doctor, place, hold }),
        2 => (1..40i64).prop_map(|minutes| Step::Wait { minutes }),
        1 => Just(Step::Sweep),
    ];
    prop::collection::vec(step, 1..40)
}

/// One row of the model. Patient and conversation have the same number.
#[derive(Debug, Clone)]
struct Row {
    id: AppointmentId,
    who: usize,
    slot: Slot,
    status: &'static str,
    until: Option<DateTime<Utc>>,
    was_booked: bool,
    instead_of: Option<AppointmentId>,
}

struct Model {
    now: DateTime<Utc>,
    rows: Vec<Row>,
}

#[derive(Debug, PartialEq)]
enum Says {
    Placed,
    Taken,
    Yours,
    Limit,
    Past,
    Overlaps,
    Gone,
}

impl Model {
    fn here(&self) -> NaiveDateTime {
        wall::wall(chrono_tz::America::Santiago, self.now)
    }

    fn blocks(&self, row: &Row) -> bool {
        row.status == "CONFIRMED"
            || row.status == "PENDING" && row.until.is_some_and(|until| until > self.now)
    }

    fn row(&mut self, id: AppointmentId) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    /// What a look at this hour finds; rows in `past` do not count.
    fn look(&self, who: usize, slot: &Slot, past: &[AppointmentId]) -> Option<Says> {
        let near = |row: &&Row, minutes| (row.slot.start - slot.start).abs() < TimeDelta::minutes(minutes);
        let others = || self.rows.iter().filter(|row| self.blocks(row) && !past.contains(&row.id));
        if others().any(|row| row.who == who && near(&row, VISIT)) {
            return Some(Says::Yours);
        }
        others().any(|row| row.slot.doctor == slot.doctor && near(&row, BUSY)).then_some(Says::Taken)
    }

    fn hold(
        &mut self,
        who: usize,
        slot: Slot,
        instead: Option<AppointmentId>,
        moving: Option<AppointmentId>,
    ) -> Says {
        let instead = instead.filter(|id| {
            self.rows.iter().any(|row| row.id == *id && row.who == who && row.status == "PENDING")
        });
        let moved = moving.and_then(|id| {
            self.rows
                .iter()
                .find(|row| {
                    row.id == id
                        && row.who == who
                        && row.status == "CONFIRMED"
                        && row.slot.start > self.here()
                })
                .cloned()
        });
        if moving.is_some() && moved.is_none() {
            return Says::Taken;
        }
        if slot.start < self.here() + TimeDelta::minutes(NOTICE) {
            return Says::Past;
        }
        let past: Vec<AppointmentId> = instead.into_iter().chain(moved.as_ref().map(|row| row.id)).collect();
        if let Some(found) = self.look(who, &slot, &past) {
            return found;
        }
        let live = |row: &&Row| row.who == who && self.blocks(row) && !past.contains(&row.id);
        let to_come = |row: &&Row| row.status == "PENDING" || row.slot.start > self.here();
        if self.rows.iter().filter(live).filter(to_come).count() >= 3
            || self.rows.iter().filter(live).filter(|row| row.status == "PENDING").count() >= 2
        {
            return Says::Limit;
        }
        let beside = |row: &Row| {
            (row.slot.start - slot.start).abs()
                < TimeDelta::minutes(if row.slot.doctor == slot.doctor { BUSY } else { VISIT })
        };
        if moved.as_ref().is_some_and(beside) {
            return Says::Overlaps;
        }
        self.let_go(instead);
        Says::Placed
    }

    fn let_go(&mut self, hold: Option<AppointmentId>) {
        let now = self.now;
        if let Some(row) = hold.and_then(|id| self.row(id)) {
            row.status = if row.until.is_some_and(|until| until > now) { "CANCELLED" } else { "EXPIRED" };
        }
    }

    fn add(
        &mut self,
        id: AppointmentId,
        who: usize,
        slot: Slot,
        status: &'static str,
        instead_of: Option<AppointmentId>,
    ) {
        let until = (status == "PENDING").then(|| self.now + TimeDelta::minutes(HOLD));
        self.rows.push(Row { id, who, slot, status, until, was_booked: status == "CONFIRMED", instead_of });
    }

    /// Books; answers also which row is booked, when it was there before.
    fn book(
        &mut self,
        who: usize,
        slot: Slot,
        hold: Option<AppointmentId>,
        moving: Option<AppointmentId>,
    ) -> (Says, Option<AppointmentId>) {
        let here = self.here();
        let mine = hold.filter(|id| {
            self.rows.iter().any(|row| row.id == *id && row.who == who && row.status == "PENDING")
        });
        if moving.is_none() {
            let now = self.now;
            if let Some(row) = mine.and_then(|id| self.row(id)).filter(|row| {
                row.slot == slot && row.until.is_some_and(|until| until > now) && slot.start > here
            }) {
                (row.status, row.until, row.was_booked) = ("CONFIRMED", None, true);
                return (Says::Placed, Some(row.id));
            }
        }
        let moved = moving.filter(|id| {
            self.rows.iter().any(|row| {
                row.id == *id && row.who == who && row.status == "CONFIRMED" && row.slot.start > here
            })
        });
        let before = |row: &&Row| {
            row.who == who
                && row.slot == slot
                && row.status == "CONFIRMED"
                && row.instead_of == moving
                && Some(row.id) != moved
        };
        if let Some(again) = self.rows.iter().find(before).map(|row| row.id) {
            self.let_go(mine);
            return (Says::Placed, Some(again));
        }
        if moving.is_some() && moved.is_none() {
            return (Says::Gone, None);
        }
        if slot.start <= here {
            return (Says::Past, None);
        }
        let past: Vec<AppointmentId> = mine.into_iter().chain(moved).collect();
        if let Some(found) = self.look(who, &slot, &past) {
            return (found, None);
        }
        self.let_go(mine);
        if let Some(row) = moved.and_then(|id| self.row(id)) {
            row.status = "RESCHEDULED";
        }
        (Says::Placed, None)
    }

    fn blocking(&self) -> BTreeSet<(Slot, usize, &'static str)> {
        self.rows.iter().filter(|row| self.blocks(row)).map(|row| (row.slot, row.who, row.status)).collect()
    }

    fn free(&self, all: &[Slot]) -> BTreeSet<Slot> {
        let soon = self.here() + TimeDelta::minutes(NOTICE);
        all.iter()
            .copied()
            .filter(|slot| slot.start >= soon && self.look(usize::MAX, slot, &[]).is_none())
            .collect()
    }
}

fn hour(world: &World, doctor: usize, place: usize) -> Slot {
    let nine = world.slot(doctor, if place < 8 { "2026-11-25T09:00" } else { "2026-11-26T09:00" });
    Slot { start: nine.start + TimeDelta::minutes(30 * i64::try_from(place % 8).unwrap()), ..nine }
}

async fn play(world: &mut World, script: &[Step]) -> Result<(), TestCaseError> {
    sqlx::raw_sql("truncate appointments, doctor_days, appointment_events restart identity cascade")
        .execute(&world.pool)
        .await
        .unwrap();
    world.now = crate::world::instant("2026-11-25T07:30");
    let agenda = Agenda::start(world.pool.clone()).await.unwrap();
    let all: Vec<Slot> = (0..DOCTORS)
        .flat_map(|doctor| (0..16).map(move |place| (doctor, place)))
        .map(|(doctor, place)| hour(world, doctor, place))
        .collect();
    let mut model = Model { now: world.now, rows: Vec::new() };
    for step in script {
        let row = |which: usize| model.rows.get(which % model.rows.len().max(1)).cloned();
        match step {
            Step::Hold { who, doctor, place, instead, moving } => {
                let slot = hour(world, *doctor, *place);
                let own = |which: Option<usize>| {
                    which.and_then(row).filter(|row| row.who == *who).map(|row| row.id)
                };
                let (instead_of, moving) = (own(*instead), own(*moving));
                let got =
                    world.hold_as(HoldRequest { instead_of, moving, ..world.to_hold(*who, slot) }).await;
                let says = model.hold(*who, slot, instead_of, moving);
                let (got, id) = match got {
                    HoldOutcome::Held { appointment, .. } => (Says::Placed, Some(appointment)),
                    HoldOutcome::Taken => (Says::Taken, None),
                    HoldOutcome::Yours => (Says::Yours, None),
                    HoldOutcome::Limit => (Says::Limit, None),
                    HoldOutcome::Past => (Says::Past, None),
                    HoldOutcome::Overlaps => (Says::Overlaps, None),
                };
                prop_assert_eq!(&got, &says, "{:?}", step);
                id.into_iter().for_each(|id| model.add(id, *who, slot, "PENDING", None));
            }
            Step::Confirm { which, other_hour } => {
                let Some(held) = row(*which) else { continue };
                let slot = other_hour.map_or(held.slot, |place| hour(world, 0, place));
                let got = world.confirm(held.who, slot, Some(held.id)).await;
                let (says, known) = model.book(held.who, slot, Some(held.id), None);
                let (got, id) = match got {
                    ConfirmOutcome::Confirmed(booked) => (Says::Placed, Some(booked.appointment)),
                    ConfirmOutcome::Taken => (Says::Taken, None),
                    ConfirmOutcome::Yours => (Says::Yours, None),
                    ConfirmOutcome::Past => (Says::Past, None),
                };
                prop_assert_eq!(&got, &says, "{:?} of {:?}", step, held);
                match (id, known) {
                    (Some(id), Some(known)) => prop_assert_eq!(id, known),
                    (Some(id), None) => model.add(id, held.who, slot, "CONFIRMED", None),
                    (None, _) => {}
                }
            }
            Step::Release { which } => {
                let Some(held) = row(*which) else { continue };
                let got = world.release(held.who, held.id).await == ReleaseOutcome::Released;
                // a dead hold that nobody swept may still be released
                prop_assert_eq!(got, held.status == "PENDING", "{:?}", held);
                if got {
                    model.row(held.id).unwrap().status = "CANCELLED";
                }
            }
            Step::Cancel { which } => {
                let Some(booked) = row(*which) else { continue };
                let got = matches!(world.cancel(booked.who, booked.id).await, CancelOutcome::Cancelled(_));
                let can = booked.status == "CONFIRMED" && booked.slot.start > model.here();
                prop_assert_eq!(
                    got,
                    can || booked.status == "CANCELLED" && booked.was_booked,
                    "{:?}",
                    booked
                );
                if can {
                    model.row(booked.id).unwrap().status = "CANCELLED";
                }
            }
            Step::Move { which, doctor, place, hold } => {
                let Some(old) = row(*which) else { continue };
                let slot = hour(world, *doctor, *place);
                let hold =
                    hold.and_then(row).filter(|row| row.who == old.who && row.id != old.id).map(|row| row.id);
                let got = world.move_as(world.to_move(old.who, old.id, slot, hold)).await;
                let (says, known) = model.book(old.who, slot, hold, Some(old.id));
                let (got, id) = match got {
                    RescheduleOutcome::Moved(booked) => (Says::Placed, Some(booked.appointment)),
                    RescheduleOutcome::Taken => (Says::Taken, None),
                    RescheduleOutcome::Yours => (Says::Yours, None),
                    RescheduleOutcome::Gone => (Says::Gone, None),
                    RescheduleOutcome::Past => (Says::Past, None),
                };
                prop_assert_eq!(&got, &says, "{:?} of {:?}", step, old);
                match (id, known) {
                    (Some(id), Some(known)) => prop_assert_eq!(id, known),
                    (Some(id), None) => model.add(id, old.who, slot, "CONFIRMED", Some(old.id)),
                    (None, _) => {}
                }
            }
            Step::Wait { minutes } => {
                world.wait(*minutes);
                model.now = world.now;
            }
            Step::Sweep => {
                let mut tx = world.begin().await;
                let swept = booking::expire_holds(&mut tx, 100).await.unwrap();
                tx.commit().await.unwrap();
                for change in swept.changed {
                    agenda.note_change(change.doctor, change.day, change.version);
                }
            }
        }
        // rows that a booking or the sweeper expired on its way are dead in the model by their time alone
        let swept: Vec<i64> = sqlx::query_scalar("select id from appointments where status = 'EXPIRED'")
            .fetch_all(&world.pool)
            .await
            .unwrap();
        for id in swept {
            let row = model.row(AppointmentId(id)).unwrap();
            let dead = row.until.is_some_and(|until| until <= world.now);
            prop_assert!(dead, "expired before its time: {:?}", row);
            row.status = "EXPIRED";
        }
        compare(world, &model, &agenda, &all, step).await?;
    }
    prop_assert_eq!(world.overlaps().await, 0);
    Ok(())
}

async fn compare(
    world: &World,
    model: &Model,
    agenda: &Agenda,
    all: &[Slot],
    step: &Step,
) -> Result<(), TestCaseError> {
    let rows: Vec<(i64, NaiveDateTime, i64, String)> =
        sqlx::query_as("select doctor_id, appointment_date + start_local, patient_id, status from appointments where blocks and (hold_expires_at is null or hold_expires_at > $1)")
            .bind(world.now)
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let found: BTreeSet<(Slot, usize, &str)> = rows
        .iter()
        .map(|(doctor, start, patient, status)| {
            let slot = Slot {
                doctor: smartsalud::id::DoctorId(*doctor),
                appointment_type: world.kind,
                start: *start,
            };
            (slot, world.patients.iter().position(|known| known.0 == *patient).unwrap(), status.as_str())
        })
        .collect();
    prop_assert_eq!(&found, &model.blocking(), "after {:?}", step);
    agenda.follow_once().await.unwrap();
    let window = Window { before: Some(at("2026-11-27T00:00")), ..Window::ANY };
    let offers = agenda.search(&Search { window, limit: usize::MAX, ..world.to_search() }).await.unwrap();
    let offered: BTreeSet<Slot> = offers.into_iter().map(|offer| offer.slot).collect();
    prop_assert_eq!(&offered, &model.free(all), "the map after {:?}", step);
    Ok(())
}

#[test]
fn the_database_and_a_small_model_answer_the_same_to_any_script() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = std::cell::RefCell::new(runtime.block_on(World::with(2, 3, 4)));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    });
    runner.run(&steps(), |script| runtime.block_on(play(&mut world.borrow_mut(), &script))).unwrap();
    runtime.block_on(world.into_inner().done());
}

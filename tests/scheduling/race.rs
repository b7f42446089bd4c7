//! Many patients at once on few hours, and proof that this test would see a double booking if there were one.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use smartsalud::id::AppointmentId;
use smartsalud::scheduling::life::{self, Progress, StepRequest, UndoOutcome, UndoRequest};
use smartsalud::scheduling::store::absence::{self, NewAbsence};
use smartsalud::scheduling::{
    BookingError, CancelOutcome, CancelRequest, ConfirmOutcome, ConfirmRequest, HoldOutcome, HoldRequest,
    ReleaseRequest, RescheduleOutcome, RescheduleRequest, Slot, booking,
};
use sqlx::PgConnection;
use tokio::sync::{Barrier, Mutex};

use crate::world::World;

/// `SplitMix64`: the same crowd for the same seed.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

enum Operation {
    Hold(HoldRequest),
    Confirm(ConfirmRequest),
    Release(ReleaseRequest),
    Cancel(CancelRequest),
    Move(RescheduleRequest),
    /// The doctor is away for a while; or, next time, is back.
    Close(NewAbsence),
    Arrive(StepRequest),
    Undo(UndoRequest),
    Sweep,
}

enum Answer {
    Hold(HoldOutcome),
    Confirm(ConfirmOutcome),
    Cancel(CancelOutcome),
    Move(RescheduleOutcome),
    Hits(Vec<AppointmentId>),
    Undone(UndoOutcome),
    Nothing,
}

async fn perform(tx: &mut PgConnection, operation: &Operation) -> Result<Answer, BookingError> {
    Ok(match operation {
        Operation::Hold(request) => Answer::Hold(booking::hold(tx, request).await?.outcome),
        Operation::Confirm(request) => Answer::Confirm(booking::confirm(tx, request).await?.outcome),
        Operation::Cancel(request) => Answer::Cancel(booking::cancel(tx, request).await?.outcome),
        Operation::Move(request) => Answer::Move(booking::reschedule(tx, request).await?.outcome),
        Operation::Release(request) => booking::release(tx, request).await.map(|_| Answer::Nothing)?,
        Operation::Close(away) => {
            let today = away.from.date().min("2026-11-25".parse().unwrap());
            let failed = |source| BookingError::Store { doing: "close".to_owned(), source };
            let (doctor, from, until) = (away.doctor, away.from, away.until);
            if absence::reopen(tx, away.center, doctor, from, until).await.map_err(failed)? {
                return Ok(Answer::Nothing);
            }
            Answer::Hits(absence::absences(tx, std::slice::from_ref(away), today).await.map_err(failed)?.1)
        }
        Operation::Arrive(request) => life::step(tx, request).await.map(|_| Answer::Nothing)?,
        Operation::Undo(request) => Answer::Undone(life::undo(tx, request).await?.outcome),
        Operation::Sweep => booking::expire_holds(tx, 5).await.map(|_| Answer::Nothing)?,
    })
}

const TASKS: usize = 16;

/// What is taken away for a negative control.
#[derive(Clone, Copy, PartialEq)]
enum Without {
    Nothing,
    /// Every booking locks a row of its own, so that no two wait for each other.
    Lock,
    Constraint,
    Both,
}

#[derive(Default)]
struct Ledger {
    booked: HashSet<AppointmentId>,
    gone: HashSet<AppointmentId>,
    /// Called off and booked again: which came last, only the database knows.
    undone: HashSet<AppointmentId>,
    /// Booked hours that were listed when a day was closed.
    hit: HashSet<AppointmentId>,
    deadlocks: usize,
    contradicted: usize,
    placed: usize,
}

struct Found {
    overlaps: i64,
    ledger: Ledger,
    lost: Vec<AppointmentId>,
    invented: Vec<AppointmentId>,
    broken_records: i64,
    /// Booked in an absence, and nobody was told.
    unlisted: Vec<AppointmentId>,
    server_deadlocks: i64,
}

async fn race(without: Without, seed: u64, rounds: usize) -> Found {
    let world = Arc::new(World::with(3, 24, u32::try_from(TASKS).unwrap()).await);
    if matches!(without, Without::Lock | Without::Both) {
        world.run("create function scatter() returns trigger language plpgsql as $$ begin new.day := new.day + 1000 + (random() * 100000)::int; return new; end $$").await;
        world
            .run(
                "create trigger scatter before insert on doctor_days for each row execute function scatter()",
            )
            .await;
    }
    if matches!(without, Without::Constraint | Without::Both) {
        world.run("alter table appointments drop constraint doctor_no_overlap").await;
        world.run("alter table appointments drop constraint patient_no_overlap").await;
    }
    world.run("update appointment_types set max_per_patient = 100").await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    let before = world.count(deadlocks).await;

    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let minutes = Arc::new(AtomicI64::new(0));
    let start = Arc::new(Barrier::new(TASKS));
    let tasks = (0..TASKS).map(|task| {
        let (world, ledger, minutes, start) =
            (Arc::clone(&world), Arc::clone(&ledger), Arc::clone(&minutes), Arc::clone(&start));
        tokio::spawn(async move {
            let rng = Draw::new(seed * 1000 + task as u64);
            let mut patient = Walker { rng, task, held: Vec::new(), world, ledger, minutes };
            for round in 0..rounds {
                // everybody at the same hour, then everybody for themselves
                start.wait().await;
                patient.hold(hot(&patient.world, round)).await;
                for _ in 0..3 {
                    patient.act().await;
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }

    let overlaps = world.overlaps().await;
    let confirmed: HashSet<AppointmentId> =
        sqlx::query_scalar::<_, i64>("select id from appointments where status in ('CONFIRMED', 'ARRIVED')")
            .fetch_all(&world.pool)
            .await
            .unwrap()
            .into_iter()
            .map(AppointmentId)
            .collect();
    let broken_records = world
        .count(
            "with steps as (select *, lag(to_status) over (partition by appointment_id order by id) as before,
                                   lead(id) over (partition by appointment_id order by id) as next from appointment_events)
             select count(*) from appointments a left join steps s on s.appointment_id = a.id
              where s.id is null or s.from_status is distinct from s.before or s.next is null and s.to_status <> a.status",
        )
        .await;
    let server_deadlocks = world.count(deadlocks).await - before;
    let ledger = std::mem::take(&mut *ledger.lock().await);
    let within: Vec<i64> = sqlx::query_scalar(
        "select distinct a.id from appointments a join absences b on b.doctor_id = a.doctor_id
          where a.blocks and a.status <> 'PENDING' and b.during && tsrange(a.appointment_date + a.start_local, a.appointment_date + a.start_local + interval '20 min')",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let unlisted = within.into_iter().map(AppointmentId).filter(|id| !ledger.hit.contains(id)).collect();
    let promised: HashSet<AppointmentId> = ledger.booked.difference(&ledger.gone).copied().collect();
    let sure = |id: &&AppointmentId| !ledger.undone.contains(*id);
    let lost = promised.difference(&confirmed).filter(sure).copied().collect();
    let invented = confirmed.difference(&promised).filter(sure).copied().collect();
    Arc::try_unwrap(world).ok().expect("every task has ended").done().await;
    Found { overlaps, ledger, lost, invented, broken_records, unlisted, server_deadlocks }
}

fn hot(world: &World, round: usize) -> Slot {
    slot(world, round % 3, round / 3)
}

fn slot(world: &World, doctor: usize, place: usize) -> Slot {
    let (day, half_hours) = (25 + place / 8 % 2, i64::try_from(place % 8).unwrap());
    let nine = world.slot(doctor, &format!("2026-11-{day}T09:00"));
    Slot { start: nine.start + TimeDelta::minutes(30 * half_hours), ..nine }
}

/// One of the crowd: conversation number `task`, for any of the patients.
struct Walker {
    rng: Draw,
    task: usize,
    held: Vec<(usize, Slot, AppointmentId)>,
    world: Arc<World>,
    ledger: Arc<Mutex<Ledger>>,
    minutes: Arc<AtomicI64>,
}

impl Walker {
    async fn act(&mut self) {
        match self.rng.below(13) {
            0 | 1 => {
                let (doctor, place) = (self.rng.below(3), self.rng.below(16));
                self.hold(slot(&self.world, doctor, place)).await;
            }
            2 | 3 => self.confirm().await,
            4 => self.release().await,
            5 | 6 => self.cancel().await,
            7 | 8 => self.reschedule().await,
            9 if self.rng.below(2) == 0 => self.close().await,
            10 => self.arrive().await,
            11 => self.undo().await,
            _ => {
                if self.rng.below(4) == 0 {
                    self.minutes.fetch_add(3, Ordering::Relaxed);
                }
                self.try_until_done(Operation::Sweep).await;
            }
        }
    }

    async fn hold(&mut self, slot: Slot) {
        let who = self.rng.below(24);
        let change = self.rng.below(3) == 0;
        let instead_of = self.held.last().filter(|_| change).map(|(.., id)| *id);
        let conversation = Some(self.world.conversations[self.task]);
        let request = HoldRequest { conversation, instead_of, ..self.world.to_hold(who, slot) };
        if let Some(Answer::Hold(HoldOutcome::Held { appointment, .. })) =
            self.try_until_done(Operation::Hold(request)).await
        {
            self.held.push((who, slot, appointment));
            self.ledger.lock().await.placed += 1;
        }
    }

    async fn confirm(&mut self) {
        let Some((who, slot, hold)) = self.held.pop() else { return };
        let conversation = Some(self.world.conversations[self.task]);
        let request = ConfirmRequest { conversation, ..self.world.to_confirm(who, slot, Some(hold)) };
        if let Some(Answer::Confirm(ConfirmOutcome::Confirmed(booked))) =
            self.try_until_done(Operation::Confirm(request)).await
        {
            self.ledger.lock().await.booked.insert(booked.appointment);
        }
    }

    async fn release(&mut self) {
        let Some((_, _, hold)) = self.held.pop() else { return };
        let request = ReleaseRequest { hold, conversation: Some(self.world.conversations[self.task]) };
        self.try_until_done(Operation::Release(request)).await;
    }

    /// Any booked hour of anybody.
    async fn victim(&mut self) -> Option<(usize, AppointmentId)> {
        let recent =
            "select id, patient_id from appointments where status = 'CONFIRMED' order by id desc limit 12";
        let rows: Vec<(i64, i64)> = sqlx::query_as(recent).fetch_all(&self.world.pool).await.unwrap();
        let (id, patient) = *rows.get(self.rng.below(rows.len().max(1)))?;
        let who = self.world.patients.iter().position(|known| known.0 == patient)?;
        Some((who, AppointmentId(id)))
    }

    async fn cancel(&mut self) {
        let Some((who, id)) = self.victim().await else { return };
        let request = self.world.to_cancel(who, id);
        if let Some(Answer::Cancel(CancelOutcome::Cancelled(booked))) =
            self.try_until_done(Operation::Cancel(request)).await
        {
            self.ledger.lock().await.gone.insert(booked.appointment);
        }
    }

    async fn reschedule(&mut self) {
        let Some((who, old)) = self.victim().await else { return };
        let (doctor, place) = (self.rng.below(3), self.rng.below(16));
        let conversation = Some(self.world.conversations[self.task]);
        let to = slot(&self.world, doctor, place);
        let request = RescheduleRequest { conversation, ..self.world.to_move(who, old, to, None) };
        if let Some(Answer::Move(RescheduleOutcome::Moved(booked))) =
            self.try_until_done(Operation::Move(request)).await
        {
            let mut ledger = self.ledger.lock().await;
            ledger.booked.insert(booked.appointment);
            ledger.gone.insert(old);
        }
    }

    /// Half an hour of somebody, or of everybody, on either day; what was closed so before opens again.
    async fn close(&mut self) {
        let (doctor, place) = (self.rng.below(4), self.rng.below(16));
        let from = slot(&self.world, doctor % 3, place).start;
        let away = NewAbsence {
            center: self.world.center,
            doctor: self.world.doctors.get(doctor).copied(),
            from,
            until: from + TimeDelta::minutes(30),
            reason: "x".to_owned(),
        };
        if let Some(Answer::Hits(hit)) = self.try_until_done(Operation::Close(away)).await {
            self.ledger.lock().await.hit.extend(hit);
        }
    }

    async fn arrive(&mut self) {
        let (mut ids, center) = (Vec::new(), self.world.center);
        for _ in 0..3 {
            ids.extend(self.victim().await.map(|(_, id)| id));
        }
        let step =
            StepRequest { center, appointments: ids, progress: Progress::Arrived, staff: None, reason: None };
        self.try_until_done(Operation::Arrive(step)).await;
    }

    /// Takes the last step of anything back: an arrival, a cancelled hour.
    async fn undo(&mut self) {
        let recent =
            "select id from appointments where status in ('ARRIVED', 'CANCELLED') order by id desc limit 12";
        let rows: Vec<i64> = sqlx::query_scalar(recent).fetch_all(&self.world.pool).await.unwrap();
        let Some(id) = rows.get(self.rng.below(rows.len().max(1))).copied().map(AppointmentId) else {
            return;
        };
        let request =
            UndoRequest { center: self.world.center, appointment: id, staff: None, reason: "x".to_owned() };
        if let Some(Answer::Undone(UndoOutcome::Undone(_))) =
            self.try_until_done(Operation::Undo(request)).await
        {
            self.ledger.lock().await.undone.insert(id);
        }
    }

    /// As a turn does: a transaction, some other statement before the commit, and another try where that can mend it.
    async fn try_until_done(&self, operation: Operation) -> Option<Answer> {
        for _ in 0..8 {
            let mut tx = self.world.pool.begin().await.unwrap();
            let now = self.world.now + TimeDelta::minutes(self.minutes.load(Ordering::Relaxed));
            sqlx::query("select set_config('app.now', $1, true)")
                .bind(now.to_rfc3339())
                .execute(&mut *tx)
                .await
                .unwrap();
            match perform(&mut tx, &operation).await {
                Ok(answer) => {
                    sqlx::query("update conversations set seq = seq + 1 where id = $1")
                        .bind(self.world.conversations[self.task].0)
                        .execute(&mut *tx)
                        .await
                        .unwrap();
                    tx.commit().await.unwrap();
                    return Some(answer);
                }
                Err(error) if error.retryable() => {
                    let mut ledger = self.ledger.lock().await;
                    match &error {
                        BookingError::Contradicted(_) => ledger.contradicted += 1,
                        BookingError::Raced(_) => {}
                        BookingError::Store { source, .. } => {
                            let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
                            ledger.deadlocks += usize::from(code.as_deref() == Some("40P01"));
                        }
                    }
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_on_few_hours_never_doubles_one_and_never_deadlocks() {
    for seed in [1, 2] {
        let found = race(Without::Nothing, seed, 40).await;
        assert!(found.ledger.placed > 80, "the crowd got {} holds only", found.ledger.placed);
        assert_eq!(found.overlaps, 0);
        assert_eq!((found.ledger.deadlocks, found.server_deadlocks), (0, 0));
        assert_eq!(found.ledger.contradicted, 0, "the look under the locks and the constraints must agree");
        assert_eq!(found.lost, [], "booked hours that nobody gave up are gone");
        assert_eq!(found.invented, [], "hours are booked that nobody was promised");
        assert_eq!(found.broken_records, 0);
        assert_eq!(found.unlisted, [], "booked on a closed day without anybody being told");
        assert!(
            found.ledger.undone.len() > 2 && found.ledger.hit.len() > 2,
            "the crowd did too little: {} and {}",
            found.ledger.undone.len(),
            found.ledger.hit.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_lock_alone_and_the_constraint_alone_each_prevent_doubles() {
    assert_eq!(race(Without::Constraint, 3, 15).await.overlaps, 0);
    let found = race(Without::Lock, 3, 10).await;
    assert_eq!(found.overlaps, 0);
    assert!(
        found.ledger.contradicted + found.ledger.deadlocks > 0,
        "without the lock the constraints have work to do"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_lock_and_constraint_the_same_crowd_doubles_hours() {
    let found = race(Without::Both, 4, 15).await;
    assert!(found.overlaps > 0, "this test would not see a double booking");
}

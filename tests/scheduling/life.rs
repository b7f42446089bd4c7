//! The life of an appointment: every step that there is, nothing else, each recorded, and the steps back.

use smartsalud::id::AppointmentId;
use smartsalud::scheduling::appointment::{LIFE, Status};
use smartsalud::scheduling::life::{self, Progress, StepOutcome, StepRequest, UndoOutcome, UndoRequest};
use smartsalud::scheduling::{Actor, Agenda, CancelOutcome, DayChange, Written};

use crate::world::World;

const TEN: &str = "2026-11-25T10:00";
const STAFF: Option<i64> = Some(7);

impl World {
    fn to_step(&self, appointments: &[AppointmentId], progress: Progress) -> StepRequest {
        StepRequest {
            center: self.center,
            appointments: appointments.to_vec(),
            progress,
            staff: STAFF,
            reason: None,
        }
    }

    async fn steps(&self, request: &StepRequest) -> Written<Vec<(AppointmentId, StepOutcome)>> {
        let mut tx = self.begin().await;
        let written = life::step(&mut tx, request).await.unwrap();
        tx.commit().await.unwrap();
        written
    }

    async fn step(&self, appointment: AppointmentId, progress: Progress) -> StepOutcome {
        self.steps(&self.to_step(&[appointment], progress)).await.outcome[0].1
    }

    async fn undo(&self, appointment: AppointmentId) -> UndoOutcome {
        let mut tx = self.begin().await;
        let request = UndoRequest {
            center: self.center,
            appointment,
            staff: STAFF,
            reason: "se marcó la fila de al lado".to_owned(),
        };
        let written = life::undo(&mut tx, &request).await.unwrap();
        tx.commit().await.unwrap();
        written.outcome
    }

    /// What was recorded of an appointment, as `patient PENDING>CONFIRMED`.
    async fn record(&self, appointment: AppointmentId) -> Vec<String> {
        sqlx::query_scalar(
            "select actor || ' ' || coalesce(from_status, '') || '>' || to_status from appointment_events where appointment_id = $1 order by id",
        )
        .bind(appointment.0)
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn a_visit_goes_through_its_whole_life_and_each_step_says_who() {
    let mut world = World::new().await;
    let id = world.booked(0, world.slot(0, TEN)).await.appointment;
    assert_eq!(world.step(id, Progress::Finished).await, StepOutcome::NotFrom(Status::Confirmed));
    assert_eq!(world.step(id, Progress::Missed).await, StepOutcome::TooEarly);
    world.wait(115);
    assert_eq!(world.step(id, Progress::Arrived).await, StepOutcome::Done);
    assert_eq!(world.step(id, Progress::Arrived).await, StepOutcome::Already, "pressed twice");
    assert_eq!(world.cancel(0, id).await, CancelOutcome::Gone, "who is here cannot call it off");
    assert_eq!(world.step(id, Progress::Started).await, StepOutcome::Done);
    assert_eq!(world.step(id, Progress::Finished).await, StepOutcome::Done);
    assert_eq!(
        world.record(id).await,
        [
            "patient >PENDING",
            "patient PENDING>CONFIRMED",
            "staff CONFIRMED>ARRIVED",
            "staff ARRIVED>IN_PROGRESS",
            "staff IN_PROGRESS>COMPLETED"
        ]
    );
    assert_eq!(world.blocking().await, ["d0 25 10:00 COMPLETED p0"], "the hour stays taken, for the record");
    let who = "select count(*) from appointment_events where actor = 'staff' and actor_id = 7";
    assert_eq!(world.count(who).await, 3);
    let patient = "select count(*) from appointment_events e join appointments a on a.id = e.appointment_id where e.actor = 'patient' and e.actor_id = a.conversation_id";
    assert_eq!(world.count(patient).await, 2);
    world.done().await;
}

#[tokio::test]
async fn an_arrival_is_marked_on_its_day_only() {
    let mut world = World::new().await;
    let id = world.booked(0, world.slot(0, "2026-11-26T10:00")).await.appointment;
    assert_eq!(world.step(id, Progress::Arrived).await, StepOutcome::TooEarly, "a day before");
    world.wait(24 * 60);
    assert_eq!(world.step(id, Progress::Arrived).await, StepOutcome::Done);
    world.done().await;
}

#[tokio::test]
async fn a_patient_who_does_not_come_frees_the_hour_for_a_walk_in() {
    let mut world = World::new().await;
    let map = Agenda::start(world.pool.clone()).await.unwrap();
    let (gone, here) = (
        world.booked(0, world.slot(0, "2026-11-25T12:00")).await.appointment,
        world.booked(1, world.slot(1, "2026-11-25T12:00")).await.appointment,
    );
    world.run("update appointment_types set min_notice_min = 0").await;
    map.follow_once().await.unwrap();
    world.wait(240);
    let written = world.steps(&world.to_step(&[here, gone], Progress::Missed)).await;
    assert_eq!(written.outcome, [(here, StepOutcome::Done), (gone, StepOutcome::Done)]);
    assert_eq!(written.changed.len(), 2, "two days of the map");
    assert!(world.blocking().await.is_empty());
    assert_eq!(
        world.steps(&world.to_step(&[gone], Progress::Missed)).await,
        Written { outcome: vec![(gone, StepOutcome::Already)], changed: Vec::<DayChange>::new() }
    );
    world.done().await;
}

#[tokio::test]
async fn who_came_and_left_unseen_is_marked_with_a_reason() {
    let mut world = World::new().await;
    let id = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.wait(115);
    world.step(id, Progress::Arrived).await;
    assert_eq!(world.step(id, Progress::Missed).await, StepOutcome::TooEarly);
    world.wait(60);
    assert_eq!(world.step(id, Progress::Missed).await, StepOutcome::NeedsReason);
    let why = StepRequest {
        reason: Some("se fue sin ser atendido".to_owned()),
        ..world.to_step(&[id], Progress::Missed)
    };
    assert_eq!(world.steps(&why).await.outcome, [(id, StepOutcome::Done)]);
    world.done().await;
}

#[tokio::test]
async fn another_centres_appointment_is_unknown() {
    let mut world = World::new().await;
    let id = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.wait(120);
    world.run("insert into centers (code, name, tz) values ('otro', 'Otro', 'America/Santiago')").await;
    let other = smartsalud::id::CenterId(world.count("select max(id) from centers").await);
    let asked = StepRequest { center: other, ..world.to_step(&[id, AppointmentId(999)], Progress::Missed) };
    assert_eq!(
        world.steps(&asked).await.outcome,
        [(id, StepOutcome::Unknown), (AppointmentId(999), StepOutcome::Unknown)]
    );
    let mut tx = world.begin().await;
    let undo = UndoRequest { center: other, appointment: id, staff: None, reason: "x".to_owned() };
    assert_eq!(life::undo(&mut tx, &undo).await.unwrap().outcome, UndoOutcome::Unknown);
    drop(tx);
    world.done().await;
}

#[tokio::test]
async fn every_step_of_staff_can_be_taken_back_one_at_a_time() {
    let mut world = World::new().await;
    let id = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.wait(125);
    for progress in [Progress::Arrived, Progress::Started, Progress::Finished] {
        assert_eq!(world.step(id, progress).await, StepOutcome::Done);
    }
    assert_eq!(world.undo(id).await, UndoOutcome::Undone(Status::InProgress));
    // the last thing to happen is the step back itself: nothing is taken back twice
    assert_eq!(world.undo(id).await, UndoOutcome::Nothing(Status::InProgress));
    assert_eq!(world.step(id, Progress::Finished).await, StepOutcome::Done);
    assert_eq!(world.undo(id).await, UndoOutcome::Undone(Status::InProgress));

    let missed = world.booked(1, world.slot(0, "2026-11-25T12:00")).await.appointment;
    world.wait(120);
    assert_eq!(world.step(missed, Progress::Missed).await, StepOutcome::Done);
    assert_eq!(world.undo(missed).await, UndoOutcome::Undone(Status::Confirmed), "came after all");
    assert_eq!(world.step(missed, Progress::Arrived).await, StepOutcome::Done);
    world.done().await;
}

#[tokio::test]
async fn a_cancelled_hour_comes_back_only_while_nobody_else_has_it() {
    let mut world = World::new().await;
    let slot = world.slot(0, TEN);
    let id = world.booked(0, slot).await.appointment;
    assert_eq!(world.undo(id).await, UndoOutcome::Nothing(Status::Confirmed));
    world.cancel(0, id).await;
    let hold = world.held(1, slot).await;
    assert_eq!(world.undo(id).await, UndoOutcome::Taken);
    assert_eq!(world.release(1, hold).await, smartsalud::scheduling::ReleaseOutcome::Released);
    assert_eq!(world.undo(hold).await, UndoOutcome::Nothing(Status::Cancelled), "a hold is taken anew");
    let elsewhere = world.booked(0, world.slot(1, TEN)).await.appointment;
    assert_eq!(world.undo(id).await, UndoOutcome::Yours);
    world.cancel(0, elsewhere).await;
    // a dead hold that nobody swept is in nobody's way
    world.held(2, slot).await;
    world.wait(11);
    assert_eq!(world.undo(id).await, UndoOutcome::Undone(Status::Confirmed));
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0"]);
    assert!(matches!(world.cancel(0, id).await, CancelOutcome::Cancelled(_)), "and may be called off again");

    world.run("insert into absences (center_id, doctor_id, during, reason) select center_id, min(id), '[2026-11-25, 2026-11-26)', 'licencia' from doctors group by 1").await;
    assert_eq!(world.undo(id).await, UndoOutcome::Closed);
    world.wait(120);
    assert_eq!(world.undo(id).await, UndoOutcome::Past);
    world.done().await;
}

#[tokio::test]
async fn an_hour_given_up_for_another_says_for_which() {
    let world = World::new().await;
    let old = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.move_as(world.to_move(0, old, world.slot(1, "2026-11-25T11:00"), None)).await;
    let changed: serde_json::Value = sqlx::query_scalar(
        "select changed from appointment_events where appointment_id = $1 and to_status = 'RESCHEDULED'",
    )
    .bind(old.0)
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(changed["start"], serde_json::json!(["2026-11-25T10:00", "2026-11-25T11:00"]));
    assert_eq!(changed["appointment"], serde_json::json!([old.0, old.0 + 1]));
    assert_eq!(changed["doctor"], serde_json::json!([world.doctors[0].0, world.doctors[1].0]));
    assert_eq!(world.undo(old).await, UndoOutcome::Nothing(Status::Rescheduled), "it is moved back instead");
    world.done().await;
}

#[tokio::test]
async fn the_record_takes_exactly_the_steps_of_the_table() {
    let world = World::new().await;
    let id = world.booked(0, world.slot(0, TEN)).await.appointment;
    let mut differ = Vec::new();
    let froms = Status::ALL.into_iter().map(Some).chain([None]);
    for (from, to) in
        froms.flat_map(|from| Status::ALL.map(|to| (from, to))).filter(|(from, to)| *from != Some(*to))
    {
        for actor in Actor::ALL {
            let told = LIFE.iter().any(|step| step.from == from && step.to == to && step.by.contains(&actor));
            let taken = sqlx::query("insert into appointment_events (appointment_id, at, actor, from_status, to_status, reason) values ($1, $2, $3, $4, $5, 'x')")
                .bind(id.0)
                .bind(world.now)
                .bind(actor.as_str())
                .bind(from.map(Status::as_str))
                .bind(to.as_str())
                .execute(&world.pool)
                .await;
            if taken.is_ok() != told {
                differ.push(format!(
                    "{actor:?} {from:?} -> {to}: in the table {told}, in the database {}",
                    taken.is_ok()
                ));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    world.done().await;
}

#[tokio::test]
async fn what_was_recorded_stays() {
    let world = World::new().await;
    world.booked(0, world.slot(0, TEN)).await;
    for change in ["update appointment_events set actor = 'staff'", "delete from appointment_events"] {
        let refused = sqlx::query(change).execute(&world.pool).await.unwrap_err();
        assert!(refused.to_string().contains("append only"), "{refused}");
    }
    world.done().await;
}

/// Who writes appointments writes their record in the same statement.
#[test]
fn every_statement_that_writes_an_appointment_records_it() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root];
    let mut writers = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for statement in text.split("sqlx::query").skip(1) {
                let statement = statement.split("\"#").next().unwrap_or_default();
                let writes = ["update appointments", "insert into appointments", "delete from appointments"]
                    .iter()
                    .any(|words| statement.contains(words));
                if writes {
                    writers += 1;
                    assert!(
                        statement.contains("insert into appointment_events"),
                        "{} writes an appointment and no record: {statement}",
                        path.display()
                    );
                }
            }
        }
    }
    assert!(writers >= 8, "{writers}");
}

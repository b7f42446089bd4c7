//! What patients say and no hour: kept once, for whom it concerns, and visible to staff.

use smartsalud::scheduling::waitlist::{self, JoinOutcome, JoinRequest, Waiting};
use smartsalud::scheduling::{CancelOutcome, attendance};

use super::world::World;

const TEN: &str = "2026-11-25T10:00";

impl World {
    fn to_join(&self, who: usize) -> JoinRequest {
        JoinRequest {
            center: self.center,
            conversation: Some(self.conversations[who]),
            patient: self.patients[who],
            appointment_type: self.kind,
            doctor: None,
            wanted: None,
        }
    }

    async fn join(&self, request: &JoinRequest) -> JoinOutcome {
        let mut tx = self.begin().await;
        let outcome = waitlist::join(&mut tx, request).await.unwrap();
        tx.commit().await.unwrap();
        outcome
    }

    async fn waiting(&self, who: usize) -> Vec<Waiting> {
        waitlist::of_patient(&mut *self.begin().await, self.patients[who]).await.unwrap()
    }
}

#[tokio::test]
async fn asking_twice_to_wait_keeps_the_place_and_takes_the_newer_wish() {
    let mut world = World::new().await;
    let JoinOutcome::Joined(first) = world.join(&world.to_join(0)).await else { panic!("joined") };
    world.wait(30);
    let later = JoinRequest { doctor: Some(world.doctors[0]), ..world.to_join(0) };
    assert_eq!(world.join(&later).await, JoinOutcome::Already(first.clone()));
    assert_eq!(world.waiting(0).await, [first]);
    assert_eq!(world.count("select count(*) from waitlist where doctor_id is not null").await, 1);
    assert!(world.waiting(1).await.is_empty(), "of another patient");
    world.done().await;
}

#[tokio::test]
async fn who_leaves_the_list_may_join_again_at_its_end() {
    let mut world = World::new().await;
    let JoinOutcome::Joined(first) = world.join(&world.to_join(0)).await else { panic!("joined") };
    let mut tx = world.begin().await;
    assert!(waitlist::leave(&mut tx, first.id).await.unwrap());
    assert!(!waitlist::leave(&mut tx, first.id).await.unwrap(), "twice");
    tx.commit().await.unwrap();
    assert!(world.waiting(0).await.is_empty());
    world.wait(30);
    let JoinOutcome::Joined(second) = world.join(&world.to_join(0)).await else { panic!("joined") };
    assert!(second.since > first.since);
    let mut tx = world.begin().await;
    waitlist::booked(&mut tx, world.patients[1], world.kind).await.unwrap();
    waitlist::booked(&mut tx, world.patients[0], world.kind).await.unwrap();
    tx.commit().await.unwrap();
    let ended = "select count(*) from waitlist where status in ('LEFT', 'BOOKED') and ended_at is not null";
    assert_eq!(world.count(ended).await, 2);
    world.done().await;
}

#[tokio::test]
async fn a_patient_says_once_that_they_come_however_often_they_say_it() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, TEN)).await;
    for _ in 0..2 {
        let mut tx = world.begin().await;
        assert!(attendance::confirm(&mut tx, booked.appointment).await.unwrap());
        assert!(attendance::note(&mut tx, booked.appointment, "viene atrasado: media hora").await.unwrap());
        tx.commit().await.unwrap();
    }
    let said = "select count(*) from appointment_events where reason = 'dice que viene'";
    assert_eq!(world.count(said).await, 1);
    let notes = "select count(*) from appointment_events where reason like 'viene atrasado%'";
    assert_eq!(world.count(notes).await, 1);
    let confirmed = "select count(*) from appointments where attendance_confirmed_at is not null";
    assert_eq!(world.count(confirmed).await, 1);
    assert!(matches!(world.cancel(0, booked.appointment).await, CancelOutcome::Cancelled(_)));
    let mut tx = world.begin().await;
    assert!(!attendance::confirm(&mut tx, booked.appointment).await.unwrap(), "called off");
    assert!(attendance::note(&mut tx, booked.appointment, "motivo: otra razón").await.unwrap());
    drop(tx);
    world.done().await;
}

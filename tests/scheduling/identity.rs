//! Who may speak for whom.

use smartsalud::patient::{Claim, store};
use smartsalud::value::{Phone, RutTail};

use crate::world::World;

async fn claim(world: &World, who: usize, tail: &str, birth: &str) -> Claim {
    let mut tx = world.begin().await;
    let tail: RutTail = tail.parse().unwrap();
    let claim = store::claim(&mut tx, world.conversations[who], world.center, &tail, birth.parse().unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    claim
}

#[tokio::test]
async fn a_strange_phone_shows_one_patient_by_the_end_of_a_rut_and_a_birth_date() {
    let world = World::new().await;
    world.run("update patients set run_num = 12345678, run_dv = '5', birth_date = '1950-02-03' where full_name = 'Paciente 1'").await;
    let Claim::Found(found) = claim(&world, 4, "5678-5", "1950-02-03").await else { panic!() };
    assert_eq!((found.patient, found.verified), (world.patients[0], false));
    let mut conn = world.pool.acquire().await.unwrap();
    let spoken = store::spoken_for(&mut conn, world.conversations[4], world.center, None).await.unwrap();
    assert_eq!(spoken, [found]);
    drop(conn);
    world.done().await;
}

#[tokio::test]
async fn after_three_wrong_tries_a_person_takes_over_though_the_fourth_is_right() {
    let mut world = World::new().await;
    world.run("update patients set run_num = 12345678, run_dv = '5', birth_date = '1950-02-03' where full_name = 'Paciente 1'").await;
    assert_eq!(claim(&world, 0, "5678-5", "1950-02-04").await, Claim::NoMatch { tries_left: 2 });
    assert_eq!(claim(&world, 0, "5679-5", "1950-02-03").await, Claim::NoMatch { tries_left: 1 });
    assert_eq!(claim(&world, 0, "5678-6", "1950-02-03").await, Claim::Blocked);
    assert_eq!(claim(&world, 0, "5678-5", "1950-02-03").await, Claim::Blocked);
    assert!(matches!(claim(&world, 1, "5678-5", "1950-02-03").await, Claim::Found(_)), "another phone");
    world.wait(25 * 60);
    assert!(matches!(claim(&world, 0, "5678-5", "1950-02-03").await, Claim::Found(_)), "the next day");
    world.done().await;
}

#[tokio::test]
async fn two_patients_who_match_need_a_person() {
    let world = World::new().await;
    world.run("update patients set run_num = 12345678, run_dv = '5' where full_name = 'Paciente 1'").await;
    world.run("update patients set run_num = 22345678, run_dv = '5' where full_name = 'Paciente 2'").await;
    assert_eq!(claim(&world, 0, "5678-5", "1980-01-01").await, Claim::Several);
    assert_eq!(world.count("select count(*) from claimed_patients").await, 0);
    world.done().await;
}

#[tokio::test]
async fn a_registered_phone_speaks_for_its_family() {
    let world = World::new().await;
    world.run("insert into patient_phones select '+56911112222', id from patients where full_name in ('Paciente 2', 'Paciente 1')").await;
    let phone: Phone = "56911112222".parse().unwrap();
    let mut conn = world.pool.acquire().await.unwrap();
    let family =
        store::spoken_for(&mut conn, world.conversations[0], world.center, Some(&phone)).await.unwrap();
    assert_eq!(
        family.iter().map(|one| (one.full_name.as_str(), one.verified)).collect::<Vec<_>>(),
        [("Paciente 1", true), ("Paciente 2", true)]
    );
    assert_eq!(store::registered_phones(&mut conn, world.patients[0]).await.unwrap(), [phone]);
    drop(conn);
    world.done().await;
}

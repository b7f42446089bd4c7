//! The map: what it offers, how it hears of changes, and that it agrees with the plain SQL.

use smartsalud::scheduling::{Agenda, FreeFor, HoldOutcome, HoldRequest, Search};

use smartsalud::value::{TimeRange, Window};

use crate::world::{World, at};

const TEN: &str = "2026-11-25T10:00";

async fn agenda(world: &World) -> Agenda {
    Agenda::start(world.pool.clone()).await.unwrap()
}

#[tokio::test]
async fn what_another_process_booked_disappears_once_the_changes_are_read() {
    let world = World::new().await;
    let map = agenda(&world).await;
    let all = ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30"];
    assert_eq!(world.offered(&map, world.to_search()).await, all);
    let booked = world.booked(0, world.slot(0, TEN)).await;
    assert_eq!(world.offered(&map, world.to_search()).await, all, "the map may lag");
    map.follow_once().await.unwrap();
    assert!(!world.offered(&map, world.to_search()).await.contains(&"10:00".to_owned()));
    world.cancel(0, booked.appointment).await;
    map.follow_once().await.unwrap();
    assert_eq!(world.offered(&map, world.to_search()).await, all);
    world.done().await;
}

#[tokio::test]
async fn a_change_that_commits_late_is_not_lost() {
    let world = World::new().await;
    let map = agenda(&world).await;
    world.offered(&map, world.to_search()).await;
    // the first transaction is older but commits last: a reader of a sequence would have gone past it
    let mut late = world.begin().await;
    smartsalud::scheduling::booking::hold(&mut late, &world.to_hold(0, world.slot(0, TEN)))
        .await
        .unwrap()
        .changed
        .clear();
    world.booked(1, world.slot(1, TEN)).await;
    map.follow_once().await.unwrap();
    world.offered(&map, world.to_search()).await;
    late.commit().await.unwrap();
    map.follow_once().await.unwrap();
    assert!(!world.offered(&map, world.to_search()).await.contains(&"10:00".to_owned()));
    world.done().await;
}

#[tokio::test]
async fn a_hold_that_dies_is_offered_again_though_nobody_swept_it() {
    let mut world = World::new().await;
    let map = agenda(&world).await;
    world.held(0, world.slot(0, TEN)).await;
    assert!(!world.offered(&map, world.to_search()).await.contains(&"10:00".to_owned()));
    world.wait(11);
    assert!(world.offered(&map, world.to_search()).await.contains(&"10:00".to_owned()));
    world.done().await;
}

#[tokio::test]
async fn ones_own_hold_and_the_hour_being_moved_count_as_free() {
    let world = World::new().await;
    let map = agenda(&world).await;
    let moving = world.booked(0, world.slot(0, TEN)).await.appointment;
    let hold = world
        .hold_as(HoldRequest { moving: Some(moving), ..world.to_hold(0, world.slot(0, "2026-11-25T11:00")) })
        .await;
    let HoldOutcome::Held { appointment, .. } = hold else { panic!() };
    let naive = world.offered(&map, Search { patient: Some(world.patients[0]), ..world.to_search() }).await;
    assert_eq!(naive, ["09:00", "09:30", "10:30", "11:30", "12:00", "12:30"]);
    let free_for = FreeFor { holds: vec![appointment], moving: Some(moving) };
    let all =
        world.offered(&map, Search { patient: Some(world.patients[0]), free_for, ..world.to_search() }).await;
    assert_eq!(all.len(), 8, "{all:?}");
    world.done().await;
}

#[tokio::test]
async fn hours_at_which_the_patient_has_something_else_are_not_offered() {
    let world = World::new().await;
    let map = agenda(&world).await;
    world.booked(0, world.slot(1, TEN)).await;
    let offered = world.offered(&map, Search { patient: Some(world.patients[0]), ..world.to_search() }).await;
    assert!(!offered.contains(&"10:00".to_owned()), "{offered:?}");
    assert!(world.offered(&map, world.to_search()).await.contains(&"10:00".to_owned()), "anybody else may");
    world.done().await;
}

#[tokio::test]
async fn a_change_of_the_weekly_agenda_is_heard_of_whoever_makes_it() {
    let world = World::new().await;
    let map = agenda(&world).await;
    world.offered(&map, world.to_search()).await;
    for (change, left) in [
        (
            "insert into absences (center_id, doctor_id, during, reason) select center_id, id, '[2026-11-25 09:00, 2026-11-25 11:00)', 'curso' from doctors",
            4,
        ),
        ("delete from absences", 8),
        ("update doctor_schedules set end_time = '10:00'", 2),
        ("insert into holidays values ('2026-11-25', 'Aniversario', 'demo')", 0),
        ("delete from holidays", 2),
        ("update appointment_types set min_notice_min = 90", 1),
        ("update doctors set active = false", 0),
    ] {
        world.run(change).await;
        map.follow_once().await.unwrap();
        assert_eq!(world.offered(&map, world.to_search()).await.len(), left, "{change}");
    }
    world.done().await;
}

#[tokio::test]
async fn the_own_sector_comes_first_until_waiting_would_cost_two_days() {
    let world = World::new().await;
    let map = agenda(&world).await;
    world.run("update doctors set sector = case code when 'd1' then 'Azul' else 'Verde' end").await;
    world.run("update patients set sector = 'Verde'").await;
    world.run("delete from doctor_schedules where doctor_id = (select max(id) from doctors) and day_of_week = 3").await;
    map.follow_once().await.unwrap();
    let search = Search { patient: Some(world.patients[0]), limit: 1, ..world.to_search() };
    let first = map.search(&search).await.unwrap().remove(0);
    assert_eq!(first.slot, world.slot(1, "2026-11-26T09:00"), "{}", first.why);
    assert!(first.why.contains("su sector (Verde)"), "{}", first.why);
    let soonest = Window { soonest: true, ..Window::ANY };
    let first = map.search(&Search { window: soonest, ..search.clone() }).await.unwrap().remove(0);
    assert_eq!(first.slot, world.slot(0, "2026-11-25T09:00"), "whoever it is");
    assert!(first.why.contains("otro sector (Azul)"), "{}", first.why);
    world.done().await;
}

#[tokio::test]
async fn a_window_a_professional_and_what_was_shown_before_narrow_the_search() {
    let world = World::new().await;
    let map = agenda(&world).await;
    let starts = async |search: Search| {
        let found = map.search(&search).await.unwrap();
        found.into_iter().map(|offer| offer.slot.start.format("%d %H:%M").to_string()).collect::<Vec<_>>()
    };
    let late = Window { times: vec![TimeRange { start: 12 * 60, end: 20 * 60 }], ..Window::ANY };
    let search = Search { window: late, limit: 3, ..world.to_search() };
    assert_eq!(starts(search.clone()).await, ["25 12:00", "25 12:30", "26 12:00"]);
    let shown: Vec<_> = map.search(&search).await.unwrap().into_iter().map(|offer| offer.slot).collect();
    let one = Search { doctor: Some(shown[0].doctor), except: vec![shown[0]], ..search };
    assert_eq!(starts(one).await, ["25 12:30", "26 12:00", "26 12:30"]);
    let from = Window {
        not_before: Some(at("2026-11-26T11:45")),
        before: Some(at("2026-11-26T12:30")),
        ..Window::ANY
    };
    assert_eq!(
        starts(Search { window: from, ..world.to_search() }).await,
        ["26 12:00", "26 12:00"],
        "two professionals"
    );
    world.done().await;
}

//! Hours that are held while the patient decides.

use smartsalud::conversation::need::StaffAction;

use super::talk::Talk;
use super::world::{HALF_PAST, NOON, TEN, World};

#[test]
fn a_hold_is_replaced_in_one_call_and_given_back_with_its_answer() {
    let mut talk = Talk::at_review(World::new());
    talk.says("a las 10:30").stands_at("agendar.review.1");
    assert_eq!(talk.asked, ["hold agenda.tomar"]);
    assert_eq!(talk.held(), [HALF_PAST]);
    talk.says("dentista").stands_at("agendar.hora");
    assert!(talk.held().is_empty());
    assert!(talk.asked.contains(&"release".to_owned()));
}

#[test]
fn every_way_out_of_a_flow_gives_its_hold_back() {
    let mut talk = Talk::at_review(World::new());
    talk.taps("No, cancelar").stands_at("Idle");
    assert!(talk.held().is_empty());
    let mut talk = Talk::at_review(World::new());
    talk.says("empezar de nuevo");
    assert!(talk.held().is_empty());
    let mut talk = Talk::at_review(World::new());
    talk.staff(StaffAction::Close);
    assert!(talk.held().is_empty());
    talk.stands_at("Closed");
    let mut talk = Talk::at_review(World::new());
    talk.says("cancelar").told("¿Qué quieres hacer?");
    talk.taps("Dejar esto").stands_at("Idle");
    assert!(talk.held().is_empty());
}

#[test]
fn a_hold_that_expires_is_only_dropped() {
    let mut talk = Talk::at_review(World::new());
    let said = talk.said.len();
    talk.wait(700);
    assert_eq!(talk.said.len(), said, "nothing is said");
    assert!(talk.state.stack[0].holds.is_empty());
    talk.stands_at("agendar.review.1");
    talk.says("repetir").stands_at("agendar.review.1");
    assert_eq!(talk.held(), [TEN], "taken again for a patient who is there");
}

#[test]
fn a_hold_that_died_counts_no_more_though_its_timer_is_late() {
    let mut talk = Talk::at_review(World::new());
    talk.now += chrono::TimeDelta::seconds(700);
    assert!(talk.held().is_empty());
    talk.says("repetir").stands_at("agendar.review.1");
    assert_eq!(talk.held(), [TEN]);
}

#[test]
fn a_hand_off_keeps_the_hold() {
    let mut talk = Talk::at_review(World::new());
    talk.says("persona").stands_at("WithStaff");
    assert_eq!(talk.held(), [TEN]);
    assert_eq!(talk.handoffs, ["asked"]);
    talk.staff(StaffAction::Resume).stands_at("agendar.review.1");
}

#[test]
fn a_move_reads_back_both_hours_and_swaps_them() {
    let mut world = World::new();
    world.book(NOON, "p1");
    let mut talk = Talk::new(world);
    talk.says("quiero cambiar mi hora").stands_at("reagendar.hora");
    talk.says("la de 10:30").stands_at("reagendar.review.1");
    talk.told("Dejas el jueves 26 de noviembre a las 12:00").told("10:30");
    talk.says("sí").booked(&[HALF_PAST]);
    assert!(talk.held().is_empty());
}

#[test]
fn a_move_that_overlaps_its_own_hour_goes_to_the_review_unheld_and_swaps_both() {
    let mut world = World::new();
    world.book(NOON, "p1");
    world.add_hour("k1", "Ana Rojas", "2026-11-26T12:30");
    let mut talk = Talk::new(world);
    talk.says("quiero cambiar mi hora").stands_at("reagendar.hora");
    talk.taps("jue 26 nov 10:30").stands_at("reagendar.review.1");
    assert_eq!(talk.held(), [HALF_PAST]);
    talk.says("a las 12:30").stands_at("reagendar.review.1").told("12:30");
    assert!(talk.held().is_empty(), "the hour it would have had is not kept beside it");
    talk.says("sí").booked(&["k1-2026-11-26T12:30"]);
}

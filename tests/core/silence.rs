//! Misses, danger, silence, and more than one write in a turn.

use smartsalud::conversation::need::{EventKind, StaffAction};
use smartsalud::value::MediaKind;

use super::talk::Talk;
use super::world::{HALF_PAST, NOON, TEN, World};

#[test]
fn the_third_miss_brings_a_person() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("asdfgh").told("no te entendí").told("Estas son");
    talk.says("qwerty").told("Sigo sin entenderte");
    talk.says("zxcvbn").stands_at("WithStaff");
    assert_eq!(talk.handoffs, ["misses"]);
    talk.staff(StaffAction::Resume).stands_at("agendar.hora");
    talk.says("asdfgh").stands_at("agendar.hora");
}

#[test]
fn misses_are_counted_in_a_row() {
    let mut talk = Talk::at_hours(World::new());
    for _ in 0..3 {
        talk.says("asdfgh").told("Perdona, no te entendí");
        talk.says("qwerty").told("Sigo sin entenderte");
        // understood, and answered
        talk.says("¿dónde queda?").told("Los Aromos 123").stands_at("agendar.hora");
    }
    talk.says("asdfgh").stands_at("agendar.hora");
    // asking for the question again is no answer to anything
    talk.says("repetir");
    talk.says("qwerty");
    talk.says("zxcvbn").stands_at("WithStaff");
}

#[test]
fn closing_is_said_while_it_can_be_to_who_began_something() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(22 * 3_600).stands_at("agendar.review.1");
    talk.wait(2 * 3_600).stands_at("Closed").told("Cierro esta conversación por ahora");
    // who was only asked what else they need is left in peace
    let mut talk = Talk::new(World::new());
    talk.says("hola");
    let said = talk.said.len();
    talk.wait(24 * 3_600).stands_at("Closed");
    assert_eq!(talk.said.len(), said);
    let mut world = World::new();
    world.book(NOON, "p1");
    let mut talk = Talk::new(world);
    talk.says("mis horas").stands_at("ver_horas.que");
    let said = talk.said.len();
    talk.wait(24 * 3_600).stands_at("Closed");
    assert_eq!(talk.said.len(), said);
}

#[test]
fn danger_to_life_comes_before_everything() {
    let mut talk = Talk::at_review(World::new());
    talk.says("tengo un dolor en el pecho").told("131");
    talk.stands_at("WithStaff");
    assert_eq!(talk.handoffs, ["emergency"]);
    let mut talk = Talk::new(World::new());
    talk.says("no quiero vivir").told("*4141");
    assert_eq!(talk.handoffs, ["self_harm"]);
    // also while a person has the conversation
    let mut talk = Talk::new(World::new());
    talk.says("quiero hablar con una persona").stands_at("WithStaff");
    talk.says("me duele el pecho y no puedo respirar").told("131").stands_at("WithStaff");
}

#[test]
fn what_cannot_be_read_is_said_and_the_question_asked_again() {
    let mut talk = Talk::at_hours(World::new());
    talk.event(EventKind::Media { kind: MediaKind::Audio });
    talk.told("solo puedo leer").stands_at("agendar.hora");
}

#[test]
fn twenty_equal_messages_are_a_loop() {
    let mut talk = Talk::at_hours(World::new());
    for _ in 0..25 {
        talk.says("repetir");
    }
    talk.stands_at("WithStaff");
    assert_eq!(talk.handoffs, ["broken"]);
    assert_eq!(talk.incidents.len(), 1);
}

#[test]
fn long_silence_closes_and_the_next_word_opens_anew() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(24 * 3_600 + 10);
    talk.stands_at("Closed");
    assert!(talk.held().is_empty());
    talk.says("hola").told("¿Qué necesitas?");
    assert!(talk.state.stack.iter().all(|frame| frame.flow != "agendar"));
}

#[test]
fn a_timer_of_an_older_turn_does_nothing() {
    use smartsalud::conversation::need::TimerKind;
    let mut talk = Talk::at_hours(World::new());
    let tick = talk.state.tick;
    talk.says("repetir");
    let before = talk.state.clone();
    let turned = talk.event(EventKind::Timer { kind: TimerKind::Close, tick });
    assert_eq!(turned.state, before);
    assert!(turned.effects.is_empty());
}

#[test]
fn a_phone_nobody_knows_says_who_it_is_and_goes_on_where_it_was() {
    let mut world = World::new();
    world.patients.clear();
    world.strangers.push(("5678-5", "1954-05-03", "Elsa Mora"));
    let mut talk = Talk::new(world);
    talk.says("quiero hora con matrona a las 12:00").stands_at("identificar.rut");
    talk.says("5678-5").stands_at("identificar.nacimiento");
    talk.says("03-05-1953").told("No encontré a nadie").stands_at("identificar.rut");
    talk.says("5678-5");
    talk.says("03-05-1954").stands_at("agendar.review.1");
    talk.told("Gracias, Elsa").told("Elsa Mora").told("12:00");
}

#[test]
fn a_second_write_waits_for_the_next_transaction_and_nothing_said_is_lost() {
    let mut world = World::new();
    world.book(NOON, "p1");
    let mut talk = Talk::at_review(world);
    talk.event(EventKind::Start { flow: "reagendar".into() });
    talk.says("la de las 10:30").stands_at("reagendar.review.1");
    talk.wait(700);
    let said = talk.said.len();
    // The move is written; taking the other booking's dead hour again is a second write.
    talk.says("sí").stands_at("agendar.review.1");
    assert_eq!(talk.said.len(), said + 1, "one message");
    talk.told("Listo, tu hora quedó cambiada").told("¿La confirmo?");
    assert_eq!(talk.held(), [TEN]);
    talk.booked(&[HALF_PAST]);
}

#[test]
fn two_holds_are_given_back_one_a_transaction() {
    let mut world = World::new();
    world.book(NOON, "p1");
    let mut talk = Talk::at_review(world);
    talk.event(EventKind::Start { flow: "reagendar".into() });
    talk.says("la de las 10:30").stands_at("reagendar.review.1");
    assert_eq!(talk.held().len(), 2);
    talk.staff(StaffAction::Close).stands_at("Closed");
    assert!(talk.held().is_empty());
}

#[test]
fn an_hour_at_which_the_patient_is_elsewhere_is_refused_in_those_words() {
    let mut world = World::new();
    world.book("k2-2026-11-26T12:00", "p1");
    let mut talk = Talk::at_hours(world);
    talk.taps("jue 26 nov 12:00").told("ya tiene una hora en ese mismo momento");
    talk.stands_at("agendar.hora");
    assert!(!talk.titles().contains(&"jue 26 nov 12:00"));
}

//! A yes, and what stands behind it once it was acted on.

use smartsalud::conversation::need::{EventKind, PatientText, StaffAction};

use super::talk::Talk;
use super::versions::edited;
use super::world::{NOON, TEN, World};

#[test]
fn an_attempt_to_commit_spends_the_yes() {
    let mut talk = Talk::at_review(World::new());
    talk.world.faults.insert("agenda.confirmar".into(), "taken".into());
    talk.says("sí").told("se acaba de ocupar");
    talk.world.faults.clear();
    talk.stands_at("agendar.hora").booked(&[]);
    talk.taps("jue 26 nov 10:30").stands_at("agendar.review.1");
    talk.booked(&[]);
}

#[test]
fn a_yes_is_bound_to_the_answers_as_well_as_to_the_words() {
    let mut talk = Talk::at_review(World::new());
    let old = talk.option("Sí, confirmar");
    let text = talk.last().text.clone();
    talk.says("cambiar el día").stands_at("agendar.cuando");
    talk.says("el jueves").stands_at("agendar.hora");
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    assert_eq!(talk.last().text, text, "it reads as before, but it was asked for otherwise");
    talk.tap(old, "Sí, confirmar").told("cambió").stands_at("agendar.review.1");
    talk.booked(&[]);
}

#[test]
fn a_yes_is_spent_even_when_everything_reads_the_same_again() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let book = edited("cancelar.yaml", |text| {
        text.replace(
            "gone: { say: \"Esa hora ya no estaba tomada.\", then: end }",
            "gone: { say: \"No resultó.\", forget: [paciente], up_to: 3, then: { handoff: gone } }",
        )
    });
    let mut talk = Talk::with(world, book);
    talk.says("anular mi hora").stands_at("cancelar.review.1");
    talk.world.faults.insert("agenda.anular".into(), "gone".into());
    talk.says("sí").told("No resultó.").stands_at("cancelar.review.1");
    assert_eq!(talk.asked.iter().filter(|asked| asked.starts_with("write")).count(), 1, "{}", talk.story());
    talk.says("sí").told("No resultó.").stands_at("cancelar.review.1");
}

#[test]
fn clocks_may_differ_by_a_moment() {
    let mut talk = Talk::at_review(World::new());
    talk.said_before("sí", 2).booked(&[TEN]);
    let mut talk = Talk::at_review(World::new());
    talk.said_before("sí", 4).told("seguro de haberte entendido").stands_at("agendar.review.1");
    talk.booked(&[]);
    // a yes in many words is no more than a yes
    talk.said_before("sí po, claro, muchas gracias señorita", 4).stands_at("agendar.review.1");
    talk.told("seguro de haberte entendido").booked(&[]);
}

#[test]
fn words_written_before_a_question_count_when_they_say_more_than_yes_or_no() {
    let mut talk = Talk::at_hours(World::new());
    talk.wait(60);
    talk.said_before("2", 70).told("seguro de haberte entendido").stands_at("agendar.hora");
    talk.said_before("perdón, era dentista", 60).told("Dentista").stands_at("agendar.hora");
}

#[test]
fn an_early_no_and_a_yes_in_one_breath_are_no_clear_yes_to_a_summary() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(60);
    let asked = talk.state.asked.as_ref().expect("a review").at;
    let text = |text: &str, seconds: i64| PatientText {
        text: text.to_owned(),
        sent: Some(asked + chrono::TimeDelta::seconds(seconds)),
    };
    talk.event(EventKind::Texts { texts: vec![text("no", -30), text("sí", 30)] });
    talk.stands_at("agendar.review.1").booked(&[]);
    talk.event(EventKind::Texts { texts: vec![text("no", -30), text("era dentista", 40)] });
    talk.stands_at("agendar.hora").told("Dentista");
}

#[test]
fn a_nudge_repeats_the_pending_question_itself() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(1_801).told("¿La confirmo?").told("seguimos");
    assert_eq!(talk.label(), "repair.nudge");
    assert_eq!(talk.titles(), ["Sí, confirmar", "Cambiar algo", "No, cancelar"]);
    assert!(talk.held().is_empty(), "nothing is taken for somebody silent");
    talk.wait(1_801);
    assert_eq!(talk.said.iter().filter(|(_, label)| label == "repair.nudge").count(), 1, "once");
    talk.says("sí").booked(&[TEN]);
}

#[test]
fn a_nudge_renews_a_list_before_showing_it() {
    let mut talk = Talk::at_hours(World::new());
    talk.world.take(TEN);
    talk.wait(1_801);
    assert_eq!(talk.label(), "repair.nudge");
    assert_eq!(talk.titles()[0], "jue 26 nov 10:30");
}

#[test]
fn a_yes_that_comes_with_a_correction_is_no_yes() {
    let mut talk = Talk::at_review(World::new());
    talk.says("sí, pero a las 10:30").stands_at("agendar.review.1");
    talk.told("10:30").booked(&[]);
    let mut talk = Talk::at_review(World::new());
    talk.says("sí, el jueves a las 10:00").booked(&[TEN]);
}

#[test]
fn an_option_that_is_itself_a_no_comes_before_negation() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("quiero anular mi hora").stands_at("cancelar.review.1");
    talk.says("sí").stands_at("cancelar.otra");
    talk.says("no, gracias").stands_at("cancelar.por_que");
    talk.says("no, gracias").stands_at("Idle");
    talk.booked(&[]);
}

#[test]
fn a_no_to_a_review_asks_what_to_change() {
    let mut talk = Talk::at_review(World::new());
    talk.says("no confirmo").told("¿Qué quieres cambiar?");
    talk.booked(&[]);
    assert_eq!(talk.held(), [TEN]);
    talk.says("la hora").stands_at("agendar.hora");
    let mut talk = Talk::at_review(World::new());
    talk.says("No, cancelar").told("lo dejamos").stands_at("Idle");
    assert!(talk.held().is_empty(), "the way out is an option with a no in it");
}

#[test]
fn a_no_to_something_destructive_leaves_it_and_a_weak_yes_is_not_enough() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("anular mi hora").stands_at("cancelar.review.1");
    talk.says("ya").stands_at("cancelar.review.1");
    talk.booked(&["k2-2026-11-27T16:00"]);
    talk.says("no").stands_at("Idle");
    talk.booked(&["k2-2026-11-27T16:00"]);
    let mut talk = Talk::at_review(World::new());
    talk.says("ya").booked(&[TEN]);
}

// The barrier

#[test]
fn answers_before_a_commit_are_frozen() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    world.book("k2-2026-11-26T12:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("anular mi hora").stands_at("cancelar.cita");
    let other = talk.option("vie 27 nov 16:00");
    talk.taps("jue 26 nov 12:00");
    talk.taps("Sí, anularla").stands_at("cancelar.otra");
    talk.tap(other, "vie 27 nov 16:00").told("ya no sirve");
    talk.stands_at("cancelar.otra").booked(&["k2-2026-11-27T16:00"]);
    talk.says("cambiar la hora").told("ya quedó hecho");
}

#[test]
fn a_yes_after_the_hold_died_takes_the_hour_again_in_one_write() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(700);
    assert!(talk.held().is_empty());
    talk.says("sí").booked(&[TEN]);
    let mut talk = Talk::at_review(World::new());
    talk.wait(700);
    talk.world.take(TEN);
    talk.says("sí").told("se acaba de ocupar");
    talk.booked(&[]).stands_at("agendar.hora");
}

#[test]
fn keys_of_attempts_never_repeat() {
    let mut talk = Talk::at_review(World::new());
    talk.world.faults.insert("agenda.confirmar".into(), "down".into());
    talk.says("sí").stands_at("WithStaff");
    talk.world.faults.clear();
    talk.staff(StaffAction::Resume);
    // The world panics when a key is used twice.
    talk.says("sí").booked(&[TEN]);
    assert!(talk.world.attempts.iter().any(|once| once.ends_with("/2")), "{:?}", talk.world.attempts);
}

#[test]
fn nothing_lies_before_what_is_done() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    world.book(NOON, "p1");
    let mut talk = Talk::new(world);
    talk.says("anular mi hora");
    talk.taps("jue 26 nov 12:00");
    talk.taps("Sí, anularla").stands_at("cancelar.otra");
    talk.says("atrás").told("No hay nada antes").stands_at("cancelar.otra");
}

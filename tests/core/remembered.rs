//! What was said beside an answer, and its question comes later: remembered, used once, and never a yes.

use chrono::TimeDelta;
use smartsalud::conversation::need::{EventKind, PatientText};
use smartsalud::conversation::state::{Overheard, State};

use super::talk::Talk;
use super::versions::{CONTROL, FIRST, asks_what_for, edited};
use super::world::{NOON, TEN, World};

/// Matrona at ten was asked for, and a question stands between.
fn asked_for(words: &str) -> Talk {
    let mut talk = Talk::with(World::new(), asks_what_for(&format!("{CONTROL}, {FIRST}")));
    talk.says(words).stands_at("agendar.motivo");
    talk
}

#[test]
fn the_hour_is_kept_when_a_question_stands_between() {
    let mut talk = asked_for("hora matrona 10:00");
    talk.taps("Un control").stands_at("agendar.review.1").told("a las 10:00");
    assert_eq!(talk.held(), [TEN]);
    assert!(talk.state.stack[0].heard.is_empty(), "used once");
    talk.booked(&[]);
}

#[test]
fn a_digression_and_a_miss_lose_nothing_of_it() {
    let mut talk = asked_for("hora matrona el jueves a las 12");
    talk.says("¿dónde queda?").stands_at("agendar.motivo");
    talk.says("asdfgh").stands_at("agendar.motivo");
    talk.taps("Un control").stands_at("agendar.review.1").told("a las 12:00");
    assert_eq!(talk.held(), [NOON]);
}

#[test]
fn a_change_of_mind_forgets_it() {
    let mut talk = asked_for("hora matrona el jueves a las 12");
    talk.says("no, con dentista").stands_at("agendar.motivo");
    talk.taps("Un control").stands_at("agendar.hora");
    let mut talk = asked_for("hora matrona 10:00");
    talk.says("atrás").stands_at("agendar.prestacion");
    talk.says("matrona").stands_at("agendar.motivo");
    talk.taps("Un control").stands_at("agendar.hora");
    // the newer of two wishes counts
    let mut talk = asked_for("hora matrona 10:00");
    talk.says("un control, mejor a las 12").stands_at("agendar.review.1").told("a las 12:00");
}

#[test]
fn once_its_question_was_asked_it_is_tried_no_more() {
    let mut world = World::new();
    world.hours.retain(|hour| hour.kind != "k1" || hour.key != TEN);
    let mut talk = Talk::with(world, asks_what_for(&format!("{CONTROL}, {FIRST}")));
    talk.says("hora matrona 10:00").stands_at("agendar.motivo");
    talk.taps("Un control").told("No encontré horas de Matrona a las 10:00").stands_at("agendar.hora");
    talk.world.add_hour("k2", "Juan Vera", "2026-11-26T10:00");
    talk.says("con dentista").stands_at("agendar.hora");
}

#[test]
fn it_fades() {
    let mut talk = asked_for("hora matrona 10:00");
    talk.now += TimeDelta::hours(3);
    talk.taps("Un control").stands_at("agendar.hora");
}

#[test]
fn a_yes_is_never_remembered() {
    // "sí" and the rest of a sentence that was meant for another question open no summary
    let mut talk = asked_for("sí, quiero hora con matrona a las 10:00");
    talk.taps("Un control").stands_at("agendar.review.1");
    talk.booked(&[]);
    // nor does it choose what acts when it is chosen
    let mut world = World::family();
    world.book(NOON, "p1");
    let menu = edited("ver_horas.yaml", |text| text.replace(", words: [nada, nada mas, no]", ""));
    let mut talk = Talk::with(world, menu);
    talk.says("mis horas").stands_at("ver_horas.paciente");
    let at = talk.now.naive_utc() - TimeDelta::hours(3);
    let heard = Overheard { text: "confirmar".into(), at, tick: 0, placed: false, tried: Vec::new() };
    talk.state.stack[0].heard.push(heard);
    talk.taps("Luz Soto").stands_at("ver_horas.que");
}

#[test]
fn tomorrow_is_counted_from_when_it_was_said() {
    let mut talk = Talk::with(World::new(), asks_what_for(&format!("{CONTROL}, {FIRST}")));
    talk.now = "2026-11-26T02:30:00Z".parse().expect("half past eleven at night");
    talk.says("hora matrona mañana a las 10").stands_at("agendar.motivo");
    talk.now += TimeDelta::hours(1);
    talk.taps("Un control").stands_at("agendar.review.1").told("jueves 26 de noviembre a las 10:00");
}

#[test]
fn a_state_that_kept_bare_texts_is_still_read() {
    let mut talk = Talk::new(World::family());
    talk.says("quiero hora con dentista a las 12:00").stands_at("agendar.paciente");
    let mut json = serde_json::to_value(&talk.state).expect("JSON");
    json["stack"][0]["heard"] = serde_json::json!(["quiero hora con dentista a las 12:00"]);
    talk.state = serde_json::from_value::<State>(json).expect("an older state");
    talk.event(EventKind::Texts { texts: vec![PatientText { text: "Luz".into(), sent: None }] });
    talk.stands_at("agendar.prestacion");
}

// A wanted hour that is not free

#[test]
fn an_hour_that_is_not_free_leaves_its_day() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("¿tiene el jueves a las 11:00?")
        .told("No encontré horas de Matrona el jueves 26")
        .stands_at("agendar.hora");
    talk.told("11:00").answer("cuando", "2026-11-26");
    assert_eq!(
        talk.titles(),
        ["jue 26 nov 10:30", "jue 26 nov 10:00", "jue 26 nov 12:00"],
        "the nearest first"
    );
    // so does one asked for at once
    let mut talk = Talk::new(World::new());
    talk.says("hora con matrona el jueves a las 11:00").told("No encontré").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["jue 26 nov 10:30", "jue 26 nov 10:00", "jue 26 nov 12:00"]);
    // and a part of the day
    let mut talk = Talk::at_hours(World::new());
    talk.says("el martes en la mañana").told("No encontré").told("en la mañana").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["mar 1 dic 15:00", "mar 1 dic 15:30"]);
}

#[test]
fn a_time_beside_a_day_that_was_chosen_is_about_that_day() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el jueves").stands_at("agendar.hora");
    talk.says("a las 11").told("No encontré").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["jue 26 nov 10:30", "jue 26 nov 10:00", "jue 26 nov 12:00"]);
    let mut talk = Talk::at_review(World::new());
    talk.says("mejor a las 11").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["jue 26 nov 10:30", "jue 26 nov 10:00", "jue 26 nov 12:00"]);
}

#[test]
fn a_day_without_a_time_is_no_search_in_vain() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el jueves a las 20:00").stands_at("agendar.hora");
    talk.says("el martes a las 20:00").stands_at("agendar.hora");
    talk.says("el jueves a las 21:00").stands_at("agendar.hora");
    talk.says("el martes a las 21:00").stands_at("agendar.hora");
    assert_eq!(talk.titles().len(), 2);
}

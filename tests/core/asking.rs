//! What is asked of the world, and how long its answers count.

use smartsalud::conversation::need::{Effect, EventKind, Need, StaffAction};

use super::talk::Talk;
use super::world::{NOON, TEN, World};

#[test]
fn what_the_walk_depends_on_is_asked_and_the_rest_is_an_effect() {
    let mut talk = Talk::at_hours(World::new());
    let turned =
        talk.event(EventKind::Tapped { tap: Some(talk.option("jue 26 nov 10:00")), title: String::new() });
    assert_eq!(talk.asked, ["hold agenda.tomar"]);
    let sends = turned.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
    assert_eq!(sends, 1);
}

#[test]
fn a_fact_that_answers_another_question_diverges_and_one_too_many_too() {
    use smartsalud::conversation::need::{Event, Fact, Got, Need, PatientText};
    use smartsalud::conversation::{Books, state::State, step};
    let talk = Talk::new(World::new());
    let books = Books { current: &talk.book, others: &[] };
    let local = talk.now.naive_utc();
    let event = Event {
        now: talk.now,
        local,
        center: String::new(),
        kind: EventKind::Start { flow: "agendar".into() },
    };
    let got = Got { outcome: "down".into(), rows: vec![].into(), hold: None, until: None };
    let wrong = Need::Read { port: "agenda.citas".into(), arguments: vec![], except: vec![], held: vec![] };
    let diverged = step(&books, &State::default(), &event, &[Fact { need: wrong.clone(), got: got.clone() }]);
    assert_eq!(diverged.expect_err("it does not fit").at, 0);
    let right =
        Need::Read { port: "personas.autorizadas".into(), arguments: vec![], except: vec![], held: vec![] };
    let facts = [Fact { need: right, got: got.clone() }, Fact { need: wrong, got }];
    assert_eq!(step(&books, &State::default(), &event, &facts).expect_err("another").at, 1);
    // one too many, where nothing is asked and where all was
    let [_, left_over] = facts;
    let echo = Event { kind: EventKind::Echo, ..event.clone() };
    let facts = [left_over.clone()];
    assert_eq!(step(&books, &State::default(), &echo, &facts).expect_err("one too many").at, 0);
    let texts = vec![PatientText { text: "repetir".into(), sent: None }];
    let repeat = Event { kind: EventKind::Texts { texts }, ..event };
    let talk = Talk::at_hours(World::new());
    assert_eq!(step(&books, &talk.state, &repeat, &[left_over]).expect_err("one too many").at, 0);
}

#[test]
fn a_read_is_not_repeated_while_its_arguments_are_the_same() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("repetir").stands_at("agendar.hora");
    assert!(talk.asked.is_empty(), "{:?}", talk.asked);
}

#[test]
fn a_list_is_renewed_before_it_is_shown_again_but_not_to_be_passed() {
    let mut talk = Talk::at_hours(World::new());
    talk.wait(300);
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    assert_eq!(talk.reads("agenda.buscar"), 0, "passing a list reads nothing");
    talk.wait(300);
    talk.says("cambiar la hora").stands_at("agendar.hora");
    assert_eq!(talk.reads("agenda.buscar"), 1);
    assert_eq!(talk.titles()[0], "jue 26 nov 10:00", "our own hold does not hide its hour");
    assert_eq!(talk.held(), [TEN]);
}

#[test]
fn a_window_that_has_passed_is_dropped_and_the_patient_is_told() {
    let mut talk = Talk::new(World::new());
    talk.says("quiero hora con matrona");
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    talk.staff(StaffAction::TakeOver);
    talk.wait(3 * 24 * 3_600);
    talk.staff(StaffAction::Resume).told("Lo que habías elegido ya pasó");
    talk.stands_at("agendar.hora");
    assert!(!talk.asked.contains(&"hold agenda.tomar".to_owned()));
    assert!(!talk.titles().contains(&"jue 26 nov 10:00"));
}

#[test]
fn a_day_that_was_only_volunteered_passes_as_well() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el jueves").stands_at("agendar.hora");
    talk.staff(StaffAction::TakeOver);
    talk.wait(2 * 24 * 3_600);
    talk.staff(StaffAction::Resume).told("Lo que habías elegido ya pasó");
    talk.stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["mar 1 dic 15:00", "mar 1 dic 15:30"]);
}

#[test]
fn a_menu_that_nobody_answers_is_not_reminded_of() {
    let mut talk = Talk::new(World::new());
    talk.says("hola");
    let said = talk.said.len();
    talk.wait(3 * 3_600);
    assert_eq!(talk.said.len(), said);
    talk.wait(24 * 3_600);
    talk.stands_at("Closed");
}

#[test]
fn an_hour_that_was_refused_is_not_offered_until_the_list_is_renewed_by_age() {
    let mut talk = Talk::at_hours(World::new());
    talk.world.map_lags = true;
    talk.world.take(TEN);
    talk.taps("jue 26 nov 10:00").told("se acaba de ocupar");
    assert!(!talk.titles().contains(&"jue 26 nov 10:00"));
    talk.world.untake(TEN);
    talk.wait(300);
    talk.says("repetir");
    assert_eq!(talk.titles()[0], "jue 26 nov 10:00");
}

#[test]
fn an_outcome_that_is_not_ok_leaves_nothing_behind() {
    let mut world = World::new();
    world.book(TEN, "p1");
    world.faults.insert("agenda.citas".into(), "down".into());
    let mut talk = Talk::new(world);
    talk.says("mis horas").stands_at("WithStaff");
    talk.world.faults.clear();
    talk.staff(StaffAction::Resume).told("Estas son las horas").stands_at("ver_horas.que");
    assert_eq!(talk.reads("agenda.citas"), 1);
}

#[test]
fn another_answer_makes_what_was_read_with_it_be_read_again() {
    let mut world = World::family();
    world.book(TEN, "p1");
    world.book(NOON, "p2");
    let mut talk = Talk::new(world);
    talk.says("mis horas").stands_at("ver_horas.paciente");
    talk.taps("Luz Soto").told("10:00");
    talk.says("atrás").stands_at("ver_horas.paciente");
    talk.taps("Rosa Díaz").told("12:00").not_told("10:00");
    assert_eq!(talk.reads("agenda.citas"), 1);
}

#[test]
fn an_hour_that_we_hold_is_kept_though_a_renewed_list_has_it_no_more() {
    let mut world = World::new();
    world.map_is_naive = true;
    let mut talk = Talk::at_review(world);
    talk.wait(300);
    talk.says("cambiar la hora").stands_at("agendar.hora");
    assert_eq!(talk.titles()[0], "jue 26 nov 10:30", "the search takes our hold for somebody's");
    talk.answer("hora", TEN);
    assert_eq!(talk.held(), [TEN]);
}

#[test]
fn what_was_refused_is_told_to_the_search_and_not_believed_when_it_comes_back() {
    let mut world = World::new();
    world.map_lags = true;
    world.map_is_deaf = true;
    world.take(TEN);
    let mut talk = Talk::at_hours(world);
    talk.taps("jue 26 nov 10:00").told("se acaba de ocupar");
    let told = |need: &Need| matches!(need, Need::Read { except, .. } if *except == [TEN]);
    assert!(talk.needs.iter().any(told), "{:?}", talk.needs);
    assert_eq!(talk.titles()[0], "jue 26 nov 10:30");
}

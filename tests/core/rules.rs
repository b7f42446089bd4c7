//! One scene for each rule of the core, in the order of its rule book.

use smartsalud::conversation::need::{Effect, EventKind, StaffAction};
use smartsalud::conversation::state::{Ended, Owner};
use smartsalud::value::MediaKind;

use super::talk::Talk;
use super::world::World;

const TEN: &str = "k1-2026-11-26T10:00";
const HALF_PAST: &str = "k1-2026-11-26T10:30";
const NOON: &str = "k1-2026-11-26T12:00";

fn reads(talk: &Talk, port: &str) -> usize {
    talk.asked.iter().filter(|asked| **asked == format!("read {port}")).count()
}

// Asking the world

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
    use smartsalud::conversation::need::{Event, Fact, Got, Need};
    use smartsalud::conversation::{Books, state::State, step};
    let talk = Talk::new(World::new());
    let books = Books { current: &talk.book, others: &[] };
    let local = talk.now.naive_utc();
    let event = Event { now: talk.now, local, kind: EventKind::Start { flow: "agendar".into() } };
    let got = Got { outcome: "down".into(), rows: vec![], hold: None, until: None };
    let wrong = Need::Read { port: "agenda.citas".into(), arguments: vec![], except: vec![], held: vec![] };
    let diverged = step(&books, &State::default(), &event, &[Fact { need: wrong.clone(), got: got.clone() }]);
    assert_eq!(diverged.expect_err("it does not fit").at, 0);
    let right =
        Need::Read { port: "personas.autorizadas".into(), arguments: vec![], except: vec![], held: vec![] };
    let facts = [Fact { need: right, got: got.clone() }, Fact { need: wrong, got }];
    assert_eq!(step(&books, &State::default(), &event, &facts).expect_err("one too many").at, 1);
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
    assert_eq!(reads(&talk, "agenda.buscar"), 0, "passing a list reads nothing");
    talk.wait(300);
    talk.says("cambiar la hora").stands_at("agendar.hora");
    assert_eq!(reads(&talk, "agenda.buscar"), 1);
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

// Yes

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
    assert!(talk.world.answered.keys().any(|once| once.ends_with("/2")), "{:?}", talk.world.answered.keys());
}

// Holds

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

// Dependencies and repairs

#[test]
fn a_branch_speaks_each_time_and_what_was_forgotten_is_asked_anew() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el domingo").told("No encontré horas de Matrona").told("Estas son");
    talk.stands_at("agendar.hora");
    talk.says("el sábado").told("No encontré horas de Matrona");
    talk.says("el domingo").told("¿Quieres anotarte en la lista de espera?");
}

#[test]
fn another_service_makes_empty_searches_count_anew() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el domingo").stands_at("agendar.hora");
    talk.says("el sábado").stands_at("agendar.hora");
    talk.says("con dentista").stands_at("agendar.hora");
    talk.says("el domingo").stands_at("agendar.hora");
}

#[test]
fn forgetting_that_changes_nothing_goes_on_at_once() {
    let mut world = World::new();
    world.hours.retain(|hour| hour.kind != "k1");
    let mut talk = Talk::new(world);
    talk.says("quiero hora con matrona").told("¿Quieres anotarte en la lista de espera?");
    assert_eq!(talk.last().text.matches("No encontré").count(), 1);
    assert_eq!(reads(&talk, "agenda.buscar"), 1);
}

#[test]
fn a_text_is_said_once_while_it_reads_the_same() {
    let mut world = World::new();
    world.book(NOON, "p1");
    let mut talk = Talk::new(world);
    talk.says("mis horas").told("Estas son las horas").stands_at("ver_horas.que");
    talk.says("repetir").not_told("Estas son las horas").stands_at("ver_horas.que");
}

#[test]
fn changing_ones_mind_back_costs_nothing() {
    let mut talk = Talk::at_review(World::new());
    talk.says("cambiar la atención").stands_at("agendar.prestacion");
    assert_eq!(talk.held(), [TEN]);
    talk.says("matrona").stands_at("agendar.review.1");
    assert_eq!(talk.held(), [TEN]);
    assert!(talk.asked.is_empty(), "{:?}", talk.asked);
}

#[test]
fn a_field_that_is_only_volunteered_can_be_asked_on_request() {
    let mut talk = Talk::at_review(World::new());
    talk.says("cambiar el día").stands_at("agendar.cuando");
    assert_eq!(talk.titles(), ["Me da lo mismo"]);
    talk.says("el martes").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["mar 1 dic 15:00", "mar 1 dic 15:30"]);
    assert!(talk.held().is_empty());
}

#[test]
fn back_skips_what_nobody_answered_and_says_when_there_is_nothing() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("atrás").stands_at("agendar.prestacion");
    talk.says("atrás").told("No hay nada antes");
    talk.stands_at("agendar.prestacion");
}

#[test]
fn a_repair_is_transparent_to_a_correction() {
    let mut talk = Talk::at_review(World::new());
    talk.taps("Cambiar algo").told("¿Qué quieres cambiar?");
    assert_eq!(talk.titles(), ["El paciente", "La atención", "La hora"]);
    talk.says("dentista").stands_at("agendar.hora");
    talk.told("Dentista");
}

#[test]
fn several_answers_in_one_message_are_placed_as_their_questions_come() {
    let mut talk = Talk::new(World::family());
    talk.says("hola, quiero hora con matrona el martes en la tarde para mi mamá").stands_at("agendar.hora");
    talk.answer("paciente", "p2").answer("prestacion", "k1").answer("cuando", "2026-12-01T12:00/20:00");
    assert_eq!(talk.titles(), ["mar 1 dic 15:00", "mar 1 dic 15:30"]);
    assert!(talk.state.stack[0].heard.is_empty(), "used once");
}

#[test]
fn what_was_heard_waits_for_its_question() {
    let mut talk = Talk::new(World::family());
    talk.says("quiero hora con dentista a las 12:00").stands_at("agendar.paciente");
    talk.taps("Luz Soto").stands_at("agendar.review.1");
    talk.told("Dentista").told("12:00");
}

#[test]
fn changing_something_clears_what_was_heard() {
    let mut talk = Talk::new(World::family());
    talk.says("quiero hora con dentista a las 12:00").stands_at("agendar.paciente");
    talk.says("cambiar el paciente");
    assert!(talk.state.stack[0].heard.is_empty());
}

// Hours in the patient's words

#[test]
fn a_list_of_hours_understands_filters() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("la segunda").stands_at("agendar.review.1").told("10:30");
    let mut talk = Talk::at_hours(World::new());
    talk.says("la de las 12:00").stands_at("agendar.review.1").told("12:00");
    let mut talk = Talk::at_hours(World::new());
    talk.says("cualquiera").stands_at("agendar.review.1").told("10:00");
    let mut talk = Talk::at_hours(World::new());
    talk.says("el martes").stands_at("agendar.hora");
    assert_eq!(talk.titles().len(), 2);
    let mut talk = Talk::at_hours(World::new());
    talk.says("no, mejor el martes").stands_at("agendar.hora");
    assert_eq!(talk.titles().len(), 2);
}

#[test]
fn another_day_earlier_and_later_are_relative_to_the_screen() {
    let mut world = World::new();
    world.add_hour("k1", "Ana Rojas", "2026-11-26T08:30");
    let mut talk = Talk::at_hours(world);
    talk.says("el jueves a las 10:30");
    talk.says("cambiar la hora");
    talk.says("más tarde");
    assert!(talk.last().text.contains("hora"), "{}", talk.story());
    let mut talk = Talk::at_hours(World::new());
    talk.says("el jueves").stands_at("agendar.hora");
    assert_eq!(talk.titles().len(), 3);
    talk.says("otro día").stands_at("agendar.hora");
    assert_eq!(talk.titles(), ["mar 1 dic 15:00", "mar 1 dic 15:30"]);
}

#[test]
fn a_long_list_has_pages() {
    let mut world = World::new();
    for day in 1..=3 {
        for hour in 8..=13 {
            world.add_hour("k1", "Ana Rojas", &format!("2026-12-0{}T{hour:02}:00", day + 1));
        }
    }
    let mut talk = Talk::at_hours(world);
    assert_eq!(talk.titles().len(), 10);
    assert_eq!(*talk.titles().last().expect("ten"), "Más horas");
    let first: Vec<String> = talk.titles()[..9].iter().map(|title| (*title).to_owned()).collect();
    talk.taps("Más horas");
    assert_eq!(talk.titles().len(), 10);
    assert!(talk.titles()[..9].iter().all(|title| !first.contains(&(*title).to_owned())));
    talk.says("más horas");
    assert!(!talk.titles().contains(&"Más horas"), "the last page");
    talk.says("atrás");
    assert_eq!(talk.titles()[0], first[0]);
}

// Digressions, taps, staff, versions

#[test]
fn an_old_tap_is_a_correction_and_a_double_tap_is_absorbed() {
    let mut talk = Talk::at_hours(World::new());
    let (ten, half_past) = (talk.option("jue 26 nov 10:00"), talk.option("jue 26 nov 10:30"));
    talk.tap(ten, "jue 26 nov 10:00").stands_at("agendar.review.1");
    talk.tap(half_past.clone(), "jue 26 nov 10:30").told("10:30");
    let said = talk.said.len();
    talk.tap(half_past.clone(), "jue 26 nov 10:30");
    assert_eq!(talk.said.len(), said, "absorbed");
    talk.wait(60);
    talk.tap(half_past, "jue 26 nov 10:30").stands_at("agendar.review.1");
    assert!(talk.asked.is_empty());
    let yes = talk.option("Sí, confirmar");
    talk.tap(yes.clone(), "Sí, confirmar").booked(&[HALF_PAST]);
    talk.tap(yes, "Sí, confirmar").booked(&[HALF_PAST]);
}

#[test]
fn a_tap_on_an_ended_flow_is_explained_and_an_old_menu_still_opens() {
    let mut talk = Talk::new(World::new());
    talk.says("hola");
    let book = talk.option("Pedir una hora");
    talk.says("quiero hora con matrona");
    let ten = talk.option("jue 26 nov 10:00");
    talk.tap(ten.clone(), "jue 26 nov 10:00");
    talk.taps("Sí, confirmar").stands_at("Idle");
    assert_eq!(talk.state.past.last().map(|past| past.ended), Some(Ended::Committed));
    talk.wait(60);
    talk.tap(ten, "jue 26 nov 10:00").told("ya no sirve");
    talk.tap(book, "Pedir una hora").stands_at("agendar.prestacion");
}

#[test]
fn a_flow_lower_on_the_stack_comes_to_the_top_when_asked_for() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("mis horas").stands_at("ver_horas.pedir");
    assert_eq!(talk.state.stack.len(), 2);
    talk.says("no").told("lo dejamos así").stands_at("agendar.hora");
    talk.says("mis horas").stands_at("ver_horas.pedir");
    talk.taps("Sí, por favor").stands_at("agendar.hora");
    assert_eq!(talk.state.stack.len(), 1, "the menu was left");
    talk.answer("prestacion", "k1");
}

#[test]
fn after_a_digression_the_question_is_shorter_only_when_it_is_the_same() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("¿dónde queda?").told("Los Aromos 123").told("¿Qué hora prefieres?");
    talk.not_told("Estas son").stands_at("agendar.hora");
    talk.wait(300);
    talk.world.take(TEN);
    talk.says("¿dónde queda?").told("Estas son");
}

#[test]
fn the_word_cancelar_asks_what_is_meant() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("cancelar").told("¿Qué quieres hacer?");
    talk.taps("Seguir").stands_at("agendar.hora");
    talk.says("quiero cancelar mi hora").told("¿Lo dejamos");
    talk.says("no").stands_at("agendar.hora");
    talk.says("quiero cancelar mi hora");
    talk.says("sí").told("no tiene horas tomadas");
    assert_eq!(talk.state.stack.len(), 0);
}

#[test]
fn staff_edits_only_what_is_offered_and_not_what_is_done() {
    let mut talk = Talk::at_review(World::new());
    talk.edits("hora", "k9-nowhere");
    assert!(talk.trace.rungs.iter().any(|rung| !rung.took && rung.why.contains("not among the options")));
    talk.answer("hora", TEN);
    talk.staff(StaffAction::TakeOver);
    let said = talk.said.len();
    talk.edits("hora", HALF_PAST);
    assert_eq!(talk.said.len(), said, "the bot is silent");
    talk.staff(StaffAction::Resume).told("10:30");
}

#[test]
fn staff_cannot_edit_what_is_done() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let other = world.book(NOON, "p1").key;
    let mut talk = Talk::new(world);
    talk.says("anular mi hora").stands_at("cancelar.cita");
    talk.taps("vie 27 nov 16:00");
    talk.taps("Sí, anularla").stands_at("cancelar.otra");
    talk.edits("cita", &other);
    assert!(talk.trace.rungs.iter().any(|rung| !rung.took && rung.why.contains("frozen")));
    assert_ne!(talk.state.stack[0].answers["cita"].value.to_string(), other);
}

#[test]
fn giving_back_speaks_at_once_and_a_hand_off_in_it_is_silent() {
    let mut talk = Talk::at_review(World::new());
    talk.says("a las 10:30");
    talk.world.faults.insert("agenda.tomar".into(), "down".into());
    talk.wait(700);
    talk.says("repetir").stands_at("WithStaff");
    let said = talk.said.len();
    talk.staff(StaffAction::Resume).stands_at("WithStaff");
    assert_eq!(talk.said.len(), said, "told once");
    assert_eq!(talk.handoffs.len(), 2, "staff is told again");
    talk.world.faults.clear();
    talk.staff(StaffAction::Resume).stands_at("agendar.review.1");
}

#[test]
fn staff_may_start_the_flow_anew_or_close_it() {
    let mut talk = Talk::at_review(World::new());
    talk.staff(StaffAction::TakeOver);
    talk.says("¿hola?");
    assert_eq!(talk.state.owner, Owner::Staff);
    talk.staff(StaffAction::Restart).stands_at("agendar.prestacion");
    assert!(talk.held().is_empty());
    talk.staff(StaffAction::Close).stands_at("Closed");
    talk.says("hola").told("¿Qué necesitas?");
}

#[test]
fn a_word_from_staff_or_the_centres_phone_takes_over() {
    let mut talk = Talk::at_hours(World::new());
    let epoch = talk.state.epoch;
    talk.event(EventKind::Echo);
    talk.stands_at("WithStaff");
    assert!(talk.state.epoch > epoch);
    let mut talk = Talk::at_hours(World::new());
    talk.staff(StaffAction::Say { text: "Hola, soy Ana del SOME".into() }).stands_at("WithStaff");
    assert_eq!(talk.label(), "staff");
}

#[test]
fn a_booking_that_could_not_be_told_calls_a_person() {
    let mut talk = Talk::at_review(World::new());
    talk.says("sí").stands_at("Idle").booked(&[TEN]);
    talk.event(EventKind::Undelivered { code: Some(131_026) });
    talk.stands_at("WithStaff");
    assert_eq!(talk.handoffs, ["undelivered:131026"]);
}

#[test]
fn the_menu_takes_back_what_no_person_has_taken_yet() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("quiero hablar con una persona").told("escribe «menú»").stands_at("WithStaff");
    talk.says("¿hola?").stands_at("WithStaff");
    talk.says("menú").told("¿Qué necesitas?");
    assert_eq!(talk.state.owner, Owner::Bot);
    talk.says("quiero hablar con una persona").stands_at("WithStaff");
    talk.staff(StaffAction::TakeOver);
    talk.says("menú").stands_at("WithStaff");
}

#[test]
fn only_a_person_who_takes_over_drops_what_is_not_sent_yet() {
    let mut talk = Talk::at_hours(World::new());
    let epoch = talk.state.epoch;
    talk.says("quiero hablar con una persona").stands_at("WithStaff");
    assert_eq!(talk.state.epoch, epoch, "what the bot said before it handed over is still sent");
    talk.staff(StaffAction::Say { text: "Hola, soy Ana del SOME".into() });
    talk.staff(StaffAction::Resume).stands_at("agendar.hora");
    assert_eq!(talk.state.epoch, epoch, "and what the person said before giving back");
    talk.staff(StaffAction::TakeOver);
    assert!(talk.state.epoch > epoch);
}

// Breakers, safety, silence

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

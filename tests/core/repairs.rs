//! What depends on what, and how a patient changes their mind.

use smartsalud::conversation::need::StaffAction;
use smartsalud::conversation::state::Overheard;

use super::talk::Talk;
use super::versions::edited;
use super::world::{NOON, TEN, World};

#[test]
fn a_branch_speaks_each_time_and_what_was_forgotten_is_asked_anew() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el domingo").told("No encontré horas de Matrona").told("Estas son");
    talk.stands_at("agendar.hora");
    talk.says("el sábado").told("No encontré horas de Matrona");
    talk.says("el domingo").told("¿Quieres anotarte en la lista de espera?");
}

#[test]
fn what_stands_under_a_condition_is_forgotten_with_it() {
    let mut talk = Talk::with(World::new(), asks_dentists());
    talk.says("quiero hora con dentista").stands_at("agendar.dolor");
    talk.taps("Me duele").stands_at("agendar.hora");
    talk.says("con matrona").stands_at("agendar.hora");
    talk.says("con dentista").stands_at("agendar.dolor");
}

/// The built-in book with a question for some only.
fn asks_dentists() -> smartsalud::flow::Book {
    edited("agendar.yaml", |text| {
        let field = "  dolor:\n    type: choice\n    name: el dolor\n    options: [{ key: duele, title: Me duele }, { key: nada, title: No me duele }]\n  cuando:\n";
        text.replacen("  cuando:\n", field, 1).replace(
            "  - do: oferta",
            "  - when: prestacion == \"k2\"\n    then:\n      - ask: dolor\n        text: \"¿Te duele?\"\n        help: \"Elige una.\"\n  - when: dolor == \"duele\"\n    then:\n      - say: \"Lo siento mucho.\"\n  - do: oferta",
        )
    })
}

#[test]
fn back_never_goes_where_the_walk_does_not_pass() {
    let mut talk = Talk::with(World::new(), asks_dentists());
    talk.says("quiero hora con matrona").stands_at("agendar.hora");
    talk.edits("dolor", "duele").stands_at("agendar.hora");
    talk.says("atrás").stands_at("agendar.prestacion");
}

#[test]
fn back_goes_by_the_order_of_the_questions() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("el jueves").stands_at("agendar.hora");
    talk.says("atrás").stands_at("agendar.prestacion");
}

#[test]
fn what_was_said_is_said_again_after_what_it_names_has_changed() {
    let book = edited("agendar.yaml", |text| {
        text.replace(
            "  - hold: agenda.tomar",
            "  - say: \"Buena elección: {prestacion.nombre}.\"\n  - hold: agenda.tomar",
        )
    });
    let mut talk = Talk::with(World::new(), book);
    talk.says("hora matrona 10:00").told("Buena elección: Matrona").stands_at("agendar.review.1");
    talk.says("repetir").not_told("Buena elección");
    talk.says("dentista").stands_at("agendar.hora");
    talk.says("matrona").stands_at("agendar.hora");
    talk.taps("jue 26 nov 10:00").told("Buena elección: Matrona").stands_at("agendar.review.1");
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
    talk.told("No encontré horas de Matrona.\n");
    assert_eq!(talk.reads("agenda.buscar"), 1);
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

#[test]
fn a_hand_off_and_a_give_back_clear_what_was_heard() {
    let mut talk = Talk::new(World::family());
    talk.says("quiero hora con dentista a las 12:00").stands_at("agendar.paciente");
    assert!(!talk.state.stack[0].heard.is_empty());
    talk.says("persona").stands_at("WithStaff");
    assert!(talk.state.stack[0].heard.is_empty());
    // whatever else may have put it there
    let (at, tick) = (talk.now.naive_utc(), talk.state.tick);
    let heard = Overheard { text: "matrona".into(), at, tick, placed: false, tried: Vec::new() };
    talk.state.stack[0].heard.push(heard);
    talk.staff(StaffAction::Resume).stands_at("agendar.paciente");
    talk.taps("Luz Soto").stands_at("agendar.prestacion");
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

//! Taps, old and new, and going elsewhere and back.

use smartsalud::conversation::need::EventKind;
use smartsalud::conversation::state::Ended;

use super::talk::Talk;
use super::versions::edited;
use super::world::{HALF_PAST, TEN, World};

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
    talk.tap(half_past, "jue 26 nov 10:30").stands_at("agendar.review.1").not_told("ya no sirve");
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
fn a_question_about_the_centre_is_answered_whole_or_not_at_all() {
    let mut world = World::new();
    world.faults.insert("centro.datos".into(), "down".into());
    let mut talk = Talk::at_hours(world);
    talk.says("¿dónde queda?").told("no puedo ver los datos del centro").not_told("Estamos en");
    talk.stands_at("agendar.hora");
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
fn a_tap_on_an_older_list_of_the_same_question_is_an_answer() {
    let mut talk = Talk::at_hours(World::new());
    let half_past = talk.option("jue 26 nov 10:30");
    talk.world.take(TEN);
    talk.wait(300);
    talk.says("repetir").stands_at("agendar.hora");
    assert_ne!(talk.option("jue 26 nov 10:30"), half_past, "the list is another");
    talk.tap(half_past, "jue 26 nov 10:30").told("10:30").stands_at("agendar.review.1");
}

#[test]
fn a_tap_on_what_is_chosen_already_is_no_news_though_it_is_offered_no_more() {
    let mut world = World::new();
    world.map_is_naive = true;
    let mut talk = Talk::at_hours(world);
    let ten = talk.option("jue 26 nov 10:00");
    talk.tap(ten.clone(), "jue 26 nov 10:00").stands_at("agendar.review.1");
    talk.wait(300);
    talk.says("cambiar la hora").stands_at("agendar.hora");
    talk.says("atrás").stands_at("agendar.prestacion");
    talk.says("matrona").stands_at("agendar.review.1");
    talk.tap(ten, "jue 26 nov 10:00").not_told("ya no sirve").stands_at("agendar.review.1");
    assert_eq!(talk.held(), [TEN]);
}

#[test]
fn a_tap_on_a_flow_below_brings_it_up_without_the_repairs_above_it() {
    let mut talk = Talk::at_hours(World::new());
    let half_past = talk.option("jue 26 nov 10:30");
    talk.says("cancelar").told("¿Qué quieres hacer?");
    talk.tap(half_past.clone(), "jue 26 nov 10:30").stands_at("agendar.review.1");
    assert_eq!(talk.state.stack.len(), 1, "what asked what to do is gone");
    let mut talk = Talk::at_hours(World::new());
    let half_past = talk.option("jue 26 nov 10:30");
    talk.says("mis horas").stands_at("ver_horas.pedir");
    talk.tap(half_past, "jue 26 nov 10:30").stands_at("agendar.review.1");
    assert_eq!(talk.state.stack.len(), 2, "what was begun above is kept");
}

#[test]
fn free_words_give_way_to_commands() {
    let book = edited("agendar.yaml", |text| {
        let text = text.replacen("  cuando:\n", "  motivo: { type: text, name: el motivo }\n  cuando:\n", 1);
        text.replace("  - do: oferta", "  - ask: motivo\n    text: \"¿Por qué vienes?\"\n    help: \"Con tus palabras.\"\n  - say: \"Anotado: {motivo}\"\n  - do: oferta")
    });
    let mut talk = Talk::with(World::new(), book);
    talk.says("quiero hora con matrona").stands_at("agendar.motivo");
    talk.says("ayuda").told("Con tus palabras").stands_at("agendar.motivo");
    talk.says("atrás").stands_at("agendar.prestacion");
    talk.says("matrona").stands_at("agendar.motivo");
    talk.says("cancelar").told("¿Qué quieres hacer?");
    talk.taps("Seguir").stands_at("agendar.motivo");
    talk.says("me duele la guata").told("Anotado: me duele la guata").stands_at("agendar.hora");
}

#[test]
fn at_most_eight_ended_flows_are_remembered() {
    let mut talk = Talk::new(World::new());
    talk.says("quiero hora con matrona");
    let first = talk.option("jue 26 nov 10:00");
    for _ in 0..9 {
        talk.says("empezar de nuevo");
        talk.says("matrona").stands_at("agendar.hora");
    }
    assert_eq!(talk.state.past.len(), 8);
    talk.tap(first, "jue 26 nov 10:00").told("ya no sirve").stands_at("agendar.hora");
    assert!(talk.trace.rungs.iter().any(|rung| rung.why.contains("long gone")));
}

#[test]
fn what_was_interrupted_too_long_ago_is_let_go_and_explained() {
    let mut talk = Talk::new(World::family());
    let flows = ["agendar", "reagendar", "cancelar", "ver_horas", "confirmar", "salir_lista", "lista_espera"];
    for (begun, flow) in flows.into_iter().enumerate() {
        talk.event(EventKind::Start { flow: flow.into() });
        talk.stands_at(&format!("{flow}.paciente"));
        assert_eq!(talk.state.stack.len(), (begun + 1).min(6), "{flow}");
    }
    assert!(talk.state.stack.iter().all(|frame| frame.flow != "agendar"), "the oldest went");
    let past = talk.state.past.last().expect("it is remembered");
    assert_eq!((past.flow.as_str(), past.ended), ("agendar", Ended::Left));
}

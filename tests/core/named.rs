//! Corrections that name what they correct, and visits that are named by what they are for.

use smartsalud::flow::{Book, built_in, load};

use super::talk::Talk;
use super::world::World;

/// The built-in book with a flow whose answers mean nothing away from their questions.
pub(crate) fn prescriptions() -> Book {
    let mut sources = built_in::sources();
    let text = r#"
flow: receta
title: renovar una receta
starts: { words: [pedir receta] }
fields:
  remedio: { type: text, name: el remedio, words: [medicamento] }
  control: { type: yes_no, name: el control }
  cajas: { type: number, name: las cajas, min: 1, max: 9 }
  aviso: { type: text, name: el comentario }
steps:
  - { ask: remedio, text: "¿Qué remedio es?", help: "Por ejemplo: «losartán de 50»." }
  - when: remedio == "aspirina"
    then:
      - say: "La aspirina se vende sin receta."
  - { ask: control, text: "¿Tuviste control este año?", help: "Responde sí o no." }
  - { ask: cajas, text: "¿Cuántas cajas?", help: "Un número." }
  - { ask: aviso, text: "¿Algo más que deba saber el centro?", help: "Con tus palabras." }
  - review: [remedio, control, cajas, aviso]
    text: "{remedio}, {cajas} cajas. {aviso}. ¿Está bien?"
  - say: "Anotado: {remedio}, {cajas} cajas."
"#;
    sources.insert("receta.yaml".to_owned(), text.to_owned());
    let text = r#"
flow: familia
title: pedir horas para varios
starts: { words: [hora para varios] }
fields:
  quienes: { type: several, name: quiénes, of: personas }
steps:
  - do: personas = personas.autorizadas()
    on:
      none: { then: { call: identificar } }
      down: { then: { handoff: "down:personas.autorizadas" } }
  - { ask: quienes, text: "¿Para quiénes son?", help: "Puedes nombrar a más de uno.", list_button: Ver personas }
  - call: agendar
    each: persona in quienes
    with: { paciente: persona }
  - say: "Eso es todo para {quienes | nombres}."
"#;
    sources.insert("familia.yaml".to_owned(), text.to_owned());
    load::book(&sources).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn at_comment() -> Talk {
    let mut talk = Talk::with(World::new(), prescriptions());
    talk.says("pedir receta").stands_at("receta.remedio");
    talk.says("losartán de 50").stands_at("receta.control");
    talk.says("sí").stands_at("receta.cajas");
    talk.says("2").stands_at("receta.aviso");
    talk
}

fn at_summary() -> Talk {
    let mut talk = at_comment();
    talk.says("nada por ahora").stands_at("receta.review.1");
    talk
}

fn said(talk: &Talk, field: &str) -> Option<String> {
    talk.state.stack[0].answers.get(field).map(|answer| answer.value.to_string())
}

#[test]
fn free_words_are_corrected_in_one_message_that_names_them() {
    for words in [
        "perdón, el remedio era metformina",
        "me equivoqué, el remedio es metformina",
        "cambiar el remedio por metformina",
        "quiero cambiar el remedio a metformina por favor",
        "no, el medicamento era metformina",
        "el remedio: metformina",
        "perdón, era metformina el remedio",
        "el remedio no es losartán, es metformina",
        "sí, pero el remedio es metformina",
        "perdón\nel remedio era metformina",
    ] {
        let mut talk = at_summary();
        talk.says(words).stands_at("receta.review.1").told("metformina, 2 cajas");
        assert_eq!(said(&talk, "remedio").as_deref(), Some("metformina"), "{words}");
        assert_eq!(said(&talk, "aviso").as_deref(), Some("nada por ahora"), "{words}");
    }
}

#[test]
fn what_is_corrected_keeps_the_patients_letters() {
    let mut talk = at_summary();
    talk.says("Disculpe, el remedio era Ácido fólico de 5 mg, gracias").stands_at("receta.review.1");
    assert_eq!(said(&talk, "remedio").as_deref(), Some("Ácido fólico de 5 mg"));
}

#[test]
fn a_number_and_a_yes_or_no_are_corrected_by_name_too() {
    let mut talk = at_summary();
    talk.says("perdón, las cajas eran 3").stands_at("receta.review.1").told("3 cajas");
    let mut talk = at_summary();
    talk.says("cambiar el control a no").stands_at("receta.review.1");
    assert_eq!(said(&talk, "control").as_deref(), Some("no"));
    let mut talk = at_summary();
    talk.says("perdón, las cajas eran 300").stands_at("receta.cajas");
    assert_eq!(said(&talk, "cajas").as_deref(), Some("2"), "nothing is forgotten for what cannot be");
}

#[test]
fn what_is_named_without_a_new_value_is_asked_anew() {
    for words in ["cambiar el remedio", "me equivoqué en el remedio", "perdón, el remedio está mal"] {
        let mut talk = at_summary();
        talk.says(words).stands_at("receta.remedio");
        assert_eq!(said(&talk, "remedio").as_deref(), Some("losartán de 50"), "{words}");
    }
}

#[test]
fn cambiar_el_control_is_about_the_control_that_the_form_asks_for() {
    let mut talk = at_summary();
    talk.says("cambiar el control").stands_at("receta.control");
    talk.says("no").stands_at("receta.review.1");
}

#[test]
fn words_for_another_question_are_no_correction() {
    // beside free words only what says that it corrects is taken for a correction
    let mut talk = at_comment();
    talk.says("el remedio es muy fuerte para mí").stands_at("receta.review.1");
    assert_eq!(said(&talk, "remedio").as_deref(), Some("losartán de 50"));
    assert_eq!(said(&talk, "aviso").as_deref(), Some("el remedio es muy fuerte para mí"));
    let mut talk = at_comment();
    talk.says("perdón, el remedio era metformina").stands_at("receta.aviso");
    assert_eq!(said(&talk, "remedio").as_deref(), Some("metformina"));
    // nor is a sentence about something else
    let mut talk = at_summary();
    talk.says("mi vecina dice que el remedio es malo").stands_at("receta.review.1");
    assert_eq!(said(&talk, "remedio").as_deref(), Some("losartán de 50"));
    talk.says("¿el remedio es gratis?").stands_at("receta.review.1");
    assert_eq!(said(&talk, "remedio").as_deref(), Some("losartán de 50"));
}

#[test]
fn a_correction_is_never_a_yes_and_what_depends_on_it_is_forgotten() {
    let mut talk = at_summary();
    talk.says("sí, pero las cajas son 3").stands_at("receta.review.1").not_told("Anotado");
    talk.says("el remedio era aspirina").told("se vende sin receta").stands_at("receta.review.1");
    talk.says("sí").told("Anotado: aspirina, 3 cajas");
}

#[test]
fn a_command_that_names_an_answer_is_no_option_that_shares_its_verb() {
    let mut world = World::family();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("mis horas").stands_at("ver_horas.paciente");
    talk.taps("Luz Soto").stands_at("ver_horas.que");
    talk.says("cambiar el paciente").stands_at("ver_horas.paciente");
    talk.taps("Luz Soto").stands_at("ver_horas.que");
    talk.says("cambiar la hora").stands_at("reagendar.hora");
}

fn two_visits() -> World {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    world.book("k1-2026-12-01T15:30", "p1");
    world
}

#[test]
fn a_visit_is_known_by_what_it_is_for() {
    let mut talk = Talk::new(two_visits());
    talk.says("quiero anular la hora del dentista").stands_at("cancelar.review.1").told("Dentista");
    let mut talk = Talk::new(two_visits());
    talk.says("quiero cambiar la hora con la matrona").stands_at("reagendar.hora").told("Tu hora de Matrona");
    let mut talk = Talk::new(two_visits());
    talk.says("anular la hora con la doctora Paz").stands_at("cancelar.review.1").told("Matrona");
    // two of a kind are asked about
    let mut world = two_visits();
    world.book("k1-2026-11-26T10:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("quiero anular la hora de la matrona").stands_at("cancelar.cita");
}

#[test]
fn another_visit_named_at_the_summary_is_read_back_first() {
    let mut talk = Talk::new(two_visits());
    talk.says("quiero anular la hora del dentista").stands_at("cancelar.review.1");
    talk.says("no, la de la matrona").stands_at("cancelar.review.1").told("Matrona");
    assert_eq!(talk.world.booked().len(), 2, "nothing is done");
    talk.says("sí").booked(&["k2-2026-11-27T16:00"]);
}

// Several, one tap after the other

#[test]
fn taps_on_a_list_of_several_add_up() {
    let mut world = World::family();
    world.patients.push(("p3", "Inés Mora", vec!["ines"]));
    let mut talk = Talk::with(world, prescriptions());
    talk.says("hora para varios").stands_at("familia.quienes");
    let (luz, ines) = (talk.option("Luz Soto"), talk.option("Inés Mora"));
    talk.tap(luz, "Luz Soto").told("Hasta ahora: Luz Soto").stands_at("familia.quienes");
    assert_eq!(talk.titles(), ["Rosa Díaz", "Inés Mora", "Listo", "Todos"]);
    talk.taps("Rosa Díaz").told("Luz Soto y Rosa Díaz");
    talk.taps("Listo").stands_at("agendar.prestacion").answer("paciente", "p1");
    talk.says("matrona el jueves a las 10").stands_at("agendar.review.1");
    // one more, while the first is under way: nothing of it is lost, and she has her turn
    talk.tap(ines, "Inés Mora").told("Agregué: Inés Mora").stands_at("agendar.review.1");
    assert_eq!(talk.held(), ["k1-2026-11-26T10:00"]);
    talk.says("sí").stands_at("agendar.prestacion").answer("paciente", "p2");
    talk.says("dentista el jueves a las 12").stands_at("agendar.review.1");
    talk.says("sí").stands_at("agendar.prestacion").answer("paciente", "p3");
}

#[test]
fn the_last_one_tapped_needs_no_listo_and_going_back_begins_anew() {
    let mut talk = Talk::with(World::family(), prescriptions());
    talk.says("hora para varios").stands_at("familia.quienes");
    talk.taps("Luz Soto").told("Hasta ahora");
    talk.says("cambiar quiénes").stands_at("familia.quienes").not_told("Hasta ahora");
    talk.taps("Rosa Díaz").told("Hasta ahora: Rosa Díaz");
    talk.taps("Luz Soto").stands_at("agendar.prestacion").answer("paciente", "p1");
}

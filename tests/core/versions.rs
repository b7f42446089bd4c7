//! A conversation meets other versions of the flows, newer and older.

use smartsalud::conversation::need::{EventKind, StaffAction};
use smartsalud::flow::{Book, built_in, load};

use super::talk::{Talk, book};
use super::world::{HALF_PAST, TEN, World};

/// The built-in book with one file changed.
pub(crate) fn edited(file: &str, change: impl Fn(&str) -> String) -> Book {
    let mut sources = built_in::sources();
    let text = sources.get_mut(file).expect("a built-in file");
    let changed = change(text);
    assert_ne!(*text, changed, "the edit changes nothing");
    *text = changed;
    load::book(&sources).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The built-in book with `prestacion` called `servicio`.
pub(crate) fn renamed() -> Book {
    edited("agendar.yaml", |text| {
        text.replace("  prestacion:\n", "  servicio:\n")
            .replace("ask: prestacion", "ask: servicio")
            .replace("(paciente, prestacion,", "(paciente, prestacion=servicio,")
            .replace("(prestacion)", "(prestacion=servicio)")
            .replace("{prestacion.nombre}", "{servicio.nombre}")
            .replace("[paciente, prestacion,", "[paciente, servicio,")
            .replace("especialidad: prestacion", "prestacion: servicio")
    })
}

/// The built-in book with `agendar` called `reservar`.
pub(crate) fn renamed_flow() -> Book {
    let mut sources = built_in::sources();
    for text in sources.values_mut() {
        *text = text
            .replace("flow: agendar\n", "flow: reservar\n")
            .replace("{ start: agendar }", "{ start: reservar }")
            .replace("{ offer: agendar }", "{ offer: reservar }")
            .replace("call: agendar\n", "call: reservar\n")
            .replace(" agendar: ask_first", " reservar: ask_first")
            .replace(" agendar: replace", " reservar: replace")
            .replace("was: { fields", "was: { flows: [agendar], fields");
    }
    load::book(&sources).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The built-in book with a question about the visit, and the options it has.
pub(crate) fn asks_what_for(options: &str) -> Book {
    edited("agendar.yaml", |text| {
        let field = format!(
            "  motivo:\n    type: choice\n    name: el motivo\n    options: [{options}]\n  cuando:\n"
        );
        let text = text.replacen("  cuando:\n", &field, 1);
        text.replace(
            "  - do: oferta",
            "  - ask: motivo\n    text: \"¿Para qué vienes?\"\n    help: \"Elige una.\"\n  - when: motivo == \"control\"\n    then:\n      - say: \"Trae tu carné de control.\"\n  - do: oferta",
        )
        .replace("[paciente, prestacion, cuando, hora]", "[paciente, prestacion, motivo, cuando, hora]")
        .replace(
            "{prestacion.nombre} para {paciente.nombre}\n",
            "{prestacion.nombre} para {paciente.nombre} ({motivo.titulo})\n",
        )
    })
}

pub(crate) const CONTROL: &str = "{ key: control, title: Un control }";
pub(crate) const FIRST: &str = "{ key: primera, title: Es la primera vez }";

#[test]
fn a_committed_flow_ends_under_the_book_it_committed_under() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("anular mi hora").stands_at("cancelar.review.1");
    talk.says("sí").stands_at("cancelar.otra");
    let newer = edited("cancelar.yaml", |text| {
        text.replace("  otra:\n", "  motivo: { type: text, name: el motivo }\n  otra:\n").replace(
            "  - ask: otra\n",
            "  - ask: motivo\n    text: \"¿Por qué?\"\n    help: \"Con tus palabras.\"\n  - say: \"{motivo}\"\n  - ask: otra\n",
        )
    });
    talk.comes(newer);
    talk.says("repetir").stands_at("cancelar.otra");
}

#[test]
fn a_rename_keeps_every_answer_and_a_rollback_takes_it_back() {
    let mut talk = Talk::at_review(World::new());
    let old = talk.book.clone();
    talk.comes(renamed());
    talk.says("repetir").stands_at("agendar.review.1").answer("servicio", "k1");
    assert_eq!(talk.held(), [TEN]);
    talk.comes(old);
    talk.says("repetir").stands_at("agendar.review.1").answer("prestacion", "k1");
    talk.says("sí").booked(&[TEN]);
}

#[test]
fn a_flow_that_is_gone_is_walked_to_its_end() {
    let mut talk = Talk::at_review(World::new());
    let mut newer = talk.book.clone();
    newer.flows.shift_remove("agendar");
    newer.hash = "without agendar".into();
    talk.comes(newer);
    talk.says("sí").booked(&[TEN]);
    talk.says("quiero hora con matrona");
    assert!(talk.state.stack.iter().all(|frame| frame.flow != "agendar"));
}

#[test]
fn a_renamed_flow_goes_on_under_its_new_name_and_back_under_the_old_one() {
    let mut talk = Talk::at_review(World::new());
    let old_hour = talk.option("Sí, confirmar");
    talk.comes(renamed_flow());
    talk.says("repetir").stands_at("reservar.review.1");
    assert_eq!(talk.held(), [TEN]);
    talk.comes(book());
    talk.says("repetir").stands_at("agendar.review.1");
    talk.tap(old_hour, "Sí, confirmar").booked(&[TEN]);
}

#[test]
fn a_conversation_stays_under_its_own_version_when_the_new_one_says_so() {
    let mut talk = Talk::at_review(World::new());
    let newer = edited("agendar.yaml", |text| {
        text.replace("flow: agendar\n", "flow: agendar\nopen_conversations: stay\n")
            .replace("¿La confirmo?", "¿Sí o no?")
    });
    talk.comes(newer);
    talk.says("repetir").told("¿La confirmo?").stands_at("agendar.review.1");
    talk.says("sí").booked(&[TEN]);
    talk.says("hora matrona 10:30").told("¿Sí o no?");
}

#[test]
fn a_list_is_read_again_when_a_new_version_asks_for_another() {
    let mut talk = Talk::at_hours(World::new());
    talk.comes(edited("agendar.yaml", |text| text.replace("limite=40", "limite=20")));
    talk.says("repetir").stands_at("agendar.hora");
    assert_eq!(talk.asked, ["read agenda.buscar"]);
}

#[test]
fn an_answer_whose_option_is_gone_is_asked_again() {
    let mut talk = Talk::with(World::new(), asks_what_for(&format!("{CONTROL}, {FIRST}")));
    talk.says("quiero hora con matrona").stands_at("agendar.motivo");
    talk.taps("Es la primera vez").stands_at("agendar.hora");
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    talk.comes(asks_what_for(&format!("{CONTROL}, {{ key: otra, title: Otra cosa }}")));
    talk.says("repetir").stands_at("agendar.motivo");
    assert_eq!(talk.titles(), ["Un control", "Otra cosa"]);
    assert_eq!(talk.held(), [TEN], "the hour does not depend on it");
}

#[test]
fn a_flow_that_is_gone_cannot_be_started_by_what_was_to_start_it() {
    let mut talk = Talk::at_hours(World::new());
    let said = talk.said.len();
    talk.event(EventKind::Start { flow: "gone".into() });
    talk.stands_at("agendar.hora");
    assert_eq!(talk.said.len(), said);
    assert!(talk.incidents.is_empty(), "{:?}", talk.incidents);
    assert!(talk.state.past.is_empty());
}

#[test]
fn keys_of_attempts_do_not_repeat_under_a_new_version_either() {
    let mut talk = Talk::at_review(World::new());
    talk.world.faults.insert("agenda.confirmar".into(), "down".into());
    talk.says("sí").stands_at("WithStaff");
    talk.world.faults.clear();
    // the steps stand elsewhere now
    talk.comes(edited("agendar.yaml", |text| {
        text.replacen("  - ask: paciente\n", "  - say: \"Vamos a pedir una hora.\"\n  - ask: paciente\n", 1)
    }));
    talk.staff(StaffAction::Resume).stands_at("agendar.review.1");
    // The world panics when a key is used twice.
    talk.says("sí").booked(&[TEN]);
}

#[test]
fn an_answer_follows_its_field_into_a_new_version_and_its_old_taps_too() {
    let mut talk = Talk::at_hours(World::new());
    let half_past = talk.option("jue 26 nov 10:30");
    talk.comes(renamed());
    talk.tap(half_past, "jue 26 nov 10:30").stands_at("agendar.review.1").answer("servicio", "k1");
    assert_eq!(talk.held(), [HALF_PAST]);
}

#[test]
fn after_a_rollback_a_tap_with_the_newer_name_is_understood_on_its_list_and_else_explained() {
    let mut talk = Talk::with(World::new(), renamed());
    talk.says("quiero una hora").stands_at("agendar.servicio");
    let (matrona, dentist) = (talk.option("Matrona"), talk.option("Dentista"));
    talk.comes(book());
    // the list on the screen
    talk.tap(matrona, "Matrona").stands_at("agendar.hora").answer("prestacion", "k1");
    talk.wait(60);
    // an older one: nobody remembers the newer name
    talk.tap(dentist, "Dentista").told("ya no sirve").stands_at("agendar.hora").answer("prestacion", "k1");
}

#[test]
fn a_rollback_reaches_what_waits_to_be_changed() {
    let mut talk = Talk::with(World::new(), renamed());
    talk.says("hora matrona 10:00").stands_at("agendar.review.1");
    talk.taps("Cambiar algo").told("¿Qué quieres cambiar?");
    talk.comes(book());
    talk.says("la atención").stands_at("agendar.prestacion");
    assert_eq!(talk.held(), [TEN]);
}

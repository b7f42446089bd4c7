//! Twelve scenes that broke earlier versions of the core. "R": the review is pending, ten o'clock is held.

use smartsalud::conversation::need::StaffAction;
use smartsalud::conversation::state::Tap;

use super::talk::Talk;
use super::versions::{edited, renamed};
use super::world::{HALF_PAST, TEN, World};

#[test]
fn a_whole_booking_from_hello_to_code() {
    let mut talk = Talk::new(World::new());
    talk.says("hola").told("CESFAM Los Aromos");
    assert_eq!(talk.label(), "repair.hello");
    talk.taps("Pedir una hora").stands_at("agendar.prestacion");
    talk.says("matrona").stands_at("agendar.hora");
    assert_eq!(talk.titles()[..2], ["jue 26 nov 10:00", "jue 26 nov 10:30"]);
    talk.taps("jue 26 nov 10:30").stands_at("agendar.review.1");
    assert_eq!(talk.held(), [HALF_PAST]);
    talk.taps("Sí, confirmar").stands_at("Idle");
    talk.told("Código C").booked(&[HALF_PAST]);
    assert!(talk.held().is_empty());
}

#[test]
fn script_1_a_yes_while_the_agenda_is_down_books_nothing_when_staff_gives_back() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(700);
    talk.world.faults.insert("agenda.tomar".into(), "down".into());
    talk.world.faults.insert("agenda.confirmar".into(), "down".into());
    talk.says("sí").stands_at("WithStaff");
    talk.world.faults.clear();
    talk.wait(7_000);
    talk.staff(StaffAction::Resume).stands_at("agendar.review.1");
    talk.booked(&[]);
}

#[test]
fn script_2_a_confirmation_that_failed_wants_a_new_yes() {
    let mut talk = Talk::at_review(World::new());
    talk.world.faults.insert("agenda.confirmar".into(), "down".into());
    talk.says("sí").stands_at("WithStaff");
    talk.world.faults.clear();
    talk.wait(7_200);
    talk.staff(StaffAction::Resume).stands_at("agendar.review.1");
    talk.booked(&[]);
    talk.says("sí").stands_at("Idle");
    talk.booked(&[TEN]);
}

#[test]
fn script_3_an_old_yes_to_another_hour_is_answered_with_the_new_review() {
    let mut talk = Talk::at_hours(World::new());
    let half_past = talk.option("jue 26 nov 10:30");
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    let old_yes = talk.option("Sí, confirmar");
    talk.tap(half_past, "jue 26 nov 10:30").told("10:30");
    assert_eq!(talk.held(), [HALF_PAST]);
    talk.tap(old_yes, "Sí, confirmar").told("cambió").told("10:30");
    talk.booked(&[]);
    talk.taps("Sí, confirmar").booked(&[HALF_PAST]);
}

#[test]
fn script_4_a_yes_written_before_an_edit_is_asked_again() {
    let mut talk = Talk::at_review(World::new());
    talk.wait(60);
    talk.edits("hora", HALF_PAST).told("10:30");
    talk.wait(5);
    talk.said_before("sí", 20).stands_at("agendar.review.1");
    talk.booked(&[]);
    talk.says("sí").booked(&[HALF_PAST]);
}

#[test]
fn script_5_an_earlier_yes_does_not_answer_what_opened_since() {
    use smartsalud::conversation::need::EventKind;
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::at_review(world);
    let yes = talk.option("Sí, confirmar");
    talk.wait(60);
    talk.event(EventKind::Start { flow: "ver_horas".into() });
    talk.stands_at("ver_horas.que");
    talk.wait(5);
    talk.said_before("sí", 20).stands_at("ver_horas.que");
    talk.booked(&["k2-2026-11-27T16:00"]);
    talk.tap(yes, "Sí, confirmar").booked(&["k2-2026-11-27T16:00", TEN]);
    talk.stands_at("ver_horas.que");
}

#[test]
fn script_6_back_twice_and_another_service() {
    let mut talk = Talk::at_review(World::new());
    talk.says("atrás").stands_at("agendar.hora");
    assert_eq!(talk.held(), [TEN], "going back forgets nothing");
    talk.says("atrás").stands_at("agendar.prestacion");
    talk.says("dentista").stands_at("agendar.hora");
    assert_eq!(talk.titles()[0], "jue 26 nov 09:00");
    assert!(talk.held().is_empty());
}

#[test]
fn script_7_an_hour_and_another_service_in_one_message() {
    let mut talk = Talk::at_hours(World::new());
    talk.says("la de 12:00 pero con dentista").stands_at("agendar.review.1");
    talk.told("Dentista").told("12:00");
    assert_eq!(talk.held(), ["k2-2026-11-26T12:00"]);
}

#[test]
fn script_8_an_hour_that_somebody_else_took_loses_nothing() {
    let mut talk = Talk::at_hours(World::new());
    let half_past = talk.option("jue 26 nov 10:30");
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    talk.world.take(HALF_PAST);
    talk.tap(half_past, "jue 26 nov 10:30").told("se acaba de ocupar");
    talk.stands_at("agendar.hora");
    assert_eq!(talk.titles()[..2], ["jue 26 nov 10:00", "jue 26 nov 12:00"]);
    assert_eq!(talk.held(), [TEN], "the hour it had is still its own");
    talk.taps("jue 26 nov 10:00").stands_at("agendar.review.1");
    talk.says("sí").booked(&[TEN]);
}

#[test]
fn script_9_a_lagging_map_offers_no_hour_twice() {
    let mut world = World::new();
    world.map_lags = true;
    world.snatched = true;
    let mut talk = Talk::at_hours(world);
    let mut offered: Vec<String> = Vec::new();
    while talk.state.stage() == "agendar.hora" {
        let title = talk.titles()[0].to_owned();
        assert!(!offered.contains(&title), "{title} was offered again\n{}", talk.story());
        offered.push(title.clone());
        talk.taps(&title);
    }
    talk.told("No encontré horas").told("¿Quieres anotarte en la lista de espera?");
    assert_eq!(offered.len(), 5);
}

#[test]
fn script_11_booked_by_hand_is_never_said_to_be_taken() {
    let mut talk = Talk::at_review(World::new());
    talk.staff(StaffAction::TakeOver);
    let row = talk.world.book("k1-2026-11-26T12:00", "p1");
    talk.did(row);
    talk.world.take(TEN);
    talk.staff(StaffAction::Resume).told("Listo");
    talk.not_told("ocupar").stands_at("Idle");
}

#[test]
fn script_10_a_question_added_above_a_commit_is_not_asked_afterwards() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::new(world);
    talk.says("anular mi hora").stands_at("cancelar.review.1");
    talk.says("sí").stands_at("cancelar.otra");
    let old = talk
        .said
        .iter()
        .rev()
        .find_map(|(message, label)| (label == "cancelar.review").then(|| message.options[1].id.clone()));
    let old = Tap::from_id(&old.expect("a review")).expect("ours");
    let newer = edited("cancelar.yaml", |text| {
        let text = text.replace("¿Anulo esta hora?", "¿Anulo esta hora ({motivo})?");
        text.replace("  otra:\n", "  motivo: { type: text, name: el motivo }\n  otra:\n").replace(
            "  - review: [cita]",
            "  - ask: motivo\n    text: \"¿Por qué la anulas?\"\n    help: \"Con tus palabras.\"\n  - review: [cita, motivo]",
        )
    });
    talk.comes(newer);
    talk.tap(old, "Es otra hora").told("ya no sirve");
    talk.stands_at("cancelar.otra");
    talk.says("no").told("lo dejamos así").stands_at("cancelar.por_que");
    talk.says("no").stands_at("Idle");
    talk.booked(&[]);
}

#[test]
fn script_12_a_renamed_field_is_followed_while_the_patient_chooses() {
    let mut talk = Talk::at_review(World::new());
    talk.taps("Cambiar algo").told("¿Qué quieres cambiar?");
    let newer = renamed();
    talk.comes(newer);
    talk.taps("La atención").stands_at("agendar.servicio");
    assert_eq!(talk.held(), [TEN]);
    talk.says("dentista").stands_at("agendar.hora");
    assert!(talk.held().is_empty());
}

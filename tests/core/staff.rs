//! A person of the centre has the conversation, edits it, gives it back.

use smartsalud::conversation::need::{EventKind, StaffAction};
use smartsalud::conversation::state::Owner;

use super::talk::Talk;
use super::world::{HALF_PAST, NOON, TEN, World};

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

#[test]
fn the_bot_keeps_quiet_when_staff_edits_what_lies_below() {
    let mut world = World::new();
    world.book("k2-2026-11-27T16:00", "p1");
    let mut talk = Talk::at_review(world);
    let below = talk.state.stack[0].id;
    talk.says("mis horas").stands_at("ver_horas.que");
    let said = talk.said.len();
    talk.staff(StaffAction::Edit { frame: below, field: "hora".into(), key: HALF_PAST.into() });
    assert_eq!(talk.said.len(), said);
    talk.answer("hora", HALF_PAST).stands_at("ver_horas.que");
}

#[test]
fn giving_back_counts_equal_messages_anew() {
    let mut talk = Talk::at_hours(World::new());
    for _ in 0..25 {
        talk.says("repetir");
    }
    talk.stands_at("WithStaff");
    talk.staff(StaffAction::Resume).stands_at("agendar.hora");
    talk.says("repetir").stands_at("agendar.hora");
}

#[test]
fn what_calls_a_person_opens_a_closed_conversation_and_so_does_staff() {
    let mut talk = Talk::at_review(World::new());
    talk.says("sí").booked(&[TEN]);
    talk.staff(StaffAction::Close).stands_at("Closed");
    talk.event(EventKind::Undelivered { code: Some(131_026) });
    talk.stands_at("WithStaff");
    talk.staff(StaffAction::Resume).stands_at("repair.menu.que");
    talk.staff(StaffAction::Close).stands_at("Closed");
    talk.staff(StaffAction::Restart).stands_at("repair.menu.que");
}

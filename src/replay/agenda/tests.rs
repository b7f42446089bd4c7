//! The invented agenda finds, holds, loses and moves hours as the real one does.

use chrono::TimeDelta;

use super::*;
use crate::flow::Name;

fn agenda(phone: &str) -> (Agenda, DateTime<Utc>) {
    let world = World::parse("demo.yaml", include_str!("../../../tests/worlds/demo.yaml")).unwrap();
    (Agenda::new(world, phone.parse().ok()), "2026-11-25T12:00:00Z".parse().unwrap())
}

fn key(name: &str, key: &str) -> (Name, Value) {
    (name.to_owned(), Value::Key(key.to_owned()))
}

fn read(port: &str, arguments: Vec<(Name, Value)>) -> Need {
    Need::Read { port: port.to_owned(), arguments, except: Vec::new(), held: Vec::new() }
}

fn search(agenda: &mut Agenda, now: DateTime<Utc>) -> Vec<Record> {
    let need = read("agenda.buscar", vec![key("paciente", "1"), key("prestacion", "1")]);
    agenda.transaction(now).answer(&need).unwrap().rows.to_vec()
}

fn hold(agenda: &mut Agenda, hour: &str, now: DateTime<Utc>) -> Got {
    let arguments = vec![key("hora", hour), key("paciente", "1")];
    let need = Need::Hold { port: "agenda.tomar".to_owned(), arguments, instead_of: None };
    agenda.transaction(now).answer(&need).unwrap()
}

#[test]
fn a_held_hour_is_not_offered_until_its_hold_is_dead() {
    let (mut agenda, now) = agenda("56911112222");
    let first = search(&mut agenda, now)[0].key.clone();
    assert_eq!(hold(&mut agenda, &first, now).outcome, "ok");
    assert!(search(&mut agenda, now).iter().all(|row| row.key != first));
    let later = now + TimeDelta::minutes(11);
    assert_eq!(search(&mut agenda, later)[0].key, first);
}

#[test]
fn a_turn_writes_to_the_schedule_once() {
    let (mut agenda, now) = agenda("56911112222");
    let rows = search(&mut agenda, now);
    let mut turn = agenda.transaction(now);
    let mut outcomes = Vec::new();
    for row in &rows[..2] {
        let arguments = vec![key("hora", &row.key), key("paciente", "1")];
        let need = Need::Hold { port: "agenda.tomar".to_owned(), arguments, instead_of: None };
        outcomes.push(turn.answer(&need).unwrap().outcome);
    }
    assert_eq!(outcomes, ["ok", "later"]);
}

#[test]
fn a_confirmed_hour_belongs_to_one_patient_even_after_its_hold_died() {
    let (mut agenda, now) = agenda("56911112222");
    let hour = search(&mut agenda, now)[0].key.clone();
    let held = hold(&mut agenda, &hour, now).hold;
    let later = now + TimeDelta::minutes(30);
    let confirm = |once: &str| Need::Write {
        port: "agenda.confirmar".to_owned(),
        arguments: vec![key("hora", &hour), key("paciente", "1")],
        hold: held,
        once: once.to_owned(),
    };
    let got = agenda.transaction(later).answer(&confirm("1/commit/1")).unwrap();
    assert_eq!(got.outcome, "ok");
    assert_eq!(
        agenda.transaction(later).answer(&confirm("1/commit/1")).unwrap(),
        got,
        "once named, once done"
    );
    assert_eq!(agenda.booked_in_words(later), ["jue 26 nov 09:00 Matrona Ana Rojas Luz Soto"]);
    assert_eq!(agenda.overlap(later), None);
}

#[test]
fn a_phone_that_nobody_knows_is_blocked_after_three_wrong_tries() {
    let (mut agenda, now) = agenda("56999990000");
    let claim = |rut: &str, once: &str| Need::Write {
        port: "personas.vincular".to_owned(),
        arguments: vec![
            ("rut".to_owned(), Value::RutTail(rut.parse().unwrap())),
            ("nacimiento".to_owned(), Value::Date("1948-02-20".parse().unwrap())),
        ],
        hold: None,
        once: once.to_owned(),
    };
    let outcomes: Vec<String> = ["1111-1", "2222-2", "3333-3", "4321-6"]
        .iter()
        .zip(["a", "b", "c", "d"])
        .map(|(rut, once)| agenda.transaction(now).answer(&claim(rut, once)).unwrap().outcome)
        .collect();
    assert_eq!(outcomes, ["none", "none", "blocked", "blocked"]);
}

#[test]
fn an_unverified_phone_does_not_see_what_others_booked() {
    let (mut agenda, now) = agenda("56999990000");
    let yaml = "who: Manuel Araya\nwhat: Matrona\nat: 2026-11-30T09:00";
    agenda.book(&serde_saphyr::from_str(yaml).unwrap());
    let claim = Need::Write {
        port: "personas.vincular".to_owned(),
        arguments: vec![
            ("rut".to_owned(), Value::RutTail("4321-6".parse().unwrap())),
            ("nacimiento".to_owned(), Value::Date("1948-02-20".parse().unwrap())),
        ],
        hold: None,
        once: "a".to_owned(),
    };
    assert_eq!(agenda.transaction(now).answer(&claim).unwrap().outcome, "ok");
    let need = read("agenda.citas", vec![key("paciente", "5")]);
    assert_eq!(agenda.transaction(now).answer(&need).unwrap().outcome, "none");
}

#[test]
fn an_hour_moved_to_one_that_overlaps_it_is_swapped_without_a_hold() {
    let (mut agenda, now) = agenda("56911112222");
    let yaml = "who: Luz Soto\nwhat: Matrona\nat: 2026-11-30T09:00";
    agenda.book(&serde_saphyr::from_str(yaml).unwrap());
    let moving = read("agenda.buscar_cambio", vec![key("cita", "1")]);
    let rows = agenda.transaction(now).answer(&moving).unwrap().rows;
    assert!(rows.iter().all(|row| row.key != "d1-t1-2026-11-30T09:00"), "its own hour is no change");
    let need = Need::Write {
        port: "agenda.mover".to_owned(),
        arguments: vec![key("cita", "1"), key("hora", "d1-t1-2026-11-30T09:30")],
        hold: None,
        once: "a".to_owned(),
    };
    assert_eq!(agenda.transaction(now).answer(&need).unwrap().outcome, "ok");
    assert_eq!(agenda.booked_in_words(now), ["lun 30 nov 09:30 Matrona Ana Rojas Luz Soto"]);
}

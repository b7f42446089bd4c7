//! A random walk: whatever happens in whatever order, the invariants of `Talk::watch` hold after every turn.
//!
//! `WALKER_EVENTS` and `WALKER_SEED` make it longer or another one; a failure prints the seed of its talk.

use chrono::TimeDelta;
use smartsalud::conversation::need::{EventKind, PatientText, StaffAction, TimerKind};
use smartsalud::conversation::state::{Owner, Tap};
use smartsalud::flow::Book;
use smartsalud::value::MediaKind;

use super::talk::{Talk, book};
use super::versions::{edited, renamed};
use super::world::World;

/// xorshift64*: the same walk on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.roll(from.len())) }
    }
}

const TEXTS: &[&str] = &[
    "hola",
    "quiero hora con matrona",
    "hora dentista el jueves",
    "quiero hora con matrona el martes en la tarde para mi mamá",
    "hora matrona 10:00",
    "sí",
    "si",
    "ya",
    "no",
    "no confirmo",
    "no, mejor el jueves",
    "sí, pero a las 10:30",
    "dentista",
    "matrona",
    "perdón, era dentista",
    "la de 12:00 pero con dentista",
    "la primera",
    "la segunda",
    "1",
    "2",
    "3",
    "7",
    "cualquiera",
    "me da lo mismo",
    "otro día",
    "más temprano",
    "más tarde",
    "antes",
    "más horas",
    "el martes",
    "el viernes en la tarde",
    "mañana",
    "ayer",
    "el domingo",
    "a las 12:00",
    "a las 15:30",
    "menú",
    "atrás",
    "volver",
    "cambiar",
    "cambiar la hora",
    "cambiar la atención",
    "cambiar el paciente",
    "cambiar el día",
    "cambiar dentista",
    "cancelar",
    "repetir",
    "persona",
    "ayuda",
    "empezar de nuevo",
    "saltar",
    "gracias",
    "¿dónde queda?",
    "¿qué tengo que llevar?",
    "mis horas",
    "quiero anular mi hora",
    "cancelar hora",
    "quiero cambiar mi hora",
    "mi mamá",
    "luz",
    "5678-5",
    "03-05-1954",
    "asdfgh",
    "",
    "🙂",
    "dolor en el pecho",
    "hablar con alguien",
    "seguir",
    "dejar",
    "no, gracias",
    "vacuna",
];

const PORTS: &[&str] = &[
    "personas.autorizadas",
    "agenda.prestaciones",
    "agenda.buscar",
    "agenda.tomar",
    "agenda.confirmar",
    "agenda.citas",
    "agenda.anular",
    "agenda.mover",
    "agenda.buscar_cambio",
    "agenda.tomar_cambio",
    "centro.datos",
];

const FLOWS: &[&str] = &["agendar", "reagendar", "cancelar", "ver_horas", "humano", "gone"];

/// The built-in book; a question added; a field renamed; a flow removed.
fn books() -> Vec<Book> {
    let asks_more = edited("agendar.yaml", |text| {
        let text = text.replace("[paciente, prestacion,", "[paciente, motivo, prestacion,");
        text.replace("  hora:\n", "  motivo: { type: text, name: el motivo }\n  hora:\n").replace(
            "  - ask: hora\n",
            "  - ask: motivo\n    text: \"¿Por qué vienes?\"\n    help: \"Con tus palabras.\"\n  - ask: hora\n",
        )
    });
    let mut fewer = book();
    fewer.flows.shift_remove("ver_horas");
    fewer.hash = "fewer".into();
    vec![book(), asks_more, renamed(), fewer]
}

fn world(dice: &mut Dice) -> World {
    let mut world = if dice.roll(2) == 0 { World::new() } else { World::family() };
    if dice.roll(6) == 0 {
        world.patients.clear();
        world.strangers.push(("5678-5", "1954-05-03", "Elsa Mora"));
    } else if dice.roll(2) == 0 {
        let patient = world.patients[0].0;
        world.book("k2-2026-11-27T16:00", patient);
        if dice.roll(2) == 0 {
            world.book("k1-2026-12-01T15:30", patient);
        }
    }
    if dice.roll(3) == 0 {
        for hour in 8..=20 {
            world.add_hour("k1", "Eva Paz", &format!("2026-12-02T{hour:02}:00"));
        }
    }
    world.map_lags = dice.roll(4) == 0;
    world
}

fn any_tap(talk: &Talk, dice: &mut Dice, recent: usize) -> Option<Tap> {
    let from = talk.said.len().saturating_sub(recent);
    let ids: Vec<&str> = talk.said[from..]
        .iter()
        .flat_map(|(message, _)| &message.options)
        .map(|option| option.id.as_str())
        .collect();
    dice.pick(&ids).and_then(|id| Tap::from_id(id))
}

fn one_event(talk: &mut Talk, dice: &mut Dice, books: &[Book]) {
    if talk.state.owner == Owner::Staff && dice.roll(3) == 0 {
        talk.world.faults.clear();
        talk.event(EventKind::Staff { by: "ana".into(), action: StaffAction::Resume });
        return;
    }
    match dice.roll(100) {
        0..25 => {
            let text = (*dice.pick(TEXTS).expect("texts")).to_owned();
            let ago = if dice.roll(8) == 0 { 30 } else { 0 };
            let sent = (dice.roll(20) > 0).then(|| talk.now - TimeDelta::seconds(ago));
            let mut texts = vec![PatientText { text, sent }];
            if dice.roll(10) == 0 {
                texts.push(PatientText { text: (*dice.pick(TEXTS).expect("texts")).to_owned(), sent });
            }
            talk.event(EventKind::Texts { texts });
        }
        25..60 => {
            // Mostly what is on the screen; a yes is worth a try.
            let last = talk.said.last().map(|(message, _)| message.clone());
            let yes =
                last.iter().flat_map(|message| &message.options).find(|option| option.id.contains("|si|"));
            let tap = match yes {
                Some(option) if dice.roll(2) == 0 => Tap::from_id(&option.id),
                _ => any_tap(talk, dice, 1),
            };
            if let Some(tap) = tap {
                let event = EventKind::Tapped { tap: Some(tap), title: "x".into() };
                talk.event(event.clone());
                if dice.roll(8) == 0 {
                    talk.event(event);
                }
            }
        }
        60..70 => {
            if let Some(tap) = any_tap(talk, dice, 40) {
                talk.event(EventKind::Tapped { tap: Some(tap), title: "x".into() });
            }
        }
        70..78 => {
            if dice.roll(6) == 0 {
                // Timers may ring late.
                talk.now += TimeDelta::seconds(700);
            }
            let seconds = [1, 5, 12, 30, 130, 300, 700, 700, 2_000, 90_000][dice.roll(10)];
            talk.wait(seconds);
        }
        78..86 => {
            let frame = dice.pick(&talk.state.stack).map_or(0, |frame| frame.id);
            let keys: Vec<String> = talk.world.hours.iter().map(|hour| hour.key.clone()).collect();
            let action = match dice.roll(9) {
                0 | 1 => StaffAction::TakeOver,
                2..5 => StaffAction::Resume,
                5 => StaffAction::Restart,
                6 => StaffAction::Close,
                7 => {
                    let hours = dice.roll(2) == 0;
                    let kinds = ["k1".to_owned(), "k2".to_owned(), "p2".to_owned(), "nothing".to_owned()];
                    let field =
                        if hours { "hora" } else { ["prestacion", "paciente", "servicio"][dice.roll(3)] };
                    let key = if hours { dice.pick(&keys) } else { dice.pick(&kinds) };
                    StaffAction::Edit { frame, field: field.into(), key: key.cloned().unwrap_or_default() }
                }
                _ => StaffAction::Say { text: "Hola, soy Ana".into() },
            };
            talk.event(EventKind::Staff { by: "ana".into(), action });
        }
        86 => {
            let frame = talk.state.stack.iter().find(|frame| frame.flow == "agendar").map(|frame| frame.id);
            let free: Vec<String> = talk.world.hours.iter().map(|hour| hour.key.clone()).collect();
            if let (Some(frame), Some(key), Some(patient)) =
                (frame, dice.pick(&free).cloned(), talk.world.patients.first().map(|patient| patient.0))
            {
                let row = talk.world.book(&key, patient);
                talk.event(EventKind::Staff { by: "ana".into(), action: StaffAction::Did { frame, row } });
            }
        }
        87 => {
            let kind = [
                EventKind::Echo,
                EventKind::Unsupported,
                EventKind::Media { kind: MediaKind::Audio },
                EventKind::Continue,
            ][dice.roll(4)]
            .clone();
            talk.event(kind);
        }
        88 => {
            let kind = [TimerKind::Nudge, TimerKind::Close, TimerKind::HoldExpiry][dice.roll(3)];
            talk.event(EventKind::Timer { kind, tick: talk.state.tick.saturating_sub(1) });
        }
        89 => {
            let flow = (*dice.pick(FLOWS).expect("flows")).to_owned();
            talk.event(EventKind::Start { flow });
        }
        90 => {
            talk.event(EventKind::Undelivered { code: Some(131_026) });
        }
        91..94 => {
            let keys: Vec<String> = talk.world.hours.iter().map(|hour| hour.key.clone()).collect();
            let held = talk.world.held(talk.now);
            if let Some(key) = dice.pick(&keys).filter(|key| !held.contains(key)).cloned() {
                if dice.roll(2) == 0 { talk.world.take(&key) } else { talk.world.untake(&key) }
            }
        }
        94..96 => {
            if talk.world.faults.is_empty() {
                let port = *dice.pick(PORTS).expect("ports");
                let outcomes: &[&str] = match port {
                    "agenda.tomar" => &["down", "taken", "yours", "limit", "past"],
                    "agenda.confirmar" => &["down", "taken", "yours", "limit", "past"],
                    "agenda.tomar_cambio" | "agenda.mover" => &["down", "taken", "yours", "gone", "past"],
                    "agenda.anular" => &["down", "gone"],
                    "centro.datos" => &["down"],
                    _ => &["down", "none"],
                };
                let outcome = *dice.pick(outcomes).expect("outcomes");
                talk.world.faults.insert(port.into(), outcome.into());
            } else {
                talk.world.faults.clear();
            }
        }
        _ => {
            if dice.roll(4) == 0 {
                let next = dice.pick(books).expect("books").clone();
                talk.comes(next);
            }
        }
    }
}

/// From wherever the talk stands, "persona" brings a person and "menú" an answer.
fn no_dead_end(talk: &Talk) {
    if talk.state.owner != Owner::Bot {
        return;
    }
    let mut probe = talk.probe();
    let text = |text: &str| EventKind::Texts { texts: vec![PatientText { text: text.into(), sent: None }] };
    probe.event(text("menú"));
    assert!(probe.state.asked.is_some() || probe.state.owner == Owner::Staff, "a menu asks");
    let mut probe = talk.probe();
    probe.event(text("persona"));
    assert_eq!(probe.state.owner, Owner::Staff, "a person comes when asked for\n{}", probe.story());
}

/// Talks of these seeds, until there were so many turns.
fn walk(seeds: impl Iterator<Item = u64>, events: u64) {
    let books = books();
    let (mut turns, mut booked, mut talks, mut handed) = (0, 0, 0, 0);
    for seed in seeds {
        if turns >= events {
            break;
        }
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let world = world(&mut dice);
        let mut talk = Talk::with(world, books[0].clone());
        talk.replay_every = 4;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..120 {
                one_event(&mut talk, &mut dice, &books);
                talk.wait(i64::try_from(dice.roll(6)).expect("small"));
                if round % 40 == 0 {
                    no_dead_end(&talk);
                }
            }
        }));
        if let Err(failure) = outcome {
            eprintln!("the talk of WALKER_SEED={seed} failed in turn {}:\n{}", talk.turns, talk.story());
            std::panic::resume_unwind(failure);
        }
        turns += talk.turns;
        booked += talk.world.writes.len();
        handed += talk.handoffs.len();
        talks += 1;
    }
    eprintln!("{talks} talks, {turns} turns, {booked} writes, {handed} hand-offs");
    assert!(booked > talks / 4, "the walk hardly ever books: {booked} in {talks} talks");
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn a_random_walk_keeps_every_invariant() {
    walk((number("WALKER_SEED", 1)..).step_by(2), number("WALKER_EVENTS", 50_000) / 2);
}

/// The other half, beside the first: two cores walk twice as far.
#[test]
fn another_random_walk_keeps_every_invariant() {
    walk((number("WALKER_SEED", 1) + 1..).step_by(2), number("WALKER_EVENTS", 50_000) / 2);
}

//! A random walk: whatever happens in whatever order, what `watch` says holds after every turn.
//!
//! `WALKER_EVENTS` (20,000 when it is not set) makes it longer, `WALKER_SEED` another one; a failure prints the seed
//! of its talk, and with that seed and `WALKER_EVENTS=1` that talk alone is walked again. A million events:
//! `WALKER_EVENTS=1000000 cargo test --release --test core walker -- --nocapture`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use smartsalud::clock::Stopwatch;
use smartsalud::conversation::need::{EventKind, PatientText, StaffAction, TimerKind};
use smartsalud::conversation::state::{Owner, Tap};
use smartsalud::flow::Book;
use smartsalud::value::MediaKind;

use super::draw::{self, Dice};
use super::talk::Talk;
use super::world::World;

const PORTS: &[&str] = &[
    "personas.autorizadas",
    "personas.vincular",
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

const FLOWS: &[&str] =
    &["agendar", "reservar", "reagendar", "cancelar", "ver_horas", "humano", "identificar", "gone"];

/// What all walks draw from.
struct Bag {
    books: Vec<Book>,
    fixtures: Vec<String>,
}

fn world(dice: &mut Dice) -> World {
    let mut world = if dice.once_in(2) { World::new() } else { World::family() };
    if dice.once_in(6) {
        world.patients.clear();
        world.strangers.push(("5678-5", "1954-05-03", "Elsa Mora"));
    } else if dice.once_in(2) {
        let patient = world.patients[0].0;
        world.book("k2-2026-11-27T16:00", patient);
        if dice.once_in(2) {
            world.book("k1-2026-12-01T15:30", patient);
        }
    }
    if dice.once_in(3) {
        for hour in 8..=20 {
            world.add_hour("k1", "Eva Paz", &format!("2026-12-02T{hour:02}:00"));
        }
    }
    world.map_lags = dice.once_in(4);
    world.map_is_naive = dice.once_in(8);
    world.map_is_deaf = dice.once_in(8);
    world
}

/// An option of one of the last messages: of the flow under way, of one below, of one that ended.
fn any_tap(talk: &Talk, dice: &mut Dice, recent: usize) -> Option<Tap> {
    let from = talk.said.len().saturating_sub(recent);
    let ids: Vec<&str> = talk.said[from..]
        .iter()
        .flat_map(|(message, _)| &message.options)
        .map(|option| option.id.as_str())
        .collect();
    dice.pick(&ids).and_then(|id| Tap::from_id(id))
}

/// A tap that no message of ours has: from another system, or another time.
fn foreign_tap(talk: &Talk, dice: &mut Dice) -> Option<Tap> {
    let mut tap = any_tap(talk, dice, 40)?;
    match dice.roll(4) {
        0 => tap.frame = u32::try_from(dice.roll(40)).expect("small"),
        1 => tap.field = ["hora", "cita", "que", "review.1", "nothing"][dice.roll(5)].to_owned(),
        2 => tap.key = ["si", "mas", "da_lo_mismo", "k1", "nothing"][dice.roll(5)].to_owned(),
        _ => tap.fingerprint = "0123456789abcdef".to_owned(),
    }
    Some(tap)
}

/// Texts of one burst: now, late, or delivered out of order.
fn texts(talk: &Talk, dice: &mut Dice, bag: &Bag) -> EventKind {
    let one = |dice: &mut Dice| {
        let ago = if dice.once_in(6) { [1, 2, 3, 30, 300, 90_000][dice.roll(6)] } else { 0 };
        let sent = (!dice.once_in(20)).then(|| talk.now - TimeDelta::seconds(ago));
        PatientText { text: draw::text(dice, &bag.fixtures), sent }
    };
    let how_many = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3][dice.roll(10)];
    EventKind::Texts { texts: (0..how_many).map(|_| one(dice)).collect() }
}

fn staff_action(talk: &Talk, dice: &mut Dice) -> StaffAction {
    match dice.roll(9) {
        0 | 1 => StaffAction::TakeOver,
        2..5 => StaffAction::Resume,
        5 => StaffAction::Restart,
        6 => StaffAction::Close,
        7 => {
            let frame = dice.pick(&talk.state.stack).map_or(0, |frame| frame.id);
            let field = if dice.once_in(2) {
                "hora"
            } else {
                ["prestacion", "paciente", "servicio", "cita", "motivo", "cuando", "que"][dice.roll(7)]
            };
            let hours = talk.world.hours.iter().map(|hour| hour.key.clone());
            let rows = ["k1", "k2", "p1", "p2", "control", "primera", "nothing"].map(str::to_owned);
            let keys: Vec<String> = if field == "hora" { hours.collect() } else { rows.to_vec() };
            let key = dice.pick(&keys).cloned().unwrap_or_default();
            StaffAction::Edit { frame, field: field.to_owned(), key }
        }
        _ => StaffAction::Say { text: "Hola, soy Ana".to_owned() },
    }
}

/// Staff books by hand what the patient was about to.
fn done_by_hand(talk: &mut Talk, dice: &mut Dice) {
    let books = |flow: &str| ["agendar", "reservar"].contains(&flow);
    let frame = talk.state.stack.iter().find(|frame| books(&frame.flow)).map(|frame| frame.id);
    let hours: Vec<String> = talk.world.hours.iter().map(|hour| hour.key.clone()).collect();
    let patient = talk.world.patients.first().map(|patient| patient.0);
    if let (Some(frame), Some(key), Some(patient)) = (frame, dice.pick(&hours), patient) {
        let row = talk.world.book(key, patient);
        talk.event(EventKind::Staff { by: "ana".into(), action: StaffAction::Did { frame, row } });
    }
}

/// A port fails, or all are well again.
fn fault(talk: &mut Talk, dice: &mut Dice) {
    if !talk.world.faults.is_empty() {
        talk.world.faults.clear();
        return;
    }
    let port = *dice.pick(PORTS).expect("ports");
    let outcomes: &[&str] = match port {
        "agenda.tomar" | "agenda.confirmar" => &["down", "taken", "yours", "limit", "past"],
        "agenda.tomar_cambio" | "agenda.mover" => &["down", "taken", "yours", "gone", "past"],
        "agenda.anular" => &["down", "gone"],
        "personas.vincular" => &["none", "several", "blocked", "down"],
        "centro.datos" => &["down"],
        _ => &["down", "none"],
    };
    let outcome = *dice.pick(outcomes).expect("outcomes");
    talk.world.faults.insert(port.into(), outcome.into());
}

/// A tap on the screen as it is; a yes is worth a try.
fn tap_on_screen(talk: &mut Talk, dice: &mut Dice) {
    let last = talk.said.last().map(|(message, _)| message.clone());
    let yes = last.iter().flat_map(|message| &message.options).find(|option| option.id.contains("|si|"));
    let tap = match yes {
        Some(option) if dice.once_in(2) => Tap::from_id(&option.id),
        _ => any_tap(talk, dice, 1),
    };
    let Some(tap) = tap else { return };
    let event = EventKind::Tapped { tap: Some(tap), title: "x".into() };
    talk.event(event.clone());
    if dice.once_in(8) {
        talk.event(event);
    }
}

fn one_event(talk: &mut Talk, dice: &mut Dice, bag: &Bag) {
    if talk.goes_on && dice.once_in(2) {
        talk.event(EventKind::Continue);
        return;
    }
    if talk.state.owner == Owner::Staff && dice.once_in(2) {
        talk.world.faults.clear();
        talk.event(EventKind::Staff { by: "ana".into(), action: StaffAction::Resume });
        return;
    }
    match dice.roll(100) {
        0..25 => drop(talk.event(texts(talk, dice, bag))),
        25..62 => tap_on_screen(talk, dice),
        62..69 => {
            if let Some(tap) = any_tap(talk, dice, 60) {
                talk.event(EventKind::Tapped { tap: Some(tap), title: "x".into() });
            }
        }
        69 => {
            let title = draw::text(dice, &bag.fixtures);
            let tap = foreign_tap(talk, dice).filter(|_| dice.once_in(2));
            talk.event(EventKind::Tapped { tap, title });
        }
        70..78 => {
            if dice.once_in(6) {
                // Timers may ring late.
                talk.now += TimeDelta::seconds(700);
            }
            let seconds = [1, 5, 12, 30, 130, 300, 700, 2_000, 9_000, 90_000][dice.roll(10)];
            talk.wait(seconds);
        }
        78..85 => {
            let action = staff_action(talk, dice);
            talk.event(EventKind::Staff { by: "ana".into(), action });
        }
        85 => done_by_hand(talk, dice),
        86 => drop(talk.event(EventKind::Echo)),
        87 => {
            use MediaKind::{Audio, Document, Image, Location, Video};
            let kind = [Audio, Image, Video, Document, Location][dice.roll(5)];
            let unsupported = dice.once_in(3);
            talk.event(if unsupported { EventKind::Unsupported } else { EventKind::Media { kind } });
        }
        88 => {
            // Timers of an older turn, twice, or that nobody set.
            let kind = [TimerKind::Nudge, TimerKind::Close, TimerKind::HoldExpiry][dice.roll(3)];
            let ago = u64::try_from(dice.roll(4)).expect("small");
            let tick = talk.state.tick.saturating_sub(ago);
            if ago > 0 || kind != TimerKind::Close {
                talk.event(EventKind::Timer { kind, tick });
            }
        }
        89 => {
            let flow = (*dice.pick(FLOWS).expect("flows")).to_owned();
            talk.event(EventKind::Start { flow });
        }
        90 => drop(talk.event(EventKind::Undelivered { code: [None, Some(131_026)][dice.roll(2)] })),
        91..94 => {
            let keys: Vec<String> = talk.world.hours.iter().map(|hour| hour.key.clone()).collect();
            let held = talk.world.held(talk.now);
            if let Some(key) = dice.pick(&keys).filter(|key| !held.contains(key)) {
                if dice.once_in(2) { talk.world.take(key) } else { talk.world.untake(key) }
            }
        }
        94..96 => fault(talk, dice),
        96 => drop(talk.event(EventKind::Continue)),
        _ => {
            if dice.once_in(3) {
                let back = talk.older.last().filter(|_| dice.once_in(3)).cloned();
                let next = back.unwrap_or_else(|| dice.pick(&bag.books).expect("books").clone());
                talk.comes(next);
            }
        }
    }
}

/// From wherever the talk stands there is a way on: a menu, a person; three times nonsense brings one; and when
/// staff gives back, the bot asks.
fn no_dead_end(talk: &Talk) {
    let text = |text: &str| EventKind::Texts { texts: vec![PatientText { text: text.into(), sent: None }] };
    let mut probe = talk.probe();
    if talk.state.owner == Owner::Staff {
        probe.world.faults.clear();
        probe.event(EventKind::Staff { by: "ana".into(), action: StaffAction::Resume });
        let asks = probe.state.owner == Owner::Bot && probe.state.asked.is_some();
        let ended = probe.state.owner == Owner::Bot && probe.state.stack.is_empty() && !probe.said.is_empty();
        assert!(
            asks || ended || !probe.handoffs.is_empty(),
            "given back, and nothing is asked\n{}",
            probe.story()
        );
        return;
    }
    probe.event(text("menú"));
    assert!(probe.state.asked.is_some() || probe.state.owner == Owner::Staff, "a menu asks");
    let mut probe = talk.probe();
    probe.event(text("persona"));
    assert_eq!(probe.state.owner, Owner::Staff, "a person comes when asked for\n{}", probe.story());
    let mut probe = talk.probe();
    for _ in 0..6 {
        probe.event(text("qwrtpsdfg"));
    }
    let takes_anything = probe.state.stack.iter().any(|frame| frame.answers.contains_key("motivo"));
    let greeted = probe.state.owner == Owner::Bot && probe.state.stack.is_empty();
    assert!(
        probe.state.owner == Owner::Staff || takes_anything || greeted,
        "nonsense brings no person\n{}",
        probe.story()
    );
}

/// What a walk came to.
#[derive(Default)]
struct Walked {
    talks: u64,
    turns: u64,
    handed: usize,
    versions: u64,
    writes: BTreeMap<String, u64>,
}

/// Talks of these seeds, until there were so many turns.
fn walk(seeds: impl Iterator<Item = u64>, events: u64) {
    let bag = Bag { books: draw::books(), fixtures: draw::fixture_texts() };
    let started = Stopwatch::start();
    let mut walked = Walked::default();
    for seed in seeds {
        if walked.turns >= events {
            break;
        }
        let mut dice = Dice::new(seed);
        let world = world(&mut dice);
        let mut talk = Talk::with(world, bag.books[0].clone());
        talk.replay_every = 4;
        talk.lets_others_first = dice.once_in(3);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..120 {
                let version = talk.book.hash.clone();
                one_event(&mut talk, &mut dice, &bag);
                walked.versions += u64::from(talk.book.hash != version);
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
        walked.talks += 1;
        walked.turns += talk.turns;
        walked.handed += talk.handoffs.len();
        for (port, _) in &talk.world.writes {
            *walked.writes.entry(port.clone()).or_default() += 1;
        }
    }
    let Walked { talks, turns, handed, versions, writes } = walked;
    let seconds = started.elapsed().as_secs_f64();
    eprintln!(
        "{talks} talks, {turns} turns in {seconds:.1} s, {versions} new versions, {handed} hand-offs, {writes:?}"
    );
    let booked: u64 = writes.values().sum();
    assert!(booked * 2 > talks || talks < 20, "the walk hardly ever books: {booked} in {talks} talks");
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn a_random_walk_keeps_every_invariant() {
    walk((number("WALKER_SEED", 1)..).step_by(2), number("WALKER_EVENTS", 20_000).div_ceil(2));
}

/// The other half, beside the first: two cores walk twice as far.
#[test]
fn another_random_walk_keeps_every_invariant() {
    walk((number("WALKER_SEED", 1) + 1..).step_by(2), number("WALKER_EVENTS", 20_000) / 2);
}

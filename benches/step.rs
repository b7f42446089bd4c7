//! The time of one step of the core, without the world: what a turn costs before any database is asked.
//!
//! `cargo bench --bench step`. The aim is 20 µs for a step that walks a flow with its answers in place.

use std::hint::black_box;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use smartsalud::conversation::need::{Event, EventKind, Fact, Got, Need, PatientText, Stepped};
use smartsalud::conversation::state::{State, Tap};
use smartsalud::conversation::{Books, step};
use smartsalud::flow::{Book, Record, Value};
use smartsalud::id::AppointmentId;

fn start() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().expect("a time")
}

fn event(kind: EventKind) -> Event {
    Event { now: start(), local: (start() - TimeDelta::hours(3)).naive_utc(), center: String::new(), kind }
}

fn says(text: &str) -> Event {
    event(EventKind::Texts { texts: vec![PatientText { text: text.to_owned(), sent: None }] })
}

fn row(key: &str, columns: &[(&str, Value)], words: &[&str]) -> Record {
    Record {
        key: key.to_owned(),
        columns: columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        until: None,
    }
}

/// One patient, forty prestaciones, forty hours.
fn answer(need: &Need) -> Got {
    let text = |text: &str| Value::Text(text.to_owned());
    let mut got = Got { outcome: "ok".to_owned(), rows: Arc::default(), hold: None, until: None };
    let mut rows = Vec::new();
    match need {
        Need::Read { port, .. } => match port.as_str() {
            "personas.autorizadas" => {
                let columns = [("nombre", text("Luz Soto")), ("verificado", Value::Flag(true))];
                rows.push(row("p1", &columns, &[]));
            }
            "agenda.prestaciones" => {
                rows.push(row("k1", &[("nombre", text("Matrona"))], &["matrona", "control de matrona"]));
                for kind in 2..=12 {
                    let name = format!("Prestación {kind}");
                    rows.push(row(&format!("k{kind}"), &[("nombre", text(&name))], &[&name]));
                }
            }
            "agenda.buscar" => {
                let first: NaiveDateTime = "2026-11-26T08:00:00".parse().expect("a local time");
                for place in 0..40 {
                    let starts = first + TimeDelta::minutes(30 * place);
                    let columns = [
                        ("inicio", Value::Moment(starts)),
                        ("profesional", text("Ana Rojas")),
                        ("lugar", text("Box 3")),
                    ];
                    rows.push(row(&format!("d12-t3-{starts}"), &columns, &[]));
                }
            }
            "agenda.profesionales" => rows.push(row("d12", &[("nombre", text("Ana Rojas"))], &["rojas"])),
            "privacidad.primera_vez" => got.outcome = "none".to_owned(),
            other => panic!("{other} is not asked here"),
        },
        Need::Hold { .. } => {
            got.hold = Some(AppointmentId(7));
            got.until = Some(start() + TimeDelta::minutes(10));
        }
        Need::Write { .. } => rows.push(row("9", &[("codigo", text("C9"))], &[])),
        Need::Release { .. } => {}
    }
    got.rows = Arc::new(rows);
    got
}

/// Runs a turn to its end; the state after it, and the facts it took.
fn turn(state: &State, event: &Event) -> (State, Vec<Fact>) {
    let books = Books { current: Book::built_in(), others: &[] };
    let mut facts: Vec<Fact> = Vec::new();
    loop {
        match step(&books, state, event, &facts).expect("the facts fit") {
            Stepped::Done(turned) => return (turned.state, facts),
            Stepped::Needs(need) => facts.push(Fact { got: answer(&need), need }),
        }
    }
}

fn tap(state: &State, key: &str) -> Event {
    let asked = state.asked.as_ref().expect("a question");
    let tap = Tap {
        frame: asked.frame,
        field: asked.field.clone(),
        key: key.to_owned(),
        fingerprint: asked.fingerprint.clone(),
    };
    event(EventKind::Tapped { tap: Some(tap), title: String::new() })
}

fn steps(c: &mut Criterion) {
    let books = Books { current: Book::built_in(), others: &[] };
    let begin = says("quiero hora con matrona");
    let (at_hours, start_facts) = turn(&State::default(), &begin);
    let first = at_hours.asked.as_ref().expect("a list").options[0].key.clone();
    let choose = tap(&at_hours, &first);
    let (at_review, choose_facts) = turn(&at_hours, &choose);
    let yes = tap(&at_review, "si");
    let (_, yes_facts) = turn(&at_review, &yes);
    let cases: [(&str, &State, &Event, &[Fact]); 7] = [
        ("tap an hour", &at_hours, &choose, &choose_facts),
        ("tap yes", &at_review, &yes, &yes_facts),
        ("type an hour", &at_hours, &says("la de las 10:30"), &turn(&at_hours, &says("la de las 10:30")).1),
        ("type yes", &at_review, &says("sí"), &yes_facts),
        ("not understood", &at_hours, &says("asdf qwerty"), &[]),
        ("start with a whole request", &State::default(), &begin, &start_facts),
        ("repeat the list", &at_hours, &says("repetir"), &[]),
    ];
    let mut group = c.benchmark_group("step");
    for (name, state, event, facts) in cases {
        group.bench_function(name, |b| {
            b.iter(|| black_box(step(&books, black_box(state), black_box(event), black_box(facts))));
        });
    }
    group.finish();
    c.bench_function("turn with its re-runs: a whole request", |b| {
        b.iter(|| black_box(turn(&State::default(), black_box(&begin))));
    });
    let json = serde_json::to_string(&at_review).expect("it can be written");
    println!("state at the review: {} bytes of JSON", json.len());
    c.bench_function("state through JSON", |b| {
        b.iter(|| {
            let text = serde_json::to_string(black_box(&at_review)).expect("written");
            black_box(serde_json::from_str::<State>(&text).expect("read"))
        });
    });
}

criterion_group!(benches, steps);
criterion_main!(benches);

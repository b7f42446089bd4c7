//! What it costs to understand a message: the median over realistic ones, the longest text that WhatsApp can carry,
//! and the memory of the tables.
//!
//! `cargo bench --bench understand`. The aims are a median of 20 µs on one core, 64 KB in 5 ms and 5 MB of tables. The
//! ratio to engines that anybody can run is made by `benches/understand_peers.py`, which reads what `-- --json` prints.

use std::hint::black_box;
use std::time::Duration;

use chrono::NaiveDateTime;
use criterion::{Criterion, Throughput};
use smartsalud::clock::Stopwatch;
use smartsalud::understanding::{Asked, Context, normal, understand};

/// Invented, as they come in: most are short, a few are a whole story.
const MESSAGES: [&str; 40] = [
    "hola",
    "sí",
    "no",
    "1",
    "gracias",
    "ya",
    "👍",
    "ok gracias",
    "menú",
    "matrona",
    "mañana en la mañana",
    "el viernes",
    "la segunda",
    "no puedo",
    "5678-5",
    "buenas tardes",
    "quiero hora",
    "sí, confirmo",
    "no, mejor el jueves",
    "la de las 10 y media",
    "cualquier día menos lunes",
    "quiero hora con la matrona",
    "hola necesito una hora para el dentista",
    "cuándo tengo hora",
    "quiero cancelar mi hora",
    "quiero cambiar mi hora para el martes",
    "mi rut es 12.345.678-5",
    "tiene hora para kine esta semana?",
    "kiero ora kon dentista lo antes posible po",
    "quiero hora con la matrona el martes en la tarde",
    "qué horas tengo tomadas",
    "anúleme la hora del viernes a las 9, no voy a poder ir",
    "ya no puedo ir mañana, me cambia la hora para la otra semana porfa",
    "a qué hora atiende la doctora Soto los jueves",
    "da lo mismo el día pero que no sea lunes y después de las cuatro",
    "nací el 3 de mayo de 1951",
    "hola buenos días quisiera saber si hay horas para el oculista este mes",
    "me duele mucho la muela y no he podido dormir necesito que me vean hoy",
    "buenas tardes señorita, disculpe la molestia, era para confirmar que el jueves voy a ir a mi control de la presión a \
     las 9 y media como me dijeron",
    "buenas tardes señorita, le escribo porque mi mamá necesita una hora con el doctor para su control de la presión, \
     puede ser cualquier día de la próxima semana menos el miércoles que tiene kine",
];

/// What a text of 64 KB may be made of to be as slow as it can.
const PIECES: [&str; 10] = [
    "quiero hora con la matrona el martes en la tarde ",
    "lunes ",
    "1 ",
    "no ",
    "el lunes o ",
    "a las 10 y media ",
    "kncelar ",
    "12.345.678-5 ",
    "si no puedo ir el martes cancele ",
    "😀",
];

fn context() -> Context<'static> {
    let now: NaiveDateTime = "2026-11-25T09:00:00".parse().expect("a local time");
    Context { asked: Asked::Nothing, ..Context::at(now) }
}

/// What one call takes, the median of some rounds.
fn each(rounds: usize, calls: u32, mut call: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..rounds)
        .map(|_| {
            let begun = Stopwatch::start();
            (0..calls).for_each(|_| call());
            begun.elapsed() / calls
        })
        .collect();
    took.sort_unstable();
    took[rounds / 2]
}

/// Bytes of memory that the process holds, as Linux tells it.
fn resident() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

fn figures(json: bool) {
    let context = context();
    let before = resident();
    drop(black_box(understand("hola", &context)));
    let tables = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    let mut took: Vec<(Duration, &str)> = MESSAGES
        .iter()
        .map(|text| (each(15, 200, || drop(black_box(understand(black_box(text), &context)))), *text))
        .collect();
    took.sort_unstable();
    let median = took[took.len() / 2].0;
    let (slowest, text) = took[took.len() - 1];
    let (longest, piece) = PIECES
        .iter()
        .map(|piece| {
            let text = piece.repeat(64 * 1_024 / piece.len());
            (each(5, 5, || drop(black_box(understand(black_box(&text), &context)))), *piece)
        })
        .max()
        .expect("there are pieces");
    if json {
        let lines: Vec<String> = took
            .iter()
            .map(|(took, text)| {
                format!("  {{\"text\": {text:?}, \"microseconds\": {:.2}}}", took.as_secs_f64() * 1e6)
            })
            .collect();
        println!("[\n{}\n]", lines.join(",\n"));
        return;
    }
    println!(
        "a message, median of {}: {median:.2?}; the slowest: {slowest:.2?} ({} letters)",
        took.len(),
        text.len()
    );
    println!("64 KB, the slowest of {}: {longest:.2?} (of {piece:?})", PIECES.len());
    match tables {
        Some(bytes) => println!("tables: {:.2} MB of resident memory", bytes as f64 / 1e6),
        None => println!("tables: unknown; this system does not tell a process what it holds"),
    }
}

fn messages(c: &mut Criterion) {
    let context = context();
    let mut group = c.benchmark_group("40 messages");
    group.throughput(Throughput::Elements(MESSAGES.len() as u64));
    group.bench_function("normal form only", |b| {
        b.iter(|| MESSAGES.iter().for_each(|text| drop(black_box(normal(black_box(text))))));
    });
    group.bench_function("understood", |b| {
        b.iter(|| MESSAGES.iter().for_each(|text| drop(black_box(understand(black_box(text), &context)))));
    });
    group.finish();
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    // the tables are measured before anything else has built them
    figures(json);
    if !json {
        let mut criterion = Criterion::default().configure_from_args();
        messages(&mut criterion);
        criterion.final_summary();
    }
}

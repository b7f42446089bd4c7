//! What it costs to understand one message, against only putting the same messages into normal form.
//!
//! `cargo bench --bench understand`. A debug figure of the same texts is not comparable.

use std::hint::black_box;

use chrono::NaiveDateTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smartsalud::understanding::{Context, normal, understand};

/// Invented, from one word to a whole story.
const MESSAGES: [&str; 12] = [
    "hola",
    "sí",
    "no, mejor el jueves",
    "la de las 10 y media",
    "quiero hora con la matrona el martes en la tarde",
    "kiero ora kon dentista lo antes posible po",
    "ya no puedo ir mañana, me cambia la hora para la otra semana porfa",
    "mi rut es 12.345.678-5",
    "anúleme la hora del viernes a las 9, no voy a poder ir",
    "qué horas tengo tomadas",
    "da lo mismo el día pero que no sea lunes y después de las cuatro",
    "buenas tardes señorita, le escribo porque mi mamá necesita una hora con el doctor para su control de la presión, \
     puede ser cualquier día de la próxima semana menos el miércoles que tiene kine",
];

fn messages(c: &mut Criterion) {
    let now: NaiveDateTime = "2026-11-25T09:00:00".parse().expect("a local time");
    let context = Context::at(now);
    let mut group = c.benchmark_group("12 messages");
    group.throughput(Throughput::Elements(MESSAGES.len() as u64));
    group.bench_function("normal form only", |b| {
        b.iter(|| MESSAGES.iter().for_each(|text| drop(black_box(normal(black_box(text))))));
    });
    group.bench_function("understood", |b| {
        b.iter(|| MESSAGES.iter().for_each(|text| drop(black_box(understand(black_box(text), &context)))));
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);

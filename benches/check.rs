//! The time that `flows check` takes over all flows, beside that of the YAML alone.
//!
//! `cargo bench --bench check`. The aim is 50 ms for everything; what is not YAML should cost less than the YAML.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use smartsalud::flow::{FlowError, built_in, load};

/// As the command does it: read, refuse, advise.
fn check(sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    match load::book(sources) {
        Ok(book) => load::advice(&book, sources),
        Err(errors) => errors,
    }
}

fn flows(criterion: &mut Criterion) {
    let sources = built_in::sources();
    let mut group = criterion.benchmark_group("flows");
    group.bench_function("yaml alone", |bencher| {
        bencher.iter(|| {
            for text in sources.values() {
                let read: serde_json::Value =
                    serde_saphyr::from_str(text).expect("the built-in flows are YAML");
                black_box(read);
            }
        });
    });
    group.bench_function("load", |bencher| {
        bencher.iter(|| load::book(black_box(&sources)).expect("the built-in flows are sound"));
    });
    group.bench_function("check", |bencher| {
        bencher.iter(|| {
            let found = check(black_box(&sources));
            assert!(found.is_empty(), "the built-in flows leave nothing to say");
        });
    });
    group.finish();
}

criterion_group!(benches, flows);
criterion_main!(benches);

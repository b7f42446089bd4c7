//! How many fixtures one core plays without a database, beside the time that reading their YAML takes alone.
//!
//! `cargo bench --bench replay`. The aim is 2,000 fixtures a second on one core.

use std::convert::Infallible;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smartsalud::flow::Book;
use smartsalud::replay::deploy::Flows;
use smartsalud::replay::folder;
use smartsalud::replay::player::{Extent, Scene, play_all};

fn fixtures() -> Vec<PathBuf> {
    let found = folder::fixtures(&[PathBuf::from("tests/conversations")]).expect("the fixtures are there");
    assert!(!found.is_empty());
    found
}

fn read(path: &Path) -> Scene {
    folder::scene(path).unwrap_or_else(|error| panic!("{error}"))
}

fn replay(c: &mut Criterion) {
    let paths = fixtures();
    let flows = Flows::built_in();
    black_box(Book::built_in());
    let scenes: Vec<Scene> = paths.iter().map(|path| read(path)).collect();
    let mut group = c.benchmark_group("fixtures");
    group.throughput(Throughput::Elements(paths.len() as u64));
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("read", |b| b.iter(|| paths.iter().for_each(|path| drop(black_box(read(path))))));
    group.bench_function("play", |b| {
        b.iter(|| {
            for scene in &scenes {
                let open = async || Ok::<_, Infallible>(scene.core(flows));
                let Ok(played) = folder::at_once(play_all(open, &scene.fixture, Extent::default()));
                assert!(played.passed());
            }
        });
    });
    group.bench_function("read and play", |b| {
        b.iter(|| {
            for path in &paths {
                assert!(folder::at_once(folder::play(path, flows, Extent::default())).passed());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);

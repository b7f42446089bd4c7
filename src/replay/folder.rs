//! Fixtures and worlds on disk: which files to play, and where the worlds they name are.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use super::deploy::Flows;
use super::fixture::{BadFixture, Wanted, named};
use super::player::{self, Extent, Scene};
use super::report::Outcome;

/// The world that is always there.
pub const DEMO: &str = include_str!("../../tests/worlds/demo.yaml");

/// The fixtures under these paths, in order of their names.
///
/// # Errors
/// When a path cannot be read.
pub fn fixtures(paths: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        collect(path, true, &mut found)?;
    }
    found.dedup();
    Ok(found)
}

fn collect(path: &Path, named: bool, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        let yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if named || yaml {
            found.push(path.to_owned());
        }
        return Ok(());
    }
    let mut inside: Vec<PathBuf> =
        std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    inside.sort();
    inside.iter().try_for_each(|path| collect(path, false, found))
}

/// The file and source of a world, looked for in `worlds/` beside the fixture or above it.
///
/// # Errors
/// When there is none of that name; says where it was looked for.
pub fn world(fixture: &Path, name: &str) -> Result<(String, String), String> {
    let file = format!("{name}.yaml");
    let above = fixture.ancestors().skip(1);
    let beside = above.map(|folder| folder.join("worlds").join(&file));
    for path in beside.chain([Path::new("tests/worlds").join(&file)]) {
        if let Ok(source) = std::fs::read_to_string(&path) {
            return Ok((path.display().to_string(), source));
        }
    }
    if name == "demo" {
        return Ok(("demo.yaml".to_owned(), DEMO.to_owned()));
    }
    Err(format!(
        "there is no world `{name}`: worlds/{file} is looked for beside the fixture, above it, and in tests/"
    ))
}

/// The file and source of a fixture with which another begins.
fn beginning(from: &str, path: &str) -> Result<(String, String), String> {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    let path = folder.join(path);
    match std::fs::read_to_string(&path) {
        Ok(source) => Ok((path.display().to_string(), source)),
        Err(error) => Err(format!("the fixture {} cannot be read: {error}", path.display())),
    }
}

/// Reads a fixture and sets its scene.
///
/// # Errors
/// When it cannot be read or is not sound.
pub fn scene(path: &Path) -> Result<Scene, BadFixture> {
    let file = path.display().to_string();
    let source = std::fs::read_to_string(path).map_err(|error| BadFixture {
        file: file.clone(),
        line: 1,
        column: 1,
        message: format!("it cannot be read: {error}"),
    })?;
    player::scene(&file, &source, |wanted| match wanted {
        Wanted::World(name) => world(path, name),
        Wanted::Fixture { from, path } => beginning(from, path),
    })
}

/// Plays fixtures without a database on all cores, and answers in their order; `done` is told of each.
pub fn play_all(paths: &[PathBuf], flows: Flows<'_>, extent: Extent, done: impl Fn() + Sync) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<OnceLock<Outcome>> = paths.iter().map(|_| OnceLock::new()).collect();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(paths.len());
    let work = || {
        while let Some((path, outcome)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            paths.get(place).zip(outcomes.get(place))
        } {
            outcome.get_or_init(|| at_once(play(path, flows, extent)));
            done();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(work);
        }
        work();
    });
    outcomes.into_iter().filter_map(OnceLock::into_inner).collect()
}

/// What comes of something that waits for nothing: the core needs no runtime.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

/// Plays a fixture without a database.
pub async fn play(path: &Path, flows: Flows<'_>, extent: Extent) -> Outcome {
    let file = path.display().to_string();
    let scene = scene(path).and_then(|scene| {
        named::check(&file, &scene.fixture, flows.book)?;
        Ok(scene)
    });
    match scene {
        Err(bad) => Outcome { title: file.clone(), file, result: Err(bad) },
        Ok(scene) => {
            let open = async || Ok::<_, std::convert::Infallible>(scene.core(flows));
            let Ok(played) = player::play_all(open, &scene.fixture, extent).await;
            Outcome { file, title: scene.fixture.fixture, result: Ok(played) }
        }
    }
}

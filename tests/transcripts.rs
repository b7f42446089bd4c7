//! Every fixture gives one and the same transcript on the agenda in memory and on the real pipeline.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the functions beside the tests"
)]

#[path = "harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use smartsalud::replay::deploy::Flows;
use smartsalud::replay::expectation::shown;
use smartsalud::replay::fixture::{Take, Wanted};
use smartsalud::replay::observed::Notice;
use smartsalud::replay::pipeline::PipelineStage;
use smartsalud::replay::player::{Extent, Played, Scene, play, scene};
use smartsalud::replay::stage::Stage;

fn found(wanted: Wanted<'_>) -> Result<(String, String), String> {
    let path = match wanted {
        Wanted::World(name) => format!("tests/worlds/{name}.yaml"),
        Wanted::Fixture { from, path } => Path::new(from).parent().unwrap().join(path).display().to_string(),
    };
    std::fs::read_to_string(&path).map(|text| (path, text)).map_err(|error| error.to_string())
}

fn fixtures(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(fixtures(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What patient and staff see, with where the conversation stands after each turn.
fn transcript(played: &Played) -> Vec<String> {
    let mut lines = Vec::new();
    for turn in &played.turns {
        lines.push(format!("> {}", turn.story));
        for difference in turn.differences.iter().filter(|one| one.what == "the turn") {
            lines.push(format!("! {}", difference.got));
        }
        for notice in &turn.observed.notices {
            lines.push(match notice {
                Notice::Message(said) => without_codes(&shown(said)),
                Notice::Handoff(why) => format!("(staff is told: {why})"),
            });
        }
        let commits =
            turn.observed.calls.iter().filter(|call| smartsalud::replay::agenda::commits(&call.port));
        lines.extend(commits.map(|call| format!("({} → {})", call.port, call.outcome)));
        lines.push(format!("[{}]", turn.observed.state.stage()));
    }
    lines
}

async fn in_the_database(scene: &Scene) -> PipelineStage {
    let flows = smartsalud::flow::built_in::sources();
    PipelineStage::of(harness::cluster().await, scene, &flows).await.unwrap()
}

/// Codes of bookings come from row numbers, which the two stages count apart.
fn without_codes(text: &str) -> String {
    let lines = text.lines().map(|line| if line.starts_with("Código ") { "Código …" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the two transcripts of a fixture part, if they do.
async fn parting(path: PathBuf) -> Option<String> {
    let all = Extent { all: true, ..Extent::default() };
    let file = path.display().to_string();
    let source = std::fs::read_to_string(&path).unwrap();
    let scene = scene(&file, &source, found).unwrap_or_else(|error| panic!("{error}"));
    for take in scene.fixture.takes() {
        let parted = parting_of(&file, &scene, &take, all).await;
        if parted.is_some() {
            return parted;
        }
    }
    None
}

/// Where one take of it parts.
async fn parting_of(file: &str, scene: &Scene, take: &Take, all: Extent) -> Option<String> {
    let mut core = scene.core(Flows::built_in());
    let here = play(&mut core, &scene.fixture, take, all).await;
    let mut pipeline = in_the_database(scene).await;
    let there = play(&mut pipeline, &scene.fixture, take, all).await;
    let (mut one, mut other) = (transcript(&here), transcript(&there));
    one.extend(core.appointments().await.unwrap());
    other.extend(pipeline.appointments().await.unwrap());
    if one == other {
        return None;
    }
    let at = one.iter().zip(&other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    let around = |lines: &[String]| {
        lines[at.saturating_sub(2).min(lines.len())..(at + 1).min(lines.len())].join("\n    ")
    };
    Some(format!("{file}\n  in memory\n    {}\n  in the database\n    {}", around(&one), around(&other)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fixture_gives_the_same_transcript_in_memory_and_in_the_database() {
    let all = futures_util::stream::iter(fixtures(Path::new("tests/conversations")).into_iter().map(parting));
    let parted: Vec<String> = all.buffer_unordered(4).filter_map(std::future::ready).collect().await;
    assert!(parted.is_empty(), "{} fixtures differ\n{}", parted.len(), parted.join("\n"));
}

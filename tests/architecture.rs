//! The layout's rules, held where there is no crate boundary to hold them.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms and files without async, I/O, clock and environment.
const PURE: &[&str] = &[
    "src/bench/report.rs",
    "src/value",
    "src/flow",
    "src/understanding",
    "src/conversation/fill.rs",
    "src/conversation/fingerprint.rs",
    "src/conversation/frames.rs",
    "src/conversation/handover.rs",
    "src/conversation/ladder.rs",
    "src/conversation/ladder",
    "src/conversation/message.rs",
    "src/conversation/need.rs",
    "src/conversation/reply.rs",
    "src/conversation/running.rs",
    "src/conversation/scope.rs",
    "src/conversation/state.rs",
    "src/conversation/step.rs",
    "src/conversation/timing.rs",
    "src/conversation/walk.rs",
    "src/conversation/walk",
    "src/patient/identity.rs",
    "src/queue/job.rs",
    "src/queue/line.rs",
    "src/queue/outcome.rs",
    "src/replay/agenda.rs",
    "src/replay/expectation.rs",
    "src/replay/fixture.rs",
    "src/replay/world.rs",
    "src/scheduling/absence.rs",
    "src/scheduling/appointment.rs",
    "src/scheduling/availability.rs",
    "src/scheduling/grid.rs",
    "src/scheduling/holiday.rs",
    "src/scheduling/plan.rs",
    "src/scheduling/ranking.rs",
    "src/scheduling/schedule.rs",
    "src/scheduling/slot.rs",
    "src/scheduling/wall.rs",
    "src/whatsapp/graph.rs",
    "src/whatsapp/inbound.rs",
    "src/whatsapp/limits.rs",
    "src/whatsapp/outcome.rs",
    "src/whatsapp/render.rs",
    "src/whatsapp/signature.rs",
    "src/whatsapp/wire",
];
const IMPURE: &[&str] =
    &["sqlx", "tokio", "axum", "reqwest", "moka", "async fn", "Utc::now", "std::env", "std::fs", "std::net"];

/// Who may open a transaction: turns, workers, the webhook, commands that move data, and the sweeper.
const TRANSACTIONS: &[&str] = &[
    "src/app.rs",
    "src/bench/hours.rs",
    "src/queue/worker.rs",
    "src/replay/pipeline.rs",
    "src/replay/pipeline/clinic.rs",
    "src/scheduling/store",
    "src/transfer",
    "src/whatsapp/writer.rs",
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The sources without comments and without their tests, by path relative to the project.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), code.join("\n"))
    };
    files.into_iter().map(read).collect()
}

fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path == *place || path.starts_with(&format!("{place}/")))
}

#[test]
fn pure_files_do_no_io_and_read_no_clock() {
    let mut broken = Vec::new();
    for (path, code) in sources().iter().filter(|(path, _)| is_in(path, PURE)) {
        for word in IMPURE {
            if code.contains(word) {
                broken.push(format!("{path} names `{word}`"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_pure_place_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let gone: Vec<_> = PURE.iter().chain(TRANSACTIONS).filter(|place| !root.join(place).exists()).collect();
    assert!(gone.is_empty(), "the lists above name places that are gone: {gone:?}");
}

#[test]
fn sql_stands_only_in_stores() {
    let asks = [
        "query!(",
        "query_as!(",
        "query_scalar!(",
        "sqlx::query(",
        "sqlx::query_scalar(",
        "query_as::<",
        "raw_sql(",
    ];
    let stray: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| !path.ends_with("store.rs") && !path.contains("/store/"))
        .filter(|(_, code)| asks.iter().any(|ask| code.contains(ask)))
        .map(|(path, _)| path)
        .collect();
    assert!(stray.is_empty(), "{stray:#?}");
}

#[test]
fn rooms_import_only_what_they_may() {
    let rooms = [
        "app",
        "bench",
        "cli",
        "conversation",
        "database",
        "flow",
        "patient",
        "queue",
        "replay",
        "scheduling",
        "transfer",
        "understanding",
        "whatsapp",
    ];
    let may = |room: &str| -> &[&str] {
        match room {
            "value" | "flow" | "understanding" | "patient" => &[],
            "whatsapp" => &["queue"],
            "queue" => &["database"],
            "scheduling" | "database" => &[],
            "cli" => &[
                "app",
                "bench",
                "conversation",
                "database",
                "flow",
                "patient",
                "queue",
                "replay",
                "scheduling",
                "transfer",
                "understanding",
                "whatsapp",
            ],
            _ => &[
                "conversation",
                "database",
                "flow",
                "patient",
                "queue",
                "replay",
                "scheduling",
                "transfer",
                "understanding",
                "whatsapp",
                "app",
            ],
        }
    };
    let mut broken = Vec::new();
    for (path, code) in sources() {
        let Some(room) =
            path.strip_prefix("src/").and_then(|path| path.split(['/', '.']).next()).map(str::to_owned)
        else {
            continue;
        };
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        for other in rooms.iter().filter(|other| **other != room && !may(&room).contains(other)) {
            if code.contains(&format!("crate::{other}::")) || code.contains(&format!("use crate::{other};")) {
                broken.push(format!("{path} imports {other}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_those_who_own_a_transaction_open_one() {
    let stray: Vec<_> = sources()
        .into_iter()
        .filter(|(path, code)| code.contains(".begin()") && !is_in(path, TRANSACTIONS))
        .map(|(path, _)| path)
        .collect();
    assert!(stray.is_empty(), "{stray:#?}");
}

#[test]
fn no_room_is_without_a_trade() {
    let nameless = ["utils", "util", "common", "helpers", "helper", "misc", "manager", "managers", "types"];
    let stray: Vec<_> = sources()
        .into_iter()
        .filter(|(path, _)| path.split(['/', '.']).any(|part| nameless.contains(&part)))
        .map(|(path, _)| path)
        .collect();
    assert!(stray.is_empty(), "{stray:#?}");
}

#[test]
fn every_file_says_why_it_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    let silent: Vec<_> = files
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().trim_start().starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

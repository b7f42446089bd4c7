//! `smartsalud bench` at a size at which its figures mean nothing: what it promises and how it prints it.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::database_in_real_time;

const TINY: &[&str] = &[
    "--doctors",
    "8",
    "--patients",
    "600",
    "--weeks",
    "1",
    "--bookings",
    "30",
    "--chats",
    "12",
    "--at-once",
    "4",
    "--stampede-chats",
    "24",
    "--stampede-hours",
    "8",
    "--stampede-seconds",
    "0",
];

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
    command.arg("bench").args(arguments).args(TINY).stdin(Stdio::null());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

#[tokio::test]
async fn every_figure_stands_beside_its_baseline_and_no_hour_is_given_twice_and_nothing_stays_behind() {
    let theirs = database_in_real_time().await;
    let output = bench(&["--json"]).env("DATABASE_URL", theirs.url()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["broken"], Value::Array(Vec::new()));
    assert_eq!((&report["sizes"]["doctors"], &report["sizes"]["stampede_hours"]), (&8.into(), &8.into()));
    let figures = report["figures"].as_array().unwrap();
    let ran: Vec<&str> = figures.iter().map(|figure| figure["bench"].as_str().unwrap()).collect();
    assert_eq!(
        ran,
        ["search", "search", "search", "search", "cold-map", "hold-and-confirm", "end-to-end", "stampede"]
    );
    for figure in figures {
        for number in ["value", "baseline_value", "ratio", "p50_ms", "p99_ms", "commits"] {
            assert!(figure[number].as_f64().is_some(), "{number} is missing: {figure:#}");
        }
        assert!(["milliseconds", "per_second"].contains(&figure["unit"].as_str().unwrap()), "{figure:#}");
        for text in ["case", "of", "baseline"] {
            assert!(!figure[text].as_str().unwrap().is_empty(), "{figure:#}");
        }
    }
    // a warm map asks nothing; a hold is two statements and a confirmation one
    assert_eq!(figures[0]["statements"], 0.0);
    assert_eq!((&figures[5]["statements"], &figures[5]["commits"]), (&3.0.into(), &2.0.into()));
    let counts = |place: usize| &figures[place]["counts"];
    assert_eq!((&counts(5)["confirmed"], &counts(5)["double_bookings"]), (&30.into(), &0.into()));
    for chats in [6, 7] {
        for never in ["failures", "double_bookings", "booked_but_not_told", "deadlocks"] {
            assert_eq!(counts(chats)[never], 0, "{never}: {:#}", figures[chats]);
        }
    }
    assert_eq!(counts(6)["booked"], 12);
    assert_eq!((&counts(7)["booked"], &counts(7)["ended_otherwise"]), (&8.into(), &16.into()));
    assert_eq!(counts(7)["joined_the_waitlist"], 16, "{:#}", figures[7]);

    let left: i64 =
        sqlx::query_scalar("select count(*) from pg_database where datname like 'smartsalud_bench_%'")
            .fetch_one(&theirs.pool)
            .await
            .unwrap();
    let written: i64 =
        sqlx::query_scalar("select count(*) from centers").fetch_one(&theirs.pool).await.unwrap();
    assert_eq!((left, written), (0, 0));
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is_made() {
    let refused = bench(&["sleep"]).output().unwrap();
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2));
    assert!(complaint.contains("hold-and-confirm"), "{complaint}");
}

#[test]
fn sizes_that_do_not_fit_say_which_to_change() {
    let output = bench(&["end-to-end", "--json"]).args(["--warm", "1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "an unknown flag is bad usage");
    let mut few = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
    let few = few.args(["bench", "end-to-end", "--doctors", "4", "--patients", "20", "--chats", "200"]);
    let output = few.env_remove("DATABASE_URL").output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("--patients"), "{complaint}");
}

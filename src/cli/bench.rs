//! `smartsalud bench`: load and latency on this machine, each figure with its baseline and their ratio.

use std::process::ExitCode;

use clap::Args;

use crate::app::asked_to_stop;
use crate::bench::{Extras, Ground, Sizes, What, run as run_benchmarks};
use crate::config::DatabaseArgs;

const ABOUT: &str = "\
WHERE IT RUNS
  With nothing configured: on a private PostgreSQL in a temporary folder, as durable as in production, removed at the
  end. With DATABASE_URL: on that server, whose user needs the right to create databases.
  Either way it works in databases of its own, smartsalud_bench_<process>_<name>, which it makes and drops. It never
  reads or writes the database that DATABASE_URL names, nor a centre's data. A run that is killed may leave such a
  database behind; drop it by hand. The load itself is real: do not run it on a server that patients wait for.
  Statements are repeated bare only where the server lets us in without password and TLS, as the private one does;
  elsewhere hold-and-confirm and end-to-end have no baseline, and say so.

EXIT CODE
  0 all measured and every promise held; 1 something failed or a promise did not hold (`broken`); 2 bad usage.

--json
  One object: smartsalud, optimised, server, processors, sizes {doctors, patients, weeks, occupancy, bookings, chats,
  at_once, stampede_chats, stampede_hours, stampede_seconds}, figures [...], broken [texts; empty when all is well].
  A figure:
    bench                 search, cold-map, hold-and-confirm, end-to-end, stampede
    case                  what of it, in words
    of                    what is counted as one: search, map, booking, message, chat
    unit                  milliseconds (less is better) or per_second (more is better)
    value                 what was measured, in that unit
    baseline              what it is compared with, in words
    baseline_value        what that took in the same run; null: `note` says why there is none
    ratio                 how many times as fast as the baseline
    p50_ms, p99_ms        latencies; of chats: from an event's due time to the commit of its turn
    baseline_p50_ms, baseline_p99_ms
    statements, commits   for one of `of` (of a message in stampede too); null where they cannot be counted
    counts                whole numbers by name: hours_found; busy_hours, memory_grew_by_kilobytes; confirmed, refused,
                          double_bookings; messages, answers, booked, ended_otherwise, joined_the_waitlist,
                          handed_to_staff, failures, booked_but_not_told, deadlocks; hours, chats
    note                  what a reader must know, or null
    by_statement          with --statements: calls, total_ms, planning_ms, statement
  Keys are only ever added.";

/// The arguments of `bench`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT)]
pub struct BenchArgs {
    /// What to measure [default: all]
    #[arg(value_enum)]
    what: Vec<What>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// A whole CESFAM (200 professionals, 20,000 patients) and the worst minute of its year (5,000 chats in 60 s for 60 hours)
    #[arg(long)]
    full: bool,
    /// Professionals [default: 50; with --full 200]
    #[arg(long, value_parser = clap::value_parser!(u32).range(4..=20_000))]
    doctors: Option<u32>,
    /// Patients [default: 5,000; with --full 20,000]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    patients: Option<u32>,
    /// Weeks of agenda [default: 4]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=52))]
    weeks: Option<u32>,
    /// Which part of the hours is booked, 0 to 1 [default: 0.8]
    #[arg(long)]
    occupancy: Option<f64>,
    /// Hours to hold and confirm [default: 1,000; with --full 2,000]
    #[arg(long, value_parser = some)]
    bookings: Option<usize>,
    /// Chats end to end [default: 500; with --full 3,000]
    #[arg(long, value_parser = some)]
    chats: Option<usize>,
    /// Of those, at once [default: 32; with --full 64]
    #[arg(long, value_parser = some)]
    at_once: Option<usize>,
    /// Chats of the stampede [default: 400; with --full 5,000]
    #[arg(long, value_parser = some)]
    stampede_chats: Option<usize>,
    /// The hours they want [default: 30; with --full 60]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    stampede_hours: Option<i32>,
    /// Seconds within which they come [default: 5; with --full 60]
    #[arg(long, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    stampede_seconds: Option<u64>,
    /// Also say what each statement cost, where PostgreSQL has `pg_stat_statements`
    #[arg(long)]
    statements: bool,
    /// Also say how PostgreSQL does the SQL search
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Measures, and prints the report on stdout; what is being done goes to stderr.
///
/// # Errors
/// When the server cannot be used or the database fails; the message says what to do.
pub async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    let what = if args.what.is_empty() { What::ALL.to_vec() } else { args.what.clone() };
    let extras = Extras { by_statement: args.statements, explain: args.explain };
    let ground = Ground::open(&args.database).await?;
    let measured = tokio::select! {
        measured = run_benchmarks(&ground, &what, args.sizes(), extras, |doing| eprintln!("{doing}")) => measured,
        asked = asked_to_stop() => asked.and_then(|()| anyhow::bail!("stopped; nothing was measured to its end")),
    };
    let closed = ground.close().await;
    let report = measured?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
    }
    closed?;
    Ok(if report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl BenchArgs {
    fn sizes(&self) -> Sizes {
        let usual = if self.full { Sizes::full() } else { Sizes::default() };
        Sizes {
            doctors: self.doctors.unwrap_or(usual.doctors),
            patients: self.patients.unwrap_or(usual.patients),
            weeks: self.weeks.unwrap_or(usual.weeks),
            occupancy: self.occupancy.unwrap_or(usual.occupancy),
            bookings: self.bookings.unwrap_or(usual.bookings),
            chats: self.chats.unwrap_or(usual.chats),
            at_once: self.at_once.unwrap_or(usual.at_once),
            stampede_chats: self.stampede_chats.unwrap_or(usual.stampede_chats),
            stampede_hours: self.stampede_hours.unwrap_or(usual.stampede_hours),
            stampede_seconds: self.stampede_seconds.unwrap_or(usual.stampede_seconds),
        }
    }
}

/// A number above nothing.
fn some(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

//! Load and latency on this machine, each figure beside its baseline of the same run, so that it says something about
//! the program and not about the machine.
//!
//! Guarantees: everything happens in databases that are made for it and dropped after it; a baseline that did other
//! work than what it is compared with is refused; what must hold under any load (no hour given twice, every message
//! answered) is checked by SQL, and a run in which it does not hold has failed whatever its speed.
//!
//! Reading order: [`report`] is what comes out, `ground` where it runs, then a file for each benchmark; `chats` are
//! the patients, `repeated` is the baseline of whatever writes.

mod chats;
mod end_to_end;
mod ground;
mod hours;
mod processor;
mod repeated;
pub mod report;
mod search;
mod stampede;
mod store;

use std::path::PathBuf;

use anyhow::Context;
use chrono::NaiveDate;
use serde::Serialize;

pub use ground::Ground;
pub use report::{Figure, Report, Unit};
pub use store::Cost;

use crate::clock::{Clock, Stopwatch};
use crate::id::CenterId;
use crate::transfer::{Size, generate};
use search::Searched;

/// The name of the relay's folder.
const TAP: &str = "smartsalud-tap";

/// A benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Searches of free hours on the map, against the same ones in plain SQL
    Search,
    /// The map's cold start, against the bare scan of the index that holds what it must read
    ColdMap,
    /// Holding and confirming hours, against the bare statements of the same transactions
    HoldAndConfirm,
    /// Whole chats from webhook to answer, against the bare statements of the same turns
    EndToEnd,
    /// Many patients for few hours at once, against the same patients one after the other
    Stampede,
}

impl What {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 5] =
        [Self::Search, Self::ColdMap, Self::HoldAndConfirm, Self::EndToEnd, Self::Stampede];
}

/// How large everything is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sizes {
    /// Professionals of the invented centre.
    pub doctors: u32,
    /// Its patients.
    pub patients: u32,
    /// Weeks of agenda.
    pub weeks: u32,
    /// Which part of its hours is booked.
    pub occupancy: f64,
    /// Hours held and confirmed.
    pub bookings: usize,
    /// Chats end to end.
    pub chats: usize,
    /// Of those, at once.
    pub at_once: usize,
    /// Chats of the stampede.
    pub stampede_chats: usize,
    /// The hours they want.
    pub stampede_hours: i32,
    /// Within how many seconds they come.
    pub stampede_seconds: u64,
}

impl Default for Sizes {
    /// Two minutes at most on two processors.
    fn default() -> Self {
        Self {
            doctors: 50,
            patients: 5_000,
            weeks: 4,
            occupancy: 0.8,
            bookings: 1_000,
            chats: 500,
            at_once: 32,
            stampede_chats: 400,
            stampede_hours: 30,
            stampede_seconds: 5,
        }
    }
}

impl Sizes {
    /// One CESFAM, and the worst minute of its year.
    pub fn full() -> Self {
        Self {
            doctors: 200,
            patients: 20_000,
            weeks: 4,
            occupancy: 0.8,
            bookings: 2_000,
            chats: 3_000,
            at_once: 64,
            stampede_chats: 5_000,
            stampede_hours: 60,
            stampede_seconds: 60,
        }
    }
}

/// What to measure besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras {
    /// What each statement cost.
    pub by_statement: bool,
    /// How PostgreSQL does the SQL search.
    pub explain: bool,
}

/// Runs the benchmarks, saying what it does by `tell`.
///
/// # Errors
/// When the sizes are too small for each other, or the database fails. What was broken under load is in the report.
pub async fn run(
    ground: &Ground,
    what: &[What],
    sizes: Sizes,
    extras: Extras,
    tell: impl Fn(&str),
) -> anyhow::Result<Report> {
    let mut figures = Vec::new();
    if what.iter().any(|what| matches!(what, What::Search | What::ColdMap)) {
        let (name, center) = make_center(ground, "searched", &sizes, 1, &tell).await?;
        let at = Searched { name, center };
        if what.contains(&What::Search) {
            tell("search");
            figures.extend(
                search::measure(ground, &sizes, &at, extras.explain)
                    .await
                    .context("search was not measured")?,
            );
        }
        if what.contains(&What::ColdMap) {
            tell("cold-map");
            figures
                .push(search::measure_cold(ground, &sizes, &at).await.context("cold-map was not measured")?);
        }
        ground.drop(&at.name).await?;
    }
    if what.iter().any(|what| !matches!(what, What::Search | What::ColdMap)) {
        let services = end_to_end::SERVICES.len();
        let (of, center) = make_center(ground, "centre", &sizes, services, &tell).await?;
        if what.contains(&What::HoldAndConfirm) {
            tell("hold-and-confirm");
            let figure = hours::measure(ground, &sizes, &of, center).await;
            figures.push(figure.context("hold-and-confirm was not measured")?);
        }
        if what.contains(&What::EndToEnd) {
            tell("end-to-end");
            let figure = end_to_end::measure(ground, &sizes, &of, extras.by_statement).await;
            figures.push(figure.context("end-to-end was not measured")?);
        }
        if what.contains(&What::Stampede) {
            tell("stampede");
            let figure = stampede::measure(ground, &sizes, &of, center, extras.by_statement).await;
            figures.push(figure.context("stampede was not measured")?);
        }
    }
    Ok(Report {
        smartsalud: env!("CARGO_PKG_VERSION"),
        optimised: !cfg!(debug_assertions),
        server: ground.server.clone(),
        processors: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        sizes,
        broken: figures.iter().flat_map(broken).collect(),
        figures,
    })
}

/// What must hold under any load and did not.
fn broken(figure: &Figure) -> Vec<String> {
    let mut broken = Vec::new();
    for never in ["double_bookings", "failures", "booked_but_not_told", "refused"] {
        let count = figure.counts.get(never).copied().unwrap_or_default();
        if count != 0 {
            broken.push(format!(
                "{}: {} {count}, and there must be none",
                figure.bench,
                never.replace('_', " ")
            ));
        }
    }
    if let (Some(hours), Some(chats), Some(booked)) =
        (figure.counts.get("hours"), figure.counts.get("chats"), figure.counts.get("booked"))
        && booked != hours.min(chats)
    {
        broken.push(format!("{}: {booked} of {hours} hours were booked by {chats} patients", figure.bench));
    }
    broken
}

/// A database with an invented centre, to which nobody is connected.
async fn make_center(
    ground: &Ground,
    label: &str,
    sizes: &Sizes,
    services: usize,
    tell: &impl Fn(&str),
) -> anyhow::Result<(String, CenterId)> {
    let watch = Stopwatch::start();
    let name = ground.database(label, None).await?;
    let pool = ground.pool(&name, 2).await?;
    crate::database::migrate(&pool).await?;
    store::prepare_counting(&pool).await?;
    let size = Size {
        center: "bench".to_owned(),
        doctors: sizes.doctors,
        patients: sizes.patients,
        weeks: sizes.weeks,
        occupancy: sizes.occupancy,
        history_weeks: 0,
        services,
        seed: 1,
        today: today(),
    };
    let made = generate(&pool, &size).await?;
    store::open_center(&pool, made.center, chats::NUMBER).await?;
    repeated::mark_ids(&pool).await?;
    store::tidy(&pool).await?;
    pool.close().await;
    tell(&format!(
        "an invented centre of {} professionals, {} patients and {} appointments, made in {:.1} s",
        sizes.doctors,
        sizes.patients,
        made.appointments,
        watch.elapsed().as_secs_f64()
    ));
    Ok((name, made.center))
}

/// The centre's day today.
fn today() -> NaiveDate {
    Clock::system().now().with_timezone(&chrono_tz::America::Santiago).date_naive()
}

/// A folder that is not there, for the relay's socket.
fn tap(name: &str) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} could not be removed", folder.display()))
        }
        _ => Ok(folder),
    }
}

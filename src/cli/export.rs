//! `smartsalud export`: writes a centre's agenda as CSV, calendar or FHIR.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{Days, NaiveDate};

use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::database::{Database, migrate};
use crate::transfer::export::{Asked, Format, export};

/// Writes the agenda of a centre.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The centre
    #[arg(long, value_name = "CODE")]
    pub center: String,
    /// As what
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
    /// From this day; today when not said
    #[arg(long, value_name = "DAY")]
    pub from: Option<NaiveDate>,
    /// Up to this day, which is the last; four weeks when not said
    #[arg(long, value_name = "DAY")]
    pub to: Option<NaiveDate>,
    /// Only of the professional of this code
    #[arg(long, value_name = "CODE")]
    pub doctor: Option<String>,
    /// Only the appointment of the code that the patient has, whatever its day
    #[arg(long, value_name = "CODE", conflicts_with_all = ["from", "to"])]
    pub appointment: Option<String>,
    /// Into this file; to the terminal when not said
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Exports.
///
/// # Errors
/// When there is no such centre, the database fails, or the file cannot be written.
pub async fn run(args: ExportArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let database = Database::open(&args.database, &clock).await?;
    migrate(&database.pool).await?;
    // "today" only chooses what is written when no days are named
    let today = clock.now().with_timezone(&chrono_tz::America::Santiago).date_naive();
    let asked = Asked { center: args.center, doctor: args.doctor, appointment: None };
    let (asked, from, until) = match args.appointment {
        Some(code) => {
            let ever = (today - Days::new(36_500), today + Days::new(36_500));
            (asked.of_code(&code)?, ever.0, ever.1)
        }
        None => {
            let from = args.from.unwrap_or(today);
            let last = args.to.unwrap_or(from + Days::new(27));
            anyhow::ensure!(from <= last, "the last day {last} is before the first {from}");
            (asked, from, last + Days::new(1))
        }
    };
    let text = export(&database.pool, &asked, args.format, from, until, clock.now()).await?;
    match args.output {
        Some(path) => tokio::fs::write(&path, text)
            .await
            .with_context(|| format!("{} could not be written", path.display()))?,
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}

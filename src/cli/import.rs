//! `smartsalud import`: loads a centre's CSV files, or its workbook.

use std::path::PathBuf;

use std::process::ExitCode;

use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::database::{Database, migrate};
use crate::transfer::{Options, import_dir};

/// Loads the CSV files of a directory, or a workbook (.xlsx) with the same tables as sheets; all or nothing.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The directory with centers.csv, doctors.csv, … (those that are there), or a workbook with sheets of those names
    pub dir: PathBuf,
    /// Check everything and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The centre of rows that name none; rows of another are refused
    #[arg(long, value_name = "CODE")]
    pub center: Option<String>,
}

/// Imports and prints what it did.
///
/// # Errors
/// When a file has a mistake (each on a line of its own) or the database fails; nothing is written then.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let database = Database::open(&args.database, &clock).await?;
    migrate(&database.pool).await?;
    let pool = &database.pool;
    // "today" only tells the past from what is to come; the zone of Chile's mainland is near enough for every centre
    let today = clock.now().with_timezone(&chrono_tz::America::Santiago).date_naive();
    let options = Options { dry_run: args.dry_run, center: args.center, today };
    let report = import_dir(pool, &args.dir, &options).await?;
    print!("{report}");
    println!(
        "{}",
        match (args.dry_run, report.changed()) {
            (true, _) => "dry run: nothing was written",
            (false, true) => "imported",
            (false, false) => "nothing to change",
        }
    );
    Ok(ExitCode::SUCCESS)
}

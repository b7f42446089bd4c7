//! `smartsalud generate`: fills the database with an invented centre.

use std::process::ExitCode;

use crate::clock::{Clock, Stopwatch};
use crate::config::DatabaseArgs;
use crate::database::{Database, migrate};
use crate::transfer::{Size, generate};

/// Fills the database with an invented centre of a size.
#[derive(Debug, clap::Args)]
pub struct GenerateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Professionals
    #[arg(long, default_value_t = 200)]
    pub doctors: u32,
    /// Patients
    #[arg(long, default_value_t = 20_000)]
    pub patients: u32,
    /// Weeks of agenda from today
    #[arg(long, default_value_t = 4)]
    pub weeks: u32,
    /// Which part of the hours is booked, 0 to 1
    #[arg(long, default_value_t = 0.8)]
    pub occupancy: f64,
    /// Weeks of past appointments
    #[arg(long, default_value_t = 0)]
    pub history_weeks: u32,
    /// The same seed gives the same centre
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The code of the centre
    #[arg(long, value_name = "CODE", default_value = "generado")]
    pub center: String,
}

/// Generates and prints what it did.
///
/// # Errors
/// When the centre exists, the size makes no sense, or the database fails.
pub async fn run(args: GenerateArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let database = Database::open(&args.database, &clock).await?;
    migrate(&database.pool).await?;
    let pool = &database.pool;
    let watch = Stopwatch::start();
    let size = Size {
        center: args.center,
        doctors: args.doctors,
        patients: args.patients,
        weeks: args.weeks,
        occupancy: args.occupancy,
        history_weeks: args.history_weeks,
        services: 8,
        seed: args.seed,
        today: clock.now().with_timezone(&chrono_tz::America::Santiago).date_naive(),
    };
    let made = generate(pool, &size).await?;
    println!(
        "centre {} ({}): {} professionals, {} patients, {} hours a week, {} appointments, in {:.1} s",
        made.center,
        size.center,
        size.doctors,
        size.patients,
        made.slots_a_week,
        made.appointments,
        watch.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

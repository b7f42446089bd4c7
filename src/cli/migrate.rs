//! `smartsalud migrate`: applies migrations and exits.

use std::process::ExitCode;

use clap::Args;

use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::database::{self, Database};

/// The arguments of `migrate`.
#[derive(Debug, Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let database = Database::open(&args.database, &Clock::system()).await?;
    database::migrate(&database.pool).await?;
    println!("The tables are up to date.");
    Ok(ExitCode::SUCCESS)
}

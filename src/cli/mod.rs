//! The commands: one file each.
//!
//! Errors go to stderr in one clear sentence. Exit codes: 0 all well, 1 a check or an action failed, 2 bad usage.

pub mod doctor;
pub mod generate;
pub mod import;
pub mod migrate;
pub mod understand;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry::{LogArgs, start_logging};

/// Patients of public health centres book their hours over WhatsApp, in their own words.
#[derive(Debug, Parser)]
#[command(name = "smartsalud", version, about, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    log: LogArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Brings the database's tables up to date, and exits
    Migrate(migrate::MigrateArgs),
    /// Says what the language part makes of texts: JSON lines in, JSON lines out
    Understand(understand::UnderstandArgs),
    /// Checks settings, database, WhatsApp, clock and zones; says what is wrong and how to mend it
    Doctor(doctor::DoctorArgs),
}

/// Reads the command line and runs the command.
pub fn main() -> ExitCode {
    let cli = Cli::parse(); // prints help and exits 0, or a usage error and exits 2
    let result = start_logging(&cli.log).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(run(cli.command))
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Migrate(args) => migrate::run(args).await,
        Command::Understand(args) => understand::run(&args),
        Command::Doctor(args) => doctor::run(args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

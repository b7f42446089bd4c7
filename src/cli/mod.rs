//! The commands: one file each.
//!
//! Errors go to stderr in one clear sentence. Exit codes: 0 all well, 1 a check or an action failed, 2 bad usage.

pub mod bench;
pub mod chat;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod flows;
pub mod generate;
pub mod import;
pub mod migrate;
pub mod record;
pub mod replay;
pub mod serve;
pub mod understand;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::flow::{built_in, wording};
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
    /// Everything on this machine, with nothing to configure: an invented centre and its patients' phones
    Demo(demo::DemoArgs),
    /// Serves a centre: webhook, workers, figures
    Serve(serve::ServeArgs),
    /// Loads a centre's CSV files or workbook (.xlsx); all or nothing
    Import(import::ImportArgs),
    /// Writes a centre's agenda as CSV, calendar (.ics) or FHIR R4
    Export(export::ExportArgs),
    /// Fills the database with an invented centre of any size
    Generate(generate::GenerateArgs),
    /// Talk to the bot in the terminal, in an invented centre
    Chat(chat::ChatArgs),
    /// Plays scripted conversations and says what differs from what they expect
    Replay(replay::ReplayArgs),
    /// Turns a real conversation into a fixture without a word that could tell whose it was
    Record(record::RecordArgs),
    /// Brings the database's tables up to date, and exits
    Migrate(migrate::MigrateArgs),
    /// Says what the language part makes of texts: JSON lines in, JSON lines out
    Understand(understand::UnderstandArgs),
    /// Checks the flows of a centre, draws one, and brings new versions to open conversations
    Flows(flows::FlowsArgs),
    /// Load and latency on this machine, each figure with its baseline and their ratio
    Bench(bench::BenchArgs),
    /// Checks settings, database, WhatsApp, clock and zones; says what is wrong and how to mend it
    Doctor(doctor::DoctorArgs),
}

/// A setting that the command cannot do without is missing: exit code 2, as for a wrong flag.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BadUsage(&'static str);

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
            if error.is::<BadUsage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Export(args) => export::run(args).await,
        Command::Generate(args) => generate::run(args).await,
        Command::Chat(args) => chat::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Record(args) => record::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Understand(args) => understand::run(&args),
        Command::Flows(args) => flows::run(args).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
    }
}

/// The flows in a folder, or the ones built in.
///
/// # Errors
/// When the folder cannot be read or holds no flow.
fn flow_files(folder: Option<&Path>) -> anyhow::Result<BTreeMap<String, String>> {
    let Some(folder) = folder else { return Ok(built_in::sources()) };
    let mut sources = BTreeMap::new();
    for prefix in ["", "repair/", wording::FOLDER] {
        let inner = folder.join(prefix);
        if !inner.is_dir() && !prefix.is_empty() {
            continue;
        }
        let entries = std::fs::read_dir(&inner)
            .with_context(|| format!("the flows in {} cannot be read", inner.display()))?;
        for entry in entries {
            let path = entry?.path();
            let Some(name) =
                path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(".yaml"))
            else {
                continue;
            };
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            sources.insert(format!("{prefix}{name}"), text);
        }
    }
    anyhow::ensure!(!sources.is_empty(), "there are no flows (*.yaml) in {}", folder.display());
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

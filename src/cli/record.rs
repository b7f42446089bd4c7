//! `smartsalud record`: a real conversation as an anonymous fixture.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::database::Database;
use crate::id::ConversationId;
use crate::replay::deploy::Flows;
use crate::replay::recording;

/// The arguments of `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The conversation's number, as the staff console shows it
    conversation: ConversationId,
    /// The fixture to write [default: to standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The flows with which it will be played; absent: the ones built in
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
}

/// Writes the fixture; what it cannot reproduce goes to standard error.
///
/// # Errors
/// When there is no such conversation, the database or the file fails, or something of a person would survive.
pub async fn run(args: RecordArgs) -> anyhow::Result<ExitCode> {
    let sources = super::flow_files(args.flows.as_deref())?;
    let book = super::replay::book(args.flows.as_deref())?;
    let database = Database::open(&args.database, &Clock::system()).await?;
    let mut connection = database.pool.acquire().await.context("the database cannot be reached")?;
    let flows = Flows { book: &book, sources: &sources };
    let recording = recording::record(&mut connection, args.conversation, flows).await?;
    match &args.output {
        Some(file) => std::fs::write(file, &recording.yaml)
            .with_context(|| format!("{} cannot be written", file.display()))?,
        None => print!("{}", recording.yaml),
    }
    for line in &recording.differs {
        eprintln!("not as it went: {line}");
    }
    Ok(ExitCode::SUCCESS)
}

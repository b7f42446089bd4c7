//! `flows graph`: a flow drawn, plain or coloured by how often each step was seen.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;

use super::flow_files;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::conversation::store;
use crate::database::Database;
use crate::flow::diagram::Counts;
use crate::flow::{Book, Flow, diagram};

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The flow's name, such as `agendar` or `repair.miss`
    flow: String,
    /// Write SVG instead of Mermaid
    #[arg(long)]
    svg: bool,
    /// Colour the steps by how often they were seen: lines of JSON such as {"step":"agendar.ask.hora","seen":12}
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Colour the steps by how often patients came to them in the last days, from the journal of the database
    #[arg(long, value_name = "DAYS", num_args = 0..=1, default_missing_value = "7", conflicts_with = "coverage", value_parser = clap::value_parser!(i32).range(1..=366))]
    live: Option<i32>,
    /// Folder with flows; without it, the flows that come with the program
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Prints the drawing.
pub(super) async fn run(args: &GraphArgs) -> anyhow::Result<ExitCode> {
    let sources = flow_files(args.flows.as_deref())?;
    let book = super::sound(&sources, args.flows.as_deref())?;
    let flow = find(&book, &args.flow)?;
    let counts = match args.live {
        Some(days) => Some(live(args, days).await?),
        None => args.coverage.as_deref().map(counts).transpose()?,
    };
    let drawing =
        if args.svg { diagram::svg(flow, counts.as_ref()) } else { diagram::mermaid(flow, counts.as_ref()) };
    print!("{drawing}");
    Ok(ExitCode::SUCCESS)
}

/// Counts of the last days, from the database.
async fn live(args: &GraphArgs, days: i32) -> anyhow::Result<Counts> {
    let database = Database::open(&args.database, &Clock::system()).await?;
    let mut conn = database.pool.acquire().await?;
    let seen = store::steps_seen(&mut conn, days).await.context("the journal could not be read")?;
    Ok(seen.into_iter().map(|(step, seen)| (step, u64::try_from(seen).unwrap_or_default())).collect())
}

fn find<'a>(book: &'a Book, name: &str) -> anyhow::Result<&'a Flow> {
    let mut all = book.flows.values().chain(book.repairs.values());
    let found = all.find(|flow| flow.name == name);
    let Some(flow) = found else {
        let names: Vec<&str> =
            book.flows.values().chain(book.repairs.values()).map(|flow| flow.name.as_str()).collect();
        bail!("there is no flow `{name}`; there are {}", names.join(", "));
    };
    Ok(flow)
}

/// A line of a file of counts; what else stands in it is for others.
#[derive(Debug, Deserialize)]
struct Line {
    /// `agendar.ask.hora`; branches, outcomes and repairs have lines of their own, which say no step.
    step: Option<String>,
    seen: u64,
}

/// Counts from a file with one JSON object a line; a step that stands there twice was seen both times.
fn counts(file: &Path) -> anyhow::Result<Counts> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the counts in {} cannot be read", file.display()))?;
    let mut counts = Counts::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).with_context(|| {
            format!(
                "{}:{}: this is not a count; a line is {{\"step\":\"agendar.ask.hora\",\"seen\":12}}",
                file.display(),
                number + 1
            )
        })?;
        let Some(step) = line.step else { continue };
        let seen = counts.entry(step).or_default();
        *seen = seen.saturating_add(line.seen);
    }
    Ok(counts)
}

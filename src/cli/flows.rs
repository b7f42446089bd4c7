//! `flows`: checks the conversations of a centre, and draws them.
//!
//! Neither needs a database: both read files, or the flows that come with the program.

mod schema;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::flow_files;
use crate::flow::{Book, Flow, FlowError, diagram, load};

/// What to do with flows.
#[derive(Debug, Args)]
pub struct FlowsArgs {
    #[command(subcommand)]
    action: FlowsAction,
}

#[derive(Debug, Subcommand)]
enum FlowsAction {
    /// Reads all flows of a folder and lists every mistake with its place and how to mend it
    Check(CheckArgs),
    /// Draws a flow: Mermaid for documents, or SVG
    Graph(GraphArgs),
    /// Prints the JSON Schema of flow files, for editors
    Schema,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Folder with flows and its `repair` subfolder; without it, the flows that come with the program
    #[arg(env = "SMARTSALUD_FLOWS")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct GraphArgs {
    /// The flow's name, such as `agendar` or `repair.miss`
    flow: String,
    /// Write SVG instead of Mermaid
    #[arg(long)]
    svg: bool,
    /// Folder with flows; without it, the flows that come with the program
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
}

/// Runs `flows …`.
///
/// # Errors
/// When the folder cannot be read, the flows are not sound enough to be drawn, or the flow is unknown.
pub fn run(args: &FlowsArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        FlowsAction::Check(args) => check(args.dir.as_deref()),
        FlowsAction::Graph(args) => graph(args),
        FlowsAction::Schema => schema::run().map(|()| ExitCode::SUCCESS),
    }
}

fn check(dir: Option<&Path>) -> anyhow::Result<ExitCode> {
    let sources = flow_files(dir)?;
    match load::book(&sources) {
        Ok(book) => {
            for advice in load::advice(&book, &sources) {
                println!("{}\n", placed(&advice, dir));
            }
            println!(
                "sound: {} flows, {} repairs, {} fixed answers in {} files; hash {}",
                book.flows.len(),
                book.repairs.len(),
                book.answers.len(),
                sources.len(),
                book.hash
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(errors) => {
            for error in &errors {
                println!("{}\n", placed(error, dir));
            }
            let files: std::collections::BTreeSet<&str> =
                errors.iter().map(|error| error.span.file.as_str()).collect();
            let mistakes = if errors.len() == 1 { "mistake" } else { "mistakes" };
            eprintln!("{} {mistakes} in {} of {} files", errors.len(), files.len(), sources.len());
            Ok(ExitCode::FAILURE)
        }
    }
}

fn graph(args: &GraphArgs) -> anyhow::Result<ExitCode> {
    let sources = flow_files(args.flows.as_deref())?;
    let book = load::book(&sources).map_err(|errors| {
        let first = errors.first().map(|error| placed(error, args.flows.as_deref()).to_string());
        anyhow::anyhow!(
            "the flows have {} mistakes and cannot be drawn; `flows check` lists them, the first is {}",
            errors.len(),
            first.unwrap_or_default()
        )
    })?;
    let flow = find(&book, &args.flow)?;
    let drawing = if args.svg { diagram::svg(flow) } else { diagram::mermaid(flow) };
    print!("{drawing}");
    Ok(ExitCode::SUCCESS)
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

/// The mistake with its file as seen from here, so that a terminal or editor can jump to it.
fn placed(error: &FlowError, dir: Option<&Path>) -> FlowError {
    let mut error = error.clone();
    if let Some(dir) = dir {
        error.span.file = dir.join(&error.span.file).display().to_string();
    }
    error
}

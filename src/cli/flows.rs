//! `flows`: checks the conversations of a centre, draws them, and tells authors the language.
//!
//! None of it needs a database: all read files, or the flows that come with the program.

mod check;
mod doc;
mod graph;
mod schema;

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::flow::FlowError;

/// What to do with flows.
#[derive(Debug, Args)]
pub struct FlowsArgs {
    #[command(subcommand)]
    action: FlowsAction,
}

#[derive(Debug, Subcommand)]
enum FlowsAction {
    /// Reads all flows of a folder and lists every mistake with its place and how to mend it
    Check(check::CheckArgs),
    /// Draws a flow: Mermaid for documents, or SVG
    Graph(graph::GraphArgs),
    /// Prints the reference of the language (in Spanish, Markdown)
    Doc,
    /// Prints the JSON Schema of flow files, for editors
    Schema,
}

/// Runs `flows …`.
///
/// # Errors
/// When the folder cannot be read, the flows are not sound enough to be drawn, or the flow is unknown.
pub fn run(args: &FlowsArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        FlowsAction::Check(args) => check::run(args),
        FlowsAction::Graph(args) => graph::run(args).map(|()| ExitCode::SUCCESS),
        FlowsAction::Doc => {
            doc::run();
            Ok(ExitCode::SUCCESS)
        }
        FlowsAction::Schema => schema::run().map(|()| ExitCode::SUCCESS),
    }
}

/// The mistake with its file as seen from here, so that a terminal or editor can jump to it.
fn placed(error: &FlowError, dir: Option<&Path>) -> FlowError {
    let mut error = error.clone();
    if let Some(dir) = dir {
        error.span.file = dir.join(&error.span.file).display().to_string();
    }
    error
}

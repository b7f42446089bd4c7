//! `flows`: checks the conversations of a centre, draws them, tells authors the language, and brings new versions
//! to those who are talking.
//!
//! What only reads flows needs no database: it reads files, or the flows that come with the program.

mod books;
mod check;
mod doc;
mod graph;
mod plan;
mod schema;
mod texts;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use sqlx::PgConnection;

use super::flow_files;
use crate::conversation::store;
use crate::flow::error::did_you_mean;
use crate::flow::{Book, FlowError, load, wording};
use crate::id::CenterId;
use crate::understanding;

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
    /// Tells what a new version would do to each open conversation, and to the last that have ended
    Plan(plan::PlanArgs),
    /// Stores a version by its hash, and prints it; what is in force stays so
    Publish(books::PublishArgs),
    /// Puts a stored version in force: a new one, or an older one again
    Activate(books::ActivateArgs),
    /// The stored versions, where each is in force, and when each was put in force
    List(books::ListArgs),
    /// Lists every text with its address, as a file to put into `textos/` and change
    Texts(texts::TextsArgs),
}

/// Runs `flows …`.
///
/// # Errors
/// When the folder or the database cannot be read, the flows are not sound, or what was named is unknown.
pub async fn run(args: FlowsArgs) -> anyhow::Result<ExitCode> {
    match args.action {
        FlowsAction::Check(args) => check::run(&args),
        FlowsAction::Graph(args) => graph::run(&args).await,
        FlowsAction::Doc => Ok(doc::run()),
        FlowsAction::Schema => schema::run(),
        FlowsAction::Plan(args) => plan::run(args).await,
        FlowsAction::Publish(args) => books::publish(args).await,
        FlowsAction::Activate(args) => books::activate(args).await,
        FlowsAction::List(args) => books::list(args).await,
        FlowsAction::Texts(args) => texts::run(&args),
    }
}

/// The book that these files make, if authors may be left alone with it: no option takes the place of a command.
///
/// # Errors
/// Every mistake.
fn read(sources: &BTreeMap<String, String>) -> Result<Book, Vec<FlowError>> {
    let book = load::book(sources)?;
    let mistakes = load::commands(&book, sources, &|word| {
        understanding::command_of(word).map(|command| command.as_str())
    });
    if mistakes.is_empty() { Ok(book) } else { Err(mistakes) }
}

/// The book that these files make.
///
/// # Errors
/// When it is not sound; names the first mistake.
fn sound(sources: &BTreeMap<String, String>, dir: Option<&Path>) -> anyhow::Result<Book> {
    read(sources).map_err(|errors| {
        let first = errors.first().map(|error| placed(error, dir).to_string());
        let mistakes = if errors.len() == 1 { "one mistake" } else { "several mistakes" };
        anyhow::anyhow!(
            "the flows have {mistakes}; `flows check` lists all, the first is {}",
            first.unwrap_or_default()
        )
    })
}

/// The mistake with its file as seen from here, so that a terminal or editor can jump to it.
fn placed(error: &FlowError, dir: Option<&Path>) -> FlowError {
    let mut error = error.clone();
    if let Some(dir) = dir {
        error.span.file = dir.join(&error.span.file).display().to_string();
    }
    error
}

/// The centre of that code, when one is named.
///
/// # Errors
/// When there is none.
async fn center(conn: &mut PgConnection, code: Option<&str>) -> anyhow::Result<Option<CenterId>> {
    let Some(code) = code else { return Ok(None) };
    let center = store::center_of_code(conn, code).await.context("the centres could not be read")?;
    match center {
        Some(center) => Ok(Some(center)),
        None => bail!("there is no centre with the code `{code}` in the database"),
    }
}

/// Refuses texts for a centre that is not there: they would never be said, and nobody would know.
///
/// # Errors
/// When there are some; names the first.
async fn centers_exist(conn: &mut PgConnection, sources: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let named = wording::centers(sources);
    if named.is_empty() {
        return Ok(());
    }
    let known = store::center_codes(conn).await.context("the centres could not be read")?;
    if let Some((code, span)) = named.iter().find(|(code, _)| !known.contains(code)) {
        let near = did_you_mean(code, known.iter().map(String::as_str));
        let there = if near.is_empty() { format!("there are {}", known.join(", ")) } else { near };
        bail!(
            "{}:{}:{}: no centre of the database has the code `{code}`, so these texts would never be said: {there}",
            span.file,
            span.line,
            span.column
        );
    }
    Ok(())
}

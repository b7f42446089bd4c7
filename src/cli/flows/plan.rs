//! `flows plan`: what a new version does to the people who are talking, told before it does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::TimeDelta;
use clap::Args;
use serde_json::json;

use crate::cli::flow_files;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::conversation::answer;
use crate::conversation::plan::Fate;
use crate::conversation::rehearsal::{self, Rehearsed};
use crate::conversation::shelf::Shelf;
use crate::conversation::turn::Turns;
use crate::database::Database;
use crate::flow::Book;
use crate::id::CenterId;
use crate::scheduling::Agenda;

/// Conversations that have ended, which are told again.
pub(super) const ENDED: i64 = 200;

/// The arguments of `flows plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Folder with the new flows; without it, the flows that come with the program
    dir: Option<PathBuf>,
    /// Only the conversations of this centre; absent: of all centres that follow the installation
    #[arg(long, value_name = "CODE")]
    center: Option<String>,
    /// How many conversations that have ended are told again
    #[arg(long, value_name = "N", default_value_t = ENDED, value_parser = clap::value_parser!(i64).range(0..=100_000))]
    ended: i64,
    /// One line of JSON for each question and what becomes of it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: PlanArgs) -> anyhow::Result<ExitCode> {
    let sources = flow_files(args.dir.as_deref())?;
    let book = super::sound(&sources, args.dir.as_deref())?;
    let database = Database::open(&args.database, &Clock::system()).await?;
    super::centers_exist(&mut *database.pool.acquire().await?, &sources).await?;
    let center = super::center(&mut *database.pool.acquire().await?, args.center.as_deref()).await?;
    let rehearsed = rehearse(&database, &book, center, args.ended).await?;
    if args.json {
        let kinds = [("open", &rehearsed.open), ("ended", &rehearsed.ended)];
        for (kind, counts) in kinds {
            for ((question, fate), count) in counts {
                println!("{}", json!({ "talk": kind, "question": question, "fate": fate, "count": count }));
            }
        }
    } else {
        print!("{}", table(&rehearsed));
    }
    Ok(if rehearsed.fails() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Rehearses a version on the conversations of the database.
///
/// # Errors
/// When the database fails.
pub(super) async fn rehearse(
    database: &Database,
    book: &Book,
    center: Option<CenterId>,
    ended: i64,
) -> anyhow::Result<Rehearsed> {
    let turns = Turns {
        agenda: Agenda::start(database.pool_for_map(&Clock::system()).await?).await?,
        shelf: Shelf::default(),
        cards: answer::cards(),
        hold_for: TimeDelta::minutes(10),
        faults: None,
    };
    let mut conn = database.pool.acquire().await?;
    rehearsal::rehearse(&turns, &mut conn, book, center, ended)
        .await
        .context("the new flows could not be rehearsed")
}

/// What becomes of the talks, question by question, and an account of each that is more than going on.
pub(super) fn table(rehearsed: &Rehearsed) -> String {
    let mut text = String::new();
    part(&mut text, "open conversations, at", &rehearsed.open);
    if rehearsed.idle > 0 {
        // a String takes whatever is written
        let _ = writeln!(text, "{} more wait for nothing", rehearsed.idle);
    }
    if !rehearsed.ended.is_empty() {
        text.push('\n');
        part(&mut text, "turns of ended ones, at", &rehearsed.ended);
    }
    text
}

fn part(text: &mut String, title: &str, counts: &BTreeMap<(String, Fate), u64>) {
    let mut rows: BTreeMap<&str, [u64; 5]> = BTreeMap::new();
    let mut notes = String::new();
    for ((question, fate), count) in counts {
        let (column, note) = match fate {
            Fate::GoesOn => (0, None),
            Fate::Stays => (1, None),
            Fate::Ends => {
                (0, Some("come to their end: what they waited for is not asked any more".to_owned()))
            }
            Fate::AskedAgain { question } => (2, Some(format!("asked {question}"))),
            Fate::Loses { answers, question } => {
                (3, Some(format!("asked {question} without the answers of {}", answers.join(", "))))
            }
            Fate::Fails { why } => (4, Some(why.clone())),
        };
        rows.entry(question).or_default()[column] += count;
        if let Some(note) = note {
            let _ = writeln!(notes, "  {question}: {count} {note}");
        }
    }
    let wide = rows.keys().map(|name| name.chars().count()).chain([title.len()]).max().unwrap_or_default();
    let _ = writeln!(text, "{title:wide$}  goes on   stays  asked again  loses answers   fails");
    for (question, [goes_on, stays, asked, loses, fails]) in rows {
        let _ = writeln!(
            text,
            "{question:wide$}  {goes_on:>7}  {stays:>6}  {asked:>11}  {loses:>13}  {fails:>6}"
        );
    }
    text.push_str(&notes);
}

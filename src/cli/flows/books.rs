//! `flows publish`, `flows activate`, `flows list`: versions by hash, and which is in force where.
//!
//! A version is published once and never changes; going back is putting an older one in force again. Before one is
//! put in force it is rehearsed on the open conversations, and refused when one of them would fail.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use sqlx::PgConnection;

use super::plan;
use crate::cli::flow_files;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::conversation::store;
use crate::database::Database;
use crate::flow::load;

/// Characters of a hash that are shown, and enough to name one.
const SHOWN: usize = 12;

/// The arguments of `flows publish`.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// Folder with flows; without it, the flows that come with the program
    dir: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// The arguments of `flows activate`.
#[derive(Debug, Args)]
pub(super) struct ActivateArgs {
    /// The version's hash, or the beginning of it
    hash: String,
    /// Only for this centre, which then no longer follows the installation
    #[arg(long, value_name = "CODE")]
    center: Option<String>,
    /// Even when open conversations would fail: they are handed to staff
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// The arguments of `flows list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn publish(args: PublishArgs) -> anyhow::Result<ExitCode> {
    let sources = flow_files(args.dir.as_deref())?;
    let book = super::sound(&sources, args.dir.as_deref())?;
    let database = Database::open(&args.database, &Clock::system()).await?;
    let mut conn = database.pool.acquire().await?;
    super::centers_exist(&mut conn, &sources).await?;
    let known = store::book_sources(&mut conn, &book.hash).await.context("the flows could not be read")?;
    store::publish_book(&mut conn, &book.hash, &serde_json::json!(sources))
        .await
        .context("the flows could not be stored")?;
    println!("{}", book.hash);
    let what = if known.is_some() { "was published before" } else { "is published" };
    eprintln!(
        "This version {what}. `smartsalud flows plan` tells what it would do; `smartsalud flows activate {}` puts it in force.",
        short(&book.hash)
    );
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn activate(args: ActivateArgs) -> anyhow::Result<ExitCode> {
    let database = Database::open(&args.database, &Clock::system()).await?;
    let mut conn = database.pool.acquire().await?;
    let hash = stored(&mut conn, &args.hash).await?;
    let center = super::center(&mut conn, args.center.as_deref()).await?;
    let sources = store::book_sources(&mut conn, &hash).await?.context("the version is gone")?;
    let sources: BTreeMap<String, String> =
        serde_json::from_value(sources).context("the stored version cannot be read")?;
    let book = load::book(&sources).map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        anyhow::anyhow!("this program cannot read that version: {first}")
    })?;
    super::centers_exist(&mut conn, &sources).await?;
    let rehearsed = plan::rehearse(&database, &book, center, plan::ENDED).await?;
    if rehearsed.fails() && !args.force {
        print!("{}", plan::table(&rehearsed));
        bail!(
            "conversations would fail under this version, so it is not put in force; mend it, or say --force to hand those conversations to staff"
        );
    }
    store::activate_book(&mut conn, &hash, center).await.context("the version could not be put in force")?;
    let place = args.center.map_or("the whole installation".to_owned(), |code| format!("centre {code}"));
    println!("{} is in force for {place}", short(&hash));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn list(args: ListArgs) -> anyhow::Result<ExitCode> {
    let database = Database::open(&args.database, &Clock::system()).await?;
    let mut conn = database.pool.acquire().await?;
    println!("{:SHOWN$}  {:16}  in force for", "version", "published");
    for book in store::stored_books(&mut conn, "").await? {
        let places: Vec<&str> = book
            .in_force
            .iter()
            .map(|code| if code.is_empty() { "the installation" } else { code.as_str() })
            .collect();
        println!("{}  {}  {}", short(&book.hash), book.at.format("%Y-%m-%d %H:%M"), places.join(", "));
    }
    println!("\nput in force (UTC)");
    for one in store::activations(&mut conn, 20).await? {
        let place = one.center.as_deref().unwrap_or("the installation");
        println!("{}  {}  {place}", one.at.format("%Y-%m-%d %H:%M"), short(&one.hash));
    }
    Ok(ExitCode::SUCCESS)
}

fn short(hash: &str) -> &str {
    hash.get(..SHOWN).unwrap_or(hash)
}

/// The whole hash of the one stored version that begins so.
async fn stored(conn: &mut PgConnection, beginning: &str) -> anyhow::Result<String> {
    let found = store::stored_books(conn, beginning).await.context("the versions could not be read")?;
    match &found[..] {
        [one] => Ok(one.hash.clone()),
        [] => bail!(
            "no stored version begins with `{beginning}`: publish it with `smartsalud flows publish DIR`; `smartsalud flows list` shows those that are"
        ),
        several => bail!(
            "{} stored versions begin with `{beginning}`: give more of the hash; `smartsalud flows list` shows them",
            several.len()
        ),
    }
}

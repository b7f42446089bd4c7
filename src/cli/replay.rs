//! `smartsalud replay`: plays scripted conversations and says what differs from what they expect.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use futures_util::{StreamExt as _, stream};
use indicatif::ProgressBar;

use crate::database::testing::Cluster;
use crate::flow::error::nearest;
use crate::flow::{Book, load};
use crate::replay::accept::{self, Accepted};
use crate::replay::coverage::Coverage;
use crate::replay::deploy::Flows;
use crate::replay::folder;
use crate::replay::pipeline;
use crate::replay::player::{Extent, PlayedTurn};
use crate::replay::report::{self, Outcome};

/// Fixtures played at once on the database.
const AT_ONCE: usize = 4;

/// The arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Fixtures, or folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write what happened into the `bot:` parts, and keep the rest of the files
    #[arg(long, conflicts_with = "turn")]
    accept: bool,
    /// Play to this turn and report it alone
    #[arg(long, value_name = "N")]
    turn: Option<usize>,
    /// Show every turn: what was said, called and understood, and where the walk went
    #[arg(long)]
    trace: bool,
    /// Show which steps, branches, outcomes and repairs of the flows no fixture has seen; with --json all parts of
    /// the flows, each on a line with how often it was seen
    #[arg(long)]
    coverage: bool,
    /// Show the coverage of this flow alone, as `agendar` or `repair.miss`; the floor is then its own
    #[arg(long, value_name = "NAME", requires = "coverage")]
    flow: Option<String>,
    /// Fail when less than so many percent of any kind of part was seen
    #[arg(long, value_name = "PERCENT", requires = "coverage")]
    floor: Option<f64>,
    /// One line of JSON for each fixture instead of text
    #[arg(long)]
    json: bool,
    /// Also write a `JUnit` file for build servers
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Without a database: an agenda in memory answers
    #[arg(long)]
    core: bool,
    /// The folder of PostgreSQL's initdb and postgres [default: looked for]
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
    /// The flows to play with; absent: the ones built in
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When a path cannot be read or written, or the flows are not sound.
pub async fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let sources = super::flow_files(args.flows.as_deref())?;
    let book = book(args.flows.as_deref())?;
    let cluster = if args.core { None } else { Some(cluster(args.postgres_bin.as_deref()).await?) };
    let ground = Ground { flows: Flows { book: &book, sources: &sources }, cluster };
    if let Some(name) = &args.flow {
        let known = || book.flows.values().chain(book.repairs.values()).map(|flow| flow.name.as_str());
        anyhow::ensure!(
            known().any(|flow| flow == name),
            "there is no flow `{name}`: {}",
            nearest(name, "there are", known())
        );
    }
    let paths = folder::fixtures(&args.paths).context("the fixtures cannot be read")?;
    anyhow::ensure!(!paths.is_empty(), "there are no fixtures (*.yaml) there");
    let extent = Extent { until: args.turn, all: args.accept };
    let mut outcomes = ground.play(&paths, extent).await;
    if let Some(number) = args.turn {
        outcomes.iter_mut().try_for_each(|outcome| only(outcome, number))?;
    }
    if args.accept {
        outcomes = accept_all(&paths, &outcomes, &ground).await?;
    }
    if let Some(file) = &args.junit {
        std::fs::write(file, report::junit(&outcomes))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let mut seen = args.coverage.then(|| Coverage::of(&outcomes, &book));
    if let (Some(seen), Some(flow)) = (&mut seen, &args.flow) {
        seen.keep(flow);
    }
    if args.json {
        match &seen {
            Some(seen) => print!("{}", seen.json()),
            None => print!("{}", report::json(&outcomes)?),
        }
    } else {
        if args.trace {
            for outcome in &outcomes {
                println!("{}  «{}»", outcome.file, outcome.title);
                for turn in outcome.result.iter().flat_map(|played| &played.turns) {
                    print!("{}", report::trace(turn));
                }
            }
        }
        if let Some(seen) = &seen {
            print!("{}", seen.text());
        }
        print!("{}", report::text(&outcomes, &options(args.core, args.flows.as_deref())));
    }
    let below = seen.zip(args.floor).map(|(seen, floor)| seen.below(floor)).unwrap_or_default();
    if let (false, Some(floor)) = (below.is_empty(), args.floor) {
        eprintln!("less than {floor} % of the flows was seen: {}", below.join(", "));
    }
    let passed = below.is_empty() && outcomes.iter().all(Outcome::passed);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The options that say what is played, for the command that plays it again.
fn options(core: bool, flows: Option<&Path>) -> String {
    let flows = flows.map(|folder| format!(" --flows {}", folder.display())).unwrap_or_default();
    format!("{}{flows}", if core { " --core" } else { "" })
}

/// Where fixtures are played: on the pipeline with a database each, or without one.
struct Ground<'a> {
    flows: Flows<'a>,
    cluster: Option<&'static Cluster>,
}

impl Ground<'_> {
    /// Plays them, several at once, and answers in their order; a bar shows how far it is, on a terminal only.
    async fn play(&self, paths: &[PathBuf], extent: Extent) -> Vec<Outcome> {
        let bar = ProgressBar::new(paths.len() as u64);
        let outcomes = match self.cluster {
            None => folder::play_all(paths, self.flows, extent, || bar.inc(1)),
            Some(cluster) => {
                let all = paths.iter().map(|path| pipeline::play(cluster, path, self.flows.sources, extent));
                let all = stream::iter(all).buffered(AT_ONCE);
                all.inspect(|_| bar.inc(1)).collect().await
            }
        };
        bar.finish_and_clear();
        outcomes
    }
}

/// A private server that lasts as long as the process.
///
/// # Errors
/// When PostgreSQL's programs cannot be found or started; says what to install.
pub(super) async fn cluster(programs: Option<&Path>) -> anyhow::Result<&'static Cluster> {
    let cluster = Cluster::start(programs)
        .await
        .context("the database for it cannot be started; with --core none is needed")?;
    Ok(Box::leak(Box::new(cluster)))
}

/// Leaves one turn; an earlier one that fails stays too, for this one may fail because of it.
fn only(outcome: &mut Outcome, number: usize) -> anyhow::Result<()> {
    let Ok(played) = &mut outcome.result else { return Ok(()) };
    let before = played.turns.iter().any(|turn| turn.number < number && !turn.differences.is_empty());
    let there = played.turns.iter().any(|turn| turn.number == number);
    anyhow::ensure!(there || before, "{} has no turn {number}", outcome.file);
    played.turns.retain(|turn| turn.number == number || !turn.differences.is_empty());
    Ok(())
}

/// Writes what happened into the files and plays them again.
async fn accept_all(
    paths: &[PathBuf],
    outcomes: &[Outcome],
    ground: &Ground<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    for (path, outcome) in paths.iter().zip(outcomes) {
        let Ok(played) = &outcome.result else { continue };
        // of several cases the first is written down; what the others do differently still fails
        let mut lines = BTreeSet::new();
        let own = played.turns.iter().filter(|turn| turn.file.is_none());
        let firsts: Vec<&PlayedTurn> = own.clone().filter(|turn| lines.insert(turn.line)).collect();
        let disagrees = own
            .filter(|turn| !turn.differences.is_empty())
            .find(|turn| firsts.iter().any(|first| first.line == turn.line && first.differences.is_empty()));
        if let Some(turn) = disagrees {
            eprintln!(
                "{}:{}: left as it is: its cases do not agree, and the first is as expected ({})",
                path.display(),
                turn.line,
                turn.story
            );
        }
        let turns: Vec<Accepted<'_>> = firsts
            .into_iter()
            .filter(|turn| !turn.differences.is_empty())
            .map(|turn| Accepted { line: turn.line, observed: &turn.observed })
            .collect();
        if turns.is_empty() {
            continue;
        }
        let source =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let (text, left) = accept::rewrite(&source, &turns);
        let lines: Vec<String> = turns.iter().map(|turn| turn.line.to_string()).collect();
        eprintln!("{}: written anew at {}", path.display(), lines.join(", "));
        std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        for line in left {
            eprintln!("{}:{line}: write this item over several lines to have it accepted", path.display());
        }
    }
    Ok(ground.play(paths, Extent::default()).await)
}

/// The flows of a folder, or the ones built in.
///
/// # Errors
/// When they cannot be read or are not sound.
pub(super) fn book(folder: Option<&Path>) -> anyhow::Result<Book> {
    load::book(&super::flow_files(folder)?).map_err(|errors| {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the flows are not sound:\n{}", all.join("\n"))
    })
}

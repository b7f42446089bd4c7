//! `flows check`: every mistake of a folder of flows, with its place and how to mend it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{flow_files, placed};
use crate::flow::load;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Folder with flows and its `repair` subfolder; without it, the flows that come with the program
    #[arg(env = "SMARTSALUD_FLOWS")]
    dir: Option<PathBuf>,
    /// Let advice (codes that begin with W) fail the check as well
    #[arg(long)]
    strict: bool,
}

/// Prints what is wrong, or what the flows are when nothing is.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let dir = args.dir.as_deref();
    let sources = flow_files(dir)?;
    match super::read(&sources) {
        Ok(book) => {
            let advice = load::advice(&book, &sources);
            for advice in &advice {
                println!("{}\n", placed(advice, dir));
            }
            if args.strict && !advice.is_empty() {
                eprintln!("sound, but {}", counted(advice.len(), "piece of advice", "pieces of advice"));
                return Ok(ExitCode::FAILURE);
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
            let files: BTreeSet<&str> = errors.iter().map(|error| error.span.file.as_str()).collect();
            let mistakes = counted(errors.len(), "mistake", "mistakes");
            eprintln!("{mistakes} in {} of {} files", files.len(), sources.len());
            Ok(ExitCode::FAILURE)
        }
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

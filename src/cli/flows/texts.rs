//! `flows texts`: every text with its address, so that a clerk can change words without touching a step.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{flow_files, sound};
use crate::flow::wording;

/// The arguments of `flows texts`.
#[derive(Debug, Args)]
pub(super) struct TextsArgs {
    /// Only addresses that begin so: `agendar`, or `agendar.ask.hora`
    #[arg(default_value = "")]
    address: String,
    /// Folder with flows; without it, the flows that come with the program
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
}

/// Prints them as a file of texts.
///
/// # Errors
/// When the flows cannot be read or are not sound, or no address begins so.
pub(super) fn run(args: &TextsArgs) -> anyhow::Result<ExitCode> {
    let sources = flow_files(args.flows.as_deref())?;
    let book = sound(&sources, args.flows.as_deref())?;
    let known = wording::addresses(&book);
    let asked = known.iter().filter(|(address, _)| address.starts_with(&args.address));
    let asked: Vec<_> = asked.collect();
    anyhow::ensure!(!asked.is_empty(), "no text has an address that begins with `{}`", args.address);
    println!("# Save it in textos/, keep the lines you want to change, and change what is in quotes.");
    println!("texts:");
    for (address, text) in asked {
        match text {
            // a JSON text is a YAML text
            Some(text) => println!("  {address}: {}", serde_json::to_string(text)?),
            None => println!("  # {address}: nothing is said here so far"),
        }
    }
    Ok(ExitCode::SUCCESS)
}

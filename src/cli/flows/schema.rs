//! `flows schema`: the JSON Schema of flow files, for editors.

use std::process::ExitCode;

use crate::flow::schema;

/// Prints it.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&schema::schema())?);
    Ok(ExitCode::SUCCESS)
}

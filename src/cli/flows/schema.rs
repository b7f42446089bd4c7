//! `flows schema`: the JSON Schema of flow files, for editors.

use crate::flow::schema;

/// Prints it.
pub(super) fn run() -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(&schema::schema())?);
    Ok(())
}

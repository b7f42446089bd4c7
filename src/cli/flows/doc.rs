//! `flows doc`: the reference of the language, as `flows/LENGUAJE.md` must stand.

use std::process::ExitCode;

use crate::flow::guide;

/// Prints it.
pub(super) fn run() -> ExitCode {
    print!("{}", guide::guide());
    ExitCode::SUCCESS
}

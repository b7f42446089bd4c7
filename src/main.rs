//! The `smartsalud` command; see [`smartsalud::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    smartsalud::cli::main()
}

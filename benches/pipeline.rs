//! Messages a second, end to end, as a ratio to the bare statements of the same turns, statement by statement.
//!
//! `cargo bench --bench pipeline [-- --chats N --at-once N …]`: `smartsalud bench end-to-end` at the size of a whole
//! centre, with what each statement cost.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // cargo adds `--bench` of its own
    let given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
    bench.args(["bench", "end-to-end", "--full", "--statements"]).args(given);
    match bench.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("smartsalud could not be run: {error}");
            ExitCode::FAILURE
        }
    }
}

//! One search of free hours on the map, as a ratio to the same search in plain SQL in the same run.
//!
//! `cargo bench --bench search [-- --explain …]`: `smartsalud bench search cold-map` for a whole centre and for one ten
//! times as large. `--explain` prints the plan of the SQL search.

use std::process::{Command, ExitCode};

/// Professionals and patients.
const CENTERS: [(&str, &str); 2] = [("200", "20000"), ("2000", "100000")];

fn main() -> ExitCode {
    // cargo adds `--bench` of its own
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    for (doctors, patients) in CENTERS {
        let mut bench = Command::new(env!("CARGO_BIN_EXE_smartsalud"));
        bench.args(["bench", "search", "cold-map", "--doctors", doctors, "--patients", patients]);
        match bench.args(&given).status() {
            Ok(status) if status.success() => {}
            Ok(_) => return ExitCode::FAILURE,
            Err(error) => {
                eprintln!("smartsalud could not be run: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

//! Tables of what is heard in what was written: one message a line, `expected | message`, sections in `[brackets]`,
//! what is on the screen in lines that start with `>`. A table is judged whole: every line that fails is shown.

use std::fmt::Write as _;

/// A line of a table.
#[derive(Clone)]
pub struct Line {
    /// The section it stands in.
    pub section: String,
    /// What must be heard.
    pub expected: String,
    /// What was written.
    pub message: String,
    /// Its place in the file.
    pub number: usize,
}

/// A table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its messages.
    pub lines: Vec<Line>,
    /// What is on the screen, by section.
    pub screens: Vec<(String, String)>,
}

impl Table {
    /// Reads `tests/understanding/{name}.txt`.
    pub fn read(name: &'static str) -> Self {
        let path = format!("tests/understanding/{name}.txt");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (mut section, mut lines, mut screens) = (String::new(), Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.to_owned();
            } else if let Some(row) = line.strip_prefix("> ") {
                screens.push((section.clone(), row.to_owned()));
            } else {
                let (expected, message) =
                    line.split_once(" | ").unwrap_or_else(|| panic!("{path}:{}: no ` | `", at + 1));
                let (expected, message) = (expected.trim().to_owned(), message.to_owned());
                lines.push(Line { section: section.clone(), expected, message, number: at + 1 });
            }
        }
        assert!(!lines.is_empty(), "{path} is empty");
        Self { name, lines, screens }
    }

    /// Hears every line and fails with all that are heard otherwise. `hear` answers what is wrong, if anything is.
    pub fn judge(&self, hear: impl Fn(&Line) -> Result<(), String>) {
        let mut failures = String::new();
        let mut count = 0;
        for line in &self.lines {
            if let Err(got) = hear(line) {
                count += 1;
                let Line { section, expected, message, number } = line;
                let section = if section.is_empty() { String::new() } else { format!(" [{section}]") };
                let _ = writeln!(
                    failures,
                    "{number:4}{section} «{message}»\n       expected {expected}\n       got      {got}"
                );
            }
        }
        let all = self.lines.len();
        assert!(count == 0, "{}.txt: {count} of {all} lines are heard otherwise\n{failures}", self.name);
    }
}

impl Line {
    /// Right when one of the readings that the line allows is the one that was got.
    pub fn allows(&self, got: &str) -> Result<(), String> {
        if self.expected.split('/').any(|reading| reading == got) { Ok(()) } else { Err(got.to_owned()) }
    }
}

//! One table, read cell by cell, with every complaint kept beside the row and column it is about.
//!
//! CSV as clinics have it: with or without the byte-order mark that Excel writes, separated by commas or, as a
//! Chilean Excel does, by semicolons. Sheets of a workbook come by [`workbook`](super::workbook).

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// A cell that cannot be taken, as `file:row:column: message`. Rows count from 1, the header included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadRow {
    /// The file's name; of a workbook with its sheet, as in `centro.xlsx#doctors`.
    pub file: Cow<'static, str>,
    /// The line of the file.
    pub row: u64,
    /// The column's name; empty when it is about the whole row.
    pub column: String,
    /// What is wrong and how to mend it. Never a patient's data.
    pub message: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.row, self.column, self.message)
    }
}

/// One row, with its place in the file.
#[derive(Debug)]
pub(super) struct Placed<T> {
    pub(super) row: u64,
    pub(super) value: T,
}

/// The cells of one row, and the complaints about them.
pub(super) struct Cells<'a> {
    file: &'static str,
    row: u64,
    columns: &'a HashMap<String, usize>,
    record: &'a csv::StringRecord,
    bad: &'a mut Vec<BadRow>,
}

impl Cells<'_> {
    fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|index| self.record.get(*index)).unwrap_or("").trim()
    }

    fn complain(&mut self, column: &str, message: String) {
        self.bad.push(BadRow {
            file: Cow::Borrowed(self.file),
            row: self.row,
            column: column.to_owned(),
            message,
        });
    }

    /// A cell that may be empty.
    pub(super) fn optional<T>(
        &mut self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        match parse(text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.complain(column, message);
                None
            }
        }
    }

    /// A cell that must be filled.
    pub(super) fn required<T>(
        &mut self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.text(column).is_empty() {
            self.complain(column, "is empty; it must be filled".to_owned());
            return None;
        }
        self.optional(column, parse)
    }

    /// A cell with a value of its own when empty.
    pub(super) fn or<T>(
        &mut self,
        column: &str,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.text(column).is_empty() { Some(default) } else { self.optional(column, parse) }
    }

    /// A list separated by `|`.
    pub(super) fn list<T>(&mut self, column: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let parts: Vec<String> = self.text(column).split('|').map(|part| part.trim().to_owned()).collect();
        let mut values = Vec::new();
        for part in parts.iter().filter(|part| !part.is_empty()) {
            match parse(part) {
                Ok(value) => values.push(value),
                Err(message) => self.complain(column, message),
            }
        }
        values
    }

    /// Complains about a relation between cells.
    pub(super) fn must(&mut self, column: &str, holds: bool, message: &str) -> Option<()> {
        if !holds {
            self.complain(column, message.to_owned());
        }
        holds.then_some(())
    }
}

/// The columns of a file: those it must have, and those it may.
pub(super) struct Columns {
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
}

/// A table as text, whatever it was kept in.
pub(super) struct Table {
    pub(super) header: Vec<String>,
    /// Each with its place, counted from 1, the header included.
    pub(super) rows: Vec<(u64, csv::StringRecord)>,
}

/// Takes a CSV file apart. None when nothing of it can be read.
pub(super) fn of_csv(file: &'static str, bytes: &[u8], bad: &mut Vec<BadRow>) -> Option<Table> {
    let complaint =
        |row, message: String| BadRow { file: Cow::Borrowed(file), row, column: String::new(), message };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
            bad.push(complaint(line, "the file is not UTF-8; save it as \"CSV UTF-8\"".to_owned()));
            return None;
        }
    };
    let header = text.lines().next().unwrap_or("");
    let separator = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(true).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(names) => names.iter().map(|name| name.trim().to_lowercase()).collect(),
        Err(error) => {
            bad.push(complaint(1, format!("the header cannot be read: {error}")));
            return None;
        }
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => rows.push((record.position().map_or(0, csv::Position::line), record)),
            Err(error) => {
                bad.push(complaint(error.position().map_or(0, csv::Position::line), shape(&error)));
            }
        }
    }
    Some(Table { header, rows })
}

/// Reads every row; a row with a complaint is left out.
pub(super) fn read<T>(
    file: &'static str,
    table: &Table,
    columns: &Columns,
    bad: &mut Vec<BadRow>,
    mut row: impl FnMut(&mut Cells<'_>) -> Option<T>,
) -> Vec<Placed<T>> {
    let complaint = |column: &str, message: String| BadRow {
        file: Cow::Borrowed(file),
        row: 1,
        column: column.to_owned(),
        message,
    };
    let before = bad.len();
    for name in table.header.iter().filter(|name| {
        !columns.required.contains(&name.as_str()) && !columns.optional.contains(&name.as_str())
    }) {
        let known: Vec<&str> = columns.required.iter().chain(columns.optional).copied().collect();
        bad.push(complaint(name, format!("there is no such column; the columns are {}", known.join(", "))));
    }
    for name in columns.required.iter().filter(|name| !table.header.iter().any(|have| have == *name)) {
        bad.push(complaint(name, "the column is missing".to_owned()));
    }
    if bad.len() > before {
        return Vec::new();
    }
    let places: HashMap<String, usize> =
        table.header.iter().cloned().enumerate().map(|(index, name)| (name, index)).collect();
    let mut rows = Vec::new();
    for (line, record) in &table.rows {
        let before = bad.len();
        let mut cells = Cells { file, row: *line, columns: &places, record, bad };
        if let Some(value) = row(&mut cells).filter(|_| bad.len() == before) {
            rows.push(Placed { row: *line, value });
        }
    }
    rows
}

fn shape(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!(
                "the row has {len} cells and the header {expected_len}; put quotes around a text with a separator in it"
            )
        }
        _ => "the row cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { required: &["code", "minutes"], optional: &["words"] };

    fn rows(bytes: &[u8]) -> (Vec<(String, u16)>, Vec<String>) {
        let mut bad = Vec::new();
        let table = of_csv("types.csv", bytes, &mut bad).unwrap_or(Table { header: vec![], rows: vec![] });
        if table.header.is_empty() {
            return (Vec::new(), bad.iter().map(ToString::to_string).collect());
        }
        let read = read("types.csv", &table, &COLUMNS, &mut bad, |cells| {
            let code = cells.required("code", |text| Ok(text.to_owned()));
            let minutes = cells.required("minutes", |text| {
                text.parse().map_err(|_| "is not a number of minutes".to_owned())
            });
            Some((code?, minutes?))
        });
        (read.into_iter().map(|placed| placed.value).collect(), bad.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_file_as_a_chilean_excel_saves_it_is_read() {
        let (read, bad) = rows("\u{feff}code;minutes\r\nmatrona;20\r\n\"a;b\";30\r\n".as_bytes());
        assert_eq!(read, [("matrona".to_owned(), 20), ("a;b".to_owned(), 30)]);
        assert!(bad.is_empty(), "{bad:?}");
    }

    #[test]
    fn every_bad_cell_is_named_with_its_row_and_column() {
        let (read, bad) = rows(b"code,minutes\nmatrona,veinte\n,20\nx,1\ny,1,2\n");
        assert_eq!(read, [("x".to_owned(), 1)]);
        assert_eq!(
            bad,
            [
                "types.csv:5:: the row has 3 cells and the header 2; put quotes around a text with a separator in it",
                "types.csv:2:minutes: is not a number of minutes",
                "types.csv:3:code: is empty; it must be filled",
            ]
        );
    }

    #[test]
    fn a_misspelt_column_is_not_taken_for_an_absent_one() {
        let (_, bad) = rows(b"code,minute\nmatrona,20\n");
        assert_eq!(
            bad,
            [
                "types.csv:1:minute: there is no such column; the columns are code, minutes, words",
                "types.csv:1:minutes: the column is missing"
            ]
        );
        let (_, bad) = rows(b"code,minutes\nse\xf1ora,20\n");
        assert_eq!(bad, ["types.csv:2:: the file is not UTF-8; save it as \"CSV UTF-8\""]);
    }
}

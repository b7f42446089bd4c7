//! The import files as sheets of one workbook (.xlsx), as a spreadsheet program writes them.
//!
//! Guarantee: a cell means what its like in a CSV file means, whatever it is formatted as: dates and hours that the
//! program keeps as numbers become days and hours again, and a RUN or a phone kept as a number loses no digit. Sheets
//! that nobody asked for are not passed over in silence: a misspelt name would be half an import.

use std::io::Cursor;

use calamine::{Data, DataType, Range, Reader, Xlsx, XlsxError};
use chrono::{NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::rows::FILES;
use super::sheet::{BadRow, Table};

/// The tables of a workbook, by the names of the import files.
pub(super) fn tables(bytes: Vec<u8>, bad: &mut Vec<BadRow>) -> Result<Vec<(&'static str, Table)>, XlsxError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let mut tables = Vec::new();
    for name in book.sheet_names() {
        let cells = book.worksheet_range(&name)?;
        let known = FILES.iter().find(|file| file.trim_end_matches(".csv").eq_ignore_ascii_case(name.trim()));
        match known {
            Some(file) => tables.push((*file, table(file, &cells, bad))),
            // notes for whoever fills it in
            None if name.starts_with('_') || cells.is_empty() => {}
            None => {
                let sheets: Vec<&str> = FILES.iter().map(|file| file.trim_end_matches(".csv")).collect();
                let message = format!(
                    "there is no such sheet; the sheets are {}, and those that begin with _ are notes",
                    sheets.join(", ")
                );
                bad.push(BadRow { file: name.into(), row: 1, column: String::new(), message });
            }
        }
    }
    Ok(tables)
}

fn table(file: &'static str, cells: &Range<Data>, bad: &mut Vec<BadRow>) -> Table {
    let first = cells.start().map_or(0, |(row, _)| u64::from(row));
    let mut complain = |row: u64, column: &str, message: &str| {
        let message = message.to_owned();
        bad.push(BadRow { file: file.into(), row, column: column.to_owned(), message });
    };
    let mut rows = cells.rows().zip(first + 1..);
    let header: Vec<String> = rows
        .next()
        .map(|(cells, _)| {
            cells.iter().map(|cell| text(cell).unwrap_or_default().trim().to_lowercase()).collect()
        })
        .unwrap_or_default();
    let mut found = Vec::new();
    for (cells, line) in rows {
        let mut record = csv::StringRecord::new();
        let mut filled = false;
        for (cell, column) in cells.iter().zip(&header) {
            let value = text(cell).unwrap_or_else(|| {
                complain(line, column, "holds an error of the spreadsheet (#N/A, #REF!, …)");
                String::new()
            });
            filled |= !value.trim().is_empty();
            if !column.is_empty() {
                record.push_field(&value);
            } else if !value.trim().is_empty() {
                complain(line, "", "the row has a cell in a column without a name");
            }
        }
        if filled {
            found.push((line, record));
        }
    }
    Table { header: header.into_iter().filter(|name| !name.is_empty()).collect(), rows: found }
}

/// What a cell says, as a CSV file would have it. None for an error of the spreadsheet.
fn text(cell: &Data) -> Option<String> {
    Some(match cell {
        Data::Empty => String::new(),
        Data::Int(number) => number.to_string(),
        // a whole number prints without a point, and with all its digits
        Data::Float(number) => number.to_string(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(moment) if moment.as_f64() < 1.0 => {
            // an hour alone is a part of day zero
            let of_day = (moment.as_f64() * 86_400.0).round().clamp(0.0, 86_399.0);
            let seconds = TimeDelta::seconds(of_day as i64);
            (NaiveTime::MIN + seconds).format("%H:%M").to_string()
        }
        Data::DateTime(_) => cell.as_datetime().map(moment)?,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(_) => return None,
    })
}

/// A day, or a day and hour; what a spreadsheet reckons in parts of a day is rounded to the minute.
fn moment(at: NaiveDateTime) -> String {
    let at = at + TimeDelta::seconds(30);
    let at = at.with_second(0).and_then(|at| at.with_nanosecond(0)).unwrap_or(at);
    let format = if at.time() == NaiveTime::MIN { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M" };
    at.format(format).to_string()
}

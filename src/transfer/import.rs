//! Loading a centre from its CSV files, or from one workbook with the same tables as sheets.
//!
//! All or nothing: every bad cell of every file is reported, and nothing is written while there is one. A
//! second run of the same files changes nothing. The agenda may be in use meanwhile: days that close are
//! locked as bookings lock them, and booked hours that no longer fit are listed for a person to move.

use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};
use sqlx::PgPool;

use super::rows::{Context, FILES, Files};
use super::sheet::{self, BadRow, Table};
use super::store::{self, Tally};
use super::workbook;
use crate::id::AppointmentId;
use crate::scheduling::store::closing;

/// How to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// Check everything and write nothing.
    pub dry_run: bool,
    /// The centre of rows that name none; rows of another are refused.
    pub center: Option<String>,
    /// The centre's day today.
    pub today: NaiveDate,
}

/// What an import did (or, dry, would do).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// For each file that was there: its name, its rows, how many were new, how many were changed.
    pub files: Vec<(&'static str, usize, u64, u64)>,
    /// Booked hours that the agenda no longer covers: a person must find them another.
    pub misfits: Vec<AppointmentId>,
}

impl Report {
    /// Whether anything was written.
    pub fn changed(&self) -> bool {
        self.files.iter().any(|(.., added, changed)| added + changed > 0)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (file, rows, added, changed) in &self.files {
            writeln!(f, "{file:<24} {rows:>7} rows {added:>7} new {changed:>7} changed")?;
        }
        if !self.misfits.is_empty() {
            let ids: Vec<String> = self.misfits.iter().map(ToString::to_string).collect();
            writeln!(
                f,
                "{} booked hours no longer fit the agenda; find them another: appointments {}",
                ids.len(),
                ids.join(", ")
            )?;
        }
        Ok(())
    }
}

/// An import did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The files have mistakes; nothing was written.
    #[error("{}", complaints(.0))]
    Bad(Vec<BadRow>),
    /// There is nothing to import.
    #[error("{dir} has none of the import files ({}), nor a workbook (.xlsx) with those sheets", FILES.join(", "))]
    Empty {
        /// Where they were looked for.
        dir: PathBuf,
    },
    /// There is more than one thing to import.
    #[error("{dir} has a workbook beside other files to import; name the one that is meant")]
    Several {
        /// Where.
        dir: PathBuf,
    },
    /// A workbook could not be read.
    #[error("{path} is not a workbook that can be read; save it as .xlsx, without a password")]
    Workbook {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<calamine::XlsxError>,
    },
    /// A file could not be read.
    #[error("could not read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database failed; nothing was written.
    #[error("the database failed during the import; nothing was written")]
    Store(#[from] sqlx::Error),
}

fn complaints(bad: &[BadRow]) -> String {
    let lines: Vec<String> = bad.iter().map(ToString::to_string).collect();
    format!("{}\nnothing was imported: {} to mend", lines.join("\n"), bad.len())
}

/// Imports the files of a directory: its CSV files, or, where it has none, its one workbook. A workbook may be named
/// itself, too.
///
/// # Errors
/// When a cell is wrong, the directory cannot be read, or the database fails; nothing is written then.
pub async fn import_dir(pool: &PgPool, dir: &Path, options: &Options) -> Result<Report, ImportError> {
    if is_workbook(dir) {
        return import_workbook(pool, dir, options).await;
    }
    let mut found = Vec::new();
    for file in FILES {
        let path = dir.join(file);
        match tokio::fs::read(&path).await {
            Ok(bytes) => found.push((file, bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(ImportError::File { path, source }),
        }
    }
    match (&workbooks(dir).await?[..], found.is_empty()) {
        ([], true) => return Err(ImportError::Empty { dir: dir.to_owned() }),
        ([only], true) => return import_workbook(pool, only, options).await,
        ([], false) => {}
        // nobody can say which of them is the centre
        ([..], _) => return Err(ImportError::Several { dir: dir.to_owned() }),
    }
    let borrowed: Vec<(&'static str, &[u8])> =
        found.iter().map(|(file, bytes)| (*file, bytes.as_slice())).collect();
    import_bytes(pool, &borrowed, options).await
}

fn is_workbook(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"))
}

/// The workbooks of a directory, without the ones that a spreadsheet program keeps while a file is open.
async fn workbooks(dir: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let failed = |source| ImportError::File { path: dir.to_owned(), source };
    let mut entries = tokio::fs::read_dir(dir).await.map_err(failed)?;
    let mut found = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(failed)? {
        let name = entry.file_name();
        if is_workbook(&entry.path()) && !name.to_string_lossy().starts_with("~$") {
            found.push(entry.path());
        }
    }
    Ok(found)
}

async fn import_workbook(pool: &PgPool, path: &Path, options: &Options) -> Result<Report, ImportError> {
    let bytes = tokio::fs::read(path).await;
    let bytes = bytes.map_err(|source| ImportError::File { path: path.to_owned(), source })?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut bad = Vec::new();
    let tables = workbook::tables(bytes, &mut bad)
        .map_err(|source| ImportError::Workbook { path: path.to_owned(), source: Box::new(source) })?;
    if tables.is_empty() && bad.is_empty() {
        return Err(ImportError::Empty { dir: path.to_owned() });
    }
    import_tables(pool, tables, bad, options).await.map_err(|error| match error {
        ImportError::Bad(bad) => {
            let of_sheet = |row: BadRow| {
                let sheet = row.file.trim_end_matches(".csv");
                BadRow { file: format!("{name}#{sheet}").into(), ..row }
            };
            ImportError::Bad(bad.into_iter().map(of_sheet).collect())
        }
        other => other,
    })
}

/// Imports files that are in memory, by name.
///
/// # Errors
/// When a cell is wrong or the database fails; nothing is written then.
pub async fn import_bytes(
    pool: &PgPool,
    found: &[(&'static str, &[u8])],
    options: &Options,
) -> Result<Report, ImportError> {
    let mut bad = Vec::new();
    let tables =
        found.iter().filter_map(|(file, bytes)| Some((*file, sheet::of_csv(file, bytes, &mut bad)?)));
    let tables = tables.collect();
    import_tables(pool, tables, bad, options).await
}

async fn import_tables(
    pool: &PgPool,
    tables: Vec<(&'static str, Table)>,
    mut bad: Vec<BadRow>,
    options: &Options,
) -> Result<Report, ImportError> {
    let mut files = Files::default();
    let context = Context { center: options.center.as_deref(), today: options.today };
    for (file, table) in &tables {
        files.parse(file, table, context, &mut bad);
    }
    // what the database has to say is asked for as well, so that one run shows every mistake
    let mut tx = pool.begin().await?;
    let (tallies, misfits) = write(&mut tx, &files, options.today, &mut bad).await?;
    if !bad.is_empty() {
        tx.rollback().await?;
        bad.sort_by_key(|row| (FILES.iter().position(|file| *file == row.file), row.row));
        return Err(ImportError::Bad(bad));
    }
    if options.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    let sizes = [
        files.centers.len(),
        files.doctors.len(),
        files.types.len(),
        files.schedules.len(),
        files.patients.len(),
        files.absences.len(),
        files.exceptions.len(),
        files.holidays.len(),
        files.appointments.len(),
    ];
    let report = FILES.into_iter().zip(sizes).zip(tallies);
    let files = report
        .filter(|((file, _), _)| tables.iter().any(|(name, _)| name == file))
        .map(|((file, rows), tally)| (file, rows, tally.added, tally.changed))
        .collect();
    Ok(Report { files, misfits })
}

async fn write(
    tx: &mut sqlx::PgConnection,
    files: &Files,
    today: NaiveDate,
    bad: &mut Vec<BadRow>,
) -> Result<([Tally; 9], Vec<AppointmentId>), ImportError> {
    let centers = store::centers(tx, &files.centers).await?;
    let doctors = store::doctors(tx, &files.doctors, bad).await?;
    let types = store::types(tx, &files.types, bad).await?;
    closing::ensure_holidays(tx, today.year()..=today.year() + 2).await?;
    let (schedules, mut misfits) = store::agenda::schedules(tx, &files.schedules, today, bad).await?;
    let patients = store::people::patients(tx, &files.patients, bad).await?;
    let (absences, more) = store::agenda::absences(tx, &files.absences, today, bad).await?;
    misfits.extend(more);
    let (exceptions, more) = store::agenda::exceptions(tx, &files.exceptions, today, bad).await?;
    misfits.extend(more);
    // behind the schedules: who attends decides whom a holiday closes
    let (holidays, more) = store::agenda::holidays(tx, &files.holidays, today).await?;
    misfits.extend(more);
    misfits.sort_unstable();
    misfits.dedup();
    let appointments = store::people::appointments(tx, &files.appointments, bad).await?;
    let tallies =
        [centers, doctors, types, schedules, patients, absences, exceptions, holidays, appointments];
    Ok((tallies, misfits))
}

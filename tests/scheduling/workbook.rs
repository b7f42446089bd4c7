//! A centre as one workbook, written as a spreadsheet program writes it.

use std::path::PathBuf;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use smartsalud::transfer::{ImportError, Options, Report, import_dir};
use sqlx::PgPool;

use crate::world::{database, drop_database};

/// Writes a table; what looks like a day, an hour, both, or a number is kept as a spreadsheet keeps it.
fn fill(sheet: &mut Worksheet, rows: &[&[&str]]) {
    for (row, cells) in (0u32..).zip(rows) {
        for (column, cell) in (0u16..).zip(*cells) {
            let as_moment = |format: &str| Format::new().set_num_format(format);
            let (day, hour) = (cell.parse::<NaiveDate>(), NaiveTime::parse_from_str(cell, "%H:%M"));
            let both = NaiveDateTime::parse_from_str(cell, "%Y-%m-%d %H:%M");
            let excel = |text: &str| ExcelDateTime::parse_from_str(text).unwrap();
            let written = if row == 0 {
                sheet.write_string(row, column, *cell)
            } else if day.is_ok() {
                sheet.write_datetime_with_format(row, column, excel(cell), &as_moment("dd-mm-yyyy"))
            } else if hour.is_ok() {
                sheet.write_datetime_with_format(row, column, excel(cell), &as_moment("hh:mm"))
            } else if both.is_ok() {
                sheet.write_datetime_with_format(row, column, excel(cell), &as_moment("dd-mm-yyyy hh:mm"))
            } else if let Ok(number) = cell.parse::<f64>() {
                sheet.write_number(row, column, number)
            } else {
                sheet.write_string(row, column, *cell)
            };
            written.unwrap();
        }
    }
}

fn book(sheets: &[(&str, &[&[&str]])]) -> Workbook {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        fill(book.add_worksheet().set_name(*name).unwrap(), rows);
    }
    book
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smartsalud-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn save(&self, mut book: Workbook) {
        book.save(self.0.join("centro.xlsx")).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

async fn import(pool: &PgPool, from: &std::path::Path) -> Result<Report, ImportError> {
    let options = Options { dry_run: false, center: None, today: "2026-11-25".parse().unwrap() };
    import_dir(pool, from, &options).await
}

const CENTERS: (&str, &[&[&str]]) =
    ("centers", &[&["code", "name", "tz"], &["norte", "CESFAM Norte", "America/Santiago"]]);
const TYPES: (&str, &[&[&str]]) = (
    "appointment_types",
    &[
        &["center", "code", "name", "patient_words", "duration_min"],
        &["norte", "matrona", "Matrona", "matrona|PAP", "20"],
    ],
);
const DOCTORS: (&str, &[&[&str]]) =
    ("Doctors", &[&["center", "code", "full_name", "profession"], &["norte", "soto", "Ana Soto", "matrona"]]);
const SCHEDULES: (&str, &[&[&str]]) = (
    "doctor_schedules",
    &[
        &[
            "center",
            "doctor",
            "day_of_week",
            "start_time",
            "end_time",
            "slot_minutes",
            "appointment_type",
            "valid_from",
            "duration_min",
        ],
        &["norte", "soto", "3", "09:00", "13:20", "20", "matrona", "2026-01-01", "25"],
    ],
);
const PATIENTS: (&str, &[&[&str]]) = (
    "patients",
    &[
        &["center", "run", "full_name", "birth_date", "phones"],
        &["norte", "12.345.678-5", "Luz Pino", "1950-01-31", "56911112222"],
        &["", "", "", "", ""],
        &["norte", "10000013-K", "Eva Díaz", "1980-12-01", "+56911113333|+56911114444"],
    ],
);
const EXCEPTIONS: (&str, &[&[&str]]) = (
    "schedule_exceptions",
    &[
        &[
            "center",
            "doctor",
            "day",
            "kind",
            "start_time",
            "end_time",
            "slot_minutes",
            "appointment_type",
            "reason",
        ],
        &["norte", "soto", "2026-12-05", "open", "09:00", "12:00", "30", "matrona", "operativo PAP"],
        &["norte", "", "2026-12-02", "closed", "11:00", "", "", "", "reunión"],
    ],
);
const HOLIDAYS: (&str, &[&[&str]]) = (
    "holidays",
    &[&["day", "name", "scope", "half_day_until"], &["2026-12-31", "Tarde libre", "norte", "12:00"]],
);
const APPOINTMENTS: (&str, &[&[&str]]) = (
    "appointments",
    &[
        &["center", "doctor", "patient_run", "appointment_type", "start", "status"],
        &["norte", "soto", "12345678-5", "matrona", "2026-12-02 09:20", "CONFIRMED"],
    ],
);
const NOTES: (&str, &[&[&str]]) = ("_léeme", &[&["Llenar una fila por persona"]]);

#[tokio::test]
async fn a_workbook_is_a_centre_and_twice_is_once() {
    let (pool, name) = database(4).await;
    let folder = Folder::new("workbook");
    folder.save(book(&[
        NOTES,
        APPOINTMENTS,
        CENTERS,
        DOCTORS,
        TYPES,
        SCHEDULES,
        PATIENTS,
        EXCEPTIONS,
        HOLIDAYS,
    ]));
    std::fs::write(folder.0.join("~$centro.xlsx"), b"open in a spreadsheet program").unwrap();
    let report = import(&pool, &folder.0).await.unwrap();
    let rows: Vec<_> = report.files.iter().map(|(file, rows, added, _)| (*file, *rows, *added)).collect();
    assert_eq!(
        rows,
        [
            ("centers.csv", 1, 1),
            ("doctors.csv", 1, 1),
            ("appointment_types.csv", 1, 1),
            ("doctor_schedules.csv", 1, 1),
            ("patients.csv", 2, 2),
            ("schedule_exceptions.csv", 2, 2),
            ("holidays.csv", 1, 1),
            ("appointments.csv", 1, 1),
        ]
    );
    let said: String = sqlx::query_scalar(
        "select concat_ws(' ', s.start_time, s.end_time, s.slot_minutes, s.duration_min, s.valid, p.birth_date, p.run_num, f.phone_e164, h.half_day_until, a.start_local, a.appointment_date,
                          (select string_agg(concat_ws('/', e.kind, e.start_time, e.end_time), ' ' order by e.day) from schedule_exceptions e))
           from doctor_schedules s, patients p, patient_phones f, holidays h, appointments a
          where p.full_name = 'Luz Pino' and f.patient_id = p.id and h.name = 'Tarde libre'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(
        said,
        "09:00:00 13:20:00 20 25 [2026-01-01,) 1950-01-31 12345678 +56911112222 12:00:00 09:20:00 2026-12-02 CLOSED/11:00:00/24:00:00 OPEN/09:00:00/12:00:00"
    );
    assert!(
        !import(&pool, &folder.0.join("centro.xlsx")).await.unwrap().changed(),
        "named itself, and again"
    );
    std::fs::write(folder.0.join("centers.csv"), "code,name,tz\n").unwrap();
    assert!(matches!(import(&pool, &folder.0).await, Err(ImportError::Several { .. })), "which is meant?");
    drop_database(pool, &name).await;
}

#[tokio::test]
async fn every_bad_cell_of_a_workbook_is_named_with_its_sheet() {
    let (pool, name) = database(4).await;
    let folder = Folder::new("bad-workbook");
    let mut bad = book(&[
        CENTERS,
        DOCTORS,
        (
            "patients",
            &[&["center", "run", "full_name", "birth_date"], &["norte", "12345678-4", "X", "1950-01-01"]],
        ),
        ("paciente", &[&["run"], &["1-9"]]),
        (
            "schedule_exceptions",
            &[
                &["center", "doctor", "day", "kind", "start_time", "end_time", "reason"],
                &["norte", "soto", "2026-12-05", "abre", "09:00", "12:00", "x"],
                &["norte", "", "2026-12-05", "open", "09:00", "12:00", "x"],
                &["norte", "perez", "2026-12-05", "closed", "12:00", "09:00", "x"],
            ],
        ),
    ]);
    let formula = rust_xlsxwriter::Formula::new("=1/0").set_result("#DIV/0!");
    bad.worksheet_from_name("Doctors").unwrap().write_formula(2, 1, formula).unwrap();
    folder.save(bad);
    let Err(ImportError::Bad(found)) = import(&pool, &folder.0).await else {
        panic!("it is full of mistakes")
    };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    for expected in [
        "centro.xlsx#patients:2:run: the check digit of this RUT is wrong",
        "centro.xlsx#paciente:1:: there is no such sheet; the sheets are centers, doctors,",
        "centro.xlsx#schedule_exceptions:2:kind: is neither open nor closed",
        "centro.xlsx#schedule_exceptions:3:doctor: is empty; a day is opened by a professional who attends",
        "centro.xlsx#schedule_exceptions:4:end_time: is not after start_time",
    ] {
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected} is not in {found:#?}");
    }
    assert!(found.iter().any(|line| line.starts_with("centro.xlsx#doctors:3:")), "{found:#?}");
    std::fs::write(folder.0.join("centro.xlsx"), b"not a workbook").unwrap();
    let error = import(&pool, &folder.0).await.unwrap_err();
    assert!(matches!(error, ImportError::Workbook { .. }), "{error}");
    drop_database(pool, &name).await;
}

//! What each import file says, parsed: nothing past this point has a wrong shape.
//!
//! Here is what a row is; `parsing` makes it of cells. Cells refer to one another by the centre's own codes; whether
//! those exist is the database's to say.

mod parsing;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::sheet::{BadRow, Placed, Table};
use crate::scheduling::appointment::Status;
use crate::value::{Phone, Rut};

pub(super) const CENTERS: &str = "centers.csv";
pub(super) const DOCTORS: &str = "doctors.csv";
pub(super) const TYPES: &str = "appointment_types.csv";
pub(super) const SCHEDULES: &str = "doctor_schedules.csv";
pub(super) const PATIENTS: &str = "patients.csv";
pub(super) const ABSENCES: &str = "absences.csv";
pub(super) const EXCEPTIONS: &str = "schedule_exceptions.csv";
pub(super) const HOLIDAYS: &str = "holidays.csv";
pub(super) const APPOINTMENTS: &str = "appointments.csv";
/// Every file, in the order in which they depend on one another.
pub(super) const FILES: [&str; 9] =
    [CENTERS, DOCTORS, TYPES, SCHEDULES, PATIENTS, ABSENCES, EXCEPTIONS, HOLIDAYS, APPOINTMENTS];

#[derive(Debug)]
pub(super) struct Center {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) tz: String,
    pub(super) phone_number_id: Option<String>,
    pub(super) address: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) region: Option<String>,
}

#[derive(Debug)]
pub(super) struct Doctor {
    pub(super) center: String,
    pub(super) code: String,
    pub(super) full_name: String,
    pub(super) profession: String,
    pub(super) sector: Option<String>,
}

#[derive(Debug)]
pub(super) struct Type {
    pub(super) center: String,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) patient_words: Vec<String>,
    pub(super) duration_min: i32,
    pub(super) buffer_after_min: i32,
    pub(super) min_notice_min: i32,
    pub(super) max_horizon_days: i32,
    pub(super) bookable: bool,
}

#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) center: String,
    pub(super) doctor: String,
    pub(super) day_of_week: i16,
    pub(super) start: NaiveTime,
    pub(super) end: NaiveTime,
    pub(super) slot_minutes: i32,
    pub(super) appointment_type: String,
    /// How long this professional's visits take; none: as long as the prestación says.
    pub(super) duration_min: Option<i32>,
    pub(super) valid_from: Option<NaiveDate>,
    /// The last day, as people write it.
    pub(super) valid_to: Option<NaiveDate>,
}

#[derive(Debug)]
pub(super) struct Patient {
    pub(super) center: String,
    pub(super) run: Rut,
    pub(super) full_name: String,
    pub(super) birth_date: NaiveDate,
    pub(super) sex: Option<String>,
    pub(super) sector: Option<String>,
    pub(super) phones: Vec<Phone>,
}

#[derive(Debug)]
pub(super) struct AbsenceRow {
    pub(super) center: String,
    pub(super) doctor: Option<String>,
    pub(super) from: NaiveDateTime,
    pub(super) until: NaiveDateTime,
    pub(super) reason: String,
}

#[derive(Debug)]
pub(super) struct ExceptionRow {
    pub(super) center: String,
    pub(super) doctor: Option<String>,
    pub(super) day: NaiveDate,
    pub(super) start: NaiveTime,
    /// None: the end of the day.
    pub(super) end: Option<NaiveTime>,
    /// None: it closes.
    pub(super) opens: Option<OpeningRow>,
    pub(super) reason: String,
}

#[derive(Debug)]
pub(super) struct OpeningRow {
    pub(super) appointment_type: String,
    pub(super) slot_minutes: i32,
    pub(super) duration_min: Option<i32>,
}

#[derive(Debug)]
pub(super) struct HolidayRow {
    pub(super) day: NaiveDate,
    pub(super) name: String,
    pub(super) scope: String,
    /// Attends until then; none: not at all.
    pub(super) half_day_until: Option<NaiveTime>,
}

#[derive(Debug)]
pub(super) struct Appointment {
    pub(super) center: String,
    pub(super) doctor: String,
    pub(super) run: Rut,
    pub(super) appointment_type: String,
    pub(super) start: NaiveDateTime,
    pub(super) status: Status,
}

/// What parsing needs to know besides the cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The centre of rows that name none; rows of another are refused.
    pub(super) center: Option<&'a str>,
    pub(super) today: NaiveDate,
}

/// All files, parsed.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) centers: Vec<Placed<Center>>,
    pub(super) doctors: Vec<Placed<Doctor>>,
    pub(super) types: Vec<Placed<Type>>,
    pub(super) schedules: Vec<Placed<Schedule>>,
    pub(super) patients: Vec<Placed<Patient>>,
    pub(super) absences: Vec<Placed<AbsenceRow>>,
    pub(super) exceptions: Vec<Placed<ExceptionRow>>,
    pub(super) holidays: Vec<Placed<HolidayRow>>,
    pub(super) appointments: Vec<Placed<Appointment>>,
}

impl Files {
    /// Parses one table, by its name.
    pub(super) fn parse(&mut self, file: &str, table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) {
        match file {
            CENTERS => self.centers = parsing::centers(table, context, bad),
            DOCTORS => self.doctors = parsing::doctors(table, context, bad),
            TYPES => self.types = parsing::types(table, context, bad),
            SCHEDULES => self.schedules = parsing::schedules(table, context, bad),
            PATIENTS => self.patients = parsing::patients(table, context, bad),
            ABSENCES => self.absences = parsing::absences(table, context, bad),
            EXCEPTIONS => self.exceptions = parsing::exceptions(table, context, bad),
            HOLIDAYS => self.holidays = parsing::holidays(table, bad),
            APPOINTMENTS => self.appointments = parsing::appointments(table, context, bad),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::of_csv;
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn rows_of_another_centre_are_refused_when_one_is_named() {
        let mut bad = Vec::new();
        let context = Context { center: Some("norte"), today: day("2026-11-25") };
        let bytes = b"center,code,full_name,profession\n,d1,Ana Soto,matrona\nsur,d2,Eva Rojas,matrona\n";
        let mut files = Files::default();
        let table = of_csv(DOCTORS, bytes, &mut bad).unwrap();
        files.parse(DOCTORS, &table, context, &mut bad);
        assert_eq!(files.doctors.len(), 1);
        assert_eq!(files.doctors[0].value.center, "norte");
        assert_eq!(
            bad[0].to_string(),
            "doctors.csv:3:center: is another centre; this import is for `norte` only"
        );
    }

    #[test]
    fn a_complaint_about_a_patient_never_quotes_them() {
        let mut bad = Vec::new();
        let context = Context { center: Some("norte"), today: day("2026-11-25") };
        let bytes =
            "run,full_name,birth_date,phones\n12.345.678-4,Ana Soto,31-02-1980,+56 9 abc\n".as_bytes();
        let table = of_csv(PATIENTS, bytes, &mut bad).unwrap();
        Files::default().parse(PATIENTS, &table, context, &mut bad);
        assert_eq!(bad.len(), 3);
        for complaint in bad {
            for secret in ["678-4", "Ana", "1980", "abc"] {
                assert!(!complaint.message.contains(secret), "{complaint}");
            }
        }
    }
}

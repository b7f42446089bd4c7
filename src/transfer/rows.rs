//! What each import file says, parsed: nothing past this point has a wrong shape.
//!
//! Cells refer to one another by the centre's own codes; whether those exist is the database's to say.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use super::cell::{date, hour, moment, run, start, text, within, yes_or_no};
use super::sheet::{BadRow, Cells, Columns, Placed, Table, read};
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
            CENTERS => self.centers = centers(table, context, bad),
            DOCTORS => self.doctors = doctors(table, context, bad),
            TYPES => self.types = types(table, context, bad),
            SCHEDULES => self.schedules = schedules(table, context, bad),
            PATIENTS => self.patients = patients(table, context, bad),
            ABSENCES => self.absences = absences(table, context, bad),
            EXCEPTIONS => self.exceptions = exceptions(table, context, bad),
            HOLIDAYS => self.holidays = holidays(table, bad),
            APPOINTMENTS => self.appointments = appointments(table, context, bad),
            _ => {}
        }
    }
}

fn centers(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Center>> {
    let columns = Columns {
        required: &["code", "name", "tz"],
        optional: &["phone_number_id", "address", "phone", "region"],
    };
    read(CENTERS, table, &columns, bad, |cells| {
        let code = cells.required("code", |text| only(context, text));
        let name = cells.required("name", text);
        let tz = cells.required("tz", |text| match text.parse::<chrono_tz::Tz>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err("is not an IANA zone, as America/Santiago, America/Punta_Arenas, America/Coyhaique, Pacific/Easter".to_owned()),
        });
        Some(Center {
            code: code?,
            name: name?,
            tz: tz?,
            phone_number_id: cells.optional("phone_number_id", text),
            address: cells.optional("address", text),
            phone: cells.optional("phone", text),
            region: cells.optional("region", text),
        })
    })
}

fn doctors(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Doctor>> {
    let columns = Columns { required: &["code", "full_name", "profession"], optional: &["center", "sector"] };
    read(DOCTORS, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let code = cells.required("code", text);
        let full_name = cells.required("full_name", text);
        let profession = cells.required("profession", text);
        let sector = cells.optional("sector", text);
        Some(Doctor { center: center?, code: code?, full_name: full_name?, profession: profession?, sector })
    })
}

fn types(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Type>> {
    let columns = Columns {
        required: &["code", "name", "duration_min"],
        optional: &[
            "center",
            "patient_words",
            "buffer_after_min",
            "min_notice_min",
            "max_horizon_days",
            "bookable",
        ],
    };
    read(TYPES, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let code = cells.required("code", text);
        let name = cells.required("name", text);
        let duration_min = cells.required("duration_min", |text| within(text, 1, 480));
        let buffer_after_min = cells.or("buffer_after_min", 0, |text| within(text, 0, 120));
        let min_notice_min = cells.or("min_notice_min", 60, |text| within(text, 0, 100_000));
        let max_horizon_days = cells.or("max_horizon_days", 60, |text| within(text, 1, 400));
        let bookable = cells.or("bookable", true, yes_or_no);
        Some(Type {
            center: center?,
            code: code?,
            name: name?,
            patient_words: cells.list("patient_words", text),
            duration_min: duration_min?,
            buffer_after_min: buffer_after_min?,
            min_notice_min: min_notice_min?,
            max_horizon_days: max_horizon_days?,
            bookable: bookable?,
        })
    })
}

fn schedules(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Schedule>> {
    let columns = Columns {
        required: &["doctor", "day_of_week", "start_time", "end_time", "slot_minutes", "appointment_type"],
        optional: &["center", "valid_from", "valid_to", "duration_min"],
    };
    read(SCHEDULES, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let doctor = cells.required("doctor", text);
        let day_of_week = cells.required("day_of_week", |text| {
            within(text, 1, 7).map_err(|_| "is not a day of the week, 1 (Monday) to 7".to_owned())
        });
        let start = cells.required("start_time", hour);
        let end = cells.required("end_time", hour);
        let slot_minutes = cells.required("slot_minutes", |text| within(text, 1, 480));
        let appointment_type = cells.required("appointment_type", text);
        let duration_min = cells.optional("duration_min", |text| within(text, 1, 480));
        let valid_from = cells.optional("valid_from", date);
        let valid_to = cells.optional("valid_to", date);
        cells.must(
            "end_time",
            start.zip(end).is_none_or(|(start, end)| start < end),
            "is not after start_time",
        )?;
        cells.must(
            "valid_to",
            valid_from.zip(valid_to).is_none_or(|(from, to)| from <= to),
            "is before valid_from",
        )?;
        Some(Schedule {
            center: center?,
            doctor: doctor?,
            day_of_week: i16::try_from(day_of_week?).unwrap_or(0),
            start: start?,
            end: end?,
            slot_minutes: slot_minutes?,
            appointment_type: appointment_type?,
            duration_min,
            valid_from,
            valid_to,
        })
    })
}

fn patients(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Patient>> {
    let columns = Columns {
        required: &["run", "full_name", "birth_date"],
        optional: &["center", "sex", "sector", "phones"],
    };
    read(PATIENTS, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let run = cells.required("run", run);
        let full_name = cells.required("full_name", text);
        let birth_date = cells.required("birth_date", date);
        // every complaint of a row before the first of them ends it
        let phones = cells.list("phones", |text| {
            text.parse().map_err(|error: crate::value::phone::NotAPhone| error.to_string())
        });
        cells.must(
            "birth_date",
            birth_date.is_none_or(|day| day <= context.today && day.year() > 1890),
            "is not a birth date",
        )?;
        Some(Patient {
            center: center?,
            run: run?,
            full_name: full_name?,
            birth_date: birth_date?,
            sex: cells.optional("sex", text),
            sector: cells.optional("sector", text),
            phones,
        })
    })
}

fn absences(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<AbsenceRow>> {
    let columns = Columns { required: &["from", "to", "reason"], optional: &["center", "doctor"] };
    read(ABSENCES, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let from = cells.required("from", |text| moment(text, false));
        let until = cells.required("to", |text| moment(text, true));
        let reason = cells.required("reason", text);
        cells.must("to", from.zip(until).is_none_or(|(from, until)| from < until), "is not after from")?;
        Some(AbsenceRow {
            center: center?,
            doctor: cells.optional("doctor", text),
            from: from?,
            until: until?,
            reason: reason?,
        })
    })
}

fn exceptions(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<ExceptionRow>> {
    let columns = Columns {
        required: &["day", "kind", "reason"],
        optional: &[
            "center",
            "doctor",
            "start_time",
            "end_time",
            "slot_minutes",
            "appointment_type",
            "duration_min",
        ],
    };
    read(EXCEPTIONS, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let day = cells.required("day", date);
        let reason = cells.required("reason", text);
        let opens = cells.required("kind", |text| match text.to_lowercase().as_str() {
            "open" => Ok(true),
            "closed" => Ok(false),
            _ => Err("is neither open nor closed".to_owned()),
        })?;
        let doctor = cells.optional("doctor", text);
        let start = cells.optional("start_time", hour);
        let end = cells.optional("end_time", hour);
        cells.must(
            "end_time",
            start.zip(end).is_none_or(|(start, end)| start < end),
            "is not after start_time",
        )?;
        let duration_min = cells.optional("duration_min", |text| within(text, 1, 480));
        let opened = if opens {
            cells.must(
                "doctor",
                doctor.is_some(),
                "is empty; a day is opened by a professional who attends",
            )?;
            let start = cells.required("start_time", hour);
            let slot_minutes = cells.required("slot_minutes", |text| within(text, 1, 480));
            let appointment_type = cells.required("appointment_type", text);
            cells.required("end_time", hour).zip(start)?;
            Some(OpeningRow {
                appointment_type: appointment_type?,
                slot_minutes: slot_minutes?,
                duration_min,
            })
        } else {
            None
        };
        Some(ExceptionRow {
            center: center?,
            doctor,
            day: day?,
            start: start.unwrap_or(NaiveTime::MIN),
            end,
            opens: opened,
            reason: reason?,
        })
    })
}

fn holidays(table: &Table, bad: &mut Vec<BadRow>) -> Vec<Placed<HolidayRow>> {
    let columns = Columns { required: &["day", "name"], optional: &["scope", "half_day_until"] };
    read(HOLIDAYS, table, &columns, bad, |cells| {
        let day = cells.required("day", date);
        let name = cells.required("name", text);
        let scope = cells.or("scope", "CL".to_owned(), text);
        let half_day_until = cells.optional("half_day_until", hour);
        Some(HolidayRow { day: day?, name: name?, scope: scope?, half_day_until })
    })
}

fn appointments(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Appointment>> {
    let columns = Columns {
        required: &["doctor", "patient_run", "appointment_type", "start"],
        optional: &["center", "status"],
    };
    read(APPOINTMENTS, table, &columns, bad, |cells| {
        let center = center(cells, context);
        let doctor = cells.required("doctor", text);
        let run = cells.required("patient_run", run);
        let appointment_type = cells.required("appointment_type", text);
        let start = cells.required("start", |text| start(text, context.today));
        let status = cells.or("status", Status::Confirmed, |text| match text.parse() {
            Ok(Status::Pending) => {
                Err("is a hold, which only a conversation has; CONFIRMED is a booked hour".to_owned())
            }
            Ok(status) => Ok(status),
            Err(error) => Err(error.to_string()),
        });
        Some(Appointment {
            center: center?,
            doctor: doctor?,
            run: run?,
            appointment_type: appointment_type?,
            start: start?,
            status: status?,
        })
    })
}

fn center(cells: &mut Cells<'_>, context: Context<'_>) -> Option<String> {
    match context.center {
        Some(code) => cells.or("center", code.to_owned(), |text| only(context, text)),
        None => cells.required("center", text),
    }
}

fn only(context: Context<'_>, text: &str) -> Result<String, String> {
    match context.center {
        Some(code) if code != text => Err(format!("is another centre; this import is for `{code}` only")),
        _ => Ok(text.to_owned()),
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

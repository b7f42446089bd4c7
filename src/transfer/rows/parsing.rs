//! From the cells of a table to its rows; every cell that is wrong is told, and its row left out.

use chrono::{Datelike, NaiveTime};

use super::*;
use crate::transfer::cell::{date, hour, moment, run, start, text, within, yes_or_no};
use crate::transfer::sheet::{BadRow, Cells, Columns, Placed, Table, read};

pub(super) fn centers(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Center>> {
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

pub(super) fn doctors(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Doctor>> {
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

pub(super) fn types(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Type>> {
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

pub(super) fn schedules(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Schedule>> {
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

pub(super) fn patients(table: &Table, context: Context<'_>, bad: &mut Vec<BadRow>) -> Vec<Placed<Patient>> {
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

pub(super) fn absences(
    table: &Table,
    context: Context<'_>,
    bad: &mut Vec<BadRow>,
) -> Vec<Placed<AbsenceRow>> {
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

pub(super) fn exceptions(
    table: &Table,
    context: Context<'_>,
    bad: &mut Vec<BadRow>,
) -> Vec<Placed<ExceptionRow>> {
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

pub(super) fn holidays(table: &Table, bad: &mut Vec<BadRow>) -> Vec<Placed<HolidayRow>> {
    let columns = Columns { required: &["day", "name"], optional: &["scope", "half_day_until"] };
    read(HOLIDAYS, table, &columns, bad, |cells| {
        let day = cells.required("day", date);
        let name = cells.required("name", text);
        let scope = cells.or("scope", "CL".to_owned(), text);
        let half_day_until = cells.optional("half_day_until", hour);
        Some(HolidayRow { day: day?, name: name?, scope: scope?, half_day_until })
    })
}

pub(super) fn appointments(
    table: &Table,
    context: Context<'_>,
    bad: &mut Vec<BadRow>,
) -> Vec<Placed<Appointment>> {
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

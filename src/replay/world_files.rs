//! A world as the import files of a centre, so that it can be loaded into a real database by the same door as a
//! real centre.
//!
//! Guarantees: whatever the world says that the agenda knows stands in some file, except how many hours a patient
//! may have ahead, for which imports have no column.

use chrono::{Datelike, TimeDelta};

use super::world::{Booking, World};

/// The number of ours that patients of a world write to.
pub const NUMBER: &str = "100000000000001";

/// The import files of a world, with hours that are taken besides the world's own.
///
/// # Errors
/// When a file cannot be written (memory).
pub fn import_files(world: &World, booked: &[Booking]) -> Result<Vec<(&'static str, Vec<u8>)>, csv::Error> {
    let center = &world.center;
    let code = center.code.as_str();
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let centers = vec![[
        code.to_owned(),
        center.name.clone(),
        center.zone.name().to_owned(),
        NUMBER.to_owned(),
        text(&center.address),
        text(&center.phone),
    ]];
    let doctors = world.professionals.iter().enumerate().map(|(place, one)| {
        [code.to_owned(), doctor_code(place), one.value.name.clone(), "profesional".to_owned()]
    });
    let types = world.types.iter().enumerate().map(|(place, kind)| {
        let kind = &kind.value;
        [
            code.to_owned(),
            type_code(place),
            kind.name.clone(),
            kind.words.join("|"),
            kind.minutes.to_string(),
            "0".to_owned(),
            "0".to_owned(),
            world.horizon.to_string(),
            kind.bookable.to_string(),
        ]
    });
    let schedules = world.professionals.iter().enumerate().flat_map(|(place, one)| {
        one.value.week.iter().flat_map(move |block| {
            block.on.iter().map(move |day| {
                let kind = world.type_of(&block.kind);
                let minutes =
                    kind.and_then(|kind| world.types.get(kind)).map_or(0, |kind| kind.value.minutes);
                [
                    code.to_owned(),
                    doctor_code(place),
                    (*day as u32 + 1).to_string(),
                    block.from.0.format("%H:%M").to_string(),
                    block.to.0.format("%H:%M").to_string(),
                    minutes.to_string(),
                    kind.map_or(String::new(), type_code),
                    String::new(),
                    String::new(),
                ]
            })
        })
    });
    let single = world.professionals.iter().enumerate().flat_map(|(place, one)| {
        one.value.hours.iter().flat_map(move |(kind, hours)| {
            let kind = world.type_of(kind);
            let minutes = kind.and_then(|kind| world.types.get(kind)).map_or(0, |kind| kind.value.minutes);
            hours.iter().map(move |hour| {
                let (day, end) = (hour.0.date(), hour.0 + TimeDelta::minutes(minutes.into()));
                [
                    code.to_owned(),
                    doctor_code(place),
                    day.weekday().number_from_monday().to_string(),
                    hour.0.format("%H:%M").to_string(),
                    end.format("%H:%M").to_string(),
                    minutes.to_string(),
                    kind.map_or(String::new(), type_code),
                    day.to_string(),
                    day.to_string(),
                ]
            })
        })
    });
    let schedules = schedules.chain(single);
    let patients = world.patients.iter().map(|person| {
        let person = &person.value;
        [
            code.to_owned(),
            person.run.clone(),
            person.name.clone(),
            person.born.to_string(),
            person.phones.join("|"),
        ]
    });
    let closed = world.days_off.iter().map(|day| (String::new(), day.value));
    let away = world
        .professionals
        .iter()
        .enumerate()
        .flat_map(|(place, one)| one.value.off.iter().map(move |day| (doctor_code(place), day.value)));
    let absences = closed.chain(away).map(|(doctor, day)| {
        [code.to_owned(), doctor, day.to_string(), day.to_string(), "no atiende".to_owned()]
    });
    let own = world.booked.iter().map(|booking| &booking.value);
    let appointments = own.chain(booked).filter_map(|booking| {
        let kind = world.type_of(&booking.what)?;
        let doctor = world.professional_for(kind, booking.at.0, booking.with.as_deref())?;
        let patient = world.patients.get(world.patient_called(&booking.who)?)?;
        Some([
            code.to_owned(),
            doctor_code(doctor),
            patient.value.run.clone(),
            type_code(kind),
            booking.at.0.format("%Y-%m-%dT%H:%M").to_string(),
            "CONFIRMED".to_owned(),
        ])
    });
    Ok(vec![
        ("centers.csv", file(["code", "name", "tz", "phone_number_id", "address", "phone"], centers)?),
        ("doctors.csv", file(["center", "code", "full_name", "profession"], doctors)?),
        (
            "appointment_types.csv",
            file(
                [
                    "center",
                    "code",
                    "name",
                    "patient_words",
                    "duration_min",
                    "buffer_after_min",
                    "min_notice_min",
                    "max_horizon_days",
                    "bookable",
                ],
                types,
            )?,
        ),
        (
            "doctor_schedules.csv",
            file(
                [
                    "center",
                    "doctor",
                    "day_of_week",
                    "start_time",
                    "end_time",
                    "slot_minutes",
                    "appointment_type",
                    "valid_from",
                    "valid_to",
                ],
                schedules,
            )?,
        ),
        ("patients.csv", file(["center", "run", "full_name", "birth_date", "phones"], patients)?),
        ("absences.csv", file(["center", "doctor", "from", "to", "reason"], absences)?),
        (
            "appointments.csv",
            file(["center", "doctor", "patient_run", "appointment_type", "start", "status"], appointments)?,
        ),
    ])
}

fn doctor_code(place: usize) -> String {
    format!("p{place:03}")
}

fn type_code(place: usize) -> String {
    format!("t{place:03}")
}

fn file<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

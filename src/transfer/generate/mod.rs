//! Invented centres of any size, for load tests and for trying the console with a full agenda.
//!
//! The same seed gives the same centre. Names, RUTs and phones are invented; RUTs have their right check digit,
//! phones begin with +5691, which no operator has. Everything goes in by COPY, in one transaction; a centre that is most of
//! what the database will hold is indexed and checked once it is written.

mod draw;
mod people;
mod store;

use std::collections::HashSet;
use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Weekday};
use sqlx::{PgConnection, PgPool};

use self::draw::Draw;
use crate::scheduling::holiday;
use crate::scheduling::store::closing;

/// How large a centre to invent.
#[derive(Debug, Clone)]
pub struct Size {
    /// Its code; it must not exist yet.
    pub center: String,
    /// Professionals.
    pub doctors: u32,
    /// Patients.
    pub patients: u32,
    /// Weeks of agenda from today.
    pub weeks: u32,
    /// Which part of the hours to come is booked, 0 to 1.
    pub occupancy: f64,
    /// Weeks of past appointments.
    pub history_weeks: u32,
    /// How many prestaciones, 1 to 8.
    pub services: usize,
    /// Where the random numbers begin.
    pub seed: u64,
    /// The centre's day today.
    pub today: NaiveDate,
}

/// What was invented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generated {
    /// The centre's row.
    pub center: crate::id::CenterId,
    /// Hours a week in which somebody attends.
    pub slots_a_week: u64,
    /// Appointments written, history included.
    pub appointments: u64,
}

/// A centre could not be invented.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// It is there already.
    #[error("there is already a centre `{0}`; name another with --center, or use an empty database")]
    Exists(String),
    /// The size makes no sense.
    #[error("{0}")]
    Size(&'static str),
    /// The database failed; nothing was written.
    #[error("the database failed while the centre was written; nothing was kept")]
    Store(#[from] sqlx::Error),
}

/// code, name, words, minutes, share of the professionals in percent, profession of a woman, of a man
/// One prestación of an invented centre.
type Kind = (&'static str, &'static str, &'static str, u16, u64, &'static str, &'static str);
const SERVICES: [Kind; 8] = [
    (
        "medicina",
        "Medicina general",
        "médico|doctor|doctora|morbilidad|control médico",
        20,
        34,
        "médica",
        "médico",
    ),
    (
        "matrona",
        "Matrona",
        "matrona|matrón|control prenatal|PAP|anticonceptivos",
        30,
        14,
        "matrona",
        "matrón",
    ),
    ("dental", "Dentista", "dentista|odontólogo|muela|dientes", 30, 16, "dentista", "dentista"),
    (
        "enfermeria",
        "Enfermería",
        "enfermera|enfermero|control sano|niño sano",
        20,
        14,
        "enfermera",
        "enfermero",
    ),
    (
        "kine",
        "Kinesiología",
        "kine|kinesióloga|kinesiólogo|rehabilitación",
        30,
        8,
        "kinesióloga",
        "kinesiólogo",
    ),
    ("nutricion", "Nutricionista", "nutricionista|nutri|dieta", 30, 6, "nutricionista", "nutricionista"),
    ("psicologia", "Psicología", "psicóloga|psicólogo|salud mental", 30, 5, "psicóloga", "psicólogo"),
    ("podologia", "Podología", "podóloga|podólogo|pie diabético", 20, 3, "podóloga", "podólogo"),
];
const SECTORS: [&str; 3] = ["Azul", "Verde", "Rojo"];
/// Eight hours, a break as long as one, eight more: 85 a week, five of them breaks.
const HALF_DAY: u16 = 8;
const OPENS: u16 = 8 * 60;

struct Attending {
    id: i64,
    service: usize,
}

/// Invents a centre and writes it.
///
/// # Errors
/// When it exists already, the size makes no sense, or the database fails; nothing is written then.
pub async fn generate(pool: &PgPool, size: &Size) -> Result<Generated, GenerateError> {
    if size.doctors == 0 || size.patients == 0 {
        return Err(GenerateError::Size("a centre needs at least one professional and one patient"));
    }
    if !(0.0..=1.0).contains(&size.occupancy) {
        return Err(GenerateError::Size("the occupancy is a part of the hours, from 0 to 1"));
    }
    if !(1..=SERVICES.len()).contains(&size.services) {
        return Err(GenerateError::Size("a centre has from 1 to 8 prestaciones"));
    }
    let mut tx = pool.begin().await?;
    store::lock(&mut tx).await?;
    let name = format!("CESFAM {}", size.center);
    let Some(center) = store::center(&mut tx, &size.center, &name).await? else {
        return Err(GenerateError::Exists(size.center.clone()));
    };
    let years = (size.today - TimeDelta::weeks(i64::from(size.history_weeks))).year()..=size.today.year() + 2;
    closing::ensure_holidays(&mut tx, years).await?;

    let mut draw = Draw::new(size.seed);
    let horizon = i32::try_from(size.weeks * 7).unwrap_or(60).clamp(60, 400);
    let services = store::services(&mut tx, center, &SERVICES[..size.services], horizon).await?;
    let doctors = write_doctors(&mut tx, center, size, &services, &mut draw).await?;
    let patients = write_patients(&mut tx, center, size, &mut draw).await?;
    let appointments =
        write_appointments(&mut tx, center, size, &services, &doctors, patients, &mut draw).await?;
    tx.commit().await?;
    store::analyze(pool).await?;
    let slots_a_week = u64::from(size.doctors) * 5 * (u64::from(HALF_DAY) * 2 + 1);
    Ok(Generated { center: crate::id::CenterId(center), slots_a_week, appointments })
}

async fn write_doctors(
    tx: &mut PgConnection,
    center: i64,
    size: &Size,
    services: &[i64],
    draw: &mut Draw,
) -> sqlx::Result<Vec<Attending>> {
    let first = store::reserve(tx, "doctors", u64::from(size.doctors)).await?;
    let shares: u64 = SERVICES[..size.services].iter().map(|service| service.4).sum();
    let (mut rows, mut blocks) = (String::new(), String::new());
    let mut doctors = Vec::new();
    for number in 0..i64::from(size.doctors) {
        // the first of each kind, then by share, so that every prestación has somebody
        let by_share = || {
            let mut rest = draw.below(shares);
            SERVICES[..size.services].iter().position(|service| {
                let hit = rest < service.4;
                rest = rest.saturating_sub(service.4);
                hit
            })
        };
        let service = usize::try_from(number)
            .ok()
            .filter(|number| *number < size.services)
            .or_else(by_share)
            .unwrap_or(0);
        let (_, _, _, minutes, _, of_woman, of_man) = SERVICES[service];
        let woman = draw.below(100) < 60;
        let title = match (service, woman) {
            (0 | 2, true) => "Dra. ",
            (0 | 2, false) => "Dr. ",
            _ => "",
        };
        let name = people::name(draw, woman);
        let sector = match service {
            0 | 1 | 3 => SECTORS[usize::try_from(number).unwrap_or(0) % SECTORS.len()],
            _ => "\\N",
        };
        let id = first + number;
        let profession = if woman { of_woman } else { of_man };
        let _ = writeln!(rows, "{id}\t{center}\tp{}\t{title}{name}\t{profession}\t{sector}", number + 1);
        let half = HALF_DAY * minutes;
        for weekday in 1..=5 {
            for start in [OPENS, OPENS + half + minutes] {
                let kind = services[service];
                let _ = writeln!(
                    blocks,
                    "{id}\t{center}\t{weekday}\t{}\t{}\t{minutes}\t{kind}",
                    hour(start),
                    hour(start + half)
                );
            }
        }
        doctors.push(Attending { id, service });
    }
    store::copy(tx, "copy doctors (id, center_id, code, full_name, profession, sector) from stdin", rows)
        .await?;
    let into = "copy doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id) from stdin";
    store::copy(tx, into, blocks).await?;
    Ok(doctors)
}

async fn write_patients(
    tx: &mut PgConnection,
    center: i64,
    size: &Size,
    draw: &mut Draw,
) -> sqlx::Result<Vec<i64>> {
    let first = store::reserve(tx, "patients", u64::from(size.patients)).await?;
    let (mut rows, mut phones) = (String::new(), String::new());
    let mut known = HashSet::new();
    let mut phone = 0;
    for number in 0..i64::from(size.patients) {
        let (run, birth) = loop {
            let (run, birth) = people::identity(draw, size.today);
            if known.insert(run.number()) {
                break (run, birth);
            }
        };
        let woman = draw.below(100) < 54;
        let (name, sex) = (people::name(draw, woman), if woman { "F" } else { "M" });
        let sector = SECTORS[usize::try_from(draw.below(3)).unwrap_or(0)];
        let id = first + number;
        let _ = writeln!(
            rows,
            "{id}\t{center}\t{}\t{}\t{name}\t{birth}\t{sex}\t{sector}",
            run.number(),
            run.check()
        );
        // three in ten share the phone of the one before: a family
        if number == 0 || draw.below(10) >= 3 {
            phone += 1;
        }
        let _ = writeln!(phones, "+5691{phone:07}\t{id}");
    }
    store::copy(
        tx,
        "copy patients (id, center_id, run_num, run_dv, full_name, birth_date, sex, sector) from stdin",
        rows,
    )
    .await?;
    store::copy(tx, "copy patient_phones (phone_e164, patient_id) from stdin", phones).await?;
    Ok((first..first + i64::from(size.patients)).collect())
}

async fn write_appointments(
    tx: &mut PgConnection,
    center: i64,
    size: &Size,
    services: &[i64],
    doctors: &[Attending],
    patients: Vec<i64>,
    draw: &mut Draw,
) -> sqlx::Result<u64> {
    let zone = chrono_tz::America::Santiago;
    let (begins, ends) = (
        size.today - TimeDelta::weeks(i64::from(size.history_weeks)),
        size.today + TimeDelta::weeks(i64::from(size.weeks)),
    );
    let mut hours: Vec<(NaiveDate, u16, usize, i64, &'static str)> = Vec::new();
    let mut taken = HashSet::new();
    for day in begins.iter_days().take_while(|day| *day < ends) {
        let off =
            holiday::of_year(day.year()).iter().any(|holiday| holiday.scope == "CL" && holiday.day == day);
        if off || matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            continue;
        }
        taken.clear();
        for (place, doctor) in doctors.iter().enumerate() {
            let minutes = SERVICES[doctor.service].3;
            for slot in (0..HALF_DAY * 2).map(|slot| if slot < HALF_DAY { slot } else { slot + 1 }) {
                if !draw.chance(size.occupancy) {
                    continue;
                }
                // one hour a day for a patient; when all have one, the hour stays free
                let free = (0..20)
                    .map(|_| patients[draw.place(patients.len())])
                    .find(|patient| taken.insert(*patient));
                let Some(patient) = free else { continue };
                let status = match (day < size.today, draw.below(100)) {
                    (false, _) => "CONFIRMED",
                    (true, 0..=19) => "NO_SHOW",
                    (true, 20..=25) => "CANCELLED",
                    (true, _) => "COMPLETED",
                };
                hours.push((day, OPENS + slot * minutes, place, patient, status));
            }
        }
    }
    let first = store::reserve(tx, "appointments", hours.len() as u64).await?;
    let (mut rows, mut events) =
        (String::with_capacity(hours.len() * 160), String::with_capacity(hours.len() * 70));
    for (id, (day, minute, place, patient, status)) in (first..).zip(&hours) {
        let doctor = &doctors[*place];
        let start: NaiveDateTime =
            day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(i64::from(*minute));
        // nobody attends at the hours of a season's change
        let Some(at) = crate::scheduling::wall::instant(zone, start) else { continue };
        let until = at + TimeDelta::minutes(i64::from(SERVICES[doctor.service].3));
        let (at, until) = (at.format("%Y-%m-%d %H:%M:%S+00"), until.format("%Y-%m-%d %H:%M:%S+00"));
        let made = (start - TimeDelta::days(14)).and_utc().format("%Y-%m-%d %H:%M:%S+00");
        let (kind, doctor) = (services[doctor.service], doctor.id);
        let _ = writeln!(
            rows,
            "{id}\t{center}\t{doctor}\t{patient}\t{kind}\t{day}\t{}\t[\"{at}\",\"{until}\")\t[\"{at}\",\"{until}\")\t{status}\t{made}",
            start.time()
        );
        let _ = writeln!(events, "{id}\t{made}\timport\t{status}");
    }
    let laid_aside = store::lay_aside(tx, hours.len()).await?;
    let into = "copy appointments (id, center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy,
                status, created_at) from stdin";
    store::copy(tx, into, rows).await?;
    store::copy(tx, "copy appointment_events (appointment_id, at, actor, to_status) from stdin", events)
        .await?;
    if laid_aside {
        store::put_back(tx).await?;
    }
    Ok(hours.len() as u64)
}

fn hour(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

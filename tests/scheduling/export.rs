//! The agenda written out: a file that changes nothing when it comes back, calendars, and FHIR.

use chrono::NaiveDate;
use serde_json::Value;
use smartsalud::scheduling::slot::code;
use smartsalud::transfer::Options;
use smartsalud::transfer::export::{Asked, ExportError, Format, export};
use smartsalud::transfer::import::import_bytes;

use crate::world::World;

const TEN: &str = "2026-11-25T10:00";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl World {
    async fn export(&self, asked: &Asked, format: Format) -> String {
        export(&self.pool, asked, format, day("2026-11-25"), day("2026-11-27"), self.now).await.unwrap()
    }
}

fn all() -> Asked {
    Asked { center: "demo".to_owned(), ..Asked::default() }
}

#[tokio::test]
async fn what_is_exported_and_imported_again_changes_nothing() {
    let world = World::new().await;
    let cancelled = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.booked(1, world.slot(1, TEN)).await;
    world.cancel(0, cancelled).await;
    world.held(2, world.slot(0, "2026-11-26T10:00")).await;
    let digits = "update patients set run_dv = case when 11 - x.sum % 11 = 11 then '0' when 11 - x.sum % 11 = 10 then 'K' else (11 - x.sum % 11)::text end
                    from (select id, (select sum((run_num / (10 ^ i)::int % 10) * (2 + i % 6)) from generate_series(0, 7) i) as sum from patients) x where x.id = patients.id";
    world.run(digits).await;
    let text = world.export(&all(), Format::Csv).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "center,doctor,patient_run,appointment_type,start,status");
    assert_eq!(lines.len(), 3, "a hold is a conversation's: {text}");
    assert!(lines[1].ends_with("matrona,2026-11-25T10:00,CANCELLED"), "{text}");
    assert!(lines[2].starts_with("demo,d2,10000002-"), "{text}");
    let options = Options { dry_run: false, center: None, today: day("2026-11-25") };
    let report = import_bytes(&world.pool, &[("appointments.csv", text.as_bytes())], &options).await.unwrap();
    assert!(!report.changed(), "{report}");
    assert_eq!(world.count("select count(*) from appointments").await, 3);
    world.done().await;
}

#[tokio::test]
async fn a_calendar_says_when_and_where_and_not_who() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, TEN)).await;
    world.booked(1, world.slot(1, TEN)).await;
    let of_doctor = world.export(&Asked { doctor: Some("d1".to_owned()), ..all() }, Format::Ics).await;
    let of_code = world.export(&all().of_code(&booked.code).unwrap(), Format::Ics).await;
    assert_eq!(of_doctor, of_code);
    for line in [
        "DTSTART:20261125T130000Z",
        "DTEND:20261125T132000Z",
        "SUMMARY:Matrona con Matrona 1",
        "LOCATION:CESFAM Demo\\, Calle Uno 1",
        "STATUS:CONFIRMED",
    ] {
        assert!(of_doctor.lines().any(|found| found == line), "{line} is not in {of_doctor}");
    }
    assert_eq!(of_doctor.matches("BEGIN:VEVENT").count(), 1);
    assert!(!of_doctor.contains("Paciente"), "{of_doctor}");
    assert!(
        of_doctor.lines().count() > 5
            && of_doctor.split('\n').all(|line| line.is_empty() || line.ends_with('\r'))
    );
    assert!(matches!(all().of_code("hola"), Err(ExportError::NoCode(_))));
    world.done().await;
}

#[tokio::test]
async fn fhir_has_every_hour_once_as_a_slot_and_every_booking_as_an_appointment() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, TEN)).await.appointment;
    world.held(1, world.slot(1, TEN)).await;
    world.run("update doctor_schedules set duration_min = 25 where doctor_id = (select max(id) from doctors) and day_of_week = 4").await;
    let bundle: Value = serde_json::from_str(&world.export(&all(), Format::Fhir).await).unwrap();
    let of_type = |kind: &str| -> Vec<Value> {
        let entries = bundle["entry"].as_array().unwrap().iter().map(|entry| entry["resource"].clone());
        entries.filter(|resource| resource["resourceType"] == kind).collect()
    };
    assert_eq!((of_type("Schedule").len(), of_type("Appointment").len()), (2, 2));
    let slots = of_type("Slot");
    let count = |status: &str| slots.iter().filter(|slot| slot["status"] == status).count();
    // two professionals, two mornings of eight hours
    assert_eq!((count("busy"), count("busy-tentative"), count("free")), (1, 1, 30));
    let longer = slots
        .iter()
        .find(|slot| slot["start"] == "2026-11-26T12:00:00Z" && slot["end"] == "2026-11-26T12:25:00Z");
    assert!(longer.is_some(), "a visit takes what its block says");
    let ids: std::collections::BTreeSet<&str> = slots.iter().filter_map(|slot| slot["id"].as_str()).collect();
    assert_eq!(ids.len(), 32);
    let letters = |id: &&str| {
        id.len() <= 64 && id.chars().all(|letter| letter.is_ascii_alphanumeric() || "-.".contains(letter))
    };
    assert!(ids.iter().all(letters), "{ids:?}");
    let appointments = of_type("Appointment");
    let mine = appointments.iter().find(|one| one["identifier"][0]["value"] == code(booked)).unwrap();
    assert_eq!((mine["status"].as_str(), mine["minutesDuration"].as_i64()), (Some("booked"), Some(20)));
    assert!(appointments.iter().any(|one| one["status"] == "pending"));
    assert!(!bundle.to_string().contains("Paciente"), "patients are named by their RUN alone");
    world.done().await;
}

//! Files in, centres invented, and the sample that the demo shows.

use chrono::NaiveDate;
use smartsalud::scheduling::{Agenda, FreeFor, Search};
use smartsalud::transfer::import::import_bytes;
use smartsalud::transfer::{ImportError, Options, Report, Size, generate, load_demo};
use smartsalud::value::Window;
use sqlx::PgPool;

use crate::world::{World, database, drop_database, instant};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn import(pool: &PgPool, files: &[(&'static str, &str)]) -> Result<Report, ImportError> {
    let files: Vec<(&'static str, &[u8])> =
        files.iter().map(|(file, text)| (*file, text.as_bytes())).collect();
    import_bytes(pool, &files, &Options { dry_run: false, center: None, today: day("2026-11-25") }).await
}

fn complaints(result: Result<Report, ImportError>) -> Vec<String> {
    match result {
        Err(ImportError::Bad(bad)) => bad.iter().map(ToString::to_string).collect(),
        other => panic!("complaints were expected: {other:?}"),
    }
}

const CENTERS: (&str, &str) = ("centers.csv", "code,name,tz\nnorte,CESFAM Norte,America/Santiago\n");
const DOCTORS: (&str, &str) = (
    "doctors.csv",
    "center,code,full_name,profession,sector\nnorte,soto,Ana Soto,matrona,\nnorte,rojas,Eva Rojas,matrona,\n",
);
const TYPES: (&str, &str) = (
    "appointment_types.csv",
    "center,code,name,patient_words,duration_min,buffer_after_min\nnorte,matrona,Matrona,matrona|PAP,20,5\n",
);
const SCHEDULES: (&str, &str) = (
    "doctor_schedules.csv",
    "center,doctor,day_of_week,start_time,end_time,slot_minutes,appointment_type,valid_from,valid_to\n\
     norte,soto,3,09:00,13:00,30,matrona,,\nnorte,soto,3,14:00,16:00,30,matrona,2026-01-01,2026-12-31\nnorte,rojas,4,09:00,13:00,30,matrona,,\n",
);
const PATIENTS: (&str, &str) = (
    "patients.csv",
    "center,run,full_name,birth_date,sex,sector,phones\n\
     norte,12.345.678-5,Luz Pino,1950-01-01,F,,+56911112222|+56911113333\nnorte,10000013-K,Eva Díaz,1980-01-01,F,Azul,\n",
);
const APPOINTMENTS: (&str, &str) = (
    "appointments.csv",
    "center,doctor,patient_run,appointment_type,start,status\n\
     norte,soto,12345678-5,matrona,2026-12-02T10:00,CONFIRMED\nnorte,soto,10000013-K,matrona,2026-11-18T10:00,COMPLETED\n",
);
const ALL: [(&str, &str); 6] = [CENTERS, DOCTORS, TYPES, SCHEDULES, PATIENTS, APPOINTMENTS];

#[tokio::test]
async fn importing_twice_changes_nothing() {
    let (pool, name) = database(4).await;
    let first = import(&pool, &ALL).await.unwrap();
    let counts: Vec<_> =
        first.files.iter().map(|(file, rows, added, changed)| (*file, *rows, *added, *changed)).collect();
    assert_eq!(
        counts,
        [
            ("centers.csv", 1, 1, 0),
            ("doctors.csv", 2, 2, 0),
            ("appointment_types.csv", 1, 1, 0),
            ("doctor_schedules.csv", 3, 3, 0),
            ("patients.csv", 2, 2, 0),
            ("appointments.csv", 2, 2, 0),
        ]
    );
    let all = "select jsonb_build_object('c', (select jsonb_agg(c order by id) from centers c), 'd', (select jsonb_agg(d order by id) from doctors d),
               't', (select jsonb_agg(t order by id) from appointment_types t), 's', (select jsonb_agg(s order by id) from doctor_schedules s),
               'p', (select jsonb_agg(p order by id) from patients p), 'f', (select jsonb_agg(f order by 1) from patient_phones f),
               'a', (select jsonb_agg(a order by id) from appointments a), 'x', (select count(*) from doctor_days), 'm', (select count(*) from map_changes))::text";
    let before: String = sqlx::query_scalar(all).fetch_one(&pool).await.unwrap();
    assert!(!import(&pool, &ALL).await.unwrap().changed());
    let after: String = sqlx::query_scalar(all).fetch_one(&pool).await.unwrap();
    assert_eq!(before, after);
    drop_database(pool, &name).await;
}

#[tokio::test]
async fn one_bad_row_stops_everything_and_every_bad_row_is_named() {
    let (pool, name) = database(4).await;
    let schedules = format!(
        "{}norte,soto,3,15:30,17:00,30,matrona,,\nnorte,perez,3,09:00,10:00,30,matrona,,\n",
        SCHEDULES.1
    );
    let only_overlap = format!("{}norte,soto,3,15:30,17:00,30,matrona,,\n", SCHEDULES.1);
    let patients = format!(
        "{}norte,12345678-4,X,1950-01-01,F,,\nnorte,12345678-5,X,1950-01-01,F,,\nsur,9988776-1,X,1950-01-01,F,,\n",
        PATIENTS.1
    );
    let files = [
        CENTERS,
        DOCTORS,
        TYPES,
        ("doctor_schedules.csv", schedules.as_str()),
        ("patients.csv", patients.as_str()),
    ];
    assert_eq!(
        complaints(import(&pool, &files).await),
        [
            "doctor_schedules.csv:6:doctor: there is no professional with this code at this centre, neither in doctors.csv nor in the database",
            "patients.csv:4:run: the check digit of this RUT is wrong",
            "patients.csv:5:run: is the same patient as in row 2",
            "patients.csv:6:center: there is no centre with this code, neither in centers.csv nor in the database",
        ]
    );
    let files = [CENTERS, DOCTORS, TYPES, ("doctor_schedules.csv", only_overlap.as_str())];
    assert_eq!(
        complaints(import(&pool, &files).await),
        [
            "doctor_schedules.csv:5:start_time: overlaps another block of the same professional on that day, in this file or at another centre"
        ]
    );
    let nothing: i64 = sqlx::query_scalar("select count(*) from centers").fetch_one(&pool).await.unwrap();
    assert_eq!(nothing, 0);
    drop_database(pool, &name).await;
}

#[tokio::test]
async fn an_hour_that_overlaps_another_is_a_bad_row() {
    let (pool, name) = database(4).await;
    import(&pool, &ALL).await.unwrap();
    let clash = "center,doctor,patient_run,appointment_type,start,status\n\
                 norte,soto,10000013-K,matrona,2026-12-02T10:20,\nnorte,rojas,12345678-5,matrona,2026-12-02T10:10,\n\
                 norte,rojas,10000013-K,matrona,2026-09-06T00:30,\nnorte,rojas,10000013-K,matrona,2026-12-03T10:10,PENDING\n";
    let found = complaints(import(&pool, &[("appointments.csv", clash)]).await);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("appointments.csv:4:start: does not exist or happens twice"));
    assert!(found[1].starts_with("appointments.csv:5:status: is a hold"));
    let clash = clash.lines().take(3).collect::<Vec<_>>().join("\n");
    let found = complaints(import(&pool, &[("appointments.csv", &clash)]).await);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|complaint| complaint.contains("overlaps another hour")), "{found:#?}");
    drop_database(pool, &name).await;
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let (pool, name) = database(4).await;
    let files: Vec<(&'static str, &[u8])> = ALL.iter().map(|(file, text)| (*file, text.as_bytes())).collect();
    let options = Options { dry_run: true, center: None, today: day("2026-11-25") };
    assert!(import_bytes(&pool, &files, &options).await.unwrap().changed());
    let centers: i64 = sqlx::query_scalar("select count(*) from centers").fetch_one(&pool).await.unwrap();
    assert_eq!(centers, 0);
    drop_database(pool, &name).await;
}

#[tokio::test]
async fn a_closed_day_lets_holds_go_and_lists_the_booked_hours_to_move() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, "2026-11-25T10:00")).await.appointment;
    let hold = world.held(1, world.slot(0, "2026-11-25T11:00")).await;
    world.held(2, world.slot(1, "2026-11-25T11:00")).await;
    let absences = "center,doctor,from,to,reason\ndemo,d1,2026-11-25,2026-11-25,licencia\n";
    let report = import(&world.pool, &[("absences.csv", absences)]).await.unwrap();
    assert_eq!(report.misfits, [booked]);
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0", "d1 25 11:00 PENDING p2"]);
    let outcome = world.confirm(1, world.slot(0, "2026-11-25T11:00"), Some(hold)).await;
    assert_eq!(outcome, smartsalud::scheduling::ConfirmOutcome::Taken);
    assert!(!import(&world.pool, &[("absences.csv", absences)]).await.unwrap().changed());

    let schedules = "center,doctor,day_of_week,start_time,end_time,slot_minutes,appointment_type\ndemo,d2,3,09:00,10:00,30,matrona\n";
    let report = import(&world.pool, &[("doctor_schedules.csv", schedules)]).await.unwrap();
    assert_eq!(
        report.files,
        [("doctor_schedules.csv", 1, 1, 2)],
        "the week in the file replaces the one before"
    );
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0"]);
    world.done().await;
}

#[tokio::test]
async fn a_new_holiday_lets_holds_go_and_lists_the_booked_hours_to_move() {
    let world = World::new().await;
    let booked = world.booked(0, world.slot(0, "2026-11-25T10:00")).await.appointment;
    let hold = world.held(1, world.slot(1, "2026-11-25T11:00")).await;
    let holidays = "day,name,scope\n2026-11-25,Aniversario de la comuna,demo\n";
    let report = import(&world.pool, &[("holidays.csv", holidays)]).await.unwrap();
    assert_eq!(report.misfits, [booked]);
    assert_eq!(world.blocking().await, ["d0 25 10:00 CONFIRMED p0"]);
    let outcome = world.confirm(1, world.slot(1, "2026-11-25T11:00"), Some(hold)).await;
    assert_eq!(outcome, smartsalud::scheduling::ConfirmOutcome::Taken);
    assert!(!import(&world.pool, &[("holidays.csv", holidays)]).await.unwrap().changed());
    world.done().await;
}

#[tokio::test]
async fn a_patients_file_corrects_names_and_phones() {
    let (pool, name) = database(4).await;
    import(&pool, &ALL).await.unwrap();
    let corrected =
        "center;run;full_name;birth_date;phones\nnorte;12345678-5;Luz Pino Soto;1950-01-01;+56911112222\n";
    let report = import(&pool, &[("patients.csv", corrected)]).await.unwrap();
    assert_eq!(report.files, [("patients.csv", 1, 0, 2)], "a name, and a phone that is no longer hers");
    let phones: Vec<String> =
        sqlx::query_scalar("select phone_e164 from patient_phones").fetch_all(&pool).await.unwrap();
    assert_eq!(phones, ["+56911112222"]);
    drop_database(pool, &name).await;
}

#[tokio::test]
async fn the_sample_centre_has_free_hours_whatever_the_day() {
    for today in ["2026-11-25", "2026-12-24", "2027-09-15"] {
        let (pool, name) = database(4).await;
        load_demo(&pool, day(today)).await.unwrap();
        assert!(!load_demo(&pool, day(today)).await.unwrap().changed(), "started again");
        let agenda = Agenda::start(pool.clone()).await.unwrap();
        let center = smartsalud::id::CenterId(1);
        let now = instant(&format!("{today}T10:00"));
        for service in agenda.services(center, now).await.unwrap() {
            let search = Search {
                center,
                appointment_type: service.id,
                patient: None,
                doctor: None,
                window: Window::ANY,
                now,
                limit: 9,
                except: vec![],
                free_for: FreeFor::default(),
            };
            let found = agenda.search(&search).await.unwrap().len();
            assert_eq!(found, 9, "{} on {today}", service.name);
        }
        let booked: i64 =
            sqlx::query_scalar("select count(*) from appointments").fetch_one(&pool).await.unwrap();
        assert!(booked >= 12, "{booked}");
        drop_database(pool, &name).await;
    }
}

#[tokio::test]
async fn a_generated_centre_is_the_same_for_the_same_seed() {
    let size = Size {
        center: "generado".to_owned(),
        doctors: 12,
        patients: 600,
        weeks: 2,
        occupancy: 0.8,
        history_weeks: 1,
        services: 8,
        seed: 7,
        today: day("2026-11-25"),
    };
    let sum = "select md5(string_agg(concat(doctor_id, patient_id, appointment_date, start_local, status), ',' order by id)) from appointments";
    let mut sums: Vec<String> = Vec::new();
    for seed in [7, 7, 8] {
        let (pool, name) = database(4).await;
        let made = generate(&pool, &Size { seed, ..size.clone() }).await.unwrap();
        assert_eq!(made.slots_a_week, 12 * 85);
        let booked: f64 =
            sqlx::query_scalar("select count(*)::float8 from appointments where status = 'CONFIRMED'")
                .fetch_one(&pool)
                .await
                .unwrap();
        // ten working days less the holiday of 8 December
        assert!((0.75..0.85).contains(&(booked / (12.0 * 16.0 * 9.0))), "{booked}");
        sums.push(sqlx::query_scalar(sum).fetch_one(&pool).await.unwrap());
        assert!(generate(&pool, &size).await.is_err(), "it exists");
        drop_database(pool, &name).await;
    }
    assert_eq!(sums[0], sums[1]);
    assert_ne!(sums[0], sums[2]);
}

#[tokio::test]
async fn a_large_centre_is_written_without_its_constraints_and_has_them_all_afterwards() {
    let (pool, name) = database(4).await;
    let all = "select string_agg(concat(c.conrelid::regclass, ' ', conname, ' ', pg_get_constraintdef(c.oid), ' ', convalidated), E'\n' order by 1)
                      || (select string_agg(indexdef, E'\n' order by indexname) from pg_indexes where schemaname = 'public')
                 from (select * from pg_constraint order by conrelid::regclass::text, conname) c where connamespace = 'public'::regnamespace";
    let before: String = sqlx::query_scalar(all).fetch_one(&pool).await.unwrap();
    let size = Size {
        center: "grande".to_owned(),
        doctors: 200,
        patients: 20_000,
        weeks: 4,
        occupancy: 0.9,
        history_weeks: 1,
        services: 8,
        seed: 3,
        today: day("2026-11-25"),
    };
    let made = generate(&pool, &size).await.unwrap();
    assert!(made.appointments > 50_000, "{}", made.appointments);
    let after: String = sqlx::query_scalar(all).fetch_one(&pool).await.unwrap();
    assert_eq!(before, after);
    // they are not only there: they refuse
    let double = "insert into appointments (center_id, doctor_id, patient_id, appointment_type_id, appointment_date, start_local, during, busy, status, created_at)
                  select center_id, doctor_id, (select max(id) from patients), appointment_type_id, appointment_date, start_local, during, busy, status, created_at
                    from appointments where blocks limit 1";
    let refused = sqlx::query(double).execute(&pool).await.unwrap_err();
    assert!(refused.to_string().contains("doctor_no_overlap"), "{refused}");
    // a second one beside it finds most of the rows there, and leaves everything in place
    let second = Size { center: "chico".to_owned(), doctors: 3, patients: 100, ..size };
    generate(&pool, &second).await.unwrap();
    drop_database(pool, &name).await;
}

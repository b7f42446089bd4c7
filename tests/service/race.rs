//! Two hundred chats for twenty hours.

use std::sync::Arc;
use std::time::Duration;

use chrono::Datelike;
use smartsalud::clock::Clock;
use smartsalud::database::testing::Scratch;
use smartsalud::scheduling::store::closing;
use smartsalud::whatsapp::simulator::Bubble;
use sqlx::Executor;

use super::clinic::{Clinic, NUMBER, quiet};
use super::harness;

const CHATS: usize = 200;
const HOURS: i64 = 20;

/// One prestación with twenty hours on one day a week ahead, two professionals; two hundred registered patients.
async fn crowd() -> Scratch {
    let database = harness::database_in_real_time().await;
    let year = Clock::system().now().year();
    closing::ensure_holidays(&mut database.pool.acquire().await.unwrap(), year..=year + 1).await.unwrap();
    let day = "(select min(day)::date from generate_series(current_date + 7, current_date + 20, interval '1 day') day
                where day not in (select h.day from holidays h))";
    let fill = format!(
        "insert into centers (code, name, tz, phone_number_id) values ('crowd', 'CESFAM Crowd', 'America/Santiago', '{NUMBER}');
         insert into appointment_types (center_id, code, name, patient_words, duration_min, max_horizon_days)
           select id, 'dent', 'Dentista', '{{dentista}}', 30, 60 from centers;
         insert into doctors (center_id, code, full_name, profession)
           select id, 'd' || n, 'Dra. ' || n, 'dentista' from centers, generate_series(1, 2) n;
         insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id, valid)
           select d.id, d.center_id, extract(isodow from {day})::int, '09:00', '14:00', 30, t.id,
                  daterange({day}, {day} + 1)
           from doctors d, appointment_types t;
         insert into patients (center_id, run_num, run_dv, full_name, birth_date)
           select id, 1000000 + n, '0', 'Paciente ' || n, '1960-01-01' from centers, generate_series(1, {CHATS}) n;
         insert into patient_phones (phone_e164, patient_id)
           select '+5690000' || lpad((run_num - 1000000)::text, 4, '0'), id from patients;"
    );
    database.pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(fill))).await.unwrap();
    database
}

/// What a determined patient does: takes the first hour offered, says yes, takes another when it is gone.
async fn fight(clinic: Arc<Clinic>, phone: String, place: usize) -> bool {
    let mut reply: Bubble = clinic.says(&phone, "hora con dentista").await;
    for _ in 0..60 {
        if reply.text.contains("quedó tomada") {
            return true;
        }
        if reply.options.is_empty() {
            return false;
        }
        let yes = reply.options.iter().position(|option| option.title.starts_with("Sí"));
        let hours = reply.options.iter().filter(|option| option.title.contains(':')).count();
        let at = yes.unwrap_or_else(|| place % hours.max(1));
        reply = clinic.taps(&phone, &reply, at).await;
    }
    false
}

struct Outcome {
    won: usize,
    confirmed: i64,
    overlaps: i64,
    deadlocks: i64,
    answered: i64,
}

async fn race(sabotage: Option<&str>) -> Outcome {
    let database = crowd().await;
    if let Some(sql) = sabotage {
        database.pool.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await.unwrap();
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    let clinic = Arc::new(Clinic::on(database).await);
    let before = clinic.count(deadlocks).await;
    let fights: Vec<_> =
        (1..=CHATS).map(|n| tokio::spawn(fight(Arc::clone(&clinic), format!("5690000{n:04}"), n))).collect();
    let mut won = 0;
    for one in fights {
        won += usize::from(
            tokio::time::timeout(Duration::from_secs(120), one).await.expect("an answer").unwrap(),
        );
    }
    quiet(&clinic.database).await;
    let overlapping = "select count(*) from appointments a join appointments b
        on a.id < b.id and a.doctor_id = b.doctor_id and a.busy && b.busy and a.blocks and b.blocks";
    let outcome = Outcome {
        won,
        confirmed: clinic.count("select count(*) from appointments where status = 'CONFIRMED'").await,
        overlaps: clinic.count(overlapping).await,
        deadlocks: clinic.count(deadlocks).await - before,
        answered: clinic
            .count("select count(distinct conversation_id) from outbox where status in ('accepted', 'sent', 'delivered', 'read')")
            .await,
    };
    Arc::try_unwrap(clinic).ok().expect("everybody has gone home").close().await;
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_chats_for_twenty_hours_book_exactly_twenty() {
    let outcome = race(None).await;
    assert_eq!(outcome.confirmed, HOURS);
    assert_eq!(outcome.won, usize::try_from(HOURS).unwrap(), "told of an hour, and having one, are the same");
    assert_eq!(outcome.overlaps, 0);
    assert_eq!(outcome.deadlocks, 0);
    assert_eq!(outcome.answered, i64::try_from(CHATS).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_crowd_doubles_hours_when_lock_and_constraint_are_taken_away() {
    let sabotage = "alter table appointments drop constraint doctor_no_overlap;
        alter table appointments drop constraint patient_no_overlap;
        create function scatter() returns trigger language plpgsql as
          $$ begin new.day := new.day + 1000 + (random() * 100000)::int; return new; end $$;
        create trigger scatter before insert on doctor_days for each row execute function scatter();
        -- widen the moment between looking and writing, as a loaded disk would
        create function linger() returns trigger language plpgsql as
          $$ begin perform pg_sleep(0.05); return new; end $$;
        create trigger linger before insert on appointments for each row execute function linger();";
    let outcome = race(Some(sabotage)).await;
    assert!(outcome.overlaps > 0, "this test would not see a double booking");
}

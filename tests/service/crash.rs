//! kill -9 at random moments, under load: nothing lost, nothing twice, nobody told of an hour that is not there.

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smartsalud::clock::Clock;
use smartsalud::database::testing::Scratch;
use smartsalud::scheduling::slot::code;
use smartsalud::transfer;
use smartsalud::whatsapp::simulator::Simulator;

use super::clinic::{count, quiet, simulator};
use super::harness;

const ROUNDS: u64 = 20;
const PHONES: usize = 10;

/// Killed when its test ends, however it ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn serve(database: &Scratch, whatsapp: &Simulator, port: u16) -> Child {
    let settings = whatsapp.settings();
    Command::new(env!("CARGO_BIN_EXE_smartsalud"))
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}"), "--settle-ms", "50"])
        .env_clear()
        .env("DATABASE_URL", database.url())
        .env("WHATSAPP_GRAPH_URL", whatsapp.graph_url().unwrap())
        .env("WHATSAPP_ACCESS_TOKEN", &settings.access_token)
        .env("WHATSAPP_APP_SECRET", &settings.app_secret)
        .env("WHATSAPP_VERIFY_TOKEN", "word")
        .env("SMARTSALUD_LOG", "error")
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Books, looks, and books again until told to stop.
async fn chat(whatsapp: Simulator, phone: String, seed: usize, stop: Arc<AtomicBool>) {
    let words = ["quiero hora con matrona", "hora con dentista", "mis horas", "hola", "hora con medico"];
    let mut turn = seed;
    let mut options: Vec<String> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        let sent = match options.first() {
            Some(option) if !turn.is_multiple_of(4) => whatsapp.patient_taps(&phone, option).await,
            _ => whatsapp.patient_says(&phone, words[turn % words.len()]).await,
        };
        // not delivered while the service was away: as if the patient had no signal
        if sent.is_err() {
            continue;
        }
        for _ in 0..40 {
            if let Some(reply) = whatsapp.try_next_reply(&phone) {
                options = reply.options.iter().map(|option| option.id.clone()).collect();
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_double_nothing_and_promise_nothing_false() {
    let database = harness::database_in_real_time().await;
    let today = Clock::system().now().with_timezone(&chrono_tz::America::Santiago).date_naive();
    transfer::load_demo(&database.pool, today).await.unwrap();
    let whatsapp = simulator().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    whatsapp.point_to(&format!("http://127.0.0.1:{port}/webhook"));
    let phones: Vec<String> = [
        "56911112222",
        "56911113333",
        "56911114444",
        "56911115555",
        "56911116666",
        "56911117777",
        "56911118888",
        "56911119999",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain((0..2).map(|n| format!("5698888000{n}")))
    .collect();
    assert_eq!(phones.len(), PHONES);

    let mut service = Serving(serve(&database, &whatsapp, port));
    let stop = Arc::new(AtomicBool::new(false));
    let chats: Vec<_> = phones
        .iter()
        .enumerate()
        .map(|(seed, phone)| tokio::spawn(chat(whatsapp.clone(), phone.clone(), seed, Arc::clone(&stop))))
        .collect();
    for round in 0..ROUNDS {
        // between 300 and 1,000 ms, spread without a pattern
        let life = 300 + round.wrapping_mul(2_654_435_761) % 700;
        tokio::time::sleep(Duration::from_millis(life)).await;
        service.0.kill().unwrap();
        service.0.wait().unwrap();
        // as if the two minutes had passed: nobody is left who could still hear an answer
        sqlx::query("update outbox set claimed_at = claimed_at - interval '1 hour' where status = 'sending'")
            .execute(&database.pool)
            .await
            .unwrap();
        service = Serving(serve(&database, &whatsapp, port));
    }
    stop.store(true, Ordering::Relaxed);
    for one in chats {
        one.await.unwrap();
    }
    quiet(&database).await;

    let messages = count(&database, "select count(*) from events where kind = 'message'").await;
    assert!(messages > 60, "only {messages} messages came through");
    let unhandled = count(
        &database,
        "select count(*) from events where kind = 'message' and outcome is distinct from 'done'",
    )
    .await;
    assert_eq!(unhandled, 0, "a message that was answered 200 did nothing");
    // one journal row handles an event once: no turn was committed twice for it
    let failed =
        count(&database, "select count(*) from outbox where status in ('failed', 'unconfirmed')").await;
    assert_eq!(failed, 0);
    let overlaps = count(&database, "select count(*) from appointments a join appointments b on a.id < b.id and a.doctor_id = b.doctor_id and a.busy && b.busy and a.blocks and b.blocks").await;
    assert_eq!(overlaps, 0);

    // a hold that was let go is CANCELLED too, and nobody is told of it
    let ids: Vec<i64> = sqlx::query_scalar("select distinct a.id from appointments a join appointment_events e on e.appointment_id = a.id and e.to_status = 'CONFIRMED' where a.conversation_id is not null")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    let real: HashSet<String> = ids.into_iter().map(|id| code(smartsalud::id::AppointmentId(id))).collect();
    let mut told = HashSet::new();
    for phone in &phones {
        let bubbles = whatsapp.transcript(phone);
        for bubble in bubbles.iter().filter(|bubble| !bubble.from_patient) {
            if let Some(line) = bubble.text.lines().find_map(|line| line.strip_prefix("Código ")) {
                told.insert(line.trim().to_owned());
            }
        }
        let last = bubbles.last().unwrap();
        let staff = count(&database, &format!("select count(*) from conversations c join addresses a on a.conversation_id = c.id where a.value = '{phone}' and c.owner = 'staff'")).await;
        assert!(
            !last.from_patient || staff == 1 || last.tick == smartsalud::whatsapp::simulator::Tick::Failed,
            "{phone} was left without an answer:\n{}",
            whatsapp.chat(phone)
        );
    }
    let false_promises: Vec<&String> = told.difference(&real).collect();
    assert!(false_promises.is_empty(), "told of hours that are not there: {false_promises:?}");
    let silent: Vec<&String> = real.difference(&told).collect();
    assert!(silent.is_empty(), "booked, and nobody was told: {silent:?}");
    assert!(!real.is_empty(), "nobody booked anything");

    let stopped = Command::new("kill").args(["-TERM", &service.0.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(service.0.wait().unwrap().success(), "SIGTERM ends in a clean stop");
}

//! What a running service writes about its patients: nothing by which anybody could tell who wrote what.

use std::process::{Command, Stdio};
use std::time::Duration;

use smartsalud::clock::Clock;
use smartsalud::transfer;
use smartsalud::whatsapp::simulator::{Fault, How, PatientMessage};

use super::clinic::{count, quiet, simulator};
use super::harness;

const LUZ: &str = "56911112222";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_at_their_most_talkative_and_figures_tell_nothing_of_a_patient_and_no_secret() {
    let database = harness::database_in_real_time().await;
    let today = Clock::system().now().with_timezone(&chrono_tz::America::Santiago).date_naive();
    transfer::load_demo(&database.pool, today).await.unwrap();
    let whatsapp = simulator().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    whatsapp.point_to(&format!("http://127.0.0.1:{port}/webhook"));
    let file = std::env::temp_dir().join(format!("smartsalud-logs-{}", std::process::id()));
    let log = std::fs::File::create(&file).unwrap();
    let settings = whatsapp.settings().clone();
    let mut service = Command::new(env!("CARGO_BIN_EXE_smartsalud"))
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}"), "--settle-ms", "20"])
        .env_clear()
        .env("DATABASE_URL", database.url())
        .env("WHATSAPP_GRAPH_URL", whatsapp.graph_url().unwrap())
        .env("WHATSAPP_ACCESS_TOKEN", &settings.access_token)
        .env("WHATSAPP_APP_SECRET", &settings.app_secret)
        .env("WHATSAPP_VERIFY_TOKEN", "palabra-de-apertura")
        .env("SMARTSALUD_LOG", "trace")
        .stdout(Stdio::from(log.try_clone().unwrap()))
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap();

    // the first one is delivered again until the service is up
    whatsapp.patient_says(LUZ, "hola, soy Luz Zafiro, mi rut es 12.345.678-5").await.unwrap();
    whatsapp.next_reply(LUZ).await;
    let asked = {
        whatsapp.patient_says(LUZ, "kiero hora zafiro con la matrona").await.unwrap();
        whatsapp.next_reply(LUZ).await
    };
    whatsapp.patient_taps(LUZ, &asked.options[0].id).await.unwrap();
    whatsapp.next_reply(LUZ).await;
    for message in [
        PatientMessage::VoiceNote,
        PatientMessage::Reaction { emoji: "🦎".to_owned(), of: asked.id.clone() },
        PatientMessage::Other {
            wire_type: "a_type_of_next_year".to_owned(),
            content: serde_json::json!("zafiro"),
        },
        PatientMessage::Other { wire_type: "text".to_owned(), content: serde_json::json!("zafiro") },
    ] {
        whatsapp.patient_sends(LUZ, message, How::Twice).await.unwrap();
    }
    quiet(&database).await;
    // every way in which a message can go wrong, each with another patient
    let faults = [
        Fault::Code(100),
        Fault::Code(131_026),
        Fault::Code(987_654),
        Fault::Code(131_056),
        Fault::Status(500),
        Fault::HalfAnswer,
        Fault::FailsLater(131_042),
        Fault::Code(190),
    ];
    let phones: Vec<String> = (0..faults.len()).map(|place| format!("5697777000{place}")).collect();
    for (fault, phone) in faults.into_iter().zip(&phones) {
        let before = whatsapp.calls();
        whatsapp.fail_next(1, fault);
        whatsapp.patient_says(phone, "hola zafiro").await.unwrap();
        // a read mark and the message
        while whatsapp.calls() < before + 1
            || count(&database, "select count(*) from events where processed_at is null and kind = 'message'")
                .await
                > 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let figures = smartsalud::http::client(Duration::from_secs(5))
        .get(format!("http://127.0.0.1:{port}/metrics"))
        .send();
    let figures = figures.await.unwrap().text().await.unwrap();
    assert!(figures.contains("whatsapp_refusals"), "{figures}");
    let stopped = Command::new("kill").args(["-TERM", &service.id().to_string()]).status().unwrap();
    assert!(stopped.success() && service.wait().unwrap().success());

    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(written.contains("Serving") && written.len() > 10_000, "it was talkative: {}", written.len());
    let mut secrets = vec![
        "911112222",
        "Paciente de prueba",
        "zafiro",
        "Zafiro",
        "12.345.678",
        "12345678",
        "palabra-de-apertura",
        "🦎",
    ];
    secrets.extend([&*settings.access_token, &*settings.app_secret]);
    secrets.extend(phones.iter().map(|phone| &phone[2..]));
    for secret in secrets {
        for (what, text) in [("the log", &written), ("the figures", &figures)] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{what} tells {secret:?}: {}", line.unwrap_or_default());
        }
    }
}

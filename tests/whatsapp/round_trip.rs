//! The simulator and the webhook together: what patients do arrives, what becomes of our messages comes back.

use std::time::Duration;

use smartsalud::database::testing::Scratch;
use smartsalud::id::OutboxId;
use smartsalud::value::{Outgoing, OutgoingOption};
use smartsalud::whatsapp::Client;
use smartsalud::whatsapp::simulator::{
    Fault, How, PatientMessage, Simulator, SimulatorError, SimulatorSettings, Tick,
};
use sqlx::PgPool;

use super::world::{self, Edge, NUMBER, SECRET};

const PHONE: &str = "56911112222";

async fn world() -> (Scratch, Edge, Simulator, Client) {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    let settings =
        SimulatorSettings { app_secret: SECRET.to_owned(), deliveries: 3, ..SimulatorSettings::default() };
    let simulator = Simulator::start(settings).await.unwrap();
    simulator.point_to(&edge.url);
    let http = smartsalud::http::client(Duration::from_secs(5));
    let client = Client::new(
        http,
        simulator.graph_url().unwrap(),
        "v25.0",
        "simulated-access-token".to_owned().into(),
    );
    (database, edge, simulator, client)
}

async fn stored(pool: &PgPool, kind: &str) -> Vec<serde_json::Value> {
    sqlx::query_scalar("select payload from events where kind = $1 order by id")
        .bind(kind)
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Waits for so many events of a kind: statuses come by themselves.
async fn wait_for(pool: &PgPool, kind: &str, count: usize) -> Vec<serde_json::Value> {
    for _ in 0..2000 {
        let found = stored(pool, kind).await;
        if found.len() >= count {
            return found;
        }
        tokio::task::yield_now().await;
    }
    panic!("no {count} events of kind {kind}");
}

#[tokio::test]
async fn a_patient_writes_taps_and_sends_a_voice_note() {
    let (database, _edge, simulator, client) = world().await;
    let hello = simulator.patient_says(PHONE, "¡Hola! 😀 a/b").await.unwrap();
    let ask = Outgoing {
        text: "¿Confirmas?".to_owned(),
        options: vec![OutgoingOption { id: "o:1".to_owned(), title: "Sí".to_owned(), detail: None }],
        list_button: None,
    };
    client.send(NUMBER, PHONE, &ask, OutboxId(1)).await;
    let asked = simulator.next_reply(PHONE).await;
    simulator.patient_taps(PHONE, "o:1").await.unwrap();
    simulator.patient_sends(PHONE, PatientMessage::VoiceNote, How::Once).await.unwrap();
    let events = stored(&database.pool, "message").await;
    assert_eq!(
        events[0],
        serde_json::json!({ "incoming": { "type": "text", "text": "¡Hola! 😀 a/b" }, "message_id": hello, "from": PHONE })
    );
    assert_eq!(events[1]["incoming"], serde_json::json!({ "type": "tap", "id": "o:1", "title": "Sí" }));
    assert_eq!(events[1]["reply_to"], asked.id.as_str());
    assert_eq!(events[2]["incoming"], serde_json::json!({ "type": "media", "kind": "audio" }));
    assert_eq!(simulator.patient_taps(PHONE, "invented").await, Err(SimulatorError::NoSuchOption));
}

#[tokio::test]
async fn twice_is_once_and_late_is_in_the_end() {
    let (database, _edge, simulator, _client) = world().await;
    simulator.patient_sends(PHONE, PatientMessage::Text("tarde".to_owned()), How::Late).await.unwrap();
    simulator.patient_sends(PHONE, PatientMessage::Text("dos veces".to_owned()), How::Twice).await.unwrap();
    assert_eq!(stored(&database.pool, "message").await.len(), 1);
    assert_eq!(simulator.deliver_late().await, Ok(1));
    assert_eq!(stored(&database.pool, "message").await[1]["incoming"]["text"], "tarde");
}

#[tokio::test]
async fn statuses_come_back_with_our_own_id() {
    let (database, _edge, simulator, client) = world().await;
    simulator.patient_says(PHONE, "hola").await.unwrap();
    let outbox: i64 = sqlx::query_scalar(
        "insert into outbox (conversation_id, epoch, not_before, payload, created_at) select id, 0, app_now(), '{}', app_now() from conversations returning id",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    let hello = Outgoing { text: "hola".to_owned(), options: vec![], list_button: None };
    client.send(NUMBER, PHONE, &hello, OutboxId(outbox)).await;
    let statuses = wait_for(&database.pool, "status", 3).await;
    let words: std::collections::BTreeSet<&str> =
        statuses.iter().map(|status| status["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["delivered", "read", "sent"].into());
    assert!(statuses.iter().all(|status| status["outbox"] == outbox));
    let known: i64 = sqlx::query_scalar("select count(conversation_id) from events where kind = 'status'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(known, 3);

    simulator.fail_next(1, Fault::FailsLater(131_026));
    client.send(NUMBER, PHONE, &hello, OutboxId(outbox)).await;
    assert_eq!(wait_for(&database.pool, "status", 4).await[3]["errors"], serde_json::json!([131_026]));
    simulator.next_reply(PHONE).await;
    simulator.assert_all_read();
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again() {
    let (database, edge, simulator, _client) = world().await;
    simulator.point_to("http://127.0.0.1:1/webhook");
    let lost = simulator.patient_says(PHONE, "hola").await;
    assert_eq!(lost, Err(SimulatorError::NotDelivered { status: None }));
    simulator.point_to(&edge.url);
    simulator.patient_says(PHONE, "hola").await.unwrap();
    assert_eq!(stored(&database.pool, "message").await.len(), 1);
}

#[tokio::test]
async fn a_patient_sees_at_once_that_the_bot_reads_and_types_but_not_when_a_person_has_the_conversation() {
    let (database, _edge, simulator, client) = world().await;
    let attentive = Edge::start_with(&database.pool, Duration::ZERO, Some(client)).await;
    simulator.point_to(&attentive.url);
    simulator.patient_says(PHONE, "hola").await.unwrap();
    wait_until(|| simulator.transcript(PHONE)[0].tick == Tick::Read).await;
    sqlx::query("update conversations set owner = 'staff'").execute(&database.pool).await.unwrap();
    let before = simulator.calls();
    simulator.patient_says(PHONE, "¿hay alguien?").await.unwrap();
    // a message from somebody else is shown as read, and it came later
    simulator.patient_says("56933334444", "hola").await.unwrap();
    wait_until(|| simulator.transcript("56933334444")[0].tick == Tick::Read).await;
    assert_eq!(simulator.calls(), before + 1);
    assert_eq!(simulator.transcript(PHONE)[1].tick, Tick::Delivered);
}

async fn wait_until(holds: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

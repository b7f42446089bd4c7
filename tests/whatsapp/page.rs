//! The page with the phones: what it serves, and what it hears.

use std::time::Duration;

use smartsalud::id::OutboxId;
use smartsalud::value::Outgoing;
use smartsalud::whatsapp::Client;
use smartsalud::whatsapp::simulator::{
    DemoPatient, Simulator, SimulatorSettings, phone_router, simulator_router,
};

use super::world::{self, Edge, NUMBER, SECRET};

#[tokio::test]
async fn a_patient_writes_on_the_page_and_sees_the_answer_there() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    let simulator =
        Simulator::new(SimulatorSettings { app_secret: SECRET.to_owned(), ..SimulatorSettings::default() });
    simulator.point_to(&edge.url);
    let patients = vec![DemoPatient {
        phone: "56911112222".to_owned(),
        name: "Luz <b>".to_owned(),
        about: "Con hora".to_owned(),
    }];
    let router =
        phone_router(&simulator, patients, "CESFAM Los Aromos").nest("/graph", simulator_router(&simulator));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let page = edge.http.get(format!("{base}/phone")).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    let html = page.text().await.unwrap();
    assert!(
        html.contains("data-phone=\"56911112222\"")
            && html.contains("CESFAM Los Aromos")
            && !html.contains("Luz <b>")
    );
    for file in ["phone.css", "phone.js", "icon.svg"] {
        assert_eq!(
            edge.http.get(format!("{base}/phone/{file}")).send().await.unwrap().status(),
            200,
            "{file}"
        );
    }

    let mut live = edge.http.get(format!("{base}/phone/events?phones=56911112222")).send().await.unwrap();
    let post = |body: serde_json::Value| edge.http.post(format!("{base}/phone/send")).json(&body).send();
    let sent = post(serde_json::json!({ "phone": "56911112222", "text": "hola" })).await.unwrap();
    assert_eq!(sent.status(), 204);
    let unknown = post(serde_json::json!({ "phone": "56911112222", "option": { "id": "x", "of": null } }))
        .await
        .unwrap();
    assert_eq!(unknown.status(), 400);
    assert_eq!(post(serde_json::json!({ "phone": "56911112222", "text": " " })).await.unwrap().status(), 400);

    let client = Client::new(
        edge.http.clone(),
        &format!("{base}/graph"),
        "v25.0",
        "simulated-access-token".to_owned().into(),
    );
    let answer = Outgoing { text: "¿Qué necesitas?".to_owned(), options: vec![], list_button: None };
    client.send(NUMBER, "56911112222", &answer, OutboxId(1)).await;
    let mut heard = String::new();
    while !heard.contains("¿Qué necesitas?") {
        heard.push_str(std::str::from_utf8(&live.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.contains("event: screen") && heard.contains("event: bubble") && heard.contains("\"hola\""));

    simulator.close();
    while live.chunk().await.unwrap().is_some() {}
}

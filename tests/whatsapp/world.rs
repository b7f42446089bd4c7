//! A webhook on a real port over a database of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use smartsalud::database::testing::Scratch;
use smartsalud::whatsapp::{Client, EventWriter, WebhookState, signature, webhook_router};
use sqlx::PgPool;

use super::harness;

pub(crate) const SECRET: &str = "test-app-secret-not-real";
pub(crate) const VERIFY_TOKEN: &str = "test-verify-token";
pub(crate) const NUMBER: &str = "106540352242922";
pub(crate) const OTHER_NUMBER: &str = "106540352242933";

/// A migrated database with two centres, each with its number.
pub(crate) async fn database() -> Scratch {
    let database = harness::database_in_real_time().await;
    for (code, number) in [("norte", NUMBER), ("sur", OTHER_NUMBER)] {
        sqlx::query(
            "insert into centers (code, name, tz, phone_number_id) values ($1, $1, 'America/Santiago', $2)",
        )
        .bind(code)
        .bind(number)
        .execute(&database.pool)
        .await
        .unwrap();
    }
    database
}

/// A process that serves the webhook.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) wakes: Arc<AtomicUsize>,
}

impl Edge {
    pub(crate) async fn start(pool: &PgPool, settle: Duration) -> Self {
        Self::start_with(pool, settle, None).await
    }

    /// One that shows patients that it is there, through this client.
    pub(crate) async fn start_with(pool: &PgPool, settle: Duration, attentive: Option<Client>) -> Self {
        let wakes = Arc::new(AtomicUsize::new(0));
        let woken = Arc::clone(&wakes);
        let wake = move || {
            woken.fetch_add(1, Ordering::Relaxed);
        };
        let writer = match attentive {
            Some(client) => EventWriter::start_attentive(pool.clone(), settle, client, wake),
            None => EventWriter::start(pool.clone(), settle, wake),
        };
        let secrets = vec![SecretString::from("the-next-secret"), SecretString::from(SECRET)];
        let router = webhook_router(WebhookState::new(secrets, VERIFY_TOKEN.into(), writer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, http: smartsalud::http::client(Duration::from_secs(20)), wakes }
    }

    /// Posts a body with this signature header; the status.
    pub(crate) async fn post_signed(&self, body: Vec<u8>, header: Option<&str>) -> u16 {
        let mut request = self.http.post(&self.url).body(body);
        if let Some(header) = header {
            request = request.header("X-Hub-Signature-256", header);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// Posts a body as Meta would.
    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> u16 {
        let body = body.into();
        let header = signature::sign(SECRET.as_bytes(), &body);
        self.post_signed(body, Some(&header)).await
    }
}

/// A webhook's body with these messages (JSON objects) for our number.
pub(crate) fn with_messages(messages: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"messaging_product":"whatsapp",
            "metadata":{{"display_phone_number":"15550783881","phone_number_id":"{NUMBER}"}},"messages":[{messages}]}}}}]}}]}}"#
    )
}

/// A message of text.
pub(crate) fn text(id: &str, from: &str, body: &str) -> String {
    format!(
        r#"{{"id":"{id}","from":"{from}","timestamp":"1790000000","type":"text","text":{{"body":"{body}"}}}}"#
    )
}

/// A tapped button.
pub(crate) fn tap(id: &str, from: &str, option: &str) -> String {
    format!(
        r#"{{"id":"{id}","from":"{from}","timestamp":"1790000000","type":"interactive","interactive":{{"type":"button_reply","button_reply":{{"id":"{option}","title":"Sí"}}}}}}"#
    )
}

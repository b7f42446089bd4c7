//! Webhooks on their way to us: written and signed as Meta does, delivered until they are answered 200.

use std::sync::Arc;
use std::sync::{Mutex, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Shared, SimulatorSettings, Statuses, lock};
use crate::whatsapp::signature;

/// Statuses in one webhook at most.
const STATUSES_TOGETHER: usize = 200;

/// Why a patient's message did not reach us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulatorError {
    /// It is neither a phone number nor a business-scoped id.
    #[error("not a phone number")]
    NotAPhone,
    /// The patient tapped what is not on their screen.
    #[error("no bubble on the patient's screen has this option")]
    NoSuchOption,
    /// Nobody said where webhooks go.
    #[error("the simulator does not know where webhooks go; call `point_to` first")]
    NoWebhook,
    /// The webhook was never answered 200.
    #[error("the webhook was not answered 200, but {}", .status.map_or("not at all".to_owned(), |status| status.to_string()))]
    NotDelivered {
        /// What it was answered at last; absent without any answer.
        status: Option<u16>,
    },
}

/// A message of ours whose statuses are due.
pub(super) struct StatusJob {
    pub number: String,
    pub phone: String,
    pub message_id: String,
    pub tracker: Option<Value>,
    pub at: DateTime<Utc>,
    /// Set when it fails in the end.
    pub fails: Option<i32>,
}

pub(super) struct Outlet {
    client: reqwest::Client,
    url: RwLock<Option<String>>,
    secret: Vec<u8>,
    tries: u32,
    late: Mutex<Vec<Vec<u8>>>,
}

impl Outlet {
    pub(super) fn new(client: reqwest::Client, settings: &SimulatorSettings) -> Self {
        let secret = settings.app_secret.clone().into_bytes();
        Self {
            client,
            url: RwLock::default(),
            secret,
            tries: settings.deliveries.max(1),
            late: Mutex::default(),
        }
    }

    pub(super) fn point_to(&self, url: &str) {
        *self.url.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(url.to_owned());
    }

    pub(super) fn keep_for_later(&self, body: Vec<u8>) {
        lock(&self.late).push(body);
    }

    pub(super) fn take_late(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *lock(&self.late))
    }

    /// Delivers a body, again and again as Meta does, with growing pauses of 20 ms to 2 s.
    pub(super) async fn deliver(&self, body: Vec<u8>) -> Result<(), SimulatorError> {
        let header = signature::sign(&self.secret, &body);
        let body = bytes::Bytes::from(body);
        let mut last = SimulatorError::NoWebhook;
        for attempt in 0..self.tries {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(20 << attempt.min(7)).min(Duration::from_secs(2)))
                    .await;
            }
            // read each time: the centre may have come back on another port
            let url = self.url.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let Some(url) = url else { return Err(SimulatorError::NoWebhook) };
            let request = self
                .client
                .post(url)
                .header("Content-Type", "application/json")
                .header(signature::HEADER, &header);
            match request.body(body.clone()).send().await {
                Ok(answer) if answer.status() == 200 => return Ok(()),
                Ok(answer) => last = SimulatorError::NotDelivered { status: Some(answer.status().as_u16()) },
                Err(_) => last = SimulatorError::NotDelivered { status: None },
            }
        }
        Err(last)
    }
}

/// The body of a webhook with one message.
pub(super) fn message_envelope(number: &str, phone: &str, message: &Value) -> Vec<u8> {
    let contact = match message.get("from_user_id") {
        Some(user_id) => json!({ "profile": { "name": "Paciente de prueba" }, "user_id": user_id }),
        None => json!({ "profile": { "name": "Paciente de prueba" }, "wa_id": phone }),
    };
    envelope(number, json!({ "contacts": [contact], "messages": [message] }))
}

/// The body of a webhook with a message that a person wrote on the centre's own phone.
pub(super) fn echo_envelope(number: &str, message: &Value) -> Vec<u8> {
    envelope_of("smb_message_echoes", number, json!({ "message_echoes": [message] }))
}

fn envelope(number: &str, content: Value) -> Vec<u8> {
    envelope_of("messages", number, content)
}

fn envelope_of(field: &str, number: &str, content: Value) -> Vec<u8> {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "56220000000", "phone_number_id": number },
    });
    if let (Value::Object(value), Value::Object(content)) = (&mut value, content) {
        value.extend(content);
    }
    let whole = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "102290129340398", "changes": [{ "value": value, "field": field }] }],
    });
    as_meta_writes(&whole.to_string())
}

/// Meta escapes everything that is not ASCII, and slashes: a signature over re-serialised JSON would not fit.
fn as_meta_writes(json: &str) -> Vec<u8> {
    let mut written = Vec::with_capacity(json.len() + json.len() / 8);
    for c in json.chars() {
        match c {
            '/' => written.extend(b"\\/"),
            c if c.is_ascii() => written.push(c as u8),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    written.extend(format!("\\u{unit:04x}").bytes());
                }
            }
        }
    }
    written
}

/// Sends the statuses of messages, those of many in one webhook when they come thick and fast.
pub(super) async fn send_statuses(shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<StatusJob>) {
    let pace = shared.settings.pace;
    let mut batch = Vec::new();
    while jobs.recv_many(&mut batch, STATUSES_TOGETHER).await > 0 {
        if pace.is_zero() {
            let statuses = batch.iter().flat_map(|job| statuses_of(job, shared.settings.statuses));
            deliver(&shared, statuses.collect()).await;
            batch.clear();
            continue;
        }
        for job in batch.drain(..) {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                for status in statuses_of(&job, shared.settings.statuses) {
                    tokio::time::sleep(pace).await;
                    deliver(&shared, vec![status]).await;
                }
            });
        }
    }
}

/// Our number with one status of a message sent from it.
fn statuses_of(job: &StatusJob, wanted: Statuses) -> Vec<(String, Value)> {
    let words: &[&str] = match (job.fails, wanted) {
        (Some(_), _) => &["failed"],
        (None, Statuses::None) => &[],
        (None, Statuses::Sent) => &["sent"],
        (None, Statuses::All) => &["sent", "delivered", "read"],
    };
    let status = |word: &&str| {
        let recipient = if job.phone.contains('.') { "recipient_user_id" } else { "recipient_id" };
        let mut status = json!({
            "id": job.message_id, "status": word, "timestamp": job.at.timestamp().to_string(), (recipient): job.phone,
            "pricing": { "billable": true, "pricing_model": "PMP", "type": "regular", "category": "service" },
        });
        if let Some(tracker) = &job.tracker {
            status["biz_opaque_callback_data"] = tracker.clone();
        }
        if let Some(code) = job.fails {
            status["errors"] = json!([{ "code": code, "title": "Failed", "message": "Failed", "error_data": { "details": "Simulated." } }]);
        }
        (job.number.clone(), status)
    };
    words.iter().map(status).collect()
}

async fn deliver(shared: &Shared, statuses: Vec<(String, Value)>) {
    let mut by_number: Vec<(String, Vec<Value>)> = Vec::new();
    for (number, status) in statuses {
        match by_number.iter_mut().find(|(known, _)| *known == number) {
            Some((_, list)) => list.push(status),
            None => by_number.push((number, vec![status])),
        }
    }
    for (number, statuses) in by_number {
        if let Err(error) = shared.outlet.deliver(envelope(&number, json!({ "statuses": statuses }))).await {
            tracing::warn!(error = %error, "A simulated status was not taken");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_escaped_as_meta_does() {
        assert_eq!(as_meta_writes(r#"{"a":"sí 😀 a/b"}"#), br#"{"a":"s\u00ed \ud83d\ude00 a\/b"}"#);
    }
}

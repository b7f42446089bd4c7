//! `GET` and `POST /webhook`: the only route that the internet needs to reach.
//!
//! Verify over the raw bytes, take apart, store, answer 200 after the commit; thinking comes later, in a turn. What is
//! signed is answered 200 even when it is of no use, because Meta repeats anything else for a week.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

use super::client::count_refusal;
use super::inbound::InboundMessage;
use super::signature::{self, Handshake};
use super::store::{NewEvent, Pace};
use super::wire::{self, Item, clean};
use super::writer::{Arrival, EventWriter};
use crate::clock::Stopwatch;
use crate::value::Incoming;

/// Meta sends up to 3 MB.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// What the webhook needs to know.
#[derive(Clone)]
pub struct WebhookState {
    app_secrets: Arc<[SecretString]>,
    verify_token: Arc<SecretString>,
    writer: EventWriter,
}

impl WebhookState {
    /// With every app secret in force (several while one is being replaced) and the token of the handshake.
    pub fn new(app_secrets: Vec<SecretString>, verify_token: SecretString, writer: EventWriter) -> Self {
        Self { app_secrets: app_secrets.into(), verify_token: Arc::new(verify_token), writer }
    }
}

/// The two routes of Meta's webhook.
pub fn webhook_router(state: WebhookState) -> Router {
    Router::new()
        .route("/webhook", get(handshake).post(receive))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(state)
}

async fn handshake(
    State(state): State<WebhookState>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let parameter = |name: &str| query.get(name).map(String::as_str);
    let (mode, token) = (parameter("hub.mode"), parameter("hub.verify_token"));
    match signature::handshake(mode, token, parameter("hub.challenge"), state.verify_token.expose_secret()) {
        Handshake::Echo(challenge) => {
            // text, never HTML: the challenge is the caller's
            let headers = [(header::CONTENT_TYPE, "text/plain"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
            (headers, challenge.to_owned()).into_response()
        }
        Handshake::NothingToEcho => StatusCode::BAD_REQUEST.into_response(),
        Handshake::Refuse => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn receive(State(state): State<WebhookState>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let took = Stopwatch::start();
    let status = store(&state, &headers, &body).await;
    metrics::counter!("whatsapp_webhooks", "status" => status.as_u16().to_string()).increment(1);
    metrics::histogram!("whatsapp_webhook_seconds").record(took.elapsed().as_secs_f64());
    status
}

async fn store(state: &WebhookState, headers: &HeaderMap, body: &Bytes) -> StatusCode {
    let claimed = headers.get(signature::HEADER).and_then(|value| value.to_str().ok());
    let secrets = state.app_secrets.iter().map(|secret| secret.expose_secret().as_bytes());
    if !signature::is_signed(claimed, body, secrets) {
        return StatusCode::UNAUTHORIZED;
    }
    match state.writer.write(arrivals(body)).await {
        Ok(()) => StatusCode::OK,
        // Meta delivers again
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn arrivals(body: &[u8]) -> Vec<Arrival> {
    match wire::parse(body) {
        Ok(items) => items.into_iter().filter_map(arrival).collect(),
        Err(unreadable) => {
            tracing::error!(
                bytes = body.len(),
                reason = unreadable.0,
                "A signed webhook could not be read; it was kept as it came"
            );
            let (encoding, content) = clean::unreadable(body);
            let key = format!("unreadable:{}", wire::fingerprint(&[encoding, &content]));
            vec![set_aside(
                "unreadable",
                key,
                json!({ "reason": unreadable.0, (encoding): content }),
                "parked",
            )]
        }
    }
}

fn arrival(item: Item) -> Option<Arrival> {
    match item {
        Item::Message(message) => Some(of_message(message)),
        Item::Status(status) => {
            for code in &status.status.errors {
                count_refusal("status", Some(*code));
            }
            let key =
                format!("{}:{}:{}", status.phone_number_id, status.status.message_id, status.status.status);
            let event = NewEvent {
                sent_at: status.sent_at,
                outbox: status.status.outbox,
                wa_message_id: Some(status.status.message_id.clone()),
                phone_number_id: Some(status.phone_number_id),
                outcome: None,
                ..aside("status", key, stored(&status.status))
            };
            Some(Arrival { event, sender: None })
        }
        Item::Echo(echo) => {
            let key = format!("echo:{}:{}", echo.phone_number_id, echo.message_id);
            let event = NewEvent {
                sent_at: echo.sent_at,
                phone_number_id: Some(echo.phone_number_id),
                ..aside("echo", key, json!({}))
            };
            Some(Arrival { event, sender: Some(echo.to) })
        }
        Item::Notice(notice) => {
            tracing::info!(name = notice.name, "WhatsApp sent news of the account");
            let payload = json!({ "name": notice.name, "news": notice.payload });
            let event = NewEvent {
                sent_at: notice.sent_at,
                phone_number_id: notice.phone_number_id,
                outcome: Some("noted"),
                ..aside("account", notice.key, payload)
            };
            Some(Arrival { event, sender: None })
        }
        Item::Odd(odd) => {
            tracing::warn!(
                reason = odd.reason,
                "Part of a webhook could not be used; it was kept as it came"
            );
            Some(set_aside(
                "unreadable",
                odd.key,
                json!({ "reason": odd.reason, "part": odd.payload }),
                "parked",
            ))
        }
        Item::Skipped { object } => {
            metrics::counter!("whatsapp_inbound_other_product").increment(1);
            tracing::debug!(object, "Ignored a webhook of another product");
            None
        }
    }
}

fn of_message(message: wire::Message) -> Arrival {
    let pace = match &message.incoming {
        Incoming::Text { .. } => Pace::Settles,
        Incoming::Tap { .. } | Incoming::Media { .. } | Incoming::Unsupported { .. } => Pace::EndsBurst,
        Incoming::Reaction { .. } => Pace::Aside,
    };
    let kind = match &message.incoming {
        Incoming::Text { .. } => "text",
        Incoming::Tap { .. } => "tap",
        Incoming::Media { .. } => "media",
        Incoming::Reaction { .. } => "reaction",
        Incoming::Unsupported { .. } => "unsupported",
    };
    metrics::counter!("whatsapp_inbound_messages", "type" => kind).increment(1);
    if kind == "unsupported" {
        tracing::info!(wire_type = message.wire_type, "A patient sent something we cannot read");
    }
    let payload = InboundMessage {
        incoming: message.incoming,
        from: message.sender.address().unwrap_or_default().to_owned(),
        reply_to: message.reply_to,
        message_id: message.message_id,
    };
    let key = format!("{}:{}", message.phone_number_id, payload.message_id);
    let event = NewEvent {
        sent_at: message.sent_at,
        wa_message_id: Some(payload.message_id.clone()),
        phone_number_id: Some(message.phone_number_id),
        pace,
        ..aside("message", key, stored(&payload))
    };
    Arrival { event, sender: Some(message.sender) }
}

fn set_aside(kind: &'static str, key: String, payload: Value, outcome: &'static str) -> Arrival {
    Arrival { event: NewEvent { outcome: Some(outcome), ..aside(kind, key, payload) }, sender: None }
}

fn aside(kind: &'static str, dedupe_key: String, payload: Value) -> NewEvent {
    NewEvent {
        kind,
        dedupe_key,
        sent_at: None,
        payload,
        conversation: None,
        phone_number_id: None,
        outbox: None,
        wa_message_id: None,
        pace: Pace::Aside,
        outcome: None,
    }
}

fn stored(payload: &impl Serialize) -> Value {
    serde_json::to_value(payload).expect("plain structs with string keys always become JSON")
}

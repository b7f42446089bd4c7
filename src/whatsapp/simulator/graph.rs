//! The Graph API: `POST /{version}/{phone_number_id}/messages`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::check::{Violation, check};
use super::delivery::StatusJob;
use super::fault::Fault;
use super::model::{Bubble, ChangeKind};
use super::{Shared, Simulator, lock};

/// WhatsApp takes typing back after so long without an answer.
const TYPING: std::time::Duration = std::time::Duration::from_secs(25);

#[derive(Clone)]
struct GraphState {
    shared: Arc<Shared>,
    jobs: mpsc::WeakUnboundedSender<StatusJob>,
}

/// The Graph API of this simulator, to be mounted (`nest`) where the client looks for it.
pub fn simulator_router(simulator: &Simulator) -> Router {
    router_of(&simulator.inner.shared, simulator.inner.status_jobs.downgrade())
}

pub(super) fn router_of(shared: &Arc<Shared>, jobs: mpsc::WeakUnboundedSender<StatusJob>) -> Router {
    let state = GraphState { shared: Arc::clone(shared), jobs };
    Router::new().route("/{version}/{number}/messages", post(messages)).with_state(state)
}

/// An id that no other run of the simulator gives again: the centre's database may outlive it. It carries the phone,
/// as Meta's does.
pub(super) fn new_message_id(phone: &str) -> String {
    format!("wamid.{phone}.{}", Uuid::now_v7().simple())
}

fn phone_of(message_id: &str) -> Option<&str> {
    message_id.strip_prefix("wamid.")?.rsplit_once('.').map(|(phone, _)| phone)
}

async fn messages(
    State(state): State<GraphState>,
    Path((_, number)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let shared = &state.shared;
    shared.calls.fetch_add(1, Ordering::Relaxed);
    let body = serde_json::from_slice::<Value>(&body).ok();
    // faults are for messages: a "read" in between must not use them up
    let is_read = body.as_ref().is_some_and(|body| body.get("status").is_some());
    let fault = if is_read { None } else { lock(&shared.faults).pop_front() };
    match fault {
        Some(Fault::Code(code)) => return refusal(code, "Simulated."),
        Some(Fault::Status(status)) => {
            return (
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                "<html>busy</html>",
            )
                .into_response();
        }
        Some(Fault::Hang { sent: false }) => return std::future::pending().await,
        Some(Fault::Reset { sent: false }) => reset(),
        _ => {}
    }
    let answer = judge(&state, &number, &headers, body, fault);
    match fault {
        Some(Fault::Hang { sent: true }) => std::future::pending().await,
        Some(Fault::Reset { sent: true }) => reset(),
        Some(Fault::HalfAnswer) => {
            let broken = futures_util::stream::iter([
                Ok("{\"messaging_product\":"),
                Err(std::io::Error::other("broken off")),
            ]);
            Body::from_stream(broken).into_response()
        }
        _ => answer,
    }
}

/// Breaks the connection without an answer: unwinding past the server's task, and past the panic hook, which has
/// nothing to report.
fn reset() -> ! {
    std::panic::resume_unwind(Box::new("connection reset by the simulator"))
}

fn judge(
    state: &GraphState,
    number: &str,
    headers: &HeaderMap,
    body: Option<Value>,
    fault: Option<Fault>,
) -> Response {
    let shared = &state.shared;
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if token != Some(shared.settings.access_token.as_str()) {
        return refusal(190, "Error validating access token: Session has expired.");
    }
    if !shared.settings.numbers.iter().any(|ours| ours == number) {
        return refusal(33, "Object with this ID does not exist or is not yours.");
    }
    let Some(body) = body else { return refusal(100, "The body is not JSON.") };
    if let Err(violation) = check(&body) {
        return refuse_body(shared, violation);
    }
    if body.get("status").is_some() { mark_read(shared, &body) } else { send(state, number, &body, fault) }
}

fn refuse_body(shared: &Shared, violation: Violation) -> Response {
    let details = violation.to_string();
    let code = if violation.field.starts_with("interactive") { 131_009 } else { 100 };
    lock(&shared.violations).push(violation);
    refusal(code, &details)
}

fn mark_read(shared: &Arc<Shared>, body: &Value) -> Response {
    let message_id = body["message_id"].as_str().unwrap_or_default();
    let typing = body.get("typing_indicator").is_some();
    let Some(phone) = phone_of(message_id).map(str::to_owned) else {
        return refusal(100, "message_id is unknown");
    };
    let Some((changed, typing)) = lock(&shared.model).mark_read(&phone, message_id, typing) else {
        return refusal(100, "message_id is unknown");
    };
    for bubble in changed {
        shared.tell(&phone, ChangeKind::Bubble(Box::new(bubble)));
    }
    if typing && shared.changes.receiver_count() > 0 {
        shared.tell(&phone, ChangeKind::Typing(true));
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            tokio::time::sleep(TYPING).await;
            shared.tell(&phone, ChangeKind::Typing(false));
        });
    }
    Json(json!({ "success": true })).into_response()
}

fn send(state: &GraphState, number: &str, body: &Value, fault: Option<Fault>) -> Response {
    let shared = &state.shared;
    let input = body["to"].as_str().or_else(|| body["recipient"].as_str()).unwrap_or_default();
    let phone = super::patient::key(input);
    let now = shared.settings.clock.now();
    let id = new_message_id(&phone);
    let fails = match fault {
        Some(Fault::FailsLater(code)) => Some(code),
        _ => None,
    };
    {
        let mut model = lock(&shared.model);
        if body["type"] != "template" && !model.window_is_open(number, &phone, now) {
            return refusal(
                131_047,
                "More than 24 hours have passed since the customer last replied to this number.",
            );
        }
        if fails.is_none() {
            let bubble = Bubble::of_body(id.clone(), now, body);
            model.add(&phone, bubble.clone());
            drop(model);
            shared.tell(&phone, ChangeKind::Bubble(Box::new(bubble)));
            shared.tell(&phone, ChangeKind::Typing(false));
            shared.replied.notify_waiters();
        }
    }
    if let Some(jobs) = state.jobs.upgrade() {
        let tracker = body.get("biz_opaque_callback_data").cloned();
        // an error means that the simulator is going down
        jobs.send(StatusJob {
            number: number.to_owned(),
            phone: phone.clone(),
            message_id: id.clone(),
            tracker,
            at: now,
            fails,
        })
        .ok();
    }
    let contact = if body.get("to").is_some() {
        json!({ "input": input, "wa_id": phone })
    } else {
        json!({ "input": input, "user_id": phone })
    };
    Json(json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [{ "id": id }] }))
        .into_response()
}

fn refusal(code: i32, details: &str) -> Response {
    let status = if code == 190 { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    let error = json!({ "error": {
        "message": format!("(#{code}) Simulated"), "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": details }, "fbtrace_id": "A1b2C3",
    }});
    (status, Json(error)).into_response()
}

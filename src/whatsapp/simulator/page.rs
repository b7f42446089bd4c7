//! `/phone`: WhatsApp on several invented patients' phones side by side, for trying the bot and for showing it.
//!
//! For the demo only: whoever can open it can write as any of these patients.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::Stream;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast;

use super::model::{Change, ChangeKind};
use super::patient::{How, PatientMessage, key};
use super::{Simulator, SimulatorError, lock};

/// Phones on one page at most.
const MOST_PHONES: usize = 12;

/// A patient who has a phone on the page.
#[derive(Debug, Clone)]
pub struct DemoPatient {
    /// Their number, digits with the country code.
    pub phone: String,
    /// What they are called.
    pub name: String,
    /// Who they are in the demo, in half a line: what to try with them.
    pub about: String,
}

/// What the page needs: the simulator, the phones on it, and the centre they write to.
#[derive(Clone)]
struct PageState {
    simulator: Simulator,
    patients: Arc<[DemoPatient]>,
    center: Arc<str>,
}

#[derive(Template)]
#[template(path = "whatsapp/simulator/page/phone.html")]
struct PhonePage<'a> {
    center: &'a str,
    patients: &'a [DemoPatient],
}

/// The page and what it calls, all below `/phone`.
pub fn phone_router(simulator: &Simulator, patients: Vec<DemoPatient>, center: &str) -> Router {
    let state = PageState { simulator: simulator.clone(), patients: patients.into(), center: center.into() };
    Router::new()
        .route("/phone", get(page))
        .route("/phone/phone.css", get(|| file("text/css; charset=utf-8", include_str!("page/phone.css"))))
        .route(
            "/phone/phone.js",
            get(|| file("text/javascript; charset=utf-8", include_str!("page/phone.js"))),
        )
        .route("/phone/icon.svg", get(|| file("image/svg+xml", include_str!("page/icon.svg"))))
        .route("/phone/events", get(events))
        .route("/phone/send", post(send))
        .with_state(state)
}

async fn page(State(state): State<PageState>) -> Response {
    let page = PhonePage { center: &state.center, patients: &state.patients };
    match page.render() {
        Ok(html) => {
            // everything comes from here, and nothing is inline
            let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            (
                [(header::CONTENT_SECURITY_POLICY, policy), (header::REFERRER_POLICY, "no-referrer")],
                Html(html),
            )
                .into_response()
        }
        Err(error) => {
            tracing::error!(error = %error, "The phone page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn file(kind: &'static str, content: &'static str) -> Response {
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // a rebuilt demo must not run yesterday's script
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[derive(Deserialize)]
struct Watched {
    /// Numbers separated by commas.
    #[serde(default)]
    phones: String,
}

/// First everything on the watched phones, then each change.
async fn events(
    State(state): State<PageState>,
    Query(watched): Query<Watched>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let phones: Vec<String> =
        watched.phones.split(',').map(key).filter(|phone| !phone.is_empty()).take(MOST_PHONES).collect();
    let shared = Arc::clone(&state.simulator.inner.shared);
    let closed = shared.closed.clone();
    // subscribed before the screens are read: a bubble may come twice, but none is missed
    let changes = shared.changes.subscribe();
    let screens = snapshots(&state.simulator, &phones);
    let live = Live { simulator: state.simulator, phones, changes, waiting: screens };
    let stream = futures_util::stream::unfold(live, Live::next);
    let until_closed = futures_util::StreamExt::take_until(stream, closed.cancelled_owned());
    Sse::new(until_closed).keep_alive(KeepAlive::default())
}

struct Live {
    simulator: Simulator,
    phones: Vec<String>,
    changes: broadcast::Receiver<Change>,
    waiting: VecDeque<Event>,
}

impl Live {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some((Ok(event), self));
            }
            match self.changes.recv().await {
                Ok(change) if self.phones.contains(&change.phone) => {
                    self.waiting.push_back(of_change(&change));
                }
                Ok(_) => {}
                // too slow: show everything again
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.waiting = snapshots(&self.simulator, &self.phones);
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

fn snapshots(simulator: &Simulator, phones: &[String]) -> VecDeque<Event> {
    let model = lock(&simulator.inner.shared.model);
    let screen = |phone: &String| {
        let content =
            json!({ "phone": phone, "bubbles": model.bubbles(phone), "typing": model.typing(phone) });
        Event::default().event("screen").data(content.to_string())
    };
    phones.iter().map(screen).collect()
}

fn of_change(change: &Change) -> Event {
    match &change.kind {
        ChangeKind::Bubble(bubble) => Event::default()
            .event("bubble")
            .data(json!({ "phone": change.phone, "bubble": bubble }).to_string()),
        ChangeKind::Typing(on) => {
            Event::default().event("typing").data(json!({ "phone": change.phone, "on": on }).to_string())
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sent {
    Text(String),
    Option { id: String, of: Option<String> },
    Voice,
}

#[derive(Deserialize)]
struct Sending {
    phone: String,
    #[serde(flatten)]
    sent: Sent,
}

async fn send(State(state): State<PageState>, Json(sending): Json<Sending>) -> Response {
    let message = match sending.sent {
        Sent::Text(text) if text.trim().is_empty() => return StatusCode::BAD_REQUEST.into_response(),
        Sent::Text(text) => PatientMessage::Text(text),
        Sent::Option { id, of } => PatientMessage::Tap { option: id, of },
        Sent::Voice => PatientMessage::VoiceNote,
    };
    match state.simulator.patient_sends(&sending.phone, message, How::Once).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error @ (SimulatorError::NotAPhone | SimulatorError::NoSuchOption)) => {
            (StatusCode::BAD_REQUEST, error.to_string()).into_response()
        }
        Err(error @ (SimulatorError::NoWebhook | SimulatorError::NotDelivered { .. })) => {
            (StatusCode::BAD_GATEWAY, error.to_string()).into_response()
        }
    }
}

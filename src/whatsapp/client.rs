//! Sends messages through the Graph API, and says what became of each.
//!
//! There is no idempotency key at Meta's: a call whose answer never came may have sent the message. That is
//! [`SendOutcome::Unknown`], and only what happened before the request was on its way is safe to repeat.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::graph::{MessageBody, ReadBody, Recipient};
use super::outcome::{self, Action};
use super::render::render;
use crate::clock::Stopwatch;
use crate::id::OutboxId;
use crate::queue::job::{self, Claimed};
use crate::queue::outcome::SendOutcome;
use crate::queue::sender::Deliver;
use crate::value::Outgoing;

/// The Graph API, as one business with its token sees it.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

#[derive(Deserialize)]
struct Accepted {
    messages: Vec<AcceptedMessage>,
}

#[derive(Deserialize)]
struct AcceptedMessage {
    id: String,
}

#[derive(Deserialize)]
struct Refused {
    error: GraphError,
}

#[derive(Deserialize)]
struct GraphError {
    code: Option<i32>,
    #[serde(default)]
    message: String,
    error_data: Option<ErrorData>,
}

#[derive(Deserialize)]
struct ErrorData {
    #[serde(default)]
    details: String,
}

impl Client {
    /// For `{graph_url}/{version}`, for example `https://graph.facebook.com` and `v25.0`. The timeouts are those of `http`.
    pub fn new(http: reqwest::Client, graph_url: &str, version: &str, token: SecretString) -> Self {
        Self { http, base: format!("{}/{version}", graph_url.trim_end_matches('/')), token }
    }

    /// Sends one message from the number `phone_number_id` to `to` (what the patient's message had in `from`).
    /// One call and no more: whether there will be another is for the outbox to decide.
    pub async fn send(
        &self,
        phone_number_id: &str,
        to: &str,
        outgoing: &Outgoing,
        outbox: OutboxId,
    ) -> SendOutcome {
        let refused = |detail: &str| SendOutcome::Never { code: None, detail: detail.to_owned() };
        let Some(recipient) = Recipient::parse(to) else {
            return refused("the recipient is neither a phone number nor a business-scoped id");
        };
        let Some(rendered) = render(outgoing) else { return refused("the message has nothing to show") };
        if rendered.cut {
            metrics::counter!("whatsapp_messages_cut").increment(1);
            tracing::warn!(outbox.id = %outbox, "A message was longer than WhatsApp carries and was cut");
        }
        let body = MessageBody::new(&recipient, &rendered.content, outbox);
        let outcome = self.post(phone_number_id, &body).await;
        metrics::counter!("whatsapp_sends", "outcome" => name(&outcome)).increment(1);
        outcome
    }

    /// Shows the patient that their message was read and, with `typing`, that an answer is coming. Worth no retry.
    ///
    /// # Errors
    /// With what the Graph API answered.
    pub async fn mark_read(
        &self,
        phone_number_id: &str,
        message_id: &str,
        typing: bool,
    ) -> Result<(), SendOutcome> {
        self.call(phone_number_id, &ReadBody::new(message_id, typing)).await.map(drop)
    }

    async fn post(&self, phone_number_id: &str, body: &impl Serialize) -> SendOutcome {
        let took = Stopwatch::start();
        let answer = self.call(phone_number_id, body).await;
        metrics::histogram!("whatsapp_send_seconds").record(took.elapsed().as_secs_f64());
        let answer = match answer {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        // 200 without an id that can be read: it has most likely gone out
        match serde_json::from_slice::<Accepted>(&answer)
            .ok()
            .and_then(|accepted| accepted.messages.into_iter().next())
        {
            Some(message) => SendOutcome::Accepted { wa_message_id: message.id },
            None => SendOutcome::Unknown,
        }
    }

    async fn call(&self, phone_number_id: &str, body: &impl Serialize) -> Result<bytes::Bytes, SendOutcome> {
        let url = format!("{}/{phone_number_id}/messages", self.base);
        let request = self.http.post(url).bearer_auth(self.token.expose_secret()).json(body);
        let response = request.send().await.map_err(|error| of_transport(&error))?;
        let status = response.status();
        let answer = response.bytes().await;
        if status.is_success() {
            return answer.map_err(|_| SendOutcome::Unknown);
        }
        let refused = answer.ok().and_then(|answer| serde_json::from_slice::<Refused>(&answer).ok());
        let (code, detail) = refused.map_or((None, String::new()), |refused| {
            let details =
                refused.error.error_data.map(|data| data.details).filter(|details| !details.is_empty());
            (refused.error.code, details.unwrap_or(refused.error.message))
        });
        count_refusal("call", code);
        Err(outcome::judge(status.as_u16(), code, &detail))
    }
}

/// Counts a refusal, whether it came as the answer or later as a status, and says so where somebody must act.
pub(super) fn count_refusal(via: &'static str, code: Option<i32>) {
    let (action, label) = outcome::labels(code);
    metrics::counter!("whatsapp_refusals", "via" => via, "action" => action, "code" => label).increment(1);
    match code.and_then(outcome::action) {
        Some(Action::Mend) => {
            tracing::error!(via, code, "WhatsApp refuses a message for what is in it: a bug of ours");
        }
        None => tracing::warn!(via, code, "WhatsApp refuses a message with a code that is not in our table"),
        Some(_) => {}
    }
}

impl Deliver for Client {
    async fn deliver(&self, message: &Claimed) -> SendOutcome {
        let (job::Recipient::WaId(to) | job::Recipient::UserId(to)) = &message.to;
        self.send(&message.phone_number_id, to, &message.message, message.id).await
    }
}

/// Before the request was on its way nothing can have been sent; afterwards nobody knows.
fn of_transport(error: &reqwest::Error) -> SendOutcome {
    if error.is_connect() { SendOutcome::Retry { code: None } } else { SendOutcome::Unknown }
}

fn name(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Retry { .. } => "retry",
        SendOutcome::RetryOnce { .. } => "retry_once",
        SendOutcome::SlowPair { .. } => "slow_pair",
        SendOutcome::SlowNumber { .. } => "slow_number",
        SendOutcome::Never { .. } => "never",
        SendOutcome::StopTheLine { .. } => "stop_the_line",
        SendOutcome::Unknown => "unknown",
    }
}

//! Takes a webhook's body apart, leniently: every message, status and piece of account news on its own.
//!
//! Meta adds fields and types without notice and batches up to a thousand updates in one body, so nothing here
//! fails as a whole but a body that is no JSON object. What one part lacks never hides the next part; what cannot be
//! used is handed on as [`Item::Odd`] and kept. Whatever comes out of here is clean: see [`clean`].

pub mod clean;
mod message;

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use message::is_user_id;

use super::inbound::{self, InboundStatus};
use crate::value::Incoming;

/// One thing that a webhook told us.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A patient's message.
    Message(Message),
    /// What became of a message of ours.
    Status(Status),
    /// A person answered a patient from the centre's own phone.
    Echo(Echo),
    /// News that belongs to no conversation: the account, a template, a number that changed hands.
    Notice(Notice),
    /// A part that cannot be used; kept for whoever looks into it.
    Odd(Odd),
    /// Nothing for us: another product of Meta's on the same app.
    Skipped {
        /// What it was.
        object: String,
    },
}

/// A patient's message with where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The number of ours that it was written to.
    pub phone_number_id: String,
    /// WhatsApp's id.
    pub message_id: String,
    /// WhatsApp's name of its type.
    pub wire_type: String,
    /// Who wrote.
    pub sender: Sender,
    /// WhatsApp's own time, in whole seconds; absent when unusable.
    pub sent_at: Option<DateTime<Utc>>,
    /// The wamid it answers.
    pub reply_to: Option<String>,
    /// What it says.
    pub incoming: Incoming,
}

/// Who wrote: at least one of the two is there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sender {
    /// The phone number as WhatsApp wrote it, digits only.
    pub wa_id: Option<String>,
    /// The business-scoped id, which is all there is for people who hide their number.
    pub user_id: Option<String>,
}

/// What became of a message of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The number of ours that sent it.
    pub phone_number_id: String,
    /// WhatsApp's own time.
    pub sent_at: Option<DateTime<Utc>>,
    /// The rest, as it is stored.
    pub status: InboundStatus,
}

/// A message that a person wrote to a patient from the centre's own phone. Its words are nobody's business here.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// The number of ours that it was written from.
    pub phone_number_id: String,
    /// WhatsApp's id.
    pub message_id: String,
    /// The patient.
    pub to: Sender,
    /// WhatsApp's own time.
    pub sent_at: Option<DateTime<Utc>>,
}

/// News that belongs to no conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The number of ours it is about, when it names one.
    pub phone_number_id: Option<String>,
    /// The webhook field, or the message type that is no message of a patient's.
    pub name: String,
    /// The same for a second delivery.
    pub key: String,
    /// WhatsApp's own time.
    pub sent_at: Option<DateTime<Utc>>,
    /// What it says, without names and words of people.
    pub payload: Value,
}

/// A part that cannot be used.
#[derive(Debug, Clone, PartialEq)]
pub struct Odd {
    /// What is wrong with it.
    pub reason: &'static str,
    /// The same for a second delivery.
    pub key: String,
    /// The part itself, cleaned.
    pub payload: Value,
}

/// The body is no JSON object of Meta's shape, even after mending what can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the webhook's body is {0}")]
pub struct Unreadable(pub &'static str);

impl fmt::Debug for Sender {
    // never a number in a log
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender(wa_id: {}, user_id: {})", self.wa_id.is_some(), self.user_id.is_some())
    }
}

impl Sender {
    /// What an answer is addressed to: the number if there is one, else the business-scoped id.
    pub fn address(&self) -> Option<&str> {
        self.wa_id.as_deref().or(self.user_id.as_deref())
    }
}

/// Takes a body apart, in the order in which Meta wrote it.
///
/// # Errors
/// When it is no JSON object, or one without Meta's `object`.
pub fn parse(body: &[u8]) -> Result<Vec<Item>, Unreadable> {
    let read = serde_json::from_slice::<Value>(body);
    let Value::Object(envelope) =
        read.or_else(|_| serde_json::from_str(&clean::mend(body))).map_err(|_| Unreadable("not JSON"))?
    else {
        return Err(Unreadable("not a JSON object"));
    };
    let object = envelope.get("object").and_then(Value::as_str).ok_or(Unreadable("without `object`"))?;
    if object != "whatsapp_business_account" {
        return Ok(vec![Item::Skipped { object: clean::name(object) }]);
    }
    let mut items = Vec::new();
    for entry in each(&envelope, "entry", "entry", &mut items) {
        let Some(entry) = entry.as_object() else {
            items.push(odd("entry that is no object", entry));
            continue;
        };
        let mut odd_changes = Vec::new();
        for change in each(entry, "changes", "changes", &mut odd_changes) {
            take_change(entry, change, &mut items);
        }
        items.append(&mut odd_changes);
    }
    Ok(items)
}

/// The elements of a list; something else in its place is kept as odd, and its absence is nothing.
fn each<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    what: &'static str,
    items: &mut Vec<Item>,
) -> &'a [Value] {
    match object.get(key) {
        Some(Value::Array(list)) => list,
        None | Some(Value::Null) => &[],
        Some(other) => {
            let reason = match what {
                "messages" => "messages that are no list",
                "statuses" => "statuses that are no list",
                "errors" => "errors that are no list",
                "message_echoes" => "message echoes that are no list",
                "changes" => "changes that are no list",
                _ => "entry that is no list",
            };
            items.push(odd(reason, other));
            &[]
        }
    }
}

fn take_change(entry: &Map<String, Value>, change: &Value, items: &mut Vec<Item>) {
    let field = change.get("field").and_then(Value::as_str);
    let value = change.get("value").and_then(Value::as_object);
    match (field, value) {
        (Some("messages"), Some(value)) => take_messages(value, items),
        (Some("smb_message_echoes"), Some(value)) => take_echoes(value, items),
        (Some(field), Some(value)) if field != "messages" => items.push(account_news(entry, field, value)),
        _ => items.push(odd("change without field or value", change)),
    }
}

fn take_messages(value: &Map<String, Value>, items: &mut Vec<Item>) {
    let number = value.get("metadata").and_then(|metadata| metadata.get("phone_number_id"));
    let Some(number) = number.and_then(clean::id) else {
        items.push(odd("messages without phone_number_id", &Value::Object(without_people(value))));
        return;
    };
    let contacts = value.get("contacts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for raw in each(value, "messages", "messages", items) {
        items.push(message::read(&number, contacts, raw));
    }
    for raw in each(value, "statuses", "statuses", items) {
        items.push(read_status(&number, raw));
    }
    for raw in each(value, "errors", "errors", items) {
        let payload = clean::json(raw, true);
        // errors carry no id: the whole value is what a second delivery repeats
        let key = format!(
            "error:{}",
            fingerprint(&[&number, &raw.to_string(), &Value::Object(value.clone()).to_string()])
        );
        items.push(Item::Notice(Notice {
            phone_number_id: Some(number.clone()),
            name: "error".to_owned(),
            key,
            sent_at: None,
            payload,
        }));
    }
}

/// What the centre's own phone sent: that it did is all that is kept of it.
fn take_echoes(value: &Map<String, Value>, items: &mut Vec<Item>) {
    let number = value.get("metadata").and_then(|metadata| metadata.get("phone_number_id"));
    let number = number.and_then(clean::id);
    for raw in each(value, "message_echoes", "message_echoes", items) {
        let id = raw.get("id").and_then(clean::id);
        let to = message::receiver(raw);
        let (Some(number), Some(message_id), Some(to)) = (number.clone(), id, to) else {
            let ids = ["id", "to", "to_user_id", "group_id", "type"];
            let known = ids.into_iter().filter_map(|key| Some((key.to_owned(), raw.get(key)?.clone())));
            items.push(odd("message echo without id or patient", &Value::Object(known.collect())));
            continue;
        };
        let sent_at = raw.get("timestamp").and_then(clean::timestamp);
        items.push(Item::Echo(Echo { phone_number_id: number, message_id, to, sent_at }));
    }
}

fn read_status(number: &str, raw: &Value) -> Item {
    let id = raw.get("id").and_then(clean::id);
    let status = raw.get("status").and_then(Value::as_str).map(clean::name);
    let (Some(message_id), Some(status)) = (id, status) else { return odd("status without id", raw) };
    let tracker = raw.get("biz_opaque_callback_data").and_then(Value::as_str);
    let errors = raw.get("errors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    Item::Status(Status {
        phone_number_id: number.to_owned(),
        sent_at: raw.get("timestamp").and_then(clean::timestamp),
        status: InboundStatus {
            outbox: tracker.and_then(inbound::tracked),
            message_id,
            status,
            errors: errors.iter().filter_map(error_code).collect(),
        },
    })
}

/// The code of one error object; Meta writes numbers, older clients wrote strings.
fn error_code(error: &Value) -> Option<i32> {
    let code = error.get("code")?;
    code.as_i64().or_else(|| code.as_str()?.parse().ok()).and_then(|code| i32::try_from(code).ok())
}

fn account_news(entry: &Map<String, Value>, field: &str, value: &Map<String, Value>) -> Item {
    let text_of = |key: &str| entry.get(key).map(Value::to_string).unwrap_or_default();
    let whole = Value::Object(value.clone()).to_string();
    Item::Notice(Notice {
        phone_number_id: value
            .get("metadata")
            .and_then(|metadata| metadata.get("phone_number_id"))
            .and_then(clean::id),
        name: clean::name(field),
        key: format!("account:{}", fingerprint(&[&text_of("id"), &text_of("time"), field, &whole])),
        sent_at: entry.get("time").and_then(clean::timestamp),
        payload: Value::Object(without_people(value)),
    })
}

/// Cleaned, and without what people are called or wrote.
fn without_people(value: &Map<String, Value>) -> Map<String, Value> {
    match clean::json(&Value::Object(value.clone()), true) {
        Value::Object(cleaned) => cleaned,
        _ => Map::new(),
    }
}

fn odd(reason: &'static str, raw: &Value) -> Item {
    Item::Odd(Odd {
        reason,
        key: format!("odd:{}", fingerprint(&[&raw.to_string()])),
        payload: clean::json(raw, false),
    })
}

/// A short name for content that carries no id of its own.
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(value: &str) -> Vec<Item> {
        let body = format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{value}}}]}}]}}"#
        );
        parse(body.as_bytes()).unwrap()
    }

    fn only_message(message: &str) -> Message {
        let value = format!(r#"{{"metadata":{{"phone_number_id":"5"}},"messages":[{message}]}}"#);
        match items(&value).remove(0) {
            Item::Message(message) => message,
            other => panic!("expected a message, got {other:?}"),
        }
    }

    #[test]
    fn one_odd_part_never_hides_the_others() {
        let found = items(
            r#"{"metadata":{"phone_number_id":"5"},"messages":[null,{"id":7},{"id":"a","from":"56911112222","type":"text","text":{"body":"hola"}},
               {"id":"b","from":"56911112222","type":"text","text":"no object"}],"statuses":{"id":"x"}}"#,
        );
        let kinds: Vec<&str> = found
            .iter()
            .map(|item| match item {
                Item::Message(_) => "message",
                Item::Odd(odd) => odd.reason,
                _ => "other",
            })
            .collect();
        assert_eq!(
            kinds,
            ["message without id", "message without id", "message", "message", "statuses that are no list"]
        );
    }

    #[test]
    fn a_rut_is_masked_before_anything_is_stored() {
        let text = only_message(
            r#"{"id":"a","from":"56911112222","type":"text","text":{"body":"soy 12.345.678-5"}}"#,
        );
        assert_eq!(text.incoming, Incoming::Text { text: "soy …5678-5".to_owned() });
        let tap = only_message(
            r#"{"id":"a","from":"56911112222","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"o:1","title":"12345678-5"}}}"#,
        );
        assert_eq!(tap.incoming, Incoming::Tap { id: "o:1".to_owned(), title: "…5678-5".to_owned() });
    }

    #[test]
    fn control_characters_and_half_surrogates_do_not_lose_a_message() {
        let text = only_message(
            r#"{"id":"a","from":"56911112222","type":"text","text":{"body":"a\u0000b\r\nc\ud83d d"}}"#,
        );
        assert_eq!(text.incoming, Incoming::Text { text: "ab\nc\u{fffd} d".to_owned() });
    }

    #[test]
    fn a_business_scoped_id_in_from_is_not_taken_for_a_phone() {
        let message = only_message(r#"{"id":"a","from":"US.134","type":"text","text":{"body":"hola"}}"#);
        assert_eq!(message.sender, Sender { wa_id: None, user_id: Some("US.134".to_owned()) });
    }

    #[test]
    fn debug_output_of_a_sender_hides_the_number() {
        let sender = Sender { wa_id: Some("56911112222".to_owned()), user_id: None };
        assert!(!format!("{sender:?}").contains("569"));
    }
}

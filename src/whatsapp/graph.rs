//! The bodies of `POST /{version}/{phone_number_id}/messages`, built only from content that keeps Meta's limits.

use serde::Serialize;

use super::inbound;
use super::limits::Content;
use super::wire::is_user_id;
use crate::id::OutboxId;

/// Whom a message is for.
#[derive(Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A phone number: digits with the country code.
    Number(String),
    /// A business-scoped id.
    UserId(String),
}

impl Recipient {
    /// Reads what an incoming message's `from` had.
    pub fn parse(to: &str) -> Option<Self> {
        let digits = to.trim_start_matches('+');
        let is_number = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if is_number {
            return Some(Self::Number(digits.to_owned()));
        }
        is_user_id(to).then(|| Self::UserId(to.to_owned()))
    }
}

/// A message as the Graph API takes it.
#[derive(Serialize)]
pub struct MessageBody<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'a str>,
    biz_opaque_callback_data: String,
    #[serde(flatten)]
    content: ContentBody<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentBody<'a> {
    Text { text: Words<'a> },
    Interactive { interactive: InteractiveBody<'a> },
}

#[derive(Serialize)]
struct Words<'a> {
    #[serde(rename = "body")]
    words: &'a str,
    preview_url: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum InteractiveBody<'a> {
    Button { body: Caption<'a>, action: ButtonAction<'a> },
    List { body: Caption<'a>, action: ListAction<'a> },
}

#[derive(Serialize)]
struct Caption<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct ButtonAction<'a> {
    buttons: Vec<ButtonBody<'a>>,
}

#[derive(Serialize)]
struct ButtonBody<'a> {
    r#type: &'static str,
    reply: Reply<'a>,
}

#[derive(Serialize)]
struct Reply<'a> {
    id: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct ListAction<'a> {
    button: &'a str,
    sections: [Section<'a>; 1],
}

#[derive(Serialize)]
struct Section<'a> {
    rows: Vec<RowBody<'a>>,
}

#[derive(Serialize)]
struct RowBody<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

impl<'a> MessageBody<'a> {
    /// The message for this recipient; our own id travels with it and comes back with every status.
    pub fn new(recipient: &'a Recipient, content: &'a Content, outbox: OutboxId) -> Self {
        let (to, user_id) = match recipient {
            Recipient::Number(number) => (Some(number.as_str()), None),
            Recipient::UserId(id) => (None, Some(id.as_str())),
        };
        Self {
            messaging_product: "whatsapp",
            recipient_type: "individual",
            to,
            recipient: user_id,
            biz_opaque_callback_data: inbound::tracker(outbox),
            content: ContentBody::of(content),
        }
    }
}

impl<'a> ContentBody<'a> {
    fn of(content: &'a Content) -> Self {
        match content {
            Content::Text(body) => Self::Text { text: Words { words: body.as_str(), preview_url: false } },
            Content::Buttons { body, buttons } => {
                let button = |b: &'a super::limits::Button| ButtonBody {
                    r#type: "reply",
                    reply: Reply { id: b.id.as_str(), title: b.title.as_str() },
                };
                let action = ButtonAction { buttons: buttons.iter().map(button).collect() };
                Self::Interactive {
                    interactive: InteractiveBody::Button { body: Caption { text: body.as_str() }, action },
                }
            }
            Content::List { body, label, rows } => {
                let row = |row: &'a super::limits::Row| RowBody {
                    id: row.id.as_str(),
                    title: row.title.as_str(),
                    description: row.description.as_ref().map(super::limits::Bounded::as_str),
                };
                let action = ListAction {
                    button: label.as_str(),
                    sections: [Section { rows: rows.iter().map(row).collect() }],
                };
                Self::Interactive {
                    interactive: InteractiveBody::List { body: Caption { text: body.as_str() }, action },
                }
            }
        }
    }
}

/// "We have read this": marks the message and all earlier ones; with `typing`, also shows that an answer is coming
/// (for 25 seconds at most, so only when one will).
#[derive(Serialize)]
pub struct ReadBody<'a> {
    messaging_product: &'static str,
    status: &'static str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typing_indicator: Option<Typing>,
}

#[derive(Serialize)]
struct Typing {
    r#type: &'static str,
}

impl<'a> ReadBody<'a> {
    /// For the message with this wamid.
    pub fn new(message_id: &'a str, typing: bool) -> Self {
        let typing_indicator = typing.then_some(Typing { r#type: "text" });
        Self { messaging_product: "whatsapp", status: "read", message_id, typing_indicator }
    }
}

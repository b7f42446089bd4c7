//! One message of a patient's, of any type Meta has or will have.

use serde_json::{Value, json};

use super::{Item, Message, Notice, Sender, clean, odd};
use crate::value::{Incoming, MediaKind};

/// Reads one element of `messages`.
pub(super) fn read(number: &str, contacts: &[Value], raw: &Value) -> Item {
    // without an id a second delivery could not be told from a second message
    let Some(message_id) = raw.get("id").and_then(|id| id.as_str().and(clean::id(id))) else {
        return odd("message without id", raw);
    };
    let wire_type = clean::name(text_at(raw, &["type"]).unwrap_or("unknown"));
    let sender = sender(contacts, raw);
    let sent_at = raw.get("timestamp").and_then(clean::timestamp);
    let notice = |payload: Value| {
        Item::Notice(Notice {
            phone_number_id: Some(number.to_owned()),
            name: wire_type.clone(),
            key: format!("{number}:{message_id}"),
            sent_at,
            payload,
        })
    };
    let content = raw.get(&wire_type);
    if wire_type == "system" {
        // Its `body` holds names and numbers in prose. Whether a number that changed hands still speaks for the
        // same patients is for a person to decide: addresses are not moved here.
        let of = |key: &str| content.and_then(|system| system.get(key)).and_then(clean::id);
        return notice(json!({
            "type": of("type"), "from": sender.wa_id, "from_user_id": sender.user_id, "wa_id": of("wa_id"), "user_id": of("user_id"),
        }));
    }
    if wire_type == "revoke" {
        return notice(
            json!({ "original_message_id": content.and_then(|c| c.get("original_message_id")).and_then(clean::id) }),
        );
    }
    if raw.get("group_id").is_some_and(|group| !group.is_null()) {
        // other people read along in a group: nothing may be answered there
        return notice(json!({ "group_id": raw.get("group_id").and_then(clean::id) }));
    }
    if sender.address().is_none() {
        return odd("message without sender", raw);
    }
    Item::Message(Message {
        phone_number_id: number.to_owned(),
        reply_to: raw.get("context").and_then(|context| context.get("id")).and_then(clean::id),
        incoming: incoming(&wire_type, content),
        message_id,
        wire_type,
        sender,
        sent_at,
    })
}

/// Who wrote. A contact counts only when its number is the message's: the first one may be somebody else.
fn sender(contacts: &[Value], raw: &Value) -> Sender {
    let from = raw.get("from").and_then(clean::id);
    let wa_id = from
        .as_deref()
        .map(|from| from.trim_start_matches('+'))
        .filter(|from| is_number(from))
        .map(str::to_owned);
    let in_from = from.filter(|from| is_user_id(from));
    let in_message = raw.get("from_user_id").and_then(clean::id).filter(|id| is_user_id(id));
    let in_contact = || {
        let own = contacts
            .iter()
            .find(|contact| contact.get("wa_id").and_then(clean::id) == wa_id && wa_id.is_some())?;
        own.get("user_id").and_then(clean::id).filter(|id| is_user_id(id))
    };
    let user_id = in_message.or(in_from).or_else(in_contact);
    Sender { wa_id, user_id }
}

/// Whom a message of the centre's own phone went to; none for a group.
pub(super) fn receiver(raw: &Value) -> Option<Sender> {
    if raw.get("group_id").is_some_and(|group| !group.is_null()) {
        return None;
    }
    let to = raw.get("to").and_then(clean::id).unwrap_or_default();
    let digits = to.trim_start_matches('+');
    let wa_id = is_number(digits).then(|| digits.to_owned());
    let user_id = raw.get("to_user_id").and_then(clean::id).or(Some(to)).filter(|id| is_user_id(id));
    (wa_id.is_some() || user_id.is_some()).then_some(Sender { wa_id, user_id })
}

fn is_number(from: &str) -> bool {
    (5..=20).contains(&from.len()) && from.bytes().all(|b| b.is_ascii_digit())
}

/// `CC.` and letters or digits, `CC.ENT.…` for a parent id.
pub fn is_user_id(id: &str) -> bool {
    let mut parts = id.split('.');
    let country = parts.next().is_some_and(|cc| cc.len() == 2 && cc.bytes().all(|b| b.is_ascii_uppercase()));
    let rest: Vec<&str> = parts.collect();
    country
        && id.len() <= 140
        && matches!(rest[..], [own] | ["ENT", own] if !own.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn incoming(wire_type: &str, content: Option<&Value>) -> Incoming {
    let unsupported = || Incoming::Unsupported { name: wire_type.to_owned() };
    let media = |kind: MediaKind| Incoming::Media { kind };
    let Some(content) = content else { return without_content(wire_type) };
    match wire_type {
        "text" => text_at(content, &["body"]).map_or_else(unsupported, spoken),
        "interactive" => interactive(content),
        "button" => match (text_at(content, &["payload"]), text_at(content, &["text"])) {
            (Some(payload), label) => tap(payload, label),
            (None, Some(label)) => spoken(label),
            (None, None) => unsupported(),
        },
        "image" | "video" | "document" => {
            match text_at(content, &["caption"]).filter(|caption| !caption.trim().is_empty()) {
                Some(caption) => spoken(caption),
                None => without_content(wire_type),
            }
        }
        // a corrected message: what it says now
        "edit" => text_at(content, &["message", "text", "body"]).map_or_else(unsupported, spoken),
        "contacts" => media(MediaKind::Contact),
        "reaction" => {
            Incoming::Reaction { emoji: clean::name(text_at(content, &["emoji"]).unwrap_or_default()) }
        }
        _ => without_content(wire_type),
    }
}

/// What is left to say of a message by its type alone.
fn without_content(wire_type: &str) -> Incoming {
    let kind = match wire_type {
        "image" | "sticker" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "location" => MediaKind::Location,
        "contacts" => MediaKind::Contact,
        "order" => MediaKind::Order,
        _ => return Incoming::Unsupported { name: wire_type.to_owned() },
    };
    Incoming::Media { kind }
}

fn interactive(content: &Value) -> Incoming {
    let subtype = text_at(content, &["type"]).unwrap_or("interactive");
    // decide on what is there: a missing or new `type` does not take the id away
    for reply in ["button_reply", "list_reply"] {
        if let Some(id) = text_at(content, &[reply, "id"]) {
            return tap(id, text_at(content, &[reply, "title"]));
        }
    }
    Incoming::Unsupported { name: clean::name(subtype) }
}

/// The id is not masked (a RUT cannot stand in what we made ourselves), but anybody can send any id, so it is bounded.
fn tap(id: &str, title: Option<&str>) -> Incoming {
    let id = id.chars().filter(|c| !c.is_control()).take(256).collect();
    Incoming::Tap { id, title: clean::text(title.unwrap_or_default()) }
}

fn spoken(raw: &str) -> Incoming {
    Incoming::Text { text: clean::text(raw) }
}

fn text_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |inner, key| inner.get(key))?.as_str()
}

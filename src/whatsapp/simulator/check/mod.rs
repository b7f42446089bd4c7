//! Whether Meta would take a body: its documented limits, written down a second time.
//!
//! Shares no code with the builder on purpose: a limit that both got from one constant would be checked by nobody.
//! Lengths are counted in UTF-16 units, the stricter of the two countings that Meta may mean.

mod interactive;
mod template;

use serde_json::{Map, Value};

/// Why a body is refused, as `error_data.details` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field, from the top: `interactive.action.buttons[0].reply.title`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

type Checked<T = ()> = Result<T, Violation>;

/// An object on the way down through a body.
struct At<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

/// Checks a body of `POST /{phone_number_id}/messages`: a message, or "read".
///
/// # Errors
/// With the first field that Meta would refuse.
pub fn check(body: &Value) -> Checked {
    let at = At::new(String::new(), body)?;
    at.one_of("messaging_product", &["whatsapp"])?;
    if at.object.contains_key("status") { mark_read(&at) } else { message(&at) }
}

fn mark_read(at: &At<'_>) -> Checked {
    at.only(&["messaging_product", "status", "message_id", "typing_indicator"])?;
    at.one_of("status", &["read"])?;
    at.text("message_id", 1, 512)?;
    if let Some(typing) = at.child_if_any("typing_indicator")? {
        typing.only(&["type"])?;
        typing.one_of("type", &["text"])?;
    }
    Ok(())
}

fn message(at: &At<'_>) -> Checked {
    let kind = at.string("type")?;
    let common = [
        "messaging_product",
        "recipient_type",
        "to",
        "recipient",
        "recipient_identity_key_hash",
        "biz_opaque_callback_data",
        "type",
    ];
    let types = [
        "text",
        "image",
        "audio",
        "video",
        "document",
        "sticker",
        "location",
        "contacts",
        "reaction",
        "interactive",
        "template",
    ];
    at.require(types.contains(&kind), "type", "is no message type")?;
    // a reaction cannot be a reply
    let allowed: Vec<&str> =
        common.into_iter().chain([kind]).chain((kind != "reaction").then_some("context")).collect();
    at.only(&allowed)?;
    if at.object.contains_key("recipient_type") {
        at.one_of("recipient_type", &["individual"])?;
    }
    let (to, recipient) = (at.string_if_any("to")?, at.string_if_any("recipient")?);
    at.require(to.is_some() || recipient.is_some(), "to", "is missing")?;
    at.require(to.is_none_or(is_phone), "to", "is no phone number")?;
    at.require(recipient.is_none_or(is_scoped_id), "recipient", "is no business-scoped id")?;
    at.text_if_any("biz_opaque_callback_data", 1, 512)?;
    at.text_if_any("recipient_identity_key_hash", 1, 512)?;
    if let Some(context) = at.child_if_any("context")? {
        context.only(&["message_id"])?;
        context.text("message_id", 1, 512)?;
    }
    if kind == "contacts" {
        return at.list("contacts", 1, 257)?.iter().try_for_each(contact);
    }
    let content = at.child(kind)?;
    match kind {
        "text" => {
            content.only(&["body", "preview_url"])?;
            content.visible("body", 4096)?;
            content.boolean_if_any("preview_url")
        }
        "image" | "video" => media(&content, &["caption"]),
        "document" => media(&content, &["caption", "filename"]),
        "audio" => media(&content, &["voice"]),
        "sticker" => media(&content, &[]),
        "location" => location(&content),
        "reaction" => {
            content.only(&["message_id", "emoji"])?;
            content.text("message_id", 1, 512)?;
            content.text("emoji", 0, 32)
        }
        "interactive" => interactive::check(&content),
        _ => template::check(&content),
    }
}

fn is_phone(to: &str) -> bool {
    let digits = to.strip_prefix('+').unwrap_or(to);
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

fn is_scoped_id(id: &str) -> bool {
    let Some((country, own)) = id.split_once('.') else { return false };
    let own = own.strip_prefix("ENT.").unwrap_or(own);
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=128).contains(&own.len())
        && own.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

/// An uploaded file by id, or one on the web by link, never both.
fn media(at: &At<'_>, also: &[&str]) -> Checked {
    let allowed: Vec<&str> = ["id", "link"].into_iter().chain(also.iter().copied()).collect();
    at.only(&allowed)?;
    let (id, link) = (at.string_if_any("id")?, at.string_if_any("link")?);
    at.require(id.is_some() != link.is_some(), "id", "and link: exactly one is needed")?;
    at.require(id.is_none_or(|id| !id.is_empty()), "id", "is empty")?;
    at.require(link.is_none_or(|link| is_url(link) && units(link) <= 2000), "link", "is no URL")?;
    at.text_if_any("caption", 0, 1024)?;
    at.text_if_any("filename", 1, 240)?;
    at.boolean_if_any("voice")
}

fn location(at: &At<'_>) -> Checked {
    at.only(&["latitude", "longitude", "name", "address"])?;
    for (key, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let value = at.object.get(key);
        let degrees = value.and_then(|v| v.as_f64().or_else(|| v.as_str()?.parse().ok()));
        at.require(
            degrees.is_some_and(|degrees: f64| degrees.abs() <= most),
            key,
            "is missing or out of range",
        )?;
    }
    at.text_if_any("name", 1, 1000)?;
    at.text_if_any("address", 1, 1000)
}

fn contact(at: &At<'_>) -> Checked {
    let name = at.child("name")?;
    name.visible("formatted_name", 1000)?;
    let parts = ["first_name", "last_name", "middle_name", "prefix", "suffix"];
    name.require(
        parts.iter().any(|part| name.object.contains_key(*part)),
        "first_name",
        "or another part of the name is needed",
    )
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

impl<'a> At<'a> {
    fn new(path: String, value: &'a Value) -> Checked<Self> {
        match value {
            Value::Object(object) => Ok(Self { path, object }),
            _ => Err(Violation { field: path, problem: "is no object".to_owned() }),
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn require(&self, holds: bool, key: &str, problem: &str) -> Checked {
        if holds { Ok(()) } else { Err(Violation { field: self.path_of(key), problem: problem.to_owned() }) }
    }

    fn only(&self, allowed: &[&str]) -> Checked {
        match self.object.keys().find(|key| !allowed.contains(&key.as_str())) {
            Some(unknown) => self.require(false, unknown, "is not expected here"),
            None => Ok(()),
        }
    }

    fn child(&self, key: &str) -> Checked<At<'a>> {
        self.require(self.object.contains_key(key), key, "is missing")?;
        At::new(self.path_of(key), &self.object[key])
    }

    fn child_if_any(&self, key: &str) -> Checked<Option<At<'a>>> {
        if self.object.contains_key(key) { self.child(key).map(Some) } else { Ok(None) }
    }

    fn list(&self, key: &str, least: usize, most: usize) -> Checked<Vec<At<'a>>> {
        let list = self.object.get(key).and_then(Value::as_array);
        let list = list.filter(|list| (least..=most).contains(&list.len()));
        self.require(list.is_some(), key, &format!("must have {least} to {most} elements"))?;
        let elements = list.into_iter().flatten().enumerate();
        elements.map(|(place, element)| At::new(format!("{}[{place}]", self.path_of(key)), element)).collect()
    }

    fn string(&self, key: &str) -> Checked<&'a str> {
        let found = self.object.get(key).and_then(Value::as_str);
        found.ok_or_else(|| Violation {
            field: self.path_of(key),
            problem: "is missing or no string".to_owned(),
        })
    }

    fn string_if_any(&self, key: &str) -> Checked<Option<&'a str>> {
        if self.object.contains_key(key) { self.string(key).map(Some) } else { Ok(None) }
    }

    fn one_of(&self, key: &str, allowed: &[&str]) -> Checked {
        self.require(allowed.contains(&self.string(key)?), key, "has a value that is not allowed")
    }

    fn text(&self, key: &str, least: usize, most: usize) -> Checked {
        let length = units(self.string(key)?);
        self.require(
            (least..=most).contains(&length),
            key,
            &format!("must have {least} to {most} characters"),
        )
    }

    fn text_if_any(&self, key: &str, least: usize, most: usize) -> Checked {
        if self.object.contains_key(key) { self.text(key, least, most) } else { Ok(()) }
    }

    fn visible(&self, key: &str, most: usize) -> Checked {
        self.text(key, 1, most)?;
        let blank = self.string(key)?.chars().all(|c| c.is_whitespace() || c == '\u{feff}');
        self.require(!blank, key, "is blank")
    }

    fn option_id(&self, most: usize) -> Checked {
        self.text("id", 1, most)?;
        let id = self.string("id")?;
        let one_line = !id.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        let tight = id.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}') == id;
        self.require(one_line && tight, "id", "begins or ends with a space")
    }

    fn boolean_if_any(&self, key: &str) -> Checked {
        self.require(self.object.get(key).is_none_or(Value::is_boolean), key, "must be true or false")
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

//! Makes what came from outside safe to keep: no control characters, no whole RUT, no endless ids, no half characters.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::value::rut;

/// WhatsApp's ids are about 100 characters long; a key in the database may have 2,700 bytes.
const LONGEST_ID: usize = 512;

/// Keys under which names and words of people stand in the news about an account.
const OF_PEOPLE: [&str; 9] =
    ["profile", "body", "caption", "username", "text", "formatted_name", "vcard", "response_json", "emoji"];

/// A text without control characters (PostgreSQL refuses NUL) and with each whole RUT cut to its tail.
pub fn text(raw: &str) -> String {
    let unix = raw.replace("\r\n", "\n");
    let kept: String = unix.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    rut::mask(&kept)
}

/// An id: a string or a whole number, without control characters, neither empty nor endless.
pub fn id(raw: &Value) -> Option<String> {
    let found = match raw {
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!found.is_empty() && found.len() <= LONGEST_ID).then_some(found)
}

/// WhatsApp's word for something, short enough to keep.
pub fn name(raw: &str) -> String {
    raw.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// Seconds since 1970, as a string or a number; `None` for what cannot be a time of WhatsApp's.
pub fn timestamp(raw: &Value) -> Option<DateTime<Utc>> {
    let seconds = raw.as_i64().or_else(|| raw.as_str()?.trim().parse().ok())?;
    // from WhatsApp's first year to the year 2100
    (1_230_768_000..4_102_444_800).contains(&seconds).then(|| DateTime::from_timestamp(seconds, 0)).flatten()
}

/// Any JSON, cleaned in every string; `without_people` also drops names and words of people.
pub fn json(raw: &Value, without_people: bool) -> Value {
    match raw {
        Value::String(string) => Value::String(text(string)),
        Value::Array(list) => list.iter().map(|element| json(element, without_people)).collect(),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .filter(|(key, _)| !(without_people && OF_PEOPLE.contains(&key.as_str())))
                .map(|(key, value)| (text(key), json(value, without_people)))
                .collect::<Map<_, _>>(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => raw.clone(),
    }
}

/// The body with broken UTF-8 and half surrogate pairs (`\ud83d` alone) replaced, so that an emoji that some client
/// cut in two does not lose the message it stands in.
pub fn mend(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let bytes = text.as_bytes();
    let mut mended = String::with_capacity(text.len());
    let (mut kept_until, mut at) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let length = match (escape(bytes, at), escape(bytes, at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push_str(&text[kept_until..at]);
                mended.push_str("\\ufffd");
                kept_until = at + 6;
                6
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        at += length;
    }
    mended.push_str(text.get(kept_until..).unwrap_or_default());
    mended
}

/// The number in `\uXXXX` at this place.
fn escape(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// An unreadable body as text that can be stored: masked when it is text, else as hexadecimal digits.
pub fn unreadable(body: &[u8]) -> (&'static str, Cow<'_, str>) {
    match std::str::from_utf8(body) {
        Ok(readable) => ("text", text(readable).into()),
        Err(_) => ("hex", hex::encode(body).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_half_surrogates_are_mended() {
        assert_eq!(
            mend(br#"{"a":"\ud83d\ude00 \ud83d x \ude00 \\ud83d \u00e9"}"#),
            r#"{"a":"\ud83d\ude00 \ufffd x \ufffd \\ud83d \u00e9"}"#
        );
        assert_eq!(mend(br"\"), r"\");
        assert_eq!(mend(br"\u12"), r"\u12");
    }

    #[test]
    fn a_timestamp_is_a_string_or_a_number_and_plausible() {
        for raw in [Value::from("1790000000"), Value::from(1_790_000_000)] {
            assert_eq!(timestamp(&raw).map(|at| at.timestamp()), Some(1_790_000_000));
        }
        for raw in [Value::from("not-a-time"), Value::from(-1), Value::from(i64::MAX), Value::Null] {
            assert_eq!(timestamp(&raw), None, "{raw}");
        }
    }

    #[test]
    fn an_endless_id_is_no_id() {
        assert_eq!(id(&Value::from("x".repeat(513))), None);
        assert_eq!(id(&Value::from("")), None);
        assert_eq!(id(&Value::from(12)), Some("12".to_owned()));
    }
}

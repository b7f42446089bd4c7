//! Short names for contents: "is this still what was shown, read or held?"
//!
//! FNV-1a with 64 bits, written as 16 hex digits. It is the same on every machine and in every version, for
//! it stands in stored states and in the ids of buttons; it is no secret and protects nothing.

use chrono::{Datelike, Timelike};

use crate::flow::{Name, Record, Value};

/// A fingerprint being taken.
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    /// A text, closed by a byte that UTF-8 never has, so that "ab" + "c" differs from "a" + "bc".
    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).bytes(&[0xff])
    }

    fn number(self, number: i64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    /// A value as it is passed to a port: a row by its key.
    pub(super) fn argument(self, value: &Value) -> Self {
        match value {
            Value::Record(row) => self.bytes(&[8]).text(&row.key),
            value => self.value(value),
        }
    }

    /// A value with its type.
    pub(super) fn value(self, value: &Value) -> Self {
        match value {
            Value::Nothing => self.bytes(&[0]),
            Value::Text(text) => self.bytes(&[1]).text(text),
            Value::Number(number) => self.bytes(&[2]).number(*number),
            Value::Length(minutes) => self.bytes(&[12]).number(*minutes),
            Value::Flag(flag) => self.bytes(&[3, u8::from(*flag)]),
            Value::Date(day) => self.bytes(&[4]).number(i64::from(day.num_days_from_ce())),
            Value::Moment(at) => self
                .bytes(&[5])
                .number(i64::from(at.date().num_days_from_ce()))
                .number(i64::from(at.time().num_seconds_from_midnight())),
            Value::Window(window) => self.bytes(&[6]).text(&window.to_string()),
            Value::RutTail(tail) => self.bytes(&[7]).text(&tail.to_string()),
            Value::Key(key) => self.bytes(&[8]).text(key),
            Value::Record(record) => self.bytes(&[9]).record(record),
            Value::Rows(rows) => rows.iter().fold(self.bytes(&[10]), Self::record),
        }
    }

    fn record(self, record: &Record) -> Self {
        let start = self.text(&record.key);
        record.columns.iter().fold(start, |taken, (name, value)| taken.text(name).value(value))
    }

    pub(super) fn finish(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// Of a text alone.
pub(super) fn of_text(text: &str) -> String {
    Fingerprint::new().text(text).finish()
}

/// Of a call: port and argument values.
pub(super) fn of_call(port: &str, arguments: &[(Name, Value)]) -> String {
    let start = Fingerprint::new().text(port);
    arguments.iter().fold(start, |taken, (name, value)| taken.text(name).value(value)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_never_changes_from_one_version_to_the_next() {
        assert_eq!(of_text("hora"), "308c2a7b3d502ce6", "stored states and sent buttons carry it");
    }

    #[test]
    fn equal_words_of_another_type_or_cut_are_told_apart() {
        let key = of_call("p", &[("a".into(), Value::Key("x".into()))]);
        assert_ne!(key, of_call("p", &[("a".into(), Value::Text("x".into()))]));
        let cut = Fingerprint::new().text("ab").text("c").finish();
        assert_ne!(cut, Fingerprint::new().text("a").text("bc").finish());
    }
}

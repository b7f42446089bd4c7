//! The typed values that flows compute with: answers, arguments and the rows that ports return.
//!
//! Values are typed, never strings in disguise; they serialise into a conversation's state and journal, so
//! each variant reads back as exactly what it was.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::value::{RutTail, Window, hour_label};

/// A name in a flow: of a flow, field, memo, port (`agenda.buscar`) or column. ASCII letters, digits, `_` and `.`.
pub type Name = String;

/// A value of the flow language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// An optional value that is not there.
    Nothing,
    /// Words.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A length of time, in minutes.
    Length(i64),
    /// Yes or no.
    Flag(bool),
    /// A day.
    Date(NaiveDate),
    /// A moment in the centre's wall time.
    Moment(NaiveDateTime),
    /// A constraint on hours.
    Window(Window),
    /// The end of a RUT.
    RutTail(RutTail),
    /// The key of a row, when a row is passed to a port.
    Key(String),
    /// A row: what was chosen, or what a write returned.
    Record(Record),
    /// Rows that were found, for a text that lists them.
    Rows(Vec<Record>),
}

/// A row that a port returned, or an option that was chosen from several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Opaque to the core; the port that made it understands it. At most 60 bytes.
    pub key: String,
    /// Its columns, as the port's contract names and types them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<Name, Value>,
    /// Other words by which a patient may choose it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// After this moment it cannot be chosen any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl Value {
    /// Whether it is there at all.
    pub fn is_something(&self) -> bool {
        *self != Self::Nothing
    }
}

impl fmt::Display for Value {
    /// The plain form, for a placeholder without a filter and for fixtures' `answers:`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Text(text) | Self::Key(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Length(minutes) => f.write_str(&length_in_words(*minutes)),
            Self::Flag(flag) => f.write_str(if *flag { "sí" } else { "no" }),
            Self::Date(day) => f.write_str(&hour_label::day_long(*day)),
            Self::Moment(at) => f.write_str(&hour_label::day_hour_long(*at)),
            Self::Window(window) => window.fmt(f),
            Self::RutTail(tail) => tail.fmt(f),
            Self::Record(record) => f.write_str(&record.key),
            Self::Rows(rows) => rows.len().fmt(f),
        }
    }
}

/// `45 minutos`, `1 hora`, `1 hora y 30 minutos`, `2 días`.
fn length_in_words(minutes: i64) -> String {
    let counted = |count: i64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let parts = [
        counted(minutes / DAY, "día", "días"),
        counted(minutes % DAY / HOUR, "hora", "horas"),
        counted(minutes % HOUR, "minuto", "minutos"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match &parts[..] {
        [] => "0 minutos".to_owned(),
        [first @ .., last] if !first.is_empty() => format!("{} y {last}", first.join(", ")),
        _ => parts.concat(),
    }
}

/// Minutes of an hour.
pub(crate) const HOUR: i64 = 60;
/// Minutes of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_said_in_the_units_people_use() {
        let said =
            [0, 1, 45, 60, 90, 120, 1_440, 2_880, 1_531].map(|minutes| Value::Length(minutes).to_string());
        let expected = [
            "0 minutos",
            "1 minuto",
            "45 minutos",
            "1 hora",
            "1 hora y 30 minutos",
            "2 horas",
            "1 día",
            "2 días",
            "1 día, 1 hora y 31 minutos",
        ];
        assert_eq!(said, expected);
    }
}

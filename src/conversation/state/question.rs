//! The question that waits, as it was shown; and a tap on one.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::flow::Name;

/// The pending question, with enough to understand the reply without the book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The turn that asked.
    pub tick: u64,
    /// When it was asked.
    pub at: DateTime<Utc>,
    /// The frame it belongs to.
    pub frame: u32,
    /// The field, or the id of the review step.
    pub field: Name,
    /// What is asked.
    pub kind: AskedKind,
    /// Hash of what is shown, which a tap carries.
    pub fingerprint: String,
    /// What can be chosen, in the order shown.
    pub options: Vec<Choice>,
    /// The text, for repeating it.
    pub text: String,
    /// Whether it was repeated after silence.
    #[serde(default)]
    pub nudged: bool,
}

/// What a pending question wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedKind {
    /// An answer for a field.
    Field,
    /// A yes to a summary.
    Review,
}

/// One option of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What a tap on it says.
    pub key: String,
    /// Its label.
    pub title: String,
    /// Its second line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The wall time it stands for, when it is an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<NaiveDateTime>,
    /// Other words for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
}

/// A tap names what was tapped, never a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tap {
    /// The frame.
    pub frame: u32,
    /// The field or review step.
    pub field: Name,
    /// The option.
    pub key: String,
    /// Hash of what was shown with it.
    pub fingerprint: String,
}

impl Tap {
    /// The id of a button or row: `3|hora|d12-t3-2026-12-01T15:00|9f3a61c2`, at most 200 bytes.
    pub fn id(frame: u32, field: &str, key: &str, fingerprint: &str) -> String {
        let frame = frame.to_string();
        [&*frame, field, key, fingerprint].join("|")
    }

    /// Its id.
    pub fn to_id(&self) -> String {
        Self::id(self.frame, &self.field, &self.key, &self.fingerprint)
    }

    /// Reads an id back; `None` for one that is not ours.
    pub fn from_id(id: &str) -> Option<Self> {
        let mut parts = id.split('|');
        let tap = Self {
            frame: parts.next()?.parse().ok()?,
            field: parts.next()?.to_owned(),
            key: parts.next()?.to_owned(),
            fingerprint: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(tap)
    }
}

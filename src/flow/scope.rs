//! What expressions and texts look their names up in.
//!
//! What is found is borrowed wherever it stands somewhere: a list of forty hours is put into words without a copy
//! of one of them.

use std::borrow::Cow;

use super::value::{Record, Value};

/// The names that an expression can see: answers, memos, results, and the engine's own.
pub trait Scope {
    /// What a name stands for; `None` when nothing has that name or it is not there yet.
    fn look_up(&self, name: &str) -> Option<Seen<'_>>;
}

/// A value as an expression sees it.
#[derive(Debug, Clone)]
pub enum Seen<'s> {
    /// A value of its own, or one that stands elsewhere.
    Value(Cow<'s, Value>),
    /// A row.
    Row(&'s Record),
    /// Rows.
    Rows(&'s [Record]),
}

impl<'s> Seen<'s> {
    /// What is not there.
    pub const NOTHING: Self = Self::Value(Cow::Borrowed(&Value::Nothing));

    /// A value that stands elsewhere, as rows where it is some.
    pub fn of(value: &'s Value) -> Self {
        match value {
            Value::Record(row) => Self::Row(row),
            Value::Rows(rows) => Self::Rows(rows),
            other => Self::Value(Cow::Borrowed(other)),
        }
    }

    /// A column of it, when it is a row that has one of that name.
    #[must_use]
    pub fn column(self, name: &str) -> Self {
        match self {
            Self::Row(row) => row.columns.get(name).map_or(Self::NOTHING, Self::of),
            Self::Value(Cow::Owned(Value::Record(mut row))) => {
                Self::Value(Cow::Owned(row.columns.remove(name).unwrap_or(Value::Nothing)))
            }
            _ => Self::NOTHING,
        }
    }

    /// Whether it is there at all.
    pub fn is_something(&self) -> bool {
        match self {
            Self::Value(value) => value.is_something(),
            Self::Row(_) | Self::Rows(_) => true,
        }
    }

    /// The value, copied when it stands elsewhere.
    pub fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value.into_owned(),
            Self::Row(row) => Value::Record(row.clone()),
            Self::Rows(rows) => Value::Rows(rows.to_vec()),
        }
    }

    /// The value itself, when it is no row and no rows.
    pub fn single(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Row(_) | Self::Rows(_) => None,
        }
    }
}

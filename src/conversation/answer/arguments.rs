//! The arguments of a question, read as what the port takes.

use super::AnswerError;
use crate::flow::{Name, Value};
use crate::scheduling::Slot;
use crate::value::Window;

/// The arguments of a call, by name.
pub(super) struct Arguments<'a> {
    pub(super) port: &'a str,
    pub(super) list: &'a [(Name, Value)],
}

impl Arguments<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn key(&self, name: &str) -> Result<&str, AnswerError> {
        match self.get(name) {
            Some(Value::Key(key)) => Ok(key),
            _ => Err(self.malformed("a row is missing among its arguments")),
        }
    }

    pub(super) fn id(&self, name: &str) -> Result<i64, AnswerError> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of a row is not a number"))
    }

    pub(super) fn slot(&self, name: &str) -> Result<Slot, AnswerError> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of an hour cannot be read"))
    }

    /// The row that may be passed, as a number.
    pub(super) fn id_if_any(&self, name: &str) -> Result<Option<i64>, AnswerError> {
        match self.get(name) {
            None | Some(Value::Nothing) => Ok(None),
            Some(_) => self.id(name).map(Some),
        }
    }

    /// The window that may be passed.
    pub(super) fn window(&self, name: &str) -> Result<Option<Window>, AnswerError> {
        match self.get(name) {
            Some(Value::Window(window)) => Ok(Some(window.clone())),
            None | Some(Value::Nothing) => Ok(None),
            Some(_) => Err(self.malformed("a window is needed")),
        }
    }

    /// Words that are passed.
    pub(super) fn text(&self, name: &str) -> Result<&str, AnswerError> {
        match self.get(name) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.malformed("a text is missing among its arguments")),
        }
    }

    pub(super) fn malformed(&self, why: &'static str) -> AnswerError {
        AnswerError::Malformed { port: self.port.to_owned(), why }
    }
}

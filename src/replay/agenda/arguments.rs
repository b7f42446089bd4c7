//! The arguments of a call, as a port reads them.

use super::Malformed;
use crate::flow::{Name, Value};
use crate::scheduling::slot::Slot;

/// The arguments of a call, by name.
pub(super) struct Arguments<'a> {
    pub(super) port: &'a str,
    pub(super) list: &'a [(Name, Value)],
}

impl Arguments<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn key(&self, name: &str) -> Result<&str, Malformed> {
        match self.get(name) {
            Some(Value::Key(key)) => Ok(key),
            _ => Err(self.malformed(&format!("`{name}` is not the key of a row"))),
        }
    }

    pub(super) fn id(&self, name: &str) -> Result<i64, Malformed> {
        self.key(name)?.parse().map_err(|_| self.malformed(&format!("the key of `{name}` is not a number")))
    }

    pub(super) fn id_if_any(&self, name: &str) -> Result<Option<i64>, Malformed> {
        match self.get(name) {
            None | Some(Value::Nothing) => Ok(None),
            Some(_) => self.id(name).map(Some),
        }
    }

    pub(super) fn slot(&self, name: &str) -> Result<Slot, Malformed> {
        self.key(name)?.parse().map_err(|_| self.malformed("the key of an hour cannot be read"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, Malformed> {
        match self.get(name) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.malformed(&format!("`{name}` is no text"))),
        }
    }

    pub(super) fn malformed(&self, why: &str) -> Malformed {
        Malformed { port: self.port.to_owned(), why: why.to_owned() }
    }
}

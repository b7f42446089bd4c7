//! The book: all flows of a centre, which come into force together.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use indexmap::IndexMap;

use super::{FixedAnswer, Flow, RepairKind};
use crate::flow::value::Name;

/// All flows of a centre, in force together and named by the hash of their sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// SHA-256 over file names and contents, in hex.
    pub hash: String,
    /// Flows that patients start, by name.
    pub flows: IndexMap<Name, Flow>,
    /// What the engine says and asks when a conversation stumbles, by kind; every kind is present.
    pub repairs: BTreeMap<RepairKind, Flow>,
    /// Questions with a fixed answer ("¿dónde queda?"), answered anywhere without losing the thread.
    pub answers: Vec<FixedAnswer>,
    /// What starts a flow, as it is heard.
    pub start_words: StartWords,
    /// The same book in other words, by centre's code and voice; see [`Book::spoken`].
    pub variants: BTreeMap<(String, Name), Self>,
}

/// The flow that each word starts, by the word as it is heard; found out at first use, since how a word is heard is
/// the understanding's trade. It follows from the flows, so books do not differ by it.
#[derive(Default)]
pub struct StartWords(OnceLock<HashMap<String, Name>>);

impl Clone for StartWords {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for StartWords {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for StartWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StartWords")
    }
}

impl Book {
    /// The flow that a whole message starts; `hear` makes of a word what a message with it is heard as.
    pub fn started_by(&self, heard: &str, hear: fn(&str) -> String) -> Option<&Flow> {
        let words = self.start_words.0.get_or_init(|| {
            let mut words = HashMap::new();
            for flow in self.flows.values() {
                for word in &flow.starts.words {
                    words.entry(hear(word)).or_insert_with(|| flow.name.clone());
                    words.entry(word.clone()).or_insert_with(|| flow.name.clone());
                }
            }
            words
        });
        self.flows.get(words.get(heard)?)
    }
}

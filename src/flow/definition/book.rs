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
    /// Its words as they are heard.
    pub heard: Heard,
    /// The same book in other words, by centre's code and voice; see [`Book::spoken`].
    pub variants: BTreeMap<(String, Name), Self>,
}

/// Words of a book as they are heard ("recibir" as "recibi", "xq" as "porque"), so that an author writes them as
/// anyone would. Found out at first use, since how a word is heard is the understanding's trade. It follows from the
/// flows, so books do not differ by it.
#[derive(Default)]
pub struct Heard(OnceLock<HeardWords>);

struct HeardWords {
    /// The flow that a whole message starts.
    starts: HashMap<String, Name>,
    /// For each fixed answer, the words of each phrase that asks it.
    asks: Vec<Vec<Vec<String>>>,
}

impl Clone for Heard {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Heard {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Heard")
    }
}

impl Book {
    /// The flow that a whole message starts; `hear` makes of words what a message with them is heard as.
    pub fn started_by(&self, message: &str, hear: fn(&str) -> String) -> Option<&Flow> {
        self.flows.get(self.heard(hear).starts.get(message)?)
    }

    /// The fixed answer of whose phrases the most words occur in a message.
    pub fn answer_to(&self, message: &[String], hear: fn(&str) -> String) -> Option<&FixedAnswer> {
        let fits =
            |phrase: &&Vec<String>| !phrase.is_empty() && phrase.iter().all(|word| message.contains(word));
        let mut best: Option<(usize, &FixedAnswer)> = None;
        for (answer, phrases) in self.answers.iter().zip(&self.heard(hear).asks) {
            let words = phrases.iter().filter(fits).map(Vec::len).max();
            best = match (best, words) {
                (Some(best), Some(words)) if best.0 < words => Some((words, answer)),
                (None, Some(words)) => Some((words, answer)),
                (best, _) => best,
            };
        }
        best.map(|(_, answer)| answer)
    }

    fn heard(&self, hear: fn(&str) -> String) -> &HeardWords {
        self.heard.0.get_or_init(|| {
            let mut starts = HashMap::new();
            for flow in self.flows.values() {
                for word in &flow.starts.words {
                    starts.entry(hear(word)).or_insert_with(|| flow.name.clone());
                    starts.entry(word.clone()).or_insert_with(|| flow.name.clone());
                }
            }
            let words = |phrase: &String| hear(phrase).split_whitespace().map(str::to_owned).collect();
            let asks = self.answers.iter().map(|answer| answer.asks.iter().map(words).collect()).collect();
            HeardWords { starts, asks }
        })
    }
}

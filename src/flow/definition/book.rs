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

/// Words beside which a phrase may mean its contrary.
const DENIALS: [&str; 5] = ["no", "ni", "nunca", "tampoco", "sin"];

/// Words of a book as they are heard ("recibir" as "recibi", "xq" as "porque"), so that an author writes them as
/// anyone would. Found out at first use, since how a word is heard is the understanding's trade. It follows from the
/// flows, so books do not differ by it.
#[derive(Default)]
pub struct Heard(OnceLock<HeardWords>);

struct HeardWords {
    /// The flow that a whole message starts.
    starts: HashMap<String, Name>,
    /// The words of each phrase of several that starts a flow, and the flow.
    phrases: Vec<(Vec<String>, Name)>,
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

    /// The flow of whose phrases the most words occur in a message that says more; `None` when two would have as many
    /// or the message denies. A phrase of one word wants to be the whole message: in a longer one it may mean anything.
    pub fn named_in(&self, message: &[String], hear: fn(&str) -> String) -> Option<&Flow> {
        if message.iter().any(|word| DENIALS.contains(&word.as_str())) {
            return None;
        }
        let fits = |phrase: &[String]| phrase.iter().all(|word| message.contains(word));
        let mut best: Option<(usize, &Name)> = None;
        let mut alone = true;
        for (phrase, flow) in self.heard(hear).phrases.iter().filter(|(phrase, _)| fits(phrase)) {
            match best {
                Some((most, _)) if phrase.len() < most => {}
                Some((most, other)) if phrase.len() == most => alone &= other == flow,
                _ => (best, alone) = (Some((phrase.len(), flow)), true),
            }
        }
        self.flows.get(best.filter(|_| alone)?.1)
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
            let words = |phrase: &String| -> Vec<String> {
                hear(phrase).split_whitespace().map(str::to_owned).collect()
            };
            let flows = self.flows.values();
            let phrases =
                flows.flat_map(|flow| flow.starts.words.iter().map(|word| (words(word), flow.name.clone())));
            let phrases = phrases.filter(|(phrase, _)| phrase.len() > 1).collect();
            let asks = self.answers.iter().map(|answer| answer.asks.iter().map(words).collect()).collect();
            HeardWords { starts, phrases, asks }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::flow::{built_in, load};

    #[test]
    fn a_phrase_starts_its_flow_inside_a_sentence_unless_two_would_or_it_is_denied() {
        let flow = |name: &str, words: &str| {
            let text = format!(
                "flow: {name}\ntitle: {name}\nstarts: {{ words: [{words}] }}\nsteps:\n  - handoff: {name}\n"
            );
            (format!("{name}.yaml"), text)
        };
        let mut sources = built_in::sources();
        sources.extend([
            flow("receta", "pedir receta, receta, cambiar receta de lentes"),
            flow("lentes", "receta de lentes"),
            flow("anteojos", "lentes nuevos"),
        ]);
        let book = load::book(&sources).unwrap();
        let named = |message: &str| {
            let words: Vec<String> = message.split(' ').map(str::to_owned).collect();
            book.named_in(&words, str::to_owned).map(|flow| flow.name.as_str())
        };
        assert_eq!(named("quiero pedir una receta para mi mama"), Some("receta"));
        assert_eq!(named("la receta de mi mama"), None, "one word may mean anything");
        assert_eq!(named("tengo una receta de lentes"), Some("lentes"), "the longer phrase wins");
        assert_eq!(named("cambiar mi receta de lentes"), Some("receta"));
        assert_eq!(named("pedir receta lentes nuevos"), None, "two flows are meant alike");
        assert_eq!(named("no quiero pedir una receta"), None);
    }
}

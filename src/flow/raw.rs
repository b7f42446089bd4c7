//! The YAML of a flow, as it is written: closed structs, so that an unknown or repeated key is an error with its
//! line, and texts stay texts (`no`, `16:30`, `sí`). `load` turns these into checked definitions.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// A text with its place.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    pub flow: Option<Text>,
    pub repair: Option<RepairOrPolicy>,
    pub title: Option<Text>,
    #[serde(default)]
    pub starts: Starts,
    #[serde(default)]
    pub interrupt: IndexMap<String, Spanned<Interrupt>>,
    #[serde(default)]
    pub fields: IndexMap<String, Spanned<Field>>,
    pub steps: Vec<Spanned<Step>>,
    pub open_conversations: Option<Open>,
    #[serde(default)]
    pub was: Was,
}

/// What becomes of conversations that are in a flow when a new version comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Open {
    /// They walk on under the new version.
    WalkOn,
    /// They stay under their own to the end of the flow.
    Stay,
}

/// `repair: miss` names a repair; `repair: { misses: 3 }` is a flow's policy.
#[derive(Debug)]
pub(super) enum RepairOrPolicy {
    Kind(String),
    Policy(Policy),
}

impl<'de> Deserialize<'de> for RepairOrPolicy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = RepairOrPolicy;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a repair, or { misses, nudge, close }")
            }

            fn visit_str<E: serde::de::Error>(self, kind: &str) -> Result<RepairOrPolicy, E> {
                Ok(RepairOrPolicy::Kind(kind.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<RepairOrPolicy, A::Error> {
                Policy::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(RepairOrPolicy::Policy)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub misses: Option<u32>,
    pub nudge: Option<Text>,
    pub close: Option<Text>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Starts {
    #[serde(default)]
    pub intents: Vec<Text>,
    #[serde(default)]
    pub words: Vec<Text>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Interrupt {
    Push,
    AskFirst,
    Replace,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Was {
    /// Names the flow had before.
    #[serde(default)]
    pub flows: Vec<Text>,
    #[serde(default)]
    pub fields: IndexMap<String, Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    #[serde(rename = "type")]
    pub kind: Text,
    /// What the patient would call it.
    pub name: Option<Text>,
    #[serde(default)]
    pub words: Vec<Text>,
    #[serde(default)]
    pub optional: bool,
    pub of: Option<Text>,
    pub options: Option<Vec<Spanned<FixedOption>>>,
    pub title: Option<Text>,
    pub detail: Option<Text>,
    pub only: Option<Spanned<Only>>,
    #[serde(default)]
    pub future: bool,
    pub within: Option<Text>,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Only {
    /// When there is just one, take it without asking.
    Take,
    /// Ask all the same.
    Ask,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedOption {
    pub key: Text,
    pub title: Text,
    #[serde(default)]
    pub words: Vec<Text>,
    #[serde(rename = "do")]
    pub action: Option<Spanned<Action>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Handoff(String),
    Offer(String),
    Call(String),
    Start(String),
    End,
    Resume,
    Leave,
    Pass,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Branch {
    pub say: Option<Text>,
    #[serde(default)]
    pub forget: Vec<Text>,
    pub refuse: Option<Text>,
    pub up_to: Option<u32>,
    pub then: Option<Spanned<Action>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    // what it is: exactly one of these
    pub ask: Option<Text>,
    pub say: Option<Text>,
    #[serde(rename = "do")]
    pub read: Option<Text>,
    pub hold: Option<Text>,
    pub commit: Option<Text>,
    pub review: Option<Vec<Text>>,
    pub when: Option<Text>,
    pub call: Option<Text>,
    pub handoff: Option<Text>,
    /// `end:` alone or with a word for who reads the flow.
    #[serde(default, deserialize_with = "even_empty")]
    pub end: Option<Option<Text>>,
    // an ask or a review
    pub text: Option<Text>,
    pub shorter: Option<Text>,
    pub help: Option<Text>,
    pub keep: Option<bool>,
    pub stale: Option<Spanned<Stale>>,
    pub more: Option<bool>,
    pub list_button: Option<Text>,
    pub yes: Option<Text>,
    pub change: Option<Text>,
    pub cancel: Option<Text>,
    pub clear_yes: Option<bool>,
    // a call
    pub on: Option<IndexMap<String, Spanned<Branch>>>,
    // a condition
    pub then: Option<Vec<Spanned<Self>>>,
    #[serde(rename = "else")]
    pub otherwise: Option<Vec<Spanned<Self>>>,
}

/// A key that stands there, with or without a value.
fn even_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Text>>, D::Error> {
    Option::<Text>::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stale {
    Correct,
    Explain,
}

/// The file of questions with a fixed answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answers {
    pub answers: Vec<Spanned<FixedAnswer>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedAnswer {
    pub name: Text,
    pub asks: Vec<Text>,
    pub text: Text,
}

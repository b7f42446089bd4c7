//! The YAML of a flow, as it is written: closed structs, so that an unknown or repeated key is an error with its
//! line, and texts stay texts (`no`, `16:30`, `sí`). `load` turns these into checked definitions.
//!
//! The JSON Schema for editors is derived from the same structs, so their doc comments are written for authors:
//! an editor shows them beside each key.

mod placed;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::{Value as Json, json};

pub(super) use placed::{Placed, Text};

use super::definition::RepairKind;
use super::port::INTENTS;

/// The types of fields.
pub(super) const FIELD_TYPES: [&str; 9] =
    ["choice", "several", "patient", "window", "rut_tail", "birth_date", "yes_no", "number", "text"];
/// What a step can be: exactly one of these keys says so.
pub(super) const STEP_KINDS: [&str; 11] =
    ["ask", "say", "do", "hold", "commit", "review", "when", "call", "voice", "handoff", "end"];

/// One conversation (`flow:`), or what is said when one stumbles (`repair:`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = flow_or_repair)]
pub(super) struct Flow {
    /// The flow's name: small letters without accents, digits and `_`. Patients read `title`.
    pub flow: Option<Text>,
    /// In a repair, which one it is; in a flow, how it mends itself.
    pub repair: Option<RepairOrPolicy>,
    /// What the patient would call it, as in "pedir una hora": it stands inside sentences.
    pub title: Option<Text>,
    /// What starts the flow; one without it can only be called or started by another.
    #[serde(default)]
    pub starts: Starts,
    /// What happens when another flow is asked for in the middle of this one, by that flow's name.
    #[serde(default)]
    pub interrupt: IndexMap<String, Placed<Interrupt>>,
    /// The answers that the flow gathers, by name.
    #[serde(default)]
    pub fields: IndexMap<String, Placed<Field>>,
    /// The steps, walked from the top on every turn down to the first that is not yet done.
    pub steps: Vec<Placed<Step>>,
    /// What becomes of conversations that are in the flow when a new version comes.
    pub open_conversations: Option<Open>,
    /// Old names, for conversations that are open while the flow changes.
    #[serde(default)]
    pub was: Was,
}

/// What becomes of conversations that are in a flow when a new version comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Open {
    /// They walk on under the new version.
    WalkOn,
    /// They stay under their own to the end of the flow.
    Stay,
}

/// `repair: miss` names a repair; `repair: { misses: 3 }` is a flow's policy.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum RepairOrPolicy {
    /// Which repair this file is.
    Kind(#[schemars(transform = repair_kinds)] String),
    /// How this flow mends itself.
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

/// Misses, nudges and closing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// After so many misses of one question a person takes over; 3 when absent.
    pub misses: Option<Placed<u32>>,
    /// Silence after which the question is repeated once, as `30m`; `0`: never. 30 minutes when absent.
    pub nudge: Option<Text>,
    /// Silence after which the conversation is closed, as `23h`; 23 hours when absent. From 24 hours on it closes
    /// without a word, since WhatsApp carries none any more.
    pub close: Option<Text>,
}

/// What starts a flow.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Starts {
    /// What a patient may want, as it is understood.
    #[serde(default)]
    #[schemars(transform = each_an_intent)]
    pub intents: Vec<Text>,
    /// Whole messages that start it, whatever their capitals and accents; a phrase of two words or more also starts it
    /// when all of them stand in a longer message.
    #[serde(default)]
    pub words: Vec<Text>,
}

/// What happens when another flow is asked for in the middle.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Interrupt {
    /// Go there and come back afterwards.
    Push,
    /// Ask first whether to leave this.
    AskFirst,
    /// Leave this and go there.
    Replace,
}

/// Old names, for conversations that are open while the flow changes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Was {
    /// Names the flow had before.
    #[serde(default)]
    pub flows: Vec<Text>,
    /// Old name of a field: its new name.
    #[serde(default)]
    pub fields: IndexMap<String, Text>,
}

/// An answer that the flow gathers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    /// What it holds.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = FIELD_TYPES))]
    pub kind: Text,
    /// What the patient would call it, as in "la hora".
    pub name: Option<Text>,
    /// Other words for it, as in "cambiar el día".
    #[serde(default)]
    pub words: Vec<Text>,
    /// Whether the walk may go on without it; "da lo mismo" then answers it.
    #[serde(default)]
    pub optional: bool,
    /// A choice: where its rows come from, such as `oferta.horas` or `agenda.prestaciones`.
    pub of: Option<Text>,
    /// A choice: its options, when they are written here.
    pub options: Option<Vec<Placed<FixedOption>>>,
    /// A choice: how a row is shown, as in `{it.nombre}`; a list shows 24 characters of it.
    pub title: Option<Text>,
    /// A choice: the second line of a row in a list.
    pub detail: Option<Text>,
    /// A choice: what to do when there is just one row.
    pub only: Option<Placed<Only>>,
    /// A window: refuse what has passed.
    #[serde(default)]
    pub future: bool,
    /// A window: refuse what is further away, as `60d`.
    pub within: Option<Text>,
    /// A number: the least.
    pub min: Option<i64>,
    /// What a number counts, when it is a length of time: minutos, horas or dias.
    pub unit: Option<Text>,
    /// A number: the most; a text: how many characters are kept.
    pub max: Option<i64>,
}

/// What to do when there is just one row.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Only {
    /// Take it without asking.
    Take,
    /// Ask all the same.
    Ask,
}

/// An option of a choice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedOption {
    /// What is stored and compared, as in `que == "nada"`.
    pub key: Text,
    /// What is shown: 20 characters where there are three options or fewer, else 24.
    pub title: Text,
    /// Other words for it.
    #[serde(default)]
    pub words: Vec<Text>,
    /// What happens at once when it is chosen; without it, it is just the answer.
    #[serde(rename = "do")]
    pub action: Option<Placed<Action>>,
}

/// What a branch or an option does.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// A person of the centre goes on and reads this reason.
    Handoff(#[schemars(with = "Text")] String),
    /// Ask whether to go to that flow.
    Offer(#[schemars(with = "Text")] String),
    /// Do that flow, then go on here.
    Call(#[schemars(with = "Text")] String),
    /// Go to that flow and leave this one.
    Start(#[schemars(with = "Text")] String),
    /// End this flow.
    End,
    /// Go on with the flow below (only in repairs).
    Resume,
    /// Leave the flow below (only in repairs).
    Leave,
    /// Go on with the next step as if it had gone well.
    Pass,
}

/// What to do when a port answers so.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Branch {
    /// Said each time.
    pub say: Option<Text>,
    /// Answers to forget before walking again.
    #[serde(default)]
    pub forget: Vec<Text>,
    /// A choice whose row is not to be offered again.
    pub refuse: Option<Text>,
    /// At most so many times; then `then`.
    pub up_to: Option<u32>,
    /// What follows: at once, or when forgetting and refusing are used up.
    pub then: Option<Placed<Action>>,
}

/// A step: exactly one of ask, say, do, hold, commit, review, when, call, voice, handoff, end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = one_kind)]
pub(super) struct Step {
    // what it is: exactly one of these
    /// A question: the field that it fills.
    pub ask: Option<Text>,
    /// A text that is said.
    pub say: Option<Text>,
    /// A read: `oferta = agenda.buscar(paciente, prestacion)`.
    #[serde(rename = "do")]
    pub read: Option<Text>,
    /// Takes an hour, which is given back when the answers change: `agenda.tomar(hora, paciente)`.
    pub hold: Option<Text>,
    /// A write that cannot be undone: `cita = agenda.confirmar(hora, paciente)`.
    pub commit: Option<Text>,
    /// A summary that wants a yes: the fields that can be changed from it.
    pub review: Option<Vec<Text>>,
    /// A condition: `cuando?`, `que == "nada"`, `intento == 1`.
    pub when: Option<Text>,
    /// Another flow, then on from here.
    pub call: Option<Text>,
    /// From here on the bot speaks in this voice, of which there is a file in `textos/`.
    pub voice: Option<Text>,
    /// A person of the centre goes on and reads this reason.
    pub handoff: Option<Text>,
    /// The flow ends here; a word may stand for who reads the flow.
    #[serde(default, deserialize_with = "even_empty")]
    pub end: Option<Option<Text>>,
    // a call
    /// Once for each of several rows: `persona in quienes`.
    pub each: Option<Text>,
    /// Fields of the called flow that are answered beforehand.
    pub with: Option<IndexMap<String, Text>>,
    // a say or a review
    /// Its name, for its address in `textos/`: it stays when other steps are put in above. Else it has a number.
    pub name: Option<Text>,
    // an ask or a review
    /// The question, or what the patient says yes to.
    pub text: Option<Text>,
    /// The question in fewer words, for when it is repeated.
    pub shorter: Option<Text>,
    /// Said when the question was not understood: an example of an answer.
    pub help: Option<Text>,
    /// `false` for a menu: its answer is used and not remembered.
    pub keep: Option<bool>,
    /// What a tap on an old list of this question does.
    pub stale: Option<Placed<Stale>>,
    /// Offer "Más horas" when there are more rows than fit.
    pub more: Option<bool>,
    /// The label of the button that opens the list: 20 characters.
    pub list_button: Option<Text>,
    /// The button that says yes: 20 characters.
    pub yes: Option<Text>,
    /// The button that changes something: 20 characters.
    pub change: Option<Text>,
    /// The button that leaves: 20 characters.
    pub cancel: Option<Text>,
    /// Only a clear yes counts: for what takes an hour away.
    pub clear_yes: Option<bool>,
    // a call
    /// What to do on each outcome of the port but `ok`.
    pub on: Option<IndexMap<String, Placed<Branch>>>,
    // a condition
    /// The steps when the condition holds.
    pub then: Option<Vec<Placed<Self>>>,
    /// The steps when it does not.
    #[serde(rename = "else")]
    pub otherwise: Option<Vec<Placed<Self>>>,
}

/// A key that stands there, with or without a value.
fn even_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Text>>, D::Error> {
    Option::<Text>::deserialize(deserializer).map(Some)
}

/// What a tap on an old list does.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stale {
    /// It corrects the answer when the row is still to be had.
    Correct,
    /// It is explained, and the question is asked again.
    Explain,
}

/// The file of questions with a fixed answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Answers {
    /// The questions and their answers.
    pub answers: Vec<Placed<FixedAnswer>>,
}

/// A question with a fixed answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FixedAnswer {
    /// Its name, for whoever reads traces.
    pub name: Text,
    /// Phrases that ask it; one fits when all its words are in the message.
    pub asks: Vec<Text>,
    /// The answer; it knows only `centro`.
    pub text: Text,
}

/// A file is one or the other: `repair: miss` alone, or `flow:` with or without a policy.
fn flow_or_repair(schema: &mut Schema) {
    let repair = json!({ "properties": { "repair": { "type": "string" } }, "required": ["repair"] });
    schema.insert("if".to_owned(), repair);
    schema.insert("then".to_owned(), json!({ "not": { "required": ["flow"] } }));
    schema.insert("else".to_owned(), json!({ "required": ["flow"] }));
}

fn each_an_intent(schema: &mut Schema) {
    if let Some(Json::Object(items)) = schema.get_mut("items") {
        items.insert("enum".to_owned(), json!(INTENTS));
    }
}

fn repair_kinds(schema: &mut Schema) {
    let kinds: Vec<Json> = RepairKind::ALL.iter().map(|kind| Json::from(kind.as_str())).collect();
    schema.insert("enum".to_owned(), Json::from(kinds));
}

fn one_kind(schema: &mut Schema) {
    let kinds: Vec<Json> = STEP_KINDS.iter().map(|kind| json!({ "required": [kind] })).collect();
    schema.insert("oneOf".to_owned(), Json::from(kinds));
}

/// A file of texts in `textos/`: words kept apart from the steps.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wording {
    /// A way of speaking to some, or a language; absent: everybody is spoken to so.
    pub voice: Option<Text>,
    /// Only at the centre with this code.
    pub center: Option<Text>,
    /// The voice in which is said what this one does not say.
    #[serde(rename = "else")]
    pub otherwise: Option<Text>,
    /// Address and text: `agendar.ask.hora.help`. `flows texts` lists all addresses.
    pub texts: IndexMap<String, Text>,
}

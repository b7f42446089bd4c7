//! A flow as the walk reads it: names resolved, types checked, every outcome with its branch.
//!
//! A flow is a form, walked from the top on every turn with the answers given so far (the form
//! interpretation algorithm of VoiceXML 2.0, section 2.1.6). Values of these types are made only by
//! `load`, after `check` found nothing wrong, so the walk need not doubt them.

mod book;
mod repair;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

pub use book::{Book, Heard};
pub use repair::RepairKind;
pub use step::{Action, Ask, Branch, Call, Each, FlowCall, Review, Step, StepKind, When};

use super::template::Template;
use super::value::{DAY, HOUR, Name};

/// Where something stands in a file, for messages, coverage and staff.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Span {
    /// File, relative to the flows' folder.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Span {
    /// The line: `agendar.yaml:31`.
    pub fn line_of_file(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// One form.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its name; a repair's is `repair.` and its kind.
    pub name: Name,
    /// What the patient would call it: "pedir una hora".
    pub title: String,
    /// What starts it.
    pub starts: Starts,
    /// What happens when another flow is asked for in the middle of this one; absent: `Interrupt::Push`.
    pub interrupt: BTreeMap<Name, Interrupt>,
    /// Its fields, in order of writing.
    pub fields: IndexMap<Name, Field>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// How it mends itself.
    pub policy: Policy,
    /// Names it had before, for conversations in flight.
    pub renamed_from: Vec<Name>,
    /// Conversations that are in it when a new version comes stay under their own.
    pub stays: bool,
    /// Old names of fields, for conversations in flight: old -> new.
    pub renamed_fields: BTreeMap<Name, Name>,
    /// What must be forgotten when something changes.
    pub graph: Graph,
    /// Where it begins.
    pub span: Span,
}

/// What starts a flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Starts {
    /// Names of intents, each one of [`INTENTS`](super::port::INTENTS).
    pub intents: Vec<String>,
    /// Whole messages that start it, in normal form.
    pub words: Vec<String>,
}

/// What to do when another flow is asked for in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// Go there, and come back afterwards.
    Push,
    /// Ask first whether to leave this.
    AskFirst,
    /// Leave this and go there.
    Replace,
}

/// Misses, nudges and closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// After so many misses of one question a person takes over.
    pub misses: u32,
    /// Silence after which the question is repeated once, in minutes; 0 = never.
    pub nudge_minutes: u32,
    /// Silence after which the conversation is closed, in minutes.
    pub close_minutes: u32,
}

/// An entry of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Name,
    /// What the patient would call it, in normal form too when compared: "la hora", "el profesional".
    pub title: String,
    /// Other words for it, for "cambiar X".
    pub words: Vec<String>,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether the walk may go on without it; "da lo mismo" then answers it.
    pub optional: bool,
    /// Where it is declared.
    pub span: Span,
}

/// What a field holds and how it is read from a message.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// One of several rows.
    Choice {
        /// Where the rows come from.
        source: Source,
        /// How a row is shown.
        title: Template,
        /// Its second line in a list.
        detail: Option<Template>,
        /// When there is just one row, take it without asking.
        take_only: bool,
        /// Several rows can be chosen at once.
        several: bool,
    },
    /// A constraint on hours.
    Window {
        /// Refuse what has passed.
        future: bool,
        /// Refuse what is further away than so many days.
        within_days: Option<u32>,
    },
    /// The last four digits of a RUT with the check digit.
    RutTail,
    /// A birth date.
    BirthDate,
    /// Yes or no.
    YesNo,
    /// A whole number.
    Number {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What it counts, when it is a length of time.
        unit: Option<Unit>,
    },
    /// Free words.
    Text {
        /// The most characters kept.
        max: usize,
    },
}

/// What a length of time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
}

impl Unit {
    /// Each with its name in flows.
    pub const ALL: [(&'static str, Self); 3] =
        [("minutos", Self::Minutes), ("horas", Self::Hours), ("dias", Self::Days)];

    /// How many minutes one is.
    pub fn minutes(self) -> i64 {
        match self {
            Self::Minutes => 1,
            Self::Hours => HOUR,
            Self::Days => DAY,
        }
    }
}

/// Where the rows of a choice come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// From what an earlier `do` found.
    Memo(Name),
    /// From a port without arguments, read when first needed.
    Read(Name),
    /// Written in the flow.
    Fixed(Vec<FixedOption>),
    /// The answered fields of the flow below (only in repairs: "¿qué quieres cambiar?").
    FieldsBelow,
}

/// An option written in a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedOption {
    /// What is stored.
    pub key: String,
    /// What is shown.
    pub title: String,
    /// Other words for it.
    pub words: Vec<String>,
    /// What happens at once when it is chosen; absent: it is just the answer.
    pub action: Option<Action>,
}

/// A question with a fixed answer.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedAnswer {
    /// Its name, for traces.
    pub name: Name,
    /// Phrases that ask it, in normal form; each matches when all its words occur in the message.
    pub asks: Vec<String>,
    /// The answer; may use the port `centro.datos` as `centro`.
    pub text: Template,
    /// Where it stands.
    pub span: Span,
}

/// What must be forgotten when something changes: for each field or memo, all that depends on it, near or far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    /// Name of a field, memo, or step id -> names and step ids that must be forgotten with it.
    pub dependants: BTreeMap<Name, BTreeSet<Name>>,
}

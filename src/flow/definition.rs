//! A flow as the walk reads it: names resolved, types checked, every outcome with its branch.
//!
//! A flow is a form, walked from the top on every turn with the answers given so far (the form
//! interpretation algorithm of VoiceXML 2.0, section 2.1.6). Values of these types are made only by
//! `load`, after `check` found nothing wrong, so the walk need not doubt them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use indexmap::IndexMap;

use super::expression::Expression;
use super::template::Template;
use super::value::{DAY, HOUR, Name};

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

/// A step of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Unique within the flow and stable while the flow is: `ask.hora`, `do.oferta`, `say.3`, `review.1`.
    pub id: Name,
    /// What it is.
    pub kind: StepKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of steps.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// Passed when its field is filled and still valid.
    Ask(Ask),
    /// Passed when it has said this text.
    Say(Template),
    /// A read: passed when its memo has the same arguments.
    Do(Call),
    /// A write that can be undone: passed while the hour is held for these inputs.
    Hold(Call),
    /// A write that cannot be undone: passed once it happened; answers before it are frozen.
    Commit(Call),
    /// Passed only in the turn of a yes to exactly what it would read out now.
    Review(Review),
    /// Steps under a condition.
    When(When),
    /// Another flow, then on from here.
    CallFlow(FlowCall),
    /// From here on the bot speaks in this voice.
    Voice(Name),
    /// A person takes over.
    Handoff(String),
    /// The flow ends here.
    End,
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The field it fills.
    pub field: Name,
    /// The question.
    pub text: Template,
    /// The same, shorter, for coming back after a digression.
    pub shorter: Option<Template>,
    /// Said when it was not understood.
    pub help: Option<Template>,
    /// False for a menu: the answer is consumed, not remembered.
    pub keep: bool,
    /// Whether an old tap for it may correct the answer (else it is explained).
    pub stale_corrects: bool,
    /// Offer "más horas" when there are more rows than fit.
    pub more: bool,
    /// The label of the button that opens the list.
    pub list_button: Option<String>,
}

/// A call of a port.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Where the result goes; a hold has none.
    pub into: Option<Name>,
    /// The port: `agenda.buscar`.
    pub port: Name,
    /// Its arguments by name, in the order of the port's contract.
    pub arguments: Vec<(Name, Expression)>,
    /// A branch for every outcome but `ok`.
    pub on: BTreeMap<String, Branch>,
}

/// A call of another flow, once, or once for each of several rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowCall {
    /// The flow.
    pub flow: Name,
    /// What it is called for each of.
    pub each: Option<Each>,
    /// Fields of that flow which are answered beforehand.
    pub with: Vec<(Name, Expression)>,
}

/// Rows, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    /// What the row at hand is called.
    pub item: Name,
    /// The rows: a field of which several can be chosen, or what a read found.
    pub of: Name,
}

/// What to do on an outcome.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Branch {
    /// Said each time it happens.
    pub say: Option<Template>,
    /// Answers to forget before walking again.
    pub forget: Vec<Name>,
    /// A choice whose row was refused: not to be offered again, and asked anew.
    pub refuse: Option<Name>,
    /// At most so many times in this frame, then `then`.
    pub up_to: Option<u32>,
    /// What follows: at once without `forget` and `refuse`, else when `up_to` is used up or forgetting changes nothing.
    pub then: Option<Action>,
}

/// What a branch or a fixed option does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A person takes over; the reason is for staff.
    Handoff(String),
    /// Ask whether to start that flow instead.
    Offer(Name),
    /// Run that flow, then walk on.
    Call(Name),
    /// Start that flow (leaving a repair or a menu).
    Start(Name),
    /// End this flow.
    End,
    /// Go on with the interrupted flow ("seguir").
    Resume,
    /// Leave the interrupted flow ("dejar esto").
    Leave,
    /// Pass to the next step as if it had gone well.
    Pass,
}

/// A summary that is read back and wants a yes: Sí / Cambiar / Cancelar.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// What can be changed from here.
    pub fields: Vec<Name>,
    /// What is read out.
    pub text: Template,
    /// Label of the yes, at most 20 characters.
    pub yes: String,
    /// Label of "change something", at most 20 characters.
    pub change: String,
    /// Label of the way out, at most 20 characters.
    pub cancel: String,
    /// A destructive act (cancelling, moving): only a clear yes counts.
    pub clear_yes: bool,
}

/// Steps under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    /// A flag.
    pub condition: Expression,
    /// When it holds.
    pub then: Vec<Step>,
    /// When it does not.
    pub otherwise: Vec<Step>,
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

/// What can go wrong or be asked at any point, each answered by a flow in `flows/repair/`.
///
/// Inside a repair the names `intento` (number: how many times in a row), `ayuda` and `pregunta` (texts of
/// the pending question, maybe nothing), `flujo` (title of the flow below, maybe nothing) and `destino` (title of
/// the flow asked for or offered, maybe nothing) are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// A first hello, or anything not understood while nothing is going on: who I am, and the menu.
    Hello,
    /// "menú".
    Menu,
    /// "ayuda".
    Help,
    /// "atrás" with nothing to go back to.
    NoBack,
    /// "cambiar" without saying what.
    Change,
    /// "cambiar" after the commit: it starts the flow that moves an appointment.
    Frozen,
    /// "cancelar": go on, leave this, or cancel an appointment?
    Cancel,
    /// Another flow was asked for and the table says to ask first; `destino` is its title.
    LeaveFirst,
    /// A flow got stuck and another could help: shall we go there? `destino` is its title.
    Offer,
    /// Not understood.
    Miss,
    /// A voice note, a picture, a place …
    Media,
    /// A tap on an old question that no longer counts.
    Stale,
    /// A yes to something that has changed meanwhile.
    Changed,
    /// An answer that time has overtaken.
    Passed,
    /// A number, yes or no written before the question was asked: the question again.
    TooEarly,
    /// The pending question again after silence.
    Nudge,
    /// Closing after long silence (said only inside the 24 hours).
    Close,
    /// A person was asked for, or takes over.
    Handoff,
    /// Written to while staff has the conversation: nothing is said by default.
    WithStaff,
    /// Thanks or goodbye.
    Thanks,
    /// Danger to life: fixed text, emergency numbers, hand-off.
    Emergency,
    /// Talk of self-harm: fixed text, *4141, hand-off.
    SelfHarm,
    /// The engine broke (loop, sameness, failure): apologise, hand over.
    Broken,
}

impl RepairKind {
    /// Every kind; a book without one of them is refused.
    pub const ALL: [Self; 23] = [
        Self::Hello,
        Self::Menu,
        Self::Help,
        Self::NoBack,
        Self::Change,
        Self::Frozen,
        Self::Cancel,
        Self::LeaveFirst,
        Self::Offer,
        Self::Miss,
        Self::Media,
        Self::Stale,
        Self::Changed,
        Self::Passed,
        Self::TooEarly,
        Self::Nudge,
        Self::Close,
        Self::Handoff,
        Self::WithStaff,
        Self::Thanks,
        Self::Emergency,
        Self::SelfHarm,
        Self::Broken,
    ];

    /// Its name, which is also its file's: `hello` for `flows/repair/hello.yaml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Menu => "menu",
            Self::Help => "help",
            Self::NoBack => "no_back",
            Self::Change => "change",
            Self::Frozen => "frozen",
            Self::Cancel => "cancel",
            Self::LeaveFirst => "leave_first",
            Self::Offer => "offer",
            Self::Miss => "miss",
            Self::Media => "media",
            Self::Stale => "stale",
            Self::Changed => "changed",
            Self::Passed => "passed",
            Self::TooEarly => "too_early",
            Self::Nudge => "nudge",
            Self::Close => "close",
            Self::Handoff => "handoff",
            Self::WithStaff => "with_staff",
            Self::Thanks => "thanks",
            Self::Emergency => "emergency",
            Self::SelfHarm => "self_harm",
            Self::Broken => "broken",
        }
    }
}

//! The state of a conversation: answers, not a program counter.
//!
//! Where the walk stops is computed from these on every turn, so a correction, a digression, "that hour was
//! just taken" and a new version of the flow are one mechanism. Everything here serialises to JSON and reads
//! back equal; hashes are written as text. A yes never stands here: it lives one turn.

mod question;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::flow::{Name, Record, RepairKind, Value};
use crate::id::AppointmentId;
pub use question::{Asked, AskedKind, Choice, Tap};

/// The version of this shape.
pub const SCHEMA: u32 = 1;

/// A conversation between turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The version of this shape.
    pub schema: u32,
    /// Who speaks.
    pub owner: Owner,
    /// Raised when a person takes the conversation from the bot; a message written under an older one is not sent.
    pub epoch: i64,
    /// Raised by every turn; timers carry the one they were set under and are stale after it.
    pub tick: u64,
    /// The next frame's number.
    pub next_frame: u32,
    /// Interrupted flows below, the running one last. A flow is on it once.
    pub stack: Vec<Frame>,
    /// The question that waits for an answer; shared, because a step copies the state and seldom changes it.
    pub asked: Option<Arc<Asked>>,
    /// Frames that ended, newest last, at most 8: to explain taps on their questions.
    pub past: Vec<Past>,
    /// The last tap and when, to absorb a double one.
    pub last_tap: Option<(Tap, DateTime<Utc>)>,
    /// How many equal texts in a row were sent, and the hash of the last.
    pub same: (String, u32),
    /// Closed by silence or by staff; the next message opens it anew.
    pub closed: bool,
    /// The bot handed the conversation over and no person has taken it yet: "menú" takes it back.
    pub waiting: bool,
    /// Said in this turn before it had to commit and go on; stands first in the next message.
    pub unsent: Vec<String>,
    /// A walk had to commit and goes on at `Continue`, or at whatever comes first.
    pub going_on: bool,
    /// Holds whose answer is gone, waiting to be given back or taken over by the next hold.
    pub to_release: Vec<AppointmentId>,
    /// The voice that the bot speaks in; nothing: that of everybody.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub voice: Name,
    /// When the patient last wrote or tapped: nothing free-form is said 24 hours after it.
    pub last_heard: Option<DateTime<Utc>>,
}

/// Who speaks to the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The bot.
    #[default]
    Bot,
    /// A person of the centre; the bot is silent.
    Staff,
    /// Nobody: the patient asked to be left alone.
    Muted,
}

/// A running flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Its number in this conversation.
    pub id: u32,
    /// The flow; `repair.menu` for a repair.
    pub flow: Name,
    /// The hash of the book it committed under: it stays on it, else a new version asks questions above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
    /// The hash of the book it last walked under: when another is in force, renames are applied.
    #[serde(default)]
    pub book: String,
    /// Answers by field, in the order they were given.
    #[serde(default)]
    pub answers: IndexMap<Name, Answer>,
    /// What was read, by the name it was stored under.
    #[serde(default)]
    pub memos: BTreeMap<Name, Memo>,
    /// Step id -> hash of the text it last said.
    #[serde(default)]
    pub said: BTreeMap<Name, String>,
    /// The hour held for this frame, by step id.
    #[serde(default)]
    pub holds: BTreeMap<Name, Held>,
    /// What was committed, by the name it was stored under; answers before it are frozen.
    #[serde(default)]
    pub done: BTreeMap<Name, Done>,
    /// How often each branch was taken: `step id:outcome` -> count.
    #[serde(default)]
    pub counts: BTreeMap<String, u32>,
    /// How often each commit was tried; never goes back, or idempotency keys repeat.
    #[serde(default)]
    pub tries: BTreeMap<Name, u32>,
    /// Answers heard before they could be placed: tried at each later ask, used once for each.
    #[serde(default)]
    pub heard: Vec<Overheard>,
    /// Rows tapped one after the other for a question that takes several, until "Listo".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub picked: BTreeMap<Name, Vec<String>>,
    /// Rows that were refused, by field: never offered again until the list is renewed by age.
    #[serde(default)]
    pub refused: BTreeMap<Name, BTreeSet<String>>,
    /// A field that the patient wants to answer anew; nothing is forgotten until a different answer comes.
    #[serde(default)]
    pub wanted: Option<Name>,
    /// Arguments of a repair (`flujo`, `ayuda`, target of a change).
    #[serde(default)]
    pub arguments: BTreeMap<Name, Value>,
    /// Misses of the pending question.
    #[serde(default)]
    pub misses: u32,
    /// First row shown on the current page of a long list.
    #[serde(default)]
    pub page: usize,
    /// Steps that called another flow, which has been entered since; with the key of the row, for each of which it was. The last stands last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub called: Vec<Name>,
}

/// What the patient said beside an answer, for questions still to come. It answers them; it never agrees to anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenOverheard")]
pub struct Overheard {
    /// The message.
    pub text: String,
    /// The wall time when it came: "mañana" counts from there.
    pub at: NaiveDateTime,
    /// The turn in which it came.
    pub tick: u64,
    /// Its date or hour was placed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placed: bool,
    /// Questions it has answered, or could not answer when they were asked: it is not tried on them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Name>,
}

/// As it stands in JSON: versions before this one kept the bare text.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenOverheard {
    Text(String),
    Whole {
        text: String,
        at: NaiveDateTime,
        tick: u64,
        #[serde(default)]
        placed: bool,
        #[serde(default)]
        tried: Vec<Name>,
    },
}

impl From<WrittenOverheard> for Overheard {
    fn from(written: WrittenOverheard) -> Self {
        match written {
            // nobody knows when it came, so it is too old for anything
            WrittenOverheard::Text(text) => {
                Self { text, at: NaiveDateTime::default(), tick: 0, placed: false, tried: Vec::new() }
            }
            WrittenOverheard::Whole { text, at, tick, placed, tried } => {
                Self { text, at, tick, placed, tried }
            }
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was answered; a choice keeps its row.
    pub value: Value,
    /// Who gave it.
    pub by: By,
    /// After this moment it counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// Who gave an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The patient.
    Patient,
    /// Staff, from the console.
    Staff,
    /// The engine: there was only one.
    Engine,
}

/// What a read returned for its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memo {
    /// Hash of port and arguments.
    pub fingerprint: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What came; shared, because a step copies the state and never changes them.
    pub rows: Arc<Vec<Record>>,
}

/// An hour that is held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The appointment row; `None` for an hour that could not be held beside the one being moved.
    pub id: Option<AppointmentId>,
    /// The key of the hour.
    pub slot: String,
    /// Hash of port and arguments.
    pub fingerprint: String,
    /// When it dies.
    pub until: DateTime<Utc>,
}

/// What a commit returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The step.
    pub step: Name,
    /// What it returned, when it returned a row.
    pub row: Option<Record>,
}

/// A frame that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Its number.
    pub frame: u32,
    /// Its flow.
    pub flow: Name,
    /// How it ended.
    pub ended: Ended,
    /// Of the last one that did what it was for: answers that the next may begin with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<(Name, Answer)>,
}

/// How a frame ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// To its end, without a commit.
    Finished,
    /// With something committed.
    Committed,
    /// The patient left it.
    Left,
    /// Closed by silence.
    Closed,
    /// Given to staff.
    HandedOver,
}

impl Default for State {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            owner: Owner::Bot,
            epoch: 0,
            tick: 0,
            next_frame: 1,
            stack: Vec::new(),
            asked: None,
            past: Vec::new(),
            last_tap: None,
            same: (String::new(), 0),
            closed: false,
            waiting: false,
            unsent: Vec::new(),
            going_on: false,
            to_release: Vec::new(),
            voice: Name::new(),
            last_heard: None,
        }
    }
}

impl Frame {
    /// A frame at its beginning.
    pub fn new(id: u32, flow: Name, book: String) -> Self {
        Self {
            id,
            flow,
            pinned: None,
            book,
            answers: IndexMap::new(),
            memos: BTreeMap::new(),
            said: BTreeMap::new(),
            holds: BTreeMap::new(),
            done: BTreeMap::new(),
            counts: BTreeMap::new(),
            tries: BTreeMap::new(),
            heard: Vec::new(),
            picked: BTreeMap::new(),
            refused: BTreeMap::new(),
            wanted: None,
            arguments: BTreeMap::new(),
            misses: 0,
            page: 0,
            called: Vec::new(),
        }
    }

    /// Whether it is a repair: transparent to corrections, dropped by a change of subject.
    pub fn is_repair(&self) -> bool {
        self.flow.starts_with("repair.")
    }

    /// Whether something in it cannot be undone any more.
    pub fn is_committed(&self) -> bool {
        !self.done.is_empty()
    }
}

impl State {
    /// The hashes of the books that the frames walked under, without the one in force: what `Books::others`
    /// should hold, as far as they are still stored.
    pub fn other_books(&self, current: &str) -> BTreeSet<String> {
        let of_frame = |frame: &Frame| [Some(frame.book.clone()), frame.pinned.clone()];
        let hashes = self.stack.iter().flat_map(of_frame).flatten();
        hashes.filter(|hash| !hash.is_empty() && hash != current).collect()
    }

    /// Where the conversation stands, as staff, metrics, fixtures and graphs name it: `agendar.hora`,
    /// `agendar.review.1`, `WithStaff`, `Idle`, `Closed`.
    pub fn stage(&self) -> String {
        match self.owner {
            Owner::Staff => return "WithStaff".to_owned(),
            Owner::Muted => return "Muted".to_owned(),
            Owner::Bot => {}
        }
        if self.closed {
            return "Closed".to_owned();
        }
        let asked = self.asked.as_ref().and_then(|asked| {
            let frame = self.stack.iter().find(|frame| frame.id == asked.frame)?;
            Some(format!("{}.{}", frame.flow, asked.field))
        });
        asked.unwrap_or_else(|| "Idle".to_owned())
    }

    /// The kind of repair that runs on top, if one does.
    pub fn repair_on_top(&self) -> Option<RepairKind> {
        let name = self.stack.last()?.flow.strip_prefix("repair.")?;
        RepairKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

//! What the core is told, what it asks the world, and what it wants done.
//!
//! `step` is pure: when it needs something it returns the question, the shell answers, journals the answer as
//! a fact, and calls again with all facts so far. Whatever has an outcome that the walk depends on is a
//! [`Need`]; an [`Effect`] is only what can wait for the end of the turn.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

use super::state::{State, Tap};
use crate::flow::{Name, Record, RepairKind, Value};
use crate::id::AppointmentId;
use crate::value::{MediaKind, Outgoing};

/// Something that happened to a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it is handled.
    pub now: DateTime<Utc>,
    /// The same moment in the centre's wall time.
    pub local: NaiveDateTime,
    /// The centre's code: it may say some texts in its own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub center: String,
    /// What happened.
    pub kind: EventKind,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// Texts of one burst, in order.
    Texts {
        /// The texts.
        texts: Vec<PatientText>,
    },
    /// A tapped option.
    Tapped {
        /// What it names; `None` for an id that is not ours.
        tap: Option<Tap>,
        /// The label the patient saw.
        title: String,
    },
    /// A voice note, a picture, a place …
    Media {
        /// What it was.
        kind: MediaKind,
    },
    /// A message type that cannot be read.
    Unsupported,
    /// A timer ran out.
    Timer {
        /// Which.
        kind: TimerKind,
        /// The tick it was set under.
        tick: u64,
    },
    /// Staff did something.
    Staff {
        /// Who: the console user's name.
        by: String,
        /// What.
        action: StaffAction,
    },
    /// The centre's own phone answered the patient: a person has taken over.
    Echo,
    /// A message could not be delivered for good.
    Undelivered {
        /// WhatsApp's error code.
        code: Option<i64>,
    },
    /// Start a flow as if asked for (reminders, tests, the simulator).
    Start {
        /// The flow.
        flow: Name,
    },
    /// Go on with a walk that had to commit first.
    Continue,
}

/// A text and when WhatsApp says it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatientText {
    /// The words, RUTs masked.
    pub text: String,
    /// When it was sent, to the second; `None` when WhatsApp did not say.
    pub sent: Option<DateTime<Utc>>,
}

/// The timers a conversation can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// Repeat the pending question.
    Nudge,
    /// Close after long silence.
    Close,
    /// A hold dies.
    HoldExpiry,
}

/// What staff can do to a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum StaffAction {
    /// The bot falls silent.
    TakeOver,
    /// Give back: the bot asks the pending question again.
    Resume,
    /// Give back: the running flow starts anew.
    Restart,
    /// Give back and close.
    Close,
    /// Correct one answer.
    Edit {
        /// The frame.
        frame: u32,
        /// The field.
        field: Name,
        /// A key that is valid among the current options.
        key: String,
    },
    /// What the flow would have committed was done by hand.
    Did {
        /// The frame.
        frame: u32,
        /// What it would have returned.
        row: Record,
    },
    /// A message of staff's own to the patient.
    Say {
        /// The words.
        text: String,
    },
}

/// A question to the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// A read port.
    Read {
        /// The port.
        port: Name,
        /// Its arguments, rows shrunk to keys.
        arguments: Vec<(Name, Value)>,
        /// Keys of rows that were refused.
        except: Vec<String>,
        /// Holds of this conversation, which count as free.
        held: Vec<AppointmentId>,
    },
    /// A hold port.
    Hold {
        /// The port.
        port: Name,
        /// Its arguments.
        arguments: Vec<(Name, Value)>,
        /// The hold it replaces; if the new hour cannot be had, the old hold stays.
        instead_of: Option<AppointmentId>,
    },
    /// Give a hold back.
    Release {
        /// The hold.
        hold: AppointmentId,
    },
    /// A commit port.
    Write {
        /// The port.
        port: Name,
        /// Its arguments.
        arguments: Vec<(Name, Value)>,
        /// The hold that it turns into an appointment.
        hold: Option<AppointmentId>,
        /// Names this attempt within the conversation: `frame/step/try`. The same one answers the same.
        once: String,
    },
}

impl Need {
    /// Whether answering it writes to the schedule: at most one such a transaction.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Read { .. })
    }
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What was asked.
    pub need: Need,
    /// What came.
    pub got: Got,
}

/// An answer of the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Got {
    /// `ok`, an outcome of the port's list, or `later`: this transaction has written already, so end the turn
    /// with [`Effect::Continue`] and ask again in the next.
    pub outcome: String,
    /// Rows, for a read; at most one for a write. Shared with the memo that keeps them.
    #[serde(default, skip_serializing_if = "no_rows")]
    pub rows: Arc<Vec<Record>>,
    /// The hold, for `Need::Hold` (absent when the hour goes unheld to the swap).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<AppointmentId>,
    /// When the hold dies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

fn no_rows(rows: &Arc<Vec<Record>>) -> bool {
    rows.is_empty()
}

/// The outcome of a need that must wait for the next transaction.
pub const LATER: &str = "later";
/// The outcome when all went well.
pub const OK: &str = "ok";

/// What the turn must do besides saving the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Say this to the patient, once the turn is committed. It belongs to the epoch of the state it comes with,
    /// so that the announcement of a hand-off is still sent and what was said before is not.
    Send {
        /// The message.
        message: Outgoing,
        /// What it stands for, for fixtures and staff: `agendar.hora`, `repair.miss`.
        label: String,
    },
    /// Come back then.
    Timer {
        /// Which.
        kind: TimerKind,
        /// When.
        at: DateTime<Utc>,
        /// The tick it belongs to.
        tick: u64,
    },
    /// A person is needed, and staff is told why. Always the last effect of a turn.
    Handoff {
        /// Why, for staff: a code such as `asked`, `misses`, `emergency`, `down:agenda.buscar`.
        reason: String,
    },
    /// The patient's registered phone is told of what an unverified one did.
    TellRegistered {
        /// The appointment.
        appointment: AppointmentId,
        /// In these words.
        text: String,
    },
    /// Something is wrong with the flow or the engine; operators are told.
    Incident {
        /// What, without a word of the patient's.
        what: String,
    },
    /// The walk had to commit first and goes on as an event of its own.
    Continue,
}

/// The result of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Stepped {
    /// The turn is over.
    Done(Box<Turned>),
    /// Answer this and call again with it added to the facts.
    Needs(Need),
}

/// A finished turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Turned {
    /// The state to save.
    pub state: State,
    /// What to do, in order.
    pub effects: Vec<Effect>,
    /// How the message was understood, and why.
    pub trace: Trace,
}

/// How a turn went: no word of the patient's, only rules, rungs, fields and steps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Rungs tried in order, each with its verdict.
    pub rungs: Vec<RungTrace>,
    /// Steps the walk passed or stopped at, with the reason.
    pub walk: Vec<WalkTrace>,
    /// Repairs that spoke, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<RepairKind>,
}

/// One rung of the ladder of understanding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RungTrace {
    /// 0 safety, 1 tap, 2 old tap, 3 answer, 4 command, 5 correction, 6 fixed answer, 7 flow, 8 miss.
    pub rung: u8,
    /// Whether it took the message.
    pub took: bool,
    /// What it saw or missed, by rule names: `answer to hora: no option fits`.
    pub why: Cow<'static, str>,
}

/// One step of a walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WalkTrace {
    /// `agendar.ask.hora`.
    pub step: Arc<str>,
    /// `file:line` of the step.
    pub at: Arc<str>,
    /// `passed: filled`, `stopped: empty`, `ok`, `outcome taken`.
    pub verdict: Cow<'static, str>,
}

impl WalkTrace {
    /// How verdicts begin of a step that was only gone past, or told more of itself.
    pub const ASIDE: [&str; 7] = ["passed", "filled", "dropped", "chosen", "answered", "used up", "its list"];

    /// Whether the step did its work: asked, said, read, wrote.
    pub fn did_its_work(&self) -> bool {
        !Self::ASIDE.iter().any(|aside| self.verdict.starts_with(aside))
    }
}

/// The facts do not fit the walk: a bug; the event is parked and staff told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the facts do not fit the walk at fact {at}: {what}")]
pub struct Diverged {
    /// Which fact.
    pub at: usize,
    /// How.
    pub what: String,
}

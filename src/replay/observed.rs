//! What a turn did, as far as anyone outside can tell: messages, notices, calls, and why.

use serde::Serialize;

use crate::conversation::need::Trace;
use crate::conversation::state::State;
use crate::flow::RepairKind;
use crate::value::Outgoing;

/// A message to the patient, or a call for staff, in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// To the patient.
    Message(Said),
    /// To staff: why a person is needed.
    Handoff(String),
}

/// A message to the patient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// What was said.
    pub message: Outgoing,
    /// What it stands for: `agendar.hora`, `repair.miss`.
    pub label: String,
    /// Repairs that speak in it.
    pub repairs: Vec<RepairKind>,
}

/// A port that was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Its name; `release` for giving a hold back.
    pub port: String,
    /// What it answered.
    pub outcome: String,
}

/// A turn, with all that followed at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Observed {
    /// Messages and calls for staff.
    pub notices: Vec<Notice>,
    /// What operators were told.
    pub incidents: Vec<String>,
    /// Ports that were called.
    pub calls: Vec<Call>,
    /// One for each event of the turn.
    pub traces: Vec<Trace>,
    /// How the conversation stands now.
    pub state: State,
}

impl Observed {
    /// The messages alone.
    pub fn messages(&self) -> impl Iterator<Item = &Said> {
        self.notices.iter().filter_map(|notice| match notice {
            Notice::Message(said) => Some(said),
            Notice::Handoff(_) => None,
        })
    }
}

//! The repairs: a closed list, so that no stumble of a conversation is left without words.

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

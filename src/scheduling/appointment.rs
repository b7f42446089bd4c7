//! The life of an appointment: which status may follow which, by whom, and when.
//!
//! One table ([`LIFE`]), so that the database's writes, the console's buttons and the tests read the same rule. The
//! record of an appointment (`appointment_events`) refuses a step that is not in it, so that no writer can go round
//! it; a test holds the constraint and the table to one another.

use serde::{Deserialize, Serialize};

use super::request::Actor;

/// Where an appointment stands; the names are those of the column `appointments.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// A hold: nobody else can take the hour until it expires.
    Pending,
    /// Booked.
    Confirmed,
    /// The patient is here.
    Arrived,
    /// The patient is being seen.
    InProgress,
    /// The patient was seen.
    Completed,
    /// The patient did not come.
    NoShow,
    /// Called off, by the patient or the centre; also a hold that was let go.
    Cancelled,
    /// Given up for another hour, which names it in `rescheduled_from`.
    Rescheduled,
    /// A hold that nobody confirmed in time.
    Expired,
}

/// The text was not a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a status; one of PENDING, CONFIRMED, ARRIVED, IN_PROGRESS, COMPLETED, NO_SHOW, CANCELLED, RESCHEDULED, EXPIRED is needed"
)]
pub struct NotAStatus(String);

impl Status {
    /// Every status, in the order of a life.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Confirmed,
        Self::Arrived,
        Self::InProgress,
        Self::Completed,
        Self::NoShow,
        Self::Cancelled,
        Self::Rescheduled,
        Self::Expired,
    ];

    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Confirmed => "CONFIRMED",
            Self::Arrived => "ARRIVED",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::NoShow => "NO_SHOW",
            Self::Cancelled => "CANCELLED",
            Self::Rescheduled => "RESCHEDULED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Whether the hour is taken: what the generated column `blocks` says.
    pub fn blocks(self) -> bool {
        match self {
            Self::Pending | Self::Confirmed | Self::Arrived | Self::InProgress | Self::Completed => true,
            Self::NoShow | Self::Cancelled | Self::Rescheduled | Self::Expired => false,
        }
    }

    /// The statuses that may follow this one.
    pub fn followers(self) -> impl Iterator<Item = Self> {
        LIFE.iter().filter(move |step| step.from == Some(self)).map(|step| step.to)
    }

    /// Whether `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        self.followers().any(|follower| follower == next)
    }
}

/// When a step may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At any time.
    Any,
    /// Before the hour begins.
    Before,
    /// On the day of the hour.
    OnTheDay,
    /// Once the hour has begun.
    Begun,
}

/// A step in the life of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// From what; none: it begins to exist.
    pub from: Option<Status>,
    /// To what.
    pub to: Status,
    /// Who may take it.
    pub by: &'static [Actor],
    /// When.
    pub when: When,
    /// Whether it undoes a step. Only such a step may take an hour again that was free, and only staff, who say why,
    /// may take one.
    pub undoes: bool,
    /// Whether it must say why.
    pub reasoned: bool,
}

const fn step(from: Option<Status>, to: Status, by: &'static [Actor], when: When) -> Transition {
    Transition { from, to, by, when, undoes: false, reasoned: false }
}

const fn undoing(from: Status, to: Status, when: When) -> Transition {
    Transition { from: Some(from), to, by: &[Actor::Staff], when, undoes: true, reasoned: true }
}

/// Every step that there is. A file may begin a life anywhere but in a hold, because it tells of what happened elsewhere.
pub const LIFE: &[Transition] = {
    use Actor::{Import, Patient, Staff, System};
    use Status::{
        Arrived, Cancelled, Completed, Confirmed, Expired, InProgress, NoShow, Pending, Rescheduled,
    };
    &[
        step(None, Pending, &[Patient, Staff, System], When::Before),
        step(None, Confirmed, &[Patient, Staff, Import], When::Any),
        step(None, Arrived, &[Import], When::Any),
        step(None, InProgress, &[Import], When::Any),
        step(None, Completed, &[Import], When::Any),
        step(None, NoShow, &[Import], When::Any),
        step(None, Cancelled, &[Import], When::Any),
        step(None, Rescheduled, &[Import], When::Any),
        step(None, Expired, &[Import], When::Any),
        step(Some(Pending), Confirmed, &[Patient, Staff], When::Before),
        step(Some(Pending), Cancelled, &[Patient, Staff, System], When::Any),
        step(Some(Pending), Expired, &[System], When::Any),
        step(Some(Confirmed), Arrived, &[Staff], When::OnTheDay),
        step(Some(Confirmed), Cancelled, &[Patient, Staff, System], When::Before),
        step(Some(Confirmed), Rescheduled, &[Patient, Staff], When::Before),
        step(Some(Confirmed), NoShow, &[Staff, System], When::Begun),
        step(Some(Arrived), InProgress, &[Staff], When::Any),
        // came and left unseen
        Transition { reasoned: true, ..step(Some(Arrived), NoShow, &[Staff], When::Begun) },
        step(Some(InProgress), Completed, &[Staff], When::Any),
        undoing(Arrived, Confirmed, When::Any),
        undoing(InProgress, Arrived, When::Any),
        undoing(Completed, InProgress, When::Any),
        undoing(NoShow, Confirmed, When::Any),
        undoing(NoShow, Arrived, When::Any),
        undoing(Cancelled, Confirmed, When::Before),
    ]
};

/// The step from one status to another, if there is one.
pub fn transition(from: Option<Status>, to: Status) -> Option<&'static Transition> {
    LIFE.iter().find(|step| step.from == from && step.to == to)
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Status {
    type Err = NotAStatus;

    fn from_str(raw: &str) -> Result<Self, NotAStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == raw).ok_or_else(|| NotAStatus(raw.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_longer_blocks_blocks_again_only_when_staff_undoes_it_and_says_why() {
        for step in LIFE {
            let takes = step.to.blocks() && step.from.is_some_and(|from| !from.blocks());
            assert!(!takes || step.undoes, "{step:?} would take an hour without asking");
            assert!(!step.undoes || step.by == [Actor::Staff] && step.reasoned, "{step:?}");
        }
    }

    #[test]
    fn what_is_undone_was_done_and_no_step_is_told_twice() {
        for step in LIFE {
            assert_eq!(transition(step.from, step.to), Some(step), "told twice");
            if let (true, Some(from)) = (step.undoes, step.from) {
                assert!(from != step.to && step.to.may_become(from), "{step:?} undoes nothing");
            }
        }
    }

    #[test]
    fn every_status_reads_back_can_be_reached_and_ends_or_goes_on() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert!(LIFE.iter().any(|step| step.to == status), "{status}");
            let ends = LIFE.iter().all(|step| step.from != Some(status) || step.undoes);
            let over = matches!(
                status,
                Status::Completed
                    | Status::NoShow
                    | Status::Cancelled
                    | Status::Rescheduled
                    | Status::Expired
            );
            assert_eq!(ends, over, "{status}");
        }
    }
}

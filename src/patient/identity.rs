//! The rules of who may speak for whom.
//!
//! A phone registered at the centre speaks for the patients it is registered for. Any other shows, by the end
//! of a RUN and a birth date, exactly one patient; until staff verifies it, it sees and changes only hours
//! that its own conversation booked. Three failed tries in a day, and a person takes over.

use chrono::NaiveDate;

use crate::id::{ConversationId, PatientId};

/// How often a phone may fail to say whom it speaks for, in [`TRY_AGAIN_AFTER_HOURS`], before a person takes over.
pub const TRIES: i64 = 3;
/// After how long a failed try is forgotten: long enough that guessing is hopeless, short enough that a typo
/// does not shut a patient out for good.
pub const TRY_AGAIN_AFTER_HOURS: i32 = 24;

/// A patient for whom a conversation may speak. `Debug` hides the name.
#[derive(Clone, PartialEq, Eq)]
pub struct SpokenFor {
    /// Who is treated.
    pub patient: PatientId,
    /// Their name.
    pub full_name: String,
    /// Born on.
    pub birth_date: NaiveDate,
    /// True when the centre knows the phone as theirs: it sees and changes all of their hours.
    pub verified: bool,
}

impl std::fmt::Debug for SpokenFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpokenFor")
            .field("patient", &self.patient)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// What became of a try to say whom one speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Exactly one patient matches; the conversation speaks for them from now on.
    Found(SpokenFor),
    /// Nobody matches.
    NoMatch {
        /// How many more tries there are: 2, then 1.
        tries_left: u8,
    },
    /// More than one patient matches: only a person can tell them apart.
    Several,
    /// Too many failed tries: only a person can go on.
    Blocked,
}

/// Whether a conversation may see and change an hour of a patient it speaks for.
pub fn may_touch(verified: bool, conversation: ConversationId, booked_by: Option<ConversationId>) -> bool {
    verified || booked_by == Some(conversation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unverified_phone_touches_only_what_it_booked_itself() {
        let (mine, other) = (ConversationId(1), ConversationId(2));
        assert!(may_touch(true, mine, None));
        assert!(may_touch(false, mine, Some(mine)));
        assert!(!may_touch(false, mine, Some(other)));
        assert!(!may_touch(false, mine, None), "booked at the window");
    }
}

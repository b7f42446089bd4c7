//! The life of an appointment: which status may follow which.
//!
//! One table, so that the database's writes, the console's buttons and the tests read the same rule.

use serde::{Deserialize, Serialize};

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
    pub fn followers(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Confirmed, Self::Cancelled, Self::Expired],
            Self::Confirmed => &[Self::Arrived, Self::Cancelled, Self::Rescheduled, Self::NoShow],
            Self::Arrived => &[Self::InProgress, Self::NoShow],
            Self::InProgress => &[Self::Completed],
            Self::Completed | Self::NoShow | Self::Cancelled | Self::Rescheduled | Self::Expired => &[],
        }
    }

    /// Whether `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        self.followers().contains(&next)
    }
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
    fn what_no_longer_blocks_never_blocks_again() {
        for from in Status::ALL {
            for to in Status::ALL {
                assert!(
                    !from.may_become(to) || from.blocks() || !to.blocks(),
                    "{from} -> {to} would take an hour without asking"
                );
            }
        }
    }

    #[test]
    fn every_status_reads_back_and_every_one_but_pending_can_be_reached() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            let reached = Status::ALL.into_iter().any(|from| from.may_become(status));
            assert_eq!(reached, status != Status::Pending, "{status}");
        }
    }
}

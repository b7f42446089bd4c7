//! What waits in the queue, and how long a failed try waits before the next.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use crate::id::{ConversationId, EventId, OutboxId};
use crate::value::Outgoing;

/// After so many failures an event is parked and its conversation goes to a person.
pub const MOST_ATTEMPTS: i32 = 5;

/// An event of a conversation that is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its row.
    pub id: EventId,
    /// `message`, `timer`, `staff`, `continue`, `echo`, `undelivered`, `start`.
    pub kind: String,
    /// What it says, by kind.
    pub payload: Json,
    /// WhatsApp's own time of a message, to the second.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it could be handled at the earliest.
    pub due_at: DateTime<Utc>,
    /// How often it failed before.
    pub attempts: i32,
}

/// A message on its way out, claimed by a sender.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its row.
    pub id: OutboxId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The number of ours that sends it.
    pub phone_number_id: String,
    /// The patient's number as WhatsApp gave it, or their business-scoped id when there is no number.
    pub to: Recipient,
    /// What is said.
    pub message: Outgoing,
    /// How often it was tried, this time included.
    pub attempts: i32,
}

/// How WhatsApp is told whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// A phone number, as `from` had it.
    WaId(String),
    /// A business-scoped user id.
    UserId(String),
}

/// How long a conversation rests after its event failed: 0.2 s, 1 s, 5 s, 25 s.
pub fn rest_after_failure(attempts: i32) -> Duration {
    let step = u32::try_from(attempts.clamp(1, 4) - 1).unwrap_or(0);
    Duration::from_millis(200 * 5_u64.pow(step))
}

/// How long a message waits after its n-th failed try: 1 s, 4 s, 16 s, 64 s, then 256 s, give or take a fifth so
/// that many of them do not return at once. `seed` decides the fifth: the row's id.
pub fn rest_after_refusal(attempts: i32, seed: i64) -> Duration {
    let step = u32::try_from(attempts.clamp(1, 5) - 1).unwrap_or(0);
    let base = 1_000 * 4_u64.pow(step);
    let jitter = base / 5 * (seed.unsigned_abs().wrapping_mul(2_654_435_761) % 1_000) / 1_000;
    Duration::from_millis(base + jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_conversation_rests_longer_each_time() {
        let rests: Vec<u64> =
            (1..=5).map(|n| u64::try_from(rest_after_failure(n).as_millis()).unwrap()).collect();
        assert_eq!(rests, [200, 1_000, 5_000, 25_000, 25_000]);
    }

    #[test]
    fn refused_messages_do_not_all_return_at_the_same_moment() {
        let rests: std::collections::HashSet<_> = (0..100).map(|id| rest_after_refusal(3, id)).collect();
        assert!(rests.len() > 50);
        assert!(rests.iter().all(|rest| (16_000..=19_200).contains(&rest.as_millis())));
    }
}

//! What the queue finds in `events.payload` for what came from WhatsApp: the part of the wire that the rest may know.
//!
//! Already clean: RUTs masked, control characters gone, ids bounded. The name in a patient's profile is never kept.

use serde::{Deserialize, Serialize};

use crate::id::OutboxId;
use crate::value::Incoming;

/// `events.payload` of kind `message`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// What the patient sent.
    pub incoming: Incoming,
    /// WhatsApp's id (wamid): to mark it read, or to answer it as a quotation.
    pub message_id: String,
    /// Whom to answer: the number exactly as it came, or the business-scoped id of who hides their number.
    pub from: String,
    /// The wamid of our message that this one quotes, or whose button was tapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

impl std::fmt::Debug for InboundMessage {
    // words and number stay out of logs
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboundMessage").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// `events.payload` of kind `status`: what became of a message of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundStatus {
    /// Our own id, which came back in `biz_opaque_callback_data`; absent for what we did not send from the outbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox: Option<OutboxId>,
    /// WhatsApp's id of the message.
    pub message_id: String,
    /// `sent`, `delivered`, `read`, `played`, `failed`, or a word that Meta has not invented yet.
    pub status: String,
    /// Error codes, with `failed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<i32>,
}

impl InboundStatus {
    /// How far the message has come: sent < delivered < read. Statuses arrive in any order, and the highest one counts.
    ///
    /// `failed` ranks below `delivered`: with several devices both come, and then it was delivered. 0 is unknown.
    pub fn rank(&self) -> u8 {
        match self.status.as_str() {
            "sent" => 1,
            "failed" => 2,
            "delivered" => 3,
            "read" | "played" => 4,
            _ => 0,
        }
    }
}

/// Our id as it travels in `biz_opaque_callback_data`: `o` and the outbox row's id.
pub fn tracker(outbox: OutboxId) -> String {
    format!("o{outbox}")
}

/// The outbox row that a tracker names, if it is one of ours.
pub fn tracked(tracker: &str) -> Option<OutboxId> {
    tracker.strip_prefix('o').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_names_its_outbox_row_and_nothing_else_does() {
        assert_eq!(tracked(&tracker(OutboxId(42))), Some(OutboxId(42)));
        for foreign in ["outbox:01J9Z3K6", "o", "o-1", "42", "o99999999999999999999"] {
            assert_eq!(tracked(foreign), None, "{foreign}");
        }
    }
}

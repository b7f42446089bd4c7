//! The ways in which a call to the Graph API can go wrong.

/// What happens to a call instead of an ordinary answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused with this code of Meta's (HTTP 400).
    Code(i32),
    /// Refused with this HTTP status and no readable body.
    Status(u16),
    /// No answer ever comes; the message may have gone out all the same.
    Hang {
        /// Whether the patient gets the message.
        sent: bool,
    },
    /// The connection breaks before an answer; the message may have gone out all the same.
    Reset {
        /// Whether the patient gets the message.
        sent: bool,
    },
    /// The message goes out, but the answer breaks off in the middle.
    HalfAnswer,
    /// Taken with 200, and later reported as failed with this code.
    FailsLater(i32),
}

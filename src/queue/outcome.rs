//! What became of a try to send.

/// The answer of the channel, sorted by what is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// It took the message; what becomes of it comes as statuses.
    Accepted {
        /// The channel's id of it.
        wa_message_id: String,
    },
    /// Try again, later each time.
    Retry {
        /// The channel's code, when it gave one.
        code: Option<i32>,
    },
    /// The same, but a second refusal is final: the code may also mean that the request is wrong.
    RetryOnce {
        /// The channel's code.
        code: i32,
    },
    /// Too much to this one patient: their conversation waits, and nobody else's.
    SlowPair {
        /// The channel's code.
        code: i32,
    },
    /// Too much from this number of ours: all that it sends waits.
    SlowNumber {
        /// The channel's code, or its HTTP status.
        code: i32,
    },
    /// It will never go out so.
    Never {
        /// The channel's code, when it gave one.
        code: Option<i32>,
        /// What the channel says of it; no word of the message.
        detail: String,
    },
    /// Nothing at all can go out from this number: token, permission, account. An operator is needed.
    StopTheLine {
        /// The channel's code.
        code: i32,
    },
    /// No answer came in time: it may have gone out or not. A status will tell, or silence.
    Unknown,
}

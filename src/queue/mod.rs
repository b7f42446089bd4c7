//! Events in, outbox out: nothing is lost, nothing acts twice, and each conversation keeps its order.
//!
//! ```text
//! webhook -> events -> turn (one transaction, one conversation at a time) -> outbox -> sender -> WhatsApp
//!                                                                       statuses <- webhook
//! ```
//!
//! Guarantees: an event that is stored is handled at least once and acts once (its effects commit with its mark);
//! events of one conversation never run at the same time or out of order, however many processes there are; an
//! event that fails five times is parked and its conversation goes to a person; a message is sent only under the
//! epoch it was written in.

pub mod job;
pub mod line;
pub mod outcome;
pub mod sender;
pub mod store;
pub mod wake;
pub mod worker;

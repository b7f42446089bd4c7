//! One patient, one thread: the state machine of a conversation, and the turn that runs it.
//!
//! The state machine is pure (`state`, `need` and the walk): no I/O, no clock, no randomness, so that any
//! conversation can be replayed bit for bit from its journal, with no database.

pub mod answer;
pub mod need;
pub mod state;
pub mod store;

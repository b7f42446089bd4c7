//! One patient, one thread: the state machine of a conversation, and the turn that runs it.
//!
//! The state machine is pure (`step` and all it uses): no I/O, no clock, no randomness, so that any
//! conversation can be replayed bit for bit from its journal, with no database.
//!
//! | file | trade |
//! |---|---|
//! | [`state`] | answers, not a program counter |
//! | [`need`] | what the core is told, asks and wants done |
//! | [`mod@step`] | one event in, one message out |
//! | `ladder` | what a message is taken for, rung by rung |
//! | `walk` | a flow read from the top to its first unmet step |
//! | `fill`, `carry` | answers given, refused and forgotten; taken along to another flow |
//! | `frames` | flows entered and left |
//! | `fit` | a conversation under another version of the flows |
//! | [`plan`], [`rehearsal`] | what a new version of the flows does to open conversations |
//! | `handover`, `timing` | staff; silence |
//! | `reply` | one message |
//! | [`turn`] | the shell: one event, one transaction |
//! | [`answer`], [`shelf`], [`store`] | what the core asks is answered, flow books are found, what it decides is saved |

pub mod answer;
mod carry;
mod fill;
mod fingerprint;
mod fit;
mod frames;
mod handover;
mod ladder;
mod message;
pub mod need;
pub mod plan;
pub mod rehearsal;
mod reply;
mod running;
mod scope;
pub mod shelf;
pub mod state;
pub mod step;
pub mod store;
mod timing;
pub mod turn;
mod walk;

pub use step::{Books, step};

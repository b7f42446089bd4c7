//! The ground everything stands on: the private server, the pool, the queue, the program itself.
#![allow(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the helpers beside the tests"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod bench;
mod outbox;
mod program;
mod queue;
mod server;

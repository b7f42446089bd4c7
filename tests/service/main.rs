//! The whole service, through signed webhooks and a simulated WhatsApp, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the files beside the tests"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod clinic;
mod crash;
mod errors;
mod journey;
mod kinds;
mod logs;
mod race;
mod stop;

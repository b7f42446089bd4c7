//! The agenda against a real PostgreSQL: what each operation answers, races, a model, and the search.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the helpers beside the tests"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod agreement;
mod booking;
mod export;
mod history;
mod identity;
mod import;
mod life;
mod model;
mod notes;
mod offers;
mod race;
mod search;
mod time;
mod workbook;
mod world;
mod years;

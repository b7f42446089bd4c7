//! Scripted conversations, played as tests.
//!
//! A fixture reads like a chat and is strict: what it does not list must not happen. It plays on a [`stage::Stage`];
//! the one here is the pure core with an agenda in memory, so that a flow can be tried without a database.

pub mod accept;
pub mod agenda;
pub mod coverage;
pub mod deploy;
pub mod expectation;
pub mod fixture;
pub mod folder;
pub mod observed;
pub mod pipeline;
pub mod player;
pub mod recording;
pub mod report;
pub mod stage;
pub mod store;
pub mod world;
pub mod world_files;

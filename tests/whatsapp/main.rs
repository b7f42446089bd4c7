//! The edge to WhatsApp as Meta sees it: signed webhooks in, Graph API calls out, against a real database.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/mod.rs"]
mod harness;
mod limits;
mod page;
mod payloads;
mod round_trip;
mod sending;
mod webhook;
mod world;

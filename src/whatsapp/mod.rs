//! The edge to WhatsApp's Cloud API: what Meta sends comes in as events, what we say goes out within Meta's limits.
//!
//! Guarantees: a webhook answered 200 is stored, whatever was in it; one odd part of a payload never hides
//! another; nothing is acted upon here (the queue does that); and no message can be built that the Graph API
//! would refuse for its length or shape. Nothing of a patient (name, number, words) reaches a log or a metric.

mod attention;
pub mod client;
mod directory;
pub mod graph;
pub mod inbound;
pub mod limits;
pub mod outcome;
pub mod render;
pub mod signature;
pub mod simulator;
mod store;
pub mod webhook;
pub mod wire;
mod writer;

pub use client::Client;
pub use inbound::{InboundMessage, InboundStatus};
pub use webhook::{WebhookState, webhook_router};
pub use writer::EventWriter;

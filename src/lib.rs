//! smartSalud: patients of Chilean public health centres book, move, cancel and confirm their hours over
//! WhatsApp, in their own words.
//!
//! The rooms, in reading order; "pure" means no async, no I/O, no clock and no environment, and
//! `tests/architecture.rs` holds them to it.
//!
//! | room | trade |
//! |---|---|
//! | [`value`] | pure: what the pure rooms share: phone, RUT, window of wall time, messages |
//! | [`flow`] | pure: the language in which clinics write conversations, checked at load |
//! | [`understanding`] | pure: what a patient meant |
//! | [`conversation`] | one patient, one thread: the state machine (pure) and the turn that runs it |
//! | [`scheduling`] | the centre's time: schedules, free hours, holds, appointments |
//! | [`patient`] | who is treated, and who may speak for them |
//! | [`queue`] | events in, outbox out: nothing lost, nothing twice, everything in order |
//! | [`whatsapp`] | the Cloud API's edge, and a simulator of it |
//! | [`transfer`] | import, and the generator of invented centres |
//! | [`replay`] | scripted conversations played as tests |
//! | [`mod@bench`] | load and latency, each figure beside its baseline of the same run |
//! | [`database`] | the pool, the embedded PostgreSQL, wake-ups |
//! | [`cli`] | one file a command |

pub mod app;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conversation;
pub mod database;
pub mod flow;
pub mod http;
pub mod id;
pub mod patient;
pub mod queue;
pub mod replay;
pub mod scheduling;
pub mod telemetry;
pub mod transfer;
pub mod understanding;
pub mod value;
pub mod whatsapp;

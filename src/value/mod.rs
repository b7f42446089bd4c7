//! What the pure rooms share: a phone, a RUT, a window of wall time, the words for an hour, a message in
//! and a message out. Everything here is parsed once at the edge and well formed for ever after.
//!
//! Guarantees: nothing here reads a clock, a database or the environment, and nothing prints a person's
//! number or RUT by accident (`Debug` is masked; the full value is asked for by name).

pub mod hour_label;
pub mod message;
pub mod opening;
pub mod person;
pub mod phone;
pub mod rut;
pub mod window;

pub use message::{Incoming, MediaKind, Outgoing, OutgoingOption};
pub use phone::Phone;
pub use rut::{Rut, RutTail};
pub use window::{DayRange, TimeRange, Weekdays, Window};

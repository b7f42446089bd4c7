//! All SQL of the agenda.

pub mod absence;
pub(super) mod attendance;
pub mod closing;
pub mod exception;
pub(super) mod life;
pub mod map;
pub mod oracle;
pub(super) mod place;
pub(super) mod settle;
pub(super) mod waitlist;

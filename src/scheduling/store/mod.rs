//! All SQL of the agenda.

pub(super) mod attendance;
pub mod closing;
pub(super) mod life;
pub mod map;
pub mod oracle;
pub(super) mod place;
pub(super) mod settle;
pub(super) mod waitlist;

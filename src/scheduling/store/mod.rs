//! All SQL of the agenda.

pub mod closing;
pub mod map;
pub mod oracle;
pub(super) mod place;
pub(super) mod settle;

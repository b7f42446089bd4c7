//! All SQL of the agenda.

pub mod map;
pub mod oracle;
pub(super) mod place;
pub(super) mod settle;

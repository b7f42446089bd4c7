//! Who is treated, and who may speak for them.
//!
//! The phone is not the patient: one phone speaks for a family, and a stranger's phone may ask for anybody.

pub mod identity;
pub mod store;

pub use identity::{Claim, SpokenFor, may_touch};

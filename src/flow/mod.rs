//! The language in which a clinic writes its conversations.
//!
//! YAML files are read once into closed, typed structs, checked as a graph, and only then become a
//! [`Book`]; a mistake names its file, line and column. Pure: nothing here does I/O.

pub mod definition;
pub mod expression;
pub mod port;
pub mod template;
pub mod value;

pub use definition::{Book, Flow, RepairKind};
pub use value::{Name, Record, Value};

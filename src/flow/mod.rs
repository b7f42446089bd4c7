//! The language in which a clinic writes its conversations.
//!
//! YAML files are read once into closed, typed structs, checked as a graph, and only then become a
//! [`Book`]; a mistake names its file, line and column. Pure: nothing here does I/O.

pub mod built_in;
mod check;
pub mod definition;
pub mod diagram;
pub mod error;
pub mod expression;
pub mod graph;
pub mod load;
pub mod port;
mod raw;
pub mod template;
pub mod value;
mod window_words;

pub use definition::{Book, Flow, RepairKind};
pub use error::FlowError;
pub use value::{Name, Record, Value};

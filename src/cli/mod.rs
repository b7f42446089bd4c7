//! One file a command.

pub mod generate;
pub mod import;

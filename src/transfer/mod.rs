//! Moving a centre's data in: the files that clinics keep ([`import`]), the small centre of the demo
//! ([`demo`]), and invented centres of any size ([`mod@generate`]); and its agenda out ([`mod@export`]).

mod cell;
pub mod demo;
pub mod export;
pub mod generate;
pub mod import;
mod rows;
mod sheet;
mod store;
mod workbook;

pub use demo::load_demo;
pub use generate::{Generated, Size, generate};
pub use import::{ImportError, Options, Report, import_dir};
pub use sheet::BadRow;

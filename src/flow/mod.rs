//! The language in which a clinic writes its conversations.
//!
//! YAML files are read once into closed, typed structs, checked as a graph, and only then become a
//! [`Book`]; a mistake names its file, line and column. Pure: nothing here does I/O. The guide for authors,
//! with every key, port, filter and code, is `flows/LENGUAJE.md`; its tables are written by [`guide`].
//!
//! | file | trade |
//! |---|---|
//! | [`definition`] | a flow as the walk reads it: names resolved, every outcome with its branch |
//! | [`value`] | the typed values that answers and rows are made of |
//! | [`expression`], [`template`] | conditions and texts: read, computed, written back |
//! | [`scope`] | where they look their names up |
//! | [`port`] | the functions that a flow may call, with arguments, results and outcomes |
//! | `raw`, [`load`] | from YAML with its places to definitions; all mistakes at once |
//! | [`schema`] | the JSON Schema of the files, for editors |
//! | `check` | the book as a whole: what passes here, the walk need not doubt |
//! | [`wording`] | texts kept apart from steps, by centre and voice |
//! | [`graph`] | what is forgotten when an answer changes |
//! | [`diagram`] | a flow drawn as Mermaid or SVG |
//! | [`guide`] | the guide for authors, its tables written from these lists |
//! | `limits` | what WhatsApp shows of a question |
//! | [`built_in`] | the flows that come with the program |
//!
//! ```
//! use smartsalud::flow::{built_in, load};
//!
//! let mut sources = built_in::sources();
//! sources.insert("avisar.yaml".into(), "flow: avisar\ntitle: avisar\nsteps:\n  - call: agendr\n".into());
//! let errors = load::book(&sources).unwrap_err();
//! assert_eq!(
//!     errors[0].to_string(),
//!     "avisar.yaml:4:11: F041 there is no flow `agendr`
//!     4 |   - call: agendr
//!       |           ^
//!       = fix: did you mean `agendar`?"
//! );
//! ```

pub mod built_in;
mod check;
pub mod definition;
pub mod diagram;
pub mod error;
pub mod expression;
pub mod graph;
pub mod guide;
mod limits;
pub mod load;
pub mod port;
mod raw;
pub mod schema;
pub mod scope;
pub mod template;
pub mod value;
mod window_words;
pub mod wording;

pub use definition::{Book, Flow, RepairKind};
pub use error::FlowError;
pub use scope::{Scope, Seen};
pub use value::{Name, Record, Value};

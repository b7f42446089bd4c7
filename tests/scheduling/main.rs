//! The agenda against a real PostgreSQL: what each operation answers, races, a model, and the search.

mod booking;
mod identity;
mod import;
mod search;
mod world;

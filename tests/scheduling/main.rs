//! The agenda against a real PostgreSQL: what each operation answers, races, a model, and the search.

mod booking;
mod identity;
mod search;
mod world;

//! The agenda against a real PostgreSQL: what each operation answers, races, a model, and the search.

mod agreement;
mod booking;
mod identity;
mod import;
mod model;
mod race;
mod search;
mod world;

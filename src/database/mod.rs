//! PostgreSQL: the pool, the private server when none is given, and a database for each test.
//!
//! Guarantees: a database that cannot be reached, is too old or is not migrated gives one clear error; a private
//! server dies with the process that started it, whatever kills it; every session sees the process's clock
//! through `app_now()`.

mod account;
pub mod binaries;
mod cluster;
pub mod health;
mod open;
pub mod pool;
pub mod server;
mod store;
pub mod testing;

use sqlx::migrate::Migrator;

/// The migrations, compiled in once.
pub static MIGRATOR: Migrator = sqlx::migrate!();

pub use open::Database;
pub use pool::{DatabaseError, connect, migrate};
pub use server::{Durability, Server, ServerError};

//! A look at the database's state, for `doctor` and `/health/ready`.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgPool;

use super::{MIGRATOR, store};

/// What was seen.
#[derive(Debug)]
pub struct Health {
    /// The server itself.
    pub server: ServerHealth,
    /// How many migrations of this version are not applied.
    pub missing_migrations: usize,
    /// The centres it holds; none when it was never migrated.
    pub centers: Vec<CenterHealth>,
}

/// What the server says of itself.
#[derive(Debug)]
pub struct ServerHealth {
    /// Its time.
    pub now: DateTime<Utc>,
    /// How many connections it allows.
    pub most_connections: i32,
    /// Whether what was committed survives a power cut.
    pub durable: bool,
}

/// What a centre needs to be reachable.
#[derive(Debug)]
pub struct CenterHealth {
    /// Its code.
    pub code: String,
    /// Its zone, as it was entered.
    pub tz: String,
    /// Its WhatsApp number's id.
    pub phone_number_id: Option<String>,
}

/// Looks at everything.
///
/// # Errors
/// When the database fails.
pub async fn look(pool: &PgPool) -> sqlx::Result<Health> {
    let server = store::server(pool).await?;
    let missing_migrations = missing_migrations(pool).await?;
    let centers = if missing_migrations == 0 { store::centers(pool).await? } else { Vec::new() };
    Ok(Health { server, missing_migrations, centers })
}

/// How many migrations of this version are not applied.
///
/// # Errors
/// When the database fails.
pub async fn missing_migrations(pool: &PgPool) -> sqlx::Result<usize> {
    let applied = store::applied_migrations(pool).await?;
    Ok(MIGRATOR.iter().filter(|migration| !applied.contains(&migration.version)).count())
}

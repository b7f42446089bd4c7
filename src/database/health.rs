//! A look at the database's state, for `doctor` and `/health/ready`.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgPool;

use super::{MIGRATOR, store};

/// What was seen.
#[derive(Debug)]
pub struct Health {
    /// The database's time.
    pub now: DateTime<Utc>,
    /// How many migrations of this version are not applied.
    pub missing_migrations: usize,
    /// The centres it holds.
    pub centers: Vec<CenterHealth>,
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

/// Looks.
///
/// # Errors
/// When the database fails, or was never migrated.
pub async fn look(pool: &PgPool) -> sqlx::Result<Health> {
    let applied = store::applied_migrations(pool).await?;
    let missing_migrations =
        MIGRATOR.iter().filter(|migration| !applied.contains(&migration.version)).count();
    let now = store::now(pool).await?;
    let centers = store::centers(pool).await?;
    Ok(Health { now, missing_migrations, centers })
}

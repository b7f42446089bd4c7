//! The queue's SQL.

pub mod events;
pub mod outbox;

use sqlx::postgres::PgPool;

/// The channel of NOTIFY.
pub const CHANNEL: &str = "smartsalud_wake";

/// Wakes the workers of every process.
///
/// # Errors
/// When the database fails.
pub async fn notify(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("select pg_notify($1, '')", CHANNEL).execute(pool).await?;
    Ok(())
}

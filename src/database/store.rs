//! The little SQL that is about the database itself.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool};

/// `server_version_num` and `server_version`.
pub(super) async fn version(pool: &PgPool) -> sqlx::Result<(i32, String)> {
    let row = sqlx::query!(
        r#"select current_setting('server_version_num')::int as "number!", current_setting('server_version') as "version!""#
    )
    .fetch_one(pool)
    .await?;
    Ok((row.number, row.version))
}

/// Sets the session's `app_now()`.
pub(super) async fn set_time(connection: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    // microseconds and an explicit zone: what `app_now()` casts back without loss
    let text = now.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string();
    sqlx::query!("select set_config('app.now', $1, false)", text).fetch_one(connection).await?;
    Ok(())
}

/// Creates a database as a copy of a template nobody is connected to.
pub(super) async fn create_from(connection: &mut PgConnection, name: &str, template: Option<&str>) -> sqlx::Result<()> {
    // names come from `testing`, letters, digits and `_` only: an identifier cannot be a parameter
    let copy = template.map(|from| format!(" template \"{from}\" strategy file_copy")).unwrap_or_default();
    sqlx::raw_sql(AssertSqlSafe(format!("create database \"{name}\"{copy}"))).execute(connection).await?;
    Ok(())
}

/// Drops a database, and whoever is connected to it.
pub(super) async fn drop(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists \"{name}\" with (force)"))).execute(connection).await?;
    Ok(())
}

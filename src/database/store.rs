//! The little SQL that is about the database itself.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnection, PgPool};

use super::health::{CenterHealth, ServerHealth};

/// `server_version_num` and `server_version`.
pub(super) async fn version(connection: &mut PgConnection) -> sqlx::Result<(i32, String)> {
    let row = sqlx::query!(
        r#"select current_setting('server_version_num')::int as "number!", current_setting('server_version') as "version!""#
    )
    .fetch_one(connection)
    .await?;
    Ok((row.number, row.version))
}

/// What every session of ours wants, told once when it is opened.
pub(super) async fn prepare_session(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        r#"select count(set_config(name, value, false)) as "told!"
           from (values ('jit', 'off'),                 -- compiling costs more than any query of ours
                        -- the lock of a turn dies with its connection: a machine that vanished must be noticed in
                        -- seconds, not in the two hours of the kernel
                        ('idle_in_transaction_session_timeout', '60s'),
                        ('tcp_keepalives_idle', '10'),
                        ('tcp_keepalives_interval', '5'),
                        ('tcp_keepalives_count', '4')) as wanted (name, value)"#
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// Sets the session's `app_now()`.
pub(super) async fn set_time(connection: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    // microseconds and an explicit zone: what `app_now()` casts back without loss
    let text = now.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string();
    sqlx::query!("select set_config('app.now', $1, false)", text).fetch_one(connection).await?;
    Ok(())
}

/// Creates a database as a copy of a template nobody is connected to.
pub(super) async fn create_from(
    connection: &mut PgConnection,
    name: &str,
    template: Option<&str>,
) -> sqlx::Result<()> {
    // names come from `testing`, letters, digits and `_` only: an identifier cannot be a parameter
    let copy = template.map(|from| format!(" template \"{from}\" strategy file_copy")).unwrap_or_default();
    sqlx::raw_sql(AssertSqlSafe(format!("create database \"{name}\"{copy}"))).execute(connection).await?;
    Ok(())
}

/// Drops a database, and whoever is connected to it.
pub(super) async fn drop(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists \"{name}\" with (force)")))
        .execute(connection)
        .await?;
    Ok(())
}

/// The versions of the migrations that were applied; none when the database was never migrated.
pub(super) async fn applied_migrations(pool: &PgPool) -> sqlx::Result<Vec<i64>> {
    // the table is sqlx's own and may not be there yet, so this query cannot be checked at compile time
    let known: bool =
        sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    if !known {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("select version from _sqlx_migrations where success").fetch_all(pool).await
}

/// The server's time, the connections it allows, and whether it keeps its word after a power cut.
pub(super) async fn server(pool: &PgPool) -> sqlx::Result<ServerHealth> {
    sqlx::query_as!(
        ServerHealth,
        r#"select clock_timestamp() as "now!", current_setting('max_connections')::int as "most_connections!",
                  current_setting('fsync')::bool and current_setting('synchronous_commit')::text <> 'off'
                    and current_setting('full_page_writes')::bool as "durable!""#
    )
    .fetch_one(pool)
    .await
}

/// What every centre needs to be reachable.
pub(super) async fn centers(pool: &PgPool) -> sqlx::Result<Vec<CenterHealth>> {
    sqlx::query_as!(CenterHealth, "select code, tz, phone_number_id from centers order by code")
        .fetch_all(pool)
        .await
}

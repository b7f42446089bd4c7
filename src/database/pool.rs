//! The pool of connections.
//!
//! When the clock is frozen (tests, replay) every connection is told the time as it is handed out, so that
//! `app_now()` in SQL and `Clock::now` in Rust never disagree; production sessions read the wall clock.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};

use crate::clock::Clock;

/// The oldest PostgreSQL that is supported, as `server_version_num` has it.
const OLDEST: i32 = 150_000;

/// How many connections, and how long a task waits for one.
#[derive(Debug, Clone, Copy)]
pub struct PoolSettings {
    /// The most connections, 1 to 50.
    pub max: u32,
    /// After so long without a free connection a task gives up.
    pub acquire_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { max: 20, acquire_timeout: Duration::from_secs(10) }
    }
}

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Nobody answers, or not to us.
    #[error("the database at {place} cannot be reached: {source}. Is it running, and is DATABASE_URL right?")]
    Unreachable {
        /// Host, port and database name, never the password.
        place: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// It is too old.
    #[error("the database at {place} is PostgreSQL {version}; 15 or later is needed")]
    TooOld {
        /// Host, port and database name.
        place: String,
        /// What it says it is.
        version: String,
    },
    /// It could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The URL cannot be read.
    #[error("DATABASE_URL cannot be read ({0}); it looks like postgres://user:password@host:5432/name")]
    Url(sqlx::Error),
}

/// Host, port and database of the options, for messages.
fn place(options: &PgConnectOptions) -> String {
    let host = options
        .get_socket()
        .map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    format!("{host}:{}/{}", options.get_port(), options.get_database().unwrap_or_default())
}

/// Opens a pool and sees that the server is new enough.
///
/// # Errors
/// When nobody answers, or the server is too old.
pub async fn connect(
    options: PgConnectOptions,
    settings: PoolSettings,
    clock: &Clock,
) -> Result<PgPool, DatabaseError> {
    let place = place(&options);
    let (fresh, reused) = (clock.clone(), clock.clone());
    let pool = PgPoolOptions::new()
        .max_connections(settings.max)
        .acquire_timeout(settings.acquire_timeout)
        .after_connect(move |connection, _| {
            let clock = fresh.clone();
            Box::pin(async move { tell_time(connection, &clock).await })
        })
        .before_acquire(move |connection, _| {
            let clock = reused.clone();
            Box::pin(async move { tell_time(connection, &clock).await.map(|()| true) })
        })
        .connect_with(options.application_name("smartsalud"))
        .await
        .map_err(|source| DatabaseError::Unreachable { place: place.clone(), source })?;
    let (number, version) = super::store::version(&pool)
        .await
        .map_err(|source| DatabaseError::Unreachable { place: place.clone(), source })?;
    if number < OLDEST {
        return Err(DatabaseError::TooOld { place, version });
    }
    Ok(pool)
}

/// Brings the tables up to date.
///
/// # Errors
/// When a migration fails, or the database has one that this version does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    super::MIGRATOR.run(pool).await.map_err(DatabaseError::Migration)
}

async fn tell_time(connection: &mut PgConnection, clock: &Clock) -> sqlx::Result<()> {
    if clock.is_frozen() {
        super::store::set_time(connection, clock.now()).await?;
    }
    Ok(())
}

//! The pool of connections.
//!
//! When the clock is frozen (tests, replay) every connection is told the time as it is handed out, so that
//! `app_now()` in SQL and `Clock::now` in Rust never disagree; production sessions read the wall clock.
//!
//! A database that is still starting is waited for; one that is not there, refuses us or is too old gives one
//! sentence that names the place and never the password. One that goes away later costs each task an error, which
//! it logs and tries again: the pool opens new connections by itself.

use std::future::Future;
use std::io::ErrorKind;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};

use super::store;
use crate::clock::{Clock, Stopwatch};

/// The oldest PostgreSQL that is supported, as `server_version_num` has it.
const OLDEST: i32 = 150_000;
/// A connection that rested for longer is asked whether it still lives before it is handed out. One that did not
/// rest is not: that question would be a tenth of a turn's round trips.
const RESTED: Duration = Duration::from_secs(1);

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
    let options = options.application_name("smartsalud");
    let (number, version) = first_contact(&options, settings.acquire_timeout)
        .await
        .map_err(|source| DatabaseError::Unreachable { place: place.clone(), source })?;
    if number < OLDEST {
        return Err(DatabaseError::TooOld { place, version });
    }
    let (fresh, reused) = (clock.clone(), clock.clone());
    let pool = PgPoolOptions::new()
        .max_connections(settings.max)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let clock = fresh.clone();
            Box::pin(async move {
                store::prepare_session(connection).await?;
                tell_time(connection, &clock).await
            })
        })
        .before_acquire(move |connection, seen| {
            let clock = reused.clone();
            Box::pin(async move {
                if seen.idle_for > RESTED {
                    connection.ping().await?;
                }
                tell_time(connection, &clock).await.map(|()| true)
            })
        });
    Ok(pool.connect_lazy_with(options))
}

/// What a failure to get or use a connection means, in words for an operator.
pub fn explain(pool: &PgPool, error: &sqlx::Error) -> String {
    let (most, patience) = (pool.options().get_max_connections(), pool.options().get_acquire_timeout());
    match error {
        sqlx::Error::PoolTimedOut if pool.size() >= most => format!(
            "all {most} connections were busy for {} s: raise DATABASE_MAX_CONNECTIONS, or look for what holds them",
            patience.as_secs()
        ),
        sqlx::Error::PoolTimedOut => {
            format!("no connection to the database could be opened within {} s", patience.as_secs())
        }
        other => other.to_string(),
    }
}

/// Brings the tables up to date.
///
/// # Errors
/// When a migration fails, or the database has one that this version does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), DatabaseError> {
    super::MIGRATOR.run(pool).await.map_err(DatabaseError::Migration)
}

/// The first connection, outside the pool: the pool would say of every failure that it timed out.
async fn first_contact(options: &PgConnectOptions, patience: Duration) -> sqlx::Result<(i32, String)> {
    let waited = Stopwatch::start();
    let mut rest = Duration::from_millis(50);
    loop {
        let left = patience.saturating_sub(waited.elapsed());
        let error = match within(left, PgConnection::connect_with(options)).await {
            Ok(mut connection) => {
                let version = within(patience, store::version(&mut connection)).await;
                connection.close().await.ok(); // a polite goodbye only
                return version;
            }
            Err(error) => error,
        };
        if !may_be_starting(&error) || waited.elapsed() + rest >= patience {
            return Err(error);
        }
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(Duration::from_secs(1));
    }
}

async fn within<T>(patience: Duration, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| {
        let said = format!("no answer within {} s", patience.as_secs());
        Err(sqlx::Error::Io(std::io::Error::new(ErrorKind::TimedOut, said)))
    })
}

/// Whether the same try may succeed in a moment: nobody listens yet, or the server says that it is starting.
fn may_be_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(io) => {
            matches!(
                io.kind(),
                ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::NotFound
            )
        }
        sqlx::Error::Database(said) => said.code().is_some_and(|code| code == "57P03"),
        _ => false,
    }
}

async fn tell_time(connection: &mut PgConnection, clock: &Clock) -> sqlx::Result<()> {
    if clock.is_frozen() {
        store::set_time(connection, clock.now()).await?;
    }
    Ok(())
}

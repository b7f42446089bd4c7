//! The database of the settings: the one they name, or a private one that is started for them.

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPool};

use super::pool::{self, DatabaseError, PoolSettings};
use super::server::{Durability, Server};
use crate::clock::Clock;
use crate::config::DatabaseArgs;

/// An open database. The private server, if there is one, lives as long as this.
#[derive(Debug)]
pub struct Database {
    /// Connections for turns, workers and pages.
    pub pool: PgPool,
    options: PgConnectOptions,
    replica: Option<PgConnectOptions>,
    _server: Option<Server>,
}

impl Database {
    /// Opens the database that the settings name, or starts a private one.
    ///
    /// # Errors
    /// When it cannot be reached or started; the message says what to do.
    pub async fn open(args: &DatabaseArgs, clock: &Clock) -> anyhow::Result<Self> {
        let (options, server) = match &args.database_url {
            Some(url) => (url.expose_secret().parse().map_err(DatabaseError::Url)?, None),
            None => {
                let server =
                    Server::start(&args.data_folder(), args.postgres_bin.as_deref(), Durability::Full)
                        .await?;
                (server.options("postgres"), Some(server))
            }
        };
        let replica = args.database_replica_url.as_ref().map(|url| url.expose_secret().parse());
        let replica = replica.transpose().map_err(DatabaseError::ReplicaUrl)?;
        let pool = pool::connect(PgConnectOptions::clone(&options), args.pool(), clock).await?;
        Ok(Self { pool, options, replica, _server: server })
    }

    /// A few connections of their own for the map of free hours, which must not wait for those of the turns. They
    /// go to the replica when there is one: the map only offers, and a version that was announced from the primary
    /// outlives what a replica that lags still shows.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn pool_for_map(&self, clock: &Clock) -> Result<PgPool, DatabaseError> {
        let options = self.replica.as_ref().unwrap_or(&self.options).clone();
        pool::connect(options, PoolSettings { max: 3, ..PoolSettings::default() }, clock).await
    }
}

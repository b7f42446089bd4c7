//! Where the benchmark runs: a private server made for it, or the one of `DATABASE_URL`, and there in databases of its
//! own that it makes and drops. It reads and writes no other one.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool};

use super::repeated;
use super::store;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::database::pool::{DatabaseError, PoolSettings, connect};
use crate::database::testing::sweep;
use crate::database::{Durability, Server};

/// The folder of a private server and the names of databases: this and the process's id.
const FOLDER: &str = "smartsalud-bench-";
const DATABASE: &str = "smartsalud_bench_";

/// A server and the databases made on it.
pub struct Ground {
    maintenance: PgPool,
    options: PgConnectOptions,
    made: Mutex<Vec<String>>,
    private: Option<(Server, PathBuf)>,
    /// What the server is, for the report.
    pub server: String,
    /// Why the bare statements cannot be repeated here; none: they can.
    pub no_repeating: Option<String>,
}

impl Ground {
    /// Starts a private server, or reaches the one that is named.
    ///
    /// # Errors
    /// When it cannot be started or reached; the message says what to do.
    pub async fn open(args: &DatabaseArgs) -> anyhow::Result<Self> {
        let (options, private) = match &args.database_url {
            Some(url) => (url.expose_secret().parse().map_err(DatabaseError::Url)?, None),
            None => {
                let (server, folder) = start_private(args).await?;
                (server.options("postgres"), Some((server, folder)))
            }
        };
        let options: PgConnectOptions = options;
        // copying and dropping databases is slow, and that is no news
        let quiet = options.clone().disable_statement_logging();
        let settings = PoolSettings { max: 1, ..args.pool() };
        let maintenance = connect(quiet, settings, &Clock::system()).await?;
        let version = store::version(&mut *maintenance.acquire().await?).await?;
        let whose = if private.is_some() { "private" } else { "of DATABASE_URL" };
        let no_repeating = repeated::may_repeat(&options).await.err().map(|error| {
            format!("no bare statements: they go to the server without password and TLS ({error:#})")
        });
        Ok(Self {
            maintenance,
            options,
            made: Mutex::default(),
            private,
            server: format!("PostgreSQL {version}, {whose}"),
            no_repeating,
        })
    }

    /// The folder of the private server's data, by which its processes are known.
    pub fn data(&self) -> Option<PathBuf> {
        self.private.as_ref().map(|(_, folder)| folder.join("pgdata"))
    }

    /// Makes a database, empty or a copy, and answers its name.
    ///
    /// # Errors
    /// When the server does not let us; the message says how to mend it.
    pub async fn database(&self, label: &str, of: Option<&str>) -> anyhow::Result<String> {
        let name = format!("{DATABASE}{}_{label}", std::process::id());
        let mut conn = self.maintenance.acquire().await?;
        // a file copy is faster where nobody else waits for the checkpoint that it takes
        store::create(&mut conn, &name, of, self.private.is_some()).await.with_context(|| {
            format!("the database `{name}` could not be made; the user of DATABASE_URL needs the right: `alter role … createdb`")
        })?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        Ok(name)
    }

    /// Drops a database that is no longer needed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop(&self, name: &str) -> anyhow::Result<()> {
        store::drop(&mut *self.maintenance.acquire().await?, name).await?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).retain(|made| made != name);
        Ok(())
    }

    /// How to connect to a database.
    pub fn options(&self, name: &str) -> PgConnectOptions {
        self.options.clone().database(name)
    }

    /// Connections to a database for the benchmark's own questions.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn pool(&self, name: &str, max: u32) -> anyhow::Result<PgPool> {
        let settings = PoolSettings { max, ..PoolSettings::default() };
        let quiet = self.options(name).disable_statement_logging();
        Ok(connect(quiet, settings, &Clock::system()).await?)
    }

    /// Drops what was made, and the private server with all it had.
    ///
    /// # Errors
    /// When something could not be dropped; the message names it.
    pub async fn close(self) -> anyhow::Result<()> {
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some((server, folder)) = self.private {
            self.maintenance.close().await;
            drop(server);
            return std::fs::remove_dir_all(&folder)
                .with_context(|| format!("{} could not be removed", folder.display()));
        }
        for name in made {
            store::drop(&mut *self.maintenance.acquire().await?, &name)
                .await
                .with_context(|| format!("the database `{name}` could not be dropped; drop it by hand"))?;
        }
        self.maintenance.close().await;
        Ok(())
    }
}

/// What is committed there survives a power cut, as in production; it counts statements where PostgreSQL can, which
/// must be loaded at a start.
async fn start_private(args: &DatabaseArgs) -> anyhow::Result<(Server, PathBuf)> {
    let parent = args.data_dir.clone().unwrap_or_else(std::env::temp_dir);
    sweep(&parent, FOLDER);
    let folder = parent.join(format!("{FOLDER}{}", std::process::id()));
    let start = || Server::start(&folder, args.postgres_bin.as_deref(), Durability::Full);
    let server = start().await?;
    let settings = PoolSettings { max: 1, ..PoolSettings::default() };
    let pool = connect(server.options("postgres"), settings, &Clock::system()).await?;
    store::preload_counting(&mut *pool.acquire().await?).await?;
    pool.close().await;
    drop(server);
    let server = start().await?;
    let pool = connect(server.options("postgres"), settings, &Clock::system()).await?;
    store::count_planning(&pool).await?;
    pool.close().await;
    Ok((server, folder))
}

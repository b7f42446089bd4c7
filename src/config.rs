//! The settings: flags or environment, one struct, one source; nothing else reads the environment.
//!
//! The doc comment of a field is its `--help` line and its row in the README.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use crate::database::pool::PoolSettings;

/// Where PostgreSQL is.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// PostgreSQL to use, as `postgres://user:password@host:5432/name`; absent: a private server of our own
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// A read replica from which the map of free hours reads; absent: the primary
    #[arg(long, env = "DATABASE_REPLICA_URL", hide_env_values = true)]
    pub database_replica_url: Option<SecretString>,
    /// The most connections to it, 5 to 50
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(5..=50))]
    pub database_max_connections: u32,
    /// Seconds that a task waits for a free connection before it gives up
    #[arg(long, env = "DATABASE_ACQUIRE_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub database_acquire_seconds: u64,
    /// Where the private server keeps its data [default: /var/lib/smartsalud as root, else ~/.local/share/smartsalud]
    #[arg(long, env = "SMARTSALUD_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The folder of PostgreSQL's initdb and postgres [default: looked for in PATH and where packages put them]
    #[arg(long, env = "SMARTSALUD_POSTGRES_BIN")]
    pub postgres_bin: Option<PathBuf>,
}

impl DatabaseArgs {
    /// A private server, whatever the environment says.
    pub fn private(data_dir: Option<PathBuf>, postgres_bin: Option<PathBuf>) -> Self {
        Self {
            database_url: None,
            database_replica_url: None,
            database_max_connections: 20,
            database_acquire_seconds: 10,
            data_dir,
            postgres_bin,
        }
    }

    /// The pool's size and patience.
    pub fn pool(&self) -> PoolSettings {
        PoolSettings {
            max: self.database_max_connections,
            acquire_timeout: Duration::from_secs(self.database_acquire_seconds),
        }
    }

    /// Where the private server keeps its data.
    pub fn data_folder(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_data_folder)
    }
}

fn default_data_folder() -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    // the server runs as another user when we are root, and cannot reach anything under /root
    if home.as_deref().is_none_or(|home| home == std::path::Path::new("/root")) {
        return PathBuf::from("/var/lib/smartsalud");
    }
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| home.map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("/var/lib/smartsalud"), |data| data.join("smartsalud"))
}

/// How conversations are run.
#[derive(Debug, Clone, Args)]
pub struct ConversationArgs {
    /// Flows to publish at start, and to put in force when they never were; absent: the flows built in
    #[arg(long, env = "SMARTSALUD_FLOWS")]
    pub flows: Option<PathBuf>,
    /// Milliseconds to wait for a burst of texts to end (a tap never waits)
    #[arg(long, env = "SMARTSALUD_SETTLE_MS", default_value_t = 1_200, value_parser = clap::value_parser!(u64).range(0..=5_000))]
    pub settle_ms: u64,
    /// Minutes for which an hour is held for a patient who has not said yes yet
    #[arg(long, env = "SMARTSALUD_HOLD_MINUTES", default_value_t = 10, value_parser = clap::value_parser!(i64).range(1..=60))]
    pub hold_minutes: i64,
    /// Turns that run at the same time in this process
    #[arg(long, env = "SMARTSALUD_WORKERS", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub workers: u16,
    /// Seconds after which a message without an answer or a status is tried once more, then left as unconfirmed
    #[arg(long, env = "SMARTSALUD_UNCONFIRMED_SECONDS", default_value_t = 120, value_parser = unconfirmed_seconds)]
    pub unconfirmed_seconds: u64,
}

/// The least of `--unconfirmed-seconds`: longer than a call to WhatsApp may take, or a message whose answer is still
/// to come would be sent again.
pub const UNCONFIRMED_LEAST: u64 = 30;
const UNCONFIRMED_MOST: u64 = 3_600;

fn unconfirmed_seconds(text: &str) -> Result<u64, String> {
    let seconds: u64 = text.parse().map_err(|_| "not a whole number of seconds".to_owned())?;
    if (UNCONFIRMED_LEAST..=UNCONFIRMED_MOST).contains(&seconds) {
        return Ok(seconds);
    }
    Err(format!(
        "{seconds} is not in {UNCONFIRMED_LEAST}..={UNCONFIRMED_MOST}: WhatsApp may take 20 s to answer, and a message tried again \
         before then could reach the patient twice; leave it out for 120"
    ))
}

impl ConversationArgs {
    /// How long a burst of texts is waited for.
    pub fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }

    /// How long an hour is held.
    pub fn hold_for(&self) -> TimeDelta {
        TimeDelta::minutes(self.hold_minutes)
    }
}

/// How WhatsApp is reached.
#[derive(Debug, Clone, Args)]
pub struct WhatsAppArgs {
    /// Meta's Graph API
    #[arg(long, env = "WHATSAPP_GRAPH_URL", default_value = "https://graph.facebook.com")]
    pub graph_url: String,
    /// Its version
    #[arg(long, env = "WHATSAPP_API_VERSION", default_value = "v25.0")]
    pub api_version: String,
    /// The system user's token that may send messages
    #[arg(long, env = "WHATSAPP_ACCESS_TOKEN", hide_env_values = true)]
    pub access_token: Option<SecretString>,
    /// The app's secret, which signs every webhook; several separated by commas while rotating
    #[arg(long, env = "WHATSAPP_APP_SECRET", hide_env_values = true)]
    pub app_secret: Option<SecretString>,
    /// The word that Meta repeats in the webhook's handshake
    #[arg(long, env = "WHATSAPP_VERIFY_TOKEN", hide_env_values = true)]
    pub verify_token: Option<SecretString>,
}

impl WhatsAppArgs {
    /// The app secrets, one or several.
    pub fn app_secrets(&self) -> Vec<SecretString> {
        let Some(all) = &self.app_secret else { return Vec::new() };
        let split = all.expose_secret().split(',').map(str::trim).filter(|one| !one.is_empty());
        split.map(SecretString::from).collect()
    }
}

/// Where to listen and what to say.
#[derive(Debug, Clone, Args)]
pub struct ListenArgs {
    /// Address and port to listen on
    #[arg(long, env = "SMARTSALUD_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

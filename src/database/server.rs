//! A private PostgreSQL server on a Unix socket, for `demo`, `chat`, `replay` and the tests.
//!
//! Guarantees: it is reached only through a socket in a folder that others cannot enter; it never outlives the
//! process that started it, not even after kill -9; an interrupted first start leaves nothing half made; two
//! processes never run a server on one folder.
//!
//! How it dies with us, without unsafe code: a small `sh` holds the server and the reading end of a pipe whose
//! only writing end is ours. When that end closes, for whatever reason, `sh` sends SIGINT (fast shutdown) and
//! waits. It has a process group of its own, or Ctrl-C would reach the server before us.
//!
//! Started by root it runs as `postgres` (else `nobody`), because PostgreSQL refuses to be root.

use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::account::{self, Account};
use super::binaries::{self, Binaries};
use super::cluster;
use crate::clock::Stopwatch;

/// The user that owns the private cluster's databases.
pub(super) const USER: &str = "smartsalud";
/// A longer socket path is refused by the kernel (108 bytes with the closing zero).
const LONGEST_SOCKET_PATH: usize = 107;
/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

const SUPERVISOR: &str = r#"
exec 3<&0
"$0" "$@" </dev/null 3<&- &
server=$!
( cat <&3 >/dev/null; kill -INT "$server" 2>/dev/null ) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"
kill "$watch" 2>/dev/null
"#;

/// Whether what was committed must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Yes: a demo that loses bookings teaches nothing.
    Full,
    /// No: a test's database is thrown away anyway.
    None,
}

/// A running private server. It stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    supervisor: Child,
    sockets: PathBuf,
    /// The folder of the socket is a temporary one that ends with us.
    sockets_are_ours: bool,
    /// Held while we live: a second process must not start a server on the same folder.
    _lock: File,
}

/// The private server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// There are no server programs.
    #[error(
        "PostgreSQL's server programs were not found. Looked in: {looked}. Install them with `{install}`, name their folder in SMARTSALUD_POSTGRES_BIN, or name a running server in DATABASE_URL"
    )]
    NotFound {
        /// The folders, separated by commas.
        looked: String,
        /// The command for this system.
        install: &'static str,
    },
    /// There are only old ones.
    #[error("the PostgreSQL in {} is version {major}; 15 or later is needed: `{install}`", folder.display())]
    TooOld {
        /// Its major version.
        major: u32,
        /// Where it is.
        folder: PathBuf,
        /// The command for this system.
        install: &'static str,
    },
    /// Another process of ours uses the folder.
    #[error("another smartsalud (process {pid}) is using {}; stop it, or give this one another --data-dir", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Its process id, as far as it wrote it down.
        pid: String,
    },
    /// The data was written by another major version.
    #[error(
        "the data in {} was written by PostgreSQL {data}, and the programs in {} are version {programs}. Start over with --reset, or bring the data along: pg_dump with version {data}, then --reset and psql",
        folder.display(), binaries.display()
    )]
    OtherVersion {
        /// The data folder.
        folder: PathBuf,
        /// The version that wrote it.
        data: String,
        /// The folder of the programs.
        binaries: PathBuf,
        /// Their version.
        programs: u32,
    },
    /// The account of the server cannot get there.
    #[error(
        "the server must run as the user {user}, who cannot enter {}: choose a --data-dir outside of it, as under /var/lib",
        folder.display()
    )]
    ShutOut {
        /// The account.
        user: String,
        /// The first folder on the way that is closed to it.
        folder: PathBuf,
    },
    /// `initdb` failed.
    #[error("a database cluster could not be made in {}: {said}", folder.display())]
    Initdb {
        /// The data folder.
        folder: PathBuf,
        /// What it said, last lines.
        said: String,
    },
    /// The server did not come up.
    #[error("the private PostgreSQL in {} did not start: {said}", folder.display())]
    Start {
        /// The data folder.
        folder: PathBuf,
        /// The end of its log.
        said: String,
    },
    /// A file or folder could not be used.
    #[error("{} cannot be used: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ServerError + '_ {
    move |source| ServerError::Io { path: path.to_owned(), source }
}

impl Server {
    /// Starts a server on `folder`, making a cluster there first when there is none.
    ///
    /// # Errors
    /// When programs, folder or data cannot be used; each says what to do.
    pub async fn start(
        folder: &Path,
        programs: Option<&Path>,
        durability: Durability,
    ) -> Result<Self, ServerError> {
        let found = binaries::find(programs, std::env::var_os("PATH").as_deref())?;
        let runs_as = Account::for_server();
        let (folder, lock) = take_folder(folder).await?;
        if let Some(account) = &runs_as {
            account.reach(&folder)?;
        }
        let data = folder.join("pgdata");
        if !data.join("PG_VERSION").exists() {
            cluster::make(&found, &folder, &data, durability, runs_as.as_ref())?;
        }
        let written_by = fs::read_to_string(data.join("PG_VERSION")).map_err(io(&data))?;
        if written_by.trim() != found.major.to_string() {
            return Err(ServerError::OtherVersion {
                folder: data,
                data: written_by.trim().to_owned(),
                binaries: found.folder,
                programs: found.major,
            });
        }
        let (sockets, sockets_are_ours) = socket_folder(&folder, runs_as.as_ref())?;
        let log_path = folder.join("postgres.log");
        // what the server said before it last stopped is worth keeping once
        fs::rename(&log_path, folder.join("postgres.log.before")).ok();
        let log = File::create(&log_path).map_err(io(&log_path))?;
        let supervisor =
            supervise(&found, &data, &sockets, durability, &log, runs_as.as_ref()).map_err(io(&data))?;
        let mut server = Self { supervisor, sockets, sockets_are_ours, _lock: lock };
        server.wait_until_ready(&data, &log_path).await?;
        Ok(server)
    }

    /// Throws away the cluster in `folder`, and nothing else that may be there.
    ///
    /// # Errors
    /// When another process uses it, or a file cannot be removed.
    pub async fn reset(folder: &Path) -> Result<(), ServerError> {
        if !folder.exists() {
            return Ok(());
        }
        let (folder, _lock) = take_folder(folder).await?;
        for part in ["pgdata", "pgdata.unfinished", "run", "postgres.log", "postgres.log.before"] {
            let path = folder.join(part);
            let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match gone {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&path)(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// How to connect to a database of it.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass().socket(&self.sockets).username(USER).database(database)
    }

    async fn wait_until_ready(&mut self, data: &Path, log: &Path) -> Result<(), ServerError> {
        let waited = Stopwatch::start();
        loop {
            let options = self.options("postgres").disable_statement_logging();
            if let Ok(connection) = sqlx::PgConnection::connect_with(&options).await {
                // a polite goodbye only; the server is up
                connection.close().await.ok();
                return Ok(());
            }
            let gone = self.supervisor.try_wait().ok().flatten().is_some();
            if gone || waited.elapsed() > PATIENCE {
                return Err(ServerError::Start { folder: data.to_owned(), said: last_lines(log) });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // closing our end of the pipe is the order to stop
        drop(self.supervisor.stdin.take());
        self.supervisor.wait().ok();
        if self.sockets_are_ours {
            fs::remove_dir_all(&self.sockets).ok();
        }
    }
}

/// Makes the folder ours: nobody else's server runs on it, and none that lost its owner is still stopping.
async fn take_folder(folder: &Path) -> Result<(PathBuf, File), ServerError> {
    fs::create_dir_all(folder).map_err(io(folder))?;
    let folder = fs::canonicalize(folder).map_err(io(folder))?;
    let lock = lock(&folder)?;
    wait_for_the_dying(&folder.join("pgdata")).await;
    Ok((folder, lock))
}

fn lock(folder: &Path) -> Result<File, ServerError> {
    let path = folder.join("lock");
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(io(&path))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(io(&path))?;
            Ok(file)
        }
        Err(fs::TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).ok();
            Err(ServerError::InUse { folder: folder.to_owned(), pid })
        }
        Err(fs::TryLockError::Error(source)) => Err(ServerError::Io { path, source }),
    }
}

/// We hold the lock, so a server that still runs here lost its owner and is stopping: it is waited for.
async fn wait_for_the_dying(data: &Path) {
    let waited = Stopwatch::start();
    while waited.elapsed() < PATIENCE && server_runs(data) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether the process in `postmaster.pid` is a server that works here. A stale file is PostgreSQL's own to judge.
pub(super) fn server_runs(data: &Path) -> bool {
    let Ok(file) = fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let pid = file.lines().next().unwrap_or_default().trim();
    // after a restart of the machine or container, the number may be another server's
    let here = fs::read_link(format!("/proc/{pid}/cwd")).map_or(true, |folder| folder == data);
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim() == "postgres" && here
}

/// A short folder for the socket. Ours, with the server's group let in, when the server runs as another user: its
/// mode is the lock, because connections through it are trusted.
fn socket_folder(folder: &Path, runs_as: Option<&Account>) -> Result<(PathBuf, bool), ServerError> {
    let mut sockets = folder.join("run");
    let too_long = sockets.as_os_str().len() + "/.s.PGSQL.5432".len() > LONGEST_SOCKET_PATH;
    if too_long {
        sockets = std::env::temp_dir().join(format!("smartsalud-socket-{}", std::process::id()));
    }
    if !sockets.is_dir() {
        fs::DirBuilder::new().mode(0o700).create(&sockets).map_err(io(&sockets))?;
    }
    let mode = match runs_as {
        Some(account) => {
            chown(&sockets, None, Some(account.group)).map_err(io(&sockets))?;
            0o770
        }
        None => 0o700,
    };
    fs::set_permissions(&sockets, Permissions::from_mode(mode)).map_err(io(&sockets))?;
    Ok((sockets, too_long))
}

fn supervise(
    found: &Binaries,
    data: &Path,
    sockets: &Path,
    durability: Durability,
    log: &File,
    runs_as: Option<&Account>,
) -> std::io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(SUPERVISOR).arg(found.folder.join("postgres"));
    command.arg("-D").arg(data).arg("-c").arg(format!("unix_socket_directories={}", sockets.display()));
    for setting in settings(durability) {
        command.arg("-c").arg(setting);
    }
    command.current_dir("/").process_group(0);
    command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log.try_clone()?);
    account::run_as(runs_as, &mut command).spawn()
}

fn settings(durability: Durability) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=",
        "max_connections=100",
        "shared_buffers=128MB",
        "random_page_cost=1.1",
        "effective_io_concurrency=200",
        "checkpoint_timeout=15min",
        "max_wal_size=2GB",
        // nobody copies from a private server
        "wal_level=minimal",
        "max_wal_senders=0",
        // queues are small and busy
        "autovacuum_naptime=15s",
        "jit=off",
        "log_min_messages=warning",
    ];
    if small_shared_memory() {
        settings.push("dynamic_shared_memory_type=mmap");
    }
    match durability {
        Durability::Full => settings.push("wal_compression=on"),
        Durability::None => settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]),
    }
    settings
}

/// Containers often give `/dev/shm` 64 MB, which is too little for parallel queries.
fn small_shared_memory() -> bool {
    let output = Command::new("df").args(["-Pk", "/dev/shm"]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let kilobytes: Option<u64> = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(1))
        .and_then(|size| size.parse().ok());
    kilobytes.is_none_or(|kilobytes| kilobytes <= 64 * 1024)
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}

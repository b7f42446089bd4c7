//! What the service says to PostgreSQL and what it hears, written down by a relay between the two.
//!
//! The relay passes every byte on as it came. A request is noted before the server gets it and an answer before the
//! service gets it, so whatever the service did because of an answer is later in the notes than that answer.

use std::collections::HashMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::line::{Line, Target};
use crate::clock::Stopwatch;

/// A message of the wire protocol: its letter and its content.
type Message = (u8, Vec<u8>);

/// Requests up to `Sync` or a simple query, or answers up to `ReadyForQuery`.
struct Part {
    at: Duration,
    messages: Vec<Message>,
}

/// One connection, as it was heard.
#[derive(Default)]
struct Heard {
    requests: Vec<Part>,
    answers: Vec<Part>,
}

/// The relay, running.
pub struct Recorder {
    folder: PathBuf,
    heard: Arc<Mutex<Vec<Arc<Mutex<Heard>>>>>,
    accepting: JoinHandle<()>,
}

/// A statement that was prepared: the message `Parse` without the name.
pub struct Prepared {
    parse: Vec<u8>,
}

/// What was asked of the server.
pub enum Ask {
    /// `begin`, `commit` and what else has no parameters.
    Simple(String),
    /// A prepared statement, by place in [`Recording::statements`], and `Bind` without the names.
    Execute(usize, Vec<u8>),
}

/// A statement as it was run.
pub struct Step {
    pub asked: Duration,
    pub answered: Duration,
    pub ask: Ask,
    /// It went out before the answer to the one before was in.
    pub joined: bool,
    /// The rows that came back.
    pub rows: Vec<Vec<u8>>,
    /// What the server said it did: `INSERT 0 1`.
    pub done: Vec<u8>,
    pub failed: bool,
    /// Whether a transaction is open after it.
    pub open: bool,
}

/// Everything that was heard: the steps of each session, in order.
pub struct Recording {
    pub statements: Vec<Prepared>,
    pub sessions: Vec<Vec<Step>>,
}

impl Prepared {
    /// The content of a `Parse` that gives it a name.
    pub fn named(&self, name: &str) -> Vec<u8> {
        [name.as_bytes(), b"\0", &self.parse].concat()
    }

    /// The SQL.
    pub fn sql(&self) -> &str {
        let end = self.parse.iter().position(|byte| *byte == 0).unwrap_or(self.parse.len());
        std::str::from_utf8(&self.parse[..end]).unwrap_or_default()
    }
}

impl Recorder {
    /// Relays from a socket in a new folder to the server of `options`, noting times of `watch`.
    pub fn start(folder: &Path, options: &PgConnectOptions, watch: &Arc<Stopwatch>) -> anyhow::Result<Self> {
        std::fs::DirBuilder::new().mode(0o700).create(folder)?;
        let server = Target::of(options);
        let listener = UnixListener::bind(folder.join(server.socket_name()))?;
        let heard: Arc<Mutex<Vec<Arc<Mutex<Heard>>>>> = Arc::default();
        let (all, watch) = (Arc::clone(&heard), Arc::clone(watch));
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = server.connect().await else { return };
                let one: Arc<Mutex<Heard>> = Arc::default();
                lock(&all).push(Arc::clone(&one));
                relay(client, server, &one, &watch);
            }
        });
        Ok(Self { folder: folder.to_owned(), heard, accepting })
    }

    /// How to connect through it.
    pub fn through(&self, options: PgConnectOptions) -> PgConnectOptions {
        options.socket(&self.folder).ssl_mode(PgSslMode::Disable)
    }

    /// Ends the relay and makes sense of what was heard.
    pub fn finish(self) -> anyhow::Result<Recording> {
        self.accepting.abort();
        std::fs::remove_dir_all(&self.folder).ok(); // a socket that nobody needs
        let mut statements = Statements::default();
        let mut sessions = Vec::new();
        for heard in lock(&self.heard).iter() {
            let heard = std::mem::take(&mut *lock(heard));
            sessions.push(steps(heard, &mut statements)?);
        }
        Ok(Recording { statements: statements.all, sessions })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn relay(client: UnixStream, server: Box<dyn Line>, heard: &Arc<Mutex<Heard>>, watch: &Arc<Stopwatch>) {
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), split(server));
    let (asking, answering) = (Arc::clone(heard), Arc::clone(heard));
    let (asked, answered) = (Arc::clone(watch), Arc::clone(watch));
    tokio::spawn(pass(from_client, to_server, true, move |message, ends| {
        note(&mut lock(&asking).requests, message, ends, &asked);
    }));
    tokio::spawn(pass(from_server, to_client, false, move |message, ends| {
        note(&mut lock(&answering).answers, message, ends, &answered);
    }));
}

/// The last part is the one that is being heard.
fn note(parts: &mut Vec<Part>, message: Message, ends: bool, watch: &Stopwatch) {
    if parts.is_empty() {
        parts.push(Part { at: Duration::ZERO, messages: Vec::new() });
    }
    if let Some(part) = parts.last_mut() {
        part.messages.push(message);
        part.at = watch.elapsed();
    }
    if ends {
        parts.push(Part { at: Duration::ZERO, messages: Vec::new() });
    }
}

/// Passes bytes on, telling of each message and whether it ends a part. A client's first has no letter.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    of_client: bool,
    mut tell: impl FnMut(Message, bool),
) {
    let (mut chunk, mut unread, mut greeted) = (vec![0; 64 << 10], Vec::new(), !of_client);
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        unread.extend_from_slice(&chunk[..count]);
        let mut place = 0;
        while let Some((letter, content, next)) = message(&unread[place..], greeted) {
            let ends = !greeted || matches!((of_client, letter), (true, b'S' | b'Q') | (false, b'Z'));
            greeted = true;
            tell((letter, content.to_vec()), ends);
            place += next;
        }
        unread.drain(..place);
        if to.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
}

/// The first message of these bytes, if it is whole, and where the next begins.
pub fn message(bytes: &[u8], lettered: bool) -> Option<(u8, &[u8], usize)> {
    let head = usize::from(lettered);
    let length = bytes.get(head..head + 4)?;
    let next = head + u32::from_be_bytes(length.try_into().ok()?) as usize;
    let content = bytes.get(head + 4..next)?;
    Some((if lettered { bytes[0] } else { 0 }, content, next))
}

/// Every distinct statement once, whatever each session calls it.
#[derive(Default)]
struct Statements {
    all: Vec<Prepared>,
    places: HashMap<Vec<u8>, usize>,
}

impl Statements {
    fn place(&mut self, parse: &[u8]) -> usize {
        *self.places.entry(parse.to_vec()).or_insert_with(|| {
            self.all.push(Prepared { parse: parse.to_vec() });
            self.all.len() - 1
        })
    }
}

/// Pairs requests with answers. Preparing is not a step: who repeats the statements prepares them for itself.
fn steps(heard: Heard, statements: &mut Statements) -> anyhow::Result<Vec<Step>> {
    let (mut steps, mut names) = (Vec::<Step>::new(), HashMap::<Vec<u8>, usize>::new());
    for (request, answer) in heard.requests.into_iter().zip(heard.answers) {
        if answer.messages.last().is_none_or(|(letter, _)| *letter != b'Z') {
            break; // the connection ended here
        }
        let mut asks = Vec::new();
        for (letter, content) in &request.messages {
            match letter {
                b'P' => {
                    let (name, parse) = cut(content)?;
                    names.insert(name.to_vec(), statements.place(parse));
                }
                b'B' => {
                    let (_, rest) = cut(content)?;
                    let (name, values) = cut(rest)?;
                    let place = names.get(name).context("a statement ran that was never prepared")?;
                    asks.push(Ask::Execute(*place, values.to_vec()));
                }
                b'Q' => asks.push(Ask::Simple(String::from_utf8(cut(content)?.0.to_vec())?)),
                _ => {}
            }
        }
        let Some(ask) = asks.pop() else { continue };
        ensure!(asks.is_empty(), "two statements went out as one request");
        let of = |wanted: u8| answer.messages.iter().filter(move |(letter, _)| *letter == wanted);
        steps.push(Step {
            asked: request.at,
            answered: answer.at,
            ask,
            joined: steps.last().is_some_and(|before| request.at < before.answered),
            rows: of(b'D').map(|(_, row)| row.clone()).collect(),
            done: of(b'C').flat_map(|(_, done)| done.clone()).collect(),
            failed: of(b'E').next().is_some(),
            open: answer.messages.last().is_some_and(|(_, state)| state != b"I"),
        });
    }
    Ok(steps)
}

/// A text that ends with a zero, and what follows.
fn cut(bytes: &[u8]) -> anyhow::Result<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0).context("a text without end")?;
    Ok((&bytes[..end], &bytes[end + 1..]))
}

//! WhatsApp itself, small enough to carry along: Meta's side of the wire for tests, the demo and benchmarks.
//!
//! It owns a model of Meta's rules and not a list of canned answers: each body is checked against the documented
//! limits, the token and the 24-hour window are enforced, statuses come back as signed webhooks, webhooks that are
//! not answered 200 are delivered again. It can be told to fail in every way that Meta does. What it shows to
//! patients must be read: [`Simulator::assert_all_read`] fails a test that leaves a reply unread.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use smartsalud::whatsapp::simulator::{Simulator, SimulatorSettings};
//!
//! let meta = Simulator::start(SimulatorSettings::default()).await?;   // the Graph API is at meta.graph_url()
//! meta.point_to("http://127.0.0.1:8080/webhook");                     // where webhooks go
//! meta.patient_says("56911112222", "quiero una hora").await?;
//! let reply = meta.next_reply("56911112222").await;
//! meta.patient_taps("56911112222", &reply.options[0].id).await?;
//! # Ok(()) }
//! ```

pub mod check;
mod delivery;
mod fault;
mod graph;
mod model;
mod page;
mod patient;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

pub use check::{Violation, check};
pub use delivery::SimulatorError;
pub use fault::Fault;
pub use graph::simulator_router;
pub use model::{Bubble, Shape, Shown, Tick};
pub use page::{DemoPatient, phone_router};
pub use patient::{How, PatientMessage};

use crate::clock::Clock;
use crate::http;
use delivery::{Outlet, StatusJob};
use model::{Change, Model};

/// How long a test waits for a reply before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Changes of the phones that a slow page may fall behind before it has to read everything again.
const CHANGES_KEPT: usize = 1024;

/// Which statuses come back for a message that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statuses {
    /// None: for benchmarks of the rest.
    None,
    /// `sent` alone: a phone that is off.
    Sent,
    /// `sent`, `delivered`, `read`.
    All,
}

/// What the simulated business has set up at Meta.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Our numbers (`phone_number_id`); patients write to the first one unless told otherwise.
    pub numbers: Vec<String>,
    /// The access token that calls must carry.
    pub access_token: String,
    /// What webhooks are signed with.
    pub app_secret: String,
    /// The time that messages carry and the window is judged by.
    pub clock: Clock,
    /// Which statuses come back.
    pub statuses: Statuses,
    /// How long each status takes: nothing in tests, a little where people look on.
    pub pace: Duration,
    /// How often a webhook is delivered until it is answered 200, waiting longer each time (6 s in all for the default).
    pub deliveries: u32,
    /// How many bubbles each phone keeps.
    pub keep: usize,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            numbers: vec!["106540352242922".to_owned()],
            access_token: "simulated-access-token".to_owned(),
            app_secret: "simulated-app-secret".to_owned(),
            clock: Clock::system(),
            statuses: Statuses::All,
            pace: Duration::ZERO,
            deliveries: 10,
            keep: 500,
        }
    }
}

/// A handle to the simulated WhatsApp; clones are the same one.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    status_jobs: mpsc::UnboundedSender<StatusJob>,
    /// Set when it serves on a port of its own.
    graph_url: Option<String>,
    server: Option<tokio::task::AbortHandle>,
}

/// What the tasks share; it does not hold the channel that keeps them alive.
struct Shared {
    settings: SimulatorSettings,
    outlet: Outlet,
    model: Mutex<Model>,
    /// Rings whenever a patient gets a reply.
    replied: Notify,
    changes: broadcast::Sender<Change>,
    faults: Mutex<VecDeque<Fault>>,
    violations: Mutex<Vec<Violation>>,
    calls: AtomicU64,
    closed: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.closed.cancel();
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

impl Simulator {
    /// Without a port of its own: mount [`simulator_router`] somewhere. Must be called inside a tokio runtime.
    pub fn new(settings: SimulatorSettings) -> Self {
        Self::build(settings, None, None)
    }

    /// With the Graph API on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(settings: SimulatorSettings) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let simulator = Self::build(settings, Some(url), None);
        let router = graph::router_of(&simulator.inner.shared, simulator.inner.status_jobs.downgrade());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(error = %error, "The simulated Graph API stopped");
            }
        });
        // nobody else has a handle yet, so that the server can still be written into it
        let mut inner = simulator.inner;
        if let Some(inner) = Arc::get_mut(&mut inner) {
            inner.server = Some(server.abort_handle());
        }
        Ok(Self { inner })
    }

    fn build(
        settings: SimulatorSettings,
        graph_url: Option<String>,
        server: Option<tokio::task::AbortHandle>,
    ) -> Self {
        let (status_jobs, jobs) = mpsc::unbounded_channel();
        let client = http::client(Duration::from_secs(30));
        let shared = Arc::new(Shared {
            outlet: Outlet::new(client, &settings),
            model: Mutex::new(Model::new(settings.keep)),
            replied: Notify::new(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            faults: Mutex::default(),
            violations: Mutex::default(),
            calls: AtomicU64::new(0),
            closed: CancellationToken::new(),
            settings,
        });
        tokio::spawn(delivery::send_statuses(Arc::clone(&shared), jobs));
        Self { inner: Arc::new(Inner { shared, status_jobs, graph_url, server }) }
    }

    /// Where the Graph API is, when it has a port of its own.
    pub fn graph_url(&self) -> Option<&str> {
        self.inner.graph_url.as_deref()
    }

    /// The settings it runs with.
    pub fn settings(&self) -> &SimulatorSettings {
        &self.inner.shared.settings
    }

    /// Where webhooks go from now on.
    pub fn point_to(&self, webhook_url: &str) {
        self.inner.shared.outlet.point_to(webhook_url);
    }

    /// The next `times` calls to the Graph API fail so.
    pub fn fail_next(&self, times: usize, fault: Fault) {
        lock(&self.inner.shared.faults).extend(std::iter::repeat_n(fault, times));
    }

    /// No call fails any more.
    pub fn stop_failing(&self) {
        lock(&self.inner.shared.faults).clear();
    }

    /// How many calls the Graph API has had.
    pub fn calls(&self) -> u64 {
        self.inner.shared.calls.load(Ordering::Relaxed)
    }

    /// The bodies that broke a limit, so far.
    pub fn violations(&self) -> Vec<Violation> {
        lock(&self.inner.shared.violations).clone()
    }

    /// The next reply this patient has not read yet; waits for it.
    ///
    /// # Panics
    /// When none comes in a minute.
    pub async fn next_reply(&self, phone: &str) -> Bubble {
        let wait = async {
            loop {
                let rung = self.inner.shared.replied.notified();
                tokio::pin!(rung);
                rung.as_mut().enable();
                if let Some(reply) = self.try_next_reply(phone) {
                    return reply;
                }
                rung.await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(reply) => reply,
            Err(_) => panic!("no reply to {phone} in {PATIENCE:?}; so far:\n{}", self.chat(phone)),
        }
    }

    /// The next reply this patient has not read yet, if there is one.
    pub fn try_next_reply(&self, phone: &str) -> Option<Bubble> {
        lock(&self.inner.shared.model).read_next(&patient::key(phone))
    }

    /// Everything on this patient's screen, oldest first.
    pub fn transcript(&self, phone: &str) -> Vec<Bubble> {
        lock(&self.inner.shared.model).bubbles(&patient::key(phone))
    }

    /// The transcript as a person would read it, for the messages of failing tests.
    pub fn chat(&self, phone: &str) -> String {
        self.transcript(phone).iter().map(|bubble| format!("{bubble}\n")).collect()
    }

    /// How many replies nobody has read, over all phones.
    pub fn unread(&self) -> usize {
        lock(&self.inner.shared.model).unread().map(|(_, count)| count).sum()
    }

    /// Fails a test in which the bot said something that the test did not look at, or sent what Meta would refuse.
    ///
    /// # Panics
    /// Then, with what was said.
    pub fn assert_all_read(&self) {
        let unread: Vec<(String, usize)> =
            lock(&self.inner.shared.model).unread().filter(|(_, count)| *count > 0).collect();
        let chats =
            unread.iter().map(|(phone, count)| format!("{count} unread by {phone}:\n{}", self.chat(phone)));
        assert!(unread.is_empty(), "{}", chats.collect::<String>());
        let violations = self.violations();
        assert!(violations.is_empty(), "Meta would refuse: {violations:?}");
    }

    /// Ends the pages' live connections, so that the server they hang on can stop.
    pub fn close(&self) {
        self.inner.shared.closed.cancel();
    }
}

/// A panic of one caller must not take the simulator from the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The service put together: one database, one map, workers, a sender, and the routes.
//!
//! Everything that runs is started here and stops here: [`Service::stop`] lets turns and sends in flight finish.
//! Any number of these may run on one database, in one process or in many.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use chrono::{Datelike, TimeDelta};
use secrecy::SecretString;
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::conversation::answer;
use crate::conversation::shelf::Shelf;
use crate::conversation::turn::Turns;
use crate::database::{health, pool};
use crate::queue::store::{events, outbox};
use crate::queue::wake::Wake;
use crate::queue::{sender, worker};
use crate::scheduling::store::{closing, map::prune_changes};
use crate::scheduling::{Agenda, booking};
use crate::telemetry::{self, Outage};
use crate::whatsapp::{self, EventWriter, WebhookState, webhook_router};

/// How often changes of the map made by other processes are read.
const FOLLOW: Duration = Duration::from_millis(100);
/// How often dead holds are swept and lost messages recovered.
const SWEEP: Duration = Duration::from_secs(5);
/// Dead holds expired in one transaction.
const SWEPT: i64 = 200;
/// How often the figures of the queue and the pool are read.
const GAUGES: Duration = Duration::from_secs(5);
/// How often what has grown old is cleared away.
const TENDED: Duration = Duration::from_secs(3_600);
/// How often statuses are looked for when nothing woke us.
const STATUSES: Duration = Duration::from_millis(500);
/// How long statuses are gathered after the first of them came.
const STATUSES_GATHER: Duration = Duration::from_millis(50);
/// How long a stop waits for requests in flight: a webhook is answered in milliseconds, a live page never ends.
const GOODBYE: Duration = Duration::from_secs(3);
/// How long a stop then waits for turns and sends in flight. A turn takes milliseconds and an answer of WhatsApp's a
/// second at most; a call that hangs longer is of unknown outcome, which is what a `sending` row says by itself.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a stop then waits for connections to come home.
const CLOSING: Duration = Duration::from_secs(2);
/// The longest that [`Service::stop`] takes, whatever does not answer: shorter than what service managers grant
/// before they kill (30 s in Kubernetes, 90 s in systemd; Docker's 10 s should be raised).
pub const LONGEST_STOP: Duration =
    Duration::from_secs(GOODBYE.as_secs() + PATIENCE.as_secs() + CLOSING.as_secs());

/// What a service needs to run.
pub struct Parts {
    /// Connections for turns, workers and pages.
    pub pool: PgPool,
    /// Connections for the map of free hours.
    pub map_pool: PgPool,
    /// Tells the time.
    pub clock: Clock,
    /// The flows to put in force when they never were, by file name.
    pub flows: BTreeMap<String, String>,
    /// The way out to WhatsApp.
    pub client: whatsapp::Client,
    /// The app secrets that may sign a webhook.
    pub app_secrets: Vec<SecretString>,
    /// The word of the webhook's handshake.
    pub verify_token: SecretString,
    /// How long a burst of texts is waited for.
    pub settle: Duration,
    /// How long an hour is held.
    pub hold_for: TimeDelta,
    /// Turns at the same time.
    pub workers: usize,
    /// After how long a message without answer or status is tried once more.
    pub unconfirmed_after: Duration,
}

/// A running service, without its HTTP server.
pub struct Service {
    /// The map of free hours.
    pub agenda: Agenda,
    /// Bells for the workers.
    pub wake: Wake,
    pool: PgPool,
    webhook: WebhookState,
    stop: CancellationToken,
    tracker: TaskTracker,
    /// Web servers, which close their doors before the rest stops.
    doors: TaskTracker,
}

impl Service {
    /// Puts the flows in force and starts workers, sender and sweepers.
    ///
    /// # Errors
    /// When the flows are not sound, or the database fails.
    pub async fn start(parts: Parts) -> anyhow::Result<Self> {
        telemetry::figures();
        let stop = CancellationToken::new();
        let tracker = TaskTracker::new();
        let wake = Wake::default();
        // before the map reads which days are closed
        tend_once(&parts.pool, &parts.clock).await.context("the holidays could not be written")?;
        let agenda = Agenda::start(parts.map_pool.clone())
            .await
            .context("the map of free hours could not be started")?;
        tracker.spawn(Wake::connect(wake.clone(), parts.pool.clone(), stop.clone()));
        drop(agenda.spawn_follow(FOLLOW, stop.clone()));
        let shelf = Shelf::default();
        let mut connection = parts.pool.acquire().await?;
        shelf
            .start_with(&mut connection, &parts.flows)
            .await
            .context("the flows could not be put in force")?;
        drop(connection);
        let turns = Turns {
            agenda: agenda.clone(),
            shelf,
            cards: answer::cards(),
            hold_for: parts.hold_for,
            faults: None,
        };
        worker::spawn(&tracker, &stop, parts.workers, &parts.pool, &turns, &wake, &parts.clock);
        sender::spawn(&tracker, &stop, &parts.pool, &parts.client, &wake, &parts.clock);
        tracker.spawn(sweep(
            parts.pool.clone(),
            agenda.clone(),
            wake.clone(),
            parts.unconfirmed_after,
            stop.clone(),
        ));
        tracker.spawn(tend(parts.pool.clone(), parts.clock.clone(), stop.clone()));
        tracker.spawn(settle_statuses(parts.pool.clone(), wake.clone(), stop.clone()));
        tracker.spawn(gauge(parts.pool.clone(), stop.clone()));
        let (bells, settle) = (wake.clone(), parts.settle);
        let writer =
            EventWriter::start_attentive(parts.pool.clone(), settle, parts.client.clone(), move || {
                bells.turns();
                bells.statuses();
                bells.turns_in(settle);
            });
        let webhook = WebhookState::new(parts.app_secrets, parts.verify_token, writer);
        Ok(Self { agenda, wake, pool: parts.pool, webhook, stop, tracker, doors: TaskTracker::new() })
    }

    /// The webhook, health and figures.
    pub fn routes(&self) -> Router {
        let ours = Router::new()
            .route("/health/live", get(|| async { "alive\n" }))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self.pool.clone());
        webhook_router(self.webhook.clone()).merge(ours)
    }

    /// Serves `routes` at `address` until the service stops.
    ///
    /// # Errors
    /// When the address cannot be listened on; the message says which and why.
    pub async fn serve(
        &self,
        address: SocketAddr,
        routes: Router,
    ) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
        self.serve_on(listen(address).await?, routes)
    }

    /// Serves `routes` on an open listener until the service stops.
    ///
    /// # Errors
    /// When the listener does not know its address.
    pub fn serve_on(
        &self,
        listener: TcpListener,
        routes: Router,
    ) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
        let address = listener.local_addr()?;
        let stop = self.stop.clone();
        let server =
            axum::serve(listener, routes).with_graceful_shutdown(async move { stop.cancelled().await });
        let task = self.doors.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "The web server stopped");
            }
        });
        Ok((address, task))
    }

    /// Takes no more work, and waits for requests, turns and sends in flight; never longer than [`LONGEST_STOP`].
    /// A message whose call hangs is left `sending`: its status, or the recovery of the next run, tells what became
    /// of it.
    pub async fn stop(self) {
        self.stop.cancel();
        self.doors.close();
        if tokio::time::timeout(GOODBYE, self.doors.wait()).await.is_err() {
            tracing::debug!("Some connections stayed open");
        }
        self.tracker.close();
        if tokio::time::timeout(PATIENCE, self.tracker.wait()).await.is_err() {
            tracing::warn!("Some work did not end in time; what it left is taken up at the next start");
        }
        if tokio::time::timeout(CLOSING, self.pool.close()).await.is_err() {
            tracing::debug!("Some connections to the database were still in use");
        }
    }
}

/// Takes an address before anything else is started, so that a port in use is told at once.
///
/// # Errors
/// When the address cannot be listened on; the message says which and why.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("cannot listen on {address}: another program uses the port. Choose another with --listen")
        }
        ErrorKind::PermissionDenied => {
            anyhow::anyhow!("cannot listen on {address}: ports below 1024 need rights we do not have. Choose another with --listen")
        }
        _ => anyhow::anyhow!("cannot listen on {address}: {error}. Choose another address with --listen"),
    })
}

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// When the signals cannot be listened to.
pub async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminated.recv() => {}
    }
    Ok(())
}

async fn ready(State(pool): State<PgPool>) -> (StatusCode, String) {
    match tokio::time::timeout(Duration::from_secs(2), health::missing_migrations(&pool)).await {
        Ok(Ok(0)) => (StatusCode::OK, "ready\n".to_owned()),
        Ok(Ok(_)) => (StatusCode::SERVICE_UNAVAILABLE, "the database is not migrated\n".to_owned()),
        Ok(Err(error)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the database fails: {}\n", pool::explain(&pool, &error)),
        ),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer within 2 s\n".to_owned()),
    }
}

async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::figures().render())
}

async fn sweep(
    pool: PgPool,
    agenda: Agenda,
    wake: Wake,
    unconfirmed_after: Duration,
    stop: CancellationToken,
) {
    let outage = Outage::of("The sweeper of dead holds");
    while rest(SWEEP, &stop).await {
        match sweep_once(&pool, &agenda, &wake, unconfirmed_after).await {
            Ok(()) => outage.works(),
            Err(error) => {
                outage.failed(&format!("{error:#}"));
            }
        }
    }
}

async fn sweep_once(
    pool: &PgPool,
    agenda: &Agenda,
    wake: &Wake,
    unconfirmed_after: Duration,
) -> anyhow::Result<()> {
    loop {
        let mut tx = pool.begin().await?;
        let swept = booking::expire_holds(&mut tx, SWEPT).await?;
        tx.commit().await?;
        for change in swept.changed {
            agenda.note_change(change.doctor, change.day, change.version);
        }
        if swept.outcome < u64::try_from(SWEPT)? {
            break;
        }
    }
    let mut connection = pool.acquire().await?;
    if outbox::recover(&mut connection, unconfirmed_after).await? > 0 {
        wake.sends();
    }
    Ok(())
}

async fn tend(pool: PgPool, clock: Clock, stop: CancellationToken) {
    while rest(TENDED, &stop).await {
        if let Err(error) = tend_once(&pool, &clock).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "Old changes of the agenda are kept for an hour more"
            );
        }
    }
}

/// Forgets changes of the map that everybody has seen and messages nobody came for, and knows the holidays of the
/// years that are booked.
async fn tend_once(pool: &PgPool, clock: &Clock) -> anyhow::Result<()> {
    let mut connection = pool.acquire().await?;
    let year = clock.now().year();
    closing::ensure_holidays(&mut connection, year..=year + 2).await?;
    prune_changes(&mut connection).await?;
    outbox::drop_unread(&mut connection).await?;
    Ok(())
}

async fn settle_statuses(pool: PgPool, wake: Wake, stop: CancellationToken) {
    let outage = Outage::of("The queue of statuses");
    loop {
        let full = async { events::settle_statuses(&mut *pool.acquire().await?).await }.await;
        match full {
            Ok(true) => continue,
            Ok(false) => outage.works(),
            Err(error) => {
                outage.failed(&pool::explain(&pool, &error));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            // they come in threes and nobody waits for them: a little later, many go together
            () = wake.for_statuses() => tokio::time::sleep(STATUSES_GATHER).await,
            () = tokio::time::sleep(STATUSES) => {}
        }
    }
}

async fn gauge(pool: PgPool, stop: CancellationToken) {
    loop {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        metrics::gauge!("smartsalud_pool_connections", "state" => "idle").set(idle);
        metrics::gauge!("smartsalud_pool_connections", "state" => "used")
            .set(pool.size().saturating_sub(idle));
        metrics::gauge!("smartsalud_pool_connections", "state" => "most")
            .set(pool.options().get_max_connections());
        if let Ok(depth) = async { events::depth(&mut *pool.acquire().await?).await }.await {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; no queue has 2^53 rows")]
            let counts = [
                ("smartsalud_events_due", depth.events_due as f64),
                ("smartsalud_outbox_waiting", depth.outbox as f64),
                ("smartsalud_conversations_stuck", depth.stuck as f64),
                ("smartsalud_holds", depth.holds as f64),
            ];
            for (name, count) in counts {
                metrics::gauge!(name).set(count);
            }
            metrics::gauge!("smartsalud_events_age_seconds").set(depth.events_age);
            metrics::gauge!("smartsalud_outbox_age_seconds").set(depth.outbox_age);
        }
        if !rest(GAUGES, &stop).await {
            return;
        }
    }
}

/// Waits; false when it is time to stop.
async fn rest(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}

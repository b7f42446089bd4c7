//! The whole of it: the service and a simulated WhatsApp on one database, and patients who chat.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use secrecy::SecretString;
use smartsalud::app::{Parts, Service};
use smartsalud::clock::{Clock, Stopwatch};
use smartsalud::database::pool::{PoolSettings, connect};
use smartsalud::flow::built_in;
use smartsalud::whatsapp::simulator::{Bubble, Simulator, SimulatorSettings, Statuses};
use smartsalud::{http, whatsapp};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::figures::{self, Statement, Worked};
use super::{NUMBER, SERVICES};

/// Chats before the measured ones: connections, plans and caches.
const WARM_UP: usize = 200;

/// Which chats, and how many at once.
#[derive(Clone, Copy)]
pub struct Load {
    pub chats: usize,
    pub at_once: usize,
}

/// What came of the chats.
pub struct Played {
    pub messages: i64,
    pub answers: i64,
    pub booked: usize,
    /// When the first chat began and the last ended, by the watch.
    pub from: Duration,
    pub until: Duration,
    /// Seconds from due to written: p50, p99.
    pub late: [f64; 2],
    pub commits: i64,
    pub deadlocks: i64,
    pub worked: Worked,
    pub statements: Vec<Statement>,
}

impl Played {
    pub fn seconds(&self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }
}

/// Plays the chats against a service whose connections are made with `through`; `own` sees the same database, and
/// what is asked there belongs to nobody's figures.
pub async fn run(
    own: &PgPool,
    through: &PgConnectOptions,
    data: &Path,
    load: Load,
    watch: &Stopwatch,
) -> anyhow::Result<Played> {
    let clock = Clock::system();
    let phones: Vec<String> =
        sqlx::query_scalar("select distinct ltrim(phone_e164, '+') from patient_phones order by 1")
            .fetch_all(own)
            .await?;
    let (warm, phones) = phones.split_at(WARM_UP.min(phones.len()));
    ensure!(phones.len() >= load.chats, "the centre has only {} phones", phones.len());
    let pool = |max| connect(through.clone(), PoolSettings { max, ..PoolSettings::default() }, &clock);
    let map_pool = pool(3).await?;
    let simulator = Simulator::start(SimulatorSettings {
        numbers: vec![NUMBER.to_owned()],
        statuses: Statuses::All,
        ..SimulatorSettings::default()
    })
    .await?;
    let settings = simulator.settings().clone();
    let service = Service::start(Parts {
        pool: pool(20).await?,
        map_pool: map_pool.clone(),
        clock: clock.clone(),
        flows: built_in::sources(),
        client: whatsapp::Client::new(
            http::client(Duration::from_secs(20)),
            simulator.graph_url().context("the simulator has no address")?,
            "v25.0",
            SecretString::from(settings.access_token),
        ),
        app_secrets: vec![SecretString::from(settings.app_secret)],
        verify_token: SecretString::from("word"),
        // latency runs from the due event; the wait for a burst to end is not the machine's
        settle: Duration::ZERO,
        hold_for: chrono::TimeDelta::minutes(10),
        workers: std::env::var("WORKERS").ok().and_then(|n| n.parse().ok()).unwrap_or(4),
        unconfirmed_after: Duration::from_secs(120),
    })
    .await?;
    let (address, _server) = service.serve("127.0.0.1:0".parse()?, service.routes()).await?;
    simulator.point_to(&format!("http://{address}/webhook"));

    play(&simulator, warm, Load { chats: warm.len(), ..load }).await?;
    quiet(own).await?;
    settle(own).await?;
    let start = clock.now();
    let (commits_before, worked_before) = (commits(own).await?, Worked::until_now(data));
    let from = watch.elapsed();
    let booked = play(&simulator, phones, load).await?;
    let until = watch.elapsed();
    quiet(own).await?;
    let worked = Worked::until_now(data).since(worked_before);
    let commits = commits(own).await? - commits_before;

    let (messages, answers): (i64, i64) = sqlx::query_as(
        "select (select count(*) from events where kind = 'message' and received_at >= $1),
                (select count(*) from outbox where created_at >= $1)",
    )
    .bind(start)
    .fetch_one(own)
    .await?;
    let late: Vec<f64> = sqlx::query_scalar(
        "select unnest(percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from processed_at - due_at)::float8))
         from events where kind = 'message' and received_at >= $1",
    )
    .bind(start)
    .fetch_all(own)
    .await?;
    let deadlocks = figures::deadlocks(own).await?;
    let statements = figures::statements(own).await?;
    service.stop().await; // first, or what is under way waits for a WhatsApp that is gone
    simulator.close();
    map_pool.close().await;
    let late = [late[0], late[1]];
    Ok(Played { messages, answers, booked, from, until, late, commits, deadlocks, worked, statements })
}

/// After the warm-up: the planner knows what is there, and counting begins anew.
pub async fn settle(own: &PgPool) -> anyhow::Result<()> {
    sqlx::raw_sql("vacuum (analyze)").execute(own).await?;
    figures::begin(own).await
}

/// Plays chats, so many at once; answers how many booked.
async fn play(simulator: &Simulator, phones: &[String], load: Load) -> anyhow::Result<usize> {
    let phones: Arc<[String]> = phones.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..load.at_once {
        let (simulator, phones, next) = (simulator.clone(), Arc::clone(&phones), Arc::clone(&next));
        running.spawn(async move {
            let mut booked = 0;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= load.chats {
                    return anyhow::Ok(booked);
                }
                booked += usize::from(chat(&simulator, &phones[place], place).await?);
            }
        });
    }
    let mut booked = 0;
    while let Some(done) = running.join_next().await {
        booked += done??;
    }
    Ok(booked)
}

/// Asks for an hour, picks one of those offered, says yes; picks another when it is gone.
async fn chat(simulator: &Simulator, phone: &str, place: usize) -> anyhow::Result<bool> {
    let words = format!("hola, quiero hora con {}", SERVICES[place % SERVICES.len()]);
    simulator.patient_says(phone, &words).await?;
    let mut reply: Bubble = simulator.next_reply(phone).await;
    for turn in 0..12 {
        if reply.text.contains("quedó tomada") {
            return Ok(true);
        }
        let yes = reply.options.iter().find(|option| option.title.starts_with("Sí"));
        let hours: Vec<_> = reply.options.iter().filter(|option| option.title.contains(':')).collect();
        let tapped = match (yes, hours.is_empty()) {
            (Some(yes), _) => Some(yes),
            (None, false) => Some(hours[(place + turn) % hours.len()]),
            (None, true) => reply.options.first(),
        };
        let Some(option) = tapped.map(|option| option.id.clone()) else { return Ok(false) };
        simulator.patient_taps(phone, &option).await?;
        reply = simulator.next_reply(phone).await;
    }
    Ok(false)
}

async fn commits(pool: &PgPool) -> anyhow::Result<i64> {
    // a session reports what it did at most once a second
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let read = "select xact_commit from pg_stat_database where datname = current_database()";
    Ok(sqlx::query_scalar(read).fetch_one(pool).await?)
}

/// Waits until nothing is left to be done.
async fn quiet(pool: &PgPool) -> anyhow::Result<()> {
    let open =
        "select (select count(*) from events where processed_at is null and due_at <= clock_timestamp())
                     + (select count(*) from outbox where status in ('queued', 'sending'))";
    let watch = Stopwatch::start();
    while sqlx::query_scalar::<_, i64>(open).fetch_one(pool).await? > 0 {
        ensure!(watch.elapsed() < Duration::from_secs(60), "something is left to be done");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

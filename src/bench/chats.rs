//! The whole of it: the service and a simulated WhatsApp on one database, and patients who chat.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use secrecy::SecretString;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::processor::Worked;
use super::store::{self, Chatted, Cost};
use crate::app::{Parts, Service};
use crate::clock::{Clock, Stopwatch};
use crate::database::pool::{PoolSettings, connect};
use crate::flow::built_in;
use crate::whatsapp::simulator::{Bubble, Simulator, SimulatorSettings, Statuses};
use crate::{http, whatsapp};

/// As the program reads WhatsApp's id of the centre's number.
pub const NUMBER: &str = "100000000000001";
/// Longer than this nobody waits for an answer: the chat has failed.
const PATIENCE: Duration = Duration::from_secs(40);
/// Messages of a patient who still has no hour and is still offered some.
const MESSAGES: usize = 20;
/// Turns at once, as `serve` has them.
const WORKERS: usize = 4;

/// Which chats, and when.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many.
    pub chats: usize,
    /// At most so many go on at once.
    pub at_once: usize,
    /// They begin evenly spread over so long.
    pub within: Duration,
    /// With whom they want an hour, in turn.
    pub services: &'static [&'static str],
    /// Chats before the measured ones, for connections, plans and caches; and with whom those want an hour.
    pub warm_up: usize,
    pub warm_services: &'static [&'static str],
}

/// How the chats ended.
#[derive(Clone, Copy, Default)]
pub struct Ends {
    /// With an hour.
    pub booked: i64,
    /// With something else: no hour is left, the list of those who wait, a person.
    pub otherwise: i64,
    /// Without an answer.
    pub failed: i64,
}

/// What came of the chats.
pub struct Played {
    pub ends: Ends,
    pub chatted: Chatted,
    /// When the first chat began and the last ended, by the watch.
    pub from: Duration,
    pub until: Duration,
    pub commits: i64,
    pub deadlocks: i64,
    pub doubles: i64,
    pub worked: Option<Worked>,
    pub costs: Vec<Cost>,
}

impl Played {
    /// How long it took.
    pub fn seconds(&self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }

    /// Statements, where PostgreSQL counts them.
    pub fn statements(&self) -> Option<i64> {
        (!self.costs.is_empty()).then(|| self.costs.iter().map(|cost| cost.calls).sum())
    }
}

/// Plays the chats against a service whose connections are made with `through`; `own` sees the same database, and
/// what is asked there belongs to nobody's figures.
///
/// # Errors
/// When the service cannot be started or the database fails. A chat that fails is counted.
pub async fn play(
    own: &PgPool,
    through: &PgConnectOptions,
    data: Option<&Path>,
    load: Load,
    watch: &Stopwatch,
) -> anyhow::Result<Played> {
    let clock = Clock::system();
    let phones = store::phones(own).await?;
    let wanted = load.warm_up + load.chats;
    ensure!(
        phones.len() >= wanted,
        "{wanted} chats need as many phones, and the centre has {}: raise --patients or lower the number of chats",
        phones.len()
    );
    let (warm, phones) = phones.split_at(load.warm_up);
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
        workers: WORKERS,
        unconfirmed_after: Duration::from_secs(120),
    })
    .await?;
    let served = service.serve("127.0.0.1:0".parse()?, service.routes()).await;
    let played = match served {
        Ok((address, _server)) => {
            simulator.point_to(&format!("http://{address}/webhook"));
            measure(own, &simulator, data, (warm, phones), load, watch).await
        }
        Err(error) => Err(error),
    };
    service.stop().await; // first, or what is under way waits for a WhatsApp that is gone
    simulator.close();
    map_pool.close().await;
    played
}

async fn measure(
    own: &PgPool,
    simulator: &Simulator,
    data: Option<&Path>,
    (warm, phones): (&[String], &[String]),
    load: Load,
    watch: &Stopwatch,
) -> anyhow::Result<Played> {
    let warming = Load { chats: warm.len(), within: Duration::ZERO, services: load.warm_services, ..load };
    crowd(simulator, warm, warming).await;
    quiet(own).await?;
    store::tidy(own).await?;
    store::start_counting(own).await?;
    let start = Clock::system().now();
    let (commits_before, deadlocks_before) = ended(own).await?;
    let worked_before = data.and_then(Worked::until_now);
    let from = watch.elapsed();
    let ends = crowd(simulator, phones, load).await;
    let until = watch.elapsed();
    quiet(own).await?;
    let worked = data.and_then(Worked::until_now).zip(worked_before).map(|(now, before)| now.since(before));
    let (commits, deadlocks) = ended(own).await?;
    let costs = store::costs(own).await?;
    Ok(Played {
        ends,
        chatted: store::chatted(own, start).await?,
        from,
        until,
        commits: commits - commits_before,
        deadlocks: deadlocks - deadlocks_before,
        doubles: store::doubles(own).await?,
        worked,
        costs,
    })
}

/// Plays chats, so many at once, beginning evenly spread.
async fn crowd(simulator: &Simulator, phones: &[String], load: Load) -> Ends {
    let phones: Arc<[String]> = phones.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = tokio::task::JoinSet::new();
    let apart = load.within / u32::try_from(load.chats.max(1)).unwrap_or(u32::MAX);
    let begun = Stopwatch::start();
    for _ in 0..load.at_once.clamp(1, load.chats.max(1)) {
        let (simulator, phones, next) = (simulator.clone(), Arc::clone(&phones), Arc::clone(&next));
        running.spawn(async move {
            let mut ends = Ends::default();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= load.chats {
                    return ends;
                }
                let due = apart * u32::try_from(place).unwrap_or(u32::MAX);
                tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
                match chat(&simulator, &phones[place], place, load.services).await {
                    Ok(true) => ends.booked += 1,
                    Ok(false) => ends.otherwise += 1,
                    Err(error) => {
                        tracing::warn!(place, error = format!("{error:#}"), "A chat failed");
                        ends.failed += 1;
                    }
                }
            }
        });
    }
    let mut ends = Ends::default();
    while let Some(done) = running.join_next().await {
        match done {
            Ok(one) => {
                ends.booked += one.booked;
                ends.otherwise += one.otherwise;
                ends.failed += one.failed;
            }
            Err(error) => {
                tracing::warn!(%error, "A patient of the benchmark panicked");
                ends.failed += 1;
            }
        }
    }
    ends
}

/// Asks for an hour, picks one of those offered, says yes; picks another when it is gone, and joins the list of those
/// who wait when there is none.
async fn chat(simulator: &Simulator, phone: &str, place: usize, services: &[&str]) -> anyhow::Result<bool> {
    let words = format!("hola, quiero hora con {}", services[place % services.len()]);
    simulator.patient_says(phone, &words).await?;
    let mut reply = answer(simulator, phone).await?;
    for turn in 0..MESSAGES {
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
        match tapped.map(|option| option.id.clone()) {
            Some(option) => simulator.patient_taps(phone, &option).await?,
            // which hours would suit who joins the list
            None if reply.text.contains("qué días u horas") => {
                simulator.patient_says(phone, "cualquier día").await?
            }
            None => return Ok(false),
        };
        reply = answer(simulator, phone).await?;
    }
    Ok(false)
}

async fn answer(simulator: &Simulator, phone: &str) -> anyhow::Result<Bubble> {
    tokio::time::timeout(PATIENCE, simulator.next_reply(phone))
        .await
        .with_context(|| format!("no answer came in {} s", PATIENCE.as_secs()))
}

async fn ended(pool: &PgPool) -> anyhow::Result<(i64, i64)> {
    // a session reports what it did at most once a second
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    Ok(store::ended(pool).await?)
}

/// Waits until nothing is left to be done.
async fn quiet(pool: &PgPool) -> anyhow::Result<()> {
    let watch = Stopwatch::start();
    while store::waiting(pool).await? > 0 {
        ensure!(
            watch.elapsed() < Duration::from_secs(60),
            "events or messages are left to be done after a minute"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

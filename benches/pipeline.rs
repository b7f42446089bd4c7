//! Messages a second, end to end: signed webhook, event, turn, booking, outbox, Graph API and back, with PostgreSQL
//! (durable) and a simulated WhatsApp on the same cores.
//!
//! `cargo bench --bench pipeline [-- CHATS [AT_ONCE]]`: an invented centre of the usual size; each chat asks for an
//! hour, picks one and says yes. Printed: messages a second, how long a turn's commit comes after its event was due,
//! statements and commits a message, and what they cost in the database, statement by statement.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use secrecy::SecretString;
use smartsalud::app::{Parts, Service};
use smartsalud::clock::{Clock, Stopwatch};
use smartsalud::database::pool::{PoolSettings, connect, migrate};
use smartsalud::database::{Durability, Server};
use smartsalud::flow::built_in;
use smartsalud::transfer::{Size, generate};
use smartsalud::whatsapp::simulator::{Bubble, Simulator, SimulatorSettings, Statuses};
use smartsalud::{http, whatsapp};
use sqlx::PgPool;

/// As the program reads WhatsApp's id of the centre's number.
const NUMBER: &str = "100000000000001";
const SERVICES: [&str; 4] = ["médico", "matrona", "dentista", "enfermera"];

fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (chats, at_once) = (numbers.next().unwrap_or(3_000), numbers.next().unwrap_or(64));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(chats, at_once))
}

async fn run(chats: usize, at_once: usize) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("smartsalud-bench-{}", std::process::id()));
    let counted = count_statements(&folder).await?;
    let server = Server::start(&folder, None, Durability::Full).await?;
    let measured = measure(&server, &folder.join("pgdata"), chats, at_once, counted).await;
    drop(server);
    std::fs::remove_dir_all(&folder)?;
    measured
}

/// Loads `pg_stat_statements` where PostgreSQL has it: it can only be loaded at a start.
async fn count_statements(folder: &Path) -> anyhow::Result<bool> {
    let server = Server::start(folder, None, Durability::Full).await?;
    let pool = connect(server.options("postgres"), PoolSettings::default(), &Clock::system()).await?;
    let there: bool = sqlx::query_scalar(
        "select exists (select from pg_available_extensions where name = 'pg_stat_statements')",
    )
    .fetch_one(&pool)
    .await?;
    if there {
        sqlx::raw_sql("alter system set shared_preload_libraries = 'pg_stat_statements'")
            .execute(&pool)
            .await?;
    }
    pool.close().await;
    Ok(there)
}

async fn measure(
    server: &Server,
    data: &Path,
    chats: usize,
    at_once: usize,
    counted: bool,
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let pool =
        |max| connect(server.options("postgres"), PoolSettings { max, ..PoolSettings::default() }, &clock);
    let own = pool(4).await?;
    migrate(&own).await?;
    if counted {
        sqlx::raw_sql("create extension pg_stat_statements").execute(&own).await?;
        sqlx::raw_sql("alter system set pg_stat_statements.track_planning = on").execute(&own).await?;
        sqlx::raw_sql("select pg_reload_conf()").execute(&own).await?;
    }
    let size = Size {
        center: "bench".to_owned(),
        doctors: 200,
        patients: 20_000,
        weeks: 4,
        occupancy: 0.8,
        history_weeks: 0,
        services: 4,
        seed: 1,
        today: clock.now().with_timezone(&chrono_tz::America::Santiago).date_naive(),
    };
    generate(&own, &size).await?;
    sqlx::query("update centers set phone_number_id = $1").bind(NUMBER).execute(&own).await?;
    let phones: Vec<String> =
        sqlx::query_scalar("select distinct ltrim(phone_e164, '+') from patient_phones order by 1")
            .fetch_all(&own)
            .await?;
    ensure!(phones.len() >= chats, "the centre has only {} phones", phones.len());

    let simulator = Simulator::start(SimulatorSettings {
        numbers: vec![NUMBER.to_owned()],
        statuses: Statuses::All,
        ..SimulatorSettings::default()
    })
    .await?;
    let settings = simulator.settings().clone();
    let service = Service::start(Parts {
        pool: pool(20).await?,
        map_pool: pool(3).await?,
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

    let (warm, phones) = phones.split_at(200);
    play(&simulator, warm, 200, at_once).await?; // connections, plans and caches
    quiet(&own).await?;
    sqlx::raw_sql("vacuum (analyze)").execute(&own).await?;
    if counted {
        sqlx::query("select pg_stat_statements_reset()").execute(&own).await?;
    }
    let start = clock.now();
    let at_work_here =
        |pid: u32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data);
    let before = commits(&own).await?;
    let worked = (processor_time(|pid| pid == std::process::id()), processor_time(at_work_here));
    let watch = Stopwatch::start();
    let booked = play(&simulator, phones, chats.min(phones.len()), at_once).await?;
    let took = watch.elapsed().as_secs_f64();
    quiet(&own).await?;
    let after = commits(&own).await?;
    let ours = processor_time(|pid| pid == std::process::id()) - worked.0;
    let database = processor_time(at_work_here) - worked.1;

    let (messages, answers): (i64, i64) = sqlx::query_as(
        "select (select count(*) from events where kind = 'message' and received_at >= $1),
                (select count(*) from outbox where created_at >= $1)",
    )
    .bind(start)
    .fetch_one(&own)
    .await?;
    let late: Vec<f64> = sqlx::query_scalar(
        "select unnest(percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from processed_at - due_at)::float8))
         from events where kind = 'message' and received_at >= $1",
    )
    .bind(start)
    .fetch_all(&own)
    .await?;
    let deadlocks: i64 =
        sqlx::query_scalar("select sum(deadlocks)::bigint from pg_stat_database").fetch_one(&own).await?;
    println!(
        "{chats} chats, {at_once} at once: {messages} messages and {answers} answers in {took:.1} s, {booked} hours booked, {deadlocks} deadlocks\n\
         {:.0} messages a second; due to written: p50 {:.1} ms, p99 {:.1} ms; {:.2} commits a message",
        messages as f64 / took,
        late[0] * 1e3,
        late[1] * 1e3,
        (after - before) as f64 / messages as f64
    );
    let each = |seconds: f64| seconds * 1e3 / messages as f64;
    println!(
        "processor time a message: {:.2} ms ours and the simulator's, {:.2} ms PostgreSQL's; two cores alone with it would do {:.0} a second, \
         {:.0} % of what they would do with PostgreSQL's part alone",
        each(ours),
        each(database),
        2e3 / (each(ours) + each(database)),
        100.0 * database / (ours + database)
    );
    if counted {
        statements(&own, messages, took).await?;
    }
    simulator.close();
    service.stop().await;
    Ok(())
}

/// Seconds that processes have worked, from `/proc`; on a busy machine this says more than the clock does.
fn processor_time(counts: impl Fn(u32) -> bool) -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ticks = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, tail) = stat.rsplit_once(") ")?;
        let parts: Vec<&str> = tail.split(' ').collect();
        let worked = parts.get(11)?.parse::<f64>().ok()? + parts.get(12)?.parse::<f64>().ok()?;
        counts(pid).then_some(worked)
    });
    ticks.sum::<f64>() / TICKS_A_SECOND
}

/// What the database did, by statement.
async fn statements(pool: &PgPool, messages: i64, took: f64) -> anyhow::Result<()> {
    let rows: Vec<(i64, f64, f64, String)> = sqlx::query_as(
        "select calls, total_exec_time + total_plan_time, total_plan_time, regexp_replace(query, '\\s+', ' ', 'g')
         from pg_stat_statements where query not ilike '%pg_stat_%' order by 2 desc",
    )
    .fetch_all(pool)
    .await?;
    let calls: i64 = rows.iter().map(|row| row.0).sum();
    let total: f64 = rows.iter().map(|row| row.1).sum();
    println!(
        "{:.1} statements a message; the database worked {:.2} ms on a message ({:.2} ms planning), {:.0} % of one core",
        calls as f64 / messages as f64,
        total / messages as f64,
        rows.iter().map(|row| row.2).sum::<f64>() / messages as f64,
        total / took / 10.0
    );
    println!("{:>9} {:>8} {:>8} {:>6}  statement", "a message", "us each", "planning", "share");
    for (calls, time, planning, query) in rows.iter().take(20) {
        let per = *calls as f64 / messages as f64;
        let each = time / *calls as f64 * 1e3;
        let words: String = query.chars().take(100).collect();
        let planning = planning / *calls as f64 * 1e3;
        println!("{per:>9.2} {each:>8.0} {planning:>8.0} {:>5.1}%  {words}", time / total * 100.0);
    }
    Ok(())
}

/// Plays chats, so many at once; answers how many booked.
async fn play(
    simulator: &Simulator,
    phones: &[String],
    chats: usize,
    at_once: usize,
) -> anyhow::Result<usize> {
    let phones: Arc<[String]> = phones.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (simulator, phones, next) = (simulator.clone(), Arc::clone(&phones), Arc::clone(&next));
        running.spawn(async move {
            let mut booked = 0;
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= chats {
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

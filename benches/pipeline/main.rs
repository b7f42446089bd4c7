//! Messages a second, end to end, as a ratio to the bare statements of the same turns, in one process: signed webhook,
//! event, turn, booking, outbox, Graph API and back, with PostgreSQL (durable) and a simulated WhatsApp on the same
//! cores.
//!
//! `cargo bench --bench pipeline [-- CHATS [AT_ONCE]]`: an invented centre of the usual size; each chat asks for an
//! hour, picks one and says yes. Three runs, each on its own copy of that database, each warmed up in the same way:
//!
//! 1. the whole, measured;
//! 2. the whole once more, with every statement of the service written down on its way to PostgreSQL (slower, and not
//!    measured);
//! 3. what was written down and nothing else: the same statements with the same parameters, grouped in the same
//!    transactions, one round trip each, no HTTP, no engine, no simulator, measured.
//!
//! What runs by the clock (sweepers, gauges, polls of the queues) is in all three; only the map's look at what
//! changed, ten times a second, is missing in the third, which makes that one a little faster. What this program
//! asks for itself is in none. The third run counts only when it leaves the tables as the second did.
//!
//! Printed: messages a second of both, how long a turn's commit comes after its event was due, statements and commits
//! a message, and what they cost in the database, statement by statement.

mod bare;
mod figures;
mod plan;
mod recording;
mod whole;
mod work;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use smartsalud::clock::{Clock, Stopwatch};
use smartsalud::database::pool::{PoolSettings, connect, migrate};
use smartsalud::database::{Durability, Server};
use smartsalud::transfer::{Size, generate};
use sqlx::{AssertSqlSafe, PgPool};

use bare::{Bare, Difference, Target};
use figures::Worked;
use recording::Recorder;
use whole::{Load, Played};

/// As the program reads WhatsApp's id of the centre's number.
const NUMBER: &str = "100000000000001";
const SERVICES: [&str; 4] = ["médico", "matrona", "dentista", "enfermera"];
/// What the bare statements may leave otherwise than the recorded run did.
const TOLERANCE: f64 = 0.01;

fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let load = Load { chats: numbers.next().unwrap_or(3_000), at_once: numbers.next().unwrap_or(64) };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(load))
}

async fn run(load: Load) -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("smartsalud-bench-{}", std::process::id()));
    let counted = count_statements(&folder).await?;
    let server = Server::start(&folder, None, Durability::Full).await?;
    let measured = measure(&server, &folder, load, counted).await;
    drop(server);
    std::fs::remove_dir_all(&folder)?;
    measured
}

/// Loads `pg_stat_statements` where PostgreSQL has it: it can only be loaded at a start.
async fn count_statements(folder: &Path) -> anyhow::Result<bool> {
    let server = Server::start(folder, None, Durability::Full).await?;
    let pool = own(&server, "postgres").await?;
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

async fn own(server: &Server, database: &str) -> anyhow::Result<PgPool> {
    let settings = PoolSettings { max: 4, ..PoolSettings::default() };
    Ok(connect(server.options(database), settings, &Clock::system()).await?)
}

async fn measure(server: &Server, folder: &Path, load: Load, counted: bool) -> anyhow::Result<()> {
    let data = folder.join("pgdata");
    let watch = Arc::new(Stopwatch::start());
    let maintenance = own(server, "postgres").await?;
    make_center(server, &maintenance, counted).await?;

    let database = copy(server, &maintenance, "whole").await?;
    let played = whole::run(&database, &server.options("whole"), &data, load, &watch).await?;
    database.close().await;
    print_whole(&played, load);

    let database = copy(server, &maintenance, "recorded").await?;
    let recorder = Recorder::start(&folder.join("tap"), &server.options("recorded"), &watch)?;
    let through = recorder.through(server.options("recorded"));
    let recorded = whole::run(&database, &through, &data, load, &watch).await?;
    let wanted = rows(&database).await?;
    database.close().await;
    let mut recording = recorder.finish()?;

    let database = copy(server, &maintenance, "bare").await?;
    // what the recording names and nothing here stands for must not be another row
    restart(&database, work::SHIFT).await?;
    let (opening, [warm, measured, rest]) = work::sort(&mut recording, recorded.from, recorded.until)?;
    let options = server.options("bare");
    let target = Target {
        sockets: options.get_socket().context("the server has no socket")?.clone(),
        user: options.get_username().to_owned(),
        database: "bare".to_owned(),
    };
    let (breadth, statements) = (measured.breadth(), measured.statements());
    let transactions = measured.transactions.len();
    let mut bare = Bare::open(&target, breadth, recording.statements, opening.as_ref()).await?;
    bare.run(warm, 0).await.context("the warm-up could not be repeated")?;
    whole::settle(&database).await?;
    let before = Worked::until_now(&data);
    let (took, difference) = bare.run(measured, load.at_once).await?;
    let worked = Worked::until_now(&data).since(before);
    let by_statement = figures::statements(&database).await?;
    bare.run(rest, 0).await.context("the end could not be repeated")?;

    let (messages, seconds) = (recorded.messages as f64, took.as_secs_f64());
    println!(
        "\nbare statements: {} messages in {seconds:.1} s, {statements} statements in {transactions} transactions, on {} + {} connections, {} deadlocks\n\
         {:.0} messages a second; {:.1} statements and {:.2} transactions a message",
        recorded.messages,
        breadth.turns,
        breadth.others,
        figures::deadlocks(&database).await?,
        messages / seconds,
        statements as f64 / messages,
        transactions as f64 / messages,
    );
    print_worked(worked, messages);
    figures::print(&by_statement, messages, seconds);
    compare(&wanted, &rows(&database).await?, difference, statements)?;
    database.close().await;
    let (ours, theirs) = (played.messages as f64 / played.seconds(), messages / seconds);
    println!(
        "\nthe whole: {ours:.0} messages a second; the bare statements: {theirs:.0}; ratio {:.2}",
        ours / theirs
    );
    Ok(())
}

/// The database that each run gets a copy of.
async fn make_center(server: &Server, maintenance: &PgPool, counted: bool) -> anyhow::Result<()> {
    sqlx::raw_sql("create database centre").execute(maintenance).await?;
    let pool = own(server, "centre").await?;
    migrate(&pool).await?;
    if counted {
        sqlx::raw_sql("create extension pg_stat_statements").execute(&pool).await?;
        sqlx::raw_sql("alter system set pg_stat_statements.track_planning = on").execute(&pool).await?;
        sqlx::raw_sql("select pg_reload_conf()").execute(&pool).await?;
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
        today: Clock::system().now().with_timezone(&chrono_tz::America::Santiago).date_naive(),
    };
    generate(&pool, &size).await?;
    sqlx::query("update centers set phone_number_id = $1").bind(NUMBER).execute(&pool).await?;
    restart(&pool, 0).await?;
    pool.close().await;
    Ok(())
}

/// Lets the ids that go back and forth begin where nothing else has them.
async fn restart(pool: &PgPool, shift: u64) -> anyhow::Result<()> {
    for (table, first) in work::SEQUENCES {
        let begin = format!("alter table {table} alter column id restart with {}", first + shift);
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(pool).await?;
    }
    Ok(())
}

async fn copy(server: &Server, maintenance: &PgPool, name: &str) -> anyhow::Result<PgPool> {
    let copy = format!("create database {name} template centre strategy file_copy");
    sqlx::raw_sql(AssertSqlSafe(copy)).execute(maintenance).await?;
    own(server, name).await
}

/// How many rows there are of what a chat leaves behind.
async fn rows(pool: &PgPool) -> anyhow::Result<Vec<(String, i64)>> {
    let read = "select 'appointments', count(*) from appointments
                union all select 'confirmed by chat', count(*) from appointments where status = 'CONFIRMED' and conversation_id is not null
                union all select 'appointment_events', count(*) from appointment_events
                union all select 'conversations', count(*) from conversations
                union all select 'events', count(*) from events
                union all select 'events handled', count(*) from events where processed_at is not null
                union all select 'outbox', count(*) from outbox
                union all select 'outbox read', count(*) from outbox where status = 'read'
                union all select 'journal', count(*) from journal
                order by 1";
    Ok(sqlx::query_as(read).fetch_all(pool).await?)
}

/// Refuses a baseline that did other work.
fn compare(
    wanted: &[(String, i64)],
    made: &[(String, i64)],
    difference: Difference,
    statements: usize,
) -> anyhow::Result<()> {
    let share = |count: usize| 100.0 * count as f64 / statements as f64;
    println!(
        "otherwise than recorded: {} statements failed, {} ({:.2} %) found another number of rows, {} turns found no event, {} claims came again",
        difference.failed,
        difference.other_rows,
        share(difference.other_rows),
        difference.unclaimed,
        difference.again,
    );
    let mut off = 0.0_f64;
    let mut words = Vec::new();
    for ((table, wanted), (_, made)) in wanted.iter().zip(made) {
        off = off.max((made - wanted).abs() as f64 / (*wanted).max(1) as f64);
        words.push(format!("{table} {made} of {wanted}"));
    }
    println!("rows: {}", words.join(", "));
    ensure!(
        off <= TOLERANCE && share(difference.failed + difference.unclaimed) <= 100.0 * TOLERANCE,
        "the bare statements did other work than the recorded ones: they are no baseline"
    );
    Ok(())
}

fn print_whole(played: &Played, load: Load) {
    let (messages, seconds) = (played.messages as f64, played.seconds());
    println!(
        "{} chats, {} at once: {} messages and {} answers in {seconds:.1} s, {} hours booked, {} deadlocks\n\
         {:.0} messages a second; due to written: p50 {:.1} ms, p99 {:.1} ms; {:.2} commits a message",
        load.chats,
        load.at_once,
        played.messages,
        played.answers,
        played.booked,
        played.deadlocks,
        messages / seconds,
        played.late[0] * 1e3,
        played.late[1] * 1e3,
        played.commits as f64 / messages
    );
    print_worked(played.worked, messages);
    figures::print(&played.statements, messages, seconds);
}

fn print_worked(worked: Worked, messages: f64) {
    println!(
        "processor time a message: {:.2} ms this process, {:.2} ms PostgreSQL",
        worked.ours * 1e3 / messages,
        worked.database * 1e3 / messages
    );
}

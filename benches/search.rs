//! One search of free hours on the map, as a ratio to the same search in plain SQL in the same run.
//!
//! `cargo bench --bench search [-- --explain]`: makes a database of its own with three invented
//! centres (1, 200 and 2,000 professionals of one prestación, 80 % booked), measures seven days of each, and drops
//! it. `--explain` prints the plan of the SQL search at 200.

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveTime, Utc};
use smartsalud::clock::{Clock, Stopwatch};
use smartsalud::database::testing::Cluster;
use smartsalud::id::{AppointmentTypeId, CenterId};
use smartsalud::scheduling::store::oracle;
use smartsalud::scheduling::{Agenda, FreeFor, Search, Slot, wall};
use smartsalud::transfer::{Size, generate};
use smartsalud::value::Window;

use sqlx::{AssertSqlSafe, PgPool};

const CENTERS: [(&str, u32, u32); 3] = [("uno", 1, 200), ("mediano", 200, 20_000), ("grande", 2_000, 40_000)];

fn main() -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(None).await?));
    let scratch = cluster.database(Clock::system(), 4).await?;
    let measured = measure(&scratch.pool).await;
    scratch.pool.close().await;
    measured
}

async fn measure(pool: &PgPool) -> anyhow::Result<()> {
    let today = "2026-11-25".parse()?;
    let now = wall::instant(chrono_tz::America::Santiago, "2026-11-25T08:00:00".parse()?)
        .context("a wall time that exists")?;
    println!(
        "{:<8} {:>6} {:>9} {:>12} {:>12} {:>12} {:>12} {:>9}",
        "", "doctors", "hours", "SQL", "map, cold", "map", "SQL / map", "p99 map"
    );
    for (code, doctors, patients) in CENTERS {
        let size = Size {
            center: code.to_owned(),
            doctors,
            patients,
            weeks: 2,
            occupancy: 0.8,
            history_weeks: 0,
            services: 1,
            seed: 1,
            today,
        };
        let watch = Stopwatch::start();
        let made = generate(pool, &size).await?;
        eprintln!(
            "generated {code}: {} appointments in {:.1} s",
            made.appointments,
            watch.elapsed().as_secs_f64()
        );
        let kind: i64 = sqlx::query_scalar("select id from appointment_types where center_id = $1")
            .bind(made.center.0)
            .fetch_one(pool)
            .await?;
        compare(pool, made.center, AppointmentTypeId(kind), doctors, now).await?;
    }
    if std::env::args().any(|argument| argument == "--explain") {
        explain(pool, now).await?;
    }
    Ok(())
}

async fn compare(
    pool: &PgPool,
    center: CenterId,
    kind: AppointmentTypeId,
    doctors: u32,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let first = wall::wall(chrono_tz::America::Santiago, now).date();
    let until = first + chrono::Days::new(7);
    for (label, limit) in [("first 9", 9usize), ("all", usize::MAX)] {
        let search = Search {
            center,
            appointment_type: kind,
            patient: None,
            doctor: None,
            window: Window { before: Some(until.and_time(NaiveTime::MIN)), ..Window::ANY },
            now,
            limit,
            except: Vec::new(),
            free_for: FreeFor::default(),
        };
        let mut conn = pool.acquire().await?;
        let rows = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut by_sql: Vec<Slot> = Vec::new();
        let mut sql = Vec::new();
        for _ in 0..if doctors > 1000 { 5 } else { 15 } {
            let watch = Stopwatch::start();
            by_sql = oracle::search(&mut conn, center, kind, None, first, until, now, rows).await?;
            sql.push(watch.elapsed());
        }
        drop(conn);

        let agenda = Agenda::start(pool.clone()).await?;
        let watch = Stopwatch::start();
        let cold_found = agenda.search(&search).await?;
        let cold = watch.elapsed();
        let mut map = Vec::new();
        for _ in 0..if limit == 9 { 2000 } else { 50 } {
            let watch = Stopwatch::start();
            let found = agenda.search(&search).await?;
            map.push(watch.elapsed());
            ensure!(found.len() == cold_found.len(), "the map changed its mind");
        }
        if limit == usize::MAX {
            // by time first, as the SQL has them
            let mut by_map: Vec<Slot> = cold_found.iter().map(|offer| offer.slot).collect();
            by_map.sort_by_key(|slot| (slot.start, slot.doctor));
            ensure!(by_map == by_sql, "the map and the SQL differ");
        }
        let (sql, p99) = (median(&mut sql), percentile(&mut map, 99));
        let map = median(&mut map);
        let ratio = sql.as_secs_f64() / map.as_secs_f64();
        println!(
            "{label:<8} {doctors:>6} {:>9} {:>12.1?} {:>12.1?} {:>12.1?} {:>11.0}x {:>9.1?}",
            cold_found.len(),
            sql,
            cold,
            map,
            ratio,
            p99
        );
    }
    Ok(())
}

async fn explain(pool: &PgPool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let first = wall::wall(chrono_tz::America::Santiago, now).date();
    let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "explain (analyze, buffers, costs off) {}",
        oracle::SEARCH
    )))
    .bind(2i64)
    .bind(2i64)
    .bind(Option::<Vec<i64>>::None)
    .bind(first)
    .bind(first + chrono::Days::new(7))
    .bind(now)
    .bind(9i64)
    .fetch_all(pool)
    .await?;
    println!("\n{}", plan.join("\n"));
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    percentile(times, 50)
}

fn percentile(times: &mut [Duration], part: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * part / 100).min(times.len() - 1)]
}

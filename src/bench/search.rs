//! Searches of free hours on the map beside the same ones in plain SQL, and the map's cold start beside the barest
//! reading of what it must read.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use chrono::{Days, NaiveDate, NaiveTime};
use sqlx::PgPool;

use super::ground::Ground;
use super::processor::resident;
use super::repeated::{self, Counted, Recorder};
use super::report::{Figure, Unit, percentile};
use super::{Sizes, TAP, store};
use crate::clock::{Clock, Stopwatch};
use crate::id::{AppointmentTypeId, CenterId, DoctorId};
use crate::scheduling::store::oracle;
use crate::scheduling::{Agenda, FreeFor, Search, Slot, wall};
use crate::value::{TimeRange, Window};

/// How long each case is tried, and how often at least and at most.
const TRIED_FOR: Duration = Duration::from_secs(1);
const TRIES: std::ops::Range<usize> = 3..2_000;
/// Cold starts that are measured.
const COLD: usize = 5;
const COLD_DAYS: u64 = 30;

/// The centre that is searched: one prestación, so that everybody attends what is asked for.
pub struct Searched {
    /// Its database.
    pub name: String,
    /// Its row.
    pub center: CenterId,
}

/// Measures searches, each against the SQL search.
///
/// # Errors
/// When the map and the SQL differ, or the database fails.
pub async fn measure(
    ground: &Ground,
    sizes: &Sizes,
    at: &Searched,
    explain: bool,
) -> anyhow::Result<Vec<Figure>> {
    let own = ground.pool(&at.name, 4).await?;
    let kind = store::service(&own, at.center, None).await?;
    let one = store::somebody(&own, at.center).await?;
    let everybody = sizes.doctors;
    let cases = [
        ("one professional, 7 days".to_owned(), Some(one), usize::MAX),
        (format!("first 9 hours of {everybody} professionals"), None, 9),
        (format!("first 100 hours of {everybody} professionals"), None, 100),
        (format!("every hour of {everybody} professionals, 7 days"), None, usize::MAX),
    ];
    let mut figures = Vec::new();
    let agenda = Agenda::start(own.clone()).await?;
    for (case, doctor, limit) in cases {
        let search = search_of(at.center, kind, doctor, limit, 7);
        figures.push(compare(&own, &agenda, &search, case).await?);
    }
    if let (Some(first), None) = (figures.first_mut(), &ground.no_repeating) {
        let search = search_of(at.center, kind, Some(one), usize::MAX, 7);
        let counted = said(ground, &at.name, &search, true).await?;
        first.statements = Some(counted.statements as f64);
        first.commits = Some(counted.transactions as f64);
        let counted = (first.statements, first.commits);
        for figure in &mut figures {
            (figure.statements, figure.commits) = counted;
        }
    }
    if explain {
        let (first, until) = days(&search_of(at.center, kind, None, 9, 7));
        let mut conn = own.acquire().await?;
        let plan = store::explain_search(
            &mut conn,
            oracle::SEARCH,
            at.center,
            kind,
            (first, until),
            Clock::system().now(),
            9,
        );
        if let Some(figure) = figures.last_mut() {
            figure.note =
                Some(format!("how the SQL search finds the first 9:\n    {}", plan.await?.join("\n    ")));
        }
    }
    own.close().await;
    Ok(figures)
}

/// Measures how long an empty map takes to know everybody's next days.
///
/// # Errors
/// When the database fails.
pub async fn measure_cold(ground: &Ground, sizes: &Sizes, at: &Searched) -> anyhow::Result<Figure> {
    let own = ground.pool(&at.name, 4).await?;
    let kind = store::service(&own, at.center, None).await?;
    let mut search = search_of(at.center, kind, None, usize::MAX, COLD_DAYS);
    // the minute after midnight: all days are read, and no hour is found of which an offer would have to be made
    search.window.times = vec![TimeRange { start: 0, end: 1 }];
    let (first, until) = days(&search);
    let (mut cold, mut bare) = (Vec::new(), Vec::new());
    let (mut busy, mut memory) = (0, 0);
    store::tidy(&own).await?;
    for _ in 0..COLD {
        let watch = Stopwatch::start();
        busy = store::scan_busy(&mut *own.acquire().await?, first, until).await?;
        bare.push(watch.elapsed());
        let before = resident();
        let watch = Stopwatch::start();
        let agenda = Agenda::start(own.clone()).await?;
        let found = agenda.search(&search).await?;
        cold.push(watch.elapsed());
        ensure!(found.is_empty(), "somebody attends at midnight");
        memory = memory.max(resident().zip(before).map_or(0, |(now, then)| now.saturating_sub(then)));
    }
    own.close().await;
    let case = format!("{} professionals, {COLD_DAYS} days", sizes.doctors);
    let mut figure = Figure::new("cold-map", case, "map", Unit::Milliseconds, percentile(&mut cold, 50));
    (figure.p50_ms, figure.p99_ms) = (Some(percentile(&mut cold, 50)), Some(percentile(&mut cold, 99)));
    let scan = percentile(&mut bare, 50);
    (figure.baseline_p50_ms, figure.baseline_p99_ms) = (Some(scan), Some(percentile(&mut bare, 99)));
    figure.counts.insert("busy_hours", i64::try_from(busy)?);
    if memory > 0 {
        figure.counts.insert("memory_grew_by_kilobytes", i64::try_from(memory / 1024)?);
    }
    if ground.no_repeating.is_none() {
        let counted = said(ground, &at.name, &search, false).await?;
        figure.statements = Some(counted.statements as f64);
        figure.commits = Some(counted.transactions as f64);
    }
    Ok(figure.against("the bare scan of the index that holds every busy hour of those days", Some(scan)))
}

/// What the map says to PostgreSQL for one search: when it is `warm`, only for one that is made again.
async fn said(ground: &Ground, name: &str, search: &Search, warm: bool) -> anyhow::Result<Counted> {
    let watch = Arc::new(Stopwatch::start());
    let options = ground.options(name);
    let recorder = Recorder::start(&super::tap(TAP)?, &options, &watch)?;
    let settings = crate::database::pool::PoolSettings { max: 1, ..Default::default() };
    let pool = crate::database::connect(recorder.through(options), settings, &Clock::system()).await?;
    // the connection's own first words are no part of a search
    drop(pool.acquire().await?);
    let mut from = watch.elapsed();
    let agenda = Agenda::start(pool.clone()).await?;
    agenda.search(search).await?;
    if warm {
        from = watch.elapsed();
        agenda.search(search).await?;
    }
    let until = watch.elapsed();
    pool.close().await;
    Ok(repeated::count(recorder.finish()?, from, until))
}

fn search_of(
    center: CenterId,
    kind: AppointmentTypeId,
    doctor: Option<DoctorId>,
    limit: usize,
    days: u64,
) -> Search {
    let now = Clock::system().now();
    let until = wall::wall(chrono_tz::America::Santiago, now).date() + Days::new(days);
    Search {
        center,
        appointment_type: kind,
        patient: None,
        doctor,
        window: Window { before: Some(until.and_time(NaiveTime::MIN)), ..Window::ANY },
        now,
        limit,
        except: Vec::new(),
        free_for: FreeFor::default(),
    }
}

/// The first day that is searched, and the one after the last.
fn days(search: &Search) -> (NaiveDate, NaiveDate) {
    let first = wall::wall(chrono_tz::America::Santiago, search.now).date();
    (first, search.window.before.map_or(first, |before| before.date()))
}

async fn compare(own: &PgPool, agenda: &Agenda, search: &Search, case: String) -> anyhow::Result<Figure> {
    let (first, until) = days(search);
    let rows = i64::try_from(search.limit).unwrap_or(i64::MAX);
    let doctors = search.doctor.map(|doctor| vec![doctor]);
    let mut conn = own.acquire().await?;
    let (mut sql, mut by_sql) = (Vec::new(), Vec::<Slot>::new());
    let tried = Stopwatch::start();
    while sql.len() < TRIES.start || tried.elapsed() < TRIED_FOR && sql.len() < TRIES.end {
        let watch = Stopwatch::start();
        by_sql = oracle::search(
            &mut conn,
            search.center,
            search.appointment_type,
            doctors.as_deref(),
            first,
            until,
            search.now,
            rows,
        )
        .await?;
        sql.push(watch.elapsed());
    }
    drop(conn);
    let mut by_map: Vec<Slot> = agenda.search(search).await?.iter().map(|offer| offer.slot).collect();
    ensure!(
        by_map.len() == by_sql.len(),
        "the map found {} hours and the SQL {}",
        by_map.len(),
        by_sql.len()
    );
    if search.limit == usize::MAX {
        by_map.sort_by_key(|slot| (slot.start, slot.doctor)); // as the SQL has them
        ensure!(by_map == by_sql, "the map and the SQL found other hours");
    }
    let mut map = Vec::new();
    let tried = Stopwatch::start();
    while map.len() < TRIES.start || tried.elapsed() < TRIED_FOR && map.len() < TRIES.end {
        let watch = Stopwatch::start();
        let found = agenda.search(search).await?;
        map.push(watch.elapsed());
        ensure!(found.len() == by_sql.len(), "the map changed its mind");
    }
    let median = percentile(&mut map, 50);
    let mut figure = Figure::new("search", case, "search", Unit::Milliseconds, median);
    (figure.p50_ms, figure.p99_ms) = (Some(median), Some(percentile(&mut map, 99)));
    let sql_median = percentile(&mut sql, 50);
    (figure.baseline_p50_ms, figure.baseline_p99_ms) = (Some(sql_median), Some(percentile(&mut sql, 99)));
    figure.counts.insert("hours_found", i64::try_from(by_sql.len())?);
    Ok(figure.against("the same search in plain SQL", Some(sql_median)))
}

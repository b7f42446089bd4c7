//! Hold and confirm: the referee alone, without a conversation, beside the bare statements of the same transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use chrono::TimeDelta;
use sqlx::postgres::{PgConnectOptions, PgPool};

use super::ground::Ground;
use super::repeated::{self, Recorder};
use super::report::{Figure, Unit, percentile};
use super::{Sizes, TAP, store};
use crate::clock::{Clock, Stopwatch};
use crate::database::pool::{PoolSettings, connect};
use crate::id::{CenterId, PatientId};
use crate::scheduling::{
    Actor, Agenda, ConfirmOutcome, ConfirmRequest, FreeFor, HoldOutcome, HoldRequest, Search, Slot, booking,
};
use crate::value::Window;

/// Bookings at once: more than the processors of a small server, fewer than its connections.
const AT_ONCE: usize = 8;
const BASELINE: &str = "the bare statements of the same transactions";

/// What came of the bookings.
struct Booked {
    confirmed: i64,
    refused: i64,
    times: Vec<Duration>,
    from: Duration,
    until: Duration,
}

/// Measures it on copies of `of`.
///
/// # Errors
/// When the database fails.
pub async fn measure(ground: &Ground, sizes: &Sizes, of: &str, center: CenterId) -> anyhow::Result<Figure> {
    let watch = Arc::new(Stopwatch::start());
    let name = ground.database("booked", Some(of)).await?;
    let own = ground.pool(&name, 3).await?;
    let mut booked = book(&own, &ground.options(&name), sizes, center, &watch).await?;
    let wanted = store::rows(&own).await?;
    let doubles = store::doubles(&own).await?;
    own.close().await;
    ground.drop(&name).await?;

    let took = (booked.until - booked.from).as_secs_f64();
    let rate = booked.confirmed as f64 / took;
    let case = format!("{} hours, {AT_ONCE} at once", booked.confirmed);
    let mut figure = Figure::new("hold-and-confirm", case, "booking", Unit::PerSecond, rate);
    figure.p50_ms = Some(percentile(&mut booked.times, 50));
    figure.p99_ms = Some(percentile(&mut booked.times, 99));
    figure.counts.extend([
        ("confirmed", booked.confirmed),
        ("refused", booked.refused),
        ("double_bookings", doubles),
    ]);
    if let Some(why) = &ground.no_repeating {
        figure.note = Some(why.clone());
        return Ok(figure.against(BASELINE, None));
    }

    let name = ground.database("booked_recorded", Some(of)).await?;
    let own = ground.pool(&name, 3).await?;
    let recorder = Recorder::start(&super::tap(TAP)?, &ground.options(&name), &watch)?;
    let recorded = book(&own, &recorder.through(ground.options(&name)), sizes, center, &watch).await?;
    let recorded_rows = store::rows(&own).await?;
    ensure!(recorded_rows == wanted, "the same bookings ended otherwise the second time");
    let recording = recorder.finish()?;
    own.close().await;
    ground.drop(&name).await?;

    let name = ground.database("booked_bare", Some(of)).await?;
    let own = ground.pool(&name, 3).await?;
    let between = (recorded.from, recorded.until);
    let bare =
        repeated::repeat(&own, &ground.options(&name), recording, between, AT_ONCE, &recorded_rows).await;
    own.close().await;
    ground.drop(&name).await?;
    let bookings = recorded.confirmed as f64;
    Ok(match bare {
        Ok(bare) => {
            figure.statements = Some(bare.counted.statements as f64 / bookings);
            figure.commits = Some(bare.counted.transactions as f64 / bookings);
            figure.against(BASELINE, Some(bookings / bare.took.as_secs_f64()))
        }
        Err(error) => {
            figure.note = Some(format!("{error:#}"));
            figure.against(BASELINE, None)
        }
    })
}

/// Books free hours, each for another patient, on connections of `through`; a few first, to warm up.
async fn book(
    own: &PgPool,
    through: &PgConnectOptions,
    sizes: &Sizes,
    center: CenterId,
    watch: &Stopwatch,
) -> anyhow::Result<Booked> {
    let warm_up = (sizes.bookings / 10).max(AT_ONCE);
    let count = warm_up + sizes.bookings;
    let now = Clock::system().now();
    let search = Search {
        center,
        appointment_type: store::service(own, center, None).await?,
        patient: None,
        doctor: None,
        window: Window::ANY,
        now,
        limit: count,
        except: Vec::new(),
        free_for: FreeFor::default(),
    };
    let slots: Vec<Slot> =
        Agenda::start(own.clone()).await?.search(&search).await?.iter().map(|offer| offer.slot).collect();
    let patients = store::patients(own, center, i64::try_from(count)?).await?;
    ensure!(
        slots.len() > warm_up && patients.len() > warm_up,
        "{} free hours and {} patients are too few for {count} bookings: raise --doctors and --patients, or lower --bookings",
        slots.len(),
        patients.len()
    );
    let work: Arc<[(Slot, PatientId)]> = slots.into_iter().zip(patients).collect();
    let max = u32::try_from(AT_ONCE)?;
    let pool =
        connect(through.clone(), PoolSettings { max, ..PoolSettings::default() }, &Clock::system()).await?;
    let booked = async {
        at_once(&pool, center, &work, 0..warm_up).await?;
        store::tidy(own).await?;
        let from = watch.elapsed();
        let done = at_once(&pool, center, &work, warm_up..work.len()).await?;
        let until = watch.elapsed();
        let confirmed = i64::try_from(done.len())?;
        let refused = i64::try_from(work.len() - warm_up)? - confirmed;
        anyhow::Ok(Booked { confirmed, refused, times: done, from, until })
    };
    let booked = booked.await;
    pool.close().await;
    booked
}

/// Answers the time of each booking that was confirmed.
async fn at_once(
    pool: &PgPool,
    center: CenterId,
    work: &Arc<[(Slot, PatientId)]>,
    places: std::ops::Range<usize>,
) -> anyhow::Result<Vec<Duration>> {
    let next = Arc::new(AtomicUsize::new(places.start));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (pool, work, next, end) = (pool.clone(), Arc::clone(work), Arc::clone(&next), places.end);
        running.spawn(async move {
            let mut times = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= end {
                    return anyhow::Ok(times);
                }
                let (slot, patient) = work[place];
                let watch = Stopwatch::start();
                if hold_and_confirm(&pool, center, slot, patient).await? {
                    times.push(watch.elapsed());
                }
            }
        });
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done??);
    }
    Ok(times)
}

async fn hold_and_confirm(
    pool: &PgPool,
    center: CenterId,
    slot: Slot,
    patient: PatientId,
) -> anyhow::Result<bool> {
    let request = HoldRequest {
        center,
        conversation: None,
        patient,
        slot,
        ttl: TimeDelta::minutes(10),
        instead_of: None,
        moving: None,
    };
    let mut tx = pool.begin().await?;
    let held = booking::hold(&mut tx, &request).await?;
    tx.commit().await?;
    let HoldOutcome::Held { appointment, .. } = held.outcome else { return Ok(false) };
    let request = ConfirmRequest {
        center,
        conversation: None,
        patient,
        slot,
        hold: Some(appointment),
        actor: Actor::Staff,
    };
    let mut tx = pool.begin().await?;
    let confirmed = booking::confirm(&mut tx, &request).await?;
    tx.commit().await?;
    Ok(matches!(confirmed.outcome, ConfirmOutcome::Confirmed(_)))
}

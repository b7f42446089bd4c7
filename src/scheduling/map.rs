//! The map of free hours: what makes search fast.
//!
//! Weekly schedules, absences and holidays of a centre are kept as its plan; each (professional, day) is a
//! bitmap of busy minutes in wall time. A search is bit operations over those. The map never decides, it
//! only offers: a hold looks again under the locks.
//!
//! Guarantees: what a commit changed is seen by every process soon after, whatever order commits and reads
//! come in: readers follow `map_changes` by transaction id up to the oldest one still running; a higher
//! version that was announced wins over an older one that a load in flight brings; repeats are harmless.
//! Loads run on the map's own pool, never inside a turn's transaction. A hold that dies frees its hour on the
//! map at that moment, swept or not.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use moka::sync::Cache;
use sqlx::PgPool;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::availability::free_starts;
use super::grid::{DayMask, MINUTES};
use super::known::{Known, MixIds, Versioned, announce, learn};
use super::plan::{Attendance, Plan, Professional, Service};
use super::ranking::{self, Candidate, Chooser, FreeDay};
use super::search::{Search, engaged, freed, midnight, wanted};
use super::slot::{Offer, Slot};
use super::store::map as store;
use super::wall;
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId};
use crate::telemetry::{Outage, chain};

/// How many days are loaded at once when the map does not know them yet.
const LOAD_DAYS: usize = 7;
/// Room for 2,000 professionals over 60 days.
const DAYS_KEPT: u64 = 150_000;
const PLANS_KEPT: u64 = 1_000;
/// A safety net below the announcements: nothing is believed for longer.
const BELIEVED_FOR: Duration = Duration::from_mins(30);

/// The agenda could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum AgendaError {
    /// There is no such centre.
    #[error("there is no centre {0}")]
    NoCenter(CenterId),
    /// The centre has no such prestación.
    #[error("centre {0} has no appointment type {1}")]
    NoType(CenterId, AppointmentTypeId),
    /// The centre's zone is not in the zone database.
    #[error(
        "the zone `{zone}` of centre {center} is not an IANA zone; set `centers.tz` to one, as in America/Santiago"
    )]
    BadZone {
        /// The centre.
        center: CenterId,
        /// What it says.
        zone: String,
    },
    /// The database failed.
    #[error("could not {doing}")]
    Store {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: sqlx::Error,
    },
}

/// The map. Clones share it.
#[derive(Clone)]
pub struct Agenda {
    inner: Arc<Inner>,
}

struct Inner {
    pool: PgPool,
    plans: Cache<CenterId, Known<Plan>>,
    days: Cache<(DoctorId, NaiveDate), Known<Busy>, MixIds>,
    horizon: AtomicI64,
    /// One load at a time: whoever waited finds what the other brought.
    loading: Mutex<()>,
    /// One reader of changes at a time, so that the horizon never goes back.
    following: Mutex<()>,
}

/// The busy minutes of one professional's day.
struct Busy {
    version: i64,
    minutes: DayMask,
    stale_at: Option<DateTime<Utc>>,
}

impl Versioned for Busy {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for Plan {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Agenda {
    /// An empty map that loads from `pool`, which should be its own (two connections are enough).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(pool: PgPool) -> Result<Self, AgendaError> {
        let mut conn = acquire(&pool).await?;
        let horizon = store::horizon(&mut conn).await?;
        drop(conn);
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                plans: Cache::builder().max_capacity(PLANS_KEPT).time_to_live(BELIEVED_FOR).build(),
                days: Cache::builder()
                    .max_capacity(DAYS_KEPT)
                    .time_to_live(BELIEVED_FOR)
                    .build_with_hasher(MixIds),
                horizon: AtomicI64::new(horizon),
                loading: Mutex::new(()),
                following: Mutex::new(()),
            }),
        })
    }

    /// The free hours that fit, in order of time; which ones is decided by rank.
    ///
    /// # Errors
    /// When the centre or the type is unknown, or something had to be loaded and the database failed.
    pub async fn search(&self, search: &Search) -> Result<Vec<Offer>, AgendaError> {
        let plan = self.plan(search.center, search.now).await?;
        let unknown = AgendaError::NoType(search.center, search.appointment_type);
        let service = plan.service(search.appointment_type).ok_or(unknown)?;
        let known = self.patient(search, &plan).await?;

        let here = wall::wall(plan.zone, search.now);
        let earliest =
            wall::wall(plan.zone, search.now + TimeDelta::minutes(i64::from(service.min_notice_min)));
        let earliest = search.window.not_before.map_or(earliest, |from| from.max(earliest));
        let last = here
            .date()
            .checked_add_days(Days::new(u64::from(service.max_horizon_days)))
            .unwrap_or(here.date());
        let last = search.window.last_day().map_or(last, |day| day.min(last));
        let days: Vec<NaiveDate> = earliest
            .date()
            .iter_days()
            .take_while(|day| *day <= last)
            .filter(|day| search.window.allows_day(*day))
            .collect();

        let mut chooser = Chooser::new(here, search.limit, search.window.soonest, search.patient);
        for (index, day) in days.iter().enumerate() {
            if chooser.is_settled(midnight(*day)) {
                break;
            }
            let wanted = wanted(&search.window, *day, earliest);
            let closed = plan.closed(*day);
            if wanted.is_empty() || closed.is_some_and(|closed| closed == DayMask::range(0, MINUTES)) {
                continue;
            }
            let attending: Vec<Attendance> =
                plan.attending(search.appointment_type, *day, search.doctor).collect();
            let mut busy: Vec<Option<DayMask>> =
                attending.iter().map(|who| self.known_day(&(who.doctor, *day), search.now)).collect();
            let missing = busy.iter().filter(|minutes| minutes.is_none()).count();
            count_found(busy.len() - missing, missing);
            if missing > 0 {
                // what is not known of this day is probably not known of the next ones either: one statement for all
                let ahead = &days[index..days.len().min(index + LOAD_DAYS)];
                let loaded = self.load_days(&plan, search, ahead).await?;
                for (who, minutes) in attending.iter().zip(&mut busy) {
                    *minutes = minutes.or_else(|| loaded.get(&(who.doctor, *day)).copied());
                }
            }
            let engaged = engaged(&known.engaged, *day);
            let free_of = |(who, busy): (&Attendance, Option<DayMask>)| {
                // a day that could not be read is not offered
                let busy = freed(busy?, &known.freed, who.doctor, *day);
                let closed = [closed, who.away, engaged].into_iter().flatten().reduce(|a, b| a | b);
                let mut starts = free_starts(who.grid & wanted, &busy, closed.as_ref(), who.visit);
                for slot in
                    search.except.iter().filter(|slot| slot.doctor == who.doctor && slot.day() == *day)
                {
                    starts.remove(slot.minute(), slot.minute() + 1);
                }
                let sector = plan.professional(who.doctor).and_then(|doctor| doctor.sector.as_deref());
                let other_sector =
                    known.sector.as_deref().zip(sector).is_some_and(|(own, other)| own != other);
                Some(FreeDay { doctor: who.doctor, starts, other_sector, load: busy.count() })
            };
            let free: Vec<FreeDay> = attending.iter().zip(busy).filter_map(free_of).collect();
            chooser.add_day(*day, &free);
        }
        let offer = |chosen: &Candidate| {
            let doctor = plan.professional(chosen.doctor);
            let sector = doctor.and_then(|doctor| doctor.sector.as_deref());
            Offer {
                slot: Slot {
                    doctor: chosen.doctor,
                    appointment_type: search.appointment_type,
                    start: chosen.start,
                },
                doctor_name: doctor.map(|doctor| doctor.full_name.clone()).unwrap_or_default(),
                why: ranking::why(chosen, here, sector, known.sector.as_deref()),
            }
        };
        Ok(chooser.choose().iter().map(offer).collect())
    }

    /// The prestaciones of a centre, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn services(&self, center: CenterId, now: DateTime<Utc>) -> Result<Vec<Service>, AgendaError> {
        Ok(self.plan(center, now).await?.services())
    }

    /// The active professionals of a centre, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals(
        &self,
        center: CenterId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Professional>, AgendaError> {
        Ok(self.plan(center, now).await?.professionals())
    }

    /// Who attends a prestación from now on, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals_of(
        &self,
        center: CenterId,
        kind: AppointmentTypeId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Professional>, AgendaError> {
        let plan = self.plan(center, now).await?;
        Ok(plan.professionals_of(kind, wall::wall(plan.zone, now).date()))
    }

    /// The zone of a centre.
    ///
    /// # Errors
    /// When the database fails or the zone is unknown.
    pub async fn zone(&self, center: CenterId, now: DateTime<Utc>) -> Result<chrono_tz::Tz, AgendaError> {
        Ok(self.plan(center, now).await?.zone)
    }

    /// Tells the map that a day changed; for this process, at once after its own commit.
    pub fn note_change(&self, doctor: DoctorId, day: NaiveDate, version: i64) {
        announce(&self.inner.days, (doctor, day), version);
    }

    /// Follows the changes of every process until `stop`.
    pub fn spawn_follow(&self, every: Duration, stop: CancellationToken) -> JoinHandle<()> {
        let agenda = self.clone();
        let outage = Outage::of("The list of the agenda's changes");
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    _ = ticks.tick() => {}
                }
                match agenda.follow_once().await {
                    Ok(_) => outage.works(),
                    // nothing is lost: the next reading begins where the last good one ended
                    Err(error) => {
                        outage.failed(&chain(&error));
                    }
                }
            }
        })
    }

    /// Reads the changes since the last time once; tests and replay step it by hand. Answers how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow_once(&self) -> Result<usize, AgendaError> {
        let _only_one = self.inner.following.lock().await;
        let mut conn = acquire(&self.inner.pool).await?;
        let (horizon, changes) =
            store::changes(&mut conn, self.inner.horizon.load(Ordering::Acquire)).await?;
        for change in &changes {
            match *change {
                store::Change::Day(doctor, day, version) => {
                    announce(&self.inner.days, (doctor, day), version);
                }
                store::Change::Center(center, version) => announce(&self.inner.plans, center, version),
            }
        }
        self.inner.horizon.store(horizon, Ordering::Release);
        Ok(changes.len())
    }

    async fn plan(&self, center: CenterId, now: DateTime<Utc>) -> Result<Arc<Plan>, AgendaError> {
        if let Some(Known::Value(plan)) = self.inner.plans.get(&center) {
            return Ok(plan);
        }
        let _only_one = self.inner.loading.lock().await;
        if let Some(Known::Value(plan)) = self.inner.plans.get(&center) {
            return Ok(plan);
        }
        metrics::counter!("smartsalud_agenda_loads_total", "what" => "plan").increment(1);
        // a day behind the centre's own, whatever its zone
        let since = (now - TimeDelta::days(1)).date_naive();
        let mut conn = acquire(&self.inner.pool).await?;
        let plan = Arc::new(Plan::new(store::plan(&mut conn, center, since).await?));
        learn(&self.inner.plans, center, Arc::clone(&plan));
        Ok(plan)
    }

    async fn patient(&self, search: &Search, plan: &Plan) -> Result<store::PatientRow, AgendaError> {
        let free: Vec<AppointmentId> =
            search.free_for.holds.iter().copied().chain(search.free_for.moving).collect();
        if search.patient.is_none() && free.is_empty() {
            return Ok(store::PatientRow::default());
        }
        let mut conn = acquire(&self.inner.pool).await?;
        store::patient(&mut conn, search.patient, &free, plan.zone, search.now).await
    }

    fn known_day(&self, key: &(DoctorId, NaiveDate), now: DateTime<Utc>) -> Option<DayMask> {
        match self.inner.days.get(key)? {
            Known::Value(busy) if busy.stale_at.is_none_or(|stale| now < stale) => Some(busy.minutes),
            Known::Value(_) | Known::Announced(_) => None,
        }
    }

    /// Reads what is not known of these days, in one statement.
    async fn load_days(
        &self,
        plan: &Plan,
        search: &Search,
        days: &[NaiveDate],
    ) -> Result<HashMap<(DoctorId, NaiveDate), DayMask>, AgendaError> {
        let _only_one = self.inner.loading.lock().await;
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        for day in days {
            for who in plan.attending(search.appointment_type, *day, search.doctor) {
                let key = (who.doctor, *day);
                match self.known_day(&key, search.now) {
                    Some(minutes) => {
                        found.insert(key, minutes);
                    }
                    // who has visits of two lengths is there twice in a row
                    None if missing.last() == Some(&key) => {}
                    None => missing.push(key),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        metrics::counter!("smartsalud_agenda_loads_total", "what" => "days").increment(1);
        let mut conn = acquire(&self.inner.pool).await?;
        for row in store::days(&mut conn, &missing, plan.zone, search.now).await? {
            found.insert((row.doctor, row.day), row.busy);
            let busy = Busy { version: row.version, minutes: row.busy, stale_at: row.stale_at };
            learn(&self.inner.days, (row.doctor, row.day), Arc::new(busy));
        }
        Ok(found)
    }
}

async fn acquire(pool: &PgPool) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, AgendaError> {
    pool.acquire()
        .await
        .map_err(|source| AgendaError::Store { doing: "reach the database for the agenda", source })
}

fn count_found(hits: usize, misses: usize) {
    metrics::counter!("smartsalud_agenda_days_total", "found" => "hit").increment(hits as u64);
    metrics::counter!("smartsalud_agenda_days_total", "found" => "miss").increment(misses as u64);
}

//! The map of free hours: what makes search fast.
//!
//! Weekly schedules, absences and holidays of a centre are kept as its plan; each (professional, day) is a
//! bitmap of busy minutes in wall time. A search is bit operations over those. The map never decides, it
//! only offers: a hold looks again under the locks.
//!
//! Guarantees: what a commit changed is seen by every process soon after, whatever order commits and reads
//! come in: readers follow `map_changes` by transaction id up to the oldest one still running; a higher
//! version that was announced wins over an older one that a load in flight brings; repeats are harmless.
//! Loads run on the map's own pool, never inside a turn's transaction.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::slot::{Offer, Slot};
use crate::id::{AppointmentId, AppointmentTypeId, CenterId, DoctorId, PatientId};
use crate::value::Window;

/// What to look for.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where.
    pub center: CenterId,
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// For whom: their own sector ranks first, and hours at which they already have something are left out.
    pub patient: Option<PatientId>,
    /// With whom; none: anybody who does this.
    pub doctor: Option<DoctorId>,
    /// When.
    pub window: Window,
    /// The time now.
    pub now: DateTime<Utc>,
    /// How many hours at most.
    pub limit: usize,
    /// Hours not to offer: refused, or already shown.
    pub except: Vec<Slot>,
    /// What counts as free although it is taken.
    pub free_for: FreeFor,
}

/// A conversation's own holds, and the booking that is being moved: not in their own way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreeFor {
    /// Holds of this conversation.
    pub holds: Vec<AppointmentId>,
    /// The booking being moved.
    pub moving: Option<AppointmentId>,
}

/// A prestación of a centre, as patients choose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its row.
    pub id: AppointmentTypeId,
    /// The centre's key for it.
    pub code: String,
    /// Its name.
    pub name: String,
    /// How patients call it.
    pub patient_words: Vec<String>,
    /// How long a visit takes.
    pub duration_min: u16,
    /// How much notice it needs, in minutes.
    pub min_notice_min: u32,
    /// How far ahead it can be booked, in days.
    pub max_horizon_days: u32,
    /// Whether patients may book it themselves.
    pub bookable: bool,
}

/// A professional of a centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Professional {
    /// Its row.
    pub id: DoctorId,
    /// The name as patients read it.
    pub full_name: String,
    /// matrona, médica, dentista …
    pub profession: String,
    /// The sector attended; none: every sector.
    pub sector: Option<String>,
}

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
    #[error("the zone `{zone}` of centre {center} is not an IANA zone; set `centers.tz` to one, as in America/Santiago")]
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
}

impl Agenda {
    /// An empty map that loads from `pool`, which should be its own (two connections are enough).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start(pool: PgPool) -> Result<Self, AgendaError> {
        todo!()
    }

    /// The free hours that fit, in order of time; which ones is decided by rank.
    ///
    /// # Errors
    /// When the centre or the type is unknown, or something had to be loaded and the database failed.
    pub async fn search(&self, search: &Search) -> Result<Vec<Offer>, AgendaError> {
        todo!()
    }

    /// The prestaciones of a centre, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn services(&self, center: CenterId) -> Result<Vec<Service>, AgendaError> {
        todo!()
    }

    /// The active professionals of a centre, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn professionals(&self, center: CenterId) -> Result<Vec<Professional>, AgendaError> {
        todo!()
    }

    /// The zone of a centre.
    ///
    /// # Errors
    /// When the database fails or the zone is unknown.
    pub async fn zone(&self, center: CenterId) -> Result<chrono_tz::Tz, AgendaError> {
        todo!()
    }

    /// Tells the map that a day changed; for this process, at once after its own commit.
    pub fn note_change(&self, doctor: DoctorId, day: NaiveDate, version: i64) {
        todo!()
    }

    /// Follows the changes of every process until `stop`.
    pub fn spawn_follow(&self, every: Duration, stop: CancellationToken) -> JoinHandle<()> {
        todo!()
    }

    /// Reads the changes since the last time once; tests and replay step it by hand.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn follow_once(&self) -> Result<usize, AgendaError> {
        todo!()
    }
}

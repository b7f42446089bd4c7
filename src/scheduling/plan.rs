//! A centre's plan: who attends what on which days, as the map keeps it in memory.
//!
//! Built once for each version of the centre's agenda; the minutes at which visits may begin are laid out as
//! bitmaps here, so that a search only intersects them with what is busy.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use super::absence::Absence;
use super::grid::{DayMask, MINUTES};
use super::schedule::{Visit, WeeklyBlock};
use super::wall;
use crate::id::{AppointmentTypeId, CenterId, DoctorId};

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
    /// How long a visit takes, and what it leaves behind.
    pub visit: Visit,
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

/// What was read of a centre.
#[derive(Debug)]
pub struct Read {
    /// The centre.
    pub center: CenterId,
    /// `centers.agenda_version`.
    pub version: i64,
    /// Its zone.
    pub zone: Tz,
    /// All of its prestaciones.
    pub services: Vec<Service>,
    /// Its active professionals, and those who attend here from elsewhere.
    pub professionals: Vec<Professional>,
    /// Their weekly blocks here.
    pub blocks: Vec<WeeklyBlock>,
    /// Absences: of one professional, or of the whole centre.
    pub absences: Vec<(Option<DoctorId>, Absence)>,
    /// Its holidays.
    pub holidays: Vec<NaiveDate>,
}

/// Who attends what and when at one centre.
#[derive(Debug)]
pub struct Plan {
    /// The centre.
    pub center: CenterId,
    /// `centers.agenda_version` when it was read.
    pub version: i64,
    /// The centre's zone.
    pub zone: Tz,
    services: HashMap<AppointmentTypeId, Service>,
    professionals: HashMap<DoctorId, Professional>,
    weeks: HashMap<AppointmentTypeId, Vec<Week>>,
    absences: HashMap<Option<DoctorId>, Vec<Absence>>,
    holidays: HashSet<NaiveDate>,
}

/// One professional's week for one prestación.
#[derive(Debug)]
struct Week {
    doctor: DoctorId,
    days: [Vec<(WeeklyBlock, DayMask)>; 7],
}

/// One professional who attends on a day, with the minutes at which a visit may begin.
#[derive(Debug, Clone)]
pub struct Attendance {
    /// Who.
    pub doctor: DoctorId,
    /// When visits may begin.
    pub grid: DayMask,
    /// When this professional alone is away.
    pub away: Option<DayMask>,
}

impl Plan {
    /// Lays out what was read.
    pub fn new(read: Read) -> Self {
        let services: HashMap<_, _> =
            read.services.into_iter().map(|service| (service.id, service)).collect();
        let mut weeks: HashMap<AppointmentTypeId, HashMap<DoctorId, Week>> = HashMap::new();
        for block in read.blocks {
            let Some(service) = services.get(&block.appointment_type) else { continue };
            let week = weeks.entry(block.appointment_type).or_default().entry(block.doctor);
            let week = week.or_insert_with(|| Week { doctor: block.doctor, days: Default::default() });
            let grid = block.starts(service.visit.duration).collect();
            if let Some(day) = week.days.get_mut(usize::from(block.weekday).wrapping_sub(1)) {
                day.push((block, grid));
            }
        }
        let mut absences: HashMap<Option<DoctorId>, Vec<Absence>> = HashMap::new();
        for (doctor, absence) in read.absences {
            absences.entry(doctor).or_default().push(absence);
        }
        let in_order = |weeks: HashMap<DoctorId, Week>| {
            let mut weeks: Vec<Week> = weeks.into_values().collect();
            weeks.sort_by_key(|week| week.doctor);
            weeks
        };
        Self {
            center: read.center,
            version: read.version,
            zone: read.zone,
            professionals: read.professionals.into_iter().map(|doctor| (doctor.id, doctor)).collect(),
            weeks: weeks.into_iter().map(|(kind, weeks)| (kind, in_order(weeks))).collect(),
            services,
            absences,
            holidays: read.holidays.into_iter().collect(),
        }
    }

    /// A prestación of the centre.
    pub fn service(&self, id: AppointmentTypeId) -> Option<&Service> {
        self.services.get(&id)
    }

    /// All prestaciones, by name.
    pub fn services(&self) -> Vec<Service> {
        let mut services: Vec<Service> = self.services.values().cloned().collect();
        services.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        services
    }

    /// A professional who attends here.
    pub fn professional(&self, id: DoctorId) -> Option<&Professional> {
        self.professionals.get(&id)
    }

    /// All who attend here, by name.
    pub fn professionals(&self) -> Vec<Professional> {
        let mut all: Vec<Professional> = self.professionals.values().cloned().collect();
        all.sort_by(|a, b| a.full_name.cmp(&b.full_name).then(a.id.cmp(&b.id)));
        all
    }

    /// Who attends a prestación on this day or later, by name.
    pub fn professionals_of(&self, kind: AppointmentTypeId, from: NaiveDate) -> Vec<Professional> {
        let weeks = self.weeks.get(&kind).into_iter().flatten();
        let still = |week: &&Week| {
            let mut blocks = week.days.iter().flatten();
            blocks.any(|(block, _)| block.valid_until.is_none_or(|until| from < until))
        };
        let mut who: Vec<Professional> =
            weeks.filter(still).filter_map(|week| self.professionals.get(&week.doctor)).cloned().collect();
        who.sort_by(|a, b| a.full_name.cmp(&b.full_name).then(a.id.cmp(&b.id)));
        who
    }

    /// The minutes of the day in which the whole centre attends nobody; none when it is open.
    pub fn closed(&self, day: NaiveDate) -> Option<DayMask> {
        if self.holidays.contains(&day) {
            return Some(DayMask::range(0, MINUTES));
        }
        let away = self.away(None, day);
        match (away, wall::odd_minutes(self.zone, day)) {
            (Some(away), Some(odd)) => Some(away | odd),
            (away, odd) => away.or(odd),
        }
    }

    /// Who attends this prestación on this day; `only` narrows it to one professional.
    pub fn attending(
        &self,
        kind: AppointmentTypeId,
        day: NaiveDate,
        only: Option<DoctorId>,
    ) -> impl Iterator<Item = Attendance> {
        let weekday = day.weekday().num_days_from_monday() as usize;
        self.weeks.get(&kind).into_iter().flatten().filter_map(move |week| {
            if only.is_some_and(|only| only != week.doctor) || !self.professionals.contains_key(&week.doctor)
            {
                return None;
            }
            let blocks = week.days[weekday].iter().filter(|(block, _)| block.valid_on(day));
            let grid = blocks.fold(DayMask::NONE, |grid, (_, starts)| grid | *starts);
            if grid.is_empty() {
                return None;
            }
            Some(Attendance { doctor: week.doctor, grid, away: self.away(Some(week.doctor), day) })
        })
    }

    fn away(&self, doctor: Option<DoctorId>, day: NaiveDate) -> Option<DayMask> {
        let parts = self.absences.get(&doctor)?.iter().filter_map(|absence| absence.on(day));
        parts.map(|(start, end)| DayMask::range(start, end)).reduce(|a, b| a | b)
    }
}

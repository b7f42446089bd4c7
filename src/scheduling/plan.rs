//! A centre's plan: who attends what on which days, as the map keeps it in memory.
//!
//! Built once for each version of the centre's agenda; the minutes at which visits may begin are laid out as
//! bitmaps here, so that a search only intersects them with what is busy.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use super::absence::Absence;
use super::grid::{DayMask, MINUTES};
use super::schedule::{Exception, Visit, WeeklyBlock, starts};
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
    /// Days that are not as the week says.
    pub exceptions: Vec<Exception>,
    /// Its holidays, and the minute of the day until which it attends all the same.
    pub holidays: Vec<(NaiveDate, u16)>,
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
    /// Where a day closes the weekly agenda of everybody (a holiday, an exception), and of one professional.
    shut: HashMap<NaiveDate, DayMask>,
    shut_of: HashMap<(DoctorId, NaiveDate), DayMask>,
}

/// One professional's week for one prestación, and the days that were opened besides.
#[derive(Debug)]
struct Week {
    doctor: DoctorId,
    days: [Vec<(WeeklyBlock, Laid)>; 7],
    opened: HashMap<NaiveDate, Vec<Laid>>,
}

/// The minutes at which a visit of one length may begin.
#[derive(Debug, Clone, Copy)]
struct Laid {
    visit: Visit,
    grid: DayMask,
}

/// One professional who attends on a day, with the minutes at which a visit may begin. Who takes longer in the afternoon
/// than in the morning is there twice.
#[derive(Debug, Clone)]
pub struct Attendance {
    /// Who.
    pub doctor: DoctorId,
    /// What a visit takes.
    pub visit: Visit,
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
        let mut week_of =
            |kind: AppointmentTypeId, doctor: DoctorId, lay: &mut dyn FnMut(&mut Week, Visit)| {
                let Some(service) = services.get(&kind) else { return };
                let week = weeks.entry(kind).or_default().entry(doctor).or_insert_with(|| Week {
                    doctor,
                    days: Default::default(),
                    opened: HashMap::new(),
                });
                lay(week, service.visit);
            };
        let laid = |(start, end, step), visit: Visit, own: Option<u16>| {
            let visit = Visit { duration: own.unwrap_or(visit.duration), ..visit };
            Laid { visit, grid: starts(start, end, step, visit.duration).collect() }
        };
        for block in read.blocks {
            week_of(block.appointment_type, block.doctor, &mut |week, visit| {
                if let Some(day) = week.days.get_mut(usize::from(block.weekday).wrapping_sub(1)) {
                    day.push((block, laid((block.start, block.end, block.step), visit, block.duration)));
                }
            });
        }
        let mut shut: HashMap<NaiveDate, DayMask> = HashMap::new();
        let mut shut_of: HashMap<(DoctorId, NaiveDate), DayMask> = HashMap::new();
        for Exception { doctor, day, start, end, opens } in read.exceptions {
            match (opens, doctor) {
                (Some(opened), Some(doctor)) => {
                    week_of(opened.appointment_type, doctor, &mut |week, visit| {
                        let grid = laid((start, end, opened.step), visit, opened.duration);
                        week.opened.entry(day).or_default().push(grid);
                    });
                }
                // a whole centre can only close
                (Some(_), None) => {}
                (None, Some(doctor)) => {
                    shut_of.entry((doctor, day)).or_insert(DayMask::NONE).insert(start, end);
                }
                (None, None) => shut.entry(day).or_insert(DayMask::NONE).insert(start, end),
            }
        }
        for (day, until) in read.holidays {
            shut.entry(day).or_insert(DayMask::NONE).insert(until, MINUTES);
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
            shut,
            shut_of,
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
                || week.opened.keys().any(|day| *day >= from)
        };
        let mut who: Vec<Professional> =
            weeks.filter(still).filter_map(|week| self.professionals.get(&week.doctor)).cloned().collect();
        who.sort_by(|a, b| a.full_name.cmp(&b.full_name).then(a.id.cmp(&b.id)));
        who
    }

    /// The minutes of the day in which the whole centre attends nobody, whatever its agenda says: it is away, or the
    /// clock changes. None on an ordinary day. What a holiday closes may have been opened, so it is not here.
    pub fn closed(&self, day: NaiveDate) -> Option<DayMask> {
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
        let shut_for_all = self.shut.get(&day).copied();
        self.weeks.get(&kind).into_iter().flatten().flat_map(move |week| {
            let asked = only.is_none_or(|only| only == week.doctor);
            let mut found = Attending { first: None, more: Vec::new() };
            if !asked || !self.professionals.contains_key(&week.doctor) {
                return found.into_iter();
            }
            let own =
                if self.shut_of.is_empty() { None } else { self.shut_of.get(&(week.doctor, day)).copied() };
            let shut = [shut_for_all, own].into_iter().flatten().reduce(|a, b| a | b);
            let weekly = week.days[weekday].iter().filter(|(block, _)| block.valid_on(day));
            for (_, laid) in weekly {
                let grid = match shut {
                    Some(shut) => laid.grid & (!shut).runs(laid.visit.duration),
                    None => laid.grid,
                };
                found.add(Laid { grid, ..*laid });
            }
            if !week.opened.is_empty() {
                week.opened.get(&day).into_iter().flatten().for_each(|laid| found.add(*laid));
            }
            if found.first.is_some() {
                let away = self.away(Some(week.doctor), day);
                found.tell(week.doctor, away);
            }
            found.into_iter()
        })
    }

    fn away(&self, doctor: Option<DoctorId>, day: NaiveDate) -> Option<DayMask> {
        let parts = self.absences.get(&doctor)?.iter().filter_map(|absence| absence.on(day));
        parts.map(|(start, end)| DayMask::range(start, end)).reduce(|a, b| a | b)
    }
}

/// One professional's blocks of a day, joined by the length of their visits; nearly always there is one.
struct Attending {
    first: Option<Attendance>,
    more: Vec<Attendance>,
}

impl Attending {
    fn add(&mut self, laid: Laid) {
        if laid.grid.is_empty() {
            return;
        }
        let mut known = self.first.iter_mut().chain(&mut self.more);
        match known.find(|known| known.visit == laid.visit) {
            Some(known) => known.grid = known.grid | laid.grid,
            None => {
                let new = Attendance { doctor: DoctorId(0), visit: laid.visit, grid: laid.grid, away: None };
                if self.first.is_none() { self.first = Some(new) } else { self.more.push(new) }
            }
        }
    }

    fn tell(&mut self, doctor: DoctorId, away: Option<DayMask>) {
        for known in self.first.iter_mut().chain(&mut self.more) {
            (known.doctor, known.away) = (doctor, away);
        }
    }

    fn into_iter(self) -> impl Iterator<Item = Attendance> {
        self.first.into_iter().chain(self.more)
    }
}

//! Which of the free hours to offer.
//!
//! Sooner is better; an hour with another sector's team weighs as much as two days of waiting (unless the
//! patient wants the soonest whatever it is). Each moment is offered once, with the best professional: own
//! sector, then the emptier day, then by a hash of the patient, so that in a rush not everybody is sent to
//! the same door. Only when moments run out does a second professional at the same moment appear.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::grid::DayMask;
use crate::id::{DoctorId, PatientId};

/// What an hour outside the patient's own sector costs, in minutes of waiting.
pub const OTHER_SECTOR: i64 = 2 * 24 * 60;

/// A free hour with what its rank depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// When it begins, wall time.
    pub start: NaiveDateTime,
    /// With whom.
    pub doctor: DoctorId,
    /// Whether it belongs to a team that is not the patient's.
    pub other_sector: bool,
    /// How many minutes of that day the professional is already busy.
    pub load: u32,
}

/// One professional's day: the minutes at which a visit may begin.
#[derive(Debug, Clone, Copy)]
pub struct FreeDay {
    /// Who.
    pub doctor: DoctorId,
    /// When.
    pub starts: DayMask,
    /// Whether it belongs to a team that is not the patient's.
    pub other_sector: bool,
    /// How many minutes of that day the professional is already busy.
    pub load: u32,
}

/// Collects candidates day by day and knows when later days cannot improve the choice.
#[derive(Debug)]
pub struct Chooser {
    from: NaiveDateTime,
    limit: usize,
    soonest: bool,
    patient: Option<PatientId>,
    candidates: Vec<Candidate>,
}

impl Chooser {
    /// Chooses `limit` hours counted from `from`; with `soonest`, whatever the sector.
    pub fn new(from: NaiveDateTime, limit: usize, soonest: bool, patient: Option<PatientId>) -> Self {
        Self { from, limit, soonest, patient, candidates: Vec::new() }
    }

    /// Adds a day. Of each team only the first moments that could be chosen are laid out, and of each moment only
    /// the professionals that could: the union of all bitmaps says which moments those are.
    pub fn add_day(&mut self, day: NaiveDate, free: &[FreeDay]) {
        for other_sector in [false, true] {
            let team = || free.iter().filter(|free| free.other_sector == other_sector);
            let any = team().fold(DayMask::NONE, |any, free| any | free.starts);
            for minute in any.minutes().take(self.limit) {
                let start = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minute));
                let here = team().filter(|free| free.starts.contains(minute));
                let mut doctors: Vec<&FreeDay> = here.collect();
                if doctors.len() > self.limit {
                    doctors.sort_by_cached_key(|free| (free.load, self.draw(free.doctor)));
                    doctors.truncate(self.limit);
                }
                let candidate =
                    |free: &FreeDay| Candidate { start, doctor: free.doctor, other_sector, load: free.load };
                self.candidates.extend(doctors.into_iter().map(candidate));
            }
        }
    }

    /// Whether nothing that begins at `from` or later can be among the chosen.
    pub fn is_settled(&mut self, from: NaiveDateTime) -> bool {
        if self.candidates.len() < self.limit {
            return false;
        }
        self.sort();
        let later = (from - self.from).num_minutes();
        let sure = self.candidates.iter().take_while(|candidate| self.cost(candidate) <= later);
        let moments: HashSet<NaiveDateTime> = sure.map(|candidate| candidate.start).collect();
        moments.len() >= self.limit
    }

    /// The best, in order of time.
    pub fn choose(mut self) -> Vec<Candidate> {
        self.sort();
        let mut seen = HashSet::new();
        let (first, second): (Vec<Candidate>, Vec<Candidate>) =
            self.candidates.iter().partition(|candidate| seen.insert(candidate.start));
        let mut chosen: Vec<Candidate> = first.into_iter().chain(second).take(self.limit).collect();
        chosen.sort_by_key(|candidate| {
            (candidate.start, self.cost(candidate), candidate.load, self.draw(candidate.doctor))
        });
        chosen
    }

    fn sort(&mut self) {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.sort_by_cached_key(|candidate| {
            (self.cost(candidate), candidate.start, candidate.load, self.draw(candidate.doctor))
        });
        self.candidates = candidates;
    }

    fn cost(&self, candidate: &Candidate) -> i64 {
        let waiting = (candidate.start - self.from).num_minutes();
        if candidate.other_sector && !self.soonest { waiting + OTHER_SECTOR } else { waiting }
    }

    /// A number that differs from patient to patient, and is always the same for one (FNV-1a).
    fn draw(&self, doctor: DoctorId) -> (u64, DoctorId) {
        let patient = self.patient.map_or(0, |patient| patient.0);
        let bytes = patient.to_le_bytes().into_iter().chain(doctor.0.to_le_bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash, doctor)
    }
}

/// Why an hour was offered, in a few words for traces and staff.
pub fn why(candidate: &Candidate, from: NaiveDateTime, sector: Option<&str>, own: Option<&str>) -> String {
    let waiting = candidate.start - from;
    let when = match waiting.num_days() {
        _ if waiting < TimeDelta::hours(1) => format!("en {} min", waiting.num_minutes()),
        0 => format!("en {} h", waiting.num_hours()),
        1 => "en 1 día".to_owned(),
        days => format!("en {days} días"),
    };
    let team = match (own, sector) {
        (Some(own), Some(sector)) if own == sector => format!("su sector ({sector})"),
        (Some(_), Some(sector)) => format!("otro sector ({sector})"),
        (_, None) => "atiende a todos los sectores".to_owned(),
        (None, Some(sector)) => format!("sector {sector}"),
    };
    format!("{when}; {team}; {} min ocupados ese día", candidate.load)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> NaiveDateTime {
        "2026-11-25T09:00:00".parse::<NaiveDateTime>().unwrap() + TimeDelta::minutes(minutes)
    }

    fn candidate(minutes: i64, doctor: i64, other_sector: bool) -> Candidate {
        Candidate { start: at(minutes), doctor: DoctorId(doctor), other_sector, load: 0 }
    }

    fn add(chooser: &mut Chooser, candidates: &[Candidate]) {
        let days: std::collections::BTreeSet<NaiveDate> =
            candidates.iter().map(|candidate| candidate.start.date()).collect();
        for day in days {
            let of_day = candidates.iter().filter(|candidate| candidate.start.date() == day);
            let free: Vec<FreeDay> = of_day
                .map(|candidate| {
                    let minute =
                        u16::try_from((candidate.start - day.and_time(NaiveTime::MIN)).num_minutes())
                            .unwrap();
                    let Candidate { doctor, other_sector, load, .. } = *candidate;
                    FreeDay { doctor, starts: DayMask::range(minute, minute + 1), other_sector, load }
                })
                .collect();
            chooser.add_day(day, &free);
        }
    }

    fn choose(limit: usize, soonest: bool, candidates: &[Candidate]) -> Vec<(i64, i64)> {
        let mut chooser = Chooser::new(at(0), limit, soonest, None);
        add(&mut chooser, candidates);
        chooser
            .choose()
            .iter()
            .map(|chosen| ((chosen.start - at(0)).num_minutes(), chosen.doctor.0))
            .collect()
    }

    #[test]
    fn own_sector_comes_first_unless_two_days_would_be_lost() {
        let hours = [candidate(60, 1, true), candidate(1440, 2, false), candidate(4000, 3, false)];
        assert_eq!(choose(1, false, &hours), [(1440, 2)]);
        assert_eq!(
            choose(2, false, &hours),
            [(60, 1), (1440, 2)],
            "60 + 2 days is sooner than 4,000 minutes"
        );
        assert_eq!(choose(1, true, &hours), [(60, 1)], "the soonest, whoever it is");
    }

    #[test]
    fn a_moment_is_offered_once_while_there_are_others() {
        let hours = [candidate(60, 1, false), candidate(60, 2, false), candidate(90, 1, false)];
        assert_eq!(
            choose(2, false, &hours).iter().map(|(minutes, _)| *minutes).collect::<Vec<_>>(),
            [60, 90]
        );
        assert_eq!(choose(3, false, &hours).len(), 3);
    }

    #[test]
    fn the_emptier_day_is_filled_first() {
        let busy = Candidate { load: 300, ..candidate(60, 1, false) };
        assert_eq!(choose(1, false, &[busy, candidate(60, 2, false)]), [(60, 2)]);
    }

    #[test]
    fn patients_are_spread_over_the_doors_that_are_free_at_once() {
        let first = |patient| {
            let mut chooser = Chooser::new(at(0), 1, false, Some(PatientId(patient)));
            add(&mut chooser, &(1..=8).map(|doctor| candidate(60, doctor, false)).collect::<Vec<_>>());
            chooser.choose()[0].doctor
        };
        let doors: HashSet<_> = (0..40).map(first).collect();
        assert!(doors.len() >= 4, "{doors:?}");
        assert_eq!(first(7), first(7));
    }

    #[test]
    fn later_days_are_not_looked_at_once_they_cannot_win() {
        let mut chooser = Chooser::new(at(0), 2, false, None);
        add(&mut chooser, &[candidate(60, 1, false)]);
        add(&mut chooser, &[candidate(60, 2, false)]);
        assert!(!chooser.is_settled(at(900)), "one moment only");
        add(&mut chooser, &[candidate(90, 1, true)]);
        assert!(!chooser.is_settled(at(900)), "an own-sector hour tomorrow is better than 90 elsewhere");
        assert!(chooser.is_settled(at(90 + OTHER_SECTOR)));
    }
}

//! What came of a fixture that was played: its turns, how it ended, and what it wrote down for nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::replay::agenda::Entry;
use crate::replay::expectation::Difference;
use crate::replay::fixture::{Fixture, Item, Place, Take};
use crate::replay::observed::Observed;

/// A turn that was played.
#[derive(Debug)]
pub struct PlayedTurn {
    /// Its number, from 1.
    pub number: usize,
    /// Its line in the file.
    pub line: u64,
    /// The file, when it is not the fixture's own.
    pub file: Option<Arc<str>>,
    /// Which of several it was, when the fixture or the turn has cases: `case 2 of 5`.
    pub case: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, as a person would tell it.
    pub story: String,
    /// What came of it.
    pub observed: Observed,
    /// Where it differs from what was expected.
    pub differences: Vec<Difference>,
}

/// A fixture that was played.
#[derive(Debug, Default)]
pub struct Played {
    /// Its turns, up to the first that failed (or all).
    pub turns: Vec<PlayedTurn>,
    /// What is wrong at the end, with the line of `end:`; of a table, in all its rows.
    pub end: Option<(u64, Vec<Difference>)>,
    /// Turns that were not played because one failed.
    pub skipped: usize,
    /// What the fixture writes down and nothing had to do with.
    pub unused: Vec<Unused>,
}

/// An entry of a fixture that decides nothing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Its line.
    pub line: u64,
    /// What it is, in words.
    pub what: String,
}

impl Played {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.unused.is_empty()
            && self.turns.iter().all(|turn| turn.differences.is_empty())
            && self.end.as_ref().is_none_or(|(_, differences)| differences.is_empty())
    }
}

impl Played {
    /// Adds what another take of the fixture came to.
    pub(super) fn add(&mut self, mut played: Self, take: &Take, fixture: &Fixture) {
        self.turns.append(&mut played.turns);
        self.skipped += played.skipped;
        let Some((line, mut differences)) = played.end else { return };
        if let Some(row) = row_of(fixture, take) {
            differences.iter_mut().for_each(|one| one.what = format!("{row}: {}", one.what));
        }
        self.end.get_or_insert_with(|| (line, Vec::new())).1.append(&mut differences);
    }
}

/// What a fixture itself writes down and nothing had to do with, by its line. What a named world or a borrowed
/// beginning has may serve others.
pub(super) fn unused(fixture: &Fixture, unmet: &BTreeSet<Entry>) -> Vec<Unused> {
    if fixture.talk.iter().any(|item| item.value.file.is_some()) {
        return Vec::new();
    }
    let world = match &fixture.center.value {
        Place::Inline(world) => Some(&**world),
        Place::Named(_) => None,
    };
    let booked = |place: usize| match place.checked_sub(fixture.before) {
        Some(own) => fixture.booked.get(own),
        None => world.and_then(|world| world.booked.get(place)),
    };
    let entry = |entry: &Entry| {
        let (line, what) = match *entry {
            Entry::Booked(place) => (booked(place)?.referenced.line(), "this hour".to_owned()),
            Entry::Patient(place) => {
                let person = world?.patients.get(place)?;
                (person.referenced.line(), format!("the patient {}", person.value.name))
            }
            Entry::Type(place) => {
                let kind = world?.types.get(place)?;
                (kind.referenced.line(), format!("the type {}", kind.value.name))
            }
            Entry::Professional(place) => {
                let one = world?.professionals.get(place)?;
                (one.referenced.line(), format!("the professional {}", one.value.name))
            }
            Entry::DayOff(place) => {
                let day = world?.days_off.get(place)?;
                (day.referenced.line(), format!("the day off {}", day.value))
            }
            Entry::Away(who, place) => {
                let one = &world?.professionals.get(who)?.value;
                let day = one.off.get(place)?;
                (day.referenced.line(), format!("the day off {} of {}", day.value, one.name))
            }
        };
        Some(Unused { line, what })
    };
    unmet.iter().filter_map(entry).collect()
}

/// The row of a table that a take plays.
fn row_of(fixture: &Fixture, take: &Take) -> Option<String> {
    let row = take.row?;
    let names: Vec<String> = take.names.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    Some(format!("row {} of {} ({})", row + 1, fixture.cases.len(), names.join(", ")))
}

/// How a turn is told apart from the same one in another take.
pub(super) fn case_of(fixture: &Fixture, take: &Take, item: &Item, case: usize) -> Option<String> {
    let row = row_of(fixture, take);
    let case = item.cases.as_ref().map(|cases| format!("case {} of {}", case + 1, cases.len()));
    match (row, case) {
        (Some(row), Some(case)) => Some(format!("{row}, {case}")),
        (row, case) => row.or(case),
    }
}

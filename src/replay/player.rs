//! Plays a fixture on a stage, turn by turn, until one differs from what was expected.

mod happenings;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};

use happenings::happenings;

use super::agenda::Agenda;
use super::deploy::Flows;
use super::expectation::{self, Difference};
use super::fixture::{BadFixture, Fixture, Item, Place, Sent, Take, Wanted};
use super::observed::Observed;
use super::stage::{CoreStage, Faults, Stage, StageError};
use super::world::World;
use crate::conversation::need::OK;
use crate::conversation::state::State;
use crate::value::Phone;

pub use happenings::option;

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
#[derive(Debug)]
pub struct Played {
    /// Its turns, up to the first that failed (or all).
    pub turns: Vec<PlayedTurn>,
    /// What is wrong at the end, with the line of `end:`; for each row of a table, the first that is wrong.
    pub end: Option<(u64, Vec<Difference>)>,
    /// Turns that were not played because one failed.
    pub skipped: usize,
    /// Hours in `booked:` with which nothing had to do, by their line.
    pub unused: Vec<u64>,
}

impl Played {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.unused.is_empty()
            && self.turns.iter().all(|turn| turn.differences.is_empty())
            && self.end.as_ref().is_none_or(|(_, differences)| differences.is_empty())
    }
}

/// How far to play.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Not past this turn.
    pub until: Option<usize>,
    /// Past turns that fail, too.
    pub all: bool,
}

/// A fixture with its world.
pub struct Scene {
    /// The fixture.
    pub fixture: Fixture,
    /// The agenda at its start.
    pub agenda: Agenda,
    /// The wall time at its start.
    pub clock: NaiveDateTime,
}

/// Sets the scene of a fixture; `find` gives the path and source of a world or fixture that it names.
///
/// # Errors
/// When the fixture or its world is not sound, or they do not fit.
pub fn scene(
    file: &str,
    source: &str,
    find: impl Fn(Wanted<'_>) -> Result<(String, String), String>,
) -> Result<Scene, BadFixture> {
    let mut fixture = super::fixture::parse_with(file, source, &find)?;
    let head = fixture.head.clone();
    let file = head.as_str();
    let world = match &fixture.center.value {
        Place::Named(name) => {
            let (path, text) = find(Wanted::World(name))
                .map_err(|message| BadFixture::at(file, &fixture.center, message))?;
            World::shared(&path, &text)?
        }
        Place::Inline(world) => {
            world.check(file)?;
            Arc::new((**world).clone())
        }
    };
    let wrong = |message: String| BadFixture::at(file, &fixture.center, message);
    let phone: Phone =
        fixture.patient.phone.parse().map_err(|error| wrong(format!("patient.phone: {error}")))?;
    let owners: Vec<_> = world
        .patients
        .iter()
        .map(|person| &person.value)
        .filter(|person| {
            person.phones.iter().any(|known| known.parse::<Phone>().ok().as_ref() == Some(&phone))
        })
        .collect();
    let known = |name: &Option<String>, run: &Option<String>| {
        owners.iter().any(|person| {
            name.as_ref().is_none_or(|name| *name == person.name)
                && run.as_ref().is_none_or(|run| *run == person.run)
        })
    };
    if !owners.is_empty() && !known(&fixture.patient.name, &fixture.patient.run) {
        return Err(wrong("patient: the world registers this phone with somebody else".to_owned()));
    }
    fixture.before = world.booked.len();
    let mut agenda = Agenda::new(world, Some(phone));
    for booking in &fixture.booked {
        agenda.world().check_booking(file, booking)?;
        agenda.book(&booking.value);
    }
    let clock = fixture.clock.0;
    Ok(Scene { fixture, agenda, clock })
}

impl Scene {
    /// A stage without a database for it.
    pub fn core<'a>(&self, flows: Flows<'a>) -> CoreStage<'a> {
        CoreStage::new(flows, self.agenda.clone(), self.agenda.instant(self.clock))
    }
}

/// Plays all takes of a fixture, each on a stage that `open` makes; the turns of the first that fails are told, and
/// those of the cases.
///
/// # Errors
/// When a stage cannot be made.
pub async fn play_all<S: Stage, E>(
    mut open: impl AsyncFnMut() -> Result<S, E>,
    fixture: &Fixture,
    extent: Extent,
) -> Result<Played, E> {
    let mut all = Played { turns: Vec::new(), end: None, skipped: 0, unused: Vec::new() };
    let mut untouched = None;
    for take in fixture.takes() {
        let last = take.case.map(|(turn, _)| turn + 1);
        if let (Some(last), Some(until)) = (last, extent.until)
            && last > until
        {
            continue;
        }
        let mut stage = open().await?;
        let mut played = play(&mut stage, fixture, &take, extent).await;
        untouched = match (untouched, stage.untouched()) {
            (None, now) => now,
            (Some(before), now) => now.map(|now| before.intersection(&now).copied().collect()),
        };
        if let Some(last) = last {
            // what leads to a case was told with the first take
            played.turns.retain(|turn| turn.number >= last);
        }
        let failed = !played.passed();
        all.turns.append(&mut played.turns);
        all.skipped += played.skipped;
        if all.end.as_ref().is_none_or(|(_, differences)| differences.is_empty()) {
            all.end = played.end.or(all.end);
        }
        if failed && !extent.all {
            break;
        }
    }
    if extent == Extent::default() && all.passed() {
        all.unused = untouched.map(|places| unused(fixture, &places)).unwrap_or_default();
    }
    Ok(all)
}

/// The lines of the hours that a fixture itself writes down and with which nothing had to do. What a named world or a
/// borrowed beginning has may serve others.
fn unused(fixture: &Fixture, untouched: &BTreeSet<usize>) -> Vec<u64> {
    if fixture.talk.iter().any(|item| item.value.file.is_some()) {
        return Vec::new();
    }
    let world = match &fixture.center.value {
        Place::Inline(world) => &world.booked[..],
        Place::Named(_) => &[],
    };
    let line = |place: &usize| match place.checked_sub(fixture.before) {
        Some(own) => fixture.booked.get(own),
        None => world.get(*place),
    };
    untouched.iter().filter_map(line).map(|booking| booking.referenced.line()).collect()
}

/// Plays one take of it.
pub async fn play<S: Stage>(stage: &mut S, fixture: &Fixture, take: &Take, extent: Extent) -> Played {
    let mut turns: Vec<PlayedTurn> = Vec::new();
    let mut names = take.names.clone();
    let talk = &fixture.talk;
    let last = match (take.case, extent.until) {
        (Some((turn, _)), _) => turn + 1,
        (None, until) => until.unwrap_or(talk.len()).min(talk.len()),
    };
    for (place, item) in talk.iter().take(last).enumerate() {
        let filled = item.value.filled(&names);
        let case = match take.case {
            Some((turn, case)) if turn == place => case,
            _ => 0,
        };
        let sent = filled.patient.as_ref().or_else(|| filled.cases.as_ref()?.get(case));
        let at = stage.now();
        let played = turn(stage, &filled, sent, &turns).await;
        let (observed, differences) = match played {
            Ok(observed) => {
                let differences = expectation::compare(&filled, &observed, &mut names);
                (observed, differences)
            }
            Err(cannot) => {
                let observed = turns.last().map(|turn| turn.observed.state.clone());
                let observed = Observed { state: observed.unwrap_or_default(), ..Observed::default() };
                let difference = Difference {
                    what: "the turn".into(),
                    expected: "to be played".into(),
                    got: cannot.to_string(),
                };
                (observed, vec![difference])
            }
        };
        let failed = !differences.is_empty();
        turns.push(PlayedTurn {
            number: place + 1,
            line: item.referenced.line(),
            file: item.value.file.clone(),
            case: case_of(fixture, take, &item.value, case),
            at,
            // as it is written, for what a name stands for differs from stage to stage
            story: item
                .value
                .cases
                .as_ref()
                .and_then(|cases| cases.get(case))
                .map_or_else(|| item.value.story(), Sent::story),
            observed,
            differences,
        });
        if failed && !extent.all {
            return Played { turns, end: None, skipped: last - place - 1, unused: Vec::new() };
        }
    }
    let mut end = None;
    if let Some(expected) = fixture.end.as_ref().filter(|_| extent.until.is_none() && take.case.is_none()) {
        let state = turns.last().map(|turn| turn.observed.state.clone()).unwrap_or_default();
        let wanted = expected.value.appointments.is_some();
        let read = if wanted { stage.appointments().await } else { Ok(Vec::new()) };
        let differences = match read {
            Ok(appointments) => {
                let calls = turns.iter().flat_map(|turn| &turn.observed.calls);
                let done: Vec<&str> =
                    calls.filter(|call| call.outcome == OK).map(|call| call.port.as_str()).collect();
                expectation::compare_end(&expected.value, &state, &appointments, &done)
            }
            Err(error) => vec![Difference {
                what: "the end".into(),
                expected: "to be read".into(),
                got: error.to_string(),
            }],
        };
        end = Some((expected.referenced.line(), differences));
    }
    Played { turns, end, skipped: 0, unused: Vec::new() }
}

/// How a turn is told apart from the same one in another take.
fn case_of(fixture: &Fixture, take: &Take, item: &Item, case: usize) -> Option<String> {
    let row = take.row.map(|row| {
        let names: Vec<String> = take.names.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("row {} of {} ({})", row + 1, fixture.cases.len(), names.join(", "))
    });
    let case = item.cases.as_ref().map(|cases| format!("case {} of {}", case + 1, cases.len()));
    match (row, case) {
        (Some(row), Some(case)) => Some(format!("{row}, {case}")),
        (row, case) => row.or(case),
    }
}

/// A turn cannot be played as written.
#[derive(Debug, thiserror::Error)]
enum CannotPlay {
    #[error("{0}")]
    Script(String),
    #[error(transparent)]
    Stage(#[from] StageError),
}

async fn turn<S: Stage>(
    stage: &mut S,
    item: &Item,
    sent: Option<&Sent>,
    before: &[PlayedTurn],
) -> Result<Observed, CannotPlay> {
    let faults = Faults { outcomes: item.fault.clone(), once: item.once };
    let mut all = Observed::default();
    for happening in happenings(stage, item, sent, before)? {
        let one = stage.play(happening, &faults).await?;
        all.notices.extend(one.notices);
        all.incidents.extend(one.incidents);
        all.calls.extend(one.calls);
        all.traces.extend(one.traces);
        all.state = one.state;
    }
    if all.traces.is_empty()
        && all.state == State::default()
        && let Some(last) = before.last()
    {
        all.state = last.observed.state.clone();
    }
    Ok(all)
}

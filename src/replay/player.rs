//! Plays a fixture on a stage, turn by turn, until one differs from what was expected.

mod happenings;
mod played;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDateTime;

use happenings::happenings;
use played::{case_of, unused};

use super::agenda::{Agenda, Entry};
use super::deploy::Flows;
use super::expectation::{self, Difference};
use super::fixture::{BadFixture, Fixture, Item, Names, Place, Sent, Take, Wanted};
use super::observed::Observed;
use super::stage::{CoreStage, Faults, Stage, StageError};
use super::world::World;
use crate::conversation::need::OK;
use crate::conversation::state::State;
use crate::value::Phone;

pub use happenings::option;
pub use played::{Played, PlayedTurn, Unused};

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
    if matches!(fixture.center.value, Place::Inline(_)) {
        agenda.watch();
    }
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

/// Plays all takes of a fixture; the turns of each row of its table are told, and those of the cases after them. A
/// stage that can be copied lends the cases of a turn the point before it; else `open` makes one for each take.
///
/// # Errors
/// When a stage cannot be made.
pub async fn play_all<S: Stage, E>(
    mut open: impl AsyncFnMut() -> Result<S, E>,
    fixture: &Fixture,
    extent: Extent,
) -> Result<Played, E> {
    let mut all = Played::default();
    let mut unmet: Option<BTreeSet<Entry>> = None;
    let mut row = Row::default();
    for take in fixture.takes() {
        let Some((turn, _)) = take.case else {
            let mut stage = open().await?;
            row = Row { begins: all.turns.len(), ..Row::default() };
            let played = play_on(&mut stage, fixture, &take, extent, Some(&mut row.points)).await;
            row.reached = played.turns.len();
            meet(&mut unmet, stage.unmet());
            all.add(played, &take, fixture);
            continue;
        };
        let beyond = extent.until.is_some_and(|until| turn + 1 > until);
        if beyond || turn >= row.reached {
            continue; // what leads there was not played
        }
        let before = row.begins..row.begins + turn;
        if let Some((stage, names)) = row.points.get(&turn) {
            let (mut stage, mut names) = (stage.fork(), names.clone());
            if let Some(stage) = &mut stage {
                let before = &all.turns[before];
                let played = play_turn(stage, fixture, &take, turn, &mut names, before).await;
                meet(&mut unmet, stage.unmet());
                all.turns.push(played);
                continue;
            }
        }
        let mut stage = open().await?;
        let mut played = play(&mut stage, fixture, &take, extent).await;
        // what leads to a case was told with the first take, if it went as it did there
        played.turns.retain(|one| one.number > turn || !one.differences.is_empty());
        meet(&mut unmet, stage.unmet());
        all.add(played, &take, fixture);
    }
    if extent.until.is_none() && (extent.all || all.passed()) {
        all.unused = unmet.map(|entries| unused(fixture, &entries)).unwrap_or_default();
    }
    Ok(all)
}

/// One row of a table, or the whole fixture when it has none, while its cases are played.
struct Row<S> {
    /// Where its turns begin.
    begins: usize,
    /// How many of them were played.
    reached: usize,
    /// Where its turns with cases begin, and what the names stood for there.
    points: Points<S>,
}

/// Copies of a stage by the turn, from 0, that is to be played on it.
type Points<S> = BTreeMap<usize, (S, Names)>;

impl<S> Default for Row<S> {
    fn default() -> Self {
        Self { begins: 0, reached: 0, points: BTreeMap::new() }
    }
}

/// What neither this take nor one before it has met.
fn meet(unmet: &mut Option<BTreeSet<Entry>>, now: Option<&BTreeSet<Entry>>) {
    *unmet = match (unmet.take(), now) {
        (Some(before), Some(now)) => Some(before.intersection(now).copied().collect()),
        (before, now) => before.or_else(|| now.cloned()),
    };
}

/// Plays one take of it.
pub async fn play<S: Stage>(stage: &mut S, fixture: &Fixture, take: &Take, extent: Extent) -> Played {
    play_on(stage, fixture, take, extent, None).await
}

/// The same; keeps copies of the stage before each turn with cases, if it can be copied.
async fn play_on<S: Stage>(
    stage: &mut S,
    fixture: &Fixture,
    take: &Take,
    extent: Extent,
    mut points: Option<&mut Points<S>>,
) -> Played {
    let mut turns: Vec<PlayedTurn> = Vec::new();
    let mut names = take.names.clone();
    let talk = &fixture.talk;
    let last = match (take.case, extent.until) {
        (Some((turn, _)), _) => turn + 1,
        (None, until) => until.unwrap_or(talk.len()).min(talk.len()),
    };
    for (place, item) in talk.iter().take(last).enumerate() {
        if let Some(points) = points.as_mut().filter(|_| item.value.cases.is_some())
            && let Some(copy) = stage.fork()
        {
            points.insert(place, (copy, names.clone()));
        }
        let played = play_turn(stage, fixture, take, place, &mut names, &turns).await;
        let failed = !played.differences.is_empty();
        turns.push(played);
        if failed && !extent.all {
            return Played { turns, skipped: last - place - 1, ..Played::default() };
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
    Played { turns, end, ..Played::default() }
}

/// Plays one turn of a take, from 0, after those before it.
async fn play_turn<S: Stage>(
    stage: &mut S,
    fixture: &Fixture,
    take: &Take,
    place: usize,
    names: &mut Names,
    before: &[PlayedTurn],
) -> PlayedTurn {
    let item = &fixture.talk[place];
    let filled = item.value.filled(names);
    let case = match take.case {
        Some((turn, case)) if turn == place => case,
        _ => 0,
    };
    let sent = filled.patient.as_ref().or_else(|| filled.cases.as_ref()?.get(case));
    let at = stage.now();
    let (observed, differences) = match turn(stage, &filled, sent, before).await {
        Ok(observed) => {
            let differences = expectation::compare(&filled, &observed, names);
            (observed, differences)
        }
        Err(cannot) => {
            let observed = before.last().map(|turn| turn.observed.state.clone());
            let observed = Observed { state: observed.unwrap_or_default(), ..Observed::default() };
            let difference = Difference {
                what: "the turn".into(),
                expected: "to be played".into(),
                got: cannot.to_string(),
            };
            (observed, vec![difference])
        }
    };
    PlayedTurn {
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

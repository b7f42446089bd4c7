//! Plays a fixture on a stage, turn by turn, until one differs from what was expected.

use chrono::{NaiveDateTime, TimeDelta};

use super::agenda::Agenda;
use super::deploy::Flows;
use super::expectation::{self, Difference};
use super::fixture::{BadFixture, Fixture, GiveBack, Item, Place, Sent, SentOther, Staff, StaffDoes};
use super::observed::{Observed, Said};
use super::stage::{CoreStage, Faults, Happening, Stage, StageError};
use super::world::World;
use crate::conversation::need::{EventKind, OK, PatientText, StaffAction};
use crate::conversation::state::{State, Tap};
use crate::flow::{Record, Value};
use crate::value::hour_label::day_hour_short;
use crate::value::{Phone, rut};

/// A turn that was played.
#[derive(Debug)]
pub struct PlayedTurn {
    /// Its number, from 1.
    pub number: usize,
    /// Its line in the file.
    pub line: u64,
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
    /// What is wrong at the end, with the line of `end:`.
    pub end: Option<(u64, Vec<Difference>)>,
    /// Turns that were not played because one failed.
    pub skipped: usize,
}

impl Played {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.turns.iter().all(|turn| turn.differences.is_empty())
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

/// Sets the scene of a fixture; `find` gives a world's source by its name.
///
/// # Errors
/// When the fixture or its world is not sound, or they do not fit.
pub fn scene(
    file: &str,
    source: &str,
    find: impl Fn(&str) -> Result<(String, String), String>,
) -> Result<Scene, BadFixture> {
    let fixture = super::fixture::parse(file, source)?;
    let world = match &fixture.center.value {
        Place::Named(name) => {
            let (path, text) =
                find(name).map_err(|message| BadFixture::at(file, &fixture.center, message))?;
            World::parse(&path, &text)?
        }
        Place::Inline(world) => {
            world.check(file)?;
            (**world).clone()
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
    let mut agenda = Agenda::new(world, Some(phone));
    for booking in &fixture.booked {
        agenda.world().check_booking(file, booking)?;
        agenda.book(&booking.value);
    }
    let clock = fixture.clock.value.0;
    Ok(Scene { fixture, agenda, clock })
}

impl Scene {
    /// A stage without a database for it.
    pub fn core<'a>(&self, flows: Flows<'a>) -> CoreStage<'a> {
        CoreStage::new(flows, self.agenda.clone(), self.agenda.instant(self.clock))
    }
}

/// Plays it.
///
/// # Errors
/// When the stage fails or a turn cannot be played as written; the error says which.
pub async fn play<S: Stage>(stage: &mut S, fixture: &Fixture, extent: Extent) -> Played {
    let mut turns: Vec<PlayedTurn> = Vec::new();
    let talk = &fixture.talk;
    let last = extent.until.unwrap_or(talk.len()).min(talk.len());
    for (place, item) in talk.iter().take(last).enumerate() {
        let played = turn(stage, &item.value, &turns).await;
        let (observed, differences) = match played {
            Ok(observed) => {
                let differences = expectation::compare(&item.value, &observed);
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
            story: item.value.story(),
            observed,
            differences,
        });
        if failed && !extent.all {
            return Played { turns, end: None, skipped: talk.len() - place - 1 };
        }
    }
    let mut end = None;
    if let Some(expected) = fixture.end.as_ref().filter(|_| extent.until.is_none()) {
        let state = turns.last().map(|turn| turn.observed.state.clone()).unwrap_or_default();
        let differences = match stage.appointments().await {
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
    Played { turns, end, skipped: 0 }
}

/// A turn cannot be played as written.
#[derive(Debug, thiserror::Error)]
enum CannotPlay {
    #[error("{0}")]
    Script(String),
    #[error(transparent)]
    Stage(#[from] StageError),
}

async fn turn<S: Stage>(stage: &mut S, item: &Item, before: &[PlayedTurn]) -> Result<Observed, CannotPlay> {
    let faults = Faults { outcomes: item.fault.clone(), once: item.once };
    let mut all = Observed::default();
    for happening in happenings(stage, item, before)? {
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

fn happenings<S: Stage>(stage: &S, item: &Item, before: &[PlayedTurn]) -> Result<Vec<Happening>, CannotPlay> {
    if let Some(sent) = &item.patient {
        return match sent {
            Sent::Texts(texts) => Ok(vec![wrote(stage, texts, TimeDelta::zero())]),
            Sent::Other(other) => sent_other(stage, other, before),
        };
    }
    if let Some(Staff { name, does, how }) = &item.staff {
        let state = before.last().map(|turn| &turn.observed.state);
        let action = match does {
            StaffDoes::TakeOver => StaffAction::TakeOver,
            StaffDoes::Did(words) => {
                return Ok(vec![Happening::StaffBooks { by: name.clone(), words: words.clone() }]);
            }
            StaffDoes::Edit { field, to } => edit(state, field, to).ok_or_else(|| {
                CannotPlay::Script(format!("no running flow has a row «{to}» for its field `{field}`"))
            })?,
            StaffDoes::GiveBack => match how {
                GiveBack::Resume => StaffAction::Resume,
                GiveBack::Restart => StaffAction::Restart,
                GiveBack::Close => StaffAction::Close,
            },
            StaffDoes::Close => StaffAction::Close,
            StaffDoes::Say(text) => StaffAction::Say { text: text.clone() },
        };
        return Ok(vec![Happening::Event(EventKind::Staff { by: name.clone(), action })]);
    }
    if let Some(other) = &item.other {
        return match (other.strip_prefix("takes "), other.strip_prefix("gives back ")) {
            (Some(words), _) => Ok(vec![Happening::OtherTakes(words.to_owned())]),
            (_, Some(words)) => Ok(vec![Happening::OtherGivesBack(words.to_owned())]),
            _ => Err(CannotPlay::Script(format!("`other: {other}` must begin with `takes` or `gives back`"))),
        };
    }
    if let Some(flow) = &item.start {
        return Ok(vec![Happening::Event(EventKind::Start { flow: flow.clone() })]);
    }
    if let Some(deploy) = &item.deploy {
        return Ok(vec![Happening::Deploy(deploy.clone())]);
    }
    Ok(vec![Happening::Wait(item.wait.map_or(TimeDelta::zero(), |wait| wait.0))])
}

/// The correction of an answer, whose new row is looked for among what the flow has read.
fn edit(state: Option<&State>, field: &str, to: &str) -> Option<StaffAction> {
    let (flow, name) = field.split_once('.').map_or((None, field), |(flow, name)| (Some(flow), name));
    let frames = state?.stack.iter().rev().filter(|frame| flow.is_none_or(|flow| frame.flow == flow));
    frames.filter(|frame| !frame.is_repair()).find_map(|frame| {
        let mut rows = frame.memos.values().flat_map(|memo| memo.rows.iter());
        let row = rows.find(|row| expectation::words_occur(to, &row_in_words(row)))?;
        Some(StaffAction::Edit { frame: frame.id, field: name.to_owned(), key: row.key.clone() })
    })
}

/// All that a row says, in one line.
fn row_in_words(row: &Record) -> String {
    let told = row.columns.values().map(|value| match value {
        Value::Moment(at) => day_hour_short(*at),
        other => other.to_string(),
    });
    told.collect::<Vec<_>>().join(" ")
}

/// Texts as the webhook passes them on: RUTs masked.
fn wrote<S: Stage>(stage: &S, texts: &[String], ago: TimeDelta) -> Happening {
    let sent = Some(stage.now() - ago);
    let texts = texts.iter().map(|text| PatientText { text: rut::mask(text), sent }).collect();
    Happening::Event(EventKind::Texts { texts })
}

fn sent_other<S: Stage>(
    stage: &S,
    other: &SentOther,
    before: &[PlayedTurn],
) -> Result<Vec<Happening>, CannotPlay> {
    if let Some(text) = &other.text {
        let text = text.repeat(other.times.unwrap_or(1));
        return Ok(vec![wrote(stage, &[text], other.ago.map_or(TimeDelta::zero(), |ago| ago.0))]);
    }
    if let Some(kind) = other.media() {
        return Ok(vec![Happening::Event(EventKind::Media { kind })]);
    }
    if other.unsupported {
        return Ok(vec![Happening::Event(EventKind::Unsupported)]);
    }
    if let Some(wanted) = &other.tap {
        let (id, title) = tapped(wanted, other.of_turn, before)?;
        let event = Happening::Event(EventKind::Tapped { tap: Tap::from_id(&id), title });
        return Ok(vec![event; if other.twice { 2 } else { 1 }]);
    }
    // A reaction is never an answer: it does not reach the core.
    Ok(Vec::new())
}

/// The option that is meant, by place, key or label, in the last message with options (or that of a turn).
fn tapped(
    wanted: &str,
    of_turn: Option<usize>,
    before: &[PlayedTurn],
) -> Result<(String, String), CannotPlay> {
    let turns = before.iter().rev().filter(|turn| of_turn.is_none_or(|number| turn.number == number));
    let messages = turns.flat_map(|turn| turn.observed.messages().collect::<Vec<&Said>>().into_iter().rev());
    let Some(said) = messages.into_iter().find(|said| !said.message.options.is_empty()) else {
        let where_ = of_turn.map_or_else(|| "so far".to_owned(), |turn| format!("of turn {turn}"));
        return Err(CannotPlay::Script(format!("no message {where_} has anything to tap")));
    };
    option(said, wanted).ok_or_else(|| {
        CannotPlay::Script(format!("there is no option «{wanted}» in: {}", expectation::shown(said)))
    })
}

/// The id and label of an option, by place, key or label.
pub fn option(said: &Said, wanted: &str) -> Option<(String, String)> {
    let options = &said.message.options;
    let key = |id: &str| Tap::from_id(id).map(|tap| tap.key);
    let by_place = wanted.parse::<usize>().ok().and_then(|place| options.get(place.checked_sub(1)?));
    let found = by_place
        .or_else(|| options.iter().find(|option| key(&option.id).as_deref() == Some(wanted)))
        .or_else(|| {
            options.iter().find(|option| expectation::plain(&option.title) == expectation::plain(wanted))
        })
        .or_else(|| options.iter().find(|option| expectation::words_occur(wanted, &option.title)))?;
    Some((found.id.clone(), found.title.clone()))
}

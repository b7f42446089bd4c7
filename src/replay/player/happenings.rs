//! What the items of a fixture make happen: texts with the time of their writing, taps by what they say, staff's acts.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CannotPlay, PlayedTurn};
use crate::conversation::need::{EventKind, PatientText, StaffAction};
use crate::conversation::state::{State, Tap};
use crate::flow::{Record, Value};
use crate::replay::expectation;
use crate::replay::fixture::{GiveBack, Item, Sent, SentOther, Staff, StaffDoes};
use crate::replay::observed::Said;
use crate::replay::stage::{Happening, Stage};
use crate::value::hour_label::day_hour_short;
use crate::value::rut;

/// How long before a turn a late message was written: more than clocks may differ by.
const A_MOMENT: TimeDelta = TimeDelta::seconds(5);

pub(super) fn happenings<S: Stage>(
    stage: &S,
    item: &Item,
    sent: Option<&Sent>,
    before: &[PlayedTurn],
) -> Result<Vec<Happening>, CannotPlay> {
    if let Some(sent) = sent {
        return match sent {
            Sent::Texts(texts) => Ok(vec![wrote(texts, stage.now())]),
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
fn wrote(texts: &[String], sent: DateTime<Utc>) -> Happening {
    let text = |text: &String| PatientText { text: rut::mask(text), sent: Some(sent) };
    Happening::Event(EventKind::Texts { texts: texts.iter().map(text).collect() })
}

/// Texts that were written one second after another, the last of them now, and arrive the other way round.
fn backwards(texts: &[String], now: DateTime<Utc>) -> Happening {
    let arrived = texts.iter().rev().zip(0_i64..);
    let text = |(text, place): (&String, i64)| PatientText {
        text: rut::mask(text),
        sent: Some(now - TimeDelta::seconds(place)),
    };
    Happening::Event(EventKind::Texts { texts: arrived.map(text).collect() })
}

fn sent_other<S: Stage>(
    stage: &S,
    other: &SentOther,
    before: &[PlayedTurn],
) -> Result<Vec<Happening>, CannotPlay> {
    if let Some(text) = &other.text {
        let text = text.repeat(other.times.unwrap_or(1));
        let written = match other.late.and_then(|turn| before.get(turn.checked_sub(1)?)) {
            Some(turn) => turn.at - A_MOMENT,
            None => stage.now() - other.ago.map_or(TimeDelta::zero(), |ago| ago.0),
        };
        return Ok(vec![wrote(&[text], written)]);
    }
    if !other.out_of_order.is_empty() {
        return Ok(vec![backwards(&other.out_of_order, stage.now())]);
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

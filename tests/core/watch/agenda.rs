//! What must hold of hours: held as long as chosen, taken for nobody silent, written only with a yes.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use smartsalud::conversation::need::{EventKind, Fact, Need, TimerKind};
use smartsalud::conversation::state::{AskedKind, Frame};
use smartsalud::flow::Value;
use smartsalud::flow::definition::{FieldKind, Source, Step, StepKind};
use smartsalud::flow::port::port;

use super::{FORM_FIELDS, Talk, Turn};
use crate::talk::as_argument;
use crate::yes_words;

/// WhatsApp tells the second only, and its clock is not ours.
const CLOCK_MARGIN: TimeDelta = TimeDelta::seconds(2);

impl Turn<'_> {
    /// A hold lives exactly as long as its answer.
    pub(super) fn agrees_with_the_world_on_holds(&self, talk: &Talk) {
        // What an event that changes nothing finds waiting is given back by the rest that still comes.
        let rest_comes = talk.goes_on && self.state().tick == self.before.tick;
        if self.continues() || rest_comes {
            return;
        }
        let state = self.state();
        assert!(state.to_release.is_empty(), "nothing waits to be given back");
        let live = |until: DateTime<Utc>| until > self.now();
        let held = state.stack.iter().flat_map(|frame| frame.holds.values());
        let ours: BTreeSet<i64> =
            held.filter(|held| live(held.until)).filter_map(|held| held.id.map(|id| id.0)).collect();
        let theirs: BTreeSet<i64> = talk
            .world
            .holds
            .iter()
            .filter(|(_, hold)| !hold.foreign && live(hold.until))
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(ours, theirs, "state and world agree on what is held");
        for frame in &state.stack {
            for held in frame.holds.values() {
                let chosen = frame.answers.get("hora").map(|answer| answer.value.to_string());
                assert_eq!(chosen.as_deref(), Some(held.slot.as_str()), "a hold without its answer");
                let unheld = held.id.is_none() && !frame.answers.contains_key("cita");
                assert!(!unheld, "only a move may go on unheld");
            }
            let reviewed = state.asked.as_ref().is_some_and(|asked| {
                asked.kind == AskedKind::Review && asked.frame == frame.id && holds_hours(&frame.flow)
            });
            if reviewed && self.shows_question() {
                assert!(frame.holds.values().any(|held| live(held.until)), "a review of an hour not held");
            }
        }
        for fact in self.facts {
            let (Need::Hold { instead_of: None, .. }, Some(new)) = (&fact.need, fact.got.hold) else {
                continue;
            };
            for (before, after) in self.frames() {
                let takes = after.holds.values().any(|held| held.id == Some(new));
                let had = before.holds.values().any(|held| live(held.until) && held.id.is_some());
                assert!(!(takes && had), "changing the hour is one call");
            }
        }
    }

    /// Who is silent wants nothing: timers take no hour and book none.
    pub(super) fn takes_nothing_for_the_silent(&self) {
        let EventKind::Timer { kind, .. } = self.event.kind else { return };
        for fact in self.facts {
            let harmless = match &fact.need {
                Need::Release { .. } => true,
                Need::Read { .. } => kind != TimerKind::HoldExpiry,
                Need::Hold { .. } | Need::Write { .. } => false,
            };
            assert!(harmless, "a timer asks for {:?}", fact.need);
        }
        assert!(kind != TimerKind::HoldExpiry || self.sends().next().is_none(), "a dead hold says something");
    }

    /// Nothing is written without a yes to what was read out, and nothing twice for one yes.
    pub(super) fn writes_only_with_a_yes(&self, talk: &Talk) {
        let is_agenda =
            |fact: &&Fact| matches!(&fact.need, Need::Write { port, .. } if port.starts_with("agenda."));
        let written: Vec<&Fact> = self.facts.iter().filter(is_agenda).collect();
        assert!(written.len() <= 1, "one attempt for one yes");
        for fact in written {
            let Need::Write { port, arguments, once, .. } = &fact.need else { unreachable!("filtered") };
            let frame: u32 = once.split('/').next().and_then(|id| id.parse().ok()).expect("a frame");
            let (frame_yes, fingerprint) = self.yes(port);
            assert_eq!(frame, frame_yes, "the yes was for another flow");
            let read_out =
                talk.reviewed.get(&(frame, fingerprint)).expect("the yes was to something never shown");
            let known =
                self.before.stack.iter().find(|known| known.id == frame).expect("it was there before");
            let answers = known.answers.iter().map(|(name, answer)| (name, as_argument(&answer.value)));
            let renamed = known.book != talk.book.hash;
            for (name, value) in answers.filter(|_| !renamed) {
                assert_eq!(read_out.get(name), Some(&value), "{name} was another when it was read out");
            }
            for (name, value) in arguments {
                let was = read_out.values().any(|answer| answer == value);
                assert!(was, "written with another {name} than was read out");
            }
        }
    }

    /// Frame and fingerprint of the yes in this event.
    fn yes(&self, port: &str) -> (u32, String) {
        match &self.event.kind {
            EventKind::Tapped { tap: Some(tap), .. } if tap.key == "si" => {
                (tap.frame, tap.fingerprint.clone())
            }
            EventKind::Texts { .. } | EventKind::Tapped { tap: None, .. } => {
                let asked = self.before.asked.as_ref().expect("a yes answers a question");
                assert_eq!(asked.kind, AskedKind::Review, "a yes answers a review");
                if let EventKind::Texts { texts } = &self.event.kind {
                    let late = |sent: DateTime<Utc>| sent + CLOCK_MARGIN >= asked.at;
                    let in_time = texts.iter().filter(|text| text.sent.is_none_or(late));
                    let words: Vec<&str> = in_time.map(|text| text.text.as_str()).collect();
                    assert!(!words.is_empty(), "the yes was written before the review was shown");
                    // Nothing a patient writes is printed but what they said yes with.
                    let all: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
                    yes_words::assert_clear(&all.join(" "), port != "agenda.confirmar");
                }
                (asked.frame, asked.fingerprint.clone())
            }
            other => panic!("written without a yes: {other:?}"),
        }
    }

    /// After a commit the frame stays under its book, and what lies before it changes no more.
    pub(super) fn freezes_what_is_done(&self) {
        for frame in self.state().stack.iter().filter(|frame| frame.is_committed()) {
            assert!(frame.pinned.is_some(), "{} committed and goes on under any book", frame.flow);
        }
        for (before, after) in self.frames() {
            let tries = |frame: &Frame| frame.tries.values().sum::<u32>();
            assert!(tries(after) >= tries(before), "attempts are counted for ever");
            if !before.is_committed() {
                continue;
            }
            assert!(after.is_committed());
            for name in FORM_FIELDS {
                let value = |frame: &Frame| frame.answers.get(name).map(|answer| answer.value.clone());
                assert_eq!(value(before), value(after), "{name} is frozen");
            }
        }
    }

    /// A list is renewed before it is shown again, and what was refused or has passed is not in it.
    pub(super) fn shows_what_is_fresh_and_not_refused(&self, talk: &Talk) {
        let Some(asked) = self.state().asked.as_ref().filter(|_| self.shows_question()) else { return };
        let Some(frame) = self.state().stack.iter().find(|frame| frame.id == asked.frame) else { return };
        let Some(flow) = talk.flow_of(frame) else { return };
        let Some(FieldKind::Choice { source: Source::Memo(name) | Source::Read(name), .. }) =
            flow.fields.get(&asked.field).map(|field| &field.kind)
        else {
            return;
        };
        let memo = &frame.memos[name];
        if let Some(fresh_for) =
            port(port_of(&flow.steps, name).unwrap_or(name)).and_then(|port| port.fresh_for)
        {
            let fresh = TimeDelta::from_std(fresh_for).expect("minutes");
            assert!(self.now() - memo.at <= fresh, "an old list of {name} is shown");
        }
        for option in &asked.options {
            let refused = frame.refused.get(&asked.field).is_some_and(|keys| keys.contains(&option.key));
            assert!(!refused, "{} was refused and is offered again", option.key);
            let row = memo.rows.iter().find(|row| row.key == option.key);
            let passed = row.and_then(|row| row.until).is_some_and(|until| until <= self.now());
            assert!(!passed, "{} has passed and is offered", option.key);
        }
    }

    pub(super) fn reads_back_nothing_that_has_passed(&self) {
        let Some(asked) = self.state().asked.as_ref().filter(|_| self.shows_question()) else { return };
        let frame = self.state().stack.iter().find(|frame| frame.id == asked.frame);
        let Some(frame) = frame.filter(|_| asked.kind == AskedKind::Review) else { return };
        for (name, answer) in &frame.answers {
            let window = match &answer.value {
                Value::Window(window) => window.last_day(),
                _ => None,
            };
            let passed = answer.until.is_some_and(|until| until <= self.now())
                || window.is_some_and(|last| last < self.event.local.date());
            assert!(!passed, "{name} has passed and is read out");
        }
    }
}

/// The port whose rows a memo keeps.
fn port_of<'f>(steps: &'f [Step], memo: &str) -> Option<&'f str> {
    steps.iter().find_map(|step| match &step.kind {
        StepKind::Do(call) if call.into.as_deref() == Some(memo) => Some(call.port.as_str()),
        StepKind::When(when) => port_of(&when.then, memo).or_else(|| port_of(&when.otherwise, memo)),
        _ => None,
    })
}

/// Whether a flow reads back an hour that it holds.
fn holds_hours(flow: &str) -> bool {
    ["agendar", "reservar", "reagendar"].contains(&flow)
}

//! What must hold after every turn, whatever happened and in whatever order.
//!
//! Scenes and the random walk alike pass through here. Each check is a rule of the core, seen from outside: from the
//! state before and after, from what the world was asked, and from what was sent.

mod agenda;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use smartsalud::conversation::need::{Effect, Event, EventKind, Fact, Need, StaffAction, TimerKind, Turned};
use smartsalud::conversation::state::{AskedKind, By, Frame, Owner, State, Tap};
use smartsalud::flow::definition::{FieldKind, Source};
use smartsalud::flow::{Flow, RepairKind, Value};
use smartsalud::value::Outgoing;

use super::talk::Talk;

/// A turn as it was.
pub(crate) struct Turn<'t> {
    pub(crate) before: &'t State,
    pub(crate) event: &'t Event,
    pub(crate) turned: &'t Turned,
    pub(crate) facts: &'t [Fact],
}

/// Fields that a commit freezes; menus are not among them.
const FORM_FIELDS: [&str; 9] =
    ["paciente", "prestacion", "servicio", "motivo", "cita", "cuando", "hora", "rut", "nacimiento"];
/// Whole messages that only ask to be asked anew.
const FORGET_NOTHING: [&str; 6] =
    ["atrás", "volver", "cambiar la hora", "cambiar la atención", "cambiar el paciente", "cambiar el día"];
/// What must not be asked of the operators: each would be a bug.
const BUGS: [&str; 3] = ["a walk without end", "has no branch for", "is in no book at hand"];

/// Holds a turn against the rules.
pub(crate) fn over(talk: &Talk, turn: &Turn<'_>) {
    turn.speaks_once_and_sense();
    turn.is_silent_while_staff_has_it();
    turn.leaves_nobody_without_an_answer();
    turn.hands_over_last();
    turn.asks_what_stands_on_top(talk);
    turn.keeps_the_stack_sound(talk);
    turn.agrees_with_the_world_on_holds(talk);
    turn.takes_nothing_for_the_silent();
    turn.writes_only_with_a_yes(talk);
    turn.freezes_what_is_done();
    turn.shows_what_is_fresh_and_not_refused(talk);
    turn.reads_back_nothing_that_has_passed();
    turn.remembers_no_yes();
    turn.forgets_nothing_on_request(talk);
    turn.lets_staff_edit_what_is_offered(talk);
    turn.gives_back_afresh();
    turn.hears_nothing_for_later_while_staff_has_it();
    turn.meets_no_bug();
}

/// Every open question is closed at last, and a hold that dies is dropped.
pub(crate) fn over_timers(talk: &Talk) {
    let state = &talk.state;
    let is_set =
        |kind: TimerKind| talk.timers.iter().any(|(_, known, tick)| *known == kind && *tick == state.tick);
    if state.owner == Owner::Bot && state.asked.is_some() {
        assert!(is_set(TimerKind::Close), "every open question has a timer");
    }
    let held = state.stack.iter().flat_map(|frame| frame.holds.values());
    if !state.going_on && held.filter(|held| held.id.is_some()).any(|held| held.until > talk.now) {
        assert!(is_set(TimerKind::HoldExpiry), "every hold has a timer");
    }
}

impl Turn<'_> {
    fn state(&self) -> &State {
        &self.turned.state
    }

    fn now(&self) -> DateTime<Utc> {
        self.event.now
    }

    /// What the bot sends; staff's own words are theirs.
    fn sends(&self) -> impl Iterator<Item = (&Outgoing, &str)> {
        self.turned.effects.iter().filter_map(|effect| match effect {
            Effect::Send { message, label } if label != "staff" => Some((message, label.as_str())),
            _ => None,
        })
    }

    fn continues(&self) -> bool {
        self.turned.effects.contains(&Effect::Continue)
    }

    fn hands_over(&self) -> bool {
        self.turned.effects.iter().any(|effect| matches!(effect, Effect::Handoff { .. }))
    }

    fn staff(&self) -> Option<&StaffAction> {
        match &self.event.kind {
            EventKind::Staff { action, .. } => Some(action),
            _ => None,
        }
    }

    /// Frames before and after.
    fn frames(&self) -> impl Iterator<Item = (&Frame, &Frame)> {
        let after = |frame: &Frame| self.state().stack.iter().find(|other| other.id == frame.id);
        self.before.stack.iter().filter_map(move |frame| Some((frame, after(frame)?)))
    }

    /// Whether this turn showed a question that the walk came to; a reminder repeats one without walking to it.
    fn shows_question(&self) -> bool {
        let asked = self.state().asked.as_ref().filter(|asked| asked.tick == self.state().tick);
        asked.is_some()
            && self.sends().next().is_some()
            && !matches!(self.event.kind, EventKind::Timer { .. })
    }

    fn speaks_once_and_sense(&self) {
        let sends: Vec<_> = self.sends().collect();
        assert!(sends.len() <= 1, "one message a turn");
        if self.state().going_on {
            assert!(sends.is_empty(), "what is said waits for the rest of the turn");
        }
        for (message, label) in sends {
            assert!(!message.text.trim().is_empty(), "{label} says nothing");
            // what the patient wrote is read back as it was written
            let own = self.state().stack.iter().flat_map(|frame| frame.answers.values());
            let ours = own.fold(message.text.clone(), |text, answer| match &answer.value {
                Value::Text(words) if !words.is_empty() => text.replace(words.as_str(), "…"),
                _ => text,
            });
            for torn in ["  ", " .", " ,", "{", "}", "[", "]"] {
                assert!(!ours.contains(torn), "{label} reads badly: {ours}");
            }
            assert!(message.text.chars().count() <= 4_096, "{label} is too long for a message");
            assert!(message.options.len() <= 10, "{label} has too many options");
            let ids: BTreeSet<_> = message.options.iter().map(|option| &option.id).collect();
            assert_eq!(ids.len(), message.options.len(), "{label} offers something twice");
            for option in &message.options {
                assert!(option.id.len() <= 200, "{}", option.id);
                assert!(Tap::from_id(&option.id).is_some(), "{}", option.id);
                assert!(!option.title.trim().is_empty(), "{label} has an option without a title");
            }
        }
    }

    fn is_silent_while_staff_has_it(&self) {
        if self.before.owner != Owner::Staff || self.sends().next().is_none() {
            return;
        }
        let gives_back = matches!(self.staff(), Some(StaffAction::Resume | StaffAction::Restart));
        // who has waited enough may go on with the bot, unless a person has the conversation already
        let takes_back = self.before.waiting
            && self.state().owner == Owner::Bot
            && matches!(self.event.kind, EventKind::Texts { .. } | EventKind::Tapped { tap: None, .. });
        // but for the numbers to call in danger
        let warns = self.sends().all(|(_, label)| ["repair.emergency", "repair.self_harm"].contains(&label));
        assert!(gives_back || takes_back || warns, "the bot is silent while staff owns the conversation");
    }

    /// A patient who wrote or tapped hears something, but for a tap that is absorbed.
    fn leaves_nobody_without_an_answer(&self) {
        use EventKind::{Media, Tapped, Texts, Unsupported};
        let by_patient = matches!(self.event.kind, Texts { .. } | Tapped { .. } | Media { .. } | Unsupported);
        let absorbed = self.turned.trace.rungs.iter().any(|rung| rung.why.contains("absorbed"));
        if by_patient && self.before.owner == Owner::Bot && !absorbed {
            let heard = self.sends().next().is_some() || self.state().going_on;
            assert!(heard, "a patient who wrote gets an answer");
        }
    }

    fn hands_over_last(&self) {
        let handoffs =
            self.turned.effects.iter().filter(|effect| matches!(effect, Effect::Handoff { .. })).count();
        assert!(handoffs <= 1);
        if handoffs == 0 {
            return;
        }
        assert!(matches!(self.turned.effects.last(), Some(Effect::Handoff { .. })), "a hand-off comes last");
        assert_eq!(self.state().owner, Owner::Staff);
        for (message, label) in self.sends() {
            assert!(message.options.is_empty(), "{label} asks though a person goes on");
        }
        for (before, after) in self.frames() {
            let answered = |frame: &Frame| frame.answers.get("hora").map(|answer| answer.value.to_string());
            for held in before.holds.values().filter(|held| held.until > self.now() && held.id.is_some()) {
                let same = answered(before) == answered(after) && !after.is_committed();
                let kept = after.holds.values().any(|other| other.id == held.id);
                assert!(!same || kept, "a hand-off keeps holds");
            }
        }
    }

    fn asks_what_stands_on_top(&self, talk: &Talk) {
        let state = self.state();
        if state.closed {
            assert!(state.stack.is_empty() && state.asked.is_none(), "closed, and something is open");
        }
        let moved = state.tick != self.before.tick;
        if state.owner == Owner::Bot && !state.stack.is_empty() && !state.going_on && moved {
            let asked = state.asked.as_ref().expect("a live frame has a question");
            let top = state.stack.last().expect("it is not empty");
            assert_eq!(asked.frame, top.id, "the question is the top's");
            let flow = talk.flow_of(top).expect("its flow is at hand");
            // a question of an older version stands until the patient writes
            if asked.kind == AskedKind::Field && self.before.asked.as_ref() != Some(asked) {
                assert!(flow.fields.contains_key(&asked.field), "{} asks {}", flow.name, asked.field);
            }
        }
    }

    fn keeps_the_stack_sound(&self, talk: &Talk) {
        let state = self.state();
        assert!(state.stack.len() <= 8, "the stack is bounded");
        let flows: BTreeSet<_> = state.stack.iter().map(|frame| &frame.flow).collect();
        assert_eq!(flows.len(), state.stack.len(), "a flow is on the stack once");
        let mut above = state.stack.iter().skip_while(|frame| !frame.is_repair());
        assert!(above.all(Frame::is_repair), "a repair lies below a form");
        assert!(state.past.len() <= 8);
        let moved = state.tick != self.before.tick;
        for frame in state.stack.iter().filter(|_| moved) {
            let flow = talk.flow_of(frame);
            assert!(flow.is_some(), "{} is in no book", frame.flow);
            assert!(frame.heard.len() <= 4, "more and more is remembered");
            self.remembers_no_longer_than_it_may(frame);
            for (field, picked) in &frame.picked {
                let kind = flow.and_then(|flow| flow.fields.get(field)).map(|field| &field.kind);
                let several = matches!(kind, Some(FieldKind::Choice { several: true, .. }) | None);
                assert!(several && !picked.is_empty(), "{field} takes one, and taps add up");
            }
            let fixed = flow.into_iter().flat_map(|flow| flow.fields.values());
            for (field, options) in fixed.filter_map(|field| match &field.kind {
                FieldKind::Choice { source: Source::Fixed(options), .. } => Some((field, options)),
                _ => None,
            }) {
                let Some(Value::Record(row)) = frame.answers.get(&field.name).map(|answer| &answer.value)
                else {
                    continue;
                };
                let reached = state
                    .asked
                    .as_ref()
                    .is_some_and(|asked| asked.kind == AskedKind::Review && asked.frame == frame.id);
                let offered = options.iter().any(|option| option.key == row.key);
                assert!(offered || !reached, "{} is answered by what is no option", field.name);
            }
        }
    }

    /// What was said beside an answer waits for questions that were not asked yet, and not for long.
    fn remembers_no_longer_than_it_may(&self, frame: &Frame) {
        if self.state().going_on || frame.is_repair() {
            return;
        }
        let asked = self.state().asked.as_ref().filter(|asked| asked.frame == frame.id);
        for entry in &frame.heard {
            assert!(
                self.event.local - entry.at <= TimeDelta::hours(2),
                "what was said hours ago is remembered"
            );
            let tried = asked.is_none_or(|asked| entry.tried.contains(&asked.field));
            assert!(tried, "what was said is kept for a question that was asked");
        }
    }

    /// What was said before is an answer at most: behind a question that it filled in, nothing is written in the same
    /// turn. A yes of this very turn may have written before, and brought up the flow that waited below.
    fn remembers_no_yes(&self) {
        let walk = &self.turned.trace.walk;
        let behind = walk.iter().skip_while(|step| step.verdict != "filled: heard before");
        let mut commits =
            behind.filter(|step| step.step.contains(".commit.") && step.verdict.starts_with("outcome"));
        let writes =
            |fact: &Fact| matches!(&fact.need, Need::Write { port, .. } if port.starts_with("agenda."));
        let written = commits.next().is_some() && self.facts.iter().any(writes);
        assert!(!written, "what was remembered did something by itself");
    }

    /// "Atrás" and "cambiar la hora" ask anew and forget nothing.
    fn forgets_nothing_on_request(&self, talk: &Talk) {
        let EventKind::Texts { texts } = &self.event.kind else { return };
        let [only] = texts.as_slice() else { return };
        let on_request = FORGET_NOTHING.contains(&only.text.as_str());
        let repairs = &self.turned.trace.repairs;
        let dropped = repairs.contains(&RepairKind::Passed) || repairs.contains(&RepairKind::Stale);
        if !on_request || dropped || self.before.owner != Owner::Bot || !self.facts.is_empty() {
            return;
        }
        for (before, after) in self.frames().filter(|(frame, _)| frame.book == talk.book.hash) {
            for name in FORM_FIELDS {
                let value = |frame: &Frame| frame.answers.get(name).map(|answer| answer.value.clone());
                assert_eq!(value(before), value(after), "{name} is forgotten by `{}`", only.text);
            }
        }
    }

    fn lets_staff_edit_what_is_offered(&self, talk: &Talk) {
        let Some(StaffAction::Edit { frame, field, .. }) = self.staff() else { return };
        if self.before.stack.iter().rfind(|frame| !frame.is_repair()).is_none_or(|top| top.id != *frame) {
            assert!(self.sends().next().is_none(), "the bot speaks of what lies below");
        }
        let Some((before, after)) = self.frames().find(|(known, _)| known.id == *frame) else { return };
        let answer = after.answers.get(field).filter(|answer| answer.by == By::Staff);
        let Some(Value::Record(row)) = answer.map(|answer| &answer.value) else { return };
        let kind =
            talk.flow_of(after).and_then(|flow: &Flow| flow.fields.get(field)).map(|field| &field.kind);
        let offered = match kind {
            Some(FieldKind::Choice { source: Source::Memo(name) | Source::Read(name), .. }) => {
                [before, after].iter().any(|frame| {
                    let memo = frame.memos.get(name);
                    memo.is_some_and(|memo| memo.rows.iter().any(|known| known.key == row.key))
                }) || after.holds.values().any(|held| held.slot == row.key)
            }
            Some(FieldKind::Choice { source: Source::Fixed(options), .. }) => {
                options.iter().any(|option| option.key == row.key)
            }
            _ => true,
        };
        assert!(offered, "staff chose what is not offered");
    }

    fn gives_back_afresh(&self) {
        if !matches!(self.staff(), Some(StaffAction::Resume | StaffAction::Restart)) {
            return;
        }
        let moved = self.state().tick != self.before.tick;
        for frame in self.state().stack.iter().filter(|_| moved) {
            assert_eq!(frame.misses, 0, "misses are cleared when the conversation is given back");
        }
        assert!(!moved || self.state().same.1 <= 1, "equal messages are counted anew");
        if self.hands_over() {
            let announced =
                self.sends().any(|(message, _)| message.text.contains("Te comunico con una persona"));
            assert!(!announced, "a hand-off inside a give-back is silent");
        }
    }

    fn hears_nothing_for_later_while_staff_has_it(&self) {
        if self.state().owner == Owner::Staff {
            let heard = self.state().stack.iter().any(|frame| !frame.heard.is_empty());
            assert!(!heard, "what was heard is kept while staff has the conversation");
        }
    }

    fn meets_no_bug(&self) {
        for effect in &self.turned.effects {
            let Effect::Incident { what } = effect else { continue };
            assert!(!BUGS.iter().any(|bug| what.contains(bug)), "{what}");
        }
    }
}

//! Plays a conversation against the core and the small centre, and watches over every turn.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use smartsalud::conversation::need::{
    Effect, Event, EventKind, Fact, Need, PatientText, StaffAction, Stepped, TimerKind, Trace, Turned,
};
use smartsalud::conversation::state::{AskedKind, Frame, State, Tap};
use smartsalud::conversation::{Books, step};
use smartsalud::flow::{Book, Flow, Record, Value};
use smartsalud::value::Outgoing;

use super::watch::{self, Turn};
use super::world::World;

pub(crate) struct Talk {
    pub(crate) world: World,
    pub(crate) state: State,
    pub(crate) now: DateTime<Utc>,
    pub(crate) book: Book,
    pub(crate) older: Vec<Book>,
    /// Everything said to the patient, with its label.
    pub(crate) said: Vec<(Outgoing, String)>,
    pub(crate) handoffs: Vec<String>,
    pub(crate) incidents: Vec<String>,
    pub(crate) timers: Vec<(DateTime<Utc>, TimerKind, u64)>,
    pub(crate) trace: Trace,
    /// What was asked of the world in the last turn: `read agenda.buscar`.
    pub(crate) asked: Vec<String>,
    /// The same, whole.
    pub(crate) needs: Vec<Need>,
    pub(crate) turns: u64,
    /// What the patient wrote.
    pub(crate) heard: Vec<String>,
    /// Every how many turns the journal is replayed.
    pub(crate) replay_every: u64,
    /// What the answers were when each review was shown, by frame and fingerprint.
    pub(crate) reviewed: BTreeMap<(u32, String), BTreeMap<String, Value>>,
    /// Other events may come before the rest of a turn that had to commit first.
    pub(crate) lets_others_first: bool,
    /// Such a rest waits.
    pub(crate) goes_on: bool,
}

pub(crate) fn book() -> Book {
    Book::built_in().clone()
}

impl Talk {
    pub(crate) fn new(world: World) -> Self {
        Self::with(world, book())
    }

    pub(crate) fn with(world: World, book: Book) -> Self {
        Self {
            world,
            state: State::default(),
            now: "2026-11-25T12:00:00Z".parse().expect("a time"),
            book,
            older: Vec::new(),
            said: Vec::new(),
            handoffs: Vec::new(),
            incidents: Vec::new(),
            timers: Vec::new(),
            trace: Trace::default(),
            asked: Vec::new(),
            needs: Vec::new(),
            turns: 0,
            replay_every: 1,
            heard: Vec::new(),
            reviewed: BTreeMap::new(),
            lets_others_first: false,
            goes_on: false,
        }
    }

    /// At a review of Matrona for Luz on Thursday at ten, held.
    pub(crate) fn at_review(world: World) -> Self {
        let mut talk = Self::new(world);
        talk.says("hora matrona 10:00");
        talk.stands_at("agendar.review.1");
        assert_eq!(talk.held(), ["k1-2026-11-26T10:00"]);
        talk
    }

    /// At the list of hours of the midwife.
    pub(crate) fn at_hours(world: World) -> Self {
        let mut talk = Self::new(world);
        talk.says("quiero hora con matrona");
        talk.stands_at("agendar.hora");
        talk
    }

    pub(crate) fn says(&mut self, text: &str) -> &mut Self {
        let sent = Some(self.now);
        self.event(EventKind::Texts { texts: vec![PatientText { text: text.to_owned(), sent }] });
        self.pass(1)
    }

    /// A text written so many seconds ago.
    pub(crate) fn said_before(&mut self, text: &str, seconds: i64) -> &mut Self {
        let sent = Some(self.now - TimeDelta::seconds(seconds));
        self.event(EventKind::Texts { texts: vec![PatientText { text: text.to_owned(), sent }] });
        self.pass(1)
    }

    /// Taps an option of the last message that has one so called.
    pub(crate) fn taps(&mut self, title: &str) -> &mut Self {
        let tap = self.option(title);
        self.tap(tap, title)
    }

    pub(crate) fn tap(&mut self, tap: Tap, title: &str) -> &mut Self {
        self.event(EventKind::Tapped { tap: Some(tap), title: title.to_owned() });
        self.pass(1)
    }

    /// The option so called of the last message that has it.
    pub(crate) fn option(&self, title: &str) -> Tap {
        let options = self.said.iter().rev().flat_map(|(message, _)| &message.options);
        let option = options.into_iter().find(|option| option.title == title);
        let option = option.unwrap_or_else(|| panic!("nothing said has an option `{title}`"));
        Tap::from_id(&option.id).expect("an id of ours")
    }

    pub(crate) fn staff(&mut self, action: StaffAction) -> &mut Self {
        self.event(EventKind::Staff { by: "ana".to_owned(), action });
        self.pass(1)
    }

    pub(crate) fn edits(&mut self, field: &str, key: &str) -> &mut Self {
        let frame = self.state.stack.last().expect("a frame").id;
        self.staff(StaffAction::Edit { frame, field: field.to_owned(), key: key.to_owned() })
    }

    pub(crate) fn did(&mut self, row: Record) -> &mut Self {
        let frame = self.state.stack.last().expect("a frame").id;
        self.staff(StaffAction::Did { frame, row })
    }

    /// Time passes, and timers ring.
    pub(crate) fn wait(&mut self, seconds: i64) -> &mut Self {
        let end = self.now + TimeDelta::seconds(seconds);
        loop {
            self.timers.sort_by_key(|(at, ..)| *at);
            let Some(place) = self.timers.iter().position(|(at, ..)| *at <= end) else { break };
            let (at, kind, tick) = self.timers.remove(place);
            self.now = self.now.max(at);
            self.event(EventKind::Timer { kind, tick });
        }
        self.now = end;
        self
    }

    fn pass(&mut self, seconds: i64) -> &mut Self {
        self.wait(seconds)
    }

    /// A new version of the flows comes into force.
    pub(crate) fn comes(&mut self, newer: Book) -> &mut Self {
        let old = std::mem::replace(&mut self.book, newer);
        self.older.retain(|book| book.hash != old.hash);
        self.older.push(old);
        self
    }

    /// A copy to try something on.
    pub(crate) fn probe(&self) -> Self {
        Self {
            world: self.world.clone(),
            state: self.state.clone(),
            book: self.book.clone(),
            older: self.older.clone(),
            said: self.said.clone(),
            handoffs: Vec::new(),
            incidents: Vec::new(),
            timers: Vec::new(),
            trace: Trace::default(),
            asked: Vec::new(),
            needs: Vec::new(),
            turns: 0,
            replay_every: 1,
            heard: Vec::new(),
            reviewed: self.reviewed.clone(),
            lets_others_first: false,
            goes_on: false,
            now: self.now,
        }
    }

    /// One event through the core, with everything that follows at once.
    pub(crate) fn event(&mut self, kind: EventKind) -> Turned {
        let event = Event {
            now: self.now,
            local: (self.now - TimeDelta::hours(3)).naive_utc(),
            center: String::new(),
            kind,
        };
        if let EventKind::Texts { texts } = &event.kind {
            self.heard.extend(texts.iter().map(|text| text.text.clone()));
        }
        let before = self.state.clone();
        let needed = before.other_books(&self.book.hash);
        let others: Vec<&Book> = self.older.iter().filter(|book| needed.contains(&book.hash)).collect();
        let books = Books { current: &self.book, others: &others };
        let mut facts: Vec<Fact> = Vec::new();
        let mut wrote = false;
        let turned = loop {
            match step(&books, &before, &event, &facts).expect("the facts fit") {
                Stepped::Done(turned) => break *turned,
                Stepped::Needs(need) => {
                    let got = self.world.answer(&need, self.now, &mut wrote);
                    facts.push(Fact { need, got });
                    assert!(facts.len() < 60, "asks without end");
                }
            }
        };
        assert_eq!(through_json(&turned.state), turned.state, "the state survives JSON");
        if self.turns.is_multiple_of(self.replay_every) {
            // The journal replays to the very same turn, through JSON.
            let (event, facts): (Event, Vec<Fact>) = (through_json(&event), through_json(&facts));
            let again = step(&books, &through_json(&before), &event, &facts).expect("the same facts fit");
            assert_eq!(again, Stepped::Done(Box::new(turned.clone())), "a replay gives the same turn");
        }

        self.state = turned.state.clone();
        self.trace = turned.trace.clone();
        self.asked = facts.iter().map(|fact| in_words(&fact.need)).collect();
        self.needs = facts.iter().map(|fact| fact.need.clone()).collect();
        self.turns += 1;
        watch::over(self, &Turn { before: &before, event: &event, turned: &turned, facts: &facts });
        let mut goes_on = false;
        for effect in &turned.effects {
            match effect {
                Effect::Send { message, label } => {
                    self.said.push((message.clone(), label.clone()));
                    self.remember_review();
                }
                Effect::Timer { kind, at, tick } => {
                    self.timers.retain(|(_, known, _)| known != kind);
                    self.timers.push((*at, *kind, *tick));
                }
                Effect::Handoff { reason } => self.handoffs.push(reason.clone()),
                Effect::Incident { what } => self.incidents.push(what.clone()),
                Effect::TellRegistered { .. } => {}
                Effect::Continue => goes_on = true,
            }
        }
        watch::over_timers(self);
        self.goes_on = goes_on && self.lets_others_first || self.goes_on && event.kind != EventKind::Continue;
        if goes_on && !self.lets_others_first {
            self.event(EventKind::Continue);
        }
        turned
    }

    /// What is read out, and the answers behind it.
    fn remember_review(&mut self) {
        let Some(asked) = self.state.asked.as_ref().filter(|asked| asked.kind == AskedKind::Review) else {
            return;
        };
        let frame = self.state.stack.iter().find(|frame| frame.id == asked.frame).expect("it asks");
        let answers = frame.answers.iter().map(|(name, answer)| (name.clone(), as_argument(&answer.value)));
        self.reviewed.insert((asked.frame, asked.fingerprint.clone()), answers.collect());
    }

    /// The flow that a frame walks.
    pub(crate) fn flow_of(&self, frame: &Frame) -> Option<&Flow> {
        let pinned = frame.pinned.as_ref().and_then(|hash| self.older.iter().find(|book| book.hash == *hash));
        let book = pinned.unwrap_or(&self.book);
        match frame.flow.strip_prefix("repair.") {
            Some(kind) => book.repairs.iter().find(|(known, _)| known.as_str() == kind).map(|(_, flow)| flow),
            None => book.flows.get(&frame.flow),
        }
    }

    /// How often that port was read in the last turn.
    pub(crate) fn reads(&self, port: &str) -> usize {
        self.asked.iter().filter(|asked| **asked == format!("read {port}")).count()
    }

    pub(crate) fn held(&self) -> Vec<String> {
        self.world.held(self.now)
    }

    pub(crate) fn last(&self) -> &Outgoing {
        &self.said.last().expect("something was said").0
    }

    pub(crate) fn label(&self) -> &str {
        &self.said.last().expect("something was said").1
    }

    pub(crate) fn titles(&self) -> Vec<&str> {
        self.last().options.iter().map(|option| option.title.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn stands_at(&self, stage: &str) -> &Self {
        assert_eq!(self.state.stage(), stage, "\n{}", self.story());
        self
    }

    #[track_caller]
    pub(crate) fn told(&self, words: &str) -> &Self {
        assert!(self.last().text.contains(words), "not told `{words}`:\n{}", self.story());
        self
    }

    #[track_caller]
    pub(crate) fn not_told(&self, words: &str) -> &Self {
        assert!(!self.last().text.contains(words), "told `{words}`:\n{}", self.story());
        self
    }

    #[track_caller]
    pub(crate) fn booked(&self, keys: &[&str]) -> &Self {
        assert_eq!(self.world.booked(), keys, "\n{}", self.story());
        self
    }

    #[track_caller]
    pub(crate) fn answer(&self, field: &str, value: &str) -> &Self {
        let answers = self.state.stack.iter().rev().find_map(|frame| frame.answers.get(field));
        let answer = answers.map(|answer| answer.value.to_string());
        assert_eq!(answer.as_deref(), Some(value), "{field}\n{}", self.story());
        self
    }

    /// What a failed check needs to be understood.
    pub(crate) fn story(&self) -> String {
        let mut story = format!("after: {}\n", self.heard.last().map_or("", String::as_str));
        if let Some((message, label)) = self.said.last() {
            story += &format!("last said [{label}]: {}\n", message.text);
            for option in &message.options {
                story += &format!("  [{}]\n", option.title);
            }
        }
        for rung in &self.trace.rungs {
            story += &format!("rung {} {}: {}\n", rung.rung, if rung.took { "took" } else { "no" }, rung.why);
        }
        for step in &self.trace.walk {
            story += &format!("walk {} ({}): {}\n", step.step, step.at, step.verdict);
        }
        story + &format!("asked the world: {:?}\nincidents: {:?}\n", self.asked, self.incidents)
    }
}

fn in_words(need: &Need) -> String {
    match need {
        Need::Read { port, .. } => format!("read {port}"),
        Need::Hold { port, .. } => format!("hold {port}"),
        Need::Release { .. } => "release".to_owned(),
        Need::Write { port, .. } => format!("write {port}"),
    }
}

fn through_json<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("it can be written");
    serde_json::from_str(&text).expect("and read back")
}

/// What is passed to a port: of a row, its key.
pub(crate) fn as_argument(value: &Value) -> Value {
    match value {
        Value::Record(row) => Value::Key(row.key.clone()),
        value => value.clone(),
    }
}

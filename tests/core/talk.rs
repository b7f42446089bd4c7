//! Plays a conversation against the core and the small centre, and watches over every turn.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use smartsalud::conversation::need::{
    Effect, Event, EventKind, Fact, Need, PatientText, StaffAction, Stepped, TimerKind, Trace, Turned,
};
use smartsalud::conversation::state::{AskedKind, Owner, State, Tap};
use smartsalud::conversation::{Books, step};
use smartsalud::flow::{Book, Record};
use smartsalud::value::Outgoing;

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
        self.watch(&before, &event, &turned, &facts);
        let mut goes_on = false;
        for effect in &turned.effects {
            match effect {
                Effect::Send { message, label } => self.said.push((message.clone(), label.clone())),
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
        if goes_on {
            self.event(EventKind::Continue);
        }
        turned
    }

    /// What must hold after every turn.
    fn watch(&self, before: &State, event: &Event, turned: &Turned, facts: &[Fact]) {
        let state = &turned.state;
        let sends: Vec<_> = turned
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Send { message, label } if label != "staff" => Some((message, label)),
                _ => None,
            })
            .collect();
        assert!(sends.len() <= 1, "one message a turn");
        let gives_back = matches!(&event.kind, EventKind::Staff { .. });
        // who has waited enough may go on with the bot, unless a person has the conversation already
        let takes_back = before.waiting && turned.state.owner == Owner::Bot;
        if before.owner == Owner::Staff && !gives_back && !takes_back {
            // but for the numbers to call in danger
            let warns = sends
                .iter()
                .all(|(_, label)| ["repair.emergency", "repair.self_harm"].contains(&label.as_str()));
            assert!(warns, "the bot is silent while staff owns the conversation");
        }
        for (message, label) in &sends {
            assert!(!message.text.trim().is_empty(), "{label} says nothing");
            assert!(message.options.len() <= 10, "{label} has too many options");
            let ids: BTreeSet<_> = message.options.iter().map(|option| &option.id).collect();
            assert_eq!(ids.len(), message.options.len(), "{label} offers something twice");
            for option in &message.options {
                assert!(option.id.len() <= 200, "{}", option.id);
                assert!(Tap::from_id(&option.id).is_some(), "{}", option.id);
                assert!(!option.title.trim().is_empty(), "{label} has an option without a title");
            }
        }
        let handoffs =
            turned.effects.iter().filter(|effect| matches!(effect, Effect::Handoff { .. })).count();
        assert!(handoffs <= 1);
        if handoffs == 1 {
            assert!(matches!(turned.effects.last(), Some(Effect::Handoff { .. })), "a hand-off comes last");
            assert_eq!(state.owner, Owner::Staff);
        }
        let continues = turned.effects.contains(&Effect::Continue);
        let moved = state.tick != before.tick;
        if state.owner == Owner::Bot && !state.stack.is_empty() && !state.going_on && moved {
            let asked = state.asked.as_ref().expect("a live frame has a question");
            assert_eq!(Some(asked.frame), state.stack.last().map(|top| top.id), "the question is the top's");
            let closes = |effect: &Effect| matches!(effect, Effect::Timer { kind: TimerKind::Close, .. });
            assert!(turned.effects.iter().any(closes), "every open question has a timer");
        }
        assert!(state.stack.len() <= 6, "the stack is bounded");
        let flows: BTreeSet<_> = state.stack.iter().map(|frame| &frame.flow).collect();
        assert_eq!(flows.len(), state.stack.len(), "a flow is on the stack once");
        assert!(state.past.len() <= 8);

        // A hold lives exactly as long as its answer.
        if !continues {
            assert!(state.to_release.is_empty(), "nothing waits to be given back");
            let live = |until: DateTime<Utc>| until > self.now;
            let ours: BTreeSet<i64> = state
                .stack
                .iter()
                .flat_map(|frame| frame.holds.values())
                .filter(|held| live(held.until))
                .filter_map(|held| held.id.map(|id| id.0))
                .collect();
            let theirs: BTreeSet<i64> = self
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
                }
            }
        }

        // Nothing is written without a yes to what was read out, and nothing twice for one yes.
        let written: Vec<&Fact> = facts
            .iter()
            .filter(|fact| matches!(&fact.need, Need::Write { port, .. } if port.starts_with("agenda.")))
            .collect();
        assert!(written.len() <= 1, "one attempt for one yes");
        for fact in written {
            let Need::Write { arguments, once, .. } = &fact.need else { unreachable!("filtered") };
            let frame: u32 = once.split('/').next().and_then(|id| id.parse().ok()).expect("a frame");
            let (frame_yes, fingerprint) = match &event.kind {
                EventKind::Tapped { tap: Some(tap), .. } if tap.key == "si" => {
                    (tap.frame, tap.fingerprint.clone())
                }
                EventKind::Texts { .. } | EventKind::Tapped { tap: None, .. } => {
                    let asked = before.asked.as_ref().expect("a yes answers a question");
                    assert_eq!(asked.kind, AskedKind::Review, "a yes answers a review");
                    (asked.frame, asked.fingerprint.clone())
                }
                other => panic!("written without a yes: {other:?}"),
            };
            assert_eq!(frame, frame_yes, "the yes was for another flow");
            // The answers are those of the review: its fingerprint was shown with them.
            let shown = self.said.iter().flat_map(|(message, _)| &message.options);
            let of_review = shown
                .filter_map(|option| Tap::from_id(&option.id))
                .find(|tap| tap.fingerprint == fingerprint);
            assert!(of_review.is_some(), "the yes was to something never shown");
            let known = before.stack.iter().find(|known| known.id == frame).expect("it was there before");
            for (name, value) in arguments {
                let answer = known.answers.get(name).map(|answer| answer.value.as_argument());
                assert_eq!(answer.as_ref(), Some(value), "written with another {name} than was read out");
            }
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

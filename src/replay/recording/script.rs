//! The turns of a recorded talk as items of a fixture.
//!
//! Time: gaps of a minute or more become `wait:`, shorter ones are left out, and timers ring inside a wait. What the
//! bot said stands as its question, its options and the first line of its words, all in disguise.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use super::agenda::in_words;
use super::disguise::Disguise;
use super::store::Row;
use crate::conversation::need::{Effect, Event, EventKind, Fact, LATER, OK, PatientText, StaffAction};
use crate::conversation::state::Tap;
use crate::flow::Record;
use crate::replay::agenda::{commits, port_of};
use crate::replay::observed::{Call, Notice, Observed, Said};
use crate::replay::report::as_expected;
use crate::value::{MediaKind, Outgoing};

/// Gaps shorter than this are not told.
const GAP: TimeDelta = TimeDelta::seconds(60);
/// Clocks may differ by this, and the answer to a question is not taken for older than it.
const MARGIN: TimeDelta = TimeDelta::seconds(2);

/// A turn of the fixture.
#[derive(Debug, Default)]
pub struct Line {
    /// `patient: …`, `wait: …`; empty when what happened has no words in a fixture.
    pub act: String,
    /// What cannot be told of it.
    pub lost: Option<String>,
    /// The `bot:` entries.
    pub bot: Vec<String>,
    /// What was called and what came of it.
    pub calls: Vec<Call>,
    /// Faults that make the same come of it.
    pub faults: Vec<(String, String)>,
    wait: TimeDelta,
    messages: Vec<Outgoing>,
}

/// Writes the script of a talk.
pub struct Writer<'a> {
    disguise: &'a mut Disguise,
    lines: Vec<Line>,
    now: DateTime<Utc>,
    rows: Vec<&'a Record>,
}

impl<'a> Writer<'a> {
    /// A script that begins at a moment.
    pub fn new(disguise: &'a mut Disguise, start: DateTime<Utc>) -> Self {
        Self { disguise, lines: Vec::new(), now: start, rows: Vec::new() }
    }

    /// The script.
    pub fn write(mut self, journal: &'a [Row]) -> Vec<Line> {
        for row in journal {
            let facts = row.facts.as_ref().map_or(&[][..], |facts| &facts.0);
            self.rows.extend(facts.iter().flat_map(|fact| fact.got.rows.iter()));
            if row.kind == "parked" {
                let line = Line { lost: Some("a message was set aside for staff".into()), ..Line::default() };
                self.lines.push(line);
                continue;
            }
            let Some(event) = row.event.as_ref().map(|event| &event.0) else { continue };
            match &event.kind {
                EventKind::Continue if !self.lines.is_empty() => {}
                EventKind::Timer { .. } => self.pass(event.now, true),
                kind => {
                    self.pass(event.now, false);
                    let line = self.act(kind, event, facts);
                    self.lines.push(line);
                }
            }
            self.follows(row, facts);
        }
        for line in &mut self.lines {
            if line.wait > TimeDelta::zero() {
                line.act = format!("wait: {}", span(line.wait));
            }
        }
        self.lines
    }

    /// Time passes until then, told when it is long or something rings; in whole seconds.
    fn pass(&mut self, then: DateTime<Utc>, rings: bool) {
        let gap = then - self.now;
        let gap = if gap.subsec_nanos() > 0 { TimeDelta::seconds(gap.num_seconds() + 1) } else { gap };
        let waiting = self.lines.last().is_some_and(|line| line.wait > TimeDelta::zero());
        if !(rings || waiting || gap >= GAP) {
            return;
        }
        if !waiting {
            self.lines.push(Line::default());
        }
        let least = if waiting { TimeDelta::zero() } else { TimeDelta::seconds(1) };
        let gap = gap.max(least);
        if let Some(line) = self.lines.last_mut() {
            line.wait += gap;
        }
        self.now += gap;
    }

    /// What came of it goes with the line that stands last.
    fn follows(&mut self, row: &Row, facts: &[Fact]) {
        let Some(mut line) = self.lines.pop() else { return };
        for fact in facts.iter().filter(|fact| fact.got.outcome != LATER) {
            line.calls.push(Call { port: port_of(&fact.need).to_owned(), outcome: fact.got.outcome.clone() });
        }
        let mut observed = Observed::default();
        for effect in row.effects.iter().flat_map(|effects| &effects.0) {
            match effect {
                Effect::Send { message, label } => {
                    let repairs = row.trace.as_ref().map(|trace| trace.0.repairs.clone()).unwrap_or_default();
                    line.messages.push(message.clone());
                    let message = self.said(message);
                    observed.notices.push(Notice::Message(Said { message, label: label.clone(), repairs }));
                }
                Effect::Handoff { reason } => observed.notices.push(Notice::Handoff(reason.clone())),
                Effect::Incident { .. } => line.lost = Some("the engine or a flow was at fault".into()),
                Effect::Timer { .. } | Effect::TellRegistered { .. } | Effect::Continue => {}
            }
        }
        line.bot.extend(as_expected(&observed));
        self.lines.push(line);
    }

    /// A message of the bot in disguise: the first of its lines of which all may stay, and its options.
    fn said(&mut self, message: &Outgoing) -> Outgoing {
        let mut message = message.clone();
        let mut lines = Vec::new();
        for line in message.text.lines().filter(|line| !line.trim().is_empty()) {
            self.disguise.has_invented();
            let told = self.disguise.text(line);
            lines.push((self.disguise.has_invented(), told));
        }
        // what staff wrote is in disguise where they write it, too: then the first line is as good as any
        let whole = lines.iter().find(|(invented, _)| !invented).or(lines.first());
        message.text = whole.map(|(_, told)| told.clone()).unwrap_or_default();
        for option in &mut message.options {
            option.title = self.disguise.text(&option.title);
        }
        message
    }

    fn act(&mut self, kind: &EventKind, event: &Event, facts: &[Fact]) -> Line {
        let lost = |what: &str| Line { lost: Some(what.to_owned()), ..Line::default() };
        let act = match kind {
            EventKind::Texts { texts } => self.texts(texts, event.now, facts),
            EventKind::Tapped { tap, title } => self.tap(tap.as_ref(), title),
            EventKind::Media { kind } => match kind {
                MediaKind::Audio => "patient: { audio: true }".into(),
                MediaKind::Image => "patient: { image: true }".into(),
                MediaKind::Video => "patient: { video: true }".into(),
                MediaKind::Document => "patient: { document: true }".into(),
                MediaKind::Location => "patient: { location: true }".into(),
                MediaKind::Contact => "patient: { contact: true }".into(),
                MediaKind::Order => return lost("a fixture has no orders"),
            },
            EventKind::Unsupported => "patient: { unsupported: true }".into(),
            EventKind::Start { flow } => format!("start: {flow}"),
            EventKind::Staff { action, .. } => match self.staff(action) {
                Some(act) => act,
                None => return lost("staff chose something that was not offered in the talk"),
            },
            EventKind::Echo => return lost("the centre's own phone answered the patient"),
            EventKind::Undelivered { .. } => return lost("a message could not be delivered"),
            EventKind::Timer { .. } | EventKind::Continue => return lost("it began in the middle of a turn"),
        };
        Line { act, ..Line::default() }
    }

    fn texts(&mut self, texts: &[PatientText], now: DateTime<Utc>, facts: &[Fact]) -> String {
        let birth = facts.iter().find_map(|fact| match &fact.need {
            crate::conversation::need::Need::Write { port, arguments, .. } if port == "personas.vincular" => {
                arguments.iter().find_map(|(_, value)| match value {
                    crate::flow::Value::Date(born) => Some(*born),
                    _ => None,
                })
            }
            _ => None,
        });
        let asked_birth =
            self.lines.iter().rev().find_map(|line| line.messages.last().map(|_| line.bot.join(" ")));
        let asked_birth = asked_birth.is_some_and(|bot| bot.contains("nacimiento"));
        let mut said: Vec<String> = Vec::new();
        for text in texts {
            let words = match birth.filter(|_| asked_birth) {
                // however it was written, it stood for this day
                Some(born) => self.disguise.birth(born).format("%d-%m-%Y").to_string(),
                None => self.disguise.text(&text.text),
            };
            said.push(words);
        }
        let before = texts.first().and_then(|text| text.sent).map(|sent| now - sent);
        let question = self.lines.iter().any(|line| !line.messages.is_empty());
        match (&said[..], before.filter(|before| question && *before > MARGIN + TimeDelta::seconds(5))) {
            ([one], Some(ago)) => format!("patient: {{ ago: {}, text: {} }}", span(ago), quoted(one)),
            ([one], None) => format!("patient: {}", quoted(one)),
            (many, _) => {
                format!("patient: [{}]", many.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// A tap by its label, or by its place when several labels are alike or it cannot be told.
    fn tap(&mut self, tap: Option<&Tap>, title: &str) -> String {
        let Some(tap) = tap else { return format!("patient: {}", quoted(&self.disguise.text(title))) };
        let id = tap.to_id();
        let mut shown = self.lines.iter().enumerate().rev().flat_map(|(number, line)| {
            line.messages
                .iter()
                .rev()
                .filter(|message| !message.options.is_empty())
                .map(move |one| (number, one))
        });
        let newest = shown.clone().next().map(|(number, _)| number);
        let found = shown.find_map(|(number, message)| {
            Some((number, message, message.options.iter().position(|option| option.id == id)?))
        });
        let Some((number, message, place)) = found else {
            return format!("patient: {}", quoted(&self.disguise.text(title)));
        };
        let of = if newest == Some(number) { String::new() } else { format!(", of_turn: {}", number + 1) };
        let alike = message.options.iter().filter(|option| option.title == title).count();
        self.disguise.has_invented();
        let label = self.disguise.text(title);
        let told = if alike == 1 && !self.disguise.has_invented() && label.parse::<usize>().is_err() {
            quoted(&label)
        } else {
            (place + 1).to_string()
        };
        format!("patient: {{ tap: {told}{of} }}")
    }

    fn staff(&mut self, action: &StaffAction) -> Option<String> {
        let does = match action {
            StaffAction::TakeOver => "funcionaria: take_over".to_owned(),
            StaffAction::Resume => "funcionaria: give_back, how: resume".to_owned(),
            StaffAction::Restart => "funcionaria: give_back, how: restart".to_owned(),
            StaffAction::Close => "funcionaria: close".to_owned(),
            StaffAction::Say { text } => {
                format!("funcionaria: {{ say: {} }}", quoted(&self.disguise.text(text)))
            }
            StaffAction::Edit { field, key, .. } => {
                let row = self.rows.iter().rev().find(|row| row.key == *key)?;
                format!("funcionaria: {{ edit: {field}, to: {} }}", quoted(&in_words(row)?))
            }
            StaffAction::Did { row, .. } => format!("funcionaria: {{ did: {} }}", quoted(&in_words(row)?)),
        };
        Some(format!("staff: {{ {does} }}"))
    }
}

impl Line {
    /// The writes that must be named.
    fn commits(&self) -> Vec<&str> {
        let done = self.calls.iter().filter(|call| call.outcome == OK && commits(&call.port));
        done.map(|call| call.port.as_str()).collect()
    }

    /// The item as YAML.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        if let Some(lost) = &self.lost {
            let _ = writeln!(out, "  # here something happened that cannot be played: {lost}");
        }
        if self.act.is_empty() {
            return out;
        }
        let _ = writeln!(out, "  - {}", self.act);
        if !self.faults.is_empty() {
            let faults: Vec<String> =
                self.faults.iter().map(|(port, what)| format!("{port}: {what}")).collect();
            let _ = writeln!(out, "    fault: {{ {} }}", faults.join(", "));
            if self
                .faults
                .iter()
                .any(|(port, _)| self.calls.iter().any(|call| call.port == *port && call.outcome == OK))
            {
                let _ = writeln!(out, "    once: true");
            }
        }
        let commits = self.commits();
        if !commits.is_empty() {
            let _ = writeln!(out, "    calls: [{}]", commits.join(", "));
        }
        match &self.bot[..] {
            [] => out.push_str("    bot: []\n"),
            many => {
                out.push_str("    bot:\n");
                for entry in many {
                    let _ = writeln!(out, "      - {entry}");
                }
            }
        }
        out
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(1);
    match seconds {
        _ if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        _ if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

//! A flow drawn for people: what is asked in which order, and where every outcome leads.
//!
//! One plan of boxes and arrows, written as Mermaid (for documents) or as SVG (for a browser, without any tool).
//! With counts, such as a replay's coverage, each step says how often it was seen: green when it was, red when
//! never.

mod mermaid;
mod svg;

pub use mermaid::mermaid;
pub use svg::svg;

use std::collections::BTreeMap;

use super::definition::Step;
use super::definition::{Action, Branch, Call, FieldKind, Flow, Source, StepKind};

/// How often each step was seen, by flow and step: `agendar.ask.hora`, `repair.miss.say.1`. A step that is not in
/// it was never seen.
pub type Counts = BTreeMap<String, u64>;

/// Fill and border of a step that was seen.
const SEEN: (&str, &str) = ("#c8e6c9", "#1b5e20");
/// Fill and border of a step that never was.
const UNSEEN: (&str, &str) = ("#ffcdd2", "#b71c1c");

/// Fill and border by how often a step was seen.
fn by_count(seen: u64) -> (&'static str, &'static str) {
    if seen == 0 { UNSEEN } else { SEEN }
}

/// What a box stands for; it decides shape and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Ask,
    Say,
    Read,
    Hold,
    Commit,
    Review,
    When,
    Elsewhere,
    End,
}

impl Shape {
    /// Its name in classes of both drawings.
    fn class(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Say => "say",
            Self::Read => "read",
            Self::Hold => "hold",
            Self::Commit => "commit",
            Self::Review => "review",
            Self::When => "when",
            Self::Elsewhere => "elsewhere",
            Self::End => "finish",
        }
    }

    /// Fill and border.
    fn colours(self) -> (&'static str, &'static str) {
        match self {
            Self::Ask => ("#e3f2fd", "#1565c0"),
            Self::Say => ("#f5f5f5", "#757575"),
            Self::Read => ("#fff8e1", "#b28704"),
            Self::Hold => ("#fff3e0", "#e65100"),
            Self::Commit => ("#fbe9e7", "#bf360c"),
            Self::Review => ("#e8f5e9", "#2e7d32"),
            Self::When => ("#f3e5f5", "#6a1b9a"),
            Self::Elsewhere => ("#ede7f6", "#4527a0"),
            Self::End => ("#eceff1", "#37474f"),
        }
    }

    const ALL: [Self; 9] = [
        Self::Ask,
        Self::Say,
        Self::Read,
        Self::Hold,
        Self::Commit,
        Self::Review,
        Self::When,
        Self::Elsewhere,
        Self::End,
    ];
}

/// A step as it is drawn.
struct Drawn<'a> {
    id: &'a str,
    shape: Shape,
    /// What it is called: `ask hora`.
    title: String,
    /// What is said or called.
    detail: String,
    /// Ways out besides the next step: the outcome and where it leads.
    exits: Vec<(String, String)>,
    /// How often it was seen, when that is known.
    seen: Option<u64>,
}

impl Drawn<'_> {
    /// What it is called, with its count: a drawing says it also without colours.
    fn heading(&self) -> String {
        match self.seen {
            None => self.title.clone(),
            Some(0) => format!("{} · never seen", self.title),
            Some(seen) => format!("{} · seen {seen}×", self.title),
        }
    }
}

/// How a step is drawn.
fn drawn<'a>(flow: &Flow, step: &'a Step, counts: Option<&Counts>) -> Drawn<'a> {
    let (shape, title, detail, exits) = match &step.kind {
        StepKind::Ask(ask) => {
            (Shape::Ask, format!("ask {}", ask.field), ask.text.to_string(), options(flow, &ask.field))
        }
        StepKind::Say(text) => (Shape::Say, "say".to_owned(), text.to_string(), Vec::new()),
        StepKind::Do(call) => (Shape::Read, "do".to_owned(), written(call), branches(call)),
        StepKind::Hold(call) => (Shape::Hold, "hold".to_owned(), written(call), branches(call)),
        StepKind::Commit(call) => (Shape::Commit, "commit".to_owned(), written(call), branches(call)),
        StepKind::Review(review) => {
            let exits = vec![
                (review.change.clone(), format!("change {}", review.fields.join(", "))),
                (review.cancel.clone(), "leave".to_owned()),
            ];
            (Shape::Review, format!("review: {}", review.yes), review.text.to_string(), exits)
        }
        StepKind::When(when) => (Shape::When, "when".to_owned(), when.condition.to_string(), Vec::new()),
        StepKind::CallFlow(call) => {
            let each = call.each.as_ref().map(|each| format!(" for each of {}", each.of)).unwrap_or_default();
            (Shape::Elsewhere, "call".to_owned(), format!("{}{each}", call.flow), Vec::new())
        }
        StepKind::Voice(voice) => (Shape::Say, "voice".to_owned(), voice.clone(), Vec::new()),
        StepKind::Handoff(reason) => (Shape::End, "handoff".to_owned(), reason.clone(), Vec::new()),
        StepKind::End => (Shape::End, "end".to_owned(), String::new(), Vec::new()),
    };
    let count =
        |counts: &Counts| counts.get(&format!("{}.{}", flow.name, step.id)).copied().unwrap_or_default();
    Drawn { id: &step.id, shape, title, detail, exits, seen: counts.map(count) }
}

/// What options of a menu do.
fn options(flow: &Flow, field: &str) -> Vec<(String, String)> {
    match flow.fields.get(field).map(|field| &field.kind) {
        Some(FieldKind::Choice { source: Source::Fixed(options), .. }) => options
            .iter()
            .filter_map(|option| option.action.as_ref().map(|to| (option.title.clone(), action(to))))
            .collect(),
        _ => Vec::new(),
    }
}

fn branches(call: &Call) -> Vec<(String, String)> {
    // outcomes that lead to the same place share an arrow
    let mut exits: Vec<(String, String)> = Vec::new();
    for (outcome, branch) in &call.on {
        let leads_to = branch_in_words(branch);
        match exits.iter_mut().find(|(_, known)| *known == leads_to) {
            Some((outcomes, _)) => {
                outcomes.push_str(", ");
                outcomes.push_str(outcome);
            }
            None => exits.push((outcome.clone(), leads_to)),
        }
    }
    exits
}

fn branch_in_words(branch: &Branch) -> String {
    let mut parts = Vec::new();
    if branch.say.is_some() && branch.forget.is_empty() && branch.refuse.is_none() {
        parts.push("say".to_owned());
    }
    if !branch.forget.is_empty() {
        parts.push(format!("forget {}", branch.forget.join(", ")));
    }
    parts.extend(branch.refuse.as_ref().map(|field| format!("ask {field} again")));
    if let (Some(times), Some(last)) = (branch.up_to, parts.last_mut()) {
        last.push_str(&format!(" (up to {times} times)"));
    }
    parts.extend(branch.then.as_ref().map(action));
    parts.join(", then ")
}

fn action(action: &Action) -> String {
    match action {
        Action::Handoff(reason) => format!("handoff {reason}"),
        Action::Offer(flow) => format!("offer {flow}"),
        Action::Call(flow) => format!("call {flow}"),
        Action::Start(flow) => format!("start {flow}"),
        Action::End => "end".to_owned(),
        Action::Resume => "resume".to_owned(),
        Action::Leave => "leave".to_owned(),
        Action::Pass => "pass".to_owned(),
    }
}

fn written(call: &Call) -> String {
    let arguments: Vec<String> = call.arguments.iter().map(|(_, value)| value.to_string()).collect();
    let into = call.into.as_ref().map(|into| format!("{into} = ")).unwrap_or_default();
    format!("{into}{}({})", call.port, arguments.join(", "))
}

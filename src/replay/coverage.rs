//! What of the flows the conversations have seen, and how often: steps, branches, outcomes, repairs, fixed answers.
//!
//! A part counts when it did its work: a question when it was asked, a text when it was said, not when the walk
//! went by. Guarantees: each part stands once, with its `file:line`; what holds no step, as a condition without
//! `else` or a repair that says nothing, is no part.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use super::report::Outcome;
use crate::conversation::need::Trace;
use crate::flow::definition::{Branch, Call, Field, FieldKind, Flow, Source, Span, Step, StepKind};
use crate::flow::{Book, RepairKind};

/// The kinds of parts, as they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A step of a flow or a repair.
    Step,
    /// An arm of a condition, an option, an answer to a summary, the end of `up_to`.
    Branch,
    /// What a port answered.
    Outcome,
    /// A repair that spoke.
    Repair,
    /// A question with a fixed answer.
    Answer,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Step, Self::Branch, Self::Outcome, Self::Repair, Self::Answer];

    fn name(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Branch => "branch",
            Self::Outcome => "outcome",
            Self::Repair => "repair",
            Self::Answer => "answer",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Step => "steps",
            Self::Branch => "branches",
            Self::Outcome => "outcomes",
            Self::Repair => "repairs",
            Self::Answer => "fixed answers",
        }
    }
}

/// One thing that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: Kind,
    /// `agendar.ask.hora`, `agendar.do.oferta: none`.
    pub name: String,
    /// `file:line` in the flows.
    pub at: String,
    /// How often it was seen.
    pub seen: usize,
}

/// What conversations have seen of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Every part, by kind and in the order of the flows.
    pub parts: Vec<Part>,
}

impl Coverage {
    /// The coverage of fixtures that were played; what failed counts as far as it went.
    pub fn of(outcomes: &[Outcome], book: &Book) -> Self {
        let played = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok());
        let turns = played.flat_map(|one| &one.turns);
        Self::of_traces(turns.flat_map(|turn| &turn.observed.traces), book)
    }

    /// The coverage of turns.
    pub fn of_traces<'a>(traces: impl IntoIterator<Item = &'a Trace>, book: &Book) -> Self {
        let mut counts = Counts::default();
        for trace in traces {
            counts.add(trace);
        }
        let mut parts = Vec::new();
        for flow in book.flows.values().chain(book.repairs.values()) {
            let mut put = |kind: Kind, what: &str, verdict: &str, span: &Span| {
                let place = format!("{}.{what}", flow.name);
                let seen = counts.walked(&place, verdict);
                let name = if kind == Kind::Step { place } else { format!("{place}: {verdict}") };
                parts.push(Part { kind, name, at: span.line_of_file(), seen });
            };
            for step in all(&flow.steps) {
                put(Kind::Step, &step.id, "", &step.span);
                parts_of_step(step, &mut put);
            }
            for field in flow.fields.values() {
                options(flow, field, &mut put);
            }
        }
        for (kind, flow) in book.repairs.iter().filter(|(_, flow)| !flow.steps.is_empty()) {
            let seen = counts.repairs.get(kind).copied().unwrap_or(0);
            parts.push(Part {
                kind: Kind::Repair,
                name: kind.as_str().to_owned(),
                at: flow.span.line_of_file(),
                seen,
            });
        }
        for answer in &book.answers {
            let seen = counts.answers.get(answer.name.as_str()).copied().unwrap_or(0);
            parts.push(Part {
                kind: Kind::Answer,
                name: answer.name.clone(),
                at: answer.span.line_of_file(),
                seen,
            });
        }
        parts.sort_by_key(|part| part.kind);
        Self { parts }
    }

    /// Leaves the parts of one flow or repair.
    pub fn keep(&mut self, flow: &str) {
        let inside = format!("{flow}.");
        let repair = flow.strip_prefix("repair.");
        self.parts.retain(|part| match part.kind {
            Kind::Step | Kind::Branch | Kind::Outcome => part.name.starts_with(&inside),
            Kind::Repair => repair == Some(part.name.as_str()),
            Kind::Answer => false,
        });
    }

    /// How many parts of a kind were seen, and how many there are.
    pub fn share(&self, kind: Kind) -> (usize, usize) {
        let all = || self.parts.iter().filter(|part| part.kind == kind);
        (all().filter(|part| part.seen > 0).count(), all().count())
    }

    /// The kinds of which less than this share in percent was seen, in words.
    pub fn below(&self, floor: f64) -> Vec<String> {
        let low = Kind::ALL.into_iter().filter(|kind| self.percent(*kind) < floor);
        low.map(|kind| format!("{} {:.1} %", kind.plural(), self.percent(kind))).collect()
    }

    fn percent(&self, kind: Kind) -> f64 {
        match self.share(kind) {
            (_, 0) => 100.0,
            #[expect(clippy::cast_precision_loss, reason = "flows have no billions of parts")]
            (seen, all) => 100.0 * seen as f64 / all as f64,
        }
    }

    /// For people: how much of each kind was seen, and what never was.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for kind in Kind::ALL {
            let (seen, all) = self.share(kind);
            if all == 0 {
                continue;
            }
            let _ = writeln!(out, "{:<14} {seen} of {all} ({:.1} %)", kind.plural(), self.percent(kind));
            for part in self.parts.iter().filter(|part| part.kind == kind && part.seen == 0) {
                let _ = writeln!(out, "  never  {:<24} {}", part.at, part.name);
            }
        }
        out
    }

    /// For programs: one line of JSON for each part, its name under its kind.
    pub fn json(&self) -> String {
        let line = |part: &Part| {
            // written by hand, so that the name stands first for whoever reads the lines
            let name = json!(part.name);
            let at = json!(part.at);
            format!("{{\"{}\":{name},\"at\":{at},\"seen\":{}}}\n", part.kind.name(), part.seen)
        };
        self.parts.iter().map(line).collect()
    }
}

/// What was seen how often.
#[derive(Default)]
struct Counts<'a> {
    /// Step and what came of it; the step alone when it did its work.
    walked: BTreeMap<(&'a str, &'a str), usize>,
    repairs: BTreeMap<RepairKind, usize>,
    answers: BTreeMap<&'a str, usize>,
}

impl<'a> Counts<'a> {
    fn add(&mut self, trace: &'a Trace) {
        for step in &trace.walk {
            let verdict = &*step.verdict;
            if step.did_its_work() {
                *self.walked.entry((&step.step, "")).or_default() += 1;
            }
            let told = verdict.strip_prefix("outcome ").unwrap_or(verdict);
            *self.walked.entry((&step.step, told)).or_default() += 1;
        }
        for repair in &trace.repairs {
            *self.repairs.entry(*repair).or_default() += 1;
        }
        for rung in trace.rungs.iter().filter(|rung| rung.took && rung.rung == 6) {
            if let Some(name) = rung.why.strip_prefix("answered: ") {
                *self.answers.entry(name).or_default() += 1;
            }
        }
    }

    fn walked(&self, step: &str, verdict: &str) -> usize {
        self.walked.get(&(step, verdict)).copied().unwrap_or(0)
    }
}

/// Branches and outcomes of a step.
fn parts_of_step(step: &Step, put: &mut impl FnMut(Kind, &str, &str, &Span)) {
    match &step.kind {
        StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
            for outcome in outcomes_of(call) {
                put(Kind::Outcome, &step.id, outcome, &step.span);
            }
            let limited = |branch: &Branch| branch.up_to.is_some();
            for (outcome, _) in call.on.iter().filter(|(_, branch)| limited(branch)) {
                put(Kind::Branch, &step.id, &format!("used up: {outcome}"), &step.span);
            }
        }
        StepKind::When(when) => {
            for (verdict, arm) in [("holds", &when.then), ("does not hold", &when.otherwise)] {
                if !arm.is_empty() {
                    put(Kind::Branch, &step.id, verdict, &step.span);
                }
            }
        }
        StepKind::Review(_) => {
            for key in ["yes", "change", "cancel"] {
                put(Kind::Branch, &step.id, &format!("answered: {key}"), &step.span);
            }
        }
        StepKind::Ask(_)
        | StepKind::Say(_)
        | StepKind::CallFlow(_)
        | StepKind::Voice(_)
        | StepKind::Handoff(_)
        | StepKind::End => {}
    }
}

/// The options that are written in a flow and asked by a step of it.
fn options(flow: &Flow, field: &Field, put: &mut impl FnMut(Kind, &str, &str, &Span)) {
    let FieldKind::Choice { source: Source::Fixed(options), .. } = &field.kind else { return };
    let asks = |step: &&Step| matches!(&step.kind, StepKind::Ask(ask) if ask.field == field.name);
    if all(&flow.steps).iter().any(asks) {
        for option in options {
            put(
                Kind::Branch,
                &format!("ask.{}", field.name),
                &format!("chosen: {}", option.key),
                &field.span,
            );
        }
    }
}

/// What a call can answer: that all went well, and what it has branches for.
fn outcomes_of(call: &Call) -> impl Iterator<Item = &str> {
    std::iter::once("ok").chain(call.on.keys().map(String::as_str))
}

/// Steps with those under conditions.
fn all(list: &[Step]) -> Vec<&Step> {
    let mut found = Vec::new();
    for step in list {
        found.push(step);
        if let StepKind::When(when) = &step.kind {
            found.extend(all(&when.then));
            found.extend(all(&when.otherwise));
        }
    }
    found
}

//! What of the flows no conversation has seen: steps, outcomes of calls, fixed answers, repairs, each with its place.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::report::Outcome;
use crate::flow::Book;
use crate::flow::definition::{Flow, Span, Step, StepKind};

/// One thing that can be seen.
struct Part {
    name: String,
    at: String,
    seen: bool,
}

/// The coverage of a run, for people: how many of each kind, and those that were never seen.
pub fn coverage(outcomes: &[Outcome], book: &Book) -> String {
    let played = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok());
    let traces: Vec<_> = played.flat_map(|one| &one.turns).flat_map(|turn| &turn.observed.traces).collect();
    let walked: BTreeSet<&str> =
        traces.iter().flat_map(|trace| &trace.walk).map(|step| step.step.as_str()).collect();
    let came: BTreeSet<(&str, &str)> = traces
        .iter()
        .flat_map(|trace| &trace.walk)
        .filter_map(|step| Some((step.step.as_str(), step.verdict.rsplit_once("outcome ")?.1)))
        .collect();
    let spoke: BTreeSet<_> = traces.iter().flat_map(|trace| trace.repairs.iter().copied()).collect();
    let answered: BTreeSet<&str> = traces
        .iter()
        .flat_map(|trace| &trace.rungs)
        .filter(|rung| rung.took && rung.rung == 6)
        .filter_map(|rung| rung.why.strip_prefix("answered: "))
        .collect();

    let (mut steps, mut branches) = (Vec::new(), Vec::new());
    for flow in book.flows.values() {
        for step in all(&flow.steps) {
            let name = name_of(flow, step);
            branches.extend(outcomes_of(step).map(|outcome| Part {
                at: at(&step.span),
                seen: came.contains(&(name.as_str(), outcome)),
                name: format!("{name}: {outcome}"),
            }));
            steps.push(Part { at: at(&step.span), seen: walked.contains(name.as_str()), name });
        }
    }
    let repairs = book.repairs.iter().map(|(kind, flow)| Part {
        name: flow.name.clone(),
        at: at(&flow.span),
        seen: spoke.contains(kind),
    });
    let answers = book.answers.iter().map(|answer| Part {
        name: answer.name.clone(),
        at: at(&answer.span),
        seen: answered.contains(answer.name.as_str()),
    });
    let mut out = String::new();
    let kinds = [
        ("steps", steps),
        ("branches", branches),
        ("fixed answers", answers.collect()),
        ("repairs", repairs.collect()),
    ];
    for (kind, parts) in kinds {
        let seen = parts.iter().filter(|part| part.seen).count();
        let _ = writeln!(out, "{kind:<14} {seen} of {}", parts.len());
        for part in parts.iter().filter(|part| !part.seen) {
            let _ = writeln!(out, "  never  {:<24} {}", part.at, part.name);
        }
    }
    out
}

fn name_of(flow: &Flow, step: &Step) -> String {
    format!("{}.{}", flow.name, step.id)
}

fn at(span: &Span) -> String {
    format!("{}:{}", span.file, span.line)
}

/// The outcomes that a step has branches for.
fn outcomes_of(step: &Step) -> impl Iterator<Item = &str> {
    let call = match &step.kind {
        StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => Some(call),
        _ => None,
    };
    call.into_iter().flat_map(|call| call.on.keys().map(String::as_str))
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

//! Flows that lead into each other without ever asking anything: the walk would turn in circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::flow::definition::{Action, Book, Call, Step, StepKind};
use crate::flow::error::FlowError;
use crate::flow::value::Name;

/// Tells each flow that can come back to its own beginning without a question on the way.
pub(super) fn check(book: &Book, sources: &BTreeMap<String, String>, errors: &mut Vec<FlowError>) {
    let next: BTreeMap<&Name, BTreeSet<&Name>> = book
        .flows
        .values()
        .map(|flow| {
            let mut entered = BTreeSet::new();
            before_a_question(&flow.steps, &mut entered);
            entered.remove(&flow.name); // a flow that calls itself in a branch is told there
            (&flow.name, entered)
        })
        .collect();
    for flow in book.flows.values() {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&Name> = next[&flow.name].iter().copied().collect();
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                open.extend(next.get(name).into_iter().flatten());
            }
        }
        let calls_itself = flow
            .steps
            .iter()
            .any(|step| matches!(&step.kind, StepKind::CallFlow(call) if call.flow == flow.name));
        if seen.contains(&flow.name) || calls_itself {
            let source = sources.get(&flow.span.file).map_or("", String::as_str);
            let message = format!("`{}` comes back to its own beginning without asking anything", flow.name);
            let fix = "put a question on the way, or take one of the calls out";
            errors.push(FlowError::new("F046", flow.span.clone(), source, message, fix));
        }
    }
}

/// The flows entered before the first question; false when a question or an end is always met.
fn before_a_question<'a>(steps: &'a [Step], entered: &mut BTreeSet<&'a Name>) -> bool {
    for step in steps {
        match &step.kind {
            StepKind::Ask(_) | StepKind::Review(_) | StepKind::Handoff(_) | StepKind::End => return false,
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => by_branch(call, entered),
            StepKind::CallFlow(call) => {
                entered.insert(&call.flow);
            }
            StepKind::When(when) => {
                let then = before_a_question(&when.then, entered);
                let otherwise = before_a_question(&when.otherwise, entered);
                if !then && !otherwise {
                    return false;
                }
            }
            StepKind::Say(_) | StepKind::Voice(_) => {}
        }
    }
    true
}

fn by_branch<'a>(call: &'a Call, entered: &mut BTreeSet<&'a Name>) {
    for branch in call.on.values() {
        if let Some(Action::Call(flow) | Action::Start(flow)) = &branch.then {
            entered.insert(flow);
        }
    }
}

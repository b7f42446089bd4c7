//! What depends on what in a flow: when an answer changes, all of it is forgotten, and nothing else.
//!
//! Nodes are fields, memos and results by name, and steps by id. A read depends on its arguments, a choice on the
//! memo its rows come from, a hold, review, say or commit on the names it uses, and everything under a condition
//! on the names of the condition.

use std::collections::{BTreeMap, BTreeSet};

pub use super::definition::Graph;
use super::definition::{FieldKind, Flow, Source, Step, StepKind};
use super::value::Name;

/// The dependencies of a flow, near and far.
pub fn of(flow: &Flow) -> Graph {
    let mut edges: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
    for (name, field) in &flow.fields {
        if let FieldKind::Choice { source: Source::Memo(memo), .. } = &field.kind {
            edges.entry(memo.clone()).or_default().insert(name.clone());
        }
    }
    walk(&flow.steps, &[], &mut edges);
    let dependants = edges.keys().map(|name| (name.clone(), reach(name, &edges))).collect();
    Graph { dependants }
}

fn reach(from: &str, edges: &BTreeMap<Name, BTreeSet<Name>>) -> BTreeSet<Name> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Name> = edges.get(from).into_iter().flatten().collect();
    while let Some(name) = open.pop() {
        if name != from && reached.insert(name.clone()) {
            open.extend(edges.get(name).into_iter().flatten());
        }
    }
    reached
}

fn walk(steps: &[Step], conditions: &[Name], edges: &mut BTreeMap<Name, BTreeSet<Name>>) {
    for step in steps {
        let mut on = |used: Vec<&Name>, node: &Name| {
            for name in used.into_iter().chain(conditions) {
                if name != node {
                    edges.entry(name.clone()).or_default().insert(node.clone());
                }
            }
        };
        match &step.kind {
            StepKind::Ask(ask) => on(Vec::new(), &ask.field),
            StepKind::Say(text) => on(text.names(), &step.id),
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                let used: Vec<&Name> = call.arguments.iter().flat_map(|(_, value)| value.names()).collect();
                on(used.clone(), &step.id);
                if let Some(into) = &call.into {
                    on(used, into);
                }
            }
            StepKind::Review(review) => {
                on(review.text.names().into_iter().chain(&review.fields).collect(), &step.id);
            }
            StepKind::When(when) => {
                let names = when.condition.names().into_iter().chain(conditions).cloned().collect::<Vec<_>>();
                walk(&when.then, &names, edges);
                walk(&when.otherwise, &names, edges);
            }
            StepKind::CallFlow(call) => {
                let given = call.with.iter().flat_map(|(_, value)| value.names());
                let item = call.each.as_ref().map(|each| &each.item);
                let given = given.filter(|name| Some(*name) != item);
                on(given.chain(call.each.as_ref().map(|each| &each.of)).collect(), &step.id);
            }
            StepKind::Voice(_) | StepKind::Handoff(_) | StepKind::End => on(Vec::new(), &step.id),
        }
    }
}

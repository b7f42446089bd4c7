//! Whoever wants a person gets one soon: in the turn in which they say so, or in the one after.

use std::collections::BTreeMap;

use super::source_of;
use crate::flow::definition::{Action, Book, Field, FieldKind, Flow, Source, Step, StepKind};
use crate::flow::error::FlowError;
use crate::flow::value::Name;

/// The intent of a patient who wants a person; at every question the word brings them to the flow it starts.
const PERSON: &str = "humano";
/// Questions on the way to a person: "persona" is one turn, the answer to a question the second.
const MOST_QUESTIONS: u32 = 1;

/// Tells a flow for those who want a person that brings none within two turns. A book without such a flow needs
/// no rule: the word itself then hands over.
pub(super) fn check(book: &Book, sources: &BTreeMap<String, String>, errors: &mut Vec<FlowError>) {
    for flow in book.flows.values() {
        if !is_for_a_person(flow) {
            continue;
        }
        let (message, fix) = match (Ways { book, entered: vec![&flow.name] }.through(&flow.steps, 0).person) {
            Some(questions) if questions <= MOST_QUESTIONS => continue,
            Some(questions) => {
                let message = format!("who wants a person is asked {questions} questions first");
                (message, "hand over after one question at most: staff can ask the rest")
            }
            None => {
                let message = format!("who wants a person comes to `{}`, which brings none", flow.name);
                (message, "end it with `handoff:`")
            }
        };
        let source = source_of(flow, sources);
        let span = flow.span.at_word(source, "intents").at_word(source, PERSON);
        errors.push(FlowError::new("F065", span, source, message, fix));
    }
}

/// Whether those come to the flow who want a person.
pub(super) fn is_for_a_person(flow: &Flow) -> bool {
    flow.starts.intents.iter().any(|intent| intent == PERSON)
}

/// What the shortest ways through some steps cost in questions.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// To a hand-over; `None` when no way leads to one.
    person: Option<u32>,
    /// To what stands below; `None` when nothing comes below.
    onward: Option<u32>,
}

struct Ways<'a> {
    book: &'a Book,
    /// The flows entered so far: a circle brings nobody.
    entered: Vec<&'a Name>,
}

impl<'a> Ways<'a> {
    /// A hand-over on an outcome (`down`) is left out: nobody can count on it.
    fn through(&mut self, steps: &'a [Step], questions: u32) -> Cost {
        let mut cost = Cost { person: None, onward: Some(questions) };
        for step in steps {
            let Some(questions) = cost.onward else { break };
            let next = match &step.kind {
                StepKind::Ask(ask) => {
                    let field = self.field(&ask.field);
                    let person = self.by_option(field, questions + 1);
                    Cost { person, onward: Some(questions + 1) }
                }
                StepKind::Review(_) => Cost { person: None, onward: Some(questions + 1) },
                StepKind::Handoff(_) => Cost { person: Some(questions), onward: None },
                StepKind::End => Cost::default(),
                StepKind::CallFlow(call) => self.flow(&call.flow, questions),
                StepKind::When(when) => {
                    let then = self.through(&when.then, questions);
                    let otherwise = self.through(&when.otherwise, questions);
                    Cost {
                        person: least(then.person, otherwise.person),
                        onward: least(then.onward, otherwise.onward),
                    }
                }
                StepKind::Say(_)
                | StepKind::Voice(_)
                | StepKind::Do(_)
                | StepKind::Hold(_)
                | StepKind::Commit(_) => Cost { person: None, onward: Some(questions) },
            };
            cost = Cost { person: least(cost.person, next.person), onward: next.onward };
        }
        cost
    }

    fn field(&self, name: &str) -> Option<&'a Field> {
        self.entered.last().and_then(|flow| self.book.flows.get(*flow)).and_then(|flow| flow.fields.get(name))
    }

    fn by_option(&mut self, field: Option<&'a Field>, questions: u32) -> Option<u32> {
        let Some(FieldKind::Choice { source: Source::Fixed(options), .. }) = field.map(|field| &field.kind)
        else {
            return None;
        };
        let ways = options.iter().filter_map(|option| match &option.action {
            Some(Action::Handoff(_)) => Some(questions),
            Some(Action::Start(name) | Action::Call(name)) => self.flow(name, questions).person,
            // the offer itself is a question
            Some(Action::Offer(name)) => self.flow(name, questions + 1).person,
            _ => None,
        });
        ways.min()
    }

    fn flow(&mut self, name: &str, questions: u32) -> Cost {
        let Some(flow) = self.book.flows.get(name).filter(|flow| !self.entered.contains(&&flow.name)) else {
            return Cost { person: None, onward: Some(questions) };
        };
        self.entered.push(&flow.name);
        let mut cost = self.through(&flow.steps, questions);
        self.entered.pop();
        if cost.person.is_none() {
            // `end` leaves the called flow only
            cost.onward = cost.onward.or(Some(questions));
        }
        cost
    }
}

fn least(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

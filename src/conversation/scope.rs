//! What expressions and texts of a flow can see: answers, results, what was committed, and `it`.

use super::frames::all_steps;
use super::state::{Frame, Memo};
use crate::flow::definition::StepKind;
use crate::flow::expression::Expression;
use crate::flow::port::{Shape, port};
use crate::flow::{Flow, Name, Record, Scope, Seen, Value};

/// One frame as its flow sees it.
pub(super) struct View<'v> {
    pub(super) flow: &'v Flow,
    pub(super) frame: &'v Frame,
    /// The row being shown, for titles and details of options.
    pub(super) it: Option<&'v Record>,
}

impl<'v> View<'v> {
    pub(super) fn new(flow: &'v Flow, frame: &'v Frame) -> Self {
        Self { flow, frame, it: None }
    }

    pub(super) fn with(&self, it: &'v Record) -> Self {
        Self { flow: self.flow, frame: self.frame, it: Some(it) }
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, condition: &Expression) -> bool {
        condition.holds(self)
    }

    /// The arguments of a call, rows shrunk to their keys.
    pub(super) fn arguments(&self, arguments: &[(Name, Expression)]) -> Vec<(Name, Value)> {
        let value = |expression: &Expression| match expression.see(self) {
            Seen::Row(row) => Value::Key(row.key.clone()),
            seen => seen.into_value(),
        };
        arguments.iter().map(|(name, expression)| (name.clone(), value(expression))).collect()
    }

    fn memo(&self, name: &str, memo: &'v Memo) -> Option<Seen<'v>> {
        let fills = all_steps(&self.flow.steps).find_map(|step| match &step.kind {
            StepKind::Do(call) if call.into.as_deref() == Some(name) => port(&call.port),
            _ => None,
        });
        match fills.or_else(|| port(name))?.result {
            Shape::One(_) => memo.rows.first().map(Seen::Row),
            Shape::Rows(_) => Some(Seen::Rows(&memo.rows)).filter(|_| !memo.rows.is_empty()),
            Shape::Nothing => None,
        }
    }
}

impl Scope for View<'_> {
    fn look_up(&self, name: &str) -> Option<Seen<'_>> {
        if name == "it" {
            return self.it.map(Seen::Row);
        }
        let frame = self.frame;
        if let Some(answer) = frame.answers.get(name) {
            return Some(Seen::of(&answer.value));
        }
        if let Some(done) = frame.done.get(name) {
            return done.row.as_ref().map(Seen::Row);
        }
        if let Some(value) = frame.arguments.get(name) {
            return Some(Seen::of(value));
        }
        frame.memos.get(name).and_then(|memo| self.memo(name, memo))
    }
}

//! What expressions and texts of a flow can see: answers, results, what was committed, and `it`.

use super::frames::all_steps;
use super::state::{Frame, Memo};
use crate::flow::definition::StepKind;
use crate::flow::expression::{Expression, Scope};
use crate::flow::port::{Shape, port};
use crate::flow::{Flow, Name, Record, Value};

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
        condition.evaluate(self) == Value::Flag(true)
    }

    /// The arguments of a call, rows shrunk to their keys.
    pub(super) fn arguments(&self, arguments: &[(Name, Expression)]) -> Vec<(Name, Value)> {
        let value = |expression: &Expression| expression.evaluate(self).as_argument();
        arguments.iter().map(|(name, expression)| (name.clone(), value(expression))).collect()
    }

    fn memo(&self, name: &str, memo: &Memo) -> Option<Value> {
        let fills = all_steps(&self.flow.steps).into_iter().find_map(|step| match &step.kind {
            StepKind::Do(call) if call.into.as_deref() == Some(name) => port(&call.port),
            _ => None,
        });
        match fills.or_else(|| port(name))?.result {
            Shape::One(_) => memo.rows.first().cloned().map(Value::Record),
            Shape::Rows(_) => Some(Value::Rows(memo.rows.to_vec())).filter(|_| !memo.rows.is_empty()),
            Shape::Nothing => None,
        }
    }
}

impl Scope for View<'_> {
    fn look_up(&self, name: &str) -> Option<Value> {
        if name == "it" {
            return self.it.cloned().map(Value::Record);
        }
        let frame = self.frame;
        if let Some(answer) = frame.answers.get(name) {
            return Some(answer.value.clone());
        }
        if let Some(done) = frame.done.get(name) {
            return done.row.clone().map(Value::Record);
        }
        if let Some(value) = frame.arguments.get(name) {
            return Some(value.clone());
        }
        frame.memos.get(name).and_then(|memo| self.memo(name, memo))
    }
}

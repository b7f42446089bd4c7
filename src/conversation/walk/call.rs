//! `call`: passed when the other flow was entered, once, or once for each of several rows.
//!
//! Each row has a frame of its own, with its own answers, holds and commits; so correcting one leaves the others as
//! they are. A row that joins the others later is called for then, and one that was called for never is again.

use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::By;
use crate::flow::definition::{FlowCall, Step};
use crate::flow::{Flow, Name, Record, Scope, Seen, Value};

/// The names of a flow, and the row at hand.
struct WithItem<'v> {
    view: View<'v>,
    item: Option<(&'v str, &'v Record)>,
}

impl Scope for WithItem<'_> {
    fn look_up(&self, name: &str) -> Option<Seen<'_>> {
        match self.item {
            Some((item, row)) if item == name => Some(Seen::Row(row)),
            _ => self.view.look_up(name),
        }
    }
}

impl<'a> Running<'a> {
    pub(super) fn call_flow(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        call: &'a FlowCall,
    ) -> Result<Verdict, Halt> {
        let frame = &self.state.stack[index];
        let view = View::new(flow, frame);
        let given = |item| -> Vec<(Name, Value)> {
            let scope = WithItem { view: View::new(flow, frame), item };
            call.with.iter().map(|(field, value)| (field.clone(), value.evaluate(&scope))).collect()
        };
        let next = match &call.each {
            None => (!frame.called.contains(&step.id)).then(|| (step.id.clone(), given(None))),
            Some(each) => {
                let rows = match view.look_up(&each.of) {
                    Some(Seen::Rows(rows)) => rows,
                    _ => &[],
                };
                let mark = |row: &Record| format!("{}:{}", step.id, row.key);
                let row = rows.iter().find(|row| !frame.called.contains(&mark(row)));
                row.map(|row| (mark(row), given(Some((each.item.as_str(), row)))))
            }
        };
        let Some((mark, given)) = next else {
            self.trace_step(step, "passed: called");
            return Ok(Verdict::Next);
        };
        if self.silent {
            return Ok(Verdict::Stop);
        }
        self.trace_step(step, format!("calls {}", call.flow));
        self.state.stack[index].called.push(mark);
        let carried = self.to_carry(index);
        if !self.enter(&call.flow) {
            return Ok(Verdict::Next);
        }
        self.carry(carried);
        let top = self.state.stack.len() - 1;
        if let Some(called) = self.flow_of(&self.state.stack[top]) {
            for (field, value) in given {
                self.give(top, called, &field, value, By::Engine);
            }
        }
        Ok(Verdict::Again)
    }
}

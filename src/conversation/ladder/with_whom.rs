//! With whom: a professional whom nobody asks about and patients name beside the rest, at any point.
//!
//! "Hora con la doctora Muñoz el martes" narrows the list of hours to hers. A surname alone is no professional, for
//! a patient may be called so, too: it needs a word before it that says so, or the whole name. "Con otra persona"
//! and "no con la doctora Muñoz" ask who else there is.

use super::Pending;
use crate::conversation::fill::{is_same, memo_of};
use crate::conversation::frames::{all_steps, is_frozen};
use crate::conversation::message::Message;
use crate::conversation::reply;
use crate::conversation::running::Running;
use crate::conversation::state::By;
use crate::flow::definition::{Field, FieldKind, Source, StepKind};
use crate::flow::port::{RowKind, Shape, port};
use crate::flow::{Flow, Value};

impl<'a> Running<'a> {
    /// As soon as it is known who attends, and before anything is asked of the world for them: the one who was
    /// named on the way here.
    pub(in crate::conversation) fn hear_with_whom(&mut self, index: usize, flow: &'a Flow) {
        if self.state.stack[index].heard.is_empty() {
            return;
        }
        let Some(field) = with_whom(flow) else { return };
        if self.state.stack[index].answers.contains_key(&field.name) {
            return;
        }
        for entry in self.state.stack[index].heard.clone().into_iter().rev() {
            let message = self.hear_again(&entry);
            if let Some(value) = self.professional_named(index, flow, field, &message) {
                self.give(index, flow, &field.name, value, By::Patient);
                return;
            }
        }
    }

    /// The professional whom the message names, other than the one that was chosen.
    pub(super) fn professional_named(
        &self,
        index: usize,
        flow: &'a Flow,
        field: &'a Field,
        message: &Message,
    ) -> Option<Value> {
        let rows = self.rows(index, field);
        if rows.len() == 0 {
            return None;
        }
        let place =
            message.professional(self.called(index, flow, field, &rows)).filter(|named| named.wanted)?.place;
        let value = Value::Record(rows.get(place)?.clone());
        let answered = self.state.stack[index].answers.get(&field.name);
        answered.is_none_or(|answer| !is_same(&answer.value, &value)).then_some(value)
    }

    /// "Con otra persona": asks who of those who attend; says so when there is only one.
    pub(super) fn someone_else(&mut self, pending: Option<&Pending<'a>>, message: &Message) -> bool {
        let Some(index) = self.form() else { return false };
        let Some(flow) = self.flow_of(&self.state.stack[index]) else { return false };
        let Some(field) = with_whom(flow) else { return false };
        // asked already: the answer is looked for there
        if pending.is_some_and(|pending| pending.asked.field == field.name)
            || is_frozen(flow, &self.state.stack[index], &field.name)
        {
            return false;
        }
        let rows = self.rows(index, field);
        let refused = message.refuses()
            && message
                .professional(self.called(index, flow, field, &rows))
                .is_some_and(|named| !named.wanted);
        if !refused && !message.wants_someone_else() {
            return false;
        }
        if rows.len() > 1 {
            self.rung(5, true, "somebody else: asked whom");
            return self.want(index, &field.name);
        }
        let only = self.called(index, flow, field, &rows).next().map(|only| only.title.into_owned());
        let Some(only) = only else { return false };
        self.rung(5, true, "somebody else, and there is only one");
        self.say(reply::attends_alone(&only));
        true
    }
}

/// The choice of a professional that a flow has and never asks.
pub(in crate::conversation) fn with_whom(flow: &Flow) -> Option<&Field> {
    flow.fields.values().find(|field| {
        let memo = match &field.kind {
            FieldKind::Choice { source: Source::Memo(_), .. } if field.optional => memo_of(field),
            _ => None,
        };
        memo.is_some_and(|memo| {
            let fed = all_steps(&flow.steps).any(|step| match &step.kind {
                StepKind::Do(call) if call.into.as_deref() == Some(memo) => {
                    port(&call.port).is_some_and(|port| port.result == Shape::Rows(RowKind::Professional))
                }
                _ => false,
            });
            let asked = all_steps(&flow.steps)
                .any(|step| matches!(&step.kind, StepKind::Ask(ask) if ask.field == field.name));
            fed && !asked
        })
    })
}

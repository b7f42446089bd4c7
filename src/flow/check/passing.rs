//! Calls of other flows: what is called for each of, and what is answered beforehand.

use super::names::{Names, There, Type, describe};
use super::{Checking, Present};
use crate::flow::definition::{FlowCall, Span};
use crate::flow::error::did_you_mean;

impl Checking<'_> {
    /// A call of a flow, where `present` is there.
    pub(super) fn flow_call(&mut self, call: &FlowCall, present: &Present, span: &Span) {
        self.flow_exists(&call.flow, span);
        let mut names = self.names.clone();
        if let Some(each) = &call.each {
            let there = self.there(&each.of, present, span);
            if there == Some(There::Maybe) {
                let message =
                    format!("`{}` may be missing, and there would be nothing to go through", each.of);
                self.wrong_at("F034", span, &each.of, message, format!("put it under `when: {}?`", each.of));
            }
            if self.names.get(&each.item).is_some() {
                let message = format!("`{}` is the name of something else in this flow", each.item);
                self.wrong_at("F052", span, &each.item, message, "give the row at hand another name");
            }
            match self.names.get(&each.of) {
                Some(Type::Rows(row)) => names = self.names.with_row(&each.item, row),
                Some(other) => {
                    let message = format!("`{}` is {}, not several rows", each.of, describe(other));
                    let fix = "name a field of type `several`, or what a read found";
                    self.wrong_at("F074", span, &each.of, message, fix);
                }
                None => {}
            }
        }
        let Some(target) = self.book.flows.get(&call.flow) else { return };
        let expected = Names::of(target, false);
        for (field, value) in &call.with {
            if !target.fields.contains_key(field) {
                let fix = did_you_mean(field, target.fields.keys().map(String::as_str));
                self.wrong_at("F039", span, field, format!("`{}` has no field `{field}`", call.flow), fix);
                continue;
            }
            let item = call.each.as_ref().map(|each| each.item.as_str());
            for name in value.names().into_iter().filter(|name| Some(name.as_str()) != item) {
                if self.there(name, present, span) == Some(There::Maybe) {
                    let message = format!("`{name}` may be missing, and cannot be given to `{}`", call.flow);
                    self.wrong_at("F034", span, name, message, format!("put the call under `when: {name}?`"));
                }
            }
            if let (Some(given), Some(wanted)) = (names.type_of(value), expected.get(field))
                && given != wanted
            {
                let message =
                    format!("`{field}` of `{}` is {}, not {}", call.flow, describe(wanted), describe(given));
                self.wrong_at("F033", span, field, message, "give it what it holds");
            }
        }
    }
}

//! Calls of ports: the right keyword, arguments that fit, and a branch for every outcome.

use super::Checking;
use super::names::{Present, There, Type, describe};
use crate::flow::definition::{Action, Branch, Call, FieldKind, Source, Span, Step, StepKind};
use crate::flow::error::nearest;
use crate::flow::expression::Expression;
use crate::flow::port::{self, Parameter, Port, PortKind, Shape};
use crate::flow::value::Name;

impl Checking<'_> {
    pub(super) fn call(&mut self, call: &Call, step: &Step, present: &Present) {
        let Some(port) = port::port(&call.port) else { return };
        let span = &step.span;
        self.keyword(port, step);
        if port.result == Shape::Nothing && call.into.is_some() {
            let message = format!("`{}` returns nothing that could be kept", port.name);
            self.wrong("F029", span, message, format!("write `{}(…)` alone", port.name));
        }
        if port.kind == PortKind::Read && call.into.is_none() {
            let message = "the result of this call goes nowhere";
            self.wrong("F029", span, message, format!("write `name = {}(…)`", port.name));
        }
        for parameter in port.parameters {
            match call.arguments.iter().find(|(name, _)| name == parameter.name) {
                Some((_, value)) => self.argument(parameter, value, present, span),
                None if !parameter.optional => {
                    let message = format!("`{}` needs `{}`", port.name, parameter.name);
                    self.wrong("F030", span, message, format!("add `{}` to its arguments", parameter.name));
                }
                None => {}
            }
        }
        for outcome in port.outcomes {
            if !call.on.contains_key(*outcome) {
                let message =
                    format!("`{}` may answer `{outcome}`, and nothing says what to do then", port.name);
                self.wrong("F031", span, message, format!("add `{outcome}:` under `on:`"));
            }
        }
        for (outcome, branch) in &call.on {
            if !port.outcomes.contains(&outcome.as_str()) {
                let fix = nearest(outcome, "it may answer", port.outcomes.iter().copied());
                self.wrong_at(
                    "F032",
                    span,
                    outcome,
                    format!("`{}` never answers `{outcome}`", port.name),
                    fix,
                );
            }
            self.branch(branch, outcome, present, span);
        }
    }

    fn keyword(&mut self, port: &Port, step: &Step) {
        let (keyword, kind) = match step.kind {
            StepKind::Hold(_) => ("hold", PortKind::Hold),
            StepKind::Commit(_) => ("commit", PortKind::Commit),
            _ => ("do", PortKind::Read),
        };
        if port.kind == kind {
            return;
        }
        let right = match port.kind {
            PortKind::Read => "do",
            PortKind::Hold => "hold",
            PortKind::Commit => "commit",
        };
        let message = format!("`{}` cannot be called by `{keyword}`", port.name);
        self.wrong("F028", &step.span, message, format!("call it by `{right}`"));
    }

    fn argument(&mut self, parameter: &Parameter, value: &Expression, present: &Present, span: &Span) {
        for name in value.names().into_iter().cloned().collect::<Vec<_>>() {
            if self.there(&name, present, span) == Some(There::Maybe) && !parameter.optional {
                let message = format!("`{name}` may be missing, and the port cannot do without it");
                self.wrong_at("F034", span, &name, message, "ask it first, or make it not optional");
            }
        }
        self.columns(value, span);
        let needed = Type::One(parameter.kind);
        if let Some(given) = self.names.type_of(value)
            && given != needed
        {
            let message =
                format!("`{}` needs {}, and this is {}", parameter.name, describe(needed), describe(given));
            let first = value.names().first().map_or(parameter.name, |name| name.as_str()).to_owned();
            self.wrong_at("F033", span, &first, message, format!("pass {}", describe(needed)));
        }
    }

    fn branch(&mut self, branch: &Branch, outcome: &str, present: &Present, span: &Span) {
        if let Some(text) = &branch.say {
            self.text(text, present, span);
        }
        for field in &branch.forget {
            if self.field_exists(field, span) && !present.contains_key(field) {
                let message = format!("`{field}` cannot be forgotten here: it is asked only further down");
                self.wrong_at("F045", span, field, message, "forget a field that is asked above");
            }
        }
        if let Some(field) = &branch.refuse
            && self.field_exists(field, span)
        {
            let kind = self.flow.fields.get(field).map(|field| &field.kind);
            if !matches!(kind, Some(FieldKind::Choice { source: Source::Memo(_), .. })) {
                let message =
                    format!("`{field}` is not chosen from rows that were read, so none can be refused");
                self.wrong_at("F060", span, field, message, "`forget:` it instead");
            }
        }
        if let Some(action) = &branch.then {
            self.action(action, span);
            if matches!(action, Action::Call(flow) if *flow == self.flow.name) {
                let message = "a flow cannot call itself";
                self.wrong_at("F046", span, &self.flow.name, message, "`forget:` what should be asked anew");
            }
        }
        self.taken_again(branch, outcome, span);
        let goes_back = !branch.forget.is_empty() || branch.refuse.is_some();
        if !goes_back && branch.then.is_none() {
            let message = format!("nothing happens on `{outcome}`");
            self.wrong_at("F035", span, outcome, message, "add `then:`, `forget:` or `refuse:`");
        }
        if branch.up_to.is_some() && branch.then.is_none() {
            let message = format!("`up_to` on `{outcome}` does not say what comes after");
            self.wrong_at("F036", span, outcome, message, "add `then:`");
        } else if !branch.forget.is_empty() && branch.then.is_none() {
            let message = format!("`forget` on `{outcome}` may have nothing to forget");
            self.wrong_at("F036", span, outcome, message, "add `then:` for that case");
        }
    }

    /// What is taken without asking is taken again as soon as it is forgotten, and the port answers the same.
    fn taken_again(&mut self, branch: &Branch, outcome: &str, span: &Span) {
        let fields = &self.flow.fields;
        let taken = |field: &Name| {
            let kind = fields.get(field).map(|field| &field.kind);
            matches!(kind, Some(FieldKind::Choice { take_only: true, .. }))
        };
        let again = branch.up_to.is_none() && branch.refuse.is_none() && branch.then.is_some();
        if again && !branch.forget.is_empty() && branch.forget.iter().all(taken) {
            let all = branch.forget.join("`, `");
            let message =
                format!("on `{outcome}`, `{all}` may be taken again at once, with the same answer, for ever");
            self.wrong_at("F046", span, "forget", message, "add `up_to:`, or forget something that is asked");
        }
    }
}

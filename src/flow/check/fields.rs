//! Fields and the questions that fill them.

use std::collections::BTreeSet;

use super::names::{Present, Type};
use super::{Checking, NO_SUCH_OPTION, steps};
use crate::flow::definition::{
    Action, Ask, Field, FieldKind, FixedOption, Review, Source, Span, Step, StepKind,
};
use crate::flow::error::nearest;
use crate::flow::expression::Expression;
use crate::flow::limits::{BUTTON, BUTTONS, ROW, ROWS, length};
use crate::flow::load::normal;
use crate::flow::port::{Kind, RowKind};
use crate::flow::value::Value;

impl Checking<'_> {
    pub(super) fn fields(&mut self) {
        let flow = self.flow;
        let all = steps(&flow.steps);
        let asks: Vec<&Ask> = all
            .iter()
            .filter_map(|step| match &step.kind {
                StepKind::Ask(ask) => Some(ask),
                _ => None,
            })
            .collect();
        let read = read_names(&all);
        // whoever takes over reads the answers; free words are written for people anyway
        let staff_reads = all.iter().any(|step| matches!(step.kind, StepKind::Handoff(_)));
        for field in flow.fields.values() {
            let ask = asks.iter().find(|ask| ask.field == field.name);
            if ask.is_none() && !field.optional {
                let message = format!("the field `{}` is never asked and is not optional", field.name);
                let fix = "ask it, or write `optional: true` when patients only volunteer it";
                self.wrong("F022", &field.span, message, fix);
            }
            let is_text = matches!(field.kind, FieldKind::Text { .. });
            let is_read = read.contains(field.name.as_str()) || staff_reads || is_text;
            let is_menu = ask.is_some_and(|ask| !ask.keep);
            match &field.kind {
                FieldKind::Choice { source: Source::Fixed(options), .. } if !is_read => {
                    for option in options.iter().filter(|option| option.action.is_none()) {
                        let message = format!("choosing `{}` does nothing", option.title);
                        let fix = "give it a `do:`, or use the answer in a step below";
                        self.wrong_at("F051", &field.span, &option.key, message, fix);
                    }
                }
                FieldKind::Choice { source: Source::FieldsBelow, .. } if is_menu => {}
                _ if !is_read => {
                    let message = format!("the answer to `{}` is used nowhere", field.name);
                    self.wrong("F050", &field.span, message, "use it in a step, or take it out");
                }
                _ => {}
            }
            self.field(field);
        }
    }

    fn field(&mut self, field: &Field) {
        let FieldKind::Choice { source, title, detail, .. } = &field.kind else { return };
        match source {
            Source::Memo(memo) if !matches!(self.names.get(memo), Some(Type::Rows(_))) => {
                let message =
                    format!("`{}` is chosen from `{memo}`, which no `do` fills with rows", field.name);
                let fix = format!("write a step `do: {memo} = …` before asking it");
                return self.wrong_at("F023", &field.span, memo, message, fix);
            }
            Source::FieldsBelow if !self.is_repair => {
                let message = "`flujo.campos` is known only in a repair, which has a flow below it";
                self.wrong_at("F055", &field.span, "flujo", message, "list the options");
            }
            Source::Fixed(options) => self.options(options, &field.span),
            _ => {}
        }
        let row = match self.names.get(&field.name) {
            Some(Type::One(Kind::Row(row)) | Type::Rows(row)) => row,
            _ => RowKind::Option,
        };
        for template in [Some(title), detail.as_ref()].into_iter().flatten() {
            self.row_text(template, row, &field.span);
        }
    }

    fn options(&mut self, options: &[FixedOption], span: &Span) {
        if options.len() > ROWS {
            let message = format!("{} options; a list has at most {ROWS}", options.len());
            self.wrong("F024", span, message, "ask in two steps");
        }
        let most = if options.len() <= BUTTONS { BUTTON } else { ROW };
        for option in options {
            let length = length(&option.title);
            if option.title.trim().is_empty() {
                let message = format!("the option `{}` has no title", option.key);
                self.wrong_at("F012", span, &option.key, message, "write what the patient should read");
            }
            if option.action == Some(Action::Pass) {
                let message =
                    format!("choosing `{}` asks the same again: `pass` uses the answer up", option.title);
                self.wrong_at(
                    "F051",
                    span,
                    &option.key,
                    message,
                    "take its `do:` out, and go on in a step below",
                );
            }
            if length > most {
                let message =
                    format!("`{}` has {length} characters; WhatsApp shows {most} here", option.title);
                self.wrong_at("F025", span, &option.title, message, "say it shorter");
            }
            if let Some(action) = &option.action {
                self.action(action, span);
            }
        }
    }

    pub(super) fn ask(&mut self, ask: &Ask, present: &Present, span: &Span) {
        self.text(&ask.text, present, span);
        for text in [&ask.shorter, &ask.help].into_iter().flatten() {
            self.text(text, present, span);
        }
        if let Some(label) = &ask.list_button {
            self.label(label, span);
        }
        self.keys_of_a_list(ask, span);
        let flow = self.flow;
        if let Some(FieldKind::Choice { source: Source::Memo(memo), .. }) =
            flow.fields.get(&ask.field).map(|field| &field.kind)
            && matches!(self.names.get(memo), Some(Type::Rows(_)))
            && !present.contains_key(memo)
        {
            let message = format!("`{}` is chosen from `{memo}`, which is read only further down", ask.field);
            self.wrong_at(
                "F045",
                span,
                &ask.field,
                message,
                format!("move `do: {memo} = …` above this question"),
            );
        }
    }

    /// Keys that mean something only where there are rows to choose from.
    fn keys_of_a_list(&mut self, ask: &Ask, span: &Span) {
        let Some(field) = self.flow.fields.get(&ask.field) else { return };
        let (is_choice, has_rows) = match &field.kind {
            FieldKind::Choice { source, .. } => (true, matches!(source, Source::Memo(_) | Source::Read(_))),
            _ => (false, false),
        };
        let can_be_tapped = is_choice || field.optional || matches!(field.kind, FieldKind::YesNo);
        let given = [
            ("more", ask.more, has_rows, "there are no rows that might not fit"),
            ("list_button", ask.list_button.is_some(), is_choice, "it has no list"),
            ("stale", !ask.stale_corrects, can_be_tapped, "nothing of it can be tapped"),
        ];
        for (key, _, _, why) in given.into_iter().filter(|(_, given, fits, _)| *given && !*fits) {
            let message = format!("`{key}` means nothing in the question of `{}`: {why}", ask.field);
            self.wrong_at("F016", span, key, message, "take it out");
        }
    }

    /// The three buttons of a review.
    pub(super) fn labels(&mut self, review: &Review, span: &Span) {
        let labels = [&review.yes, &review.change, &review.cancel];
        for (place, label) in labels.into_iter().enumerate() {
            self.label(label, span);
            if labels[..place].iter().any(|other| normal(other) == normal(label)) {
                let message = format!("two buttons of this review are called `{label}`");
                self.wrong_at("F048", span, label, message, "let one word mean one button");
            }
        }
    }

    /// The label of a button.
    pub(super) fn label(&mut self, label: &str, span: &Span) {
        if label.trim().is_empty() {
            return self.wrong("F012", span, "a button has no label", "write what the patient should read");
        }
        let length = length(label);
        if length > BUTTON {
            let message = format!("the button `{label}` has {length} characters; WhatsApp shows {BUTTON}");
            self.wrong_at("F025", span, label, message, "say it shorter");
        }
    }

    pub(super) fn condition(&mut self, condition: &Expression, present: &Present, span: &Span) {
        for name in condition.names().into_iter().cloned().collect::<Vec<_>>() {
            self.there(&name, present, span);
        }
        if condition.names().is_empty() {
            let fix = "compare an answer, or take the condition out";
            self.wrong("F062", span, "this condition is the same whatever the patient says", fix);
        }
        self.columns(condition, span);
        self.compared_options(condition, span);
        let fault = self.names.fault(condition).or_else(|| self.names.not_a_flag(condition));
        if let Some(fault) = fault {
            self.wrong(
                "F043",
                span,
                fault,
                "a condition is a yes or no, such as `cuando?` or `intento == 1`",
            );
        }
    }

    /// An option is compared by its key: one that no option has would never hold.
    fn compared_options(&mut self, condition: &Expression, span: &Span) {
        match condition {
            Expression::Not(inner) => self.compared_options(inner, span),
            Expression::And(one, other) | Expression::Or(one, other) => {
                self.compared_options(one, span);
                self.compared_options(other, span);
            }
            Expression::Compare(one, _, other) => {
                let (Expression::Path(path), Expression::Literal(Value::Text(key))) = (&**one, &**other)
                else {
                    return;
                };
                let [name] = path.as_slice() else { return };
                let flow = self.flow;
                let Some(FieldKind::Choice { source: Source::Fixed(options), .. }) =
                    flow.fields.get(name).map(|field| &field.kind)
                else {
                    return;
                };
                if options.iter().all(|option| option.key != *key) {
                    let fix = nearest(key, "there are", options.iter().map(|option| option.key.as_str()));
                    let message = format!("`{name}` has no option with the key `{key}`");
                    self.wrong_at(NO_SUCH_OPTION, span, key, message, fix);
                }
            }
            Expression::Literal(_) | Expression::Path(_) | Expression::Exists(_) => {}
        }
    }

    /// What a branch or an option does.
    pub(super) fn action(&mut self, action: &Action, span: &Span) {
        match action {
            Action::Offer(flow) | Action::Call(flow) | Action::Start(flow) => self.flow_exists(flow, span),
            Action::Resume | Action::Leave if !self.is_repair => {
                let word = if *action == Action::Resume { "resume" } else { "leave" };
                let message = format!("`{word}` is known only in a repair, which has a flow below it");
                self.wrong_at("F055", span, word, message, "write `end`, or `start:` with a flow");
            }
            Action::Handoff(_) | Action::End | Action::Resume | Action::Leave | Action::Pass => {}
        }
    }
}

/// The names that some step reads.
pub(super) fn read_names<'a>(all: &[&'a Step]) -> BTreeSet<&'a str> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for step in all {
        match &step.kind {
            StepKind::Ask(ask) => {
                let texts = [Some(&ask.text), ask.shorter.as_ref(), ask.help.as_ref()];
                let others = texts.into_iter().flatten().flat_map(|text| text.names());
                names.extend(others.map(String::as_str).filter(|name| *name != ask.field));
            }
            StepKind::Say(text) => names.extend(text.names().into_iter().map(String::as_str)),
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                for (_, argument) in &call.arguments {
                    names.extend(argument.names().into_iter().map(String::as_str));
                }
            }
            StepKind::Review(review) => names.extend(review.fields.iter().map(String::as_str)),
            StepKind::When(when) => {
                names.extend(when.condition.names().into_iter().map(String::as_str));
            }
            StepKind::CallFlow(call) => {
                names.extend(call.each.iter().map(|each| each.of.as_str()));
                names.extend(call.with.iter().flat_map(|(_, value)| value.names()).map(String::as_str));
            }
            StepKind::Voice(_) | StepKind::Handoff(_) | StepKind::End => {}
        }
    }
    names
}

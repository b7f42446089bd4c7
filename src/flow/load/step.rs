//! Steps of a flow: each is exactly one thing, with the keys that belong to it.

use serde_saphyr::Spanned;

use super::Reading;
use crate::flow::definition::{Ask, Each, FlowCall, Review, Step, StepKind, When};
use crate::flow::raw::{self, Placed, STEP_KINDS, Text};
use crate::flow::template::Template;
use crate::flow::value::Name;

impl Reading<'_> {
    pub(super) fn steps(&mut self, raw: &[Placed<raw::Step>]) -> Vec<Step> {
        raw.iter().filter_map(|step| self.step(step)).collect()
    }

    /// A step by its own name, which stays when others are put in above it; else by its number.
    fn named(&mut self, kind: &'static str, name: Option<&Text>) -> Name {
        let Some(name) = name else { return self.numbered(kind) };
        let fits = |c: char| c.is_ascii_lowercase() || c == '_';
        if name.value.is_empty() || !name.value.chars().all(fits) {
            let message = format!("`{}` cannot be the name of a step", name.value);
            self.wrong("F057", name, message, "small letters without accents and `_`");
        }
        let id = format!("{kind}.{}", name.value);
        if !self.names.insert(id.clone()) {
            let message = format!("two steps of this flow are called `{}`", name.value);
            self.wrong("F052", name, message, "give one of them another name");
        }
        id
    }

    fn numbered(&mut self, kind: &'static str) -> Name {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        format!("{kind}.{count}")
    }

    fn step(&mut self, raw: &Spanned<raw::Step>) -> Option<Step> {
        let step = &raw.value;
        let stands = [
            step.ask.is_some(),
            step.say.is_some(),
            step.read.is_some(),
            step.hold.is_some(),
            step.commit.is_some(),
            step.review.is_some(),
            step.when.is_some(),
            step.call.is_some(),
            step.voice.is_some(),
            step.handoff.is_some(),
            step.end.is_some(),
        ];
        let given: Vec<&str> =
            STEP_KINDS.into_iter().zip(stands).filter(|(_, given)| *given).map(|(kind, _)| kind).collect();
        if given.len() != 1 {
            let all = STEP_KINDS.join(", ");
            let message = match given.as_slice() {
                [] => "this step is nothing".to_owned(),
                several => format!("this step is several things: {}", several.join(", ")),
            };
            self.wrong("F011", raw, message, format!("make it exactly one of {all}"));
            return None;
        }
        self.foreign_step_keys(raw, given[0]);
        let span = self.span(raw);
        let (id, kind) = if let Some(field) = &step.ask {
            (format!("ask.{}", field.value), self.ask(raw, field))
        } else if let Some(text) = &step.say {
            (self.named("say", step.name.as_ref()), StepKind::Say(self.template(text)))
        } else if let Some(call) = &step.read {
            let call = self.call(call, step)?;
            (format!("do.{}", call.into.clone().unwrap_or_default()), StepKind::Do(call))
        } else if let Some(call) = &step.hold {
            let call = self.call(call, step)?;
            (self.numbered("hold"), StepKind::Hold(call))
        } else if let Some(call) = &step.commit {
            let call = self.call(call, step)?;
            (self.numbered("commit"), StepKind::Commit(call))
        } else if let Some(fields) = &step.review {
            (self.named("review", step.name.as_ref()), self.review(raw, fields))
        } else if let Some(condition) = &step.when {
            let condition = self.expression(condition, &condition.value);
            let then = self.steps(step.then.as_deref().unwrap_or_default());
            let otherwise = self.steps(step.otherwise.as_deref().unwrap_or_default());
            (self.numbered("when"), StepKind::When(When { condition, then, otherwise }))
        } else if let Some(flow) = &step.call {
            (self.numbered("call"), StepKind::CallFlow(self.flow_call(flow, step)))
        } else if let Some(voice) = &step.voice {
            (self.numbered("voice"), StepKind::Voice(voice.value.clone()))
        } else if let Some(reason) = &step.handoff {
            (self.numbered("handoff"), StepKind::Handoff(reason.value.clone()))
        } else {
            (self.numbered("end"), StepKind::End)
        };
        let name = format!("{}.{id}", self.flow).into();
        Some(Step { id, name, at: span.line_of_file().into(), kind, span })
    }

    fn flow_call(&mut self, flow: &Text, step: &raw::Step) -> FlowCall {
        let each = step.each.as_ref().and_then(|text| {
            let words: Vec<&str> = text.value.split_whitespace().collect();
            if let [item, "in", of] = words[..] {
                return Some(Each { item: item.to_owned(), of: of.to_owned() });
            }
            let message = format!("`{}` does not say each of what", text.value);
            self.wrong("F074", text, message, "write `each: persona in quienes`");
            None
        });
        let with = step.with.iter().flatten();
        let with = with.map(|(field, value)| (field.clone(), self.expression(value, &value.value)));
        FlowCall { flow: flow.value.clone(), each, with: with.collect() }
    }

    fn ask(&mut self, raw: &Spanned<raw::Step>, field: &Text) -> StepKind {
        let step = &raw.value;
        let text = match &step.text {
            Some(text) => self.template(text),
            None => {
                self.wrong(
                    "F012",
                    field,
                    format!("the question of `{}` has no text", field.value),
                    "add `text:`",
                );
                Template::default()
            }
        };
        StepKind::Ask(Ask {
            field: field.value.clone(),
            text,
            shorter: self.optional_template(step.shorter.as_ref()),
            help: self.optional_template(step.help.as_ref()),
            keep: step.keep.unwrap_or(true),
            stale_corrects: step
                .stale
                .as_ref()
                .is_none_or(|stale| matches!(stale.value, raw::Stale::Correct)),
            more: step.more.unwrap_or(false),
            list_button: step.list_button.as_ref().map(|label| label.value.clone()),
        })
    }

    fn review(&mut self, raw: &Spanned<raw::Step>, fields: &[Text]) -> StepKind {
        let step = &raw.value;
        let text = match &step.text {
            Some(text) => self.template(text),
            None => {
                self.wrong(
                    "F012",
                    raw,
                    "a review has no text",
                    "add `text:` with everything the patient says yes to",
                );
                Template::default()
            }
        };
        let label = |given: &Option<Text>, default: &str| {
            given.as_ref().map_or_else(|| default.to_owned(), |label| label.value.clone())
        };
        StepKind::Review(Review {
            fields: fields.iter().map(|field| field.value.clone()).collect(),
            text,
            yes: label(&step.yes, "Sí, confirmar"),
            change: label(&step.change, "Cambiar algo"),
            cancel: label(&step.cancel, "No, cancelar"),
            clear_yes: step.clear_yes.unwrap_or(false),
        })
    }

    /// Tells keys that mean nothing for this kind of step.
    fn foreign_step_keys(&mut self, raw: &Spanned<raw::Step>, kind: &str) {
        let step = &raw.value;
        let (is_ask, is_review, is_when) = (kind == "ask", kind == "review", kind == "when");
        let given = [
            ("text", step.text.is_some(), is_ask || is_review),
            ("shorter", step.shorter.is_some(), is_ask),
            ("help", step.help.is_some(), is_ask),
            ("keep", step.keep.is_some(), is_ask),
            ("stale", step.stale.is_some(), is_ask),
            ("more", step.more.is_some(), is_ask),
            ("list_button", step.list_button.is_some(), is_ask),
            ("name", step.name.is_some(), kind == "say" || is_review),
            ("yes", step.yes.is_some(), is_review),
            ("change", step.change.is_some(), is_review),
            ("cancel", step.cancel.is_some(), is_review),
            ("clear_yes", step.clear_yes.is_some(), is_review),
            ("on", step.on.is_some(), matches!(kind, "do" | "hold" | "commit")),
            ("each", step.each.is_some(), kind == "call"),
            ("with", step.with.is_some(), kind == "call"),
            ("then", step.then.is_some(), is_when),
            ("else", step.otherwise.is_some(), is_when),
        ];
        for (key, _, _) in given.into_iter().filter(|(_, given, fits)| *given && !*fits) {
            let message = format!("`{key}` means nothing in a step that is a `{kind}`");
            self.wrong_at("F016", raw, key, message, "take it out, or write the step that it belongs to");
        }
    }
}

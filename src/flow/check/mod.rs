//! Checks a book as a whole: every name known and there, every outcome with its branch, every text within
//! WhatsApp's limits, no way into a loop or a dead end.
//!
//! What passes here, the walk need not doubt. Steps are gone through in the order of the walk, with the names
//! that are there at each; all mistakes are told at once.

pub(super) mod advice;
mod calls;
pub(super) mod commands;
mod consent;
mod cycles;
mod fields;
mod frozen;
mod menus;
mod names;
mod passing;
mod paths;
mod spelling;
mod texts;
mod ways;
mod words;

use std::collections::BTreeMap;

use super::definition::{Action, Book, Flow, RepairKind, Span, Step, StepKind};
use super::error::{FlowError, did_you_mean, nearest};
use super::value::Name;
use names::{Names, Present, There};

/// The code of a flow that is named and not there; untold while a file that may define it cannot be read.
pub(super) const NO_SUCH_FLOW: &str = "F041";

/// The code of a comparison with an option that is not there.
const NO_SUCH_OPTION: &str = "F059";

/// Every mistake of the book.
pub(super) fn check(book: &Book, sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    let mut errors = Vec::new();
    for kind in RepairKind::ALL {
        if !book.repairs.contains_key(&kind) {
            let span = Span { file: format!("repair/{}.yaml", kind.as_str()), line: 1, column: 1 };
            let message = format!("the repair `{}` is missing", kind.as_str());
            let fix = "every repair needs its file; copy the built-in one";
            errors.push(FlowError::new("F020", span, "", message, fix));
        }
    }
    let flows = book.flows.values().map(|flow| (flow, false));
    for (flow, is_repair) in flows.chain(book.repairs.values().map(|flow| (flow, true))) {
        let names = Names::of(flow, is_repair);
        let mut checking = Checking { book, flow, is_repair, sources, names, errors: &mut errors };
        checking.flow();
    }
    cycles::check(book, sources, &mut errors);
    ways::check(book, sources, &mut errors);
    words::check(book, sources, &mut errors);
    answers(book, sources, &mut errors);
    errors.sort_by(|one, other| one.place().cmp(&other.place()));
    errors.dedup();
    errors
}

/// Questions with fixed answers: only the centre is known in them.
fn answers(book: &Book, sources: &BTreeMap<String, String>, errors: &mut Vec<FlowError>) {
    // texts are checked by the same code as a flow's; an answer stands in none
    let Some(flow) = book.flows.values().chain(book.repairs.values()).next() else { return };
    for answer in &book.answers {
        let (names, present) = texts::answer_names();
        let mut checking = Checking { book, flow, is_repair: false, sources, names, errors };
        checking.text(&answer.text, &present, &answer.span);
        if answer.asks.iter().all(String::is_empty) {
            let message = format!("nothing ever asks for the answer `{}`", answer.name);
            checking.wrong("F021", &answer.span, message, "add the words of the question to `asks:`");
        }
    }
}

fn source_of<'a>(flow: &Flow, sources: &'a BTreeMap<String, String>) -> &'a str {
    sources.get(&flow.span.file).map_or("", String::as_str)
}

/// All steps, those under conditions too.
pub(super) fn steps(from: &[Step]) -> Vec<&Step> {
    let mut found = Vec::new();
    for step in from {
        found.push(step);
        if let StepKind::When(when) = &step.kind {
            found.extend(steps(&when.then));
            found.extend(steps(&when.otherwise));
        }
    }
    found
}

/// One flow under the lens.
struct Checking<'a> {
    book: &'a Book,
    flow: &'a Flow,
    is_repair: bool,
    sources: &'a BTreeMap<String, String>,
    names: Names,
    errors: &'a mut Vec<FlowError>,
}

impl<'a> Checking<'a> {
    fn wrong(&mut self, code: &'static str, span: &Span, message: impl Into<String>, fix: impl Into<String>) {
        let source = self.sources.get(&span.file).map_or("", String::as_str);
        self.errors.push(FlowError::new(code, span.clone(), source, message, fix));
    }

    /// The same, at the first place from there on where `word` stands.
    fn wrong_at(
        &mut self,
        code: &'static str,
        span: &Span,
        word: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let source = self.sources.get(&span.file).map_or("", String::as_str);
        let span = span.at_word(source, word);
        self.errors.push(FlowError::new(code, span, source, message, fix));
    }

    fn flow(&mut self) {
        let flow = self.flow;
        self.spelling();
        self.fields();
        let mut filled = Filled::default();
        let present = self.names.given.clone();
        self.walk(&flow.steps, present, &mut filled);
        self.consent();
        self.frozen();
        self.menus();
        self.paths();
        for other in flow.interrupt.keys() {
            self.flow_exists(other, &flow.span);
            if *other == flow.name {
                let message = format!("`{other}` is this flow itself: it cannot interrupt itself");
                let span = flow.span.at_word(source_of(flow, self.sources), "interrupt");
                self.wrong_at("F016", &span, other, message, "take it out");
            }
        }
        for old in &flow.renamed_from {
            let still = self.book.flows.contains_key(old).then(|| format!("`{old}` is still a flow"));
            let two = self
                .book
                .flows
                .values()
                .find(|other| other.name != flow.name && other.renamed_from.contains(old));
            let two = two.map(|other| format!("`{}` says that it was `{old}`, too", other.name));
            if let Some(why) = still.or(two) {
                let message = format!("{why}, so that cannot be the old name of `{}`", flow.name);
                self.wrong_at("F056", &flow.span, old, message, "take it out of `was:`, or rename the flow");
            }
        }
        if self.is_repair && (flow.stays || !flow.renamed_from.is_empty()) {
            let message =
                "a repair is one of a closed list: it has no old name, and no conversation stays in it";
            self.wrong("F016", &flow.span, message, "take out `was.flows` and `open_conversations`");
        }
        for (old, new) in &flow.renamed_fields {
            self.field_exists(new, &flow.span);
            if flow.fields.contains_key(old) {
                let message = format!("`{old}` is still a field, so it cannot be the old name of `{new}`");
                self.wrong_at("F056", &flow.span, old, message, "take it out of `was:`, or rename the field");
            }
        }
    }

    /// Goes through steps in the order of the walk; `None` when nothing comes after them.
    fn walk(&mut self, steps: &'a [Step], mut present: Present, filled: &mut Filled<'a>) -> Option<Present> {
        for (index, step) in steps.iter().enumerate() {
            let after = self.step(step, present, filled);
            match (after, steps.get(index + 1)) {
                (Some(after), _) => present = after,
                (None, None) => return None,
                (None, Some(next)) => {
                    let message = "nothing ever comes here: what stands above ends the flow";
                    self.wrong("F027", &next.span, message, "take one of them out");
                    return None;
                }
            }
        }
        Some(present)
    }

    fn step(&mut self, step: &'a Step, mut present: Present, filled: &mut Filled<'a>) -> Option<Present> {
        match &step.kind {
            StepKind::Ask(ask) => {
                if !self.field_exists(&ask.field, &step.span) {
                    return Some(present);
                }
                if !filled.asks.insert(&ask.field) {
                    let message = format!("`{}` is asked further up, so this is never reached", ask.field);
                    self.wrong("F027", &step.span, message, "ask another field here");
                }
                self.ask(ask, &present, &step.span);
                // "da lo mismo" answers an optional field with nothing
                let optional = self.flow.fields.get(&ask.field).is_some_and(|field| field.optional);
                let there = if optional || !ask.keep { There::Maybe } else { There::Surely };
                present.insert(ask.field.clone(), there);
            }
            StepKind::Say(text) => self.text(text, &present, &step.span),
            StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                self.call(call, step, &present);
                if let Some(into) = &call.into {
                    if !filled.results.insert(into) || self.flow.fields.contains_key(into) {
                        let message = format!("`{into}` is filled twice; one would overwrite the other");
                        self.wrong_at("F052", &step.span, into, message, "give one of them another name");
                    }
                    let passed = call.on.values().any(|branch| branch.then == Some(Action::Pass));
                    present.insert(into.clone(), if passed { There::Maybe } else { There::Surely });
                }
            }
            StepKind::Review(review) => {
                for field in &review.fields {
                    if self.field_exists(field, &step.span) {
                        self.there(field, &present, &step.span);
                    }
                }
                self.text(&review.text, &present, &step.span);
                self.labels(review, &step.span);
            }
            StepKind::When(when) => {
                self.condition(&when.condition, &present, &step.span);
                if when.then.is_empty() && when.otherwise.is_empty() {
                    let message = "nothing happens under this condition";
                    self.wrong("F035", &step.span, message, "add steps under `then:` or `else:`");
                }
                let mut inside = present.clone();
                for name in names::proven(&when.condition) {
                    inside.entry(name).and_modify(|there| *there = There::Surely);
                }
                // what one arm fills or asks, the other may fill or ask too
                let mut other = filled.clone();
                let then = self.walk(&when.then, inside, filled);
                let otherwise = self.walk(&when.otherwise, present.clone(), &mut other);
                filled.join(other);
                present = match (then, otherwise) {
                    (Some(mut then), Some(otherwise)) => {
                        // being proven inside says nothing about afterwards
                        for (name, before) in &present {
                            then.insert(name.clone(), *before);
                        }
                        names::either(&then, &otherwise)
                    }
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => return None,
                };
            }
            StepKind::CallFlow(call) => self.flow_call(call, &present, &step.span),
            StepKind::Voice(_) => {} // its files are read later: `load` looks
            StepKind::Handoff(reason) => {
                if reason.contains(['{', '}']) {
                    let message = "a reason is a word that staff sorts by; values are not put into it";
                    self.wrong("F076", &step.span, message, "say a word: staff sees the answers beside it");
                }
                return None;
            }
            StepKind::End => return None,
        }
        Some(present)
    }

    fn field_exists(&mut self, name: &str, span: &Span) -> bool {
        let known = self.flow.fields.contains_key(name);
        if !known {
            let fix = match did_you_mean(name, self.flow.fields.keys().map(String::as_str)) {
                near if near.is_empty() => "add it under `fields:`".to_owned(),
                near => near,
            };
            self.wrong_at("F039", span, name, format!("there is no field `{name}`"), fix);
        }
        known
    }

    fn flow_exists(&mut self, name: &str, span: &Span) {
        if !self.book.flows.contains_key(name) {
            let fix = nearest(name, "there are", self.book.flows.keys().map(String::as_str));
            self.wrong_at(NO_SUCH_FLOW, span, name, format!("there is no flow `{name}`"), fix);
        }
    }
}

/// What the steps above ask and fill.
#[derive(Debug, Clone, Default)]
struct Filled<'a> {
    asks: std::collections::BTreeSet<&'a Name>,
    results: std::collections::BTreeSet<&'a Name>,
}

impl Filled<'_> {
    fn join(&mut self, other: Self) {
        // lifetimes agree: both borrow from the same flow
        let Self { asks, results } = other;
        self.asks.extend(asks);
        self.results.extend(results);
    }
}

//! The ways on which a turn can go through a flow: which steps none of them reaches, and which end without a word.
//!
//! A way remembers which options of a menu may have been chosen on it, what was said yes to, and which answers are
//! there, so `when: que == "nada"` after a menu whose other options all go elsewhere has no second arm.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checking, NO_SUCH_OPTION};
use crate::flow::definition::{
    Action, Ask, Branch, Call, Field, FieldKind, Flow, Source, Span, Step, StepKind, When,
};
use crate::flow::expression::{Comparison, Expression};
use crate::flow::value::{Name, Value};

/// Ways kept apart at most; beyond, options are no longer remembered and less is told.
const MOST: usize = 400;

/// A key for whatever an answer is that is neither a menu's nor a yes or no.
const ANY: &str = "*";
/// The keys of a yes and a no.
const YES: &str = "sí";
const NO: &str = "no";

/// Keys that an answer may have; `None` among them: it may not be there.
type Keys<'a> = BTreeSet<Option<&'a str>>;

/// A way down to some step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way<'a> {
    /// Whether the patient read something since they last wrote.
    spoken: bool,
    keys: BTreeMap<&'a str, Keys<'a>>,
}

type Ways<'a> = BTreeSet<Way<'a>>;

/// Where a flow ends although the patient read nothing since they last wrote, and on which outcome.
pub(super) type SilentEnd = (Span, Option<String>);

/// The ends of a flow without a word.
pub(super) fn silent_ends(flow: &Flow) -> Vec<SilentEnd> {
    let mut walked = Walked::of(flow);
    walked.silent.dedup();
    if walked.lost { Vec::new() } else { walked.silent }
}

impl Checking<'_> {
    /// Tells steps and conditions that no way reaches.
    pub(super) fn paths(&mut self) {
        let walked = Walked::of(self.flow);
        for (span, what) in walked.never {
            // told already, and why
            if self.errors.iter().any(|error| error.code == NO_SUCH_OPTION && error.span.line == span.line) {
                continue;
            }
            match what {
                Never::After(field) => {
                    let message =
                        format!("nothing ever comes here: every option of `{field}` goes elsewhere");
                    self.wrong("F027", &span, message, "take this out, or let an option be just an answer");
                }
                Never::Holds => {
                    let message = "this condition never holds: no answer that comes here is so";
                    let fix = "an option with a `do:` goes elsewhere at once; compare with one that is just an answer";
                    self.wrong("F062", &span, message, fix);
                }
                Never::Fails => {
                    let message = "this condition always holds, so its `else` never comes";
                    self.wrong("F062", &span, message, "take the `else` out, or compare with something else");
                }
            }
        }
    }
}

enum Never {
    /// What stands below a menu that everybody leaves.
    After(Name),
    /// A condition.
    Holds,
    /// The opposite of one, though it has steps.
    Fails,
}

struct Walked<'a> {
    flow: &'a Flow,
    never: Vec<(Span, Never)>,
    silent: Vec<SilentEnd>,
    lost: bool,
}

impl<'a> Walked<'a> {
    fn of(flow: &'a Flow) -> Self {
        let mut walked = Self { flow, never: Vec::new(), silent: Vec::new(), lost: false };
        let keys = flow.fields.values().map(|field| (field.name.as_str(), keys(field, true)));
        let start = Way { spoken: false, keys: keys.collect() };
        let ends = walked.through(&flow.steps, Ways::from([start]));
        let last = flow.steps.last().map_or(&flow.span, |step| &step.span);
        walked.ends(&ends, last);
        walked
    }

    fn ends(&mut self, ways: &Ways<'a>, span: &Span) {
        if ways.iter().any(|way| !way.spoken) {
            self.silent.push((span.clone(), None));
        }
    }

    fn through(&mut self, steps: &'a [Step], mut ways: Ways<'a>) -> Ways<'a> {
        for (index, step) in steps.iter().enumerate() {
            if ways.is_empty() {
                break;
            }
            ways = match &step.kind {
                StepKind::Say(_) | StepKind::CallFlow(_) => said(ways, true),
                StepKind::Review(_) => said(ways, false),
                StepKind::Ask(ask) => self.asked(ask, ways, steps.get(index + 1)),
                StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                    self.called(call, &ways, &step.span)
                }
                StepKind::When(when) => self.when(when, &ways, &step.span),
                StepKind::Voice(_) => ways,
                StepKind::Handoff(_) => Ways::new(),
                StepKind::End => {
                    self.ends(&ways, &step.span);
                    Ways::new()
                }
            };
            if ways.len() > MOST {
                self.lost = true;
                ways =
                    said(ways, false).into_iter().map(|way| Way { keys: BTreeMap::new(), ..way }).collect();
            }
        }
        ways
    }

    fn asked(&mut self, ask: &'a Ask, ways: Ways<'a>, next: Option<&Step>) -> Ways<'a> {
        let Some(field) = self.flow.fields.get(&ask.field) else { return said(ways, false) };
        // a repair passes by a list without rows
        let without_rows = self.flow.name.starts_with("repair.");
        let keys = keys(field, field.optional || without_rows);
        if keys.is_empty() {
            if let Some(next) = next {
                self.never.push((next.span.clone(), Never::After(ask.field.clone())));
            }
            return Ways::new();
        }
        let answered = said(ways, false).into_iter().map(|mut way| {
            way.keys.insert(&ask.field, keys.clone());
            way
        });
        answered.collect()
    }

    fn called(&mut self, call: &'a Call, ways: &Ways<'a>, span: &Span) -> Ways<'a> {
        let mut after = ways.clone();
        for (outcome, branch) in &call.on {
            after.extend(self.branch(branch, outcome, ways, span));
        }
        after
    }

    fn branch(&mut self, branch: &Branch, outcome: &str, ways: &Ways<'a>, span: &Span) -> Ways<'a> {
        let spoken = branch.say.is_some();
        let ways = if spoken { said(ways.clone(), true) } else { ways.clone() };
        match &branch.then {
            Some(Action::Pass) => ways,
            Some(Action::Call(_)) => said(ways, true),
            Some(Action::End) => {
                if ways.iter().any(|way| !way.spoken) {
                    self.silent.push((span.clone(), Some(outcome.to_owned())));
                }
                Ways::new()
            }
            _ => Ways::new(),
        }
    }

    fn when(&mut self, when: &'a When, ways: &Ways<'a>, span: &Span) -> Ways<'a> {
        let holds = under(&when.condition, ways, true);
        let fails = under(&when.condition, ways, false);
        if when.condition.names().is_empty() {
            // told where conditions are read
        } else if holds.is_empty() {
            self.never.push((span.clone(), Never::Holds));
        } else if fails.is_empty() && !when.otherwise.is_empty() {
            self.never.push((span.clone(), Never::Fails));
        }
        let mut after = self.through(&when.then, holds);
        after.extend(self.through(&when.otherwise, fails));
        after
    }
}

/// What the answer to a field may be: of a menu, the options that are just an answer.
fn keys(field: &Field, may_be_missing: bool) -> Keys<'_> {
    let answers: Vec<&str> = match &field.kind {
        FieldKind::Choice { source: Source::Fixed(options), .. } => options
            .iter()
            .filter(|option| option.action.is_none())
            .map(|option| option.key.as_str())
            .collect(),
        FieldKind::YesNo => vec![YES, NO],
        _ => vec![ANY],
    };
    answers.into_iter().map(Some).chain(may_be_missing.then_some(None)).collect()
}

fn said(ways: Ways<'_>, spoken: bool) -> Ways<'_> {
    ways.into_iter().map(|way| Way { spoken, ..way }).collect()
}

/// The ways on which a condition is `so`, each with what that says of the menus.
fn under<'a>(condition: &'a Expression, ways: &Ways<'a>, so: bool) -> Ways<'a> {
    ways.iter().filter_map(|way| narrowed(condition, way, so)).collect()
}

fn narrowed<'a>(condition: &'a Expression, way: &Way<'a>, so: bool) -> Option<Way<'a>> {
    match condition {
        Expression::Literal(Value::Flag(flag)) => (*flag == so).then(|| way.clone()),
        Expression::Not(inner) => narrowed(inner, way, !so),
        Expression::And(one, other) if so => {
            narrowed(one, way, true).and_then(|way| narrowed(other, &way, true))
        }
        Expression::Or(one, other) if !so => {
            narrowed(one, way, false).and_then(|way| narrowed(other, &way, false))
        }
        Expression::Compare(one, comparison, other) => {
            let (Expression::Path(path), Expression::Literal(Value::Text(key))) = (&**one, &**other) else {
                return Some(way.clone());
            };
            let wanted = match comparison {
                Comparison::Equal => so,
                Comparison::NotEqual => !so,
                _ => return Some(way.clone()),
            };
            // what is not there equals nothing
            narrowed_to(path, way, |known| known == Some(ANY) || (known == Some(key.as_str())) == wanted)
        }
        Expression::Exists(inner) => match &**inner {
            Expression::Path(path) => narrowed_to(path, way, |known| known.is_some() == so),
            _ => Some(way.clone()),
        },
        Expression::Path(path) => narrowed_to(path, way, |known| match known {
            Some(YES) => so,
            Some(NO) | None => !so,
            _ => true,
        }),
        _ => Some(way.clone()),
    }
}

fn narrowed_to<'a>(path: &'a [Name], way: &Way<'a>, fits: impl Fn(Option<&str>) -> bool) -> Option<Way<'a>> {
    let [name] = path else { return Some(way.clone()) };
    let Some(keys) = way.keys.get(name.as_str()) else { return Some(way.clone()) };
    let keys: Keys<'a> = keys.iter().copied().filter(|key| fits(*key)).collect();
    (!keys.is_empty()).then(|| {
        let mut way = way.clone();
        way.keys.insert(name, keys);
        way
    })
}

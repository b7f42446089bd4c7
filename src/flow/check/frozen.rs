//! What was committed stays: below a write that cannot be undone, nothing may forget what it was made of.

use std::collections::BTreeSet;

use super::Checking;
use crate::flow::definition::{Call, Span, Step, StepKind};
use crate::flow::value::Name;

/// The answers asked so far, and those of them that a commit has used.
#[derive(Debug, Clone, Default)]
struct Answers<'a> {
    asked: BTreeSet<&'a Name>,
    frozen: BTreeSet<&'a Name>,
}

impl<'a> Checking<'a> {
    pub(super) fn frozen(&mut self) {
        let flow = self.flow;
        self.below(&flow.steps, &mut Answers::default());
    }

    fn below(&mut self, steps: &'a [Step], answers: &mut Answers<'a>) {
        for step in steps {
            match &step.kind {
                StepKind::Ask(ask) => {
                    answers.asked.insert(&ask.field);
                }
                StepKind::Do(call) | StepKind::Hold(call) => self.forgets(call, answers, &step.span),
                StepKind::Commit(call) => {
                    // where the commit itself failed, nothing is written yet
                    self.forgets(call, answers, &step.span);
                    answers.frozen.extend(answers.asked.iter().copied());
                }
                StepKind::When(when) => {
                    let mut other = answers.clone();
                    self.below(&when.then, answers);
                    self.below(&when.otherwise, &mut other);
                    answers.asked.extend(other.asked);
                    answers.frozen.extend(other.frozen);
                }
                _ => {}
            }
        }
    }

    fn forgets(&mut self, call: &Call, answers: &Answers<'a>, span: &Span) {
        for branch in call.on.values() {
            for field in
                branch.forget.iter().chain(&branch.refuse).filter(|field| answers.frozen.contains(field))
            {
                let message = format!(
                    "`{field}` was used by a `commit:` above, and asking it again would do that twice"
                );
                let fix = "do this before the commit, or `handoff:` or `call:` a flow instead";
                self.wrong_at("F067", span, field, message, fix);
            }
        }
    }
}

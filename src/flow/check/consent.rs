//! Nothing is written to the schedule without a yes to a summary that reads out what will be written.

use std::collections::BTreeSet;

use super::Checking;
use crate::flow::definition::{Call, Review, Span, Step, StepKind};

/// Writes to the schedule; those that take something away from the patient want a clear yes.
const DESTRUCTIVE: [&str; 2] = ["agenda.mover", "agenda.anular"];

impl Checking<'_> {
    pub(super) fn consent(&mut self) {
        let flow = self.flow;
        self.agreed(&flow.steps, None);
    }

    /// Goes on with the review that stands nearest above; a review under a condition holds there only.
    fn agreed<'r>(&mut self, steps: &'r [Step], above: Option<&'r Review>) {
        let mut review = above;
        for step in steps {
            match &step.kind {
                StepKind::Review(next) => review = Some(next),
                StepKind::Commit(call) => self.commit(call, review, &step.span),
                StepKind::When(when) => {
                    self.agreed(&when.then, review);
                    self.agreed(&when.otherwise, review);
                }
                _ => {}
            }
        }
    }

    fn commit(&mut self, call: &Call, review: Option<&Review>, span: &Span) {
        if !call.port.starts_with("agenda.") {
            return;
        }
        let Some(review) = review else {
            let message = format!("`{}` writes to the schedule without a yes of the patient", call.port);
            return self.wrong("F053", span, message, "put a `review:` above it");
        };
        if DESTRUCTIVE.contains(&call.port.as_str()) && !review.clear_yes {
            let message = format!("`{}` takes an hour away, so only a clear yes may do", call.port);
            self.wrong("F053", span, message, "write `clear_yes: true` in the review above");
        }
        let read_out: BTreeSet<_> = review.text.names().into_iter().collect();
        let arguments: BTreeSet<_> = call.arguments.iter().flat_map(|(_, value)| value.names()).collect();
        for name in arguments.difference(&read_out) {
            let message =
                format!("the patient says yes without reading `{name}`, which `{}` writes", call.port);
            self.wrong_at(
                "F054",
                span,
                name,
                message,
                format!("put {{{name}. …}} into the text of the review"),
            );
        }
    }
}

//! `review`: passed only in the turn of a yes to exactly what it would read out now.

use crate::conversation::fingerprint::Fingerprint;
use crate::conversation::reply::{self, CANCEL, CHANGE, YES};
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::{AskedKind, Choice, Frame};
use crate::flow::Flow;
use crate::flow::definition::{Review, Step};

impl<'a> Running<'a> {
    pub(super) fn review(
        &mut self,
        index: usize,
        flow: &'a Flow,
        step: &'a Step,
        review: &'a Review,
    ) -> Result<Verdict, Halt> {
        let frame = &self.state.stack[index];
        let id = frame.id;
        let text = review.text.render(&View::new(flow, frame));
        let fingerprint = of_review(&text, frame);
        if let Some(yes) = self.yes.as_mut().filter(|yes| yes.frame == id && !yes.spent) {
            if yes.review == step.id && yes.fingerprint == fingerprint {
                yes.used = true;
                self.trace_step(flow, step, "passed: a yes to this very text");
                return Ok(Verdict::Next);
            }
            // Walked again without it, so that nothing was passed over on its account.
            self.trace_step(flow, step, "changed since the yes");
            self.yes = None;
            self.changed = true;
            return Ok(Verdict::Again);
        }
        self.trace_step(flow, step, "stopped: wants a yes");
        let option = |key: &str, title: &str, words: &[&str]| Choice {
            key: key.to_owned(),
            title: title.to_owned(),
            detail: None,
            starts: None,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
        };
        let options = vec![
            option(YES, &review.yes, &[]),
            option(CHANGE, &review.change, &[]),
            option(CANCEL, &review.cancel, &[]),
        ];
        let question = reply::Question {
            frame: id,
            field: step.id.clone(),
            label: reply::label(&flow.name, "review"),
            kind: AskedKind::Review,
            fingerprint,
            text,
            shorter: None,
            options,
            list_button: None,
        };
        self.pend(question);
        Ok(Verdict::Stop)
    }
}

/// What a yes is bound to: the words read out and every answer behind them.
fn of_review(text: &str, frame: &Frame) -> String {
    let mut answers: Vec<_> = frame.answers.iter().collect();
    answers.sort_by_key(|(name, _)| *name);
    let start = Fingerprint::new().text(text);
    answers
        .into_iter()
        .fold(start, |taken, (name, answer)| taken.text(name).value(&answer.value.as_argument()))
        .finish()
}

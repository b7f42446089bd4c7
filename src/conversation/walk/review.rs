//! `review`: passed only in the turn of a yes to exactly what it would read out now.

use std::sync::Arc;

use crate::conversation::fingerprint::Fingerprint;
use crate::conversation::reply::{self, CANCEL, CHANGE, Question, YES};
use crate::conversation::running::{Halt, Running, Verdict};
use crate::conversation::scope::View;
use crate::conversation::state::{Asked, AskedKind, Choice, Frame};
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
                self.trace_step(step, "passed: a yes to this very text");
                return Ok(Verdict::Next);
            }
            // Walked again without it, so that nothing was passed over on its account.
            self.trace_step(step, "changed since the yes");
            self.yes = None;
            self.changed = true;
            return Ok(Verdict::Again);
        }
        self.trace_step(step, "stopped: wants a yes");
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
        let asked = Asked {
            tick: self.state.tick + 1,
            at: self.event.now,
            frame: id,
            field: step.id.clone(),
            kind: AskedKind::Review,
            fingerprint,
            options,
            text,
            nudged: false,
        };
        let label = reply::label(&flow.name, "review");
        self.pend(Question { asked: Arc::new(asked), label, shorter: None, list_button: None });
        Ok(Verdict::Stop)
    }
}

/// What a yes is bound to: the words read out and every answer behind them.
fn of_review(text: &str, frame: &Frame) -> String {
    let mut answers: Vec<_> = frame.answers.iter().collect();
    answers.sort_by_key(|(name, _)| *name);
    let start = Fingerprint::new().text(text);
    answers.into_iter().fold(start, |taken, (name, answer)| taken.text(name).argument(&answer.value)).finish()
}

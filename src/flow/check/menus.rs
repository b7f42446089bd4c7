//! A menu that does not keep its answer stands last: its answer is used up in the turn in which it is given, so
//! whoever then answers a question below would be asked the menu again.

use super::Checking;
use crate::flow::definition::{Action, Step, StepKind};
use crate::flow::value::Name;

impl<'a> Checking<'a> {
    pub(super) fn menus(&mut self) {
        let flow = self.flow;
        self.below_a_menu(&flow.steps, None);
    }

    /// Goes on with the menu above whose answer is not kept; answers that below, `None` when nothing comes below.
    fn below_a_menu(&mut self, steps: &'a [Step], above: Option<&'a Name>) -> Option<Option<&'a Name>> {
        let mut menu = above;
        for step in steps {
            match &step.kind {
                StepKind::Ask(ask) => {
                    self.asked_again(menu, step);
                    menu = if ask.keep { menu } else { Some(&ask.field) };
                }
                StepKind::Review(_) | StepKind::CallFlow(_) => self.asked_again(menu, step),
                StepKind::Do(call) | StepKind::Hold(call) | StepKind::Commit(call) => {
                    if call.on.values().any(|branch| matches!(branch.then, Some(Action::Call(_)))) {
                        self.asked_again(menu, step);
                    }
                    // what stands above a commit is not walked again
                    if matches!(step.kind, StepKind::Commit(_)) {
                        menu = None;
                    }
                }
                StepKind::When(when) => {
                    let then = self.below_a_menu(&when.then, menu);
                    let otherwise = self.below_a_menu(&when.otherwise, menu);
                    menu = match (then, otherwise) {
                        (None, None) => return None,
                        (one, other) => one.flatten().or(other.flatten()),
                    };
                }
                StepKind::Handoff(_) | StepKind::End => return None,
                StepKind::Say(_) | StepKind::Voice(_) => {}
            }
        }
        Some(menu)
    }

    fn asked_again(&mut self, menu: Option<&Name>, step: &Step) {
        let Some(menu) = menu else { return };
        let message = format!("once this is answered, `{menu}` above is asked again: its answer is not kept");
        self.wrong(
            "F068",
            &step.span,
            message,
            format!("take `keep: false` out of the question of `{menu}`"),
        );
    }
}

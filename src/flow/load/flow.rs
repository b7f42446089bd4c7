//! A flow or repair: its head, its fields and steps, and how it mends itself.

use super::{Reading, duration_minutes, normal};
use crate::flow::definition::{Book, Flow, Interrupt, Policy, RepairKind, Span, Starts};
use crate::flow::error::{FlowError, nearest};
use crate::flow::graph;
use crate::flow::limits::{CLOSE_MINUTES, WINDOW_HOURS};
use crate::flow::raw::{self, Text};

impl Reading<'_> {
    /// Where the flow or repair is named, past the comments above it.
    fn start(&self) -> Span {
        let mut lines = self.source.lines();
        let named = lines.position(|line| line.starts_with("flow:") || line.starts_with("repair:"));
        let line = named.and_then(|line| u32::try_from(line + 1).ok()).unwrap_or(1);
        Span { file: self.file.to_owned(), line, column: 1 }
    }

    pub(super) fn flow(&mut self, raw: &raw::Flow, book: &mut Book) {
        let (kind, policy) = match &raw.repair {
            Some(raw::RepairOrPolicy::Kind(kind)) => (Some(kind), None),
            Some(raw::RepairOrPolicy::Policy(policy)) => (None, Some(policy)),
            None => (None, None),
        };
        let start = self.start();
        let repair = match (kind, &raw.flow) {
            (Some(kind), None) => {
                let found = RepairKind::ALL.into_iter().find(|known| known.as_str() == kind);
                if found.is_none() {
                    let fix = nearest(kind, "there are", RepairKind::ALL.iter().map(|known| known.as_str()));
                    self.errors.push(FlowError::new(
                        "F004",
                        start.clone(),
                        self.source,
                        format!("there is no repair `{kind}`"),
                        fix,
                    ));
                    return;
                }
                found
            }
            (None, Some(_)) => None,
            _ => {
                self.errors.push(FlowError::new(
                    "F005",
                    start,
                    self.source,
                    "a file is either a flow or a repair",
                    "begin it with `flow: name` or with `repair: kind`",
                ));
                return;
            }
        };
        let name = repair.map_or_else(
            || raw.flow.as_ref().map(|name| name.value.clone()).unwrap_or_default(),
            |kind| format!("repair.{}", kind.as_str()),
        );
        self.flow.clone_from(&name);
        let fields = raw.fields.iter().map(|(name, field)| (name.clone(), self.field(name, field))).collect();
        let steps = self.steps(&raw.steps);
        let mut flow = Flow {
            title: raw.title.as_ref().map_or_else(|| name.clone(), |title| title.value.clone()),
            starts: Starts {
                intents: raw.starts.intents.iter().map(|intent| intent.value.clone()).collect(),
                words: self.words(&raw.starts.words),
            },
            interrupt: raw
                .interrupt
                .iter()
                .map(|(flow, how)| {
                    let how = match how.value {
                        raw::Interrupt::Push => Interrupt::Push,
                        raw::Interrupt::AskFirst => Interrupt::AskFirst,
                        raw::Interrupt::Replace => Interrupt::Replace,
                    };
                    (flow.clone(), how)
                })
                .collect(),
            fields,
            steps,
            policy: self.policy(policy),
            renamed_from: raw.was.flows.iter().map(|name| name.value.clone()).collect(),
            stays: raw.open_conversations == Some(raw::Open::Stay),
            renamed_fields: raw
                .was
                .fields
                .iter()
                .map(|(old, new)| (old.clone(), new.value.clone()))
                .collect(),
            graph: graph::Graph::default(),
            span: start,
            name: name.clone(),
        };
        flow.graph = graph::of(&flow);
        match repair {
            Some(kind) => {
                let span = flow.span.clone();
                if book.repairs.insert(kind, flow).is_some() {
                    let message = format!("two files define the repair `{}`", kind.as_str());
                    self.errors.push(FlowError::new(
                        "F006",
                        span,
                        self.source,
                        message,
                        "take one of them out",
                    ));
                }
            }
            None => {
                if book.flows.insert(name.clone(), flow).is_some()
                    && let Some(at) = &raw.flow
                {
                    self.wrong(
                        "F006",
                        at,
                        format!("two files define the flow `{name}`"),
                        "rename one of them",
                    );
                }
            }
        }
    }

    /// Words as they are compared.
    pub(super) fn words(&mut self, raw: &[Text]) -> Vec<String> {
        let mut words = Vec::with_capacity(raw.len());
        for text in raw {
            let word = normal(&text.value);
            if word.is_empty() {
                let message =
                    format!("`{}` can never be heard: nothing of it is a letter or a digit", text.value);
                self.wrong("F066", text, message, "write a word that a patient would");
            }
            words.push(word);
        }
        words
    }

    fn policy(&mut self, raw: Option<&raw::Policy>) -> Policy {
        let default = Policy { misses: 3, nudge_minutes: 30, close_minutes: CLOSE_MINUTES };
        let Some(raw) = raw else { return default };
        let policy = Policy {
            misses: raw.misses.as_ref().map_or(default.misses, |misses| misses.value),
            nudge_minutes: self.minutes(raw.nudge.as_ref(), default.nudge_minutes),
            close_minutes: self.minutes(raw.close.as_ref(), default.close_minutes),
        };
        if let Some(misses) = raw.misses.as_ref().filter(|misses| misses.value == 0) {
            let message = "`misses: 0` would hand over before anything was missed";
            self.wrong("F058", misses, message, "write 1 for a person at the first miss");
        }
        if let Some(close) = raw.close.as_ref().filter(|_| policy.close_minutes == 0) {
            let message = "a conversation cannot be closed at once, nor stay open for ever";
            self.wrong("F058", close, message, "write how long it waits, as in 23h");
        }
        self.order_of_timers(raw, policy);
        policy
    }

    fn minutes(&mut self, raw: Option<&Text>, otherwise: u32) -> u32 {
        let Some(text) = raw else { return otherwise };
        duration_minutes(&text.value).unwrap_or_else(|| {
            let message = format!("`{}` is not a length of time", text.value);
            self.wrong("F007", text, message, "write 30m, 23h or 2d");
            otherwise
        })
    }

    /// A nudge comes before the conversation closes, and while WhatsApp still carries free words.
    fn order_of_timers(&mut self, raw: &raw::Policy, policy: Policy) {
        let Policy { nudge_minutes: nudge, close_minutes: close, .. } = policy;
        if nudge == 0 || close == 0 {
            return;
        }
        if let Some(text) = raw.nudge.as_ref().filter(|_| nudge >= WINDOW_HOURS * 60) {
            let message = format!(
                "after {} WhatsApp carries no free words any more, only an approved template: nobody would be nudged",
                text.value
            );
            let fix = format!("nudge before {WINDOW_HOURS}h, or write `nudge: 0` for never");
            self.wrong("F064", text, message, fix);
        } else if nudge >= close
            && let Some(at) = raw.close.as_ref().or(raw.nudge.as_ref())
        {
            let message = "the conversation closes before the nudge, which then never comes";
            let fix = match &raw.nudge {
                Some(_) => "close later, or nudge sooner; `nudge: 0` is never",
                None => "close later, or write a `nudge:` that is shorter; without one it is 30m",
            };
            self.wrong("F063", at, message, fix);
        }
    }
}

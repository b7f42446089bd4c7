//! The drawing as Mermaid: GitHub and most documents show it as it stands.

use std::fmt::Write;

use super::{Counts, Drawn, SEEN, Shape, UNSEEN, drawn};
use crate::flow::definition::{Flow, Step, StepKind};

/// The flow as a Mermaid flowchart, coloured by counts when there are any.
pub fn mermaid(flow: &Flow, counts: Option<&Counts>) -> String {
    let mut drawing = Drawing { flow, counts, text: "flowchart TD\n".to_owned(), numbers: 0 };
    drawing.line(&format!("start([{}])", quoted(&flow.title)));
    drawing.line("class start finish");
    let ends = drawing.steps(&flow.steps, vec![("start".to_owned(), None)]);
    if !ends.is_empty() {
        drawing.line("done([\"end\"])");
        drawing.line("class done finish");
        drawing.arrows(&ends, "done");
    }
    let shapes = Shape::ALL.into_iter().map(|shape| (shape.class(), shape.colours()));
    let counted = [("seen", SEEN), ("unseen", UNSEEN)].into_iter().filter(|_| counts.is_some());
    for (class, (fill, border)) in shapes.chain(counted) {
        drawing.line(&format!("classDef {class} fill:{fill},stroke:{border},color:#212121"));
    }
    drawing.text
}

/// Boxes whose next step is still to come, with the label of the arrow.
type Open = Vec<(String, Option<&'static str>)>;

struct Drawing<'a> {
    flow: &'a Flow,
    counts: Option<&'a Counts>,
    text: String,
    numbers: u32,
}

impl Drawing<'_> {
    fn line(&mut self, line: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.text, "    {line}");
    }

    fn arrows(&mut self, from: &Open, to: &str) {
        for (from, label) in from {
            let label = label.map(|label| format!("|{label}|")).unwrap_or_default();
            self.line(&format!("{from} -->{label} {to}"));
        }
    }

    fn steps(&mut self, steps: &[Step], mut open: Open) -> Open {
        for step in steps {
            let drawn = drawn(self.flow, step, self.counts);
            let id = self.draw(&drawn);
            self.arrows(&open, &id);
            open = match &step.kind {
                StepKind::When(when) => {
                    let mut ends = self.steps(&when.then, vec![(id.clone(), Some("yes"))]);
                    ends.extend(self.steps(&when.otherwise, vec![(id, Some("no"))]));
                    ends
                }
                StepKind::Handoff(_) | StepKind::End => Vec::new(),
                _ => vec![(id, None)],
            };
        }
        open
    }

    fn draw(&mut self, drawn: &Drawn<'_>) -> String {
        let id = format!("s_{}", drawn.id.replace(['.', '-'], "_"));
        let text = match drawn.detail.as_str() {
            "" => drawn.heading(),
            detail => format!("{}\n{detail}", drawn.heading()),
        };
        let text = quoted(&text);
        let shape = match drawn.shape {
            Shape::Ask => format!("{id}[/{text}/]"),
            Shape::Read => format!("{id}[({text})]"),
            Shape::Hold | Shape::Commit => format!("{id}[[{text}]]"),
            Shape::Review => format!("{id}{{{{{text}}}}}"),
            Shape::When => format!("{id}{{{text}}}"),
            Shape::End => format!("{id}([{text}])"),
            Shape::Say | Shape::Elsewhere => format!("{id}[{text}]"),
        };
        self.line(&shape);
        let class = match drawn.seen {
            None => drawn.shape.class(),
            Some(0) => "unseen",
            Some(_) => "seen",
        };
        self.line(&format!("class {id} {class}"));
        for (outcome, leads_to) in &drawn.exits {
            self.numbers += 1;
            let exit = format!("x_{}", self.numbers);
            self.line(&format!("{exit}([{}])", quoted(leads_to)));
            self.line(&format!("{id} -.->|{}| {exit}", quoted(outcome)));
            self.line(&format!("class {exit} elsewhere"));
        }
        id
    }
}

/// A text as Mermaid takes it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('&', "#amp;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
    format!("\"{}\"", escaped.replace('\n', "<br/>"))
}

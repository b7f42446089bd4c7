//! The drawing as SVG: a column of boxes read from the top, ways out at the right, arms of a condition side by side.

use std::fmt::Write;

use super::{Counts, Drawn, Shape, by_count, drawn};
use crate::flow::definition::{Flow, Step, StepKind};

const BOX: i32 = 370;
const EXIT: i32 = 270;
const GAP: i32 = 36;
const LINE: i32 = 17;
const PADDING: i32 = 10;
/// Characters in a line of a box, and of an exit.
const WIDE: usize = 46;
const NARROW: usize = 34;

/// The flow as a picture, coloured by counts when there are any.
pub fn svg(flow: &Flow, counts: Option<&Counts>) -> String {
    let mut picture = Picture { flow, counts, text: String::new() };
    let (width, mut y) = (picture.width(&flow.steps), GAP);
    let centre = BOX / 2 + GAP;
    let title = bare(&flow.title);
    y += picture.place(&title, centre, y);
    let ends = picture.steps(&flow.steps, centre, y);
    y = ends.y;
    if ends.goes_on {
        let end = bare("end");
        picture.arrow(centre, y, centre, y + GAP, "");
        y += GAP;
        y += picture.place(&end, centre, y);
    }
    let (width, height) = (width + 2 * GAP, y + GAP);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n<title>{}</title>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#455a64\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
        escaped(&flow.title),
        picture.text
    )
}

/// A box that is no step.
fn bare(title: &str) -> Drawn<'static> {
    Drawn {
        id: "",
        shape: Shape::End,
        title: title.to_owned(),
        detail: String::new(),
        exits: vec![],
        seen: None,
    }
}

/// Where a column of boxes ends.
struct Ends {
    y: i32,
    goes_on: bool,
}

struct Picture<'a> {
    flow: &'a Flow,
    counts: Option<&'a Counts>,
    text: String,
}

impl Picture<'_> {
    /// How wide a column with its exits is.
    fn width(&self, steps: &[Step]) -> i32 {
        let of = |step: &Step| match &step.kind {
            StepKind::When(when) => {
                self.width(&when.then).max(BOX) + GAP + self.width(&when.otherwise).max(BOX)
            }
            _ if drawn(self.flow, step, None).exits.is_empty() => BOX,
            _ => BOX + GAP * 2 + EXIT,
        };
        steps.iter().map(of).max().unwrap_or(BOX)
    }

    /// Draws a column of steps below `y`, each with an arrow from the one above.
    fn steps(&mut self, steps: &[Step], centre: i32, mut y: i32) -> Ends {
        for step in steps {
            let drawn = drawn(self.flow, step, self.counts);
            self.arrow(centre, y, centre, y + GAP, "");
            y += GAP;
            y += self.place(&drawn, centre, y);
            match &step.kind {
                StepKind::When(when) => {
                    let aside = centre + self.width(&when.then).max(BOX) + GAP;
                    let then = self.steps(&when.then, centre, y);
                    self.label(centre + 8, y + GAP / 2, "yes");
                    self.line(centre + BOX / 2, y - 16, aside, y - 16);
                    self.line(aside, y - 16, aside, y);
                    self.label(aside + 8, y + GAP / 2, "no");
                    let otherwise = self.steps(&when.otherwise, aside, y);
                    y = then.y.max(otherwise.y);
                    if then.goes_on {
                        self.line(centre, then.y, centre, y + GAP / 2);
                    }
                    if otherwise.goes_on {
                        self.line(aside, otherwise.y, aside, y + GAP / 2);
                        self.line(aside, y + GAP / 2, centre, y + GAP / 2);
                    }
                    if !then.goes_on && !otherwise.goes_on {
                        return Ends { y, goes_on: false };
                    }
                    y += GAP / 2;
                }
                StepKind::Handoff(_) | StepKind::End => return Ends { y, goes_on: false },
                _ => {}
            }
        }
        Ends { y, goes_on: true }
    }

    /// Draws a box with its top at `y`; answers its height.
    fn place(&mut self, drawn: &Drawn<'_>, centre: i32, y: i32) -> i32 {
        let lines: Vec<String> = drawn.detail.lines().flat_map(|line| wrapped(line, WIDE)).collect();
        let exits: Vec<Vec<String>> =
            drawn.exits.iter().map(|(outcome, to)| wrapped(&format!("{outcome}: {to}"), NARROW)).collect();
        let exit_heights: i32 = exits.iter().map(|lines| height(lines.len()) + 8).sum();
        let tall = height(lines.len() + 1).max(exit_heights - 8);
        self.rectangle(drawn.shape, drawn.seen, (centre - BOX / 2, y), (BOX, tall), 6);
        self.words(centre - BOX / 2 + PADDING, y + PADDING + 12, &[drawn.heading()], true);
        self.words(centre - BOX / 2 + PADDING, y + PADDING + 12 + LINE, &lines, false);
        let (left, mut top) = (centre + BOX / 2 + GAP * 2, y);
        for lines in &exits {
            let tall = height(lines.len());
            self.rectangle(Shape::Elsewhere, None, (left, top), (EXIT, tall), 14);
            self.words(left + PADDING, top + PADDING + 12, lines, false);
            self.arrow(centre + BOX / 2, top + tall / 2, left, top + tall / 2, "stroke-dasharray=\"4 3\" ");
            top += tall + 8;
        }
        tall
    }

    fn put(&mut self, element: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.text, "{element}");
    }

    fn rectangle(
        &mut self,
        shape: Shape,
        seen: Option<u64>,
        (x, y): (i32, i32),
        (width, height): (i32, i32),
        round: i32,
    ) {
        let (fill, border) = seen.map_or_else(|| shape.colours(), by_count);
        let dash = if shape == Shape::When { " stroke-dasharray=\"6 3\"" } else { "" };
        self.put(&format!(
            "<rect class=\"{}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" \
             fill=\"{fill}\" stroke=\"{border}\"{dash}/>",
            shape.class()
        ));
    }

    fn words(&mut self, x: i32, y: i32, lines: &[String], bold: bool) {
        let weight = if bold { " font-weight=\"600\"" } else { "" };
        for (line, down) in lines.iter().zip((0..).step_by(usize::try_from(LINE).unwrap_or(1))) {
            let y = y + down;
            self.put(&format!("<text x=\"{x}\" y=\"{y}\" fill=\"#212121\"{weight}>{}</text>", escaped(line)));
        }
    }

    fn label(&mut self, x: i32, y: i32, text: &str) {
        self.put(&format!("<text x=\"{x}\" y=\"{y}\" fill=\"#6a1b9a\">{text}</text>"));
    }

    fn line(&mut self, x1: i32, y1: i32, x2: i32, y2: i32) {
        self.put(&format!("<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"#455a64\" fill=\"none\"/>"));
    }

    fn arrow(&mut self, x1: i32, y1: i32, x2: i32, y2: i32, how: &str) {
        self.put(&format!(
            "<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"#455a64\" fill=\"none\" {how}marker-end=\"url(#tip)\"/>"
        ));
    }
}

fn height(lines: usize) -> i32 {
    i32::try_from(lines).unwrap_or(1) * LINE + 2 * PADDING
}

/// Lines of at most so many characters, broken between words.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut() {
            let fits = line.chars().count() + word.chars().count() < most;
            if line.is_empty() {
                line.push_str(word);
            } else if fits {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
    }
    lines
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! What is told of a fixture that was played: to a person, to a program, to a build server.
//!
//! A failure names its file and line, what the patient said, every difference of the turn, why the bot did
//! what it did, and the command that plays that very turn again.

use std::fmt::Write as _;

use serde::Serialize;

use super::expectation::{self, Difference, in_words, shown};
use super::fixture::BadFixture;
use super::observed::{Notice, Observed};
use super::player::{Played, PlayedTurn, Unused};
use crate::conversation::need::Trace;

/// A fixture and what became of it.
#[derive(Debug)]
pub struct Outcome {
    /// Its file.
    pub file: String,
    /// What it is about.
    pub title: String,
    /// How it went; an error when it could not be read.
    pub result: Result<Played, BadFixture>,
}

impl Outcome {
    /// Whether all was as expected.
    pub fn passed(&self) -> bool {
        self.result.as_ref().is_ok_and(Played::passed)
    }
}

/// All that failed, and `N passed, N failed` as the last line.
pub fn text(outcomes: &[Outcome], options: &str) -> String {
    let mut out = String::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.passed()) {
        out.push_str(&failure(outcome, options));
        out.push('\n');
    }
    let passed = outcomes.iter().filter(|outcome| outcome.passed()).count();
    let _ = writeln!(out, "{passed} passed, {} failed", outcomes.len() - passed);
    out
}

/// What went wrong with one fixture; empty when nothing did. `options` are those it was played with, for the command
/// that plays it again: ` --core`.
pub fn failure(outcome: &Outcome, options: &str) -> String {
    let mut out = String::new();
    let played = match &outcome.result {
        Ok(played) => played,
        Err(bad) => {
            let _ = writeln!(out, "FAIL  {bad}");
            return out;
        }
    };
    for turn in played.turns.iter().filter(|turn| !turn.differences.is_empty()) {
        let file = turn.file.as_deref().unwrap_or(&outcome.file);
        let case = turn.case.as_ref().map(|case| format!(", {case}")).unwrap_or_default();
        let _ = writeln!(out, "FAIL  {file}:{}  «{}», turn {}{case}", turn.line, outcome.title, turn.number);
        let _ = writeln!(out, "      {}", turn.story);
        differences(&turn.differences, &mut out);
        let _ = writeln!(out, "      why:");
        why(&turn.observed.traces, "        ", &mut out);
        let _ = writeln!(
            out,
            "      again: smartsalud replay{options} {} --turn {} --trace",
            outcome.file, turn.number
        );
    }
    if let Some((line, end)) = played.end.as_ref().filter(|(_, end)| !end.is_empty()) {
        let _ = writeln!(out, "FAIL  {}:{line}  «{}», at the end", outcome.file, outcome.title);
        differences(end, &mut out);
        let _ = writeln!(out, "      again: smartsalud replay{options} {} --trace", outcome.file);
    }
    for Unused { line, what } in &played.unused {
        let _ = writeln!(out, "FAIL  {}:{line}  «{}», not used", outcome.file, outcome.title);
        let _ = writeln!(out, "      nothing of the talk has to do with {what}: take it out, or look at it");
    }
    if played.skipped > 0 {
        let _ = writeln!(out, "      {} later turns were not played", played.skipped);
    }
    out
}

fn differences(differences: &[Difference], out: &mut String) {
    for difference in differences {
        let _ = writeln!(out, "      {}", difference.what);
        marked('-', &difference.expected, out);
        marked('+', &difference.got, out);
    }
}

fn marked(mark: char, text: &str, out: &mut String) {
    for line in text.lines() {
        let _ = writeln!(out, "      {mark} {line}");
    }
}

/// Which rungs of understanding took or refused the message, and where the walk went.
pub fn why(traces: &[Trace], indent: &str, out: &mut String) {
    if traces.iter().all(|trace| trace.rungs.is_empty() && trace.walk.is_empty()) {
        let _ = writeln!(out, "{indent}(nothing reached the conversation)");
    }
    for trace in traces {
        for rung in &trace.rungs {
            let verdict = if rung.took { "took" } else { "    " };
            let _ = writeln!(out, "{indent}rung {} {verdict} {}", rung.rung, rung.why);
        }
        for step in &trace.walk {
            let _ = writeln!(out, "{indent}walk {:<32} {:<28} {}", step.step, step.verdict, step.at);
        }
    }
}

/// A turn as it was: what was said, and all behind it.
pub fn trace(turn: &PlayedTurn) -> String {
    let mut out = String::new();
    let mark = if turn.differences.is_empty() { "ok  " } else { "FAIL" };
    let file = turn.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
    let case = turn.case.as_ref().map(|case| format!(", {case}")).unwrap_or_default();
    let _ = writeln!(out, "{mark}  turn {} (line {}{file}{case}): {}", turn.number, turn.line, turn.story);
    transcript(&turn.observed, "      ", &mut out);
    for call in &turn.observed.calls {
        let _ = writeln!(out, "      call {} → {}", call.port, call.outcome);
    }
    for incident in &turn.observed.incidents {
        let _ = writeln!(out, "      incident {incident}");
    }
    why(&turn.observed.traces, "      ", &mut out);
    let _ = writeln!(out, "      stage {}", turn.observed.state.stage());
    for frame in &turn.observed.state.stack {
        let answers: Vec<String> = frame
            .answers
            .iter()
            .map(|(name, answer)| format!("{name}={}", in_words(&answer.value)))
            .collect();
        let _ = writeln!(out, "      frame {} {} {}", frame.id, frame.flow, answers.join(" "));
    }
    differences(&turn.differences, &mut out);
    out
}

/// What the patient and staff were told.
pub fn transcript(observed: &Observed, indent: &str, out: &mut String) {
    for notice in &observed.notices {
        match notice {
            Notice::Message(said) => {
                for line in shown(said).lines() {
                    let _ = writeln!(out, "{indent}{line}");
                }
            }
            Notice::Handoff(reason) => {
                let _ = writeln!(out, "{indent}→ staff: {reason}");
            }
        }
    }
}

/// A fixture as a program reads it.
#[derive(Serialize)]
struct JsonOutcome<'a> {
    file: &'a str,
    fixture: &'a str,
    passed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    turns: Vec<JsonTurn<'a>>,
    end: &'a [Difference],
}

#[derive(Serialize)]
struct JsonTurn<'a> {
    turn: usize,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a str>,
    said: &'a str,
    notices: &'a [Notice],
    calls: &'a [super::observed::Call],
    stage: String,
    differences: &'a [Difference],
    traces: &'a [Trace],
}

/// One line of JSON for each fixture.
///
/// # Errors
/// When something cannot be written as JSON.
pub fn json(outcomes: &[Outcome]) -> Result<String, serde_json::Error> {
    let mut out = String::new();
    for outcome in outcomes {
        let played = outcome.result.as_ref().ok();
        let turns = played.map_or(&[][..], |played| &played.turns);
        let line = JsonOutcome {
            file: &outcome.file,
            fixture: &outcome.title,
            passed: outcome.passed(),
            error: outcome.result.as_ref().err().map(ToString::to_string),
            turns: turns.iter().map(json_turn).collect(),
            end: played.and_then(|played| played.end.as_ref()).map_or(&[], |(_, end)| end),
        };
        out.push_str(&serde_json::to_string(&line)?);
        out.push('\n');
    }
    Ok(out)
}

fn json_turn(turn: &PlayedTurn) -> JsonTurn<'_> {
    JsonTurn {
        turn: turn.number,
        line: turn.line,
        case: turn.case.as_deref(),
        said: &turn.story,
        notices: &turn.observed.notices,
        calls: &turn.observed.calls,
        stage: turn.observed.state.stage(),
        differences: &turn.differences,
        traces: &turn.observed.traces,
    }
}

/// The `JUnit` form that build servers read: a test case for each fixture.
pub fn junit(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|outcome| !outcome.passed()).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"conversations\" tests=\"{}\" failures=\"{failed}\" errors=\"0\">",
        outcomes.len()
    );
    for outcome in outcomes {
        let (name, file) = (escape(&outcome.title), escape(&outcome.file));
        let _ = write!(out, "  <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\"");
        if outcome.passed() {
            out.push_str("/>\n");
        } else {
            let text = escape(&failure(outcome, ""));
            let first = text.lines().next().unwrap_or_default();
            let _ = write!(out, ">\n    <failure message=\"{first}\">{text}</failure>\n  </testcase>\n");
        }
    }
    out.push_str("</testsuite>\n");
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A message as it may stand in a fixture's `bot:`.
pub fn as_expected(observed: &Observed) -> Vec<String> {
    let quote = |text: &str| serde_json::to_string(text).unwrap_or_default();
    observed
        .notices
        .iter()
        .map(|notice| match notice {
            Notice::Handoff(reason) => format!("{{ handoff: {} }}", quote(reason)),
            Notice::Message(said) => {
                let mut parts = Vec::new();
                let question = expectation::without_number(&said.label);
                let repair = said.repairs.last().map(|kind| kind.as_str());
                if let Some(kind) = repair {
                    parts.push(format!("repair: {kind}"));
                }
                if let Some(flow) = question.strip_suffix(".review") {
                    parts.push(format!("review: {flow}"));
                } else if !said.message.options.is_empty() && !question.starts_with("repair.") {
                    parts.push(format!("ask: {question}"));
                }
                if !said.message.options.is_empty() && !question.ends_with(".review") {
                    let titles: Vec<String> =
                        said.message.options.iter().map(|option| quote(&option.title)).collect();
                    parts.push(format!("options: [{}]", titles.join(", ")));
                }
                if let Some(line) = said.message.text.lines().next() {
                    parts.push(format!("says: [{}]", quote(line)));
                }
                format!("{{ {} }}", parts.join(", "))
            }
        })
        .collect()
}

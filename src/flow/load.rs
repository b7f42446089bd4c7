//! From files to a book: read, resolved, and refused with every mistake at once.
//!
//! A file that cannot be read as YAML stops at its first mistake; besides that, all mistakes of all files are
//! listed together, each with file, line, column and how to mend it.

mod call;
mod field;
mod flow;
mod plain_words;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::check::{NO_SUCH_FLOW, advice, check, commands, steps};
use super::definition::{Action, Book, FixedAnswer, Heard, Span, StepKind};
use super::error::{FlowError, did_you_mean};
use super::expression::Expression;
use super::raw::{self, Text};
use super::template::Template;
use super::value::Name;
use super::wording::{self, Wording};

/// The file of questions with fixed answers.
pub const ANSWERS: &str = "respuestas.yaml";

/// How deep a file may be nested: nine conditions within each other. Each level costs the reader its stack.
const DEEPEST: usize = 20;

/// Makes a book of flow files, named by path relative to their folder (`agendar.yaml`, `repair/miss.yaml`).
///
/// # Errors
/// Every mistake that was found; nothing is loaded then.
pub fn book(sources: &BTreeMap<String, String>) -> Result<Book, Vec<FlowError>> {
    let mut errors = Vec::new();
    let mut book = Book {
        hash: hash(sources),
        flows: IndexMap::new(),
        repairs: BTreeMap::new(),
        answers: Vec::new(),
        heard: Heard::default(),
        variants: BTreeMap::new(),
    };
    let mut wordings = Vec::new();
    for (file, source) in sources {
        let mut reader = Reading {
            file,
            source,
            errors: Vec::new(),
            counts: BTreeMap::new(),
            names: BTreeSet::new(),
            flow: String::new(),
        };
        if file == ANSWERS {
            if let Some(raw) = reader.parse::<raw::Answers>() {
                book.answers = raw.answers.iter().filter_map(|answer| reader.answer(answer)).collect();
            }
        } else if file.starts_with(wording::FOLDER) {
            wordings.extend(reader.parse::<raw::Wording>().map(|raw| reader.wording(&raw)));
        } else if let Some(raw) = reader.parse::<raw::Flow>() {
            reader.flow(&raw, &mut book);
        }
        errors.append(&mut reader.errors);
    }
    // A file that was not read well says nothing true about itself, nor about what it should have defined.
    let unread: BTreeSet<String> = errors.iter().map(|error| error.span.file.clone()).collect();
    errors.extend(check(&book, sources).into_iter().filter(|error| {
        !unread.contains(&error.span.file) && (unread.is_empty() || error.code != NO_SUCH_FLOW)
    }));
    if errors.is_empty() {
        wording::speak(&mut book, &wordings, sources, &mut errors);
        voices(&book, sources, &mut errors);
        errors.dedup();
    }
    errors.sort_by(|one, other| one.place().cmp(&other.place()));
    if errors.is_empty() { Ok(book) } else { Err(errors) }
}

/// Tells steps that speak in a voice of which there is no file.
fn voices(book: &Book, sources: &BTreeMap<String, String>, errors: &mut Vec<FlowError>) {
    let known = book.voices();
    for flow in book.flows.values().chain(book.repairs.values()) {
        let source = sources.get(&flow.span.file).map_or("", String::as_str);
        for step in steps(&flow.steps) {
            if let StepKind::Voice(voice) = &step.kind
                && !known.contains(voice.as_str())
            {
                let fix = match did_you_mean(voice, known.iter().copied()) {
                    near if near.is_empty() => format!("write a file in `textos/` with `voice: {voice}`"),
                    near => near,
                };
                let message = format!("no file says texts in the voice `{voice}`");
                let span = step.span.at_word(source, voice);
                errors.push(FlowError::new("F073", span, source, message, fix));
            }
        }
    }
}

/// What a sound book could do better, for `flows check`: codes that begin with `W`, and nothing is refused for them.
pub fn advice(book: &Book, sources: &BTreeMap<String, String>) -> Vec<FlowError> {
    advice::check(book, sources)
}

/// Options of a sound book that a patient chooses with words that are also commands (`F047`); `command` names the
/// command that a whole message is. Commands grow with the program, so a stored book is not refused for them.
pub fn commands(
    book: &Book,
    sources: &BTreeMap<String, String>,
    command: &dyn Fn(&str) -> Option<&'static str>,
) -> Vec<FlowError> {
    commands::check(book, sources, command)
}

/// What names a book: SHA-256 over names and contents of its files.
pub fn hash(sources: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (file, source) in sources {
        // lengths keep ("a", "bc") and ("ab", "c") apart
        for part in [file, source] {
            hasher.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hex::encode(hasher.finalize())
}

struct Reading<'a> {
    file: &'a str,
    source: &'a str,
    errors: Vec<FlowError>,
    /// Steps without a name of their own are numbered by kind.
    counts: BTreeMap<&'static str, u32>,
    /// Names that steps of this flow have.
    names: BTreeSet<Name>,
    flow: Name,
}

fn number(location: u64) -> u32 {
    u32::try_from(location).unwrap_or(u32::MAX)
}

impl Reading<'_> {
    fn parse<T: DeserializeOwned>(&mut self) -> Option<T> {
        let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_depth: DEEPEST } };
        match serde_saphyr::from_str_with_options(self.source, options) {
            Ok(raw) => Some(raw),
            Err(error) => {
                let place = error.location();
                let span = Span {
                    file: self.file.to_owned(),
                    line: place.map_or(1, |place| number(place.line())),
                    column: place.map_or(1, |place| number(place.column())),
                };
                let told = error.without_snippet().to_string();
                // the place stands in front of every mistake already
                let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(what, _)| what);
                let line = (span.line as usize).saturating_sub(1);
                let before: Vec<&str> = self.source.lines().take(line + 1).collect();
                let mut before = before.join("\n");
                let last = before.rfind('\n').map_or(0, |end| end + 1);
                let column = (span.column as usize).saturating_sub(1);
                if let Some((end, _)) = before[last..].char_indices().nth(column) {
                    before.truncate(last + end);
                }
                let (message, fix) = plain_words::in_plain_words(told, &before);
                self.errors.push(FlowError::new("F001", span, self.source, message, fix));
                None
            }
        }
    }

    fn span<T>(&self, spanned: &Spanned<T>) -> Span {
        let place = &spanned.referenced;
        Span { file: self.file.to_owned(), line: number(place.line()), column: number(place.column()) }
    }

    fn wrong<T>(
        &mut self,
        code: &'static str,
        at: &Spanned<T>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let span = self.span(at);
        self.errors.push(FlowError::new(code, span, self.source, message, fix));
    }

    /// The same, at the first place from there on where `word` stands.
    fn wrong_at<T>(
        &mut self,
        code: &'static str,
        at: &Spanned<T>,
        word: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let span = self.span(at).at_word(self.source, word);
        self.errors.push(FlowError::new(code, span, self.source, message, fix));
    }

    fn template(&mut self, text: &Text) -> Template {
        Template::parse(&text.value).unwrap_or_else(|error| {
            let told = error.to_string();
            let (message, fix) = told
                .split_once("; ")
                .unwrap_or((&told, "close it, or double the sign to write the sign itself"));
            self.wrong("F002", text, message, fix);
            Template::default()
        })
    }

    fn optional_template(&mut self, text: Option<&Text>) -> Option<Template> {
        text.map(|text| self.template(text))
    }

    fn expression(&mut self, at: &Text, text: &str) -> Expression {
        Expression::parse(text).unwrap_or_else(|error| {
            let fix = "write a value or a comparison, as in paciente, cuando? or intento == 1";
            self.wrong("F003", at, format!("`{text}`: {error}"), fix);
            Expression::Literal(super::Value::Nothing)
        })
    }

    fn answer(&mut self, raw: &Spanned<raw::FixedAnswer>) -> Option<FixedAnswer> {
        let span = self.span(raw);
        let answer = &raw.value;
        Some(FixedAnswer {
            name: answer.name.value.clone(),
            asks: answer.asks.iter().map(|ask| normal(&ask.value)).collect(),
            text: self.template(&answer.text),
            span,
        })
    }

    fn wording(&self, raw: &raw::Wording) -> Wording {
        let value = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone()).unwrap_or_default();
        let texts = raw.texts.iter();
        Wording {
            voice: value(&raw.voice),
            center: value(&raw.center),
            otherwise: value(&raw.otherwise),
            span: Span { file: self.file.to_owned(), line: 1, column: 1 },
            texts: texts
                .map(|(address, text)| (address.clone(), text.value.clone(), self.span(text)))
                .collect(),
        }
    }
}

fn convert(action: &raw::Action) -> Action {
    match action {
        raw::Action::Handoff(reason) => Action::Handoff(reason.clone()),
        raw::Action::Offer(flow) => Action::Offer(flow.clone()),
        raw::Action::Call(flow) => Action::Call(flow.clone()),
        raw::Action::Start(flow) => Action::Start(flow.clone()),
        raw::Action::End => Action::End,
        raw::Action::Resume => Action::Resume,
        raw::Action::Leave => Action::Leave,
        raw::Action::Pass => Action::Pass,
    }
}

/// `30m`, `24h`, `60d`, `0`.
fn duration_minutes(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u32 = digits.parse().ok()?;
    match &text[digits.len()..] {
        "m" => Some(number),
        "h" => number.checked_mul(60),
        "d" => number.checked_mul(24 * 60),
        "" if number == 0 => Some(0),
        _ => None,
    }
}

/// Words as they are compared: small letters without accents (ñ stays a letter of its own), without signs.
pub(super) fn normal(text: &str) -> String {
    let letters: String = text
        .to_lowercase()
        .chars()
        .flat_map(|c| match c {
            'ñ' => vec!['ñ'],
            c => c.nfd().filter(|c| !is_combining_mark(*c)).collect(),
        })
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

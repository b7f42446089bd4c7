//! From files to a book: read, resolved, and refused with every mistake at once.
//!
//! A file that cannot be read as YAML stops at its first mistake; besides that, all mistakes of all files are
//! listed together, each with file, line, column and how to mend it.

mod call;
mod field;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::check::{NO_SUCH_FLOW, advice, check, steps, unheard};
use super::definition::{
    Action, Book, FixedAnswer, Flow, Interrupt, Policy, RepairKind, Span, StartWords, Starts, StepKind,
};
use super::error::{FlowError, did_you_mean, nearest};
use super::expression::Expression;
use super::graph;
use super::limits::WINDOW_HOURS;
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
        start_words: StartWords::default(),
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

/// Words of flows that would never be heard, told as advice: `heard` is how a message is put into its normal form
/// before it is compared. It is passed in because understanding is no part of the language.
pub fn unheard(
    book: &Book,
    sources: &BTreeMap<String, String>,
    heard: &dyn Fn(&str) -> String,
) -> Vec<FlowError> {
    unheard::check(book, sources, heard)
}

/// SHA-256 over names and contents.
fn hash(sources: &BTreeMap<String, String>) -> String {
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
                let (message, fix) = in_plain_words(told);
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

    /// Where the flow or repair is named, past the comments above it.
    fn start(&self) -> Span {
        let mut lines = self.source.lines();
        let named = lines.position(|line| line.starts_with("flow:") || line.starts_with("repair:"));
        let line = named.and_then(|line| u32::try_from(line + 1).ok()).unwrap_or(1);
        Span { file: self.file.to_owned(), line, column: 1 }
    }

    fn flow(&mut self, raw: &raw::Flow, book: &mut Book) {
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
    fn words(&mut self, raw: &[Text]) -> Vec<String> {
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
        let default = Policy { misses: 3, nudge_minutes: 30, close_minutes: 24 * 60 };
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
            self.wrong("F058", close, message, "write how long it waits, as in 24h");
        }
        self.order_of_timers(raw, policy);
        policy
    }

    fn minutes(&mut self, raw: Option<&Text>, otherwise: u32) -> u32 {
        let Some(text) = raw else { return otherwise };
        duration_minutes(&text.value).unwrap_or_else(|| {
            let message = format!("`{}` is not a length of time", text.value);
            self.wrong("F007", text, message, "write 30m, 24h or 2d");
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

/// What the YAML reader says, without the terms of its trade, and how to mend it.
fn in_plain_words(told: &str) -> (String, String) {
    if let Some(key) = told.strip_prefix("duplicate mapping key: ") {
        let key = key.split(',').next().unwrap_or(key);
        return (format!("`{key}` stands here twice"), "take one of them out".to_owned());
    }
    if told.starts_with("budget breached: Depth") {
        let fix = "put a part of it into a flow of its own, and `call:` that";
        return ("this is nested too deep to be read".to_owned(), fix.to_owned());
    }
    if let Some((message, expected)) = told.split_once(", expected ").filter(|_| told.starts_with("unknown "))
    {
        let word = message.split('`').nth(1).unwrap_or_default();
        let list = expected.trim_start_matches("one of ").split([',', '`', ' ']);
        let known = list.filter(|key| !key.is_empty() && *key != "or");
        return (message.to_owned(), nearest(word, "there are", known));
    }
    if let Some(key) = told.strip_prefix("missing field ") {
        return (told.to_owned(), format!("add {key}"));
    }
    let (message, fix) = match told {
        "expected string scalar" => (
            "a text is expected here",
            "write words; in quotes, if they begin with a sign or hold `: ` or ` #`",
        ),
        told => (told, "`smartsalud flows doc` shows how everything is written"),
    };
    (message.to_owned(), fix.to_owned())
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

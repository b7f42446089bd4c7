//! A mistake in a flow: where, what, and how to mend it.

use std::fmt;

use super::definition::Span;

/// A mistake in a flow file.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowError {
    /// A code that stays the same over versions: `F012`; see [`CODES`].
    pub code: &'static str,
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// How to mend it; empty when the message says it already.
    pub fix: String,
    /// The line, with a mark under the place; empty when there is none.
    pub snippet: String,
}

impl FlowError {
    /// A mistake at a place of `source`.
    pub fn new(
        code: &'static str,
        span: Span,
        source: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let line = source.lines().nth((span.line as usize).saturating_sub(1)).unwrap_or_default();
        let snippet = if line.trim().is_empty() {
            String::new()
        } else {
            let indent = " ".repeat((span.column as usize).saturating_sub(1));
            format!("{:>5} | {line}\n      | {indent}^", span.line)
        };
        Self { code, span, message: message.into(), fix: fix.into(), snippet }
    }

    /// File, line and column, to order by.
    pub(super) fn place(&self) -> (&str, u32, u32) {
        (&self.span.file, self.span.line, self.span.column)
    }
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { file, line, column } = &self.span;
        write!(f, "{file}:{line}:{column}: {} {}", self.code, self.message)?;
        if !self.fix.is_empty() {
            write!(f, " ({})", self.fix)?;
        }
        if !self.snippet.is_empty() {
            write!(f, "\n{}", self.snippet)?;
        }
        Ok(())
    }
}

impl std::error::Error for FlowError {}

impl Span {
    /// The first place from here on, a few lines at most, where the word stands whole; else here.
    pub(super) fn at_word(&self, source: &str, word: &str) -> Self {
        const LINES: usize = 40;
        let first = (self.line as usize).saturating_sub(1);
        for (index, line) in source.lines().enumerate().skip(first).take(LINES) {
            if line.trim_start().starts_with('#') {
                continue;
            }
            let from = if index == first { (self.column as usize).saturating_sub(1) } else { 0 };
            if let Some(column) = column_of(line, word, from) {
                let number = |number: usize| u32::try_from(number + 1).unwrap_or(u32::MAX);
                return Self { file: self.file.clone(), line: number(index), column: number(column) };
            }
        }
        self.clone()
    }
}

/// Where a word stands whole in a line, counted in characters from 0.
fn column_of(line: &str, word: &str, from: usize) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let places = line.match_indices(word).filter(|_| !word.is_empty());
    for (byte, _) in places {
        let column = line[..byte].chars().count();
        let before = line[..byte].chars().next_back().is_some_and(inside);
        let after = line[byte + word.len()..].chars().next().is_some_and(inside);
        if column >= from && !before && !after {
            return Some(column);
        }
    }
    None
}

/// `did you mean …?` for the closest of the known words; empty when none is close.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near = known.into_iter().map(|one| (strsim::osa_distance(word, one), one));
    near.filter(|(distance, one)| *distance <= one.len() / 3 + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, one)| format!("did you mean `{one}`?"))
        .unwrap_or_default()
}

/// Every code with what it stands for: `F` for mistakes, for which a book is refused, `W` for advice.
pub const CODES: &[(&str, &str)] = &[
    ("F001", "the file cannot be read: not YAML, an unknown or repeated key, or a value of the wrong type"),
    ("F002", "a text with a brace or bracket out of place, or an unknown filter"),
    ("F003", "not an expression"),
    ("F004", "no such repair"),
    ("F005", "neither a flow nor a repair, or both"),
    ("F006", "two files define the same flow or repair"),
    ("F007", "not a length of time"),
    ("F008", "no such type of field"),
    ("F009", "two options with the same key"),
    ("F010", "a choice without rows or options"),
    ("F011", "a step that is none or several things"),
    ("F012", "a text is missing or empty"),
    ("F013", "not a call of a port"),
    ("F014", "no such port"),
    ("F015", "an argument that the port does not take"),
    ("F016", "a key that means nothing where it stands"),
    ("F017", "an argument given twice"),
    ("F020", "a repair is missing"),
    ("F021", "a fixed answer that nothing asks for"),
    ("F022", "a field that is never asked"),
    ("F023", "a choice from something that is never read"),
    ("F024", "more options than a list holds"),
    ("F025", "a label longer than WhatsApp shows"),
    ("F026", "no such column"),
    ("F027", "a step that is never reached"),
    ("F028", "a port called by the wrong keyword"),
    ("F029", "a result that goes nowhere, or none where one is kept"),
    ("F030", "an argument is missing"),
    ("F031", "an outcome without a branch"),
    ("F032", "a branch for an outcome that never comes"),
    ("F033", "an argument of the wrong type"),
    ("F034", "an argument that may be missing and must not"),
    ("F035", "a branch that does nothing"),
    ("F036", "a branch that does not say what comes last"),
    ("F037", "a text longer than a question may be"),
    ("F038", "a value that may be missing, outside an optional part"),
    ("F039", "no such field"),
    ("F040", "no such name"),
    ("F041", "no such flow"),
    ("F042", "a value that cannot be put into words so"),
    ("F043", "a condition that is not a yes or no, or compares what cannot be compared"),
    ("F044", "no such intent"),
    ("F045", "a name used before it can be there"),
    ("F046", "a circle without a question"),
    ("F047", "an option's word that also starts a flow or is a command"),
    ("F048", "one word for two options"),
    ("F049", "one word or intent for two flows"),
    ("F050", "an answer that is used nowhere"),
    ("F051", "an option that does nothing"),
    ("F052", "a name filled twice"),
    ("F053", "a write to the schedule without a proper yes"),
    ("F054", "a yes to something that is not read out"),
    ("F055", "something that only a repair can do"),
    ("F056", "an old name that is still in use"),
    ("F057", "a name or key that cannot be used"),
    ("F058", "a range that holds nothing"),
    ("F059", "a comparison with an option that is not there"),
    ("F060", "a refusal of something that is not a row"),
    ("F061", "one word for two fields"),
    ("W001", "a question without help"),
    ("W002", "a flow that nothing starts"),
    ("W003", "a row that is always cut"),
    ("W004", "one question for two fixed answers"),
];

//! What the YAML reader says, in the words of those who write flows, with an example of what was expected.

use crate::flow::error::nearest;

/// Says it without the terms of the reader's trade, and how to mend it; `before` is all that stands before the place.
pub(super) fn in_plain_words(told: &str, before: &str) -> (String, String) {
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
        let what = if message.starts_with("unknown field") { "key" } else { "word" };
        let list = expected.trim_start_matches("one of ").split([',', '`', ' ']);
        let known = list.filter(|key| !key.is_empty() && *key != "or");
        return (format!("no {what} `{word}` is known here"), nearest(word, "there are", known));
    }
    if let Some(key) = told.strip_prefix("missing field ") {
        return (format!("the key {key} is missing"), format!("add {key}"));
    }
    let (message, fix) = match told {
        "expected string scalar" => (
            "a text is expected here",
            "write words; in quotes, if they begin with a sign or hold `: ` or ` #`".to_owned(),
        ),
        "expected mapping start" => ("keys are expected here, not words or a list", of_keys(before)),
        "expected sequence start" => (
            "a list is expected here",
            "write `[one, another]`, or each on a line that begins with `- `".to_owned(),
        ),
        "invalid boolean" => ("a yes or no is expected here", "write `true` or `false`".to_owned()),
        "invalid number" | "invalid integer" => {
            ("a whole number is expected here", "write figures".to_owned())
        }
        told if told.contains("did not find expected '-' indicator") => (
            "this line stands among the items of a list and is none",
            "begin it with `- `, or move it to the right, under the item that it belongs to".to_owned(),
        ),
        told if told.contains("mapping values are not allowed") => (
            "this `:` would begin another key",
            "put the text in quotes, or move the key to a line of its own".to_owned(),
        ),
        told if told.contains("found a tab") => (
            "a tab stands here, or on the next line",
            "move lines to the right with spaces, not with tabs".to_owned(),
        ),
        told => (told, "`smartsalud flows doc` shows how everything is written".to_owned()),
    };
    (message.to_owned(), fix)
}

/// What keys look like there: by the innermost part of a flow that the place is in.
fn of_keys(before: &str) -> String {
    let example = holders(before).iter().find_map(|key| EXAMPLES.iter().find(|(known, _)| known == key));
    match example {
        Some((key, example)) => format!("under `{key}:` write each as in `{example}`"),
        None => "write them as in `{ key: value }`, or one a line, further to the right".to_owned(),
    }
}

/// Parts of a flow that are made of keys, each with one of its own.
const EXAMPLES: [(&str, &str); 8] = [
    ("starts", "words: [pedir receta]"),
    ("fields", "remedio: { type: text, name: el remedio }"),
    ("options", "{ key: casa, title: En mi casa }"),
    ("on", "none: { then: { handoff: sin_horas } }"),
    ("with", "paciente: persona"),
    ("repair", "misses: 3"),
    ("answers", "{ name: direccion, asks: [donde queda], text: Estamos en … }"),
    ("steps", "- ask: remedio"),
];

/// The keys that a place stands under, the nearest first: within braces on its line, then by how far lines are to
/// the right.
fn holders(before: &str) -> Vec<String> {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let mut keys = Vec::new();
    let mut depth = 0_usize;
    keys.extend(key_at_end(line));
    for (at, sign) in line.char_indices().rev() {
        match sign {
            '}' | ']' => depth += 1,
            '{' | '[' if depth == 0 => keys.extend(key_at_end(&line[..at])),
            '{' | '[' => depth -= 1,
            _ => {}
        }
    }
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let mut right = indent(line);
    for line in before.lines().rev().skip(1).filter(|line| !line.trim().is_empty()) {
        if indent(line) < right {
            right = indent(line);
            keys.extend(line.trim_start_matches([' ', '-']).split(':').next().map(str::to_owned));
        }
    }
    keys
}

/// The key of which the value comes next.
fn key_at_end(text: &str) -> Option<String> {
    let text = text.trim_end().strip_suffix(':')?;
    let word = text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    Some(word.to_owned())
}

//! Whether the word files are written as they must be, so that a clerk's "here they say X" is one line, and a slip in
//! that line is shown with its file, its place and how to mend it instead of being heard as nothing.
//!
//! The files are built in; a test checks each of them whenever the program is built anew.

use std::fmt;

use super::feast::feast;
use super::lexicon::lexicon;
use super::rules::{SETS, sets};

/// A line of a word file that is not written as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub what: String,
}

impl fmt::Display for BrokenLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "words/{}:{}: {}", self.file, self.line, self.what)
    }
}

impl std::error::Error for BrokenLine {}

/// Checks a word file by its name; every line that is broken is told.
pub fn check_words(file: &str, text: &str) -> Vec<BrokenLine> {
    let mut broken = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut in_section = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') && !line.starts_with("#1") {
            continue;
        }
        let checked = match file {
            "abbreviations.txt" => pair(line, '=', "abbreviation = words").and_then(|(short, _)| {
                one_word(short)?;
                once(short, &mut seen)
            }),
            "time.txt" => pair(line, ':', "kind value: words").and_then(|(head, words)| time(head, words)),
            "holidays.txt" => pair(line, '=', "month-day = names").and_then(|(date, _)| match feast(date) {
                Some(_) => Ok(()),
                None => Err(format!(
                    "`{date}` is no day of the year; write 09-18, easter-2 or 5:2 7 (month:place weekday)"
                )),
            }),
            "specialties.txt" => pair(line, ':', "specialty: phrase, phrase").and_then(|(name, phrases)| {
                if phrases.split(',').any(|phrase| phrase.trim().is_empty()) {
                    return Err("a phrase between two commas is empty; take one comma away".to_owned());
                }
                once(name, &mut seen)
            }),
            "verbs.txt" => verb(line),
            "sets.txt" => pair(line, '=', "@name = words").and_then(|(name, members)| {
                if !name.starts_with('@') {
                    return Err(format!("a set begins with `@`; write @{name} = {members}"));
                }
                members.split_whitespace().try_for_each(|member| one(member, text))?;
                once(name, &mut seen)
            }),
            "frequent.txt" => line.split_whitespace().try_for_each(one_word),
            _ => rule(line, &mut in_section),
        };
        if let Err(what) = checked {
            broken.push(BrokenLine { file: file.to_owned(), line: number + 1, what });
        }
    }
    broken
}

fn pair<'l>(line: &'l str, sign: char, form: &str) -> Result<(&'l str, &'l str), String> {
    let (left, right) = line.split_once(sign).ok_or_else(|| format!("`{sign}` is missing; write {form}"))?;
    let (left, right) = (left.trim(), right.trim());
    if left.is_empty() || right.is_empty() {
        return Err(format!("nothing stands on one side of `{sign}`; write {form}"));
    }
    Ok((left, right))
}

fn one_word(word: &str) -> Result<(), String> {
    if word.chars().all(|letter| letter.is_alphanumeric() && !letter.is_uppercase()) {
        Ok(())
    } else {
        Err(format!("`{word}` is not one word in small letters"))
    }
}

fn once<'l>(name: &'l str, seen: &mut Vec<&'l str>) -> Result<(), String> {
    if seen.contains(&name) {
        return Err(format!("`{name}` stands in the file twice; join the two lines"));
    }
    seen.push(name);
    Ok(())
}

fn time(head: &str, words: &str) -> Result<(), String> {
    const UNITS: [&str; 8] = ["second", "minute", "hour", "day", "week", "fortnight", "month", "year"];
    let (kind, value) =
        head.split_once(' ').ok_or("a kind and a value are needed, as in weekday 1: lunes")?;
    let number: Option<i64> = value.parse().ok();
    let fits = match kind {
        "weekday" => number.is_some_and(|day| (1..=7).contains(&day)),
        "month" => number.is_some_and(|month| (1..=12).contains(&month)),
        "number" => number.is_some_and(|number| number >= 0),
        "ordinal" => number.is_some_and(|number| number != 0),
        "unit" => UNITS.contains(&value),
        _ => return Err(format!("`{kind}` is no kind; it is weekday, month, unit, number or ordinal")),
    };
    if !fits {
        return Err(format!(
            "`{value}` is no {kind}; weekdays are 1 to 7 from Monday, months 1 to 12, units {UNITS:?}"
        ));
    }
    words.split_whitespace().try_for_each(one_word)
}

fn verb(line: &str) -> Result<(), String> {
    const FORMS: [&str; 13] = ["P1", "P2", "P3", "N1", "N3", "S1", "S3", "SN", "X", "F1", "F3", "C", "G"];
    let mut parts = line.split_whitespace();
    let infinitive = parts.next().unwrap_or_default();
    one_word(infinitive)?;
    if !["ar", "er", "ir"].iter().any(|ending| infinitive.ends_with(ending)) {
        return Err(format!("`{infinitive}` is no infinitive: it ends in ar, er or ir"));
    }
    match parts.next() {
        None | Some("ue" | "ie" | "i") => match parts.next() {
            None => Ok(()),
            Some(more) => {
                Err(format!("`{more}` is too much; a regular verb is its infinitive and ue, ie or i"))
            }
        },
        Some("irregular") => parts.try_for_each(|part| match part.split_once('=') {
            Some((form, words)) if FORMS.contains(&form) => words.split(',').try_for_each(one_word),
            _ => Err(format!("`{part}` is no form; write {}=word,word", FORMS.join("=, "))),
        }),
        Some(other) => Err(format!("`{other}` is no change of stem; it is ue, ie, i or irregular")),
    }
}

fn rule(line: &str, in_section: &mut bool) -> Result<(), String> {
    if let Some(section) = line.strip_prefix('[') {
        *in_section = true;
        let name = section.strip_suffix(']').ok_or("`]` is missing at the end of the section's name")?;
        return if name.is_empty() { Err("the section has no name".to_owned()) } else { Ok(()) };
    }
    if !*in_section {
        return Err("a rule stands before the first [section]".to_owned());
    }
    let (weight, body) = line.split_once(' ').unwrap_or((line, ""));
    if !matches!(weight, "1" | "2" | "3" | "4") {
        return Err(format!(
            "`{weight}` is no weight; a rule begins with 4 (whatever else is said), 3 (sure), 2 (likely) or 1 (a hint)"
        ));
    }
    let parts: Vec<&str> = body.split_whitespace().collect();
    if parts
        .iter()
        .all(|part| matches!(*part, "<" | ">" | ".." | "...") || part.ends_with('?') || part.starts_with('-'))
    {
        return Err("no word of the rule must stand; at least one may not be optional".to_owned());
    }
    for (at, part) in parts.iter().enumerate() {
        match *part {
            "<" if at > 0 => return Err("`<` stands only at the beginning".to_owned()),
            ">" if at + 1 < parts.len() => return Err("`>` stands only at the end".to_owned()),
            "<" | ">" | ".." | "..." | "#" => {}
            range if range.starts_with('#') => {
                let ends = range[1..]
                    .split_once("..")
                    .and_then(|(least, most)| Some((least.parse::<u64>().ok()?, most.parse::<u64>().ok()?)));
                if ends.is_none_or(|(least, most)| least > most) {
                    return Err(format!("`{range}` is no range of numbers; write #18..26"));
                }
            }
            words => {
                let words = words.strip_prefix('-').unwrap_or(words);
                let words = if words.len() > 1 { words.trim_end_matches('?') } else { words };
                words.split('|').try_for_each(|word| one(word, SETS))?;
            }
        }
    }
    Ok(())
}

/// A word, a set, a verb or a mark in a rule.
fn one(word: &str, sets_text: &str) -> Result<(), String> {
    if word.is_empty() {
        return Err("a word is missing beside `|`".to_owned());
    }
    let rest = word.get(1..).unwrap_or_default();
    match word.chars().next() {
        Some('@') => {
            let known = sets().iter().any(|(name, _)| *name == word)
                || sets_text
                    .lines()
                    .any(|line| line.split('=').next().is_some_and(|name| name.trim() == word));
            if known {
                Ok(())
            } else {
                Err(format!("`{word}` is no set of sets.txt; add it there or mend its name"))
            }
        }
        Some('~' | '^' | '&' | '%') if lexicon().verb(rest).is_none() => {
            Err(format!("`{rest}` is no verb of verbs.txt; add a line with it there"))
        }
        Some('$') if !matches!(rest, "specialty" | "doctor" | "when" | "number") => {
            Err(format!("`{word}` is no mark; it is $specialty, $doctor, $when or $number"))
        }
        Some('~' | '^' | '&' | '%' | '$' | ':') => Ok(()),
        Some('#') if rest.is_empty() => Ok(()),
        _ if word
            .chars()
            .all(|letter| letter.is_alphanumeric() && !letter.is_uppercase() || letter == '_') =>
        {
            Ok(())
        }
        _ => Err(format!("`{word}` is not written in small letters without signs")),
    }
}

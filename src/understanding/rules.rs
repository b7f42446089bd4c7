//! The small language that the word files are written in, and the matcher that finds their rules in a message.
//!
//! A rule is a weight and a row of elements; each element is a set of words. Every word of the lexicon knows the
//! elements that it satisfies, and every element the rules that begin with it, so a message touches only rules that
//! could stand in it: the cost does not grow with the number of rules.

use super::lexicon::{Lexicon, WordId, lines};
use super::normal::{Kind, Read};
use super::verb;

const SETS: &str = include_str!("words/sets.txt");
const FILES: [(&str, &str); 5] = [
    ("intent", include_str!("words/intents.txt")),
    ("assent", include_str!("words/assent.txt")),
    ("signal", include_str!("words/signals.txt")),
    ("command", include_str!("words/commands.txt")),
    ("safety", include_str!("words/safety.txt")),
];
/// Words that a gap `..` and a gap `...` may skip.
const GAPS: [(&str, u8); 2] = [("..", 3), ("...", 8)];

/// What was read at a token before the rules are looked for.
pub(super) mod mark {
    /// Part of a prestación's name.
    pub const SPECIALTY: u8 = 1;
    /// A professional's surname.
    pub const DOCTOR: u8 = 2;
    /// Part of a day or an hour.
    pub const WHEN: u8 = 4;
    /// A number.
    pub const NUMBER: u8 = 8;
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Element(u16),
    Mark(u8),
    /// A number from one to another.
    Between(u64, u64),
    /// The next word is none of these; nothing is read.
    Not(u16),
    Gap(u8),
    Start,
    End,
}

/// A rule of a file.
struct Rule {
    steps: Vec<(Step, bool)>,
    group: u8,
    weight: u8,
    /// It has a negation of its own.
    denies: bool,
    /// The line of the file.
    line: &'static str,
}

/// All rules.
#[derive(Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// `file.section`, by group number.
    groups: Vec<String>,
    /// Rules that may begin with an element.
    begins: Vec<Vec<u16>>,
    /// Rules that may begin with a mark.
    begins_marked: Vec<(u8, u16)>,
}

/// A rule found in a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    pub group: u8,
    pub weight: u8,
    /// It has a negation of its own.
    pub denies: bool,
    /// Words that an element stands on, of the first 64.
    pub words: u64,
    /// First token and token after the last.
    pub span: (usize, usize),
    /// The rule as its file has it.
    pub line: &'static str,
}

/// The words of a message as the rules see them: no signs, but where a clause ends is known.
pub(super) struct Words {
    /// Token of each word.
    pub tokens: Vec<usize>,
    /// What stands before each word: 0 nothing, 1 a comma, 2 the end of a sentence.
    pub breaks: Vec<u8>,
    /// What was read at each word.
    pub marks: Vec<u8>,
}

impl Words {
    pub fn of(read: &Read<'_>) -> Self {
        let mut words = Self { tokens: Vec::new(), breaks: Vec::new(), marks: Vec::new() };
        let mut pending = 0_u8;
        for (at, token) in read.tokens.iter().enumerate() {
            match token.kind {
                Kind::Sign(sign) => {
                    let strength = match sign {
                        '.' | '?' | '!' | '\n' | ';' | '¿' | '¡' => 2,
                        ',' | ':' | '(' | ')' | '"' => 1,
                        _ => 0,
                    };
                    pending = pending.max(strength);
                }
                Kind::Word | Kind::Number(_) | Kind::Ordinal(_) | Kind::Emoji => {
                    words.tokens.push(at);
                    words.breaks.push(pending);
                    words.marks.push(match token.kind {
                        Kind::Number(_) => mark::NUMBER,
                        _ if token.entry.number.is_some() => mark::NUMBER,
                        _ => 0,
                    });
                    pending = 0;
                }
            }
        }
        words
    }

    /// Marks the words of these tokens.
    pub fn mark(&mut self, tokens: std::ops::Range<usize>, what: u8) {
        for (at, token) in self.tokens.iter().enumerate() {
            if tokens.contains(token) {
                self.marks[at] |= what;
            }
        }
    }

    /// The word that a token is.
    pub fn position(&self, token: usize) -> usize {
        self.tokens.partition_point(|known| *known < token)
    }
}

impl Rules {
    /// Reads the files; every word in them becomes known.
    pub fn parse(lexicon: &mut Lexicon) -> Self {
        let mut rules = Self::default();
        let mut elements: Vec<String> = Vec::new();
        for (file, text) in FILES {
            let mut group = 0_u8;
            for line in lines(text) {
                if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    group = u8::try_from(rules.groups.len()).expect("fewer than 256 sections are listed");
                    rules.groups.push(format!("{file}.{section}"));
                    continue;
                }
                let (weight, body) = line.split_once(' ').unwrap_or((line, ""));
                let weight = weight.parse().unwrap_or(1);
                for parts in variants(
                    &body.split_whitespace().map(|part| lexicon.written_out_in(part)).collect::<Vec<_>>(),
                ) {
                    let mut steps = Vec::new();
                    let mut denies = false;
                    for part in &parts {
                        let part = part.as_str();
                        let (body, optional) = if part.len() > 1 && part.ends_with('?') {
                            (&part[..part.len() - 1], true)
                        } else {
                            (part, false)
                        };
                        if let Some((_, most)) = GAPS.iter().find(|(gap, _)| *gap == body) {
                            steps.push((Step::Gap(*most), false));
                            continue;
                        }
                        denies |= !optional
                            && body.split('|').any(|word| {
                                matches!(word, "no" | "nunca" | "jamas" | "tampoco" | "sin" | "ni" | ":no:")
                            });
                        let step = match body {
                            "<" => Step::Start,
                            ">" => Step::End,
                            "#" => Step::Mark(mark::NUMBER),
                            _ if body.split('|').all(|one| one.starts_with('$')) => {
                                Step::Mark(body.split('|').fold(0, |marks, one| marks | mark_named(one)))
                            }
                            _ if between(body).is_some() => {
                                let (least, most) = between(body).expect("it was just read");
                                Step::Between(least, most)
                            }
                            _ => {
                                let (wanted, is_not) =
                                    body.strip_prefix('-').map_or((body, false), |rest| (rest, true));
                                let known = elements.iter().position(|element| element == wanted);
                                let id = known.unwrap_or_else(|| {
                                    elements.push(wanted.to_owned());
                                    elements.len() - 1
                                });
                                let id = u16::try_from(id).expect("fewer than 65,536 elements are listed");
                                if is_not { Step::Not(id) } else { Step::Element(id) }
                            }
                        };
                        steps.push((step, optional));
                    }
                    rules.rules.push(Rule { steps, group, weight, denies, line });
                }
            }
        }
        let sets = sets();
        for (id, element) in elements.iter().enumerate() {
            let id = u16::try_from(id).expect("fewer than 65,536 elements are listed");
            for word in expand(element, &sets, lexicon) {
                let entry = lexicon.entry_mut(word);
                if entry.elements.last() != Some(&id) {
                    entry.elements.push(id);
                }
            }
        }
        rules.index(elements.len());
        rules
    }

    fn index(&mut self, elements: usize) {
        self.begins = vec![Vec::new(); elements];
        for (number, rule) in self.rules.iter().enumerate() {
            let number = u16::try_from(number).expect("fewer than 65,536 rules are listed");
            // the first element that must stand, and the ones before it that may
            for (step, optional) in &rule.steps {
                match step {
                    Step::Element(element) => self.begins[usize::from(*element)].push(number),
                    Step::Mark(mark) => self.begins_marked.push((*mark, number)),
                    Step::Between(..) => self.begins_marked.push((mark::NUMBER, number)),
                    Step::Start | Step::End | Step::Gap(_) | Step::Not(_) => continue,
                }
                if !optional {
                    break;
                }
            }
        }
    }

    /// The number of a section, by its file and name.
    pub fn group(&self, name: &str) -> u8 {
        let at = self.groups.iter().position(|group| group == name);
        at.and_then(|at| u8::try_from(at).ok()).expect("the section is in its file")
    }

    /// The sections' names, by their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }

    /// Every rule that stands in a message, the longest match of each at each place.
    pub fn find(&self, read: &Read<'_>, words: &Words) -> Vec<Match> {
        let mut found = Vec::new();
        for at in 0..words.tokens.len() {
            let entry = read.tokens[words.tokens[at]].entry;
            for element in &entry.elements {
                for number in &self.begins[usize::from(*element)] {
                    self.try_rule(*number, at, read, words, &mut found);
                }
            }
            if words.marks[at] != 0 {
                for (mark, number) in &self.begins_marked {
                    if words.marks[at] & mark != 0 {
                        self.try_rule(*number, at, read, words, &mut found);
                    }
                }
            }
        }
        found
    }

    fn try_rule(&self, number: u16, at: usize, read: &Read<'_>, words: &Words, found: &mut Vec<Match>) {
        let rule = &self.rules[usize::from(number)];
        let mut steps = &rule.steps[..];
        if let [(Step::Start, _), rest @ ..] = steps {
            if !begins(read, words, at) {
                return;
            }
            steps = rest;
        }
        let mut stood = 0_u64;
        if let Some(end) = walk(steps, at, at, read, words, &mut stood) {
            let (Some(first), Some(last)) = (words.tokens.get(at), words.tokens.get(end.max(at + 1) - 1))
            else {
                return;
            };
            found.push(Match {
                group: rule.group,
                weight: rule.weight,
                denies: rule.denies,
                words: stood,
                span: (*first, last + 1),
                line: rule.line,
            });
        }
    }
}

/// Words before which a message may still be said to begin.
fn begins(read: &Read<'_>, words: &Words, at: usize) -> bool {
    (0..at).all(|before| {
        matches!(
            read.word(words.tokens[before]),
            "hola"
                | "buenas"
                | "buenos"
                | "buen"
                | "dias"
                | "dia"
                | "tardes"
                | "tarde"
                | "noches"
                | "oiga"
                | "oye"
                | "disculpe"
                | "disculpa"
                | "perdon"
                | "y"
                | "pero"
                | "señorita"
                | "señor"
                | "señora"
                | "doctor"
                | "doctora"
                | "por"
                | "favor"
                | "bueno"
                | "ya"
                | "ok"
                | "mmm"
                | "eh"
                | "ah"
                | "alo"
                | "gracias"
                | "pues"
                | "po"
                | "estimados"
                | "estimado"
                | "estimada"
                | "muy"
                | "amigo"
                | "amiga"
                | "mira"
                | "mire"
        )
    })
}

/// Whether the words from here on are only courtesy.
fn ends(read: &Read<'_>, words: &Words, at: usize) -> bool {
    (at..words.tokens.len()).all(|after| {
        matches!(
            read.word(words.tokens[after]),
            "por"
                | "favor"
                | "gracias"
                | "po"
                | "pues"
                | "muchas"
                | "señorita"
                | "doctor"
                | "doctora"
                | "señora"
                | "señor"
                | "jaja"
                | "jajaja"
                | "hola"
                | "ya"
                | "entonces"
                | "nomas"
                | "saludos"
                | "porfa"
                | "oiga"
        ) || read.tokens[words.tokens[after]].kind == Kind::Emoji
    })
}

fn walk(
    steps: &[(Step, bool)],
    from: usize,
    at: usize,
    read: &Read<'_>,
    words: &Words,
    stood: &mut u64,
) -> Option<usize> {
    let [(step, optional), rest @ ..] = steps else { return Some(at) };
    let is_here = match step {
        Step::Element(element) => {
            at < words.tokens.len()
                && (at == from || words.breaks[at] == 0)
                && read.tokens[words.tokens[at]].entry.elements.binary_search(element).is_ok()
        }
        Step::Mark(mark) => {
            at < words.tokens.len() && (at == from || words.breaks[at] == 0) && words.marks[at] & mark != 0
        }
        Step::Between(least, most) => {
            at < words.tokens.len()
                && (at == from || words.breaks[at] == 0)
                && number_at(read, words, at).is_some_and(|number| (*least..=*most).contains(&number))
        }
        Step::Not(element) => {
            let stands = at < words.tokens.len()
                && words.breaks[at] == 0
                && read.tokens[words.tokens[at]].entry.elements.binary_search(element).is_ok();
            return if stands { None } else { walk(rest, from, at, read, words, stood) };
        }
        Step::Start => return None,
        Step::End => return (ends(read, words, at) && rest.is_empty()).then_some(at),
        Step::Gap(most) => {
            for skipped in 0..=usize::from(*most) {
                let next = at + skipped;
                if next > words.tokens.len() || (next < words.tokens.len() && words.breaks[next] == 2) {
                    return None;
                }
                // an element after a gap may follow a comma
                if let Some(end) = walk(rest, next, next, read, words, stood) {
                    return Some(end);
                }
            }
            return None;
        }
    };
    if is_here {
        let before = *stood;
        if at < 64 {
            *stood |= 1 << at;
        }
        if let Some(end) = walk(rest, from, at + 1, read, words, stood) {
            return Some(end);
        }
        *stood = before;
    }
    if *optional { walk(rest, from, at, read, words, stood) } else { None }
}

/// The number that a word is, in figures or letters.
fn number_at(read: &Read<'_>, words: &Words, at: usize) -> Option<u64> {
    let token = &read.tokens[words.tokens[at]];
    match token.kind {
        Kind::Number(value) => Some(value),
        _ => token.entry.number.map(u64::from),
    }
}

/// `#18..26`: the least and the most.
fn between(element: &str) -> Option<(u64, u64)> {
    let (least, most) = element.strip_prefix('#')?.split_once("..")?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

/// `a|b_c` is two rules: one of the single words, one for each phrase.
fn variants(parts: &[String]) -> Vec<Vec<String>> {
    let Some(at) = parts.iter().position(|part| part.contains('_')) else { return vec![parts.to_vec()] };
    let optional = parts[at].ends_with('?');
    let (phrases, words): (Vec<&str>, Vec<&str>) =
        parts[at].trim_end_matches('?').split('|').partition(|one| one.contains('_'));
    let with = |middle: Vec<String>| {
        let all: Vec<String> =
            parts[..at].iter().cloned().chain(middle).chain(parts[at + 1..].iter().cloned()).collect();
        variants(&all)
    };
    let mut all: Vec<Vec<String>> =
        phrases.iter().flat_map(|phrase| with(phrase.split('_').map(str::to_owned).collect())).collect();
    if !words.is_empty() {
        all.extend(with(vec![format!("{}{}", words.join("|"), if optional { "?" } else { "" })]));
    } else if optional {
        all.extend(with(Vec::new()));
    }
    all
}

fn mark_named(name: &str) -> u8 {
    match name {
        "$specialty" => mark::SPECIALTY,
        "$doctor" => mark::DOCTOR,
        "$when" => mark::WHEN,
        _ => mark::NUMBER,
    }
}

fn sets() -> Vec<(&'static str, &'static str)> {
    lines(SETS)
        .filter_map(|line| line.split_once('='))
        .map(|(name, words)| (name.trim(), words.trim()))
        .collect()
}

/// The words of an element.
fn expand(element: &str, sets: &[(&'static str, &'static str)], lexicon: &mut Lexicon) -> Vec<WordId> {
    let mut words = Vec::new();
    for one in element.split('|').filter(|one| !one.is_empty()) {
        let (head, rest) = one.split_at(one.chars().next().map_or(0, char::len_utf8));
        let forms = match head {
            "~" => verb::ASKS,
            "^" => verb::DONE,
            "&" => verb::PARTICIPLE,
            "%" => !0,
            "@" => {
                if let Some((_, list)) = sets.iter().find(|(name, _)| *name == one) {
                    for member in list.split_whitespace() {
                        words.extend(expand(member, sets, lexicon));
                    }
                }
                continue;
            }
            _ => {
                let plain: String = one
                    .chars()
                    .map(|c| match c {
                        'á' => 'a',
                        'é' => 'e',
                        'í' => 'i',
                        'ó' => 'o',
                        'ú' => 'u',
                        other => other,
                    })
                    .collect();
                // "olvidé" is the past only
                if one.ends_with(['é', 'ó'])
                    && let Some(id) = lexicon.accented(&plain)
                {
                    words.push(id);
                    continue;
                }
                let id = lexicon.id_or_new(&plain);
                let entry = lexicon.entry_mut(id);
                entry.target |= plain.len() > 5 && entry.w == super::glue::W::Other && entry.number.is_none();
                words.push(id);
                continue;
            }
        };
        match lexicon.verb(rest) {
            Some(verb) => words.extend(
                lexicon
                    .all()
                    .filter(|(_, entry)| {
                        entry.verbs.iter().any(|(known, which)| *known == verb && which & forms != 0)
                    })
                    .map(|(id, _)| id),
            ),
            None => words.push(lexicon.id_or_new(rest)),
        }
    }
    words
}

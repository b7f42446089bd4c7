//! Finding the rules that stand in a message: the longest match of each at each place.

use super::{Match, Rules, Step, Words};
use crate::understanding::normal::{Kind, Read};

impl Rules {
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

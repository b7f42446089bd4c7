//! The small language that the word files are written in, and the matcher that finds their rules in a message.
//!
//! A rule is a weight and a row of elements; each element is a set of words. Every word of the lexicon knows the
//! elements that it satisfies, and every element the rules that begin with it, so a message touches only rules that
//! could stand in it: the cost does not grow with the number of rules.

mod find;
mod parse;

use crate::understanding::normal::{Kind, Read};

pub(super) use parse::{SETS, sets};

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
    /// The number of a section, by its file and name.
    pub fn group(&self, name: &str) -> u8 {
        let at = self.groups.iter().position(|group| group == name);
        at.and_then(|at| u8::try_from(at).ok()).expect("the section is in its file")
    }

    /// The sections' names, by their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(String::as_str)
    }
}

//! Reading the word files: every line becomes rules, every set of words an element, every word an entry.

use super::{Rule, Rules, Step, mark};
use crate::understanding::lexicon::{Lexicon, WordId, lines};
use crate::understanding::verb;

pub(in crate::understanding) const SETS: &str = include_str!("../words/sets.txt");

pub(in crate::understanding) const FILES: [(&str, &str); 5] = [
    ("intent", include_str!("../words/intents.txt")),
    ("assent", include_str!("../words/assent.txt")),
    ("signal", include_str!("../words/signals.txt")),
    ("command", include_str!("../words/commands.txt")),
    ("safety", include_str!("../words/safety.txt")),
];

/// Words that a gap `..` and a gap `...` may skip.
const GAPS: [(&str, u8); 2] = [("..", 3), ("...", 8)];

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
}

/// `#18..26`: the least and the most.
fn between(element: &str) -> Option<(u64, u64)> {
    let (least, most) = element.strip_prefix('#')?.split_once("..")?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

/// `a|b_c|#` is three rules: one of the single words, one for each phrase, one for a number.
fn variants(parts: &[String]) -> Vec<Vec<String>> {
    let is_apart = |one: &str| one.contains('_') || one == "#";
    let several = |part: &str| part.contains('|') && part.trim_end_matches('?').split('|').any(is_apart);
    let apart = parts.iter().position(|part| part.contains('_') || several(part));
    let Some(at) = apart else { return vec![parts.to_vec()] };
    let optional = parts[at].ends_with('?');
    let (phrases, words): (Vec<&str>, Vec<&str>) =
        parts[at].trim_end_matches('?').split('|').partition(|one| is_apart(one));
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

pub(in crate::understanding) fn sets() -> Vec<(&'static str, &'static str)> {
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
                entry.target |= plain.len() > 5
                    && entry.w == crate::understanding::glue::W::Other
                    && entry.number.is_none();
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

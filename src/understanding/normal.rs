//! Normal form: what is left of a text when spelling no longer matters, with offsets back to the original.
//!
//! NFKC (full-width digits), no invisible characters, lower case, accents off but ñ kept as a letter of its own,
//! elongations collapsed, WhatsApp's abbreviations written out. Emoji that mean something become words.

use unicode_normalization::UnicodeNormalization;

use super::lexicon;

/// Characters of a message that are read; nobody books an hour in the rest.
const READ: usize = 2_000;

/// A word, a number or a sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// In normal form.
    pub word: String,
    /// First byte in the original text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// A text that has been read.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    /// Words, numbers and signs, in order.
    pub tokens: Vec<Token>,
    /// The words joined by spaces, without signs, with a space at each end: for looking for phrases.
    pub line: String,
}

impl Read {
    /// Whether these words stand in it, as whole words one after another.
    pub fn has(&self, phrase: &str) -> bool {
        self.line.contains(&format!(" {phrase} "))
    }

    /// Whether one of these phrases stands in it.
    pub fn has_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    /// The words without signs.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(|token| token.word.as_str()).filter(|word| is_word(word))
    }

    /// How many words there are.
    pub fn count(&self) -> usize {
        self.words().count()
    }

    /// Everything.
    pub fn all(&self) -> std::ops::Range<usize> {
        self.tokens.first().map_or(0, |token| token.start)..self.tokens.last().map_or(0, |token| token.end)
    }
}

fn is_word(word: &str) -> bool {
    word.starts_with(char::is_alphanumeric)
}

/// The words of a text in normal form, joined by single spaces: for comparing what was typed with a label.
pub fn normal(text: &str) -> String {
    read(text).line.trim().to_owned()
}

/// Reads a text.
pub(super) fn read(text: &str) -> Read {
    let mut tokens: Vec<Token> = Vec::new();
    let mut word = String::new();
    let (mut start, mut end) = (0, 0);
    for (at, original) in text.char_indices().take(READ) {
        let after = at + original.len_utf8();
        for c in std::iter::once(original).nfkc() {
            if is_invisible(c) {
                continue;
            }
            let letters: String = if c == 'ñ' || c == 'Ñ' {
                "ñ".to_owned()
            } else {
                c.to_lowercase().nfd().filter(|part| !is_mark(*part)).collect()
            };
            for letter in letters.chars() {
                if letter.is_alphanumeric() {
                    if word.is_empty() {
                        start = at;
                    }
                    // the combining tilde of a decomposed ñ
                    word.push(letter);
                    end = after;
                } else {
                    close(&mut word, start, end, &mut tokens);
                    if let Some(meaning) = lexicon::emoji(letter) {
                        tokens.push(Token { word: meaning.to_owned(), start: at, end: after });
                    } else if !letter.is_whitespace() {
                        tokens.push(Token { word: letter.to_string(), start: at, end: after });
                    }
                }
            }
        }
        if original == '\u{303}' && word.ends_with('n') {
            word.pop();
            word.push('ñ');
        }
    }
    close(&mut word, start, end, &mut tokens);
    let mut line = String::from(" ");
    for token in tokens.iter().filter(|token| is_word(&token.word)) {
        line.push_str(&token.word);
        line.push(' ');
    }
    Read { tokens, line }
}

/// Ends a word: letters and digits part, elongations shrink, abbreviations are written out.
fn close(word: &mut String, start: usize, end: usize, tokens: &mut Vec<Token>) {
    if word.is_empty() {
        return;
    }
    let raw = std::mem::take(word);
    for part in split_digits(&raw) {
        let short = collapse(part);
        match lexicon::written_out(&short) {
            Some(words) => {
                for one in words.split(' ') {
                    tokens.push(Token { word: one.to_owned(), start, end });
                }
            }
            None => tokens.push(Token { word: short, start, end }),
        }
    }
}

/// `10hrs` is two words, `9na` an ordinal and `12678k` a RUT: those stay together.
fn split_digits(raw: &str) -> Vec<&str> {
    let digits = raw.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &raw[digits..];
    if digits == 0
        || rest.is_empty()
        || matches!(rest, "k" | "a" | "o" | "er" | "ra" | "ro" | "da" | "do" | "na" | "ta" | "to" | "va")
    {
        return vec![raw];
    }
    vec![&raw[..digits], rest]
}

/// Three or more of one letter are one: `siiii` -> `si`; `noo` stays for the lexicon. Digits are left alone.
fn collapse(word: &str) -> String {
    let characters: Vec<char> = word.chars().collect();
    let mut short = String::with_capacity(word.len());
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        let run = characters[at..].iter().take_while(|other| **other == c).count();
        let kept = if c.is_alphabetic() && run >= 3 { 1 } else { run };
        short.extend(std::iter::repeat_n(c, kept));
        at += run;
    }
    short
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{ad}')
        || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_no_longer_matters_in_normal_form() {
        for (text, form) in [
            ("MAÑANA", "mañana"),
            ("Médico", "medico"),
            ("siiiii", "si"),
            ("q hora tiene pa mñn", "que hora tiene para mañana"),
            ("１０:30", "10 30"),
            ("a\u{200b}l  tiro", "al tiro"),
            ("man\u{303}ana", "mañana"),
        ] {
            assert_eq!(normal(text), form, "{text}");
        }
    }

    #[test]
    fn offsets_lead_back_to_the_original() {
        let text = "Sí, el Miércoles";
        let read = read(text);
        let last = read.tokens.last().unwrap();
        assert_eq!(&text[last.start..last.end], "Miércoles");
    }
}

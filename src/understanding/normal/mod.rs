//! Normal form: what is left of a text when spelling no longer matters, with offsets back to the original.
//!
//! NFKC (full-width digits), no invisible characters, lower case, accents off but ñ kept as a letter of its own,
//! elongations collapsed, WhatsApp's abbreviations written out, misspelt words of the lexicon put right. Emoji that
//! mean something become words. An accent is remembered: it tells "sí" from "si" and "canceló" from "cancelo".

mod reader;

use std::ops::Range;

use crate::understanding::glue::W;
use crate::understanding::lexicon::{Entry, WordId, lexicon};

use self::reader::Reader;

/// Characters of a message that are read; nobody books an hour in the rest.
const READ: usize = 2_000;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters.
    Word,
    /// Figures.
    Number(u64),
    /// `3ra`
    Ordinal(u32),
    /// An emoji that says something.
    Emoji,
    /// Anything else that can be seen.
    Sign(char),
}

/// A word, a number or a sign.
#[derive(Clone, Copy)]
pub(super) struct Token {
    pub kind: Kind,
    /// Its number in the lexicon, 0 when it is not known.
    pub word: WordId,
    /// Everything the lexicon knows of it.
    pub entry: &'static Entry,
    /// First byte in the original text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// Where its normal form stands in the buffer.
    at: (u32, u32),
    /// Nothing stands between it and the token before.
    pub glued: bool,
    /// One of its vowels had an accent.
    pub accented: bool,
    /// Its last letters had it: `canceló`.
    pub accented_end: bool,
}

/// A text that has been read.
pub(super) struct Read<'a> {
    /// The original, as far as it is read.
    pub text: &'a str,
    /// Words, numbers and signs, in order.
    pub tokens: Vec<Token>,
    buffer: String,
}

/// The words of a text in normal form, joined by single spaces: for comparing what was typed with a label.
pub fn normal(text: &str) -> String {
    line_of(&read(text))
}

/// The same of a text that has been read.
pub(super) fn line_of(read: &Read<'_>) -> String {
    let mut line = String::with_capacity(read.text.len());
    for at in 0..read.tokens.len() {
        let shown = match read.tokens[at].kind {
            Kind::Word => read.word(at),
            Kind::Number(_) | Kind::Ordinal(_) => read.typed(at),
            Kind::Emoji | Kind::Sign(_) => continue,
        };
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(shown);
    }
    line
}

/// Whether two texts say the same words, spelling apart.
pub fn same_words(one: &str, other: &str) -> bool {
    normal(one) == normal(other)
}

/// The letters and figures of a text in normal form, without reading it: for comparing names quickly.
pub(super) fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase).filter_map(|c| match c {
        'a'..='z' | '0'..='9' | 'ñ' => Some(c),
        'á' | 'à' | 'ä' => Some('a'),
        'é' | 'è' | 'ë' => Some('e'),
        'í' | 'ì' | 'ï' => Some('i'),
        'ó' | 'ò' | 'ö' => Some('o'),
        'ú' | 'ù' | 'ü' => Some('u'),
        other => other.is_alphanumeric().then_some(other),
    })
}

impl Read<'_> {
    /// A token's word in normal form; of a number, its figures.
    pub fn word(&self, at: usize) -> &str {
        match self.tokens.get(at) {
            Some(token) if token.word != 0 => &token.entry.text,
            Some(_) => self.typed(at),
            None => "",
        }
    }

    /// The same before any correction.
    pub fn typed(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.buffer[token.at.0 as usize..token.at.1 as usize])
    }

    /// Whether a word looks like a name: no word of the lexicon, or written with a capital among small letters.
    pub fn is_name(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at).filter(|token| token.kind == Kind::Word) else { return false };
        let known = lexicon().exact(self.typed(at)).is_some_and(|id| lexicon().get(id).text == self.word(at));
        let mut letters = self.text[token.start..token.end].chars();
        let capital =
            letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase);
        !known || capital && token.start > 0
    }

    /// The small word that a token is.
    pub fn w(&self, at: usize) -> W {
        self.tokens.get(at).map_or(W::Other, |token| token.entry.w)
    }

    /// Whether a token is this sign.
    pub fn is_sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Sign(sign))
    }

    /// Figures at a token.
    pub fn figure(&self, at: usize) -> Option<u64> {
        match self.tokens.get(at)?.kind {
            Kind::Number(value) => Some(value),
            Kind::Word | Kind::Ordinal(_) | Kind::Emoji | Kind::Sign(_) => None,
        }
    }

    /// How many words and numbers there are.
    pub fn count(&self) -> usize {
        self.tokens.iter().filter(|token| !matches!(token.kind, Kind::Sign(_))).count()
    }

    /// The bytes of the original that some tokens stand on.
    pub fn span(&self, tokens: Range<usize>) -> Range<usize> {
        let start = self.tokens.get(tokens.start).map_or(0, |token| token.start);
        let end = tokens.end.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |t| t.end);
        start..end.max(start)
    }

    /// The first token after a greeting: "hola, buenas tardes. 1" answers with "1".
    pub fn after_greeting(&self) -> usize {
        let is_word = |at: usize| {
            matches!(self.word(at), "hola" | "buenas" | "buenos" | "buen" | "muy" | "alo")
                || matches!(self.word(at), "dias" | "dia" | "tardes" | "tarde" | "noches" | "noche")
                    && at > 0
                    && matches!(self.word(at - 1), "buenas" | "buenos" | "buen")
        };
        let sign = |at: usize| {
            matches!(self.tokens.get(at).map(|token| token.kind), Some(Kind::Sign(_) | Kind::Emoji))
        };
        let mut at = 0;
        while is_word(at) || at > 0 && sign(at) {
            at += 1;
        }
        if at < self.tokens.len() { at } else { 0 }
    }

    /// Everything.
    pub fn all(&self) -> Range<usize> {
        self.span(0..self.tokens.len())
    }
}

/// Reads a text.
pub(super) fn read(text: &str) -> Read<'_> {
    let mut reader = Reader {
        lexicon: lexicon(),
        tokens: Vec::with_capacity(text.len().min(READ) / 4 + 2),
        buffer: String::with_capacity(text.len().min(READ) + 16),
        open: None,
        last_end: usize::MAX,
    };
    let end = text.char_indices().nth(READ).map_or(text.len(), |(at, _)| at);
    let text = &text[..end];
    for (at, c) in text.char_indices() {
        reader.take(c, at);
    }
    reader.close();
    Read { text, tokens: reader.tokens, buffer: reader.buffer }
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
            ("nesesito una ora kon la matrona", "necesito una hora con la matrona"),
            ("el miercolez a las 10hrs", "el miercoles a las 10 horas"),
        ] {
            assert_eq!(normal(text), form, "{text}");
        }
    }

    #[test]
    fn offsets_lead_back_to_the_original() {
        let text = "Sí, el Miércoles";
        let read = read(text);
        assert_eq!(&text[read.span(read.tokens.len() - 1..read.tokens.len())], "Miércoles");
        assert!(read.tokens[0].accented && read.tokens[0].accented_end);
    }

    #[test]
    fn a_plain_word_is_never_taken_for_a_word_of_the_lexicon() {
        for word in ["manzana", "semana", "partes", "lunas", "viene", "hermana", "gastos", "junta", "cantar"]
        {
            assert_eq!(normal(word), word);
        }
    }
}

//! Normal form: what is left of a text when spelling no longer matters, with offsets back to the original.
//!
//! NFKC (full-width digits), no invisible characters, lower case, accents off but ñ kept as a letter of its own,
//! elongations collapsed, WhatsApp's abbreviations written out, misspelt words of the lexicon put right. Emoji that
//! mean something become words. An accent is remembered: it tells "sí" from "si" and "canceló" from "cancelo".

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::glue::W;
use super::lexicon::{Entry, Lexicon, WordId, emoji, lexicon};

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
    let read = read(text);
    let mut line = String::with_capacity(text.len());
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

/// A run of letters or figures that has begun.
struct Open {
    from: usize,
    start: usize,
    end: usize,
    figures: bool,
    /// Letters (or figures) so far, and at which the last accent stood.
    count: usize,
    accent: Option<usize>,
}

struct Reader {
    lexicon: &'static Lexicon,
    tokens: Vec<Token>,
    buffer: String,
    open: Option<Open>,
    last_end: usize,
}

impl Reader {
    fn take(&mut self, c: char, at: usize) {
        let after = at + c.len_utf8();
        match c {
            'a'..='z' => self.letter(c, at, after, false),
            'A'..='Z' => self.letter(c.to_ascii_lowercase(), at, after, false),
            '0'..='9' => self.digit(c, at, after),
            'á' | 'Á' => self.letter('a', at, after, true),
            'é' | 'É' => self.letter('e', at, after, true),
            'í' | 'Í' => self.letter('i', at, after, true),
            'ó' | 'Ó' => self.letter('o', at, after, true),
            'ú' | 'Ú' => self.letter('u', at, after, true),
            'ñ' | 'Ñ' => self.letter('ñ', at, after, false),
            ' ' => self.close(),
            '!'..='~' | '¿' | '¡' | '°' => self.sign(c, at, after),
            '\n' | '\r' => self.sign('\n', at, after),
            '\u{301}' | '\u{300}' => {
                if let Some(open) = &mut self.open {
                    open.accent = Some(open.count);
                    open.end = after;
                }
            }
            '\u{303}' if self.buffer.ends_with('n') && self.open.is_some() => {
                self.buffer.pop();
                self.buffer.push('ñ');
                if let Some(open) = &mut self.open {
                    open.end = after;
                }
            }
            other => self.rare(other, at, after),
        }
    }

    fn rare(&mut self, c: char, at: usize, after: usize) {
        if is_invisible(c) || is_mark(c) {
            return;
        }
        if let Some(meaning) = emoji(c) {
            self.close();
            let id = self.lexicon.exact(meaning).unwrap_or(0);
            self.push(Kind::Emoji, id, at, after, None);
            return;
        }
        let plain = match c {
            '‐'..='―' | '−' | '⁃' | '﹣' | '﹘' | '⸺' | '⸻' | '⸚' | '᠆' | '֊' | '־' => {
                Some('-')
            }
            '“' | '”' | '«' | '»' | '„' => Some('"'),
            '‘' | '’' | '`' | '´' => Some('\''),
            '…' => Some('.'),
            '·' | '•' => Some('·'),
            _ => None,
        };
        if let Some(sign) = plain {
            self.sign(sign, at, after);
            return;
        }
        for part in std::iter::once(c).nfkc().nfd() {
            match part {
                'a'..='z' => self.letter(part, at, after, false),
                'A'..='Z' => self.letter(part.to_ascii_lowercase(), at, after, false),
                '0'..='9' => self.digit(part, at, after),
                '!'..='~' => self.sign(part, at, after),
                // "bien˜": a small tilde is a space with a tilde, and the word before it has ended
                '\u{303}' if self.buffer.ends_with('n') && self.open.is_some() => {
                    self.buffer.pop();
                    self.buffer.push('ñ');
                }
                _ if is_mark(part) || is_invisible(part) => {}
                _ if part.is_whitespace() => self.close(),
                _ if part.is_alphabetic() => {
                    for lower in part.to_lowercase() {
                        self.letter(lower, at, after, false);
                    }
                }
                _ => self.sign(part, at, after),
            }
        }
    }

    fn letter(&mut self, letter: char, at: usize, after: usize, accent: bool) {
        if self.open.as_ref().is_some_and(|open| open.figures) {
            self.close();
        }
        self.grow(letter, at, after, false);
        if accent && let Some(open) = &mut self.open {
            open.accent = Some(open.count);
        }
    }

    fn digit(&mut self, digit: char, at: usize, after: usize) {
        if self.open.as_ref().is_some_and(|open| !open.figures) {
            self.close();
        }
        self.grow(digit, at, after, true);
    }

    fn grow(&mut self, c: char, at: usize, after: usize, figures: bool) {
        let from = self.buffer.len();
        let open =
            self.open.get_or_insert(Open { from, start: at, end: after, figures, count: 0, accent: None });
        open.count += 1;
        open.end = after;
        self.buffer.push(c);
    }

    fn sign(&mut self, sign: char, at: usize, after: usize) {
        self.close();
        self.push(Kind::Sign(sign), 0, at, after, None);
    }

    fn push(&mut self, kind: Kind, word: WordId, start: usize, end: usize, form: Option<(u32, u32)>) {
        let here = u32::try_from(self.buffer.len()).unwrap_or(u32::MAX);
        self.tokens.push(Token {
            kind,
            word,
            entry: self.lexicon.get(word),
            start,
            end,
            at: form.unwrap_or((here, here)),
            glued: self.last_end == start,
            accented: false,
            accented_end: false,
        });
        self.last_end = end;
    }

    /// Ends a run: figures get their value, a word its number.
    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.figures {
            let typed = &self.buffer[open.from..];
            let value = if typed.len() <= 18 { typed.parse().unwrap_or(u64::MAX) } else { u64::MAX };
            let form = form(open.from, self.buffer.len());
            self.push(Kind::Number(value), 0, open.start, open.end, Some(form));
            return;
        }
        if self.is_ordinal_ending(&open) {
            return;
        }
        collapse(&mut self.buffer, open.from, |word| {
            self.lexicon.exact(word).is_some() || self.lexicon.written_out(word).is_some()
        });
        let letters = form(open.from, self.buffer.len());
        let lexicon = self.lexicon;
        let typed = &self.buffer[open.from..];
        let word = match lexicon.written_out(typed) {
            Some(&[id]) => id,
            Some(words) => {
                for id in words {
                    self.push(Kind::Word, *id, open.start, open.end, Some(letters));
                }
                return;
            }
            None => lexicon
                .known(typed)
                .or_else(|| without_double(typed).and_then(|short| lexicon.exact(short)))
                .or_else(|| lexicon.nearest(typed))
                .unwrap_or(0),
        };
        self.push(Kind::Word, word, open.start, open.end, Some(letters));
        if let (Some(token), Some(accent)) = (self.tokens.last_mut(), open.accent) {
            token.accented = true;
            token.accented_end = accent == open.count;
            if token.accented_end
                && let Some(form) = lexicon.accented(&token.entry.text)
            {
                token.word = form;
                token.entry = lexicon.get(form);
            }
        }
    }

    /// `3ra`, `1er`, `5ª`: the letters only say that the number is an ordinal.
    fn is_ordinal_ending(&mut self, open: &Open) -> bool {
        const ENDINGS: [&str; 14] =
            ["a", "o", "er", "ra", "ro", "ero", "era", "da", "do", "ta", "to", "ma", "mo", "na"];
        let letters = &self.buffer[open.from..];
        let Some(last) = self.tokens.last_mut() else { return false };
        if open.start != last.end || !(ENDINGS.contains(&letters) || letters == "va" || letters == "vo") {
            return false;
        }
        let Kind::Number(value) = last.kind else { return false };
        let Ok(value) = u32::try_from(value) else { return false };
        // "2da", but "fuen5zali3da" is a name with noise in it
        if matches!(letters, "da" | "do") && value % 10 != 2 {
            return false;
        }
        last.kind = Kind::Ordinal(value);
        last.end = open.end;
        self.last_end = open.end;
        true
    }
}

/// `holaa` without its last letter.
fn without_double(word: &str) -> Option<&str> {
    let last = word.chars().next_back()?;
    let short = &word[..word.len() - last.len_utf8()];
    (word.len() > 2 && short.ends_with(last)).then_some(short)
}

fn form(from: usize, to: usize) -> (u32, u32) {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    (narrow(from), narrow(to))
}

/// Three or more of one letter are one, or two when that is a word: `siiii` -> `si`, `seeee` -> `see`.
fn collapse(buffer: &mut String, from: usize, is_known: impl Fn(&str) -> bool) {
    let word = &buffer[from..];
    let mut run = 0;
    let mut previous = '\0';
    let long = word.chars().any(|c| {
        run = if c == previous { run + 1 } else { 1 };
        previous = c;
        run >= 3
    });
    if !long {
        return;
    }
    let letters: Vec<char> = word.chars().collect();
    let shrunk = |most: usize| {
        let runs = letters.chunk_by(|one, other| one == other);
        runs.flat_map(|run| &run[..if run.len() >= 3 { most } else { run.len() }]).collect::<String>()
    };
    let double = shrunk(2);
    let short = if is_known(&double) { double } else { shrunk(1) };
    buffer.truncate(from);
    buffer.push_str(&short);
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{ad}' | '\u{1f3fb}'..='\u{1f3ff}')
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

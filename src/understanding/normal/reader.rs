//! Letter by letter: what is dropped, what is joined, where a word ends, and which word of the lexicon it is.

use unicode_normalization::UnicodeNormalization;

use super::{Kind, Token};
use crate::understanding::lexicon::{Lexicon, WordId};

/// A run of letters or figures that has begun.
pub(super) struct Open {
    from: usize,
    start: usize,
    end: usize,
    figures: bool,
    /// Letters (or figures) so far, and at which the last accent stood.
    count: usize,
    accent: Option<usize>,
}

pub(super) struct Reader {
    pub lexicon: &'static Lexicon,
    pub tokens: Vec<Token>,
    pub buffer: String,
    pub open: Option<Open>,
    pub last_end: usize,
}

impl Reader {
    pub fn take(&mut self, c: char, at: usize) {
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
    pub fn close(&mut self) {
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

/// What an emoji says, when it says something.
fn emoji(c: char) -> Option<&'static str> {
    match c {
        '👍' | '👌' | '🆗' | '🙌' | '🤝' => Some(":ok:"),
        '✅' | '✔' | '☑' => Some(":si:"),
        '👎' | '❌' | '🚫' | '✖' | '🙅' => Some(":no:"),
        '🙏' => Some("gracias"),
        '👋' => Some("hola"),
        _ => None,
    }
}

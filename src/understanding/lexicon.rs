//! The words that are known, each with every reading it can have, built once from the files beside this one.
//!
//! One line of a file is one word or idiom, so that "here they say X" is one line. A word gets a small number, and
//! everything a grammar asks of it (weekday, month, number, verb form, element of a rule) is looked up by that number.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use chrono::Weekday;

use super::feast::{Feast, feast};
use super::glue::{GLUE, W};
use super::rules::Rules;
use super::spelling::Spelling;
use super::verb;

/// `abbreviation = words`, a line each; `#` begins a comment.
const ABBREVIATIONS: &str = include_str!("words/abbreviations.txt");

const COMMON: &str = include_str!("words/frequent.txt");

const HOLIDAYS: &str = include_str!("words/holidays.txt");

/// `specialty: word, word, …`, a line each.
const SPECIALTIES: &str = include_str!("words/specialties.txt");

const TIME: &str = include_str!("words/time.txt");

const VERBS: &str = include_str!("words/verbs.txt");

/// A known word's number; 0 is no known word.
pub(super) type WordId = u16;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Fortnight,
    Month,
    Year,
}

/// Every reading of a word.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub text: String,
    pub w: W,
    pub weekday: Option<Weekday>,
    pub month: Option<u8>,
    pub number: Option<u32>,
    pub ordinal: Option<i32>,
    pub unit: Option<Unit>,
    /// A verb's number and which of its forms this is.
    pub verbs: Vec<(u8, verb::Forms)>,
    /// The elements of rules that it satisfies, in order.
    pub elements: Vec<u16>,
    /// Whether a misspelt word may be taken for it.
    pub target: bool,
}

impl Entry {
    /// Whether some grammar or rule reads it; the others are only right as they stand.
    pub fn means_something(&self) -> bool {
        self.w != W::Other
            || self.weekday.is_some()
            || self.month.is_some()
            || self.number.is_some()
            || self.ordinal.is_some()
            || self.unit.is_some()
            || !self.verbs.is_empty()
            || !self.elements.is_empty()
            || self.target
    }
}

/// A day with a name, the words in normal form.
pub(super) struct Named {
    pub words: Vec<WordId>,
    pub feast: Feast,
}

/// A prestación of the built-in list.
pub(super) struct BuiltIn {
    pub name: &'static str,
    pub words: Vec<Vec<WordId>>,
}

/// All of it.
pub(super) struct Lexicon {
    entries: Vec<Entry>,
    ids: HashMap<String, WordId, BuildHasherDefault<Fold>>,
    abbreviations: HashMap<&'static str, Vec<WordId>, BuildHasherDefault<Fold>>,
    verbs: Vec<String>,
    pub holidays: Vec<Named>,
    pub specialties: Vec<BuiltIn>,
    pub rules: Rules,
    spelling: Spelling,
}

/// The lexicon, built when first asked for.
pub(super) fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);
    &LEXICON
}

/// The lines of a file that are not empty and not a comment.
pub(super) fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

impl Lexicon {
    fn build() -> Self {
        let mut lexicon = Self {
            entries: vec![Entry::default()],
            ids: HashMap::default(),
            abbreviations: HashMap::default(),
            verbs: Vec::new(),
            holidays: Vec::new(),
            specialties: Vec::new(),
            rules: Rules::default(),
            spelling: Spelling::default(),
        };
        lexicon.time();
        for (text, w) in GLUE {
            let entry = lexicon.entry(text);
            entry.w = *w;
            entry.target |= text.len() > 6;
        }
        for line in lines(VERBS) {
            let lemma = u8::try_from(lexicon.verbs.len()).expect("fewer than 256 verbs are listed");
            let (infinitive, forms) = verb::conjugate(line);
            lexicon.verbs.push(infinitive);
            for (form, which) in forms {
                let entry = lexicon.entry(&form);
                let marked = form.ends_with('\'');
                entry.target = !marked;
                if marked {
                    form[..form.len() - 1].clone_into(&mut entry.text);
                }
                match entry.verbs.iter_mut().find(|(verb, _)| *verb == lemma) {
                    Some((_, known)) => *known |= which,
                    None => entry.verbs.push((lemma, which)),
                }
            }
        }
        for (short, long) in lines(ABBREVIATIONS).filter_map(|line| line.split_once('=')) {
            let words = long.split_whitespace().map(|word| lexicon.id_or_new(word)).collect();
            lexicon.abbreviations.insert(short.trim(), words);
        }
        lexicon.named();
        let rules = Rules::parse(&mut lexicon);
        lexicon.rules = rules;
        for word in lines(COMMON).flat_map(str::split_whitespace) {
            lexicon.entry(word);
        }
        lexicon.hang_pronouns();
        lexicon.spelling = Spelling::build(
            lexicon.entries.iter().enumerate().filter(|(_, entry)| entry.target).map(|(id, entry)| {
                (WordId::try_from(id).expect("fewer than 65,536 words are listed"), entry.text.as_str())
            }),
        );
        lexicon
    }

    /// A word of the rules that is a verb with pronouns is the verb too: "avísame" where the rules list it by itself.
    fn hang_pronouns(&mut self) {
        for at in 1..self.entries.len() {
            if !self.entries[at].verbs.is_empty() {
                continue;
            }
            let Some(base) = self.without_pronouns(&self.entries[at].text) else { continue };
            let base = &self.entries[usize::from(base)];
            let (verbs, more) = (base.verbs.clone(), base.elements.clone());
            let entry = &mut self.entries[at];
            entry.verbs = verbs;
            entry.elements.extend(more);
            entry.elements.sort_unstable();
            entry.elements.dedup();
        }
    }

    fn time(&mut self) {
        use Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        for line in lines(TIME) {
            let Some((head, words)) = line.split_once(':') else { continue };
            let Some((kind, value)) = head.split_once(' ') else { continue };
            let number: i32 = value.parse().unwrap_or_default();
            for word in words.split_whitespace() {
                let entry = self.entry(word);
                entry.target = word.len() > 4 && kind != "number";
                match kind {
                    "weekday" => {
                        let days = [Mon, Tue, Wed, Thu, Fri, Sat, Sun];
                        entry.weekday = usize::try_from(number - 1).ok().and_then(|at| days.get(at).copied());
                    }
                    "month" => entry.month = u8::try_from(number).ok(),
                    "number" => entry.number = u32::try_from(number).ok(),
                    "ordinal" => entry.ordinal = Some(number),
                    _ => {
                        entry.unit = Some(match value {
                            "second" => Unit::Second,
                            "minute" => Unit::Minute,
                            "hour" => Unit::Hour,
                            "day" => Unit::Day,
                            "week" => Unit::Week,
                            "fortnight" => Unit::Fortnight,
                            "month" => Unit::Month,
                            _ => Unit::Year,
                        });
                    }
                }
            }
        }
    }

    fn named(&mut self) {
        for (date, names) in lines(HOLIDAYS).filter_map(|line| line.split_once('=')) {
            let Some(feast) = feast(date.trim()) else { continue };
            for name in names.split(',') {
                let words = name.split_whitespace().map(|word| self.id_or_new(word)).collect();
                self.holidays.push(Named { words, feast });
            }
        }
        for (name, words) in lines(SPECIALTIES).filter_map(|line| line.split_once(':')) {
            let words = words.split(',').map(|phrase| {
                let ids: Vec<WordId> = phrase.split_whitespace().map(|word| self.id_or_new(word)).collect();
                for id in &ids {
                    let entry = &mut self.entries[usize::from(*id)];
                    entry.target |= entry.text.len() > 4 && entry.w == W::Other;
                }
                ids
            });
            let words = words.filter(|ids| !ids.is_empty()).collect();
            self.specialties.push(BuiltIn { name: name.trim(), words });
        }
    }

    /// The number of a word, made when it is new.
    pub fn id_or_new(&mut self, word: &str) -> WordId {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = WordId::try_from(self.entries.len()).expect("fewer than 65,536 words are listed");
        self.entries.push(Entry { text: word.to_owned(), ..Entry::default() });
        self.ids.insert(word.to_owned(), id);
        id
    }

    fn entry(&mut self, word: &str) -> &mut Entry {
        let id = self.id_or_new(word);
        &mut self.entries[usize::from(id)]
    }

    /// A word by its number, to be changed while building.
    pub fn entry_mut(&mut self, id: WordId) -> &mut Entry {
        &mut self.entries[usize::from(id)]
    }

    /// A word by its number.
    pub fn get(&self, id: WordId) -> &Entry {
        &self.entries[usize::from(id)]
    }

    /// All words, for building the rules.
    pub fn all(&self) -> impl Iterator<Item = (WordId, &Entry)> {
        self.entries
            .iter()
            .enumerate()
            .skip(1)
            .map(|(id, entry)| (WordId::try_from(id).expect("fewer than 65,536 words are listed"), entry))
    }

    /// A verb's number.
    pub fn verb(&self, infinitive: &str) -> Option<u8> {
        self.verbs.iter().position(|known| known == infinitive).and_then(|at| u8::try_from(at).ok())
    }

    /// What an abbreviation or a common misspelling stands for.
    pub fn written_out(&self, word: &str) -> Option<&[WordId]> {
        self.abbreviations.get(word).map(Vec::as_slice)
    }

    /// An element of a rule with its abbreviations written out, as a message will have them.
    pub fn written_out_in(&self, element: &str) -> String {
        let body = element.trim_end_matches('?');
        let optional = if element.len() > body.len() && !body.is_empty() { "?" } else { "" };
        if body.is_empty() {
            return element.to_owned();
        }
        let words = body.split('|').map(|one| match self.abbreviations.get(one) {
            Some(ids) => ids.iter().map(|id| self.get(*id).text.as_str()).collect::<Vec<_>>().join("_"),
            None => one.to_owned(),
        });
        format!("{}{optional}", words.collect::<Vec<_>>().join("|"))
    }

    /// The number of a word as it stands.
    pub fn exact(&self, word: &str) -> Option<WordId> {
        self.ids.get(word).copied()
    }

    /// The number of a word: as it stands, or a verb with pronouns hung on it.
    pub fn known(&self, word: &str) -> Option<WordId> {
        self.exact(word).or_else(|| self.without_pronouns(word)).or_else(|| self.undiminished(word))
    }

    /// The form that this word is when its last letter has an accent: "canceló".
    pub fn accented(&self, word: &str) -> Option<WordId> {
        word.ends_with(['o', 'e']).then(|| self.ids.get(format!("{word}'").as_str()).copied())?
    }

    /// The word of the lexicon that a misspelling is nearest to.
    pub fn nearest(&self, word: &str) -> Option<WordId> {
        let near = |word: &str| self.spelling.nearest(word, |id| self.get(id).text.as_str());
        near(word).or_else(|| {
            // "agenadrme": the slip is in the verb that the pronoun hangs on
            let stem = ["me", "lo", "la", "le", "nos", "los", "las"]
                .iter()
                .find_map(|end| word.strip_suffix(end))?;
            let id = near(stem).filter(|_| stem.len() >= 6)?;
            self.get(id).verbs.iter().any(|(_, forms)| forms & verb::TAKES_PRONOUNS != 0).then_some(id)
        })
    }

    /// `segurísimo`, `ratito`, `doctorcita`, `poquito`: the word that it is made from, when that one means something.
    fn undiminished(&self, word: &str) -> Option<WordId> {
        const ENDINGS: [(&str, &str); 14] = [
            ("isimo", "o"),
            ("isima", "a"),
            ("isimos", "os"),
            ("isimas", "as"),
            ("isimo", "e"),
            ("quito", "co"),
            ("quita", "ca"),
            ("cito", ""),
            ("cita", ""),
            ("citas", "s"),
            ("ito", "o"),
            ("ita", "a"),
            ("itos", "os"),
            ("itas", "as"),
        ];
        ENDINGS.iter().find_map(|(ending, of)| {
            let stem = word.strip_suffix(ending).filter(|stem| stem.len() >= 3)?;
            let id = self.exact(&format!("{stem}{of}"))?;
            (self.get(id).means_something() && self.get(id).text.len() > 3).then_some(id)
        })
    }

    /// `cancelarla`, `agéndame`, `díganmelo`: the verb form before the pronouns.
    fn without_pronouns(&self, word: &str) -> Option<WordId> {
        const PRONOUNS: [&str; 10] = ["me", "te", "se", "nos", "los", "las", "les", "lo", "la", "le"];
        let mut stem = word;
        for _ in 0..2 {
            stem = PRONOUNS.iter().find_map(|pronoun| stem.strip_suffix(pronoun))?;
            if stem.len() < 2 {
                return None;
            }
            if let Some(id) = self.exact(stem)
                && self.get(id).verbs.iter().any(|(_, forms)| forms & verb::TAKES_PRONOUNS != 0)
            {
                return Some(id);
            }
        }
        None
    }
}

/// A quick hash for short words; nothing outside chooses the keys that are stored.
#[derive(Default)]
pub(super) struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

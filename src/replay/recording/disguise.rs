//! Takes out of a text whatever could tell who wrote it, and puts the same replacement for the same thing.
//!
//! A word stays only when it means something to the bot: words of the lexicons (a misspelt one is written right), of
//! the flows and of what the centre offers. A number stays only when it can be an hour, a day, a date near the talk or
//! the place of an option. Names, RUTs, phones, codes and birth dates become invented ones, each always the same;
//! every other word becomes one that means nothing. Guarantee: nothing else passes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{Datelike, Days, NaiveDate};
use regex::{Captures, Regex};

use crate::understanding::meaning_of;
use crate::value::{Rut, RutTail};

mod reading;

use reading::{bare, harmless, invented_run, nonsense, read_date, spelled_numbers, word_form, written_like};
pub(super) use reading::{folded, words};

/// Invented names in the order of the alphabet, so that lists stay in their order.
const NAMES: [&str; 48] = [
    "Abarca",
    "Acuña",
    "Alarcón",
    "Araneda",
    "Arenas",
    "Bahamondes",
    "Barría",
    "Belmar",
    "Briones",
    "Bustos",
    "Cáceres",
    "Canales",
    "Carrasco",
    "Cisternas",
    "Donoso",
    "Durán",
    "Escobar",
    "Farías",
    "Fritz",
    "Gajardo",
    "Garrido",
    "Henríquez",
    "Ibacache",
    "Inostroza",
    "Jara",
    "Jofré",
    "Labra",
    "Leiva",
    "Maldonado",
    "Mellado",
    "Montecino",
    "Navarrete",
    "Neira",
    "Olguín",
    "Opazo",
    "Pizarro",
    "Quezada",
    "Riffo",
    "Saavedra",
    "Sanhueza",
    "Tapia",
    "Toledo",
    "Ulloa",
    "Urrutia",
    "Vergara",
    "Yáñez",
    "Zamorano",
    "Zúñiga",
];
/// Between names, and no part of them.
const BETWEEN: [&str; 6] = ["de", "del", "la", "las", "los", "y"];
/// People are called so, too: never a word that may stay.
const NAMES_TOO: [&str; 14] = [
    "alba", "alma", "angel", "belen", "cruz", "domingo", "leon", "marco", "maria", "mercedes", "pilar",
    "rosa", "sol", "victoria",
];
/// The shape of whatever is looked at as one thing, the longest first.
const THINGS: &str = concat!(
    r"(?P<net>\S+@\S+|(?i:https?://|www\.)\S+)",
    r"|(?P<date>\b\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b)",
    r"|(?P<written>\b\d{1,2}\s+de\s+\p{L}+\s+(?:de\s+|del\s+)?\d{4}\b)",
    r"|(?P<rut>…?\d[\d. ]{2,11}\s?[-–—‐‑−]\s?[\dkK]\b|…\d{4}[\dkK]\b)",
    r"|(?P<hour>\b\d{1,2}\s?[:.]\s?\d{2}\b)",
    r"|(?P<long>\+?\d(?:[\d ().-]{4,}\d)+)",
    r"|(?P<mixed>[\p{L}\p{N}_]*\p{N}[\p{L}\p{N}_]*)",
    r"|(?P<word>[\p{L}\p{M}]+)",
);

/// A patient of the conversation, as the centre knows them.
#[derive(Debug, Clone)]
pub struct Original {
    /// The name.
    pub name: String,
    /// The RUN.
    pub run: Rut,
    /// Born on.
    pub born: NaiveDate,
}

/// All replacements of one conversation.
#[derive(Debug)]
pub struct Disguise {
    /// Words that stay, without accents.
    stay: HashSet<String>,
    /// Dates and numbers that the flows themselves give as examples.
    examples: HashSet<String>,
    /// Whole phrases, as the centre's name, longest first.
    phrases: Vec<(String, String)>,
    names: BTreeMap<String, &'static str>,
    runs: HashMap<Rut, Rut>,
    tails: HashMap<String, String>,
    births: HashMap<NaiveDate, NaiveDate>,
    numbers: HashMap<String, String>,
    words: HashMap<String, String>,
    today: NaiveDate,
    things: Regex,
    /// Whether a word that means nothing had to be put since this was last asked.
    invented: bool,
}

impl Disguise {
    /// Replacements for a talk on a day: `people` are the patients, `names` all names that may occur, `stay` texts
    /// whose words stay, `phrases` what is replaced as a whole.
    pub fn new(
        today: NaiveDate,
        people: &[Original],
        names: &BTreeSet<String>,
        stay: impl IntoIterator<Item = String>,
        mut phrases: Vec<(String, String)>,
    ) -> Result<Self, regex::Error> {
        phrases.retain(|(from, _)| !from.trim().is_empty());
        phrases.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        let all = names.iter().map(String::as_str).chain(people.iter().map(|one| one.name.as_str()));
        let tokens: BTreeSet<String> =
            all.flat_map(words).map(folded).filter(|token| !BETWEEN.contains(&token.as_str())).collect();
        let mut free = NAMES.iter().filter(|name| !tokens.contains(&folded(name)));
        let mut named = BTreeMap::new();
        for token in &tokens {
            named.insert(token.clone(), free.next().copied().unwrap_or("Zzz"));
        }
        let things = Regex::new(THINGS)?;
        let (mut known, mut examples) = (HashSet::new(), HashSet::new());
        for text in stay {
            known.extend(words(&text).map(folded));
            let found =
                things.find_iter(&text).filter(|found| found.as_str().contains(|c: char| c.is_ascii_digit()));
            examples.extend(found.map(|found| found.as_str().to_owned()));
        }
        known.retain(|word| !named.contains_key(word));
        let mut disguise = Self {
            stay: known,
            examples,
            phrases,
            names: named,
            runs: HashMap::new(),
            tails: HashMap::new(),
            births: HashMap::new(),
            numbers: HashMap::new(),
            words: HashMap::new(),
            today,
            things,
            invented: false,
        };
        for (place, one) in (0_u32..).zip(people) {
            let invented = invented_run(place);
            disguise.runs.insert(one.run, invented);
            disguise.tails.insert(bare(&one.run.tail().to_string()), invented.tail().to_string());
            disguise.birth(one.born);
        }
        Ok(disguise)
    }

    /// The invented name for a name, word by word.
    pub fn name(&self, name: &str) -> String {
        let word = |word: &str| match self.names.get(&folded(word)) {
            Some(invented) => (*invented).to_owned(),
            None => word.to_owned(),
        };
        name.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
    }

    /// The invented RUN for a patient's, with dots.
    pub fn run(&self, run: Rut) -> String {
        self.runs.get(&run).map_or_else(|| invented_run(999).plain(), |invented| invented.plain())
    }

    /// The invented tail of a RUN.
    pub fn tail(&mut self, tail: &RutTail) -> String {
        let key = bare(&tail.to_string());
        let next = self.tails.len();
        let new = || format!("{:04}-{}", 3001 + 7 * next, tail.to_string().chars().last().unwrap_or('0'));
        self.tails.entry(key).or_insert_with(new).clone()
    }

    /// The invented birth date for one.
    pub fn birth(&mut self, born: NaiveDate) -> NaiveDate {
        let place = self.births.len() as u64;
        let first = NaiveDate::from_ymd_opt(1951, 2, 3).unwrap_or_default();
        let new = || first.checked_add_days(Days::new(397 * place)).unwrap_or(first);
        let invented = *self.births.entry(born).or_insert_with(new);
        if invented == born { invented.checked_add_days(Days::new(1)).unwrap_or(invented) } else { invented }
    }

    /// Whether a word that means nothing was put since this was last asked.
    pub fn has_invented(&mut self) -> bool {
        std::mem::take(&mut self.invented)
    }

    /// The text without anything that could identify.
    pub fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.phrases {
            text = text.replace(from.as_str(), to);
        }
        let kept: HashSet<String> = self.phrases.iter().flat_map(|(_, to)| words(to).map(folded)).collect();
        let things = self.things.clone();
        let spelled = spelled_numbers(&text, &things);
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for found in things.captures_iter(&text) {
            let Some(whole) = found.get(0) else { continue };
            out.extend(text[last..whole.start()].chars().filter(|c| harmless(*c)));
            if spelled.contains(&whole.start()) {
                out.push_str(&self.meaningless(whole.as_str()));
            } else {
                out.push_str(&self.thing(&found, &kept));
            }
            last = whole.end();
        }
        out.extend(text[last..].chars().filter(|c| harmless(*c)));
        out
    }

    fn thing(&mut self, found: &Captures<'_>, kept: &HashSet<String>) -> String {
        let whole = found.get(0).map_or("", |whole| whole.as_str());
        if self.examples.contains(whole) {
            let own = read_date(whole, self.today).is_some_and(|date| self.births.contains_key(&date))
                || self.tails.contains_key(&bare(whole));
            if !own {
                return whole.to_owned();
            }
            // an example of the flows that happens to be somebody's: the line cannot be told
            self.invented = true;
        }
        let is = |name: &str| found.name(name).is_some();
        if is("date") || is("written") {
            return self.date(whole);
        }
        if is("rut") {
            let cut = if whole.starts_with('…') { "…" } else { "" };
            return format!("{cut}{}", self.rut(whole));
        }
        if is("hour") {
            let mut parts = whole.split([':', '.']).map(|part| part.trim().parse::<u32>().unwrap_or(99));
            let (hour, minute) = (parts.next().unwrap_or(99), parts.next().unwrap_or(99));
            return if hour < 24 && minute < 60 { whole.to_owned() } else { self.number(whole) };
        }
        if is("long") {
            return self.rut_or_number(whole);
        }
        if is("mixed") {
            let digits = whole.bytes().all(|byte| byte.is_ascii_digit());
            return match digits {
                true if self.stay.contains(whole) || kept.contains(whole) => whole.to_owned(),
                true => self.rut_or_number(whole),
                false => self.with_figures(whole),
            };
        }
        if is("word") { self.word(whole, kept) } else { self.address(whole) }
    }

    /// An e-mail or web address: the bot may read a name in it, so that names are replaced and all else means nothing.
    fn address(&mut self, whole: &str) -> String {
        let mut out = String::new();
        let mut rest = whole;
        while let Some(at) = rest.find(|c: char| !c.is_alphanumeric()) {
            let sign = rest[at..].chars().next().unwrap_or('.');
            out.push_str(&self.part_of_address(&rest[..at]));
            out.push(sign);
            rest = &rest[at + sign.len_utf8()..];
        }
        out.push_str(&self.part_of_address(rest));
        out
    }

    fn part_of_address(&mut self, part: &str) -> String {
        match self.names.get(&folded(part)) {
            Some(name) => folded(name),
            None if part.is_empty() => String::new(),
            None => self.meaningless(part),
        }
    }

    /// `10am`, `3ra`, `15hrs`: a small number with known letters stays.
    fn with_figures(&mut self, whole: &str) -> String {
        let digits: String = whole.chars().take_while(char::is_ascii_digit).collect();
        let rest = &whole[digits.len()..];
        let small = digits.parse::<u32>().is_ok_and(|number| number <= 31);
        let letters = ["am", "pm", "h", "hr", "hrs", "ra", "ro", "da", "do", "era", "er", "a", "o"];
        if small && letters.contains(&folded(rest).as_str()) {
            whole.to_owned()
        } else {
            self.meaningless(whole)
        }
    }

    fn word(&mut self, word: &str, kept: &HashSet<String>) -> String {
        let plain = folded(word);
        if let Some(name) = self.names.get(&plain) {
            return (*name).to_owned();
        }
        if self.stay.contains(&plain) || kept.contains(&plain) || plain.chars().count() == 1 {
            return word.to_owned();
        }
        let asked = word_form(word);
        match meaning_of(&asked).filter(|_| !NAMES_TOO.contains(&plain.as_str())) {
            Some(same) if same == asked => word.to_owned(),
            Some(right) if !self.names.contains_key(&folded(right)) => {
                right.trim_end_matches('\'').to_owned()
            }
            _ => self.meaningless(word),
        }
    }

    fn date(&mut self, whole: &str) -> String {
        let Some(date) = read_date(whole, self.today) else { return self.rut_or_number(whole) };
        let near = date.year() == self.today.year() || date.year() == self.today.year() + 1;
        if near && !self.births.contains_key(&date) {
            return whole.to_owned();
        }
        written_like(whole, self.birth(date))
    }

    fn rut(&mut self, whole: &str) -> String {
        let figures = bare(whole);
        let tail = figures.chars().skip(figures.chars().count().saturating_sub(5)).collect::<String>();
        if let Some(known) = self.tails.get(&tail) {
            return known.clone();
        }
        match format!("{}-{}", &tail[..tail.len().saturating_sub(1)], &tail[tail.len().saturating_sub(1)..])
            .parse::<RutTail>()
        {
            Ok(tail) => self.tail(&tail),
            Err(_) => self.number(whole),
        }
    }

    fn rut_or_number(&mut self, whole: &str) -> String {
        let figures = bare(whole);
        let of_someone = figures.len() >= 5 && self.tails.contains_key(&figures[figures.len() - 5..]);
        if of_someone && figures.len() <= 9 { self.rut(whole) } else { self.number(whole) }
    }

    /// A number that cannot be an hour, a day or a place in a list becomes another of its length.
    fn number(&mut self, whole: &str) -> String {
        let figures = bare(whole);
        if figures.len() <= 2 && figures.parse::<u32>().is_ok_and(|number| number <= 31) {
            return whole.to_owned();
        }
        let year = figures.parse::<i32>().unwrap_or(0);
        if figures.len() == 4
            && whole.len() == 4
            && (year - self.today.year()) / 2 == 0
            && year >= self.today.year()
        {
            return whole.to_owned();
        }
        let place = self.numbers.len();
        let length = figures.len().max(2);
        let new = || {
            let number = format!("{}{:0width$}", 9, 32 + 7 * place, width = length - 1);
            number.chars().take(length).collect()
        };
        self.numbers.entry(figures).or_insert_with(new).clone()
    }

    /// A word that means nothing to the bot, always the same for the same word.
    fn meaningless(&mut self, word: &str) -> String {
        self.invented = true;
        let place = self.words.len();
        let key = folded(word);
        self.words.entry(key).or_insert_with(|| nonsense(place)).clone()
    }
}

#[cfg(test)]
mod tests;

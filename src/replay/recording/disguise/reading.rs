//! How words, dates and figures of a text are read, and what stands for them.

use std::collections::HashSet;

use chrono::{Datelike, NaiveDate};
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use crate::understanding::meaning_of;
use crate::value::{Rut, hour_label, rut};

/// Written numbers in a row, more than an hour or a day needs.
const SPELLED: usize = 3;

/// The n-th word that neither is nor resembles one that the bot knows.
pub(super) fn nonsense(place: usize) -> String {
    const FIRST: [&str; 8] = ["xu", "quo", "wi", "yu", "zu", "xo", "wu", "xi"];
    const SECOND: [&str; 9] = ["ñuk", "wok", "xif", "yug", "kuz", "fiw", "ñog", "guw", "wix"];
    let word = |number: usize| {
        let (first, rest) = (FIRST[number % FIRST.len()], number / FIRST.len());
        let tail = if rest < SECOND.len() { "" } else { SECOND[rest / SECOND.len() % SECOND.len()] };
        format!("{first}{}{tail}", SECOND[rest % SECOND.len()])
    };
    (place..).map(word).find(|word| meaning_of(word).is_none()).unwrap_or_default()
}

/// A RUN that nobody alive has.
pub(super) fn invented_run(place: u32) -> Rut {
    let number = 1_204_011 + 10_037 * place;
    Rut::new(number, rut::check_digit(number)).expect("its check digit was computed from it")
}

/// Words that spell out more of a number than an hour or a day needs, by their place.
pub(super) fn spelled_numbers(text: &str, things: &Regex) -> HashSet<usize> {
    let mut runs = HashSet::new();
    let mut run: Vec<usize> = Vec::new();
    let mut numbers = 0;
    for found in things.find_iter(text) {
        let word = folded(found.as_str());
        let number = is_number_word(&word);
        if number || (word == "y" && !run.is_empty()) {
            run.push(found.start());
            numbers += usize::from(number);
            continue;
        }
        if numbers > SPELLED {
            runs.extend(run.iter());
        }
        run.clear();
        numbers = 0;
    }
    if numbers > SPELLED {
        runs.extend(run);
    }
    runs
}

fn is_number_word(word: &str) -> bool {
    const TENS: [&str; 30] = [
        "cero",
        "uno",
        "una",
        "un",
        "dos",
        "tres",
        "cuatro",
        "cinco",
        "seis",
        "siete",
        "ocho",
        "nueve",
        "diez",
        "once",
        "doce",
        "trece",
        "catorce",
        "quince",
        "veinte",
        "treinta",
        "cuarenta",
        "cincuenta",
        "sesenta",
        "setenta",
        "ochenta",
        "noventa",
        "cien",
        "ciento",
        "mil",
        "millones",
    ];
    TENS.contains(&word)
        || word.starts_with("dieci")
        || word.starts_with("veinti")
        || word.ends_with("cientos")
}

/// `03-05-1954`, `3/5/54`, `1954-05-03`, `3 de mayo de 1954`.
pub(super) fn read_date(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    const MONTHS: [&str; 12] =
        ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];
    let parts: Vec<String> = words_and_figures(text).filter(|part| part != "de" && part != "del").collect();
    let [first, second, third] = &parts[..] else { return None };
    if first.len() == 4 {
        return NaiveDate::from_ymd_opt(first.parse().ok()?, second.parse().ok()?, third.parse().ok()?);
    }
    let month = match second.parse::<u32>() {
        Ok(month) => month,
        Err(_) => 1 + u32::try_from(MONTHS.iter().position(|name| second.starts_with(name))?).ok()?,
    };
    let year: i32 = third.parse().ok()?;
    let year = match third.len() {
        2 if 2000 + year <= today.year() + 1 => 2000 + year,
        2 => 1900 + year,
        _ => year,
    };
    NaiveDate::from_ymd_opt(year, month, first.parse().ok()?)
}

/// A date in the form of another: how it is written decides how it is read.
pub(super) fn written_like(form: &str, date: NaiveDate) -> String {
    if form.contains(char::is_alphabetic) {
        return format!("{} de {} de {}", date.day(), hour_label::month(date), date.year());
    }
    let sign = form.chars().find(|c| !c.is_ascii_digit()).unwrap_or('-');
    let parts: Vec<String> = words_and_figures(form).collect();
    if parts.first().is_some_and(|first| first.len() == 4) {
        return date.to_string();
    }
    let year = if parts.last().is_some_and(|last| last.len() == 2) { date.year() % 100 } else { date.year() };
    format!("{:02}{sign}{:02}{sign}{year:02}", date.day(), date.month())
}

pub(super) fn words_and_figures(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).map(folded)
}

/// The words of a text, letters and figures only.
pub(in crate::replay::recording) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\u{301}')).filter(|word| !word.is_empty())
}

/// Small letters without accents.
pub(in crate::replay::recording) fn folded(word: impl AsRef<str>) -> String {
    let letters = word.as_ref().nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    letters.collect::<String>().to_lowercase()
}

/// Small letters without accents, but with ñ, as the lexicons have them.
pub(super) fn word_form(word: &str) -> String {
    let letter = |c: char| if c == 'ñ' { "ñ".to_owned() } else { folded(c.to_string()) };
    word.to_lowercase().chars().map(letter).collect()
}

/// The letters and figures alone.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Signs that may pass: they tell nothing of anyone.
pub(super) fn harmless(c: char) -> bool {
    c.is_whitespace() || " .,;:¿?¡!«»()/-'\"•→".contains(c) || "👍👌🆗🙌🤝✅✔☑👎❌🚫✖🙅🙏👋".contains(c)
}

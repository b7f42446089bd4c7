//! Options on the screen: by number, by ordinal, by hour, by words. It must point to exactly one; a contradicting
//! attribute ("la del martes" when the only one is on Thursday) points to none, and two that fit are several.

use chrono::Timelike;

use super::assent::Assent;
use super::normal::{Read, normal};
use super::number::{Number, ordinal};
use super::when::Times;
use super::{Choice, Context, Offered, Reason};

/// Words that say nothing about which option is meant.
const IDLE: [&str; 40] = [
    "la", "el", "las", "los", "de", "del", "a", "al", "con", "en", "que", "me", "quiero", "para", "por",
    "favor", "opcion", "numero", "esa", "ese", "hora", "horas", "un", "una", "si", "dame", "tomo", "elijo",
    "mi", "y", "no", "es", "doctora", "doctor", "prefiero", "mejor", "gracias", "quisiera", "sea", "lo",
];
/// Words beside which a number counts something else.
const COUNTED: [&str; 14] = [
    "años", "año", "meses", "mes", "kilos", "pesos", "personas", "hijos", "dias", "dia", "semanas",
    "minutos", "veces", "horas",
];

/// The option meant.
pub(super) fn of(
    read: &Read,
    numbers: &[Number],
    times: &Times,
    context: &Context<'_>,
    assent: Option<Assent>,
    why: &mut Vec<Reason>,
) -> Choice {
    let options = context.options;
    if options.is_empty() {
        return Choice::None;
    }
    let mut because = |rule, choice| {
        why.push(Reason { rule, span: read.all() });
        choice
    };
    if read.has_any(&["ninguna", "ninguno", "ni una", "ninguna me sirve", "ninguna de esas"]) {
        return because("choice: none of them", Choice::Neither);
    }
    let whole = read.line.trim();
    if let Some(at) = options.iter().position(|option| normal(option.label) == whole) {
        return because("choice: the label itself", Choice::One(at));
    }
    if assent == Some(Assent::No) && read.count() > 1 && !read.has("no gracias") {
        return Choice::None;
    }
    if let Some(choice) = by_place(read, numbers, times, options.len()) {
        return because("choice: by number or ordinal", choice);
    }
    let by_hour = by_hour(times, context);
    let by_words = by_words(read, options, times);
    match (by_hour, by_words) {
        (Some(hours), Some(words)) => {
            let both: Vec<usize> = hours.iter().copied().filter(|at| words.contains(at)).collect();
            because("choice: by hour and words", one_or_several(both))
        }
        (Some(hours), None) => because("choice: by hour", one_or_several(hours)),
        (None, Some(words)) => because("choice: by words", one_or_several(words)),
        (None, None) => Choice::None,
    }
}

fn one_or_several(fitting: Vec<usize>) -> Choice {
    match fitting[..] {
        [] => Choice::None,
        [one] => Choice::One(one),
        _ => Choice::Several(fitting),
    }
}

/// "la segunda", "2", "opción 3", "la última".
fn by_place(read: &Read, numbers: &[Number], times: &Times, count: usize) -> Option<Choice> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let place = |number: i64| -> Option<usize> {
        let number = if number < 0 { count + 1 + number } else { number };
        (1..=count).contains(&number).then(|| usize::try_from(number - 1).ok())?
    };
    let few = read.count() <= 6;
    let mut ordinals = read.tokens.iter().enumerate().filter(|(at, token)| {
        !times.takes(*at)
            && ordinal(&token.word).is_some()
            && !matches!(read.tokens.get(at + 1).map(|next| next.word.as_str()), Some("hora" | "vez"))
    });
    if let (Some((_, token)), None) = (ordinals.next(), ordinals.next())
        && few
    {
        return ordinal(&token.word).and_then(place).map(Choice::One);
    }
    let free: Vec<&Number> = numbers
        .iter()
        .filter(|number| {
            let after = read.tokens.get(number.at + number.len).map_or("", |token| token.word.as_str());
            let article =
                matches!(read.tokens[number.at].word.as_str(), "un" | "una" | "uno") && read.count() > 2;
            !times.takes(number.at) && !COUNTED.contains(&after) && !article
        })
        .collect();
    match free[..] {
        [number] => {
            let named = read.has_any(&["opcion", "numero", "alternativa"]);
            let alone = read.words().all(|word| {
                IDLE.contains(&word)
                    || super::number::number_at(read, number.at).is_some()
                        && read.tokens[number.at].word == word
            });
            (named || alone).then(|| place(number.value).map(Choice::One))?
        }
        _ => None,
    }
}

/// Options that start in the window said: "la de las 10", "la del martes en la tarde".
fn by_hour(times: &Times, context: &Context<'_>) -> Option<Vec<usize>> {
    if !times.wanted || context.options.iter().all(|option| option.starts.is_none()) {
        return None;
    }
    let window = times.window.as_ref()?;
    if window.soonest && window.days.is_empty() {
        return None;
    }
    let fits = |option: &Offered<'_>| {
        option.starts.is_some_and(|start| {
            window.allows(start) || {
                // "a las 5" may be 17:00 or 5:00: whichever is on the screen
                let minute = start.hour() * 60 + start.minute();
                let other_half = |clock: u16| minute == (u32::from(clock) + 720) % 1_440;
                window.allows_day(start.date())
                    && times.clocks.len() == 1
                    && times.clocks.iter().any(|(clock, _)| other_half(*clock))
            }
        })
    };
    Some((0..context.options.len()).filter(|at| fits(&context.options[*at])).collect())
}

/// Options whose words were said; the one with the most.
fn by_words(read: &Read, options: &[Offered<'_>], times: &Times) -> Option<Vec<usize>> {
    let said: Vec<&str> = read
        .tokens
        .iter()
        .enumerate()
        .filter(|(at, token)| {
            !times.takes(*at)
                && token.word.chars().all(char::is_alphabetic)
                && !IDLE.contains(&token.word.as_str())
        })
        .map(|(_, token)| token.word.as_str())
        .collect();
    if said.is_empty() || said.len() > 12 {
        return None;
    }
    let score = |option: &Offered<'_>| -> usize {
        let phrase = option
            .words
            .iter()
            .map(|words| normal(words))
            .filter(|words| read.has(words))
            .map(|words| words.len() * 2)
            .max();
        let label = [Some(option.label), option.detail]
            .into_iter()
            .flatten()
            .map(normal)
            .collect::<Vec<_>>()
            .join(" ");
        let words: usize = label
            .split(' ')
            .filter(|word| word.chars().count() > 2 && !IDLE.contains(word))
            .filter(|word| said.iter().any(|other| same(word, other)))
            .map(str::len)
            .sum();
        phrase.unwrap_or(0).max(words)
    };
    let scores: Vec<usize> = options.iter().map(score).collect();
    let best = scores.iter().copied().max().filter(|best| *best > 0)?;
    Some((0..options.len()).filter(|at| scores[*at] == best).collect())
}

/// The same word, or one letter off in a long one.
pub(super) fn same(one: &str, other: &str) -> bool {
    one == other
        || (one.chars().count() >= 5
            && other.chars().count() >= 5
            && strsim::osa_distance(one, other) <= 1 + usize::from(one.len() >= 9))
}

//! Options on the screen: by number, by ordinal, by hour, by words. It must point to exactly one; a contradicting
//! attribute ("la del martes" when the only one is on Thursday) points to none, and two that fit are several.

use chrono::{Datelike, Timelike};

use super::glue::W;
use super::groups::{Groups, has};
use super::lexicon::Unit;
use super::normal::{Kind, Read, folded};
use super::number::{Number, ordinal_at};
use super::rules::Match;
use super::spelling::sound;
use super::when::Times;
use super::{Choice, Context, Offered, Reason, specialty};
use crate::value::{Weekdays, Window};

/// Words in a message that chooses by words at most.
const LONGEST: usize = 14;

/// Words that say nothing about which option is meant.
fn is_idle(read: &Read<'_>, at: usize) -> bool {
    matches!(
        read.w(at),
        W::A | W::Al
            | W::El
            | W::La
            | W::Las
            | W::Los
            | W::Lo
            | W::Un
            | W::De
            | W::Del
            | W::En
            | W::Por
            | W::Para
            | W::Con
            | W::Y
            | W::Que
            | W::Si
            | W::No
            | W::Es
            | W::Me
            | W::Ese
            | W::Este
            | W::Opcion
            | W::Numero
            | W::Hora
            | W::Ya
    ) || matches!(
        read.word(at),
        "quiero"
            | "favor"
            | "dame"
            | "deme"
            | "tomo"
            | "elijo"
            | "mi"
            | "doctora"
            | "doctor"
            | "prefiero"
            | "mejor"
            | "gracias"
            | "quisiera"
            | "sirve"
            | "acomoda"
            | "cita"
            | "atencion"
            | "escojo"
            | "tomar"
            | "entonces"
            | "ok"
            | "reserva"
            | "seria"
            | "hola"
            | "cancela"
            | "cancelar"
            | "confirmo"
            | "bueno"
            | "dale"
            | "po"
            | "quedo"
            | "marque"
            | "respuesta"
            | "letra"
            | "voy"
            | "tomare"
            | "agendame"
            | "agenda"
            | "porfa"
            | "necesito"
            | "te"
            | "queda"
            | "viene"
            | "bien"
            | "anotame"
            | "puede"
            | "ser"
            | "confirma"
            | "eliminar"
            | "elegir"
            | "nomas"
            | "mas"
    )
}

/// The option meant.
pub(super) fn of(
    read: &Read<'_>,
    numbers: &[Number],
    times: &Times,
    matches: &[Match],
    context: &Context<'_>,
    denied: impl Fn(usize) -> bool,
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
    if options.iter().any(|option| is_label(read, option.label)) {
        let fitting: Vec<usize> =
            (0..options.len()).filter(|at| is_label(read, options[*at].label)).collect();
        return because("choice: the label itself", one_or_several(fitting));
    }
    if has(matches, Groups::get().none_of_them) {
        return because("choice: none of them", Choice::Neither);
    }
    // "¿cuál es la primera?", "¿la 2 es con la doctora?" ask about them
    if is_asked_about(read) {
        return Choice::None;
    }
    let hours = by_hour(times, context);
    if let Some(choice) = by_place(read, numbers, times, options, &denied) {
        // "el 4" is the fourth, or the one on the 4th
        return match (&choice, &hours) {
            (Choice::One(place), Some(on_day))
                if times.bare && !on_day.is_empty() && !on_day.contains(place) =>
            {
                let mut both = on_day.clone();
                both.push(*place);
                both.sort_unstable();
                because("choice: by number or by day", Choice::Several(both))
            }
            _ => because("choice: by number or ordinal", choice),
        };
    }
    // "¿tiene otra más tarde?" asks for what is not there
    if (0..read.tokens.len()).any(|at| read.w(at) == W::Otro)
        && (0..read.tokens.len()).any(|at| read.w(at) == W::Tiene)
    {
        return Choice::None;
    }
    if let Some(at) = by_figures(read, options) {
        return because("choice: by the hour's figures", Choice::One(at));
    }
    if let Some(at) = extreme(read, options) {
        return because("choice: the earliest or the latest", Choice::One(at));
    }
    let said = |at: usize| !denied(at) && !times.takes(at);
    match (hours, by_words(read, options, said)) {
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

/// Whether the message asks something about what is on the screen instead of pointing at it.
fn is_asked_about(read: &Read<'_>) -> bool {
    let asks = |at: usize| {
        matches!(
            read.word(at),
            "cual"
                | "cuales"
                | "quien"
                | "quienes"
                | "donde"
                | "cuanto"
                | "cuanta"
                | "cuando"
                | "es"
                | "son"
                | "seria"
                | "queda"
                | "atiende"
                | "cuesta"
                | "vale"
                | "dura"
                | "incluye"
        )
    };
    read.text.contains(['?', '¿']) && (0..read.tokens.len()).any(asks)
}

/// Whether the message is this label and nothing else.
fn is_label(read: &Read<'_>, label: &str) -> bool {
    let typed = (0..read.tokens.len())
        .filter(|at| !matches!(read.tokens[*at].kind, Kind::Sign(_) | Kind::Emoji))
        .flat_map(|at| read.typed(at).chars());
    folded(label).eq(typed) && read.count() > 0
}

/// "la segunda", "2", "opción 3", "la última".
fn by_place(
    read: &Read<'_>,
    numbers: &[Number],
    times: &Times,
    options: &[Offered<'_>],
    denied: &impl Fn(usize) -> bool,
) -> Option<Choice> {
    let count = options.len();
    let place = |number: i64| -> Option<usize> {
        let last = i64::try_from(count).unwrap_or(i64::MAX);
        let number = if number < 0 { last + 1 + number } else { number };
        (1..=last).contains(&number).then(|| usize::try_from(number - 1).ok())?
    };
    if read.count() > 9 {
        return None;
    }
    let rest_is_idle = |taken: std::ops::Range<usize>| {
        (read.after_greeting()..read.tokens.len()).all(|at| {
            taken.contains(&at)
                || is_idle(read, at)
                || denied(at)
                || matches!(read.tokens[at].kind, Kind::Sign(_) | Kind::Emoji)
        })
    };
    let ordinals: Vec<usize> = (0..read.tokens.len())
        .filter(|at| {
            ordinal_at(read, *at).is_some()
                && !denied(*at)
                && (!times.takes(*at) || times.bare)
                && !matches!(read.w(at + 1), W::Semana | W::Dia)
                && read.word(at + 1) != "vez"
        })
        .collect();
    match ordinals[..] {
        [] => {}
        // "la primera hora" is the early morning only when nothing is on the screen
        [at] => return ordinal_at(read, at).map(i64::from).and_then(place).map(Choice::One),
        _ => {
            let places =
                ordinals.iter().filter_map(|at| ordinal_at(read, *at).map(i64::from).and_then(place));
            return Some(one_or_several(places.collect()));
        }
    }
    let free: Vec<&Number> = numbers
        .iter()
        .filter(|number| {
            let counted = read.tokens.get(number.end).is_some_and(|after| {
                matches!(after.entry.unit, Some(unit) if unit != Unit::Second)
                    || matches!(
                        read.word(number.end),
                        "kilos" | "pesos" | "personas" | "hijos" | "veces" | "lucas"
                    )
            });
            // "la uno" is the first, "una" is any
            let article = read.w(number.at) == W::Un
                && number.end == number.at + 1
                && read.count() > 2
                && read.typed(number.at) != "uno";
            !number.ordinal
                && !counted
                && !article
                && !denied(number.at)
                && (!times.takes(number.at) || times.bare)
        })
        .collect();
    let joined = free.windows(2).all(|pair| {
        (pair[0].end..pair[1].at)
            .all(|at| matches!(read.w(at), W::O | W::Y | W::La | W::El) || read.is_sign(at, ','))
    });
    if free.len() > 1 && joined && rest_is_idle(free[0].at..free[free.len() - 1].end) {
        let places = free.iter().filter_map(|number| i64::try_from(number.value).ok().and_then(place));
        return Some(one_or_several(places.collect()));
    }
    let [number] = free[..] else { return None };
    let named = number
        .at
        .checked_sub(1)
        .is_some_and(|before| matches!(read.w(before), W::Opcion | W::Numero) || read.is_sign(before, '#'));
    let alone = rest_is_idle(number.at..number.end);
    if !(named || alone) {
        return None;
    }
    let value = i64::try_from(number.value).ok()?;
    place(value).map(Choice::One).or_else(|| if named { None } else { by_bare_number(number.value, options) })
}

/// "9", where there are not so many: the one at 9 o'clock, or on the 9th.
fn by_bare_number(value: u64, options: &[Offered<'_>]) -> Option<Choice> {
    let meant = |start: &chrono::NaiveDateTime| {
        let hour = u64::from(start.hour());
        let at_hour = start.minute() == 0 && (hour == value || value < 12 && hour == value + 12);
        at_hour || u64::from(start.day()) == value
    };
    let fitting: Vec<usize> =
        (0..options.len()).filter(|at| options[*at].starts.as_ref().is_some_and(meant)).collect();
    (!fitting.is_empty()).then(|| one_or_several(fitting))
}

/// "830": the one hour written so.
fn by_figures(read: &Read<'_>, options: &[Offered<'_>]) -> Option<usize> {
    let at = (0..read.tokens.len()).find(|at| read.figure(*at).is_some())?;
    let figure = read
        .figure(at)
        .filter(|_| matches!(read.typed(at).len(), 3 | 4) && read.count() <= 4 + read.after_greeting())?;
    let mut fitting = (0..options.len()).filter(|place| {
        options[*place].starts.is_some_and(|start| u64::from(start.hour() * 100 + start.minute()) == figure)
    });
    fitting.next().filter(|_| fitting.next().is_none())
}

/// "la más temprano", "la más tarde", "la más próxima", "la de abajo", "la del medio".
fn extreme(read: &Read<'_>, options: &[Offered<'_>]) -> Option<usize> {
    let last = options.len().checked_sub(1)?;
    let placed = (1..read.tokens.len()).find_map(|at| {
        let of = matches!(read.w(at - 1), W::De | W::Del);
        match read.word(at) {
            "arriba" if of => Some(0),
            "abajo" if of => Some(last),
            "medio" | "centro" if read.w(at - 1) == W::Del && last % 2 == 0 => Some(last / 2),
            _ => None,
        }
    });
    if placed.is_some() && read.count() <= 6 {
        return placed;
    }
    // "más tarde" alone asks for other hours; "la más tarde" is one of these
    let is_one = |at: usize| (at.saturating_sub(3)..at).any(|before| matches!(read.w(before), W::La | W::El));
    let at = (0..read.tokens.len()).find(|at| read.w(*at) == W::Mas && is_one(*at))?;
    let by_start = || options.iter().enumerate().filter_map(|(place, option)| Some((option.starts?, place)));
    match read.w(at + 1) {
        W::Temprano | W::Proximo | W::Cercana | W::Pronto => by_start().min().map(|(_, place)| place),
        W::Tarde => by_start().max_by_key(|(start, _)| *start).map(|(_, place)| place),
        _ => None,
    }
}

/// Options that start in the window said: "la de las 10", "la del martes en la tarde".
fn by_hour(times: &Times, context: &Context<'_>) -> Option<Vec<usize>> {
    if !times.wanted || context.options.iter().all(|option| option.starts.is_none()) {
        return None;
    }
    let window = times.window.as_ref()?;
    if window.days.is_empty() && window.times.is_empty() && window.weekdays.is_every() && window.soonest {
        // "lo antes posible": the first of them
        let started =
            context.options.iter().enumerate().filter_map(|(at, option)| Some((option.starts?, at)));
        return started.min().map(|(_, at)| vec![at]);
    }
    let fits = |option: &Offered<'_>| {
        option.starts.is_some_and(|start| {
            window.allows(start) || {
                // "a las 5" may be 17:00 or 5:00: whichever is on the screen
                let minute = start.hour() * 60 + start.minute();
                let other_half = |clock: u16| minute == (u32::from(clock) + 720) % 1_440;
                window.allows_day(start.date())
                    && times.clocks.len() == 1
                    && times.clocks.iter().any(|clock| other_half(*clock))
            }
        })
    };
    let fitting: Vec<usize> = (0..context.options.len()).filter(|at| fits(&context.options[*at])).collect();
    if fitting.is_empty() && times.weekdays != 0 {
        // "la del jueves" is the Thursday on the screen, though it be next week's
        let any_week = Window { days: Vec::new(), weekdays: Weekdays(times.weekdays), ..window.clone() };
        let on_screen = |option: &Offered<'_>| option.starts.is_some_and(|start| any_week.allows(start));
        return Some((0..context.options.len()).filter(|at| on_screen(&context.options[*at])).collect());
    }
    if fitting.len() == context.options.len() && window.soonest {
        return Some(vec![0]);
    }
    Some(fitting)
}

/// Options whose words were said; those with the most.
fn by_words(read: &Read<'_>, options: &[Offered<'_>], counts: impl Fn(usize) -> bool) -> Option<Vec<usize>> {
    let mut said: Vec<&str> = Vec::new();
    for at in 0..read.tokens.len() {
        if read.tokens[at].kind == Kind::Word && counts(at) && !is_idle(read, at) {
            said.push(read.word(at));
            // a name may be taken for a misspelt word
            if read.typed(at) != read.word(at) {
                said.push(read.typed(at));
            }
        }
    }
    if said.is_empty() || said.len() > LONGEST {
        return None;
    }
    let scores: Vec<usize> = options.iter().map(|option| score(read, &said, option)).collect();
    let Some(best) = scores.iter().copied().max().filter(|best| *best > 0) else {
        // "médico" for "Medicina general"
        let meant: Vec<usize> =
            specialty::among(read, options.iter().map(|option| option.label), |at| !counts(at));
        return (!meant.is_empty()).then_some(meant);
    };
    Some((0..options.len()).filter(|at| scores[*at] == best).collect())
}

fn score(read: &Read<'_>, said: &[&str], option: &Offered<'_>) -> usize {
    let phrase =
        option.words.iter().filter(|phrase| stands(read, phrase)).map(|phrase| phrase.len() * 2).max();
    let label = [Some(option.label), option.detail];
    let words: usize = label
        .into_iter()
        .flatten()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| {
            word.chars().count() > 2
                && !matches!(*word, "con" | "para" | "hora" | "Hora" | "Con" | "las" | "los")
        })
        .filter(|word| said.iter().any(|other| is_same(word, other)))
        .map(str::len)
        .sum();
    phrase.unwrap_or(0).max(words)
}

/// Whether a phrase stands in the message, word by word.
fn stands(read: &Read<'_>, phrase: &str) -> bool {
    let words = || phrase.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words().next().is_some()
        && (0..read.tokens.len()).any(|at| {
            words().enumerate().all(|(offset, word)| {
                at + offset < read.tokens.len()
                    && (folded(word).eq(read.word(at + offset).chars())
                        || folded(word).eq(read.typed(at + offset).chars()))
            })
        })
}

/// The same word, or a letter off in a long one.
fn is_same(label: &str, said: &str) -> bool {
    if folded(label).eq(said.chars()) {
        return true;
    }
    let length = said.chars().count();
    if length >= 4 && label.chars().count() >= 4 {
        let label: String = folded(label).collect();
        if sound(&label) == sound(said) {
            return true;
        }
    }
    if length < 5 || label.chars().count().abs_diff(length) > 2 {
        return false;
    }
    let label: String = folded(label).collect();
    label.len() >= 5 && strsim::osa_distance(&label, said) <= 1 + usize::from(length >= 9)
}

//! Options on the screen: by number, by ordinal, by hour, by words. It must point to exactly one; a contradicting
//! attribute ("la del martes" when the only one is on Thursday) points to none, and two that fit are several.

mod place;
mod words;

use chrono::Timelike;

use crate::understanding::glue::W;
use crate::understanding::groups::{Groups, has};
use crate::understanding::normal::{Kind, Read, folded};
use crate::understanding::number::Number;
use crate::understanding::rules::Match;
use crate::understanding::when::Times;
use crate::understanding::{Choice, Context, Offered, Reason};
use crate::value::{Weekdays, Window};

use self::place::{by_place, is_idle};
use self::words::by_words;

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

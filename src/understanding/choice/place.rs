//! Options by number, by ordinal, or by a number that is more than there are.

use chrono::{Datelike, Timelike};

use super::one_or_several;
use crate::understanding::glue::W;
use crate::understanding::lexicon::Unit;
use crate::understanding::normal::{Kind, Read};
use crate::understanding::number::{Number, ordinal_at};
use crate::understanding::when::Times;
use crate::understanding::{Choice, Offered};

/// Words that say nothing about which option is meant.
pub(super) fn is_idle(read: &Read<'_>, at: usize) -> bool {
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

/// "la segunda", "2", "opción 3", "la última".
pub(super) fn by_place(
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

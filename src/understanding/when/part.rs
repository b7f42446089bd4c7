//! Parts of the day: `en la tarde`, `esta mañana`, `temprano`, `después de almuerzo`, `a última hora`.

use super::super::glue::W;
use super::super::normal::Read;
use super::clock::{Half, half};
use super::policy;
use crate::value::TimeRange;

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub range: TimeRange,
    /// "esta tarde" is of today, "anoche" of a day ago: days from today.
    pub day: Option<i64>,
    /// The half of the day in which an hour said beside it is.
    pub half: Option<Half>,
    /// The minute that it is by name: "mediodía" is 12 o'clock as well as the hours around lunch.
    pub exact: Option<u16>,
}

/// The part of the day that begins at a token, and the token after it. `follows_day`: a day was just said.
pub(super) fn at(read: &Read<'_>, at: usize, follows_day: bool) -> Option<(Part, usize)> {
    let part = |range, half, end| Some((Part { range, day: None, half, exact: None }, end));
    let w = |offset: usize| read.w(at + offset);
    if let Some(found) = shaded(read, at) {
        return Some(found);
    }
    match (w(0), w(1), w(2), w(3)) {
        (W::Despues | W::Luego, W::De, W::Almuerzo, _) => {
            part(policy::AFTER_LUNCH, Some(Half::Afternoon), at + 3)
        }
        (W::Despues | W::Luego, W::Del, W::Almuerzo, _) => {
            part(policy::AFTER_LUNCH, Some(Half::Afternoon), at + 3)
        }
        (W::Despues | W::Luego, W::De, W::La, W::Cena) if read.word(at + 3) == "comida" => {
            part(policy::AFTER_LUNCH, Some(Half::Afternoon), at + 4)
        }
        (W::Despues | W::Luego, W::De | W::Del, ..) if is_work(read, at + 1).is_some() => {
            part(policy::AFTER_WORK, Some(Half::Afternoon), is_work(read, at + 1)?)
        }
        // "a la salida de la pega", "saliendo del colegio"
        (W::Salir, ..) if is_work(read, at + 1).is_some() => {
            part(policy::AFTER_WORK, Some(Half::Afternoon), is_work(read, at + 1)?)
        }
        (W::Antes, W::De | W::Del, W::Almuerzo, _) => part(policy::MORNING, Some(Half::Morning), at + 3),
        (W::La, W::Hora, W::De | W::Del, W::Almuerzo) => part(policy::MIDDAY, Some(Half::Midday), at + 4),
        (W::Hora, W::De | W::Del, W::Almuerzo, _) => part(policy::MIDDAY, Some(Half::Midday), at + 3),
        (W::Hora, W::De, W::Once, _) => part(policy::MID_AFTERNOON, Some(Half::Afternoon), at + 3),
        (W::Alrededor | W::Hora, W::De, W::La, W::Cena) => part(policy::DINNER, Some(Half::Night), at + 4),
        (W::Al, W::Mediodia, ..) => noon(at + 2),
        (W::A, W::Mediodia, ..) => part(policy::MIDDAY, Some(Half::Midday), at + 2),
        (W::Al, W::Medio, W::Dia, _) => noon(at + 3),
        (W::Mediodia, ..) if !is_before(read, at, W::A) => noon(at + 1),
        // "medio día de trabajo" is how long
        (W::Medio, W::Dia, after, next)
            if !(is_before(read, at, W::A)
                || after == W::De && !matches!(next, W::Manana | W::Hoy | W::El)) =>
        {
            noon(at + 2)
        }
        (W::A, W::Medio, W::Dia, _) => part(policy::MIDDAY, Some(Half::Midday), at + 3),
        (W::A, W::La, W::Mitad, W::Del) if w(4) == W::Dia => Some((
            Part { range: policy::MIDDAY, day: Some(0), half: Some(Half::Midday), exact: None },
            at + 5,
        )),
        (W::Al, _, W::El, W::Dia)
            if matches!(read.word(at + 1), "empezar" | "comenzar" | "iniciar" | "partir") =>
        {
            part(policy::DAY_BEGINS, Some(Half::Morning), at + 4)
                .map(|(found, end)| (Part { day: Some(0), ..found }, end))
        }
        (W::Al, W::Acabar, W::El, W::Dia) => Some((
            Part { range: policy::DAY_ENDS, day: Some(0), half: Some(Half::Afternoon), exact: None },
            at + 4,
        )),
        // "a primeras horas de la tarde"
        (W::A, W::Primera, W::Hora, W::De) if w(4) == W::La => first_hours(read, at + 5),
        (W::Primera, W::Hora, W::De, W::La) => first_hours(read, at + 4),
        (W::A | W::De | W::En, W::Primera, W::Hora, _) => part(policy::EARLY, Some(Half::Morning), at + 3),
        (W::A | W::De | W::En, W::Ultimo, W::Hora, _) => {
            part(policy::LAST_HOURS, Some(Half::Afternoon), at + 3)
        }
        (W::Mas, W::Tarde, W::En, W::La) if w(4) == W::Tarde => {
            part(TimeRange { start: 18 * 60, end: 20 * 60 }, Some(Half::Afternoon), at + 5)
        }
        (W::Temprano, W::En | W::Por | W::De, W::La, W::Manana) => {
            part(policy::EARLY, Some(Half::Morning), at + 4)
        }
        (W::Temprano, ..) if !is_before(read, at, W::Mas) => part(policy::EARLY, Some(Half::Morning), at + 1),
        (W::A | W::En, W::Media, W::Manana, _) => part(policy::MID_MORNING, Some(Half::Morning), at + 3),
        (W::Media, W::Manana, ..) => part(policy::MID_MORNING, Some(Half::Morning), at + 2),
        (W::A | W::En, W::Media, W::Tarde, _) => part(policy::MID_AFTERNOON, Some(Half::Afternoon), at + 3),
        (W::Media, W::Tarde, ..) => part(policy::MID_AFTERNOON, Some(Half::Afternoon), at + 2),
        (
            W::En | W::Por | W::De | W::A | W::Para,
            W::La | W::Las,
            W::Manana | W::Tarde | W::Noche | W::Madrugada,
            _,
        ) => {
            let (found, mut end) = named(read, at + 2)?;
            if read.w(end) == W::Temprano {
                end += 1;
                return part(policy::EARLY, Some(Half::Morning), end);
            }
            Some((found, end))
        }
        (W::De, W::Madrugada | W::Noche | W::Tarde, ..) => named(read, at + 1),
        (W::La | W::Las, W::Manana | W::Tarde | W::Noche | W::Madrugada, ..)
            if !is_good(read, at) && !is_before(read, at, W::Todos) =>
        {
            named(read, at + 1)
        }
        (W::Este, W::Manana | W::Tarde | W::Noche | W::Madrugada, ..) => {
            let (found, end) = named(read, at + 1)?;
            Some((Part { day: Some(0), ..found }, end))
        }
        // "este pasado mediodía"
        (W::Este, W::Pasado, W::Mediodia, _) => Some((
            Part { range: policy::EARLY_AFTERNOON, day: Some(0), half: Some(Half::Midday), exact: None },
            at + 3,
        )),
        (W::Hoy, W::Noche, ..) => None,
        (W::Anoche, ..) => {
            let half = Some(Half::Night);
            Some((Part { range: policy::NIGHT, day: Some(-1), half, exact: None }, at + 1))
        }
        (W::Am, ..) if follows_day => part(policy::MORNING, Some(Half::Morning), at + 1),
        (W::Pm, ..) if follows_day => part(policy::AFTERNOON, Some(Half::Afternoon), at + 1),
        (W::En | W::Por | W::A, W::La, W::Am, _) => part(policy::MORNING, Some(Half::Morning), at + 3),
        (W::En | W::Por | W::A, W::La, W::Pm, _) => part(policy::AFTERNOON, Some(Half::Afternoon), at + 3),
        (W::Primera, W::Hora, W::De, W::Manana | W::Hoy) => part(policy::EARLY, Some(Half::Morning), at + 2),
        (W::Ultimo, W::Hora, W::De, W::Manana | W::Hoy) => {
            part(policy::LAST_HOURS, Some(Half::Afternoon), at + 2)
        }
        (W::A | W::P, ..) if follows_day && half(read, at).0.is_some() => {
            let (half, end) = half(read, at);
            let range = if half == Some(Half::Am) { policy::MORNING } else { policy::AFTERNOON };
            part(range, half, end)
        }
        (W::Ultimo, W::Hora, W::Del, _) => part(policy::LAST_HOURS, Some(Half::Afternoon), at + 2),
        (W::Primera, W::Hora, W::Del, _) => part(policy::EARLY, Some(Half::Morning), at + 2),
        (W::Lo, W::Mas, W::Temprano, _) => part(policy::EARLY, Some(Half::Morning), at + 3),
        (W::Lo, W::Mas, W::Tarde, _) => part(policy::LAST_HOURS, Some(Half::Afternoon), at + 3),
        (W::Jornada, W::Manana | W::Tarde, ..) => named(read, at + 1),
        (W::Tarde | W::Noche | W::Madrugada | W::Manana, ..) if is_bare(read, at, follows_day) => {
            named(read, at)
        }
        _ => None,
    }
}

/// `temprano en la noche`, `a finales de la tarde`, `a mediados de la mañana`, `tarde en la noche`.
fn shaded(read: &Read<'_>, at: usize) -> Option<(Part, usize)> {
    let mut next = at;
    while matches!(read.w(next), W::A | W::Al | W::Los | W::Mas | W::En) {
        next += 1;
    }
    let early = match (read.w(next), read.w(next + 1)) {
        (W::Temprano | W::Principio, _) | (W::Primera, W::Hora) => Some(true),
        (W::Tarde | W::Fines, _) | (W::Ultimo, W::Hora) => Some(false),
        (W::Mediados, _) => None,
        _ => return None,
    };
    next += if matches!(read.w(next + 1), W::Hora) { 2 } else { 1 };
    // "a principios de esta mañana", "más tarde esta noche"
    let joint = matches!(read.w(next), W::De | W::En | W::Por);
    next += usize::from(joint);
    let day = match read.w(next) {
        W::Este => Some(0),
        W::La if joint => None,
        _ => return None,
    };
    let (whole, end) = named(read, next + 1)?;
    let range = match (read.w(next + 1), early) {
        (W::Manana, Some(true)) => policy::EARLY,
        (W::Manana, _) => policy::MID_MORNING,
        (W::Tarde, Some(true)) => policy::EARLY_AFTERNOON,
        (W::Tarde, Some(false)) => policy::LAST_HOURS,
        (W::Tarde, None) => policy::MID_AFTERNOON,
        (W::Noche, Some(true)) => policy::EARLY_NIGHT,
        (W::Noche, _) => policy::LATE_NIGHT,
        _ => whole.range,
    };
    Some((Part { range, day, ..whole }, end))
}

fn named(read: &Read<'_>, at: usize) -> Option<(Part, usize)> {
    let (range, half) = match read.w(at) {
        W::Manana => (policy::MORNING, Half::Morning),
        W::Tarde => (policy::AFTERNOON, Half::Afternoon),
        W::Noche => (policy::NIGHT, Half::Night),
        W::Madrugada => (policy::SMALL_HOURS, Half::Morning),
        _ => return None,
    };
    Some((Part { range, day: None, half: Some(half), exact: None }, at + 1))
}

/// `del trabajo`, `de la pega`, `del colegio`: what is left behind before coming, and the token after it.
fn is_work(read: &Read<'_>, at: usize) -> Option<usize> {
    let next = match (read.w(at), read.w(at + 1)) {
        (W::Del, _) => at + 1,
        (W::De, W::La | W::El | W::Las) => at + 2,
        (W::De, _) => at + 1,
        _ => return None,
    };
    let left = [
        "trabajo",
        "pega",
        "colegio",
        "escuela",
        "liceo",
        "oficina",
        "universidad",
        "jardin",
        "turno",
        "clases",
    ];
    left.contains(&read.word(next)).then_some(next + 1)
}

fn noon(end: usize) -> Option<(Part, usize)> {
    let half = Some(Half::Midday);
    Some((Part { range: policy::MIDDAY, day: None, half, exact: Some(12 * 60) }, end))
}

fn first_hours(read: &Read<'_>, at: usize) -> Option<(Part, usize)> {
    let (range, half) = match read.w(at) {
        W::Manana => (policy::EARLY, Half::Morning),
        W::Tarde => (policy::EARLY_AFTERNOON, Half::Afternoon),
        W::Noche => (policy::EARLY_NIGHT, Half::Night),
        _ => return None,
    };
    Some((Part { range, day: None, half: Some(half), exact: None }, at + 1))
}

fn is_before(read: &Read<'_>, at: usize, w: W) -> bool {
    at > 0 && read.w(at - 1) == w
}

/// "buenas tardes", "las buenas noches".
fn is_good(read: &Read<'_>, at: usize) -> bool {
    at > 0 && matches!(read.word(at - 1), "buenas" | "buena" | "buenos" | "buen")
}

/// "martes tarde" and a lone "tarde", but not "más tarde", "llego tarde" or "buenas tardes".
fn is_bare(read: &Read<'_>, at: usize, follows_day: bool) -> bool {
    if read.w(at) == W::Manana {
        return false;
    }
    let alone = read.count() == 1;
    alone || follows_day || at > 0 && read.is_sign(at - 1, '/') && read.count() <= 6
}

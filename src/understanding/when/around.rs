//! What the words around a day or an hour make of it: a bound, an exception, a refusal, a story, a goodbye.

use super::piece::{Bound, Piece};
use crate::understanding::clause::Clauses;
use crate::understanding::glue::W;
use crate::understanding::lexicon::lexicon;
use crate::understanding::normal::{Kind, Read};
use crate::understanding::rules::Words;
use crate::understanding::verb;

/// `después de`, `antes de`, `desde`, `a partir de`, `hasta`: the bound at a token, and where its value begins.
pub(super) fn bound_before(read: &Read<'_>, at: usize) -> Option<(Bound, usize)> {
    let w = |offset: usize| read.w(at + offset);
    Some(match (w(0), w(1), w(2)) {
        (W::Despues | W::Luego, W::De | W::Que, _) => (Bound::After, at + 2),
        (W::Despues | W::Luego, W::Del, _) => (Bound::After, at + 1),
        (W::Despues, W::Las, _) => (Bound::After, at + 1),
        (W::Mas, W::Tarde, W::De | W::Que) => (Bound::After, at + 3),
        (W::Mas, W::Tarde, W::Del) => (Bound::After, at + 2),
        (W::Pasado, W::Las | W::El | W::La, _) => (Bound::After, at + 1),
        (W::Antes, W::De | W::Que, _) => (Bound::Before, at + 2),
        (W::Antes, W::Del, _) => (Bound::Before, at + 1),
        (W::Antes, W::Las, _) => (Bound::Before, at + 1),
        (W::Mas, W::Temprano, W::De | W::Que) => (Bound::Before, at + 3),
        (W::A, W::Partir, W::De) => (Bound::From, at + 3),
        (W::A, W::Partir, W::Del) => (Bound::From, at + 2),
        (W::Partir, W::De, _) => (Bound::From, at + 2),
        (W::Partir, W::Del, _) => (Bound::From, at + 1),
        (W::Desde, ..) => (Bound::From, at + 1),
        (W::De, W::Las, _) | (W::Del, ..) if ends_open(read, at) => (Bound::From, at + 1),
        (W::Hasta, ..) => (Bound::Until, at + 1),
        (W::Tan, W::Tarde, W::Como) => (Bound::Until, at + 3),
        (W::Tan, W::Pronto | W::Temprano, W::Como) => (Bound::From, at + 3),
        (W::A, W::Mas, W::Tardar) | (W::A, W::Lo, W::Mas) => (Bound::Until, at + 3),
        (W::Como, ..) if read.word(at + 1) == "maximo" => (Bound::Until, at + 2),
        (W::Como, ..) if read.word(at + 1) == "minimo" => (Bound::From, at + 2),
        // "por lo menos a las 4", but "al menos después de las 4" is bounded already
        (W::Lo | W::Al, W::Menos, W::A | W::Las) => (Bound::From, at + 2),
        (W::Empezando, W::Desde | W::A | W::En, _) => (Bound::From, at + 2),
        (W::Empezando, ..) => (Bound::From, at + 1),
        _ => return None,
    })
}

/// Whether "en adelante" comes within a few words.
fn ends_open(read: &Read<'_>, at: usize) -> bool {
    (at + 1..at + 7).any(|next| read.w(next) == W::Adelante)
}

/// `en adelante`, `para adelante`, `o más tarde`, `o antes` after a value: its bound, and the token after it.
pub(super) fn bound_after(read: &Read<'_>, at: usize) -> Option<(Bound, usize)> {
    if let Some(found) = drawn_from(read, at) {
        return Some(found);
    }
    match (read.w(at), read.w(at + 1), read.w(at + 2)) {
        (W::En | W::Para | W::Hacia, W::Adelante, _) => Some((Bound::From, at + 2)),
        (W::O, W::Mas, W::Tarde) => Some((Bound::From, at + 3)),
        (W::O, W::Mas, W::Temprano) => Some((Bound::Until, at + 3)),
        // "el 20 o después", but "el 20 o después de navidad" is two
        (W::O, W::Despues, after) if !matches!(after, W::De | W::Del) => Some((Bound::From, at + 2)),
        (W::O, W::Antes, after) if !matches!(after, W::De | W::Del) => Some((Bound::Until, at + 2)),
        _ => None,
    }
}

/// "a las 2 busco a los niños, así que antes": the hour of an errand is the bound of the one that is wanted.
fn drawn_from(read: &Read<'_>, at: usize) -> Option<(Bound, usize)> {
    let at = at + usize::from(read.is_sign(at, ','));
    let next = match (read.word(at), read.word(at + 1)) {
        ("asi", "que") | ("por", "eso") => at + 2,
        ("entonces", _) => at + 1,
        _ => return None,
    };
    let (bound, end) = match (read.w(next), read.w(next + 1)) {
        (W::Antes, _) => (Bound::Before, next + 1),
        (W::Despues, _) => (Bound::After, next + 1),
        (W::Mas, W::Temprano) => (Bound::Before, next + 2),
        (W::Mas, W::Tarde) => (Bound::After, next + 2),
        _ => return None,
    };
    (!matches!(read.w(end), W::De | W::Del | W::Las | W::Que)).then_some((bound, end))
}

/// Whether "menos" here excepts nothing: "más o menos a las 3", "al menos", "por lo menos".
pub(in crate::understanding) fn excepts_nothing(read: &Read<'_>, at: usize) -> bool {
    read.w(at) == W::Menos
        && at >= 1
        && (matches!(read.w(at - 1), W::Al | W::Lo)
            || at >= 2 && read.w(at - 1) == W::O && read.w(at - 2) == W::Mas)
}

/// Words after which the rest corrects what came before.
pub(super) fn is_switch(read: &Read<'_>, at: usize) -> bool {
    match read.word(at) {
        "mejor" | "perdon" | "digo" | "prefiero" | "sino" | "equivoque" | "preferiria" | "disculpa"
        | "corrijo" => at > 0,
        "realidad" => at > 0 && read.w(at - 1) == W::En,
        "decir" => at > 0 && read.word(at - 1) == "quise",
        "sea" => at > 0 && read.w(at - 1) == W::O,
        _ => false,
    }
}

/// Whether only "o", "y", a comma and articles stand between two places, and at least one of the words.
pub(super) fn is_joined(read: &Read<'_>, from: usize, to: usize) -> bool {
    let mut joint = false;
    for at in from..to {
        match read.w(at) {
            W::O | W::Y | W::Ni | W::E => joint = true,
            W::El | W::La | W::Los | W::De | W::En | W::Por | W::Para | W::A => {}
            _ if read.is_sign(at, ',') || read.is_sign(at, '/') => joint = true,
            _ => return false,
        }
    }
    // an article belongs to the piece itself
    joint
}

/// "menos el lunes", "que no sea el martes", "ni el jueves".
pub(super) fn is_excepted(read: &Read<'_>, at: usize) -> bool {
    let mut before = at;
    while before > 0
        && matches!(
            read.w(before - 1),
            W::El | W::Los | W::La | W::A | W::En | W::Por | W::Para | W::De | W::Dia
        )
    {
        before -= 1;
    }
    let w = |back: usize| before.checked_sub(back).map_or(W::Other, |at| read.w(at));
    match w(1) {
        W::Menos if excepts_nothing(read, before - 1) => false,
        W::Menos | W::Excepto | W::Ni => true,
        W::Es if before >= 2 => w(2) == W::No,
        _ => before > 0 && matches!(read.word(before - 1), "tampoco" | "sean"),
    }
}

/// Verbs after which a denied day is one on which the patient cannot come.
const ABILITY: [&str; 16] = [
    "poder", "querer", "servir", "acomodar", "ser", "ir", "tener", "alcanzar", "convenir", "resultar",
    "gustar", "asistir", "llegar", "venir", "haber", "estar",
];

/// Whether a negation that is about coming reaches a place.
pub(super) fn is_denied(read: &Read<'_>, words: &Words, clauses: &Clauses, at: usize) -> bool {
    let position = words.position(at);
    if position >= 64 || clauses.denied >> position & 1 == 0 {
        return false;
    }
    let mut before = position;
    while before > 0 {
        before -= 1;
        if clauses.negations >> before & 1 == 1 {
            return true;
        }
        let entry = read.tokens[words.tokens[before]].entry;
        let foreign = entry.w == W::Other
            && entry.verbs.iter().any(|(_, forms)| forms & verb::FINITE != 0)
            && !entry.verbs.iter().any(|(verb, forms)| {
                forms & verb::PAST == 0 && ABILITY.iter().any(|name| lexicon().verb(name) == Some(*verb))
            });
        if foreign {
            return false;
        }
    }
    true
}

/// "el martes no puedo", "martes no", "los lunes trabajo": what comes after takes the pieces before it away.
pub(super) fn deny_before_no(read: &Read<'_>, pieces: &mut [Piece]) {
    let mut from = 0;
    while from < pieces.len() {
        let mut last = from;
        while last + 1 < pieces.len()
            && (pieces[last].end..pieces[last + 1].at).all(|at| {
                matches!(
                    read.w(at),
                    W::Y | W::O | W::Ni | W::En | W::A | W::Por | W::De | W::El | W::Los | W::La
                ) || read.is_sign(at, ',')
            })
        {
            last += 1;
        }
        let after = pieces[last].end;
        let refused = match read.w(after) {
            W::No => {
                let next = read.word(after + 1);
                after + 1 == read.tokens.len()
                    || matches!(read.tokens.get(after + 1).map(|token| token.kind), Some(Kind::Sign(_)))
                    || matches!(
                        next,
                        "puedo"
                            | "podria"
                            | "podre"
                            | "me"
                            | "tengo"
                            | "trabajo"
                            | "estoy"
                            | "alcanzo"
                            | "voy"
                            | "gracias"
                            | "podemos"
                            | "ire"
                            | "llego"
                            | "estare"
                            | "puede"
                            | "quiero"
                            | "sirve"
                            | "porque"
                    )
            }
            W::Me => {
                matches!(read.word(after + 1), "complica" | "cuesta" | "queda")
                    && read.word(after + 2) != "bien"
            }
            _ => matches!(read.word(after), "trabajo" | "imposible" | "tampoco"),
        };
        if refused {
            for piece in &mut pieces[from..=last] {
                piece.negative = true;
            }
        }
        from = last + 1;
    }
}

/// Whether the clause around a place tells the past.
pub(super) fn is_told(read: &Read<'_>, words: &Words, at: usize) -> bool {
    let position = words.position(at);
    let mut from = position.min(words.tokens.len().saturating_sub(1));
    while from > 0 && words.breaks[from] == 0 {
        from -= 1;
    }
    let mut told = false;
    let hour_asked = |token: usize| read.w(token) == W::Hora;
    for place in from..words.tokens.len() {
        if place > position && words.breaks[place] != 0 {
            break;
        }
        let token = &read.tokens[words.tokens[place]];
        // "me operaron en marzo": the past of a verb that the lexicon has not
        let typed = read.typed(words.tokens[place]);
        if token.word == 0
            && typed.len() > 5
            && (typed.ends_with("aron") || typed.ends_with("ieron"))
            && !words.tokens.iter().any(|token| hour_asked(*token))
        {
            told = true;
        }
        for (verb, forms) in &token.entry.verbs {
            let past = verb::DID | verb::I_DID | verb::USED_TO;
            let only = forms & !past == 0 || token.accented_end && forms & past != 0;
            let polite = ["querer", "necesitar"].iter().any(|name| lexicon().verb(name) == Some(*verb));
            if only && !polite {
                told = true;
            } else if forms & verb::I != 0 && token.entry.w == W::Other {
                return false;
            }
        }
    }
    told
}

/// "nos vemos mañana", "buen fin de semana": a goodbye.
pub(super) fn is_farewell(read: &Read<'_>, at: usize) -> bool {
    at > 0 && matches!(read.word(at - 1), "buen" | "lindo" | "feliz" | "bonito")
        || (1..=3)
            .any(|back| at > back && read.word(at - back) == "vemos" && read.word(at - back - 1) == "nos")
}

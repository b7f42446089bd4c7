//! A length of time in words: "15", "15 minutos", "media hora", "una hora y media".

use crate::conversation::message::Message;
use crate::flow::definition::Unit;

/// The length that a message names, in minutes; a bare number counts in the unit of the question.
pub(super) fn length_said(message: &Message, unit: Unit) -> Option<i64> {
    let words: Vec<&str> = message.normal.split_whitespace().collect();
    let says = |wanted: &[&str]| words.windows(wanted.len()).any(|window| window == wanted);
    let half = if says(&["y", "media"]) { Unit::Hours.minutes() / 2 } else { 0 };
    if half == 0 && says(&["media", "hora"]) {
        return Some(Unit::Hours.minutes() / 2);
    }
    if says(&["cuartos", "de", "hora"]) {
        return message.number.map(|quarters| quarters * Unit::Hours.minutes() / 4);
    }
    if says(&["cuarto", "de", "hora"]) {
        return Some(Unit::Hours.minutes() / 4);
    }
    let named = words.iter().find_map(|word| match word.trim_end_matches('.') {
        "min" | "mins" | "minuto" | "minutos" => Some(Unit::Minutes),
        "h" | "hr" | "hrs" | "hora" | "horas" => Some(Unit::Hours),
        "dia" | "dias" => Some(Unit::Days),
        _ => None,
    });
    let one = named.is_some() && words.iter().any(|word| matches!(*word, "un" | "una"));
    let count = message.number.or(one.then_some(1))?;
    count.checked_mul(named.unwrap_or(unit).minutes())?.checked_add(half)
}

//! Danger to life: heard in any message, before anything else, unless it is denied or long past.

use serde::Serialize;

use super::Reason;
use super::groups::Groups;
use super::normal::Read;
use super::rules::{Match, Words};

/// Danger to life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Chest pain, no breath, bleeding, unconscious …
    Emergency,
    /// Talk of ending one's life.
    SelfHarm,
}

/// Danger to life in a message.
pub(super) fn of(
    read: &Read<'_>,
    words: &Words,
    matches: &[Match],
    denied: u64,
    why: &mut Vec<Reason>,
) -> Option<Safety> {
    let groups = Groups::get();
    let mut because = |found: &Match, safety| {
        why.push(Reason { rule: found.line, span: read.span(found.span.0..found.span.1) });
        Some(safety)
    };
    // "me quiero morir de la vergüenza": a manner of speaking, which takes back only the words it is made of
    let only_said = |danger: &Match| {
        matches.iter().any(|found| {
            found.group == groups.only_said && found.span.0 < danger.span.1 && danger.span.0 < found.span.1
        })
    };
    if let Some(found) = matches.iter().find(|found| found.group == groups.self_harm && !only_said(found)) {
        return because(found, Safety::SelfHarm);
    }
    // "no tengo fiebre pero me duele el pecho": what is past or denied is only what is told beside it
    let apart = |one: &Match, other: &Match| {
        let (from, to) =
            if one.span.1 <= other.span.0 { (one.span.1, other.span.0) } else { (other.span.1, one.span.0) };
        (from..to).any(|at| matches!(read.word(at), "y" | "pero" | "ahora" | "hoy" | "e"))
    };
    let crosses = |one: &Match, other: &Match| one.span.0 < other.span.1 && other.span.0 < one.span.1;
    // "ya no siento a mi guagua": the "no" of the danger itself takes nothing back
    let taken_back = |danger: &Match| {
        matches.iter().any(|found| {
            found.group == groups.not_now
                && !apart(found, danger)
                && !(danger.denies && found.line == "3 ya no" && crosses(found, danger))
        })
    };
    // "dolor de pecho no tengo, es la espalda": what is denied right behind it, where the clause ends
    let denied_behind = |danger: &Match| {
        let end = words.position(danger.span.1);
        let word = |at: usize| words.tokens.get(at).map_or("", |token| read.word(*token));
        let joined = |at: usize| words.breaks.get(at).is_some_and(|strength| *strength == 0);
        word(end) == "no"
            && joined(end)
            && joined(end + 1)
            && matches!(word(end + 1), "tengo" | "tiene" | "tenemos" | "siento" | "siente" | "hay")
            && !joined(end + 2)
    };
    let emergency = matches.iter().find(|found| {
        found.group == groups.emergency
            && (found.denies || found.words & denied == 0)
            && !taken_back(found)
            && (found.denies || !denied_behind(found))
            && !only_said(found)
    });
    emergency.and_then(|found| because(found, Safety::Emergency))
}

//! Yes and no. A no is looked for first; a yes with a condition, a question or a correction is not a yes.

use serde::Serialize;

use super::Reason;
use super::clause::Clauses;
use super::glue::W;
use super::groups::{Groups, has};
use super::normal::Read;
use super::rules::{Match, Words};

/// A yes or a no, in three grades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assent {
    /// A clear yes.
    Yes,
    /// "Ya", "ok", "bueno": enough to go on, not enough to cancel.
    WeakYes,
    /// A no.
    No,
}

/// A yes that comes later in a longer message than this is about something else.
const SHORT: usize = 6;

/// "confírmela": an order carries its pronoun behind it, so it is no past.
fn is_order(read: &Read<'_>, token: usize) -> bool {
    ["ela", "elo", "ala", "alo", "ame", "eme"].iter().any(|end| read.typed(token).ends_with(end))
}

/// What else is known of the message.
pub(super) struct Around {
    /// It asks something.
    pub question: bool,
    /// It corrects itself or names another day or hour.
    pub corrects: bool,
    /// It names a day or an hour.
    pub names_time: bool,
}

/// The yes or no of a message.
pub(super) fn of(
    read: &Read<'_>,
    words: &Words,
    clauses: &Clauses,
    matches: &[Match],
    around: &Around,
    why: &mut Vec<Reason>,
) -> Option<Assent> {
    let groups = Groups::get();
    // a greeting makes no answer longer
    let greeted = words.position(read.after_greeting());
    let count = words.tokens.len() - greeted;
    if count == 0 {
        return None;
    }
    let unreal = clauses.conditional | clauses.quoted;
    let of =
        |group: u8| matches.iter().filter(move |found| found.group == group && found.words & unreal == 0);
    let first_of = |group: u8| of(group).min_by_key(|found| found.span.0);
    let mut because = |found: &Match, assent| {
        why.push(Reason { rule: found.line, span: read.span(found.span.0..found.span.1) });
        Some(assent)
    };
    // "no sé", "no estoy segura": neither
    if of(groups.unsure).any(|found| found.denies && found.words & clauses.idle == 0) {
        return None;
    }
    let yes = of(groups.yes)
        .filter(|found| found.denies || found.words & clauses.denied == 0)
        .filter(|found| {
            let last = read.tokens[found.span.1 - 1];
            // "confirmé" is past, "cancelo" is not a yes to anything else
            !(last.accented_end && last.entry.verbs.iter().any(|(_, forms)| forms & super::verb::I_DID != 0))
        })
        .min_by_key(|found| found.span.0);
    // "no hay problema" is a yes with a no in it
    let excused = |at: usize| {
        of(groups.yes).any(|yes| {
            yes.denies
                && (yes.span.0..yes.span.1).contains(&at)
                && !(at + 1..yes.span.1).any(|later| read.w(later) == W::No)
        })
    };
    // "no, no hay problema, déjelo": the first one stands
    let refuses = words.tokens.iter().enumerate().any(|(place, token)| {
        let idle = place < 64 && clauses.idle >> place & 1 == 1;
        read.w(*token) == W::No && !idle && !excused(*token)
    });
    let is_no = |found: &&Match| refuses || found.words & clauses.idle == 0 && !excused(found.span.0);
    if let Some(no) = of(groups.no).filter(is_no).min_by_key(|found| found.span.0) {
        let answered = yes.is_some_and(|yes| {
            let end = words.position(yes.span.1);
            yes.span.1 <= no.span.0 && words.breaks.get(end).is_some_and(|strength| *strength == 2)
        });
        let asked_first = around.question && no.span.0 > words.tokens[greeted];
        if !answered && !asked_first {
            return because(no, Assent::No);
        }
        if !answered {
            return None;
        }
    }
    let taken_back = around.question
        || around.corrects
        || clauses.conditional != 0
        || of(groups.unsure).next().is_some()
        || has(matches, groups.others)
        || of(groups.past).any(|past| !is_order(read, past.span.1 - 1));
    if taken_back {
        return None;
    }
    if let Some(yes) = yes {
        let place = words.position(yes.span.0).saturating_sub(greeted);
        if count <= SHORT || place <= 2 {
            return because(yes, Assent::Yes);
        }
    }
    if let Some(weak) = first_of(groups.weak)
        && count <= 4
        && !around.names_time
        && weak.words & clauses.denied == 0
    {
        return because(weak, Assent::WeakYes);
    }
    None
}

//! What a patient meant: rules over Chilean Spanish, with no model and no network.
//!
//! A text is normalised with offsets, cut into tokens, and read by small typed grammars into constraints (days and
//! times that a search can filter by), never into a guess of one instant. Negation is understood before anything
//! positive; a yes with a condition, a question or a correction is not a yes; two readings that tie are `Several`
//! or `Ambiguous`, and the dialogue asks. Guarantees: no panic on any text, time linear in its length (at most
//! 2,000 characters are read), and `why` names the rules that decided, never the words themselves.

mod assent;
mod broken;
mod choice;
mod clause;
mod command;
mod doctor;
mod feast;
mod glue;
mod groups;
mod intent;
mod lexicon;
mod normal;
mod number;
mod rules;
mod rut;
mod safety;
mod specialty;
mod spelling;
mod verb;
mod when;

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;

use self::glue::W;
use self::groups::{Groups, has};
use self::rules::{Words, mark};
use crate::value::{Rut, RutTail, Window};

pub use assent::Assent;
pub use broken::{BrokenLine, check_words};
pub use command::Command;
pub use intent::Intent;
pub use normal::{normal, same_words};
pub use safety::Safety;
pub use when::When;

/// The word that a word in normal form is taken for, when it means something to the bot: itself, or the one of which
/// it is a misspelling. Ordinary words that are known only so that nobody corrects them mean nothing.
pub fn meaning_of(word: &str) -> Option<&str> {
    let lexicon = lexicon::lexicon();
    if lexicon.written_out(word).is_some() {
        return Some(word);
    }
    match lexicon.known(word).or_else(|| lexicon.accented(word)) {
        Some(id) => lexicon.get(id).means_something().then_some(word),
        None => lexicon.nearest(word).map(|id| lexicon.get(id).text.as_str()),
    }
}

/// Tokens from one to before another.
type Span = Range<usize>;

/// What is known when a message is read.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Local wall time of the centre.
    pub now: NaiveDateTime,
    /// The kind of question pending.
    pub asked: Asked,
    /// What is on the screen.
    pub options: &'a [Offered<'a>],
    /// The centre's prestaciones; empty: a built-in Chilean list.
    pub specialties: &'a [Specialty],
    /// Surnames of the centre's professionals.
    pub roster: &'a [String],
}

impl Context<'_> {
    /// Nothing asked, nothing on the screen.
    pub fn at(now: NaiveDateTime) -> Self {
        Self { now, asked: Asked::Nothing, options: &[], specialties: &[], roster: &[] }
    }
}

/// The kind of question pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asked {
    /// None.
    #[default]
    Nothing,
    /// Yes or no.
    YesNo,
    /// One of the options.
    Option,
    /// A day or an hour.
    When,
    /// Free words.
    Text,
}

/// An option on the screen.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'a> {
    /// Its label.
    pub label: &'a str,
    /// Its second line.
    pub detail: Option<&'a str>,
    /// The wall time it stands for, when it is an hour.
    pub starts: Option<NaiveDateTime>,
    /// Other words for it.
    pub words: &'a [String],
}

/// A prestación and how patients call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specialty {
    /// What is answered when it is meant.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Other words for it.
    pub words: Vec<String>,
}

/// Which option was meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// None that can be told.
    #[default]
    None,
    /// That one, by position from 0.
    One(usize),
    /// More than one fits; the dialogue asks.
    Several(Vec<usize>),
    /// None of them is wanted: "ninguna".
    Neither,
}

/// A rule that decided, and the bytes of the original text it decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule.
    pub rule: &'static str,
    /// Where.
    pub span: Range<usize>,
}

/// What was understood; every part that the message carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Understanding {
    /// The words of the message in normal form, as [`normal()`] gives them.
    pub normal: String,
    /// What the patient wants.
    pub intent: Intent,
    /// How sure that is, 0 to 1.
    pub confidence: f32,
    /// A yes or a no.
    pub assent: Option<Assent>,
    /// The one reading of day and time.
    pub when: Option<When>,
    /// The constraint that the message puts on hours.
    pub window: Option<Window>,
    /// The hour that cannot be kept: "el lunes no puedo ir", "no puedo ir a las 9". It points at an appointment that
    /// the patient has, where `window` leaves the same day out of the hours that are wanted.
    pub unmet: Option<Window>,
    /// The option meant.
    pub choice: Choice,
    /// A whole RUT.
    pub rut: Option<Rut>,
    /// The end of a RUT.
    pub rut_tail: Option<RutTail>,
    /// A birth date.
    pub birth_date: Option<NaiveDate>,
    /// The key of the prestación meant.
    pub specialty: Option<String>,
    /// The professional's surname, as the roster has it.
    pub doctor: Option<String>,
    /// The number said.
    pub number: Option<i64>,
    /// Danger to life.
    pub safety: Option<Safety>,
    /// A word that steers the conversation, when it is nearly the whole message.
    pub command: Option<Command>,
    /// "Cualquiera", "da lo mismo".
    pub any: bool,
    /// It asks something.
    pub question: bool,
    /// Why.
    pub why: Vec<Reason>,
}

/// The command that a whole message is, whatever else it may be beside a question.
pub fn command_of(text: &str) -> Option<Command> {
    let read = normal::read(text);
    let words = Words::of(&read);
    let clauses = clause::of(&read, &words);
    let matches = lexicon::lexicon().rules.find(&read, &words);
    command::of(&read, &words, &matches, clauses.denied)
}

/// Reads a message.
pub fn understand(text: &str, context: &Context<'_>) -> Understanding {
    let read = normal::read(text);
    let mut words = Words::of(&read);
    let mut why = Vec::new();
    let clauses = clause::of(&read, &words);
    let numbers = number::of(&read);
    let mut times = when::read(&read, &words, &clauses, context, &mut why);
    let specialty =
        specialty::of(&read, context.specialties, |token| clauses.denies(&words, token), &mut why);
    let doctor = doctor::of(&read, context.roster, |token| clauses.denies(&words, token), &mut why);
    // a day that is past is not one that is asked for
    let told =
        times.window.is_none() && matches!(times.when, Some(When::Date(day)) if day < context.now.date());
    // "tengo tos hace tres días": how long it lasts, beside what is wanted
    let lasts =
        told && times.taken.iter().all(|taken| {
            taken.clone().any(|at| {
                matches!(read.w(at), W::Hace | W::Atras | W::Pasado | W::Ultimo)
                    || at > 0 && read.w(at - 1) == W::Hace
            })
        }) && words.tokens.iter().filter(|token| !times.takes(**token)).count() >= 2
            && context.asked != Asked::Text;
    if lasts {
        times.when = None;
    }
    for taken in times.taken.iter().filter(|_| !told) {
        words.mark(taken.clone(), mark::WHEN);
    }
    if let Some((_, span)) = &specialty {
        words.mark(span.clone(), mark::SPECIALTY);
    }
    if let Some((_, span)) = &doctor {
        words.mark(span.clone(), mark::DOCTOR);
    }
    let matches = lexicon::lexicon().rules.find(&read, &words);
    let groups = Groups::get();
    let safety = safety::of(&read, &words, &matches, clauses.denied, &mut why);
    let question = read.text.contains(['?', '¿']) || has(&matches, groups.question);
    let any = has(&matches, groups.indifferent);
    let around = assent::Around {
        question,
        corrects: times.corrects && context.asked != Asked::When,
        names_time: times
            .window
            .as_ref()
            .is_some_and(|window| !window.days.is_empty() || !window.times.is_empty()),
    };
    let assent = assent::of(&read, &words, &clauses, &matches, &around, &mut why);
    let choice = choice::of(
        &read,
        &numbers,
        &times,
        &matches,
        context,
        |token| clauses.denies(&words, token),
        &mut why,
    );
    let command = command::of(&read, &words, &matches, clauses.denied);
    let (rut, rut_tail) = rut::of(&read);
    let evidence = intent::Evidence {
        read: &read,
        words: &words,
        clauses: &clauses,
        matches: &matches,
        asked: context.asked,
        assent,
        specialty: specialty.is_some(),
        emergency: safety == Some(Safety::Emergency),
        any,
        question,
    };
    let (intent, confidence) = intent::of(&evidence, &mut why);
    let unkept = matches!(intent, Intent::Cancelar | Intent::Reagendar)
        || clauses.denies_coming(&read, &words)
        || context.asked == Asked::Nothing && context.options.is_empty() && !times.wanted;
    let unmet = times.refused.clone().filter(|_| unkept);
    let number = number::said(&read, &numbers, |token| times.takes(token));
    Understanding {
        normal: normal::line_of(&read),
        intent,
        confidence,
        assent,
        when: times.when,
        window: times.window,
        unmet,
        choice,
        rut,
        rut_tail,
        birth_date: times.birth_date,
        specialty: specialty.map(|(key, _)| key),
        doctor: doctor.map(|(surname, _)| surname),
        number,
        safety,
        command,
        any,
        question,
        why,
    }
}

//! What a patient meant: rules over Chilean Spanish, with no model and no network.
//!
//! A text is normalised with offsets, cut into tokens, and read by small typed grammars into constraints (days and
//! times that a search can filter by), never into a guess of one instant. Negation is understood before anything
//! positive; a yes with a condition, a question or a correction is not a yes; two readings that tie are `Several`
//! or `Ambiguous`, and the dialogue asks. Guarantees: no panic on any text, time linear in its length (at most
//! 2,000 characters are read), and `why` names the rules that decided, never the words themselves.

mod assent;
mod choice;
mod intent;
mod lexicon;
mod names;
mod normal;
mod number;
mod specialty;
mod when;

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;

use crate::value::{Rut, RutTail, Window};

pub use assent::Assent;
pub use intent::{Command, Intent, Safety};
pub use normal::normal;
pub use when::When;

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

/// Reads a message.
pub fn understand(text: &str, context: &Context<'_>) -> Understanding {
    let read = normal::read(text);
    let mut why = Vec::new();
    let numbers = number::of(&read);
    let times = when::read(&read, context, &mut why);
    let question = intent::is_question(&read);
    let assent = assent::of(&read, question, &times, &mut why);
    let choice = choice::of(&read, &numbers, &times, context, assent, &mut why);
    let (rut, rut_tail) = names::rut(&read);
    let specialty = specialty::of(&read, context.specialties, &mut why);
    let safety = intent::safety(&read, &mut why);
    let command = intent::command(&read);
    let any = intent::indifferent(&read);
    let (intent, confidence) =
        intent::of(&read, context, assent, specialty.is_some(), &times, safety, any, question, &mut why);
    Understanding {
        intent,
        confidence,
        assent,
        when: times.when,
        window: times.window,
        choice,
        rut,
        rut_tail,
        birth_date: times.birth_date,
        specialty,
        doctor: names::doctor(&read, context.roster, &mut why),
        number: numbers.first().map(|number| number.value),
        safety,
        command,
        any,
        question,
        why,
    }
}

//! A correction that names what it corrects: "perdón, el remedio era metformina", "cambiar el remedio por metformina".
//!
//! Free words, a yes and a number mean nothing away from their question. So they correct an earlier answer only when
//! the message names it, and beside a question for free words only when it also says that it corrects something. What
//! is named without a new value is asked anew; nothing is guessed.

use super::length::length_said;
use crate::conversation::fill::fits_kind;
use crate::conversation::frames::is_frozen;
use crate::conversation::message::{Assent, Command, Message};
use crate::conversation::running::Running;
use crate::flow::definition::{Field, FieldKind};
use crate::flow::{Flow, Name, Record, Value};

/// What may stand before the name of what is corrected; anything else, and it is a sentence about something.
const LEADS: [&str; 78] = [
    "perdon",
    "perdona",
    "perdone",
    "perdoname",
    "perdoneme",
    "disculpa",
    "disculpe",
    "disculpame",
    "disculpeme",
    "ay",
    "ah",
    "uy",
    "ups",
    "oh",
    "chuta",
    "no",
    "si",
    "pero",
    "mejor",
    "oye",
    "oiga",
    "mire",
    "mira",
    "espera",
    "espere",
    "en",
    "realidad",
    "verdad",
    "me",
    "equivoque",
    "equivocado",
    "con",
    "de",
    "del",
    "quiero",
    "quisiera",
    "queria",
    "puedo",
    "podria",
    "puede",
    "puedes",
    "podemos",
    "necesito",
    "favor",
    "por",
    "porfa",
    "que",
    "hola",
    "señorita",
    "señor",
    "señora",
    "corrijo",
    "correccion",
    "digo",
    "dije",
    "decir",
    "puse",
    "escribi",
    "mal",
    "anota",
    "anote",
    "pon",
    "ponga",
    "ponle",
    "y",
    "ojo",
    "cosa",
    "una",
    "un",
    "momento",
    "momentito",
    "error",
    "tengo",
    "hay",
    "ya",
    "ahora",
    "era",
    "es",
];
/// What stands before a name and says nothing.
const ARTICLES: [&str; 9] = ["el", "la", "los", "las", "lo", "mi", "tu", "su", "nombre"];
/// What may stand between the name and the verb.
const FILLERS: [&str; 12] = [
    "que", "si", "ahora", "mejor", "en", "realidad", "puse", "dije", "escribi", "correcto", "nuevo", "verdad",
];
/// "El remedio era …".
const IS: [&str; 8] = ["era", "es", "eran", "son", "seria", "serian", "fue", "sea"];
/// "Cambiar el remedio por …".
const INTO: [&str; 4] = ["por", "a", "al", "con"];
/// Courtesy after the value, which is no part of it.
const TRAILS: [&str; 12] = [
    "gracias",
    "porfa",
    "porfavor",
    "favor",
    "por",
    "perdon",
    "disculpa",
    "disculpe",
    "señorita",
    "muchas",
    "mejor",
    "no",
];

/// An answer that a message names.
struct Named<'f> {
    field: &'f Field,
    /// What it should be, in the patient's own letters.
    value: Option<String>,
    /// It says that something is to be changed: "perdón", "me equivoqué", "cambiar".
    corrects: bool,
    /// It says so with the verb: "cambiar".
    changes: bool,
    /// Nothing is said after the name.
    bare: bool,
}

impl<'a> Running<'a> {
    /// Answers that mean something at their own question only, and that the message names and says otherwise; with
    /// what they should be, when that can be told. `asked` is the question that waits.
    pub(super) fn named_otherwise(
        &self,
        index: usize,
        flow: &'a Flow,
        asked: Option<&str>,
        message: &Message,
    ) -> Vec<(Name, Option<Value>)> {
        let frame = &self.state.stack[index];
        let can_be = |field: &&Field| {
            Some(field.name.as_str()) != asked
                && means_nothing_alone(field)
                && frame.answers.contains_key(&field.name)
                && !is_frozen(flow, frame, &field.name)
        };
        let fields: Vec<&Field> = flow.fields.values().filter(can_be).collect();
        if fields.is_empty() {
            return Vec::new();
        }
        let waits = asked.and_then(|asked| flow.fields.get(asked));
        let for_free_words = waits.is_some_and(|field| matches!(field.kind, FieldKind::Text { .. }));
        let mut found: Vec<(Name, Option<Value>)> = Vec::new();
        for named in message.text.lines().filter_map(|line| named_in(&fields, line, message)) {
            // "El remedio es muy fuerte" answers a question for free words; so does "perdón, el remedio …".
            let clear = named.corrects && (named.value.is_some() || named.changes);
            if for_free_words && !clear || message.question && !named.changes {
                continue;
            }
            if named.value.is_none() && !named.corrects {
                continue;
            }
            let value = named.value.and_then(|value| self.value_said(index, flow, named.field, &value));
            found.retain(|(name, _)| *name != named.field.name);
            found.push((named.field.name.clone(), value));
        }
        found
    }

    /// What words say to a question, read for that question alone.
    fn value_said(&self, index: usize, flow: &'a Flow, field: &'a Field, words: &str) -> Option<Value> {
        let said = self.hear(words, &[], None);
        let value = match &field.kind {
            FieldKind::Text { max } => Some(Value::Text(words.chars().take(*max).collect())),
            FieldKind::YesNo => said.assent.map(|assent| Value::Flag(assent != Assent::No)),
            FieldKind::Number { unit: None, .. } => said.number.map(Value::Number),
            FieldKind::Number { unit: Some(unit), .. } => length_said(&said, *unit).map(Value::Length),
            FieldKind::Choice { several: true, .. } => {
                let rows = self.rows(index, field);
                let named = rows.iter().zip(self.called(index, flow, field, &rows));
                let named = named.filter(|(_, called)| said.mentioned([called.clone()]).is_some());
                let named: Vec<Record> = named.map(|(row, _)| row.clone()).collect();
                (!named.is_empty()).then_some(Value::Rows(named))
            }
            _ => None,
        };
        value.filter(|value| fits_kind(field, value))
    }

    /// The answer that "cambiar …" names, where the understanding hears no command in it; not one of the words that
    /// mean an appointment, for moving one is a flow of its own.
    pub(super) fn change_by_name(&self, message: &Message) -> Option<&'a Field> {
        if !message.words.iter().any(|word| is_change(word)) {
            return None;
        }
        let form = self.form()?;
        let frame = &self.state.stack[form];
        let flow = self.flow_of(frame)?;
        let can_be =
            |field: &&Field| frame.answers.contains_key(&field.name) && !is_frozen(flow, frame, &field.name);
        let fields: Vec<&'a Field> = flow.fields.values().filter(can_be).collect();
        let named = named_in(&fields, &message.text, message)?;
        let visit = names_of(named.field).any(|name| name.split(' ').any(|word| VISITS.contains(&word)));
        (named.changes && named.bare && !visit).then_some(named.field)
    }

    /// Whether the message is "cambiar" with the name of something that can be changed here, which is more than a word
    /// that an option has in common with it.
    pub(super) fn names_what_to_change(&self, asked: &str, message: &Message) -> bool {
        let named = match &message.command {
            Some(Command::Change(Some(what))) => self.form().and_then(|form| {
                let frame = &self.state.stack[form];
                let field = field_named(self.flow_of(frame)?, what)?;
                (field.optional || frame.answers.contains_key(&field.name)).then_some(field)
            }),
            Some(_) => None,
            None => self.change_by_name(message),
        };
        named.is_some_and(|field| field.name != asked)
    }
}

/// Words for a visit to the centre.
const VISITS: [&str; 5] = ["hora", "horas", "cita", "turno", "reserva"];

/// Whether an answer to this can be told from nothing but its question or its name.
fn means_nothing_alone(field: &Field) -> bool {
    matches!(
        field.kind,
        FieldKind::Text { .. }
            | FieldKind::YesNo
            | FieldKind::Number { .. }
            | FieldKind::Choice { several: true, .. }
    )
}

/// The field that words name: its title or one of its words, with or without article; the longest name counts.
pub(super) fn field_named<'f>(flow: &'f Flow, what: &str) -> Option<&'f Field> {
    let what = Message::normal_form(what);
    let words: Vec<&str> = what.split_whitespace().collect();
    let fields: Vec<&Field> = flow.fields.values().collect();
    name_in(&fields, &words).map(|(field, ..)| field)
}

/// Names of a field, heard as messages are.
fn names_of(field: &Field) -> impl Iterator<Item = String> {
    let own = std::iter::once(&field.title).chain(&field.words).chain(std::iter::once(&field.name));
    own.map(|name| {
        let name = Message::normal_form(name);
        let articles = ["el ", "la ", "los ", "las ", "mi ", "tu ", "para "];
        let bare = articles.iter().find_map(|article| name.strip_prefix(article));
        bare.map(str::to_owned).unwrap_or(name)
    })
}

/// The first of the longest names among words, with where it stands and how many words it has.
fn name_in<'f>(fields: &[&'f Field], words: &[&str]) -> Option<(&'f Field, usize, usize)> {
    let mut best: Option<(&Field, usize, usize)> = None;
    for field in fields {
        for name in names_of(field) {
            let name: Vec<&str> = name.split_whitespace().collect();
            if name.is_empty() {
                continue;
            }
            let Some(at) = words.windows(name.len()).position(|window| window == name) else { continue };
            if best.is_none_or(|(_, _, length)| name.len() > length) {
                best = Some((field, at, name.len()));
            }
        }
    }
    best
}

/// What a line says of the one field that it names.
fn named_in<'f>(fields: &[&'f Field], line: &str, message: &Message) -> Option<Named<'f>> {
    // each word as it is heard, with the place of the token it was written in
    let tokens: Vec<&str> = line.split_whitespace().collect();
    let heard: Vec<(String, usize)> = tokens
        .iter()
        .enumerate()
        .flat_map(|(place, token)| {
            let words = Message::normal_form(token);
            words.split_whitespace().map(|word| (clean(word), place)).collect::<Vec<_>>()
        })
        .filter(|(word, _)| !word.is_empty())
        .collect();
    let words: Vec<&str> = heard.iter().map(|(word, _)| word.as_str()).collect();
    let (field, at, length) = name_in(fields, &words)?;
    let (before, after) = (&words[..at], &words[at + length..]);
    let before = &before[..before.len() - before.iter().rev().take_while(|word| is_article(word)).count()];
    let changes = before.iter().any(|word| is_change(word));
    let said = message.words.iter().map(String::as_str);
    let corrects = words.first() == Some(&"no") || said.into_iter().any(says_it_corrects);
    let last_of_name = tokens[heard[at + length - 1].1];
    let value = |from: usize, to: usize| written(&tokens, heard.get(from)?.1, heard.get(to - 1)?.1);
    let end = words.len();
    if !before.iter().all(|word| LEADS.contains(word) || is_change(word) || is_article(word)) {
        // "Perdón, era metformina el remedio": the name comes last
        let is = before.iter().position(|word| IS.contains(word)).filter(|_| after.is_empty())?;
        let led = before[..is].iter().all(|word| LEADS.contains(word) || is_change(word));
        let value = value(is + 1, before.len()).filter(|_| led)?;
        return Some(Named { field, value: Some(value), corrects, changes, bare: false });
    }
    let fillers = after.iter().take_while(|word| FILLERS.contains(word)).count();
    let from = at + length + fillers;
    let rest = &words[from..];
    let starts = match rest {
        _ if last_of_name.ends_with([':', '=']) => Some(at + length),
        ["no", is, more @ ..] if IS.contains(is) => {
            let but = more.iter().position(|word| *word == "sino" || IS.contains(word));
            but.map(|but| from + 2 + but + 1 + usize::from(more.get(but + 1) == Some(&"que")))
        }
        ["debe" | "debia" | "deberia", "ser", ..] => Some(from + 2),
        ["tiene" | "tenia", "que", "ser", ..] => Some(from + 3),
        [is, ..] if IS.contains(is) => Some(from + 1),
        [into, ..] if changes && INTO.contains(into) => Some(from + 1),
        _ => None,
    };
    let value = starts.and_then(|from| value(from, end));
    let bare = after.iter().all(|word| TRAILS.contains(word));
    Some(Named { field, value, corrects, changes, bare })
}

/// The tokens from one to another as they were written, without what is around them.
fn written(tokens: &[&str], from: usize, to: usize) -> Option<String> {
    let mut tokens = tokens.get(from..=to)?;
    while let Some((last, more)) = tokens.split_last()
        && !more.is_empty()
        && TRAILS.contains(&clean(&Message::normal_form(last)).as_str())
    {
        tokens = more;
    }
    let text = tokens.join(" ");
    let text = text.trim_matches(|letter: char| !letter.is_alphanumeric() && !"()%+".contains(letter));
    (!text.is_empty()).then(|| text.to_owned())
}

fn clean(word: &str) -> String {
    word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_owned()
}

fn is_article(word: &str) -> bool {
    ARTICLES.contains(&word)
}

fn is_change(word: &str) -> bool {
    ["cambi", "corrig", "corrij", "correg", "modific"].iter().any(|stem| word.starts_with(stem))
}

pub(super) fn says_it_corrects(word: &str) -> bool {
    is_change(word)
        || ["perdon", "disculp", "equivoq"].iter().any(|stem| word.starts_with(stem))
        || ["mejor", "digo", "correccion", "error", "realidad"].contains(&word)
}

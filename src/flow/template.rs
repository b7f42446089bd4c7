//! Texts with placeholders: `"{prestacion.nombre}: {hora.inicio | dia_hora}[ con {hora.profesional}]"`.
//!
//! A part in square brackets is left out when a value in it is not there. Marks that WhatsApp would read as
//! bold, italics or strike are taken out of inserted values: a name must not change a text's shape.

use std::fmt::{self, Write};

use super::error::nearest;
use super::expression::Expression;
use super::port::{Kind, RowKind};
use super::scope::{Scope, Seen};
use super::value::{Name, Record, Value};
use super::window_words;
use crate::value::hour_label;

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Plain words.
    Words(String),
    /// A value, maybe through a filter.
    Placeholder(Expression, Option<Filter>),
    /// Left out when a value in it is not there.
    Optional(Vec<Self>),
}

/// How a value is put into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// `jueves 26 de noviembre a las 10:30`, for a moment.
    DayHour,
    /// `jue 26 nov 10:30`, for a list's row.
    DayHourShort,
    /// `jueves 26 de noviembre`.
    Day,
    /// `10:30`.
    Hour,
    /// A window in words: `el martes en la tarde`.
    Human,
    /// The first name only.
    FirstName,
    /// Lower case first letter, for the middle of a sentence.
    Lower,
    /// Appointments, one a line: `- jueves 26 de noviembre a las 10:30: Matrona, con Ana Rojas`.
    List,
    /// Several names in a row: `Ana Rojas, Eva Paz y Juan Vera`.
    Names,
    /// How many there are.
    Count,
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTemplate(pub String);

impl Filter {
    /// Every filter with its name in flows.
    pub const ALL: [(&'static str, Self); 10] = [
        ("dia_hora", Self::DayHour),
        ("dia_hora_corta", Self::DayHourShort),
        ("dia", Self::Day),
        ("hora", Self::Hour),
        ("humano", Self::Human),
        ("nombre", Self::FirstName),
        ("minuscula", Self::Lower),
        ("lista", Self::List),
        ("nombres", Self::Names),
        ("cuenta", Self::Count),
    ];

    /// Of which rows it puts several into words.
    pub fn takes_rows(self, row: RowKind) -> bool {
        match self {
            Self::List => row == RowKind::Appointment,
            Self::Names => row.columns().iter().any(|(column, _)| *column == "nombre"),
            Self::Count => true,
            _ => false,
        }
    }

    /// What it puts into words; nothing single when it takes rows.
    pub fn takes(self) -> &'static [Kind] {
        match self {
            Self::DayHour | Self::DayHourShort | Self::Hour => &[Kind::Moment],
            Self::Day => &[Kind::Moment, Kind::Date],
            Self::Human => &[Kind::Window],
            Self::FirstName | Self::Lower => &[Kind::Text],
            Self::List | Self::Names | Self::Count => &[],
        }
    }
}

impl Template {
    /// Reads a text; `{` and `[` stand for themselves when doubled.
    ///
    /// # Errors
    /// When a brace or bracket is not closed, or what stands in braces is not a value.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let characters: Vec<char> = text.chars().collect();
        let mut at = 0;
        let parts = parts(&characters, &mut at, false)?;
        Ok(Self { parts })
    }

    /// The text with its values in place.
    pub fn render(&self, scope: &dyn Scope) -> String {
        let mut text = String::new();
        put(&self.parts, scope, &mut text);
        text
    }

    /// The names it looks up.
    pub fn names(&self) -> Vec<&Name> {
        fn collect<'a>(parts: &'a [Part], names: &mut Vec<&'a Name>) {
            for part in parts {
                match part {
                    Part::Words(_) => {}
                    Part::Placeholder(expression, _) => names.extend(expression.names()),
                    Part::Optional(inner) => collect(inner, names),
                }
            }
        }
        let mut names = Vec::new();
        collect(&self.parts, &mut names);
        names
    }
}

impl fmt::Display for Template {
    /// As it is written in a flow: reading it again gives the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => words.chars().try_for_each(|c| match c {
                '{' | '}' | '[' | ']' => write!(f, "{c}{c}"),
                c => write!(f, "{c}"),
            }),
            Self::Placeholder(value, filter) => {
                let named = Filter::ALL.into_iter().find(|(_, known)| Some(*known) == *filter);
                match named {
                    Some((name, _)) => write!(f, "{{{value} | {name}}}"),
                    None => write!(f, "{{{value}}}"),
                }
            }
            Self::Optional(inner) => {
                f.write_str("[")?;
                inner.iter().try_for_each(|part| part.fmt(f))?;
                f.write_str("]")
            }
        }
    }
}

/// Adds the parts; false when a value was not there.
fn put(parts: &[Part], scope: &dyn Scope, text: &mut String) -> bool {
    let mut complete = true;
    for part in parts {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Placeholder(expression, filter) => {
                let seen = expression.see(scope);
                complete &= seen.is_something();
                // writing to a text cannot fail
                let _ = put_value(&seen, *filter, &mut Plain(text));
            }
            Part::Optional(inner) => {
                let before = text.len();
                if !put(inner, scope, text) {
                    text.truncate(before);
                }
            }
        }
    }
    complete
}

/// Where values are written: a name must not turn the rest of the message bold.
struct Plain<'t>(&'t mut String);

impl Write for Plain<'_> {
    fn write_str(&mut self, words: &str) -> fmt::Result {
        if words.bytes().any(|byte| matches!(byte, b'*' | b'_' | b'~' | b'`')) {
            words.split(['*', '_', '~', '`']).for_each(|piece| self.0.push_str(piece));
        } else {
            self.0.push_str(words);
        }
        Ok(())
    }
}

fn put_value(seen: &Seen<'_>, filter: Option<Filter>, text: &mut Plain<'_>) -> fmt::Result {
    let value = match seen {
        Seen::Value(value) => value.as_ref(),
        Seen::Row(row) => return text.write_str(&row.key),
        Seen::Rows(rows) => return put_rows(rows, filter, text),
    };
    match (filter, value) {
        (Some(Filter::DayHour), Value::Moment(at)) => write!(text, "{}", hour_label::DayHour(*at)),
        (Some(Filter::DayHourShort), Value::Moment(at)) => write!(text, "{}", hour_label::DayHourShort(*at)),
        (Some(Filter::Day), Value::Moment(at)) => write!(text, "{}", hour_label::Day(at.date())),
        (Some(Filter::Day), Value::Date(day)) => write!(text, "{}", hour_label::Day(*day)),
        (Some(Filter::Hour), Value::Moment(at)) => write!(text, "{}", hour_label::Hour(*at)),
        (Some(Filter::Human), Value::Window(window)) => text.write_str(&window_words::in_words(window)),
        (Some(Filter::FirstName), Value::Text(name)) => {
            text.write_str(name.split_whitespace().next().unwrap_or_default())
        }
        (Some(Filter::Lower), value) => {
            let words = value.to_string();
            let mut characters = words.chars();
            if let Some(first) = characters.next() {
                write!(text, "{}", first.to_lowercase())?;
            }
            text.write_str(characters.as_str())
        }
        (_, Value::Text(words) | Value::Key(words)) => text.write_str(words),
        (_, Value::Rows(rows)) => put_rows(rows, filter, text),
        (_, value) => write!(text, "{value}"),
    }
}

fn put_rows(rows: &[Record], filter: Option<Filter>, text: &mut Plain<'_>) -> fmt::Result {
    match filter {
        Some(Filter::List) => {
            let lines: Vec<String> = rows.iter().map(line).collect();
            text.write_str(&lines.join("\n"))
        }
        Some(Filter::Names) => {
            let name = |row: &Record| row.columns.get("nombre").map(ToString::to_string);
            text.write_str(&enumerated(&rows.iter().filter_map(name).collect::<Vec<_>>()))
        }
        _ => write!(text, "{}", rows.len()),
    }
}

/// `Ana, Eva y Juan`; `Ana e Inés`, as Spanish has it before an i.
fn enumerated(names: &[String]) -> String {
    let [first @ .., last] = names else { return String::new() };
    if first.is_empty() {
        return last.clone();
    }
    let start = last.to_lowercase();
    let start = start.trim_start_matches('h');
    // "hielo" and "hiena" keep their y: there the i is no vowel
    let vowel = (start.starts_with('i') || start.starts_with('í')) && !start.starts_with("ie");
    format!("{} {} {last}", first.join(", "), if vowel { "e" } else { "y" })
}

fn line(row: &Record) -> String {
    let column = |name: &str| row.columns.get(name).map(ToString::to_string).unwrap_or_default();
    format!("- {}: {}, con {}", column("inicio"), column("prestacion"), column("profesional"))
}

fn parts(characters: &[char], at: &mut usize, inside: bool) -> Result<Vec<Part>, BadTemplate> {
    let mut parts = Vec::new();
    let mut words = String::new();
    let end = |words: &mut String, parts: &mut Vec<Part>| {
        if !words.is_empty() {
            parts.push(Part::Words(std::mem::take(words)));
        }
    };
    while let Some(&c) = characters.get(*at) {
        let doubled = characters.get(*at + 1) == Some(&c);
        *at += 1;
        match c {
            '{' | '[' | '}' | ']' if doubled => {
                *at += 1;
                words.push(c);
            }
            '{' => {
                let start = *at;
                let mut quoted = false;
                // a brace inside a quotation closes nothing
                while characters.get(*at).is_some_and(|c| quoted || *c != '}') {
                    quoted ^= characters[*at] == '"';
                    *at += 1;
                }
                if *at >= characters.len() {
                    return Err(BadTemplate("a `{` is not closed by `}`".into()));
                }
                let inside: String = characters[start..*at].iter().collect();
                *at += 1;
                end(&mut words, &mut parts);
                parts.push(placeholder(&inside)?);
            }
            '[' if inside => {
                return Err(BadTemplate(
                    "a `[` stands inside another; close the first with `]` before".into(),
                ));
            }
            '[' => {
                end(&mut words, &mut parts);
                parts.push(Part::Optional(self::parts(characters, at, true)?));
            }
            ']' if inside => {
                end(&mut words, &mut parts);
                return Ok(parts);
            }
            ']' => return Err(BadTemplate("a `]` closes nothing; write `]]` for the sign itself".into())),
            '}' => return Err(BadTemplate("a `}` closes nothing; write `}}` for the sign itself".into())),
            other => words.push(other),
        }
    }
    if inside {
        return Err(BadTemplate("a `[` is not closed by `]`".into()));
    }
    end(&mut words, &mut parts);
    Ok(parts)
}

fn placeholder(inside: &str) -> Result<Part, BadTemplate> {
    // a filter comes last and holds no quotation, so a `|` before one belongs to the words
    let (value, filter) = match inside.rsplit_once('|').filter(|(_, filter)| !filter.contains('"')) {
        Some((value, filter)) => (value, Some(filter.trim())),
        None => (inside, None),
    };
    let expression = Expression::parse(value).map_err(|error| {
        BadTemplate(format!("in `{{{inside}}}`: {error}; write a value, as in {{paciente.nombre}}"))
    })?;
    let filter = match filter {
        None => None,
        Some(name) => {
            let known = Filter::ALL.into_iter().find(|(known, _)| *known == name);
            let near = || nearest(name, "there are", Filter::ALL.map(|(name, _)| name));
            let (_, filter) =
                known.ok_or_else(|| BadTemplate(format!("there is no filter `{name}`; {}", near())))?;
            Some(filter)
        }
    };
    Ok(Part::Placeholder(expression, filter))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    struct Cita;

    impl Scope for Cita {
        fn look_up(&self, name: &str) -> Option<Seen<'_>> {
            let moment = Value::Moment("2026-11-26T10:30:00".parse().unwrap());
            let columns =
                [("inicio".to_owned(), moment), ("quien".to_owned(), Value::Text("Ana *Soto*".into()))];
            (name == "cita").then(|| {
                let row = Record { key: "1".into(), columns: columns.into(), words: vec![], until: None };
                Seen::Value(Cow::Owned(Value::Record(row)))
            })
        }
    }

    #[test]
    fn values_are_put_into_words() {
        for (text, words) in [
            ("El {cita.inicio | dia_hora}.", "El jueves 26 de noviembre a las 10:30."),
            ("{cita.inicio | hora} con {cita.quien | nombre}", "10:30 con Ana"),
            ("No quedan horas[ {cuando | humano}].", "No quedan horas."),
            ("Con[ {cita.quien}]", "Con Ana Soto"),
            ("[[{{x}}]]", "[{x}]"),
        ] {
            assert_eq!(Template::parse(text).unwrap().render(&Cita), words, "{text}");
        }
    }

    #[test]
    fn a_mistake_in_a_text_says_what_is_wrong() {
        for (text, part) in [
            ("{cita", "not closed"),
            ("[a", "not closed"),
            ("a]", "closes nothing"),
            ("{a | rojo}", "no filter `rojo`"),
            ("{a b}", "does not belong"),
        ] {
            let error = Template::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

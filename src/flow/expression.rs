//! Expressions: a small typed grammar, checked at load; no loops, no functions of the author's own.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use super::scope::{Scope, Seen};
use super::value::{DAY, HOUR, Name, Value};

/// Words and signs of the longest expression: more than anyone reads, few enough for the stack.
const LONGEST: usize = 200;

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A constant.
    Literal(Value),
    /// A name and maybe columns of it: `paciente`, `cita.inicio`, `oferta.horas`.
    Path(Vec<Name>),
    /// Whether an optional value is there: `cuando?`.
    Exists(Box<Self>),
    /// `not x`.
    Not(Box<Self>),
    /// `x and y`.
    And(Box<Self>, Box<Self>),
    /// `x or y`.
    Or(Box<Self>, Box<Self>),
    /// `x == y`, `x < y` …
    Compare(Box<Self>, Comparison, Box<Self>),
}

/// The comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    More,
    /// `>=`
    MoreOrEqual,
}

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at character {at})")]
pub struct BadExpression {
    /// What is wrong.
    pub what: String,
    /// Where, counted in characters from 1.
    pub at: usize,
}

impl Expression {
    /// Reads `cuando? and not (cita.codigo == "A1")`, `prestacion.duracion > 30m`, `paciente`, `9`.
    ///
    /// # Errors
    /// When the text is not an expression.
    pub fn parse(text: &str) -> Result<Self, BadExpression> {
        let mut reader = Reader { rest: tokens(text)?, next: 0, end: text.chars().count() + 1 };
        if let Some((_, at)) = reader.rest.get(LONGEST) {
            return Err(BadExpression { what: "this is too long to be understood".into(), at: *at });
        }
        let expression = reader.or()?;
        match reader.peek() {
            None => Ok(expression),
            Some(token) => Err(reader.wrong(&format!("`{token}` does not belong here"))),
        }
    }

    /// Its value; [`Value::Nothing`] when something in it is not there.
    pub fn evaluate(&self, scope: &dyn Scope) -> Value {
        self.see(scope).into_value()
    }

    /// Its value, borrowed from where it stands.
    pub fn see<'s>(&'s self, scope: &'s dyn Scope) -> Seen<'s> {
        let flag = match self {
            Self::Literal(value) => return Seen::of(value),
            Self::Path(names) => return follow(names, scope),
            Self::Exists(inner) => inner.see(scope).is_something(),
            Self::Not(inner) => !inner.holds(scope),
            Self::And(one, other) => one.holds(scope) && other.holds(scope),
            Self::Or(one, other) => one.holds(scope) || other.holds(scope),
            Self::Compare(one, comparison, other) => comparison.holds(&one.see(scope), &other.see(scope)),
        };
        Seen::Value(Cow::Owned(Value::Flag(flag)))
    }

    /// Whether it is true; nothing is not.
    pub fn holds(&self, scope: &dyn Scope) -> bool {
        matches!(self.see(scope).single(), Some(Value::Flag(true)))
    }

    /// The names it looks up, first parts of its paths.
    pub fn names(&self) -> Vec<&Name> {
        match self {
            Self::Literal(_) => Vec::new(),
            Self::Path(names) => names.first().into_iter().collect(),
            Self::Exists(inner) | Self::Not(inner) => inner.names(),
            Self::And(one, other) | Self::Or(one, other) | Self::Compare(one, _, other) => {
                [one.names(), other.names()].concat()
            }
        }
    }
}

impl Comparison {
    fn holds(self, one: &Seen<'_>, other: &Seen<'_>) -> bool {
        let order = order(one, other);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::More => order == Some(Ordering::Greater),
            Self::MoreOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::More => ">",
            Self::MoreOrEqual => ">=",
        }
    }
}

impl fmt::Display for Expression {
    /// As it is written in a flow, with no more brackets than it needs: reading it again gives the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(Value::Text(text)) => write!(f, "\"{text}\""),
            Self::Literal(Value::Length(minutes)) => match minutes {
                whole if whole % DAY == 0 => write!(f, "{}d", whole / DAY),
                whole if whole % HOUR == 0 => write!(f, "{}h", whole / HOUR),
                minutes => write!(f, "{minutes}m"),
            },
            Self::Literal(value) => value.fmt(f),
            Self::Path(names) => f.write_str(&names.join(".")),
            Self::Exists(inner) => write!(f, "{inner}?"),
            Self::Not(inner) => write!(f, "not {}", Operand(inner, 2)),
            // chains read from left to right: on the right an equal needs brackets
            Self::And(one, other) => write!(f, "{} and {}", Operand(one, 1), Operand(other, 2)),
            Self::Or(one, other) => write!(f, "{one} or {}", Operand(other, 1)),
            Self::Compare(one, comparison, other) => {
                write!(f, "{} {} {}", Operand(one, 3), comparison.sign(), Operand(other, 3))
            }
        }
    }
}

/// An expression as part of another that binds so strongly: in brackets when it binds less itself.
struct Operand<'e>(&'e Expression, u8);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(expression, place) = *self;
        let strength = match expression {
            Expression::Or(..) => 0,
            Expression::And(..) => 1,
            Expression::Not(_) | Expression::Compare(..) => 2,
            Expression::Literal(_) | Expression::Path(_) | Expression::Exists(_) => 3,
        };
        if strength < place { write!(f, "({expression})") } else { expression.fmt(f) }
    }
}

fn follow<'s>(names: &[Name], scope: &'s dyn Scope) -> Seen<'s> {
    let Some((first, columns)) = names.split_first() else { return Seen::NOTHING };
    let seen = scope.look_up(first).unwrap_or(Seen::NOTHING);
    columns.iter().fold(seen, |seen, column| seen.column(column))
}

/// How two values stand to each other; `None` when they cannot be compared. A row is compared by its key with words.
fn order(one: &Seen<'_>, other: &Seen<'_>) -> Option<Ordering> {
    let equal = |same: bool| same.then_some(Ordering::Equal);
    match (one, other) {
        (Seen::Row(a), Seen::Row(b)) => equal(a == b),
        (Seen::Rows(a), Seen::Rows(b)) => equal(a == b),
        (Seen::Value(a), Seen::Value(b)) => match (a.as_ref(), b.as_ref()) {
            (Value::Number(a), Value::Number(b)) | (Value::Length(a), Value::Length(b)) => Some(a.cmp(b)),
            (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
            (Value::Moment(a), Value::Moment(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
            (Value::Record(a), Value::Text(b)) => Some(a.key.cmp(b)),
            (a, b) => equal(a == b),
        },
        (Seen::Row(row), Seen::Value(value)) => match value.as_ref() {
            Value::Text(text) => Some(row.key.cmp(text)),
            Value::Record(other) => equal(*row == other),
            _ => None,
        },
        (Seen::Value(value), Seen::Row(row)) => match value.as_ref() {
            Value::Record(other) => equal(other == *row),
            _ => None,
        },
        (Seen::Rows(rows), Seen::Value(value)) | (Seen::Value(value), Seen::Rows(rows)) => {
            match value.as_ref() {
                Value::Rows(other) => equal(*rows == other.as_slice()),
                _ => None,
            }
        }
        (Seen::Row(_), Seen::Rows(_)) | (Seen::Rows(_), Seen::Row(_)) => None,
    }
}

fn tokens(text: &str) -> Result<Vec<(String, usize)>, BadExpression> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = characters.get(at) {
        let start = at;
        at += 1;
        if c.is_whitespace() {
            continue;
        }
        if c == '"' {
            while characters.get(at).is_some_and(|c| *c != '"') {
                at += 1;
            }
            if at >= characters.len() {
                return Err(BadExpression { what: "the quotation is not closed".into(), at: start + 1 });
            }
            at += 1;
        } else if c.is_alphanumeric() || c == '_' || c == '-' {
            while characters.get(at).is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
                at += 1;
            }
        } else if matches!(c, '=' | '!' | '<' | '>') && characters.get(at) == Some(&'=') {
            at += 1;
        } else if !matches!(c, '?' | '(' | ')' | '<' | '>') {
            return Err(BadExpression {
                what: format!("`{c}` means nothing in an expression"),
                at: start + 1,
            });
        }
        tokens.push((characters[start..at].iter().collect(), start + 1));
    }
    Ok(tokens)
}

struct Reader {
    rest: Vec<(String, usize)>,
    next: usize,
    end: usize,
}

impl Reader {
    fn peek(&self) -> Option<&str> {
        self.rest.get(self.next).map(|(token, _)| token.as_str())
    }

    fn take(&mut self, wanted: &str) -> bool {
        let there = self.peek() == Some(wanted);
        self.next += usize::from(there);
        there
    }

    fn wrong(&self, what: &str) -> BadExpression {
        let at = self.rest.get(self.next).map_or(self.end, |(_, at)| *at);
        BadExpression { what: what.to_owned(), at }
    }

    fn or(&mut self) -> Result<Expression, BadExpression> {
        let mut left = self.and()?;
        while self.take("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, BadExpression> {
        let mut left = self.not()?;
        while self.take("and") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, BadExpression> {
        if self.take("not") {
            return Ok(Expression::Not(Box::new(self.not()?)));
        }
        let left = self.term()?;
        let comparison = match self.peek() {
            Some("==") => Comparison::Equal,
            Some("!=") => Comparison::NotEqual,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some(">") => Comparison::More,
            Some(">=") => Comparison::MoreOrEqual,
            _ => return Ok(left),
        };
        self.next += 1;
        Ok(Expression::Compare(Box::new(left), comparison, Box::new(self.term()?)))
    }

    fn term(&mut self) -> Result<Expression, BadExpression> {
        if self.take("(") {
            let inner = self.or()?;
            return if self.take(")") { Ok(inner) } else { Err(self.wrong("a closing bracket is missing")) };
        }
        let Some(token) = self.peek().map(str::to_owned) else {
            return Err(self.wrong("something is missing here"));
        };
        let term = match token.as_str() {
            "true" | "sí" => Expression::Literal(Value::Flag(true)),
            "false" | "no" => Expression::Literal(Value::Flag(false)),
            quoted if quoted.starts_with('"') => {
                Expression::Literal(Value::Text(quoted.trim_matches('"').to_owned()))
            }
            number if number.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                let wrong =
                    || self.wrong(&format!("`{token}` is neither a whole number nor a length such as 30m"));
                let unit = match number.chars().last() {
                    Some('m') => Some(1),
                    Some('h') => Some(HOUR),
                    Some('d') => Some(DAY),
                    _ => None,
                };
                let figures = if unit.is_some() { &number[..number.len() - 1] } else { number };
                let count: i64 = figures.parse().map_err(|_| wrong())?;
                Expression::Literal(match unit {
                    Some(unit) => Value::Length(count.checked_mul(unit).ok_or_else(wrong)?),
                    None => Value::Number(count),
                })
            }
            "and" | "or" | "not" | ")" | "?" | "==" | "!=" | "<" | "<=" | ">" | ">=" => {
                return Err(self.wrong(&format!("a name or a value is missing before `{token}`")));
            }
            path => {
                let names: Vec<Name> = path.split('.').map(str::to_owned).collect();
                if names.iter().any(String::is_empty) {
                    return Err(self.wrong(&format!("`{token}` is not a name")));
                }
                Expression::Path(names)
            }
        };
        self.next += 1;
        Ok(if self.take("?") { Expression::Exists(Box::new(term)) } else { term })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names(Vec<(&'static str, Value)>);

    impl Scope for Names {
        fn look_up(&self, name: &str) -> Option<Seen<'_>> {
            self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| Seen::of(value))
        }
    }

    #[test]
    fn conditions_read_as_they_are_written() {
        let scope = Names(vec![("intento", Value::Number(2)), ("ayuda", Value::Text("x".into()))]);
        for (text, holds) in [
            ("intento == 2", true),
            ("intento < 2", false),
            ("ayuda? and intento >= 2", true),
            ("not ayuda?", false),
            ("flujo? or (intento == 2 and ayuda == \"x\")", true),
        ] {
            assert_eq!(Expression::parse(text).unwrap().holds(&scope), holds, "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_nothing_and_never_true() {
        let scope = Names(vec![]);
        assert_eq!(Expression::parse("cita.inicio").unwrap().evaluate(&scope), Value::Nothing);
        assert!(!Expression::parse("cita").unwrap().holds(&scope));
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        for (text, at) in [("intento ==", 11), ("a & b", 3), ("(a or b", 8), ("a b", 3), ("\"x", 1)] {
            assert_eq!(Expression::parse(text).unwrap_err().at, at, "{text}");
        }
    }
}

//! Expressions: a small typed grammar, checked at load; no loops, no functions of the author's own.

use super::value::{Name, Value};

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

/// What an expression can see: answers, memos, results, and the engine's own names.
pub trait Scope {
    /// The value of a name; `None` when nothing has that name or it is not there yet.
    fn look_up(&self, name: &str) -> Option<Value>;
}

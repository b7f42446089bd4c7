//! What each name of a flow stands for, and from which step on it is there.

use std::collections::{BTreeMap, BTreeSet};

use super::steps;
use crate::flow::definition::{Field, FieldKind, Flow, Source, StepKind};
use crate::flow::expression::{Comparison, Expression};
use crate::flow::port::{self, Kind, RowKind, Shape};
use crate::flow::value::{Name, Value};

/// What a name or an expression stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// One value.
    One(Kind),
    /// Rows, to choose from.
    Rows(RowKind),
}

/// Whether a name is there at some step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum There {
    /// It may be missing.
    Maybe,
    /// It is.
    Surely,
}

/// The names that are there at some step; the others are not.
pub(super) type Present = BTreeMap<Name, There>;

/// The names of a flow and their types.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    types: BTreeMap<Name, Type>,
    /// There at the first step.
    pub(super) given: Present,
}

impl Names {
    /// The names of a flow; a repair has those of the engine as well.
    pub(super) fn of(flow: &Flow, is_repair: bool) -> Self {
        let mut names = Self::default();
        for step in steps(&flow.steps) {
            if let StepKind::Do(call) | StepKind::Commit(call) = &step.kind
                && let (Some(into), Some(port)) = (&call.into, port::port(&call.port))
                && let Some(result) = of_shape(port.result)
            {
                names.types.insert(into.clone(), result);
            }
        }
        for field in flow.fields.values() {
            let of = match (names.of_field(field), &field.kind) {
                (Kind::Row(row), FieldKind::Choice { several: true, .. }) => Type::Rows(row),
                (kind, _) => Type::One(kind),
            };
            names.types.insert(field.name.clone(), of);
            if field.optional {
                names.given.insert(field.name.clone(), There::Maybe);
            }
        }
        if is_repair {
            names.give("intento", Kind::Number, There::Surely);
            for text in ["ayuda", "pregunta", "flujo", "destino"] {
                names.give(text, Kind::Text, There::Maybe);
            }
        }
        names
    }

    /// The names of a fixed answer.
    pub(super) fn of_answer() -> Self {
        let mut names = Self::default();
        names.give("centro", Kind::Row(RowKind::Center), There::Surely);
        names
    }

    fn give(&mut self, name: &str, kind: Kind, there: There) {
        self.types.insert(name.to_owned(), Type::One(kind));
        self.given.insert(name.to_owned(), there);
    }

    fn of_field(&self, field: &Field) -> Kind {
        match &field.kind {
            FieldKind::Choice { source: Source::Memo(memo), .. } => match self.types.get(memo) {
                Some(Type::Rows(row)) => Kind::Row(*row),
                _ => Kind::Row(RowKind::Option),
            },
            FieldKind::Choice { source: Source::Read(port), .. } => {
                match port::port(port).map(|port| port.result) {
                    Some(Shape::Rows(row)) => Kind::Row(row),
                    _ => Kind::Row(RowKind::Option),
                }
            }
            FieldKind::Choice { .. } => Kind::Row(RowKind::Option),
            FieldKind::Window { .. } => Kind::Window,
            FieldKind::RutTail => Kind::RutTail,
            FieldKind::BirthDate => Kind::Date,
            FieldKind::YesNo => Kind::Flag,
            FieldKind::Number { unit: Some(_), .. } => Kind::Length,
            FieldKind::Number { .. } => Kind::Number,
            FieldKind::Text { .. } => Kind::Text,
        }
    }

    /// The same names, and one more for a row.
    pub(super) fn with_row(&self, name: &str, row: RowKind) -> Self {
        let mut names = self.clone();
        names.give(name, Kind::Row(row), There::Surely);
        names
    }

    /// What a name stands for; `None` when the flow has no such name.
    pub(super) fn get(&self, name: &str) -> Option<Type> {
        self.types.get(name).copied()
    }

    /// All names, for "did you mean".
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// The type of an expression; `None` when a name or column in it is unknown, which is told elsewhere.
    pub(super) fn type_of(&self, expression: &Expression) -> Option<Type> {
        match expression {
            Expression::Literal(value) => match value {
                Value::Text(_) => Some(Type::One(Kind::Text)),
                Value::Number(_) => Some(Type::One(Kind::Number)),
                Value::Length(_) => Some(Type::One(Kind::Length)),
                Value::Flag(_) => Some(Type::One(Kind::Flag)),
                _ => None,
            },
            Expression::Path(path) => {
                let (first, columns) = path.split_first()?;
                columns.iter().try_fold(self.get(first)?, |of, column| match of {
                    Type::One(Kind::Row(row)) => column_of(row, column).map(Type::One),
                    _ => None,
                })
            }
            Expression::Exists(_)
            | Expression::Not(_)
            | Expression::And(..)
            | Expression::Or(..)
            | Expression::Compare(..) => Some(Type::One(Kind::Flag)),
        }
    }

    /// Why a condition can never be computed, when it cannot.
    pub(super) fn fault(&self, condition: &Expression) -> Option<String> {
        match condition {
            Expression::Literal(_) | Expression::Path(_) | Expression::Exists(_) => None,
            Expression::Not(inner) => self.fault(inner).or_else(|| self.not_a_flag(inner)),
            Expression::And(one, other) | Expression::Or(one, other) => self
                .fault(one)
                .or_else(|| self.fault(other))
                .or_else(|| self.not_a_flag(one))
                .or_else(|| self.not_a_flag(other)),
            Expression::Compare(one, comparison, other) => {
                let (left, right) = (self.type_of(one)?, self.type_of(other)?);
                let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                let comparable = match (left, right) {
                    // an option is compared by its key
                    (Type::One(Kind::Row(_)), Type::One(Kind::Text)) => !ordered,
                    (Type::One(left), Type::One(right)) if left == right => {
                        !ordered || matches!(left, Kind::Number | Kind::Length | Kind::Date | Kind::Moment)
                    }
                    _ => false,
                };
                (!comparable)
                    .then(|| format!("{} cannot be compared with {}", describe(left), describe(right)))
            }
        }
    }

    /// Says so when an expression is no yes or no.
    pub(super) fn not_a_flag(&self, expression: &Expression) -> Option<String> {
        let of = self.type_of(expression)?;
        (of != Type::One(Kind::Flag)).then(|| format!("{} is not a yes or no", describe(of)))
    }
}

/// The type of what a port returns.
fn of_shape(shape: Shape) -> Option<Type> {
    match shape {
        Shape::Rows(row) => Some(Type::Rows(row)),
        Shape::One(row) => Some(Type::One(Kind::Row(row))),
        Shape::Nothing => None,
    }
}

/// The type of a column.
pub(super) fn column_of(row: RowKind, column: &str) -> Option<Kind> {
    row.columns().iter().find(|(known, _)| *known == column).map(|(_, kind)| *kind)
}

/// The names that a true condition proves to be there: `x?`, joined by `and`.
pub(super) fn proven(condition: &Expression) -> BTreeSet<Name> {
    match condition {
        Expression::Exists(inner) => inner.names().into_iter().cloned().collect(),
        Expression::And(one, other) => &proven(one) | &proven(other),
        // a constant equals nothing that is not there
        Expression::Compare(one, comparison, other)
            if *comparison != Comparison::NotEqual && other.names().is_empty() =>
        {
            one.names().into_iter().cloned().collect()
        }
        _ => BTreeSet::new(),
    }
}

/// What is there after two ways that meet again.
pub(super) fn either(one: &Present, other: &Present) -> Present {
    let names: BTreeSet<&Name> = one.keys().chain(other.keys()).collect();
    let there = |name: &Name| match (one.get(name), other.get(name)) {
        (Some(one), Some(other)) => *one.min(other),
        _ => There::Maybe,
    };
    names.into_iter().map(|name| (name.clone(), there(name))).collect()
}

/// A type in words.
pub(super) fn describe(of: Type) -> &'static str {
    match of {
        Type::Rows(_) => "a list of rows",
        Type::One(kind) => match kind {
            Kind::Text => "a text",
            Kind::Number => "a number",
            Kind::Length => "a length of time",
            Kind::Flag => "a yes or no",
            Kind::Date => "a day",
            Kind::Moment => "a moment",
            Kind::Window => "a window of time",
            Kind::RutTail => "the end of a RUT",
            Kind::Row(row) => match row {
                RowKind::Patient => "a patient",
                RowKind::AppointmentType => "a prestación",
                RowKind::Hour => "an hour",
                RowKind::Appointment => "an appointment",
                RowKind::Professional => "a professional",
                RowKind::Waiting => "an entry of the waitlist",
                RowKind::Center => "the centre",
                RowKind::Option => "an option",
            },
        },
    }
}

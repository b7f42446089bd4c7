//! Texts: every name known and there, every filter on what it can put into words, every length within WhatsApp's.

use super::names::{Names, There, Type, column_of, describe};
use super::{Checking, Present};
use crate::flow::definition::Span;
use crate::flow::error::nearest;
use crate::flow::expression::Expression;
use crate::flow::limits::{self, BODY};
use crate::flow::port::{Kind, RowKind};
use crate::flow::template::{Filter, Part, Template};
use crate::flow::value::Name;

impl Checking<'_> {
    /// A text that is said at a step where `present` is there.
    pub(super) fn text(&mut self, template: &Template, present: &Present, span: &Span) {
        let mut length = 0;
        self.parts(&template.parts, false, present, span, &mut length);
        if length > BODY {
            let message =
                format!("this text has {length} characters; a question holds {BODY} and a few names");
            self.wrong("F037", span, message, "say it shorter, or in two steps");
        }
        if length == 0 && template.names().is_empty() {
            self.wrong("F012", span, "this text is empty", "write what the patient should read");
        }
    }

    fn parts(&mut self, parts: &[Part], optional: bool, present: &Present, span: &Span, length: &mut usize) {
        for part in parts {
            match part {
                Part::Words(words) => *length += limits::length(words),
                Part::Optional(inner) => self.parts(inner, true, present, span, length),
                Part::Placeholder(expression, filter) => {
                    self.columns(expression, span);
                    for name in expression.names().into_iter().cloned().collect::<Vec<_>>() {
                        if self.there(&name, present, span) == Some(There::Maybe) && !optional {
                            let message = format!("`{name}` may be missing, and this text would have a hole");
                            let fix = format!("put it in an optional part: [ … {{{name}}} … ]");
                            self.wrong_at("F038", span, &name, message, fix);
                        }
                    }
                    self.placeholder(expression, *filter, span);
                }
            }
        }
    }

    fn placeholder(&mut self, expression: &Expression, filter: Option<Filter>, span: &Span) {
        let Some(of) = self.names.type_of(expression) else { return };
        if let Some((message, fix)) = misfit(of, filter, &shown(expression)) {
            let first = expression.names().first().map_or("", |name| name.as_str()).to_owned();
            self.wrong_at("F042", span, &first, message, fix);
        }
    }

    /// Whether a name is there; tells when there is no such name, or not yet.
    pub(super) fn there(&mut self, name: &str, present: &Present, span: &Span) -> Option<There> {
        if self.names.get(name).is_none() {
            let fix = nearest(name, "there are", self.names.all());
            self.wrong_at("F040", span, name, format!("nothing is called `{name}` here"), fix);
            return None;
        }
        let there = present.get(name).copied();
        if there.is_none() {
            let message = format!("`{name}` is used here before it can be there");
            self.wrong_at("F045", span, name, message, "move the step that fills it above this one");
        }
        there
    }

    /// The columns of the paths in an expression.
    pub(super) fn columns(&mut self, expression: &Expression, span: &Span) {
        match expression {
            Expression::Literal(_) => {}
            Expression::Path(path) => self.path(path, span),
            Expression::Exists(inner) | Expression::Not(inner) => self.columns(inner, span),
            Expression::And(one, other) | Expression::Or(one, other) | Expression::Compare(one, _, other) => {
                self.columns(one, span);
                self.columns(other, span);
            }
        }
    }

    fn path(&mut self, path: &[Name], span: &Span) {
        let Some((first, columns)) = path.split_first() else { return };
        let Some(mut of) = self.names.get(first) else { return };
        for column in columns {
            let Type::One(Kind::Row(row)) = of else {
                let message = format!("`{first}` is {}, which has no columns", describe(of));
                self.wrong_at("F026", span, column, message, format!("write {{{first}}} alone"));
                return;
            };
            let Some(kind) = column_of(row, column) else {
                self.no_column(first, row, column, span);
                return;
            };
            of = Type::One(kind);
        }
    }

    fn no_column(&mut self, name: &str, row: RowKind, column: &str, span: &Span) {
        let fix = nearest(column, "it has", row.columns().iter().map(|(name, _)| *name));
        self.wrong_at("F026", span, column, format!("`{name}` has no column `{column}`"), fix);
    }

    /// How the rows of a choice are shown: only `it` is known there.
    pub(super) fn row_text(&mut self, template: &Template, row: RowKind, span: &Span) {
        fn visit<'a>(parts: &'a [Part], found: &mut Vec<(&'a Expression, Option<Filter>)>) {
            for part in parts {
                match part {
                    Part::Words(_) => {}
                    Part::Placeholder(expression, filter) => found.push((expression, *filter)),
                    Part::Optional(inner) => visit(inner, found),
                }
            }
        }
        let mut found = Vec::new();
        visit(&template.parts, &mut found);
        for (expression, filter) in found {
            match expression {
                Expression::Path(path) if path.first().is_some_and(|first| first == "it") => {
                    let [_, column] = path.as_slice() else {
                        let message = "`it` is a whole row, not words";
                        self.wrong_at("F042", span, "it", message, "name a column, as in {it.nombre}");
                        continue;
                    };
                    match column_of(row, column) {
                        None => self.no_column("it", row, column, span),
                        Some(kind) => {
                            if let Some((message, fix)) = misfit(Type::One(kind), filter, &shown(expression))
                            {
                                self.wrong_at("F042", span, column, message, fix);
                            }
                        }
                    }
                }
                other => {
                    let name = shown(other);
                    let message = format!("`{name}` is not known in an option");
                    self.wrong_at(
                        "F040",
                        span,
                        &name,
                        message,
                        "an option is called `it`, as in {it.nombre}",
                    );
                }
            }
        }
    }
}

/// A fixed answer's text.
pub(super) fn answer_names() -> (Names, Present) {
    let names = Names::of_answer();
    let present = names.given.clone();
    (names, present)
}

fn shown(expression: &Expression) -> String {
    match expression {
        Expression::Path(path) => path.join("."),
        _ => "this".to_owned(),
    }
}

/// Why a value cannot be put into words so, and what to write instead.
fn misfit(of: Type, filter: Option<Filter>, name: &str) -> Option<(String, String)> {
    let Some(filter) = filter else {
        let fix = match of {
            Type::Rows(row) => {
                let fits = |filter: &&(&str, Filter)| filter.1.takes_rows(row);
                let filter = Filter::ALL.iter().find(fits).map_or("cuenta", |(name, _)| name);
                format!("write {{{name} | {filter}}}, or let the patient choose one of them")
            }
            Type::One(Kind::Row(row)) => {
                let column = row.columns().first().map_or("nombre", |(column, _)| *column);
                format!("name a column, as in {{{name}.{column}}}")
            }
            Type::One(Kind::Window) => format!("write {{{name} | humano}}"),
            Type::One(_) => return None,
        };
        return Some((format!("`{name}` is {}, not words", describe(of)), fix));
    };
    let kinds = filter.takes();
    let fits = match of {
        Type::One(kind) => kinds.contains(&kind),
        Type::Rows(row) => filter.takes_rows(row),
    };
    let filter = Filter::ALL.into_iter().find(|(_, known)| *known == filter).map_or("", |(name, _)| name);
    let needs = match kinds {
        [] if filter == "lista" => "the rows of appointments".to_owned(),
        [] if filter == "nombres" => "rows with names".to_owned(),
        [] => "rows".to_owned(),
        kinds => kinds.iter().map(|kind| describe(Type::One(*kind))).collect::<Vec<_>>().join(" or "),
    };
    (!fits).then(|| {
        (
            format!("`{filter}` cannot put `{name}` into words: it is {}", describe(of)),
            format!("`{filter}` takes {needs}"),
        )
    })
}

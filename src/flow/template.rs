//! Texts with placeholders: `"{prestacion.nombre}: {hora.inicio | dia_hora}[ con {hora.profesional}]"`.
//!
//! A part in square brackets is left out when a value in it is not there. Marks that WhatsApp would read as
//! bold, italics or strike are taken out of inserted values: a name must not change a text's shape.

use super::expression::Expression;

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
    /// `el jueves 26 de noviembre a las 10:30`, for a moment.
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
}

//! Fields of a flow: what each holds, and where the rows of a choice come from.

use std::collections::HashSet;

use serde_saphyr::Spanned;

use super::{Reading, convert, duration_minutes};
use crate::flow::definition::{Field, FieldKind, FixedOption, Source, Unit};
use crate::flow::error::nearest;
use crate::flow::port;
use crate::flow::raw::{self, FIELD_TYPES, Text};
use crate::flow::template::Template;

impl Reading<'_> {
    pub(super) fn field(&mut self, name: &str, raw: &Spanned<raw::Field>) -> Field {
        let field = &raw.value;
        self.foreign_keys(raw);
        let kind = match field.kind.value.as_str() {
            "choice" | "several" | "patient" => self.choice(raw),
            "window" => FieldKind::Window {
                future: field.future,
                within_days: field.within.as_ref().map(|within| {
                    duration_minutes(&within.value).map_or_else(
                        || {
                            self.wrong(
                                "F007",
                                within,
                                format!("`{}` is not a length of time", within.value),
                                "write 60d",
                            );
                            60
                        },
                        |minutes| minutes / (24 * 60),
                    )
                }),
            },
            "rut_tail" => FieldKind::RutTail,
            "birth_date" => FieldKind::BirthDate,
            "yes_no" => FieldKind::YesNo,
            "number" => FieldKind::Number {
                min: field.min.unwrap_or(0),
                max: field.max.unwrap_or(i64::MAX),
                unit: field.unit.as_ref().and_then(|unit| self.unit(unit)),
            },
            "text" => {
                FieldKind::Text { max: field.max.and_then(|max| usize::try_from(max).ok()).unwrap_or(500) }
            }
            other => {
                let fix = nearest(other, "there are", FIELD_TYPES);
                self.wrong("F008", &field.kind, format!("there is no type `{other}`"), fix);
                FieldKind::YesNo
            }
        };
        Field {
            name: name.to_owned(),
            title: field.name.as_ref().map_or_else(|| name.replace('_', " "), |name| name.value.clone()),
            words: self.words(&field.words),
            kind,
            optional: field.optional,
            span: self.span(raw),
        }
    }

    fn unit(&mut self, text: &Text) -> Option<Unit> {
        let found = Unit::ALL.into_iter().find(|(name, _)| *name == text.value);
        if found.is_none() {
            let fix = nearest(&text.value, "there are", Unit::ALL.iter().map(|(name, _)| *name));
            self.wrong("F075", text, format!("`{}` is not a unit of time", text.value), fix);
        }
        found.map(|(_, unit)| unit)
    }

    fn choice(&mut self, raw: &Spanned<raw::Field>) -> FieldKind {
        let field = &raw.value;
        let source = match (&field.of, &field.options) {
            (Some(of), None) if of.value == "flujo.campos" => Source::FieldsBelow,
            (Some(of), None) if port::port(&of.value).is_some() => Source::Read(of.value.clone()),
            // `oferta.horas` reads well in a flow; the memo is what counts
            (Some(of), None) => Source::Memo(of.value.split('.').next().unwrap_or_default().to_owned()),
            (None, Some(options)) => {
                let mut keys = HashSet::new();
                let mut fixed = Vec::new();
                for option in options {
                    if !keys.insert(option.value.key.value.as_str()) {
                        self.wrong(
                            "F009",
                            &option.value.key,
                            format!("two options have the key `{}`", option.value.key.value),
                            "give each a key of its own: it is what is stored",
                        );
                    }
                    fixed.push(FixedOption {
                        key: option.value.key.value.clone(),
                        title: option.value.title.value.clone(),
                        words: self.words(&option.value.words),
                        action: option.value.action.as_ref().map(|action| convert(&action.value)),
                    });
                }
                Source::Fixed(fixed)
            }
            (None, None) if field.kind.value == "patient" => Source::Memo("personas".to_owned()),
            _ => {
                self.wrong(
                    "F010",
                    raw,
                    "a choice needs `of:` or `options:`, one of them",
                    "write `of: oferta.horas`, or list its options",
                );
                Source::Fixed(Vec::new())
            }
        };
        let default_title = match source {
            Source::Fixed(_) | Source::FieldsBelow => "{it.titulo}",
            Source::Memo(_) | Source::Read(_) => "{it.nombre}",
        };
        let title = match &field.title {
            Some(title) => self.template(title),
            None => Template::parse(default_title).unwrap_or_default(),
        };
        let take_only = match &field.only {
            Some(only) => matches!(only.value, raw::Only::Take),
            None => field.kind.value == "patient",
        };
        let detail = self.optional_template(field.detail.as_ref());
        FieldKind::Choice { source, title, detail, take_only, several: field.kind.value == "several" }
    }

    /// Tells keys that mean nothing for this type: left in silence, they would promise what never happens.
    fn foreign_keys(&mut self, raw: &Spanned<raw::Field>) {
        let field = &raw.value;
        let kind = field.kind.value.as_str();
        let is_choice = matches!(kind, "choice" | "several" | "patient");
        let given = [
            ("of", field.of.is_some(), is_choice),
            ("options", field.options.is_some(), is_choice),
            ("title", field.title.is_some(), is_choice),
            ("detail", field.detail.is_some(), is_choice),
            ("only", field.only.is_some(), is_choice),
            ("future", field.future, kind == "window"),
            ("within", field.within.is_some(), kind == "window"),
            ("min", field.min.is_some(), kind == "number"),
            ("unit", field.unit.is_some(), kind == "number"),
            ("max", field.max.is_some(), matches!(kind, "number" | "text")),
        ];
        for (key, _, _) in given.into_iter().filter(|(_, given, fits)| *given && !*fits) {
            let message = format!("`{key}` means nothing in a field of type `{kind}`");
            self.wrong_at("F016", raw, key, message, "take it out");
        }
    }
}

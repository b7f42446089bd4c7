//! Names, keys and ranges: what is written once and must mean something wherever it is used.

use super::{Checking, steps};
use crate::flow::definition::{Field, FieldKind, Source, StepKind};

/// Words of expressions.
const WORDS: [&str; 7] = ["and", "or", "not", "true", "false", "si", "no"];
/// What the engine calls things itself.
const ENGINE: [&str; 7] = ["it", "intento", "ayuda", "pregunta", "flujo", "destino", "destino_flujo"];
/// Keys of options that the engine adds itself: "más horas", "me da lo mismo", "todos".
const KEYS: [&str; 3] = ["mas", "da_lo_mismo", "todos"];
/// A tap's id holds a name, a key and two numbers (Meta: 200 bytes).
const LONGEST: usize = 40;

impl Checking<'_> {
    pub(super) fn spelling(&mut self) {
        let flow = self.flow;
        if !self.is_repair {
            self.name(&flow.name, "flow");
        }
        for field in flow.fields.values() {
            self.name(&field.name, "field");
            self.keys(field);
            self.range(field);
        }
        for step in steps(&flow.steps) {
            if let StepKind::Do(call) | StepKind::Commit(call) = &step.kind
                && let Some(into) = &call.into
            {
                self.name(into, "result");
            }
        }
    }

    fn name(&mut self, name: &str, of: &str) {
        let mut letters = name.chars();
        let starts_well = letters.next().is_some_and(|c| c.is_ascii_lowercase());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let (message, fix) = if !starts_well || !letters.all(fits) || name.len() > LONGEST {
            let fix = "small letters without accents, digits and `_`, 40 at most; patients read the title";
            (format!("`{name}` cannot be the name of a {of}"), fix)
        } else if WORDS.contains(&name) {
            (
                format!("`{name}` is a word of expressions, not a name"),
                "choose another; patients read the title",
            )
        } else if of != "flow" && ENGINE.contains(&name) {
            let message = format!("`{name}` is what the engine calls something of its own");
            (message, "choose another; patients read the title")
        } else {
            return;
        };
        self.wrong_at("F057", &self.flow.span, name, message, fix);
    }

    /// Keys of options: they travel in the ids of buttons, where `|` separates.
    fn keys(&mut self, field: &Field) {
        let FieldKind::Choice { source: Source::Fixed(options), .. } = &field.kind else { return };
        for option in options {
            let key = option.key.as_str();
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
            let (message, fix) = if KEYS.contains(&key) {
                (format!("the engine has an option of its own with the key `{key}`"), "choose another")
            } else if key.is_empty() || key.len() > LONGEST || !key.chars().all(fits) {
                let fix = "small letters without accents, digits, `_`, `-` and `.`, 40 at most";
                (format!("`{key}` cannot be the key of an option"), fix)
            } else {
                continue;
            };
            self.wrong_at("F057", &field.span, key, message, fix);
        }
    }

    fn range(&mut self, field: &Field) {
        let (message, fix) = match field.kind {
            FieldKind::Number { min, max, .. } if min > max => {
                (format!("no number is at least {min} and at most {max}"), "swap `min` and `max`")
            }
            FieldKind::Text { max: 0 } => ("a text of no characters".to_owned(), "give it a `max` above 0"),
            FieldKind::Window { within_days: Some(0), .. } => {
                ("`within` is less than a day".to_owned(), "write whole days, as in 60d")
            }
            _ => return,
        };
        self.wrong("F058", &field.span, message, fix);
    }
}

//! Which of several visits is meant, by what it is for: "anular la hora del dentista", "cambiar el control".
//!
//! A list of appointments shows days; patients name the attention or who attends. One that fits alone is meant; when
//! two do, the list is asked.

use crate::conversation::message::{Called, Message};
use crate::conversation::running::Running;
use crate::conversation::walk::{Rows, starts};
use crate::flow::{Record, Value};

/// Words of an attention's name that tell it from no other.
const COMMON: [&str; 12] = [
    "hora", "horas", "cita", "con", "de", "del", "para", "general", "consulta", "atencion", "centro", "salud",
];

/// What patients call a visit to general medicine, whoever attends it.
const DOCTORS: [&str; 4] = ["doctor", "doctora", "medico", "medica"];

impl Running<'_> {
    /// The key of the one visit whose attention or professional the message names.
    pub(super) fn visit_named(&self, rows: &Rows, message: &Message) -> Option<String> {
        let mut fitting: Option<(usize, &Record)> = None;
        let mut tied = false;
        // hours that are free are no visits
        text(rows.get(0)?, "prestacion")?;
        let mut professionals: Vec<(&str, Vec<String>)> = rows.iter().filter_map(professional).collect();
        professionals.dedup_by(|(one, _), (other, _)| one == other);
        let called = professionals.iter().map(|(name, surnames)| Called::by(name, surnames));
        let attends = message.professional(called).filter(|named| named.wanted);
        let attends = attends.map(|named| professionals[named.place].0);
        for row in rows.iter() {
            let what = text(row, "prestacion")?;
            let by_whom = attends.is_some() && text(row, "profesional") == attends;
            let score = usize::from(by_whom) * 2 + self.words_in_common(what, message);
            match fitting {
                _ if score == 0 => {}
                Some((most, _)) if score < most => {}
                Some((most, _)) if score == most => tied = true,
                _ => (fitting, tied) = (Some((score, row)), false),
            }
        }
        fitting.filter(|_| !tied).map(|(_, row)| row.key.clone())
    }

    /// The key of the one visit on the day or at the time that the message says cannot be kept; none when unsure.
    pub(super) fn visit_not_kept(&self, rows: &Rows, message: &Message) -> Option<String> {
        // hours that are free are no visits
        text(rows.get(0)?, "prestacion")?;
        // the day may be said without its "no": "voy a faltar mañana", "el lunes, no puedo"
        let told =
            || message.window.as_ref().filter(|window| !window.days.is_empty() && window.except.is_empty());
        let beside = || told().filter(|_| message.is_unable() && !message.wants_it_moved());
        let kept_not = message.unmet.as_ref().or_else(beside)?;
        let mut meant = rows.iter().filter(|row| starts(row).is_some_and(|at| kept_not.allows(at)));
        let only = meant.next()?;
        meant.next().is_none().then(|| only.key.clone())
    }

    /// How well a message names an attention: by its words, or by what patients call such a thing.
    fn words_in_common(&self, what: &str, message: &Message) -> usize {
        let name = Message::normal_form(what);
        let telling = name.split_whitespace().filter(|word| word.len() > 3 && !COMMON.contains(word));
        let said = telling.filter(|word| message.words.iter().any(|said| said == word)).count();
        let called = message.specialty.is_some()
            && Message::read(what, &[], None, self.event.local).specialty == message.specialty;
        let doctor =
            name.starts_with("medic") && message.words.iter().any(|word| DOCTORS.contains(&word.as_str()));
        said.max(usize::from(called || doctor))
    }
}

/// Who attends a visit, as something that can be named.
fn professional(row: &Record) -> Option<(&str, Vec<String>)> {
    let name = text(row, "profesional")?;
    Some((name, name.split_whitespace().skip(1).map(str::to_owned).collect()))
}

fn text<'r>(row: &'r Record, column: &str) -> Option<&'r str> {
    match row.columns.get(column) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

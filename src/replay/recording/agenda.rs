//! The agenda of a recorded talk: just the hours that were offered, and those that patients had before it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;

use super::store::{Kind, Row};
use crate::conversation::need::{Fact, Need, OK};
use crate::flow::{Record, Value};
use crate::scheduling::slot::Slot;

/// An hour that a patient had before the talk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Had {
    /// Who comes.
    pub who: String,
    /// For what.
    pub what: String,
    /// When.
    pub at: NaiveDateTime,
    /// With whom.
    pub with: String,
}

/// What the talk saw of the agenda.
#[derive(Debug, Default)]
pub struct Seen {
    /// Professional -> type -> hours.
    pub hours: BTreeMap<String, BTreeMap<String, BTreeSet<NaiveDateTime>>>,
    /// Hours that patients had.
    pub had: BTreeSet<Had>,
    /// Names of people in any row.
    pub names: BTreeSet<String>,
    /// How long an hour was kept, in minutes.
    pub hold: Option<i64>,
}

impl Seen {
    /// Looks through all that the world answered.
    pub fn of(rows: &[Row], kinds: &[Kind]) -> Self {
        let mut seen = Self::default();
        let mut booked_here = BTreeSet::new();
        for row in rows {
            for fact in row.facts.iter().flat_map(|facts| &facts.0) {
                seen.look(fact, row, kinds, &mut booked_here);
            }
        }
        seen
    }

    fn look(&mut self, fact: &Fact, row: &Row, kinds: &[Kind], booked_here: &mut BTreeSet<String>) {
        if let (Need::Hold { .. }, Some(until)) = (&fact.need, fact.got.until) {
            self.hold.get_or_insert((until - row.at).num_minutes().max(1));
        }
        let wrote = matches!(fact.need, Need::Write { .. });
        for record in fact.got.rows.iter() {
            for column in ["nombre", "profesional", "paciente"] {
                if let Some(name) = text(record, column).filter(|_| is_person(fact, column)) {
                    self.names.insert(name.to_owned());
                }
            }
            if let (Ok(slot), Some(with)) = (record.key.parse::<Slot>(), text(record, "profesional")) {
                if let Some(kind) = kinds.iter().find(|kind| kind.id == slot.appointment_type) {
                    self.hour(with, &kind.name, slot.start);
                }
                continue;
            }
            let had = (|| {
                Some(Had {
                    who: text(record, "paciente")?.to_owned(),
                    what: text(record, "prestacion")?.to_owned(),
                    at: moment(record)?,
                    with: text(record, "profesional")?.to_owned(),
                })
            })();
            let Some(had) = had else { continue };
            self.hour(&had.with, &had.what, had.at);
            let anulled = fact.need_port() == "agenda.anular";
            if wrote && fact.got.outcome == OK && !anulled {
                booked_here.insert(record.key.clone());
            } else if !booked_here.contains(&record.key) {
                self.had.insert(had);
            }
        }
    }

    fn hour(&mut self, with: &str, kind: &str, at: NaiveDateTime) {
        self.hours.entry(with.to_owned()).or_default().entry(kind.to_owned()).or_default().insert(at);
    }
}

impl Fact {
    fn need_port(&self) -> &str {
        crate::replay::agenda::port_of(&self.need)
    }
}

/// Whether a column of what a port answered names a person, and not a centre or a prestación.
fn is_person(fact: &Fact, column: &str) -> bool {
    column != "nombre" || fact.need_port().starts_with("personas.")
}

fn text<'a>(record: &'a Record, column: &str) -> Option<&'a str> {
    match record.columns.get(column)? {
        Value::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn moment(record: &Record) -> Option<NaiveDateTime> {
    match record.columns.get("inicio")? {
        Value::Moment(at) => Some(*at),
        _ => None,
    }
}

/// A row as staff would say it: `jue 26 nov 12:00 Matrona`.
pub(super) fn in_words(record: &Record) -> Option<String> {
    let at = crate::value::hour_label::day_hour_short(moment(record)?);
    Some(text(record, "prestacion").map_or_else(|| at.clone(), |kind| format!("{at} {kind}")))
}

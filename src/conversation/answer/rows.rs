//! What the world answers, as the rows that flows see.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::conversation::need::{Got, OK};
use crate::conversation::store::CenterCard;
use crate::flow::{Record, Value};
use crate::id::CenterId;
use crate::patient::SpokenFor;
use crate::scheduling::slot::LATE;
use crate::scheduling::waitlist::Waiting;
use crate::scheduling::{Booked, Offer, Professional, Service};
use crate::value::person::{age, surnames};

pub(super) fn outcome(name: &str) -> Got {
    Got { outcome: name.to_owned(), rows: Arc::default(), hold: None, until: None }
}

pub(super) fn conflict(name: &'static str) -> Got {
    metrics::counter!("smartsalud_conflicts_total", "outcome" => name).increment(1);
    outcome(name)
}

pub(super) fn one(row: Record) -> Got {
    Got { rows: vec![row].into(), ..outcome(OK) }
}

pub(super) fn rows_or_none(rows: Vec<Record>) -> Got {
    if rows.is_empty() { outcome("none") } else { Got { rows: rows.into(), ..outcome(OK) } }
}

pub(super) fn row<const N: usize>(key: String, columns: [(&str, Value); N]) -> Record {
    let columns = columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Record { key, columns, words: Vec::new(), until: None }
}

pub(super) fn patient_row(person: &SpokenFor, today: NaiveDate) -> Record {
    let mut row = row(
        person.patient.to_string(),
        [
            ("nombre", Value::Text(person.full_name.clone())),
            ("verificado", Value::Flag(person.verified)),
            ("edad", Value::Number(age(person.birth_date, today))),
        ],
    );
    // a family calls its members by their first names
    row.words.extend(person.full_name.split_whitespace().next().map(str::to_owned));
    row
}

pub(super) fn center_row(center: CenterId, card: &CenterCard) -> Record {
    let text = |part: &Option<String>| part.clone().map_or(Value::Nothing, Value::Text);
    row(
        center.to_string(),
        [
            ("nombre", Value::Text(card.name.clone())),
            ("direccion", text(&card.address)),
            ("telefono", text(&card.phone)),
            ("atencion", text(&card.hours)),
        ],
    )
}

pub(super) fn hour_row(offer: &Offer, zone: chrono_tz::Tz, place: &str) -> Record {
    let mut row = row(
        offer.slot.to_string(),
        [
            ("inicio", Value::Moment(offer.slot.start)),
            ("profesional", Value::Text(offer.doctor_name.clone())),
            ("lugar", Value::Text(place.to_owned())),
        ],
    );
    row.until = offer.slot.start.and_local_timezone(zone).earliest().map(|at| at.to_utc());
    row
}

/// A booking as the flows see it.
pub(crate) fn appointment_row(booked: &Booked) -> Record {
    let mut row = row(
        booked.appointment.to_string(),
        [
            ("inicio", Value::Moment(booked.slot.start)),
            ("prestacion", Value::Text(booked.type_name.clone())),
            ("profesional", Value::Text(booked.doctor_name.clone())),
            ("lugar", Value::Text(booked.place.clone())),
            ("paciente", Value::Text(booked.patient_name.clone())),
            ("codigo", Value::Text(booked.code.clone())),
        ],
    );
    row.until = Some(booked.starts_at);
    row
}

/// A prestación as the flows see it.
pub(super) fn service_row(service: Service) -> Record {
    let mut row = row(
        service.id.to_string(),
        [("nombre", Value::Text(service.name)), ("duracion", Value::Length(service.visit.duration.into()))],
    );
    row.words = service.patient_words;
    row
}

/// A professional as the flows see it; patients use the surnames.
pub(super) fn professional_row(professional: &Professional) -> Record {
    let mut row = row(professional.id.to_string(), [("nombre", Value::Text(professional.full_name.clone()))]);
    row.words = surnames(&professional.full_name);
    row
}

/// An entry of the waitlist as the flows see it.
pub(super) fn waiting_row(waiting: &Waiting, zone: chrono_tz::Tz) -> Record {
    row(
        waiting.id.to_string(),
        [
            ("prestacion", Value::Text(waiting.type_name.clone())),
            ("paciente", Value::Text(waiting.patient_name.clone())),
            ("desde", Value::Date(waiting.since.with_timezone(&zone).date_naive())),
        ],
    )
}

/// An appointment that is still of interest for a while after it began.
pub(super) fn begun_row(booked: &Booked) -> Record {
    let mut row = appointment_row(booked);
    row.until = Some(booked.starts_at + LATE);
    row
}

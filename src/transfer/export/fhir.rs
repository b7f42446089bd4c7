//! The agenda as FHIR R4: one Schedule a professional, a Slot for every hour, and an Appointment for what is booked.
//!
//! The statuses map as Chile's guide for primary care has them: a hold is `pending` on a slot `busy-tentative`, an
//! hour given up for another is `cancelled`.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Hour, Place};
use crate::id::DoctorId;
use crate::scheduling::appointment::Status;
use crate::scheduling::slot::{Slot, code};
use crate::scheduling::wall;

fn appointment_status(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Confirmed => "booked",
        Status::Arrived => "arrived",
        Status::InProgress => "checked-in",
        Status::Completed => "fulfilled",
        Status::NoShow => "noshow",
        Status::Cancelled | Status::Rescheduled | Status::Expired => "cancelled",
    }
}

/// Everything in one Bundle.
pub(super) fn bundle(place: &Place, hours: &[Hour], free: &[(Slot, i32)], zone: chrono_tz::Tz) -> Value {
    let mut schedules: BTreeMap<DoctorId, Value> = BTreeMap::new();
    for hour in hours {
        schedules.entry(hour.doctor_id).or_insert_with(|| schedule(place, hour.doctor_id, Some(hour)));
    }
    for (slot, _) in free {
        schedules.entry(slot.doctor).or_insert_with(|| schedule(place, slot.doctor, None));
    }
    let taken = hours.iter().filter(|hour| hour.status.blocks()).map(taken_slot);
    let open = free.iter().filter_map(|(slot, minutes)| free_slot(slot, *minutes, zone));
    let booked = hours.iter().map(|hour| appointment(place, hour));
    let entries: Vec<Value> = schedules
        .into_values()
        .chain(taken)
        .chain(open)
        .chain(booked)
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "collection", "entry": entries })
}

fn schedule(place: &Place, doctor: DoctorId, known: Option<&Hour>) -> Value {
    let mut actor = json!({ "reference": format!("Practitioner/{doctor}") });
    if let Some(hour) = known {
        actor["display"] = json!(hour.doctor_name);
    }
    let mut schedule = json!({
        "resourceType": "Schedule",
        "id": format!("schedule-{doctor}"),
        "active": true,
        "actor": [actor, { "reference": format!("Location/{}", place.code), "display": place.name }],
    });
    if let Some(hour) = known {
        schedule["specialty"] = json!([{ "text": hour.profession }]);
    }
    schedule
}

fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn taken_slot(hour: &Hour) -> Value {
    let status = if hour.status == Status::Pending { "busy-tentative" } else { "busy" };
    json!({
        "resourceType": "Slot",
        "id": format!("slot-a{}", hour.id),
        "schedule": { "reference": format!("Schedule/schedule-{}", hour.doctor_id) },
        "serviceType": [{ "text": hour.kind_name }],
        "status": status,
        "start": instant(hour.starts_at),
        "end": instant(hour.ends_at),
        "overbooked": hour.lane > 0,
    })
}

fn free_slot(slot: &Slot, minutes: i32, zone: chrono_tz::Tz) -> Option<Value> {
    let at = wall::instant(zone, slot.start)?;
    Some(json!({
        "resourceType": "Slot",
        // letters, digits, points and hyphens only
        "id": slot.to_string().replace(':', "."),
        "schedule": { "reference": format!("Schedule/schedule-{}", slot.doctor) },
        "status": "free",
        "start": instant(at),
        "end": instant(at + TimeDelta::minutes(i64::from(minutes))),
    }))
}

fn appointment(place: &Place, hour: &Hour) -> Value {
    let mut appointment = json!({
        "resourceType": "Appointment",
        "id": format!("appointment-{}", hour.id),
        "identifier": [{ "value": code(hour.id) }],
        "status": appointment_status(hour.status),
        "serviceType": [{ "coding": [{ "code": hour.kind, "display": hour.kind_name }], "text": hour.kind_name }],
        "start": instant(hour.starts_at),
        "end": instant(hour.ends_at),
        "minutesDuration": (hour.ends_at - hour.starts_at).num_minutes(),
        "participant": [
            {
                "actor": { "type": "Patient", "identifier": { "type": { "text": "RUN" }, "value": hour.patient_run } },
                "status": "accepted",
            },
            {
                "actor": { "reference": format!("Practitioner/{}", hour.doctor_id), "display": hour.doctor_name },
                "status": "accepted",
            },
            { "actor": { "reference": format!("Location/{}", place.code), "display": place.name }, "status": "accepted" },
        ],
    });
    if hour.status.blocks() {
        appointment["slot"] = json!([{ "reference": format!("Slot/slot-a{}", hour.id) }]);
    }
    appointment
}

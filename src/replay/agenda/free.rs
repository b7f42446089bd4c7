//! Which hours there are, and whether one can be had.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{Agenda, Verdict, id, is_live, place};
use crate::id::{AppointmentId, AppointmentTypeId, DoctorId, PatientId};
use crate::scheduling::slot::Slot;

impl Agenda {
    /// Whether two live hours of a professional or of a patient overlap: never.
    pub fn overlap(&self, now: DateTime<Utc>) -> Option<(AppointmentId, AppointmentId)> {
        let live: Vec<_> = self.appointments.iter().filter(|(_, one)| is_live(one, now)).collect();
        live.iter().enumerate().find_map(|(place, (id, one))| {
            let clash = live[..place].iter().find(|(_, other)| {
                let same = one.slot.doctor == other.slot.doctor
                    || (one.patient.is_some() && one.patient == other.patient);
                same && self.meet(one.slot, other.slot)
            });
            clash.map(|(other, _)| (**other, **id))
        })
    }

    /// The hours of the plan that lie ahead, of one type or of all, soonest first; made day by day, for who asks
    /// seldom wants more than the first few.
    pub(super) fn slots(
        &self,
        from: NaiveDateTime,
        only: Option<AppointmentTypeId>,
    ) -> impl Iterator<Item = Slot> + '_ {
        let kinds = 0..self.world.types.len();
        let kinds: Vec<usize> =
            kinds.filter(|kind| only.is_none_or(|only| only == AppointmentTypeId(id(*kind)))).collect();
        let days = from.date().iter_days().take(self.world.horizon as usize + 1);
        days.flat_map(move |day| {
            let mut slots = Vec::new();
            for (doctor, professional) in self.world.professionals.iter().enumerate() {
                for kind in kinds.iter().copied() {
                    slots.extend(self.world.hours_of(&professional.value, kind, day).map(|start| Slot {
                        doctor: DoctorId(id(doctor)),
                        appointment_type: AppointmentTypeId(id(kind)),
                        start,
                    }));
                }
            }
            slots.retain(|slot| slot.start > from);
            slots.sort_by_key(|slot| (slot.start, slot.doctor, slot.appointment_type));
            slots
        })
    }

    pub(super) fn meet(&self, one: Slot, other: Slot) -> bool {
        one.start < other.start + self.minutes(other) && other.start < one.start + self.minutes(one)
    }

    pub(super) fn minutes(&self, slot: Slot) -> TimeDelta {
        let kind = place(slot.appointment_type.0).and_then(|place| self.world.types.get(place));
        TimeDelta::minutes(kind.map_or(0, |kind| kind.value.minutes.into()))
    }

    /// Whether the professional is busy then, but for these.
    pub(super) fn is_busy(&self, slot: Slot, now: DateTime<Utc>, but: &BTreeSet<AppointmentId>) -> bool {
        self.appointments.iter().any(|(id, one)| {
            is_live(one, now)
                && !but.contains(id)
                && one.slot.doctor == slot.doctor
                && self.meet(one.slot, slot)
        })
    }

    /// Whether the patient is elsewhere then, but for these.
    pub(super) fn is_elsewhere(
        &self,
        slot: Slot,
        patient: PatientId,
        now: DateTime<Utc>,
        but: &BTreeSet<AppointmentId>,
    ) -> bool {
        self.appointments.iter().any(|(id, one)| {
            is_live(one, now)
                && !but.contains(id)
                && one.patient == Some(patient)
                && self.meet(one.slot, slot)
        })
    }

    pub(super) fn verdict(
        &self,
        slot: Slot,
        patient: PatientId,
        now: DateTime<Utc>,
        but: &BTreeSet<AppointmentId>,
    ) -> Verdict {
        if self.instant(slot.start) <= now {
            Verdict::Past
        } else if self.is_elsewhere(slot, patient, now, but) {
            Verdict::Yours
        } else if self.is_busy(slot, now, but) {
            Verdict::Taken
        } else {
            Verdict::Free
        }
    }
}

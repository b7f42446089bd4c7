//! An hour that can be booked, and one that is: the values that travel between the agenda, the conversation
//! and the patient.
//!
//! Guarantees: a `Slot` prints to a key that reads back to the same slot and fits into a WhatsApp option id
//! with room to spare; a booking's code reads back to its id and holds no letter that can be taken for
//! another or that makes a word.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::id::{AppointmentId, AppointmentTypeId, CenterId, ConversationId, DoctorId, PatientId};

/// How long after its beginning an hour is still spoken of as one that the patient may be late for.
pub const LATE: TimeDelta = TimeDelta::hours(2);

/// A bookable hour of a professional. `start` is wall time of the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slot {
    /// Who sees the patient.
    pub doctor: DoctorId,
    /// For what.
    pub appointment_type: AppointmentTypeId,
    /// Wall time of the centre at which it begins, whole minutes.
    pub start: NaiveDateTime,
}

/// The text was not the key of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the key of an hour: `d<professional>-t<type>-YYYY-MM-DDTHH:MM` is needed, as in d12-t3-2026-12-01T15:00"
)]
pub struct NotASlot;

impl Slot {
    /// The wall day it is on.
    pub fn day(&self) -> NaiveDate {
        self.start.date()
    }

    /// The minute of the day at which it begins, 0 to 1439.
    pub fn minute(&self) -> u16 {
        u16::try_from(self.start.hour() * 60 + self.start.minute()).unwrap_or(0)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}-t{}-{}", self.doctor, self.appointment_type, self.start.format("%Y-%m-%dT%H:%M"))
    }
}

impl FromStr for Slot {
    type Err = NotASlot;

    fn from_str(raw: &str) -> Result<Self, NotASlot> {
        let (doctor, rest) = raw.strip_prefix('d').and_then(|r| r.split_once("-t")).ok_or(NotASlot)?;
        let (kind, start) = rest.split_once('-').ok_or(NotASlot)?;
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if start.len() != "2026-12-01T15:00".len() || !digits(doctor) || !digits(kind) {
            return Err(NotASlot);
        }
        Ok(Self {
            doctor: doctor.parse().map_err(|_| NotASlot)?,
            appointment_type: kind.parse().map_err(|_| NotASlot)?,
            start: NaiveDateTime::parse_from_str(start, "%Y-%m-%dT%H:%M").map_err(|_| NotASlot)?,
        })
    }
}

impl TryFrom<String> for Slot {
    type Error = NotASlot;

    fn try_from(raw: String) -> Result<Self, NotASlot> {
        raw.parse()
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

/// A free hour that a search found. Nobody is promised it until it is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The hour.
    pub slot: Slot,
    /// The professional's name as patients read it.
    pub doctor_name: String,
    /// Why it ranks where it does, for traces and staff.
    pub why: String,
}

/// An hour that is booked. `Debug` hides the patient's name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// Its row.
    pub appointment: AppointmentId,
    /// What the patient quotes: short, without letters that look alike.
    pub code: String,
    /// The centre.
    pub center: CenterId,
    /// Who is treated.
    pub patient: PatientId,
    /// The patient's full name.
    pub patient_name: String,
    /// Professional, type and wall time.
    pub slot: Slot,
    /// The same moment as an instant.
    pub starts_at: DateTime<Utc>,
    /// The professional's name.
    pub doctor_name: String,
    /// The name of the prestación.
    pub type_name: String,
    /// Where to go: the centre and its address.
    pub place: String,
    /// The conversation that booked it; none: staff or an import.
    pub conversation: Option<ConversationId>,
}

impl fmt::Debug for Booked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booked")
            .field("appointment", &self.appointment)
            .field("patient", &self.patient)
            .field("slot", &self.slot)
            .field("conversation", &self.conversation)
            .finish_non_exhaustive()
    }
}

/// Digits and consonants that cannot be taken for one another, read aloud or on a small screen; no vowels,
/// so that no code is a word.
const ALPHABET: &[u8; 25] = b"23456789BCDFGHJKMNPQRTVWX";
const SHORTEST: u32 = 5;
/// Spreads neighbouring ids over the whole range; prime to 25, so that every code reads back.
const SPREAD: u128 = 5_882_353;

/// The code of an appointment: five characters up to ten million, then six, and so on.
pub fn code(appointment: AppointmentId) -> String {
    let id = u128::try_from(appointment.0).unwrap_or(0);
    let mut length = SHORTEST;
    while 25u128.pow(length) <= id {
        length += 1;
    }
    let size = 25u128.pow(length);
    let mut rest = id * SPREAD % size;
    let mut text = vec![0u8; length as usize];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[usize::try_from(rest % 25).unwrap_or(0)];
        rest /= 25;
    }
    text.into_iter().map(char::from).collect()
}

/// The appointment that a code belongs to, however it was typed (lower case, spaces, hyphens).
pub fn appointment_of_code(code: &str) -> Option<AppointmentId> {
    let digits: Vec<u128> = code
        .bytes()
        .filter(|byte| !matches!(byte, b' ' | b'-' | b'.'))
        .map(|byte| ALPHABET.iter().position(|letter| *letter == byte.to_ascii_uppercase()))
        .map(|place| place.and_then(|place| u128::try_from(place).ok()))
        .collect::<Option<_>>()?;
    let length = u32::try_from(digits.len()).ok().filter(|length| (SHORTEST..=13).contains(length))?;
    let size = 25u128.pow(length);
    let number = digits.into_iter().fold(0, |sum, digit| sum * 25 + digit);
    let id = number * inverse(SPREAD % size, size)? % size;
    let canonical = length == SHORTEST || id >= 25u128.pow(length - 1);
    i64::try_from(id).ok().filter(|_| canonical).map(AppointmentId)
}

/// The number that undoes a multiplication by `a` modulo `size` (extended Euclid).
fn inverse(a: u128, size: u128) -> Option<u128> {
    let (mut old, mut now) = (i128::try_from(a).ok()?, i128::try_from(size).ok()?);
    let (mut old_factor, mut factor) = (1i128, 0i128);
    while now != 0 {
        let quotient = old / now;
        (old, now) = (now, old - quotient * now);
        (old_factor, factor) = (factor, old_factor - quotient * factor);
    }
    u128::try_from(old_factor.rem_euclid(i128::try_from(size).ok()?)).ok().filter(|_| old == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_slot_reads_back_and_is_short() {
        let slot: Slot = "d12-t3-2026-12-01T15:00".parse().unwrap();
        assert_eq!(slot.to_string(), "d12-t3-2026-12-01T15:00");
        assert_eq!(slot.minute(), 900);
        let longest =
            Slot { doctor: DoctorId(i64::MAX), appointment_type: AppointmentTypeId(i64::MAX), ..slot };
        assert!(longest.to_string().len() <= 60);
        assert_eq!(longest.to_string().parse(), Ok(longest));
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        for raw in [
            "",
            "d1",
            "d1-t2",
            "d1-t2-2026-12-01",
            "d1-t2-2026-12-01T25:00",
            "d-t-2026-12-01T15:00",
            "d+1-t2-2026-12-01T15:00",
        ] {
            assert_eq!(raw.parse::<Slot>(), Err(NotASlot), "{raw}");
        }
    }

    #[test]
    fn a_code_reads_back_to_its_appointment_and_neighbours_look_different() {
        for id in [1, 2, 3, 999, 123_456, 9_765_624, 9_765_625, 9_765_626, 400_000_000, 1_000_000_000_000_000]
        {
            let code = code(AppointmentId(id));
            assert_eq!(appointment_of_code(&code), Some(AppointmentId(id)), "{code}");
            assert_eq!(appointment_of_code(&code.to_lowercase()), Some(AppointmentId(id)));
        }
        let (one, two) = (code(AppointmentId(1)), code(AppointmentId(2)));
        assert_eq!(one.len(), 5);
        assert!(one.bytes().zip(two.bytes()).filter(|(a, b)| a != b).count() >= 3, "{one} {two}");
        assert_eq!(appointment_of_code("HOLA"), None);
    }
}

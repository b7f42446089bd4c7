//! A newtype for every row's id, so that a patient is never taken for an appointment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(raw: &str) -> Result<Self, Self::Err> {
                raw.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A centre (CESFAM).
    CenterId,
    /// A professional who sees patients.
    DoctorId,
    /// A kind of appointment: a prestación.
    AppointmentTypeId,
    /// A person who is treated; not the phone that writes.
    PatientId,
    /// An appointment or a hold.
    AppointmentId,
    /// One patient's thread with one of the centre's numbers.
    ConversationId,
    /// An entry of the queue of events.
    EventId,
    /// A message on its way out.
    OutboxId,
}

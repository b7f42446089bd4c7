//! The patients' SQL.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::identity::{Claim, SpokenFor};
use crate::id::{CenterId, ConversationId, PatientId};
use crate::value::{Phone, RutTail};

/// The patients for whom a conversation may speak: by its registered phone, or claimed by it.
///
/// # Errors
/// When the database fails.
pub async fn spoken_for(
    conn: &mut PgConnection,
    conversation: ConversationId,
    center: CenterId,
    phone: Option<&Phone>,
) -> sqlx::Result<Vec<SpokenFor>> {
    todo!()
}

/// Tries to say whom the conversation speaks for.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut PgConnection,
    conversation: ConversationId,
    center: CenterId,
    tail: &RutTail,
    birth: NaiveDate,
) -> sqlx::Result<Claim> {
    todo!()
}

/// The phones registered for a patient: told when somebody else books for them.
///
/// # Errors
/// When the database fails.
pub async fn registered_phones(conn: &mut PgConnection, patient: PatientId) -> sqlx::Result<Vec<Phone>> {
    todo!()
}

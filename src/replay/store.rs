//! What replay asks the database that no other room has to: what the turns of a conversation did, when something is
//! due next, and what the centre's other patients do.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json as Column;

use crate::conversation::need::{Effect, Fact, Trace};
use crate::conversation::state::State;
use crate::id::{AppointmentId, CenterId, ConversationId, PatientId};
use crate::value::rut;

/// The conversation of a phone, with the number of its last journal row.
///
/// # Errors
/// When the database fails.
pub async fn conversation(
    conn: &mut PgConnection,
    number: &str,
    wa_id: &str,
) -> sqlx::Result<Option<(ConversationId, i64)>> {
    let found = sqlx::query!(
        r#"select c.id as "id: ConversationId", c.seq
             from addresses a join conversations c on c.id = a.conversation_id
            where a.phone_number_id = $1 and a.kind = 'wa_id' and a.value = $2"#,
        number,
        wa_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| (row.id, row.seq)))
}

/// Begins the conversation of a phone that has not written yet: staff or a reminder speaks first.
///
/// # Errors
/// When the database fails.
pub async fn begin(
    conn: &mut PgConnection,
    center: CenterId,
    number: &str,
    wa_id: &str,
) -> sqlx::Result<ConversationId> {
    sqlx::query_scalar!(
        r#"with begun as (
             insert into conversations (center_id, phone_number_id, created_at) values ($1, $2, app_now()) returning id
           )
           insert into addresses (phone_number_id, kind, value, conversation_id)
           select $2, 'wa_id', $3, id from begun
           returning conversation_id as "id: ConversationId""#,
        center as CenterId,
        number,
        wa_id
    )
    .fetch_one(conn)
    .await
}

/// A turn as the journal has it.
#[derive(Debug)]
pub struct Turn {
    /// Its number.
    pub seq: i64,
    /// `turn`, or `parked`.
    pub kind: String,
    /// What the world answered.
    pub facts: Option<Column<Vec<Fact>>>,
    /// What it did.
    pub effects: Option<Column<Vec<Effect>>>,
    /// How the message was understood; absent for an event that told the core nothing.
    pub trace: Option<Column<Trace>>,
}

/// The turns of a conversation after one.
///
/// # Errors
/// When the database fails.
pub async fn turns_after(
    conn: &mut PgConnection,
    conversation: ConversationId,
    seq: i64,
) -> sqlx::Result<Vec<Turn>> {
    sqlx::query_as!(
        Turn,
        r#"select seq, kind, facts as "facts: Column<Vec<Fact>>", effects as "effects: Column<Vec<Effect>>",
                  -- a turn that skipped its event has a JSON null here
                  nullif(trace, 'null') as "trace: Column<Trace>"
             from journal where conversation_id = $1 and seq > $2 order by seq"#,
        conversation as ConversationId,
        seq
    )
    .fetch_all(conn)
    .await
}

/// The state of a conversation; `None` before its first turn.
///
/// # Errors
/// When the database fails.
pub async fn state(conn: &mut PgConnection, conversation: ConversationId) -> sqlx::Result<Option<State>> {
    let state = sqlx::query_scalar!(
        r#"select nullif(state, '{}') as "state: Column<State>" from conversations where id = $1"#,
        conversation as ConversationId
    )
    .fetch_one(conn)
    .await?;
    Ok(state.map(|state| state.0))
}

/// When the next event is due that is not due yet, up to `until`.
///
/// # Errors
/// When the database fails.
pub async fn next_due(conn: &mut PgConnection, until: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select min(due_at) from events
          where processed_at is null and conversation_id is not null and kind <> 'status' and due_at <= $1",
        until
    )
    .fetch_one(conn)
    .await
}

/// Messages that are queued or under way.
///
/// # Errors
/// When the database fails.
pub async fn waiting(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from outbox where status in ('queued', 'sending', 'failed')"#
    )
    .fetch_one(conn)
    .await
}

/// The live holds of a conversation.
///
/// # Errors
/// When the database fails.
pub async fn holds(
    conn: &mut PgConnection,
    conversation: ConversationId,
) -> sqlx::Result<Vec<AppointmentId>> {
    sqlx::query_scalar!(
        r#"select id as "id: AppointmentId" from appointments
            where conversation_id = $1 and status = 'PENDING' and hold_expires_at > app_now()"#,
        conversation as ConversationId
    )
    .fetch_all(conn)
    .await
}

/// The centre's id.
///
/// # Errors
/// When the database fails, or there is no such centre.
pub async fn center(conn: &mut PgConnection, code: &str) -> sqlx::Result<CenterId> {
    sqlx::query_scalar!(r#"select id as "id: CenterId" from centers where code = $1"#, code)
        .fetch_one(conn)
        .await
}

/// How many hours of one kind a patient may have ahead: imports have no column for it.
///
/// # Errors
/// When the database fails.
pub async fn limit(conn: &mut PgConnection, center: CenterId, most: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "update appointment_types set max_per_patient = $2 where center_id = $1",
        center as CenterId,
        most
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody who comes to the centre and writes from no phone of the talk; `number` tells them apart.
///
/// # Errors
/// When the database fails.
pub async fn stranger(conn: &mut PgConnection, center: CenterId, number: u32) -> sqlx::Result<PatientId> {
    sqlx::query_scalar!(
        r#"insert into patients (center_id, run_num, run_dv, full_name, birth_date)
           values ($1, $2, $3, 'Otra Persona', '1901-01-01') returning id as "id: PatientId""#,
        center as CenterId,
        i32::try_from(number).unwrap_or(i32::MAX),
        rut::check_digit(number).to_string()
    )
    .fetch_one(conn)
    .await
}

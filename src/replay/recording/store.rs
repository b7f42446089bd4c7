//! What a recording reads of the database: the journal of one conversation, its people and its centre.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use sqlx::types::Json as Column;

use crate::conversation::need::{Effect, Event, Fact, Trace};
use crate::id::{AppointmentTypeId, CenterId, ConversationId};

/// A conversation and its centre.
#[derive(Debug)]
pub struct Thread {
    /// The centre's id.
    pub center: CenterId,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// Its telephone.
    pub phone: Option<String>,
    /// Its zone.
    pub tz: String,
    /// The digits of the patient's phone, when they are known.
    pub wa_id: Option<String>,
}

/// A conversation with its centre; `None` when there is none of that number.
///
/// # Errors
/// When the database fails.
pub async fn thread(conn: &mut PgConnection, conversation: ConversationId) -> sqlx::Result<Option<Thread>> {
    sqlx::query_as!(
        Thread,
        r#"select c.center_id as "center: CenterId", k.name, k.address, k.phone, k.tz,
                  (select value from addresses where conversation_id = c.id and kind = 'wa_id' limit 1) as wa_id
             from conversations c join centers k on k.id = c.center_id
            where c.id = $1"#,
        conversation as ConversationId
    )
    .fetch_optional(conn)
    .await
}

/// A row of the journal.
#[derive(Debug)]
pub struct Row {
    /// When.
    pub at: DateTime<Utc>,
    /// `turn`, `parked`, ….
    pub kind: String,
    /// What happened; absent for an event that told the core nothing.
    pub event: Option<Column<Event>>,
    /// What the world answered.
    pub facts: Option<Column<Vec<Fact>>>,
    /// What was done.
    pub effects: Option<Column<Vec<Effect>>>,
    /// How it was understood.
    pub trace: Option<Column<Trace>>,
}

/// The journal of a conversation, in order.
///
/// # Errors
/// When the database fails, or a row is of another version of the program.
pub async fn journal(conn: &mut PgConnection, conversation: ConversationId) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select at, kind, nullif(event, 'null') as "event: Column<Event>", facts as "facts: Column<Vec<Fact>>",
                  effects as "effects: Column<Vec<Effect>>", nullif(trace, 'null') as "trace: Column<Trace>"
             from journal where conversation_id = $1 order by seq"#,
        conversation as ConversationId
    )
    .fetch_all(conn)
    .await
}

/// A patient whom the conversation may speak for.
#[derive(Debug)]
pub struct Person {
    /// The name.
    pub full_name: String,
    /// The RUN's number.
    pub run_num: i32,
    /// Born on.
    pub birth_date: NaiveDate,
    /// Whether the centre knows the phone as theirs.
    pub registered: bool,
}

/// The patients whom a conversation may speak for: those of its phone, and those it has shown to know.
///
/// # Errors
/// When the database fails.
pub async fn people(
    conn: &mut PgConnection,
    conversation: ConversationId,
    center: CenterId,
    phone: Option<&str>,
) -> sqlx::Result<Vec<Person>> {
    sqlx::query_as!(
        Person,
        r#"select p.full_name, p.run_num, p.birth_date,
                  exists (select from patient_phones f where f.patient_id = p.id and f.phone_e164 = $3)
                    as "registered!"
             from patients p
            where p.center_id = $2
              and (exists (select from patient_phones f where f.patient_id = p.id and f.phone_e164 = $3)
                   or exists (select from claimed_patients k where k.patient_id = p.id and k.conversation_id = $1))
            order by p.full_name, p.id"#,
        conversation as ConversationId,
        center as CenterId,
        phone
    )
    .fetch_all(conn)
    .await
}

/// Something to book.
#[derive(Debug)]
pub struct Kind {
    /// Its id.
    pub id: AppointmentTypeId,
    /// Its name.
    pub name: String,
    /// What patients call it.
    pub patient_words: Vec<String>,
    /// How long it takes.
    pub duration_min: i32,
    /// Whether it can be booked by chat.
    pub bookable: bool,
}

/// What can be booked at a centre.
///
/// # Errors
/// When the database fails.
pub async fn kinds(conn: &mut PgConnection, center: CenterId) -> sqlx::Result<Vec<Kind>> {
    sqlx::query_as!(
        Kind,
        r#"select id as "id: AppointmentTypeId", name, patient_words, duration_min, bookable
             from appointment_types where center_id = $1 order by id"#,
        center as CenterId
    )
    .fetch_all(conn)
    .await
}

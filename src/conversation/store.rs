//! The conversations' SQL: one statement to begin a turn, one to end it.
//!
//! A turn costs two statements besides its questions to the world: what it needs to know comes in one row, and
//! state, journal, timers, outbox and processed events are written by one statement, so that they commit
//! together or not at all and cost one round trip.

mod books;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use sqlx::PgConnection;
use sqlx::types::Json as Column;

pub use books::{
    Activation, EndedTurn, Open, StoredBook, activate_book, activate_new_book, activations, book_in_force,
    book_sources, center_codes, center_of_code, ended_talks, open_conversations, publish_book, steps_seen,
    stored_books,
};

use super::state::{Owner, State};
use crate::id::{AppointmentId, CenterId, ConversationId, EventId, OutboxId};
use crate::value::opening;

/// A conversation as a turn begins.
#[derive(Debug)]
pub struct Thread {
    /// Its centre.
    pub center: CenterId,
    /// The centre's code.
    pub center_code: String,
    /// The centre's IANA zone.
    pub tz: String,
    /// The hash of the flow book in force: the centre's own, else the installation's; `None` when nothing was activated.
    pub book: Option<String>,
    /// The number of ours that the patient writes to.
    pub phone_number_id: String,
    /// The patient's number as WhatsApp gives it, when it does.
    pub wa_id: Option<String>,
    /// Who speaks, as the column has it.
    pub owner: String,
    /// The epoch, as the column has it.
    pub epoch: i64,
    /// The state after the last turn; `None` before the first.
    pub state: Option<Column<State>>,
    /// The time of the database, which is the turn's.
    pub now: DateTime<Utc>,
}

/// The centre as patients are told of it.
#[derive(Debug, Clone)]
pub struct CenterCard {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// Its telephone.
    pub phone: Option<String>,
    /// The days and hours at which its professionals attend, in words.
    pub hours: Option<String>,
}

impl Thread {
    /// Who speaks.
    pub fn owner(&self) -> Owner {
        owner(&self.owner)
    }
}

/// Who speaks, as the column `owner` has it.
fn owner(column: &str) -> Owner {
    match column {
        "staff" => Owner::Staff,
        "muted" => Owner::Muted,
        _ => Owner::Bot,
    }
}

impl CenterCard {
    /// Where to go: the name, and the address when there is one.
    pub fn place(&self) -> String {
        match &self.address {
            Some(address) => format!("{}, {address}", self.name),
            None => self.name.clone(),
        }
    }
}

/// A finished turn, to be written.
#[derive(Debug)]
pub struct Ending<'a> {
    /// The conversation.
    pub conversation: ConversationId,
    /// The state to save.
    pub state: &'a State,
    /// Why staff is needed from now on; `None` leaves that as it is.
    pub stuck: Stuck<'a>,
    /// When the patient last wrote, if this turn was theirs.
    pub patient_at: Option<DateTime<Utc>>,
    /// The events that this turn handled.
    pub events: &'a [EventId],
    /// Their outcome: `done`, `stale` …
    pub outcome: &'a str,
    /// The hash of the book it ran on.
    pub book: &'a str,
    /// What the core was told.
    pub event: &'a Json,
    /// What the world answered.
    pub facts: &'a Json,
    /// What the turn did.
    pub effects: &'a Json,
    /// How the message was understood.
    pub trace: &'a Json,
    /// Messages to send, in order.
    pub messages: &'a [Json],
    /// Timers to set: name, when, payload. One of a name per conversation; a new one replaces it.
    pub timers: &'a [(&'static str, DateTime<Utc>, Json)],
    /// Whether the walk goes on as an event of its own.
    pub goes_on: bool,
}

/// What a turn says about the need for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck<'a> {
    /// Nothing new.
    AsBefore,
    /// A person is needed, for this reason.
    Needs(&'a str),
    /// No longer.
    Solved,
}

/// What a turn must know, in one row. The conversation's row must be locked already.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut PgConnection, conversation: ConversationId) -> sqlx::Result<Thread> {
    sqlx::query_as!(
        Thread,
        r#"select c.center_id as "center: CenterId", n.code as center_code, n.tz, c.phone_number_id, c.owner, c.epoch,
                  coalesce(n.flow_book, (select a.hash from flow_activations a where a.center_id is null order by a.id desc limit 1)) as book,
                  (select a.value from addresses a where a.conversation_id = c.id and a.kind = 'wa_id' limit 1) as wa_id,
                  -- a conversation that never had a turn has the empty object
                  nullif(c.state, '{}') as "state: Column<State>",
                  app_now() as "now!"
           from conversations c join centers n on n.id = c.center_id
           where c.id = $1"#,
        conversation as ConversationId
    )
    .fetch_one(tx)
    .await
}

/// Writes all that a turn leaves behind, in one statement; answers the ids of the queued messages.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &mut PgConnection, ending: &Ending<'_>) -> sqlx::Result<Vec<OutboxId>> {
    let (stuck, reason) = match ending.stuck {
        Stuck::AsBefore => ("as_before", None),
        Stuck::Needs(reason) => ("needs", Some(reason)),
        Stuck::Solved => ("solved", None),
    };
    let owner = match ending.state.owner {
        Owner::Bot => "bot",
        Owner::Staff => "staff",
        Owner::Muted => "muted",
    };
    let names: Vec<String> = ending.timers.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let dues: Vec<DateTime<Utc>> = ending.timers.iter().map(|(_, due, _)| *due).collect();
    let payloads: Vec<Json> = ending.timers.iter().map(|(.., payload)| payload.clone()).collect();
    let events: Vec<i64> = ending.events.iter().map(|id| id.0).collect();
    sqlx::query_scalar!(
        r#"with saved as (
             update conversations
             set state = $2, owner = $3, epoch = $4, stage = $5, seq = seq + 1,
                 stuck_since = case $6 when 'needs' then coalesce(stuck_since, app_now()) when 'solved' then null else stuck_since end,
                 stuck_reason = case $6 when 'needs' then coalesce(stuck_reason, $7) when 'solved' then null else stuck_reason end,
                 last_patient_at = greatest(last_patient_at, $8)
             where id = $1
             returning seq
           ), written as (
             insert into journal (conversation_id, seq, at, kind, book, event, facts, effects, trace)
             select $1, seq, app_now(), 'turn', $9, $10, $11, $12, $13 from saved
           ), handled as (
             -- but not a timer that is set anew below: one statement may write a row only once
             update events set processed_at = app_now(), outcome = $14
             where id = any($15)
               and dedupe_key <> all (select 'timer:' || $1::text || ':' || name from unnest($16::text[]) as n(name))
           ), timed as (
             -- one timer of a kind per conversation: a new one moves the old row instead of leaving it to fire for nothing
             insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
             select $1, 'timer', 'timer:' || $1::text || ':' || name, app_now(), due, payload
             from unnest($16::text[], $17::timestamptz[], $18::jsonb[]) as t(name, due, payload)
             on conflict (dedupe_key) do update
               set received_at = excluded.received_at, due_at = excluded.due_at, payload = excluded.payload,
                   attempts = 0, processed_at = null, outcome = null
           ), told_now as (
             -- who writes may be told what had to wait for it (tell_registered)
             update outbox set not_before = app_now(), epoch = $4
             where conversation_id = $1 and status = 'queued' and not_before = 'infinity' and $8::timestamptz is not null
           ), resumed as (
             insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
             select $1, 'continue', 'continue:' || $1::text || ':' || seq, app_now(), app_now(), '{}' from saved where $19
           )
           insert into outbox (conversation_id, epoch, not_before, payload, created_at)
           select $1, $4, app_now(), message, app_now()
           from unnest($20::jsonb[]) with ordinality as m(message, place)
           order by place
           returning id as "id: OutboxId""#,
        ending.conversation as ConversationId,
        Column(ending.state) as _,
        owner,
        ending.state.epoch,
        ending.state.stage(),
        stuck,
        reason,
        ending.patient_at,
        ending.book,
        ending.event,
        ending.facts,
        ending.effects,
        ending.trace,
        ending.outcome,
        &events,
        &names,
        &dues,
        &payloads,
        ending.goes_on,
        ending.messages,
    )
    .fetch_all(tx)
    .await
}

/// Queues a message to the phones that the patient of an appointment has registered, apart from this
/// conversation's own. Nothing but a template may be sent to who has not written for 24 hours (Meta, customer
/// service window): there the message waits until that phone writes again.
///
/// # Errors
/// When the database fails.
pub async fn tell_registered(
    tx: &mut PgConnection,
    conversation: ConversationId,
    appointment: AppointmentId,
    message: &Json,
) -> sqlx::Result<Vec<OutboxId>> {
    sqlx::query_scalar!(
        r#"with here as (
             select center_id, phone_number_id from conversations where id = $1
           ), phones as (
             select ltrim(r.phone_e164, '+') as wa_id, d.conversation_id as known
             from here join appointments a on a.id = $2
               join patient_phones r on r.patient_id = a.patient_id
               left join addresses d
                 on d.phone_number_id = here.phone_number_id and d.kind = 'wa_id' and d.value = ltrim(r.phone_e164, '+')
             where d.conversation_id is distinct from $1
           ), made as (
             -- conversations of one number are all alike: the first new one goes to the first new phone
             insert into conversations (center_id, phone_number_id, created_at)
             select here.center_id, here.phone_number_id, app_now() from here, phones where known is null
             returning id
           ), added as (
             -- a phone that writes for the first time at this moment has an address by then: its conversation is taken
             insert into addresses (phone_number_id, kind, value, conversation_id)
             select here.phone_number_id, 'wa_id', p.wa_id, m.id
             from here, (select wa_id, row_number() over (order by wa_id) as place from phones where known is null) p
               join (select id, row_number() over (order by id) as place from made) m using (place)
             order by p.wa_id
             on conflict (phone_number_id, kind, value) do update set value = excluded.value
             returning conversation_id
           ), told as (
             select c.id, c.epoch, c.last_patient_at
             from conversations c where c.id in (select known from phones)
               -- who asked not to be written to is not
               and c.opted_out_at is null
             -- a conversation made above is not to be seen yet
             union all
             select conversation_id, 0, null from added
           )
           insert into outbox (conversation_id, epoch, not_before, payload, created_at)
           select id, epoch, case when last_patient_at > app_now() - interval '24 hours' then app_now() else 'infinity' end, $3, app_now()
           from told
           returning id as "id: OutboxId""#,
        conversation as ConversationId,
        appointment as AppointmentId,
        message
    )
    .fetch_all(tx)
    .await
}

/// A centre's name, address, telephone and the hours of its weekly agendas.
///
/// # Errors
/// When the database fails.
pub async fn center_card(conn: &mut PgConnection, center: CenterId) -> sqlx::Result<CenterCard> {
    let rows = sqlx::query!(
        r#"select c.name, c.address, c.phone, s.day_of_week as "day?", min(s.start_time) as start, max(s.end_time) as end
             from centers c
             left join doctor_schedules s on s.center_id = c.id and s.valid @> (app_now() at time zone c.tz)::date
              -- who left keeps a row
              and exists (select from doctors d where d.id = s.doctor_id and d.active)
            where c.id = $1
            group by c.id, s.day_of_week"#,
        center as CenterId
    )
    .fetch_all(conn)
    .await?;
    let days: Vec<_> =
        rows.iter().filter_map(|row| Some((u8::try_from(row.day?).ok()?, row.start?, row.end?))).collect();
    let card = rows.into_iter().next().ok_or(sqlx::Error::RowNotFound)?;
    Ok(CenterCard {
        name: card.name,
        address: card.address,
        phone: card.phone,
        hours: opening::in_words(&days),
    })
}

/// Keeps whether the patient wants no message that they did not ask for; false when it was so already.
///
/// # Errors
/// When the database fails.
pub async fn set_opted_out(
    tx: &mut PgConnection,
    conversation: ConversationId,
    out: bool,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update conversations set opted_out_at = case when $2 then app_now() end
          where id = $1 and (opted_out_at is null) = $2",
        conversation as ConversationId,
        out
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

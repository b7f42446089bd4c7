//! The SQL of the edge: our numbers, patients' addresses, and the events that a webhook brought.
//!
//! Never touches an existing row of `conversations`: a running turn holds its lock, and a webhook must not wait for it.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::directory::{Address, USER_ID, WA_ID};
use crate::id::{CenterId, ConversationId, OutboxId};

/// The longest that a text waits for the end of its burst, however long the patient goes on typing.
const LONGEST_BURST: Duration = Duration::from_secs(5);

/// When an event is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// A text: after the settle time, and the texts that wait before it wait along.
    Settles,
    /// A tap or anything else that is an answer by itself: now, and so are the texts that wait before it.
    EndsBurst,
    /// Now, without touching what waits: statuses, reactions, news.
    Aside,
}

/// A row of `events` to be written.
#[derive(Clone)]
pub(super) struct NewEvent {
    /// `message`, `status`, `echo`, `account` or `unreadable`.
    pub kind: &'static str,
    /// Unique for ever: the same for a second delivery.
    pub dedupe_key: String,
    /// WhatsApp's own time.
    pub sent_at: Option<DateTime<Utc>>,
    /// What the queue will read.
    pub payload: Value,
    /// Whose conversation, for a message or an echo.
    pub conversation: Option<ConversationId>,
    /// Our number, for a status: its outbox row must have been sent from there.
    pub phone_number_id: Option<String>,
    /// The outbox row a status names.
    pub outbox: Option<OutboxId>,
    /// The wamid of a status, by which its outbox row is found when it names none.
    pub wa_message_id: Option<String>,
    /// When it is due.
    pub pace: Pace,
    /// For what no worker will ever take: how it ended, at once.
    pub outcome: Option<&'static str>,
}

/// Which of these numbers are ours, and whose.
pub(super) async fn centers(
    connection: &mut PgConnection,
    numbers: &[String],
) -> sqlx::Result<HashMap<String, CenterId>> {
    let rows = sqlx::query!(
        r#"select phone_number_id as "number!", id from centers where phone_number_id = any($1)"#,
        numbers
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, CenterId(row.id))).collect())
}

/// The conversations of these addresses, each with whether it also has an address of the other kind.
pub(super) async fn known_addresses(
    connection: &mut PgConnection,
    addresses: &[Address],
) -> sqlx::Result<Vec<(Address, ConversationId, bool)>> {
    let (numbers, kinds, values) = columns(addresses);
    let rows = sqlx::query!(
        r#"select known.phone_number_id, known.kind, known.value, known.conversation_id,
                  exists (select from addresses other
                           where other.conversation_id = known.conversation_id and other.kind <> known.kind) as "other_kind!"
             from unnest($1::text[], $2::text[], $3::text[]) as asked (phone_number_id, kind, value)
             -- `limit` keeps each a look-up by key: of a list of unknown length the planner may think that reading the
             -- whole table is cheaper
             cross join lateral (select * from addresses where addresses.phone_number_id = asked.phone_number_id
                                    and addresses.kind = asked.kind and addresses.value = asked.value limit 1) known"#,
        &numbers,
        &kinds,
        &values,
    )
    .fetch_all(connection)
    .await?;
    let known = rows.into_iter().map(|row| {
        let kind = if row.kind == WA_ID { WA_ID } else { USER_ID };
        let address = Address { phone_number_id: row.phone_number_id, kind, value: row.value };
        (address, ConversationId(row.conversation_id), row.other_kind)
    });
    Ok(known.collect())
}

/// Makes conversations with a centre on one of its numbers, in the order asked for.
pub(super) async fn create_conversations(
    connection: &mut PgConnection,
    wanted: &[(CenterId, String)],
) -> sqlx::Result<Vec<ConversationId>> {
    let centers: Vec<i64> = wanted.iter().map(|(center, _)| center.0).collect();
    let numbers: Vec<String> = wanted.iter().map(|(_, number)| number.clone()).collect();
    let rows = sqlx::query!(
        r#"insert into conversations (center_id, phone_number_id, created_at)
           select center_id, phone_number_id, app_now()
             from unnest($1::bigint[], $2::text[]) as wanted (center_id, phone_number_id)
           returning id, phone_number_id"#,
        &centers,
        &numbers,
    )
    .fetch_all(connection)
    .await?;
    // `returning` promises no order; new conversations of one number are all alike
    let mut made: HashMap<String, Vec<i64>> = HashMap::new();
    for row in rows {
        made.entry(row.phone_number_id).or_default().push(row.id);
    }
    let ids = numbers.iter().filter_map(|number| made.get_mut(number)?.pop().map(ConversationId));
    Ok(ids.collect())
}

/// Writes addresses, which must be sorted; tells how many were new. Waits for a writer who is adding one of the same.
pub(super) async fn add_addresses(
    connection: &mut PgConnection,
    added: &[(Address, ConversationId)],
) -> sqlx::Result<u64> {
    let addresses: Vec<Address> = added.iter().map(|(address, _)| address.clone()).collect();
    let conversations: Vec<i64> = added.iter().map(|(_, conversation)| conversation.0).collect();
    let (numbers, kinds, values) = columns(&addresses);
    let done = sqlx::query!(
        "insert into addresses (phone_number_id, kind, value, conversation_id)
         select phone_number_id, kind, value, conversation_id
           from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) with ordinality
                as added (phone_number_id, kind, value, conversation_id, place)
          order by place
         on conflict do nothing",
        &numbers,
        &kinds,
        &values,
        &conversations,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// An event that was not there before.
pub(super) struct Inserted {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub dedupe_key: String,
    /// Whether the bot will take it: false when a person has the conversation, or when it belongs to none.
    pub for_bot: bool,
}

/// Writes events in one statement; those that are there already change nothing. Returns the new ones.
pub(super) async fn insert_events(
    connection: &mut PgConnection,
    events: &[NewEvent],
    settle: Duration,
) -> sqlx::Result<Vec<Inserted>> {
    let conversations: Vec<Option<i64>> =
        events.iter().map(|event| event.conversation.map(|id| id.0)).collect();
    let kinds: Vec<String> = events.iter().map(|event| event.kind.to_owned()).collect();
    let keys: Vec<String> = events.iter().map(|event| event.dedupe_key.clone()).collect();
    let sent_at: Vec<Option<DateTime<Utc>>> = events.iter().map(|event| event.sent_at).collect();
    let payloads: Vec<Value> = events.iter().map(|event| event.payload.clone()).collect();
    let settles: Vec<bool> = events.iter().map(|event| event.pace == Pace::Settles).collect();
    let ends: Vec<bool> = events.iter().map(|event| event.pace == Pace::EndsBurst).collect();
    let outcomes: Vec<Option<String>> = events.iter().map(|event| event.outcome.map(str::to_owned)).collect();
    let numbers: Vec<Option<String>> = events.iter().map(|event| event.phone_number_id.clone()).collect();
    let outboxes: Vec<Option<i64>> = events.iter().map(|event| event.outbox.map(|id| id.0)).collect();
    let wamids: Vec<Option<String>> = events.iter().map(|event| event.wa_message_id.clone()).collect();
    sqlx::query_as!(
        Inserted,
        r#"
        with clock as materialized (select app_now() as now),
        new as materialized (
          -- Numbered in the order in which they were sent, because turns take events by (due_at, id); but inserted in
          -- the order of their keys (see the end), so that two writers of the same keys never wait for each other.
          select nextval(pg_get_serial_sequence('events', 'id')) as id, sorted.*
            from (select *
                    from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[], $6::bool[], $7::bool[],
                                $8::text[], $9::text[], $10::bigint[], $11::text[]) with ordinality
                         as given (conversation_id, kind, dedupe_key, sent_at, payload, settles, ends, outcome,
                                   phone_number_id, outbox_id, wa_message_id, place)
                   -- a scalar subquery, so that it stays a look-up by key (as an anti-join it may read all events)
                   where (select true from events known where known.dedupe_key = given.dedupe_key) is null
                   order by coalesce(sent_at, (select now from clock)), place) sorted
        ),
        burst as (
          select conversation_id, bool_or(ends) as ended
            from new
           where conversation_id is not null and (settles or ends)
           group by conversation_id
        ),
        waiting as (
          -- texts that still wait for their burst to end; one that a worker has in hand is left to it
          select event.id, burst.ended, event.received_at
            from burst
            cross join clock
            cross join lateral (
              select id, received_at from events
               where events.conversation_id = burst.conversation_id and processed_at is null and kind = 'message'
                 and due_at > clock.now
                 for no key update skip locked) event
        ),
        paced as (
          update events event
             set due_at = (select case when waiting.ended then clock.now
                                       else greatest(event.due_at, least(waiting.received_at + $13, clock.now + $12)) end
                             from waiting cross join clock where waiting.id = event.id)
           where event.id = any (array(select id from waiting))
        )
        insert into events (id, conversation_id, kind, dedupe_key, received_at, sent_at, due_at, payload, processed_at, outcome)
        overriding system value
        select new.id,
               coalesce(
                 new.conversation_id,
                 -- a status: by our own id, else by WhatsApp's; only what this number of ours has sent
                 (select sent.conversation_id from outbox sent join conversations thread on thread.id = sent.conversation_id
                   where sent.id = new.outbox_id and thread.phone_number_id = new.phone_number_id),
                 (select sent.conversation_id from outbox sent join conversations thread on thread.id = sent.conversation_id
                   where sent.wa_message_id = new.wa_message_id and thread.phone_number_id = new.phone_number_id limit 1)),
               new.kind, new.dedupe_key, clock.now, new.sent_at,
               case when new.settles and not coalesce(burst.ended, false) then clock.now + $12 else clock.now end,
               new.payload,
               case when new.outcome is not null then clock.now end,
               new.outcome
          from new
          cross join clock
          left join burst using (conversation_id)
         order by new.dedupe_key
        on conflict (dedupe_key) do nothing
        returning kind, dedupe_key,
                  coalesce((select owner = 'bot' from conversations where conversations.id = events.conversation_id), false) as "for_bot!""#,
        &conversations as &[Option<i64>],
        &kinds,
        &keys,
        &sent_at as &[Option<DateTime<Utc>>],
        &payloads,
        &settles,
        &ends,
        &outcomes as &[Option<String>],
        &numbers as &[Option<String>],
        &outboxes as &[Option<i64>],
        &wamids as &[Option<String>],
        settle as Duration,
        LONGEST_BURST as Duration,
    )
    .fetch_all(connection)
    .await
}

fn columns(addresses: &[Address]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let numbers = addresses.iter().map(|address| address.phone_number_id.clone()).collect();
    let kinds = addresses.iter().map(|address| address.kind.to_owned()).collect();
    let values = addresses.iter().map(|address| address.value.clone()).collect();
    (numbers, kinds, values)
}

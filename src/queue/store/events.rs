//! Events: claimed by conversation, taken in order, counted when they fail.

use std::time::Duration;

use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::id::{ConversationId, EventId};
use crate::queue::job::{Due, MOST_ATTEMPTS};

/// How many events of a conversation a turn is shown: a burst of texts.
const SHOWN: i64 = 20;
/// How many statuses are settled at once.
const STATUSES: i64 = 500;

/// How full the queue is.
#[derive(Debug, Clone, Copy)]
pub struct Depth {
    /// Events that are due.
    pub events_due: i64,
    /// How long the oldest of them has been due, in seconds.
    pub events_age: f64,
    /// Messages that wait to be sent.
    pub outbox: i64,
    /// How long the oldest of them has waited, in seconds.
    pub outbox_age: f64,
    /// Conversations that wait for a person.
    pub stuck: i64,
    /// Hours that are held.
    pub holds: i64,
}

/// Locks the conversation whose due event has waited longest and that is not in a turn, if there is one. The lock
/// ends with the transaction, so one that dies frees it at once.
///
/// # Errors
/// When the database fails.
pub async fn claim(tx: &mut PgConnection) -> sqlx::Result<Option<ConversationId>> {
    sqlx::query_scalar!(
        r#"select c.id as "id: ConversationId"
           from events e join conversations c on c.id = e.conversation_id
           where e.processed_at is null and e.conversation_id is not null and e.kind <> 'status'
             and e.due_at <= app_now()
             and (c.retry_at is null or c.retry_at <= app_now())
           order by e.due_at
           limit 1
           -- rows are locked as they are found, so the first that is free is taken and no more are looked at;
           -- `for update` would block every foreign-key insert for the length of the turn
           for no key update of c skip locked"#
    )
    .fetch_optional(tx)
    .await
}

/// The events of a locked conversation that are due, in order: what goes on from the turn before, then by
/// WhatsApp's time and arrival. Texts that still wait for their burst to end come along: the burst's first text is
/// due, so the wait is over.
///
/// # Errors
/// When the database fails.
pub async fn due(tx: &mut PgConnection, conversation: ConversationId) -> sqlx::Result<Vec<Due>> {
    // a statement of its own: the claim's snapshot is older than its lock, and would show events that the last
    // turn has just handled
    sqlx::query_as!(
        Due,
        r#"select id as "id: EventId", kind, payload, sent_at, due_at, attempts
           from events
           where conversation_id = $1 and processed_at is null and kind <> 'status'
             and (due_at <= app_now() or kind = 'message')
           order by (kind = 'continue') desc, coalesce(sent_at, due_at), id
           limit $2"#,
        conversation as ConversationId,
        SHOWN
    )
    .fetch_all(tx)
    .await
}

/// Counts a failure, in a commit of its own after the turn's rollback: the conversation rests, and an event that
/// failed five times is parked and its conversation given to a person. Answers whether it was parked.
///
/// # Errors
/// When the database fails.
pub async fn failed(
    conn: &mut PgConnection,
    conversation: ConversationId,
    event: EventId,
    rest: Duration,
) -> sqlx::Result<bool> {
    let rest =
        PgInterval { months: 0, days: 0, microseconds: i64::try_from(rest.as_micros()).unwrap_or(i64::MAX) };
    sqlx::query_scalar!(
        r#"with locked as materialized (
             -- the conversation first, as every turn does: another worker may have it in hand already
             select id from conversations where id = $1 for no key update
           ), counted as (
             update events e
             set attempts = e.attempts + 1,
                 processed_at = case when e.attempts + 1 >= $4 then app_now() end,
                 outcome = case when e.attempts + 1 >= $4 then 'parked' end
             from locked
             where e.id = $2 and e.processed_at is null
             returning e.outcome is not null as parked
           ), rested as (
             update conversations
             set retry_at = case when parked then null else app_now() + $3 end,
                 owner = case when parked then 'staff' else owner end,
                 stage = case when parked then 'WithStaff' else stage end,
                 stuck_since = case when parked then coalesce(stuck_since, app_now()) else stuck_since end,
                 stuck_reason = case when parked then coalesce(stuck_reason, 'parked') else stuck_reason end,
                 seq = seq + parked::int
             from counted
             where id = $1
             returning seq, parked
           ), noted as (
             insert into journal (conversation_id, seq, at, kind, event)
             select $1, seq, app_now(), 'parked', jsonb_build_object('event', $2::bigint) from rested where parked
           )
           select coalesce(bool_or(parked), false) as "parked!" from rested"#,
        conversation as ConversationId,
        event as EventId,
        rest,
        MOST_ATTEMPTS
    )
    .fetch_one(conn)
    .await
}

/// Settles statuses against the outbox, a batch at once: by our own id, else by WhatsApp's. A status may arrive
/// before our HTTP answer, twice, and in any order: sent < failed < delivered < read, so `failed` never overwrites
/// delivered or read. Answers how many were settled; call again while it is a full batch.
///
/// # Errors
/// When the database fails.
pub async fn settle_statuses(conn: &mut PgConnection) -> sqlx::Result<bool> {
    let settled = sqlx::query_scalar!(
        r#"with batch as materialized (
             select id, conversation_id, (payload->>'outbox')::bigint as outbox, payload->>'message_id' as message_id,
                    payload->>'status' as status, (payload->'errors'->>0)::int as code
             from events
             where processed_at is null and kind = 'status'
             order by id
             limit $1
             for update skip locked
           ), named as (
             -- the webhook has found the conversation by the same ids and by our number: an id of ours that belongs
             -- to another number's message is somebody else's
             select b.id, o.id as outbox, b.message_id, b.code,
                    case b.status when 'played' then 'read' else b.status end as status
             from batch b
               left join lateral (
                 select o.id from outbox o
                 where o.conversation_id = b.conversation_id
                   and (o.id = b.outbox or (b.outbox is null and o.wa_message_id = b.message_id))
                 limit 1) o on true
           ), locked as materialized (
             -- in the order of ids, as the sender settles: two writers of the same rows wait, and never for each other
             select id from outbox where id in (select outbox from named) order by id for no key update
           ), best as (
             select distinct on (outbox) outbox, message_id, status, code
             from named
             where outbox is not null and status in ('sent', 'delivered', 'read', 'failed')
             order by outbox, array_position(array['sent', 'failed', 'delivered', 'read'], status) desc
           ), settled as (
             update outbox o
             set status = b.status,
                 wa_message_id = coalesce(o.wa_message_id, b.message_id),
                 sent_at = coalesce(o.sent_at, app_now()),
                 error_code = case when b.status = 'failed' then b.code else o.error_code end
             from best b join locked l on l.id = b.outbox
             where o.id = l.id
               and case b.status
                     when 'failed' then o.status in ('queued', 'sending', 'accepted', 'sent', 'unconfirmed')
                     when 'sent' then o.status in ('queued', 'sending', 'accepted', 'unconfirmed')
                     when 'delivered' then o.status in ('queued', 'sending', 'accepted', 'sent', 'failed', 'unconfirmed')
                     else o.status <> 'read'
                   end
             returning o.id, o.conversation_id, o.status, o.error_code
           ), told as (
             insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
             select conversation_id, 'undelivered', 'undelivered:' || id, app_now(), app_now(),
                    jsonb_build_object('code', error_code)
             from settled where status = 'failed'
             on conflict (dedupe_key) do nothing
           ), marked as (
             update events e
             set processed_at = app_now(), outcome = case when n.outbox is null then 'unmatched' else 'done' end
             from named n where e.id = n.id
             returning e.id
           )
           select count(*) as "count!" from marked"#,
        STATUSES
    )
    .fetch_one(conn)
    .await?;
    Ok(settled == STATUSES)
}

/// Inserts an event of the clinic's own: staff, a start, an echo. The same key twice is once.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    conn: &mut PgConnection,
    conversation: ConversationId,
    kind: &str,
    dedupe_key: &str,
    payload: &serde_json::Value,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
         values ($1, $2, $3, app_now(), app_now(), $4) on conflict (dedupe_key) do nothing",
        conversation as ConversationId,
        kind,
        dedupe_key,
        payload
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How full the queue is.
///
/// # Errors
/// When the database fails.
pub async fn depth(conn: &mut PgConnection) -> sqlx::Result<Depth> {
    sqlx::query_as!(
        Depth,
        r#"select e.n as "events_due!", coalesce(extract(epoch from app_now() - e.oldest), 0)::float8 as "events_age!",
                  o.n as "outbox!", coalesce(extract(epoch from app_now() - o.oldest), 0)::float8 as "outbox_age!",
                  (select count(*) from conversations where stuck_since is not null) as "stuck!",
                  (select count(*) from appointments where status = 'PENDING') as "holds!"
           from (select count(*) as n, min(due_at) as oldest from events
                 where processed_at is null and conversation_id is not null and kind <> 'status' and due_at <= app_now()) e,
                (select count(*) as n, min(created_at) as oldest from outbox where status in ('queued', 'sending') and not_before < 'infinity') o"#
    )
    .fetch_one(conn)
    .await
}

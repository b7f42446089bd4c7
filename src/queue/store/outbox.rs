//! The outbox: claimed in order per conversation, sent without any lock, settled by batches.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::id::{ConversationId, OutboxId};
use crate::queue::job::{Claimed, Recipient};
use crate::value::Outgoing;

/// What becomes of a claimed row.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The row.
    pub id: OutboxId,
    /// `accepted`, `queued` (to be tried again) or `failed`; `sending` leaves it until a status tells.
    pub status: &'static str,
    /// WhatsApp's id of the message.
    pub wa_message_id: Option<String>,
    /// WhatsApp's error code.
    pub code: Option<i32>,
    /// What WhatsApp says of the error.
    pub detail: Option<String>,
    /// Not to be tried before then.
    pub not_before: Option<DateTime<Utc>>,
}

/// From which of our numbers messages are claimed.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// From all but these, whose lines are closed.
    AllBut(&'a [String]),
    /// From these alone, to see whether they work again.
    Only(&'a [String]),
}

struct Row {
    id: OutboxId,
    conversation: ConversationId,
    phone_number_id: String,
    wa_id: Option<String>,
    user_id: Option<String>,
    message: Json,
    attempts: i32,
    dropped: bool,
}

/// Claims up to `most` messages, each the first of its conversation; those that were written under an older
/// epoch are dropped. A conversation that is in a turn is passed over: what it decides may drop its messages.
///
/// A row that can never go out (it cannot be read, or has nobody to go to) is settled as failed on the spot and its
/// turn is told, so that a person looks; the others of the batch go their way.
///
/// # Errors
/// When the database fails.
pub async fn claim(conn: &mut PgConnection, most: i64, from: Numbers<'_>) -> sqlx::Result<Vec<Claimed>> {
    loop {
        let rows = claim_rows(conn, most, from).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (mut ready, mut unsendable) = (Vec::new(), Vec::new());
        for row in rows.into_iter().filter(|row| !row.dropped) {
            match claimed(row) {
                Ok(message) => ready.push(message),
                Err(failed) => unsendable.push(failed),
            }
        }
        if !unsendable.is_empty()
            && let Err(error) = settle(conn, &unsendable).await
        {
            if ready.is_empty() {
                return Err(error);
            }
            // they stay `sending` and come up again; those that can go out must not wait for them
            tracing::error!(%error, messages = unsendable.len(), "Messages that cannot go out could not be settled");
        }
        if !ready.is_empty() {
            return Ok(ready);
        }
        // what stood behind the dropped and the unsendable may go now: each round settles at least one
    }
}

/// The message as a channel takes it, or why it can never go out.
fn claimed(row: Row) -> Result<Claimed, Settled> {
    let unsendable = |detail: &str| {
        tracing::error!(outbox.id = %row.id, detail, "A message can never go out; its conversation is told");
        metrics::counter!("smartsalud_unsendable_total").increment(1);
        Settled {
            id: row.id,
            status: "failed",
            wa_message_id: None,
            code: None,
            detail: Some(detail.to_owned()),
            not_before: None,
        }
    };
    let to = match (row.wa_id, row.user_id) {
        (Some(number), _) => Recipient::WaId(number),
        (None, Some(id)) => Recipient::UserId(id),
        (None, None) => return Err(unsendable("its conversation has no address to send to")),
    };
    // the parser's own words would quote the patient's
    let message: Outgoing = serde_json::from_value(row.message)
        .map_err(|_| unsendable("the payload of its row is no message that this version can read"))?;
    Ok(Claimed {
        id: row.id,
        conversation: row.conversation,
        phone_number_id: row.phone_number_id,
        to,
        message,
        attempts: row.attempts,
    })
}

async fn claim_rows(conn: &mut PgConnection, most: i64, from: Numbers<'_>) -> sqlx::Result<Vec<Row>> {
    let (numbers, only) = match from {
        Numbers::AllBut(numbers) => (numbers, false),
        Numbers::Only(numbers) => (numbers, true),
    };
    sqlx::query_as!(
        Row,
        r#"with first as materialized (
             select o.id, o.epoch = c.epoch as wanted
             from outbox o join conversations c on c.id = o.conversation_id
             where o.status = 'queued' and o.not_before <= app_now() and (c.phone_number_id = any($2)) = $3
               and not exists (select 1 from outbox before
                               where before.conversation_id = o.conversation_id and before.id < o.id
                                 and (before.status = 'sending'
                                      -- what waits for its patient to write is in nobody's way
                                      or (before.status = 'queued' and before.not_before < 'infinity' and before.epoch = c.epoch and o.epoch = c.epoch)))
             order by o.not_before, o.id
             limit $1
             for update of o skip locked
             for share of c skip locked
           ), claimed as (
             update outbox o
             set status = case when wanted then 'sending' else 'dropped' end,
                 attempts = attempts + wanted::int, claimed_at = app_now()
             from first f where o.id = f.id
             returning o.id, o.conversation_id, o.payload, o.attempts, o.status
           )
           select k.id as "id: OutboxId", k.conversation_id as "conversation: ConversationId", c.phone_number_id,
                  w.value as "wa_id?", u.value as "user_id?", k.payload as message, k.attempts,
                  k.status = 'dropped' as "dropped!"
           from claimed k join conversations c on c.id = k.conversation_id
             left join lateral (select value from addresses a where a.conversation_id = c.id and a.kind = 'wa_id' limit 1) w on true
             left join lateral (select value from addresses a where a.conversation_id = c.id and a.kind = 'user_id' limit 1) u on true"#,
        most,
        numbers,
        only
    )
    .fetch_all(conn)
    .await
}

/// Writes down what became of messages, many at once. A status that came first is not overwritten.
///
/// # Errors
/// When the database fails.
pub async fn settle(conn: &mut PgConnection, settled: &[Settled]) -> sqlx::Result<()> {
    let ids: Vec<i64> = settled.iter().map(|one| one.id.0).collect();
    let statuses: Vec<String> = settled.iter().map(|one| one.status.to_owned()).collect();
    let messages: Vec<Option<String>> = settled.iter().map(|one| one.wa_message_id.clone()).collect();
    let codes: Vec<Option<i32>> = settled.iter().map(|one| one.code).collect();
    let details: Vec<Option<String>> = settled.iter().map(|one| one.detail.clone()).collect();
    let nots: Vec<Option<DateTime<Utc>>> = settled.iter().map(|one| one.not_before).collect();
    sqlx::query!(
        r#"with given as (
             select * from unnest($1::bigint[], $2::text[], $3::text[], $4::int[], $5::text[], $6::timestamptz[])
               as g(id, status, wa_message_id, code, detail, not_before)
           ), locked as materialized (
             -- in the order of ids, as statuses are settled: two writers of the same rows wait, and never for each other
             select id from outbox where id = any($1) order by id for no key update
           ), written as (
             update outbox o
             set wa_message_id = coalesce(g.wa_message_id, o.wa_message_id),
                 status = case when o.status = 'sending' then g.status else o.status end,
                 sent_at = case when g.status = 'accepted' then coalesce(o.sent_at, app_now()) else o.sent_at end,
                 error_code = coalesce(g.code, o.error_code),
                 error_detail = coalesce(g.detail, o.error_detail),
                 not_before = coalesce(g.not_before, o.not_before)
             from given g join locked l on l.id = g.id
             where o.id = l.id
             returning o.id, o.conversation_id, o.status, o.error_code
           )
           insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
           select conversation_id, 'undelivered', 'undelivered:' || id, app_now(), app_now(),
                  jsonb_build_object('code', error_code)
           from written where status = 'failed'
           on conflict (dedupe_key) do nothing"#,
        &ids,
        &statuses,
        &messages as &[Option<String>],
        &codes as &[Option<i32>],
        &details as &[Option<String>],
        &nots as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Messages whose outcome stayed unknown for `after`, because no answer came or their sender died: tried once
/// more (an answer to a patient is delivered at least once), then left as `unconfirmed` and the turn is told.
/// Answers how many.
///
/// # Errors
/// When the database fails.
pub async fn recover(conn: &mut PgConnection, after: Duration) -> sqlx::Result<i64> {
    let after =
        PgInterval { months: 0, days: 0, microseconds: i64::try_from(after.as_micros()).unwrap_or(i64::MAX) };
    sqlx::query_scalar!(
        r#"with recovered as (
             update outbox
             set status = case when unanswered = 0 then 'queued' else 'unconfirmed' end, unanswered = unanswered + 1
             where id in (select id from outbox where status = 'sending' and claimed_at <= app_now() - $1::interval
                          order by id limit 1000 for update skip locked)
             returning id, conversation_id, status
           ), told as (
             -- the patient may not have it: a person must look
             insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
             select conversation_id, 'undelivered', 'undelivered:' || id, app_now(), app_now(), '{}'
             from recovered where status = 'unconfirmed'
             on conflict (dedupe_key) do nothing
           )
           select count(*) as "recovered!" from recovered"#,
        after
    )
    .fetch_one(conn)
    .await
}

/// Drops what has waited a month for its patient to write: by then it tells of something long past.
///
/// # Errors
/// When the database fails.
pub async fn drop_unread(conn: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "update outbox set status = 'dropped'
         where status = 'queued' and not_before = 'infinity' and created_at < app_now() - interval '30 days'"
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

//! Flow books and the conversations that run on them: stored by hash, put in force, looked at before a new one is.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use sqlx::PgConnection;
use sqlx::types::Json as Column;

use crate::conversation::need::{Event, Fact, WalkTrace};
use crate::conversation::state::{Owner, State};
use crate::id::{CenterId, ConversationId};

/// A stored book, as operators see it.
#[derive(Debug, Clone)]
pub struct StoredBook {
    /// Its hash.
    pub hash: String,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// Where it is in force: centres' codes, and the empty text for the installation.
    pub in_force: Vec<String>,
}

/// A putting in force, as the log has it.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The book.
    pub hash: String,
    /// The centre's code; `None`: the installation.
    pub center: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A conversation that has begun and not ended.
#[derive(Debug)]
pub struct Open {
    /// Which.
    pub id: ConversationId,
    /// Its centre.
    pub center: CenterId,
    /// The centre's code.
    pub center_code: String,
    /// The centre's IANA zone.
    pub tz: String,
    /// The hash of the book in force for it.
    pub book: Option<String>,
    /// The patient's number as WhatsApp gives it.
    pub wa_id: Option<String>,
    /// Who speaks, as the column has it.
    pub owner: String,
    /// The epoch, as the column has it.
    pub epoch: i64,
    /// The state after the last turn.
    pub state: Column<State>,
    /// The time of the database.
    pub now: DateTime<Utc>,
}

impl Open {
    /// Who speaks.
    pub fn owner(&self) -> Owner {
        super::owner(&self.owner)
    }
}

/// A turn of a talk that has ended.
#[derive(Debug)]
pub struct EndedTurn {
    /// The conversation.
    pub conversation: ConversationId,
    /// The book it ran on.
    pub book: String,
    /// What the core was told.
    pub event: Column<Event>,
    /// What the world answered.
    pub facts: Column<Vec<Fact>>,
}

/// The sources of a flow book, by file name; `None` when no such book is stored.
///
/// # Errors
/// When the database fails.
pub async fn book_sources(conn: &mut PgConnection, hash: &str) -> sqlx::Result<Option<Json>> {
    sqlx::query_scalar!("select sources from flow_books where hash = $1", hash).fetch_optional(conn).await
}

/// Stores a flow book; the same one twice is once.
///
/// # Errors
/// When the database fails.
pub async fn publish_book(conn: &mut PgConnection, hash: &str, sources: &Json) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into flow_books (hash, sources, created_at) values ($1, $2, app_now()) on conflict (hash) do nothing",
        hash,
        sources
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a stored book in force, for one centre or for the whole installation, unless it is already.
///
/// # Errors
/// When the database fails, or no such book is stored (foreign key).
pub async fn activate_book(
    conn: &mut PgConnection,
    hash: &str,
    center: Option<CenterId>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"with logged as (
             insert into flow_activations (hash, center_id, at)
             select $1, $2, app_now()
             where $1 is distinct from (
               select hash from flow_activations where center_id is not distinct from $2 order by id desc limit 1)
           )
           update centers set flow_book = $1 where id = $2"#,
        hash,
        center as Option<CenterId>
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts a stored book in force for the whole installation if it never was; whether it was put in force.
///
/// # Errors
/// When the database fails, or no such book is stored (foreign key).
pub async fn activate_new_book(conn: &mut PgConnection, hash: &str) -> sqlx::Result<bool> {
    let activated = sqlx::query!(
        r#"insert into flow_activations (hash, center_id, at)
           select $1, null, app_now()
           where not exists (select from flow_activations where hash = $1 and center_id is null)"#,
        hash
    )
    .execute(conn)
    .await?;
    Ok(activated.rows_affected() > 0)
}

/// The hash of the book in force for the whole installation.
///
/// # Errors
/// When the database fails.
pub async fn book_in_force(conn: &mut PgConnection) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select hash from flow_activations where center_id is null order by id desc limit 1")
        .fetch_optional(conn)
        .await
}

/// The stored books whose hash begins so, newest first, at most 50.
///
/// # Errors
/// When the database fails.
pub async fn stored_books(conn: &mut PgConnection, beginning: &str) -> sqlx::Result<Vec<StoredBook>> {
    sqlx::query_as!(
        StoredBook,
        r#"select b.hash, b.created_at as at,
                  (select coalesce(array_agg(code order by code), '{}') from (
                     select code from centers where flow_book = b.hash
                     union all
                     select '' where b.hash = (select hash from flow_activations where center_id is null order by id desc limit 1)
                   ) p) as "in_force!"
           from flow_books b
           where starts_with(b.hash, $1)
           order by b.created_at desc, b.hash
           limit 50"#,
        beginning
    )
    .fetch_all(conn)
    .await
}

/// The last activations, newest first.
///
/// # Errors
/// When the database fails.
pub async fn activations(conn: &mut PgConnection, most: i64) -> sqlx::Result<Vec<Activation>> {
    sqlx::query_as!(
        Activation,
        r#"select a.hash, n.code as "center?", a.at
           from flow_activations a left join centers n on n.id = a.center_id
           order by a.id desc
           limit $1"#,
        most
    )
    .fetch_all(conn)
    .await
}

/// The centre of that code.
///
/// # Errors
/// When the database fails.
pub async fn center_of_code(conn: &mut PgConnection, code: &str) -> sqlx::Result<Option<CenterId>> {
    sqlx::query_scalar!(r#"select id as "id: CenterId" from centers where code = $1"#, code)
        .fetch_optional(conn)
        .await
}

/// The codes of all centres, in order.
///
/// # Errors
/// When the database fails.
pub async fn center_codes(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select code from centers order by code").fetch_all(conn).await
}

/// Conversations with something open, in the order of their ids: of one centre, or of all that have no book of
/// their own.
///
/// # Errors
/// When the database fails.
pub async fn open_conversations(
    conn: &mut PgConnection,
    center: Option<CenterId>,
    after: i64,
    most: i64,
) -> sqlx::Result<Vec<Open>> {
    sqlx::query_as!(
        Open,
        r#"select c.id as "id: ConversationId", c.center_id as "center: CenterId", n.code as center_code, n.tz, c.owner, c.epoch,
                  coalesce(n.flow_book, (select a.hash from flow_activations a where a.center_id is null order by a.id desc limit 1)) as book,
                  (select a.value from addresses a where a.conversation_id = c.id and a.kind = 'wa_id' limit 1) as wa_id,
                  c.state as "state: Column<State>", app_now() as "now!"
           from conversations c join centers n on n.id = c.center_id
           where c.id > $2
             and case when $1::bigint is null then n.flow_book is null else c.center_id = $1 end
             and c.state <> '{}' and c.stage <> 'Closed'
           order by c.id
           limit $3"#,
        center as Option<CenterId>,
        after,
        most
    )
    .fetch_all(conn)
    .await
}

/// The turns of the last talks that have ended, each from its first, in order.
///
/// # Errors
/// When the database fails.
pub async fn ended_talks(
    conn: &mut PgConnection,
    center: Option<CenterId>,
    most: i64,
) -> sqlx::Result<Vec<EndedTurn>> {
    sqlx::query_as!(
        EndedTurn,
        r#"with ended as (
             select c.id
             from conversations c join centers n on n.id = c.center_id
             where case when $1::bigint is null then n.flow_book is null else c.center_id = $1 end
               and c.stage in ('Closed', 'Idle') and c.last_patient_at is not null
             order by c.last_patient_at desc
             limit $2
           )
           select j.conversation_id as "conversation: ConversationId", j.book as "book!",
                  j.event as "event!: Column<Event>", j.facts as "facts!: Column<Vec<Fact>>"
           from ended join journal j on j.conversation_id = ended.id
           where j.kind = 'turn' and j.event <> 'null'
           order by j.conversation_id, j.seq"#,
        center as Option<CenterId>,
        most
    )
    .fetch_all(conn)
    .await
}

/// How many turns of the last days came to each step that did something: asked, said, read, wrote.
///
/// # Errors
/// When the database fails.
pub async fn steps_seen(conn: &mut PgConnection, days: i32) -> sqlx::Result<Vec<(String, i64)>> {
    let aside = WalkTrace::ASIDE.map(|beginning| format!("{beginning}%"));
    let rows = sqlx::query!(
        r#"select w.step as "step!", count(distinct (j.conversation_id, j.seq)) as "seen!"
           from journal j, jsonb_to_recordset(j.trace -> 'walk') as w(step text, verdict text)
           where j.kind = 'turn' and j.at > app_now() - make_interval(days => $1)
             and w.step is not null and not w.verdict like any($2)
           group by w.step"#,
        days,
        &aside[..]
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.step, row.seen)).collect())
}

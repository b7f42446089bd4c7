//! The SQL of the generator.

use sqlx::{PgConnection, PgPool};

use super::Kind;

/// Ids are given out by the generator, so nobody else may take them meanwhile.
pub(super) async fn lock(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "lock table centers, doctors, appointment_types, patients, appointments in share row exclusive mode"
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A new centre; none when there is one of that code.
pub(super) async fn center(tx: &mut PgConnection, code: &str, name: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "insert into centers (code, name, tz, address) values ($1, $2, 'America/Santiago', 'Avenida Inventada 1234')
             on conflict (code) do nothing returning id",
        code,
        name
    )
    .fetch_optional(tx)
    .await
}

/// Lays the constraints and indexes of the two large tables aside, when most of what those will hold is about to be
/// written: to check and index half a million rows at once takes a third of the time of one by one. What they are is
/// asked of the database, so that none of a later migration is forgotten. False when the tables stay as they are.
///
/// Nobody else can read the tables until the transaction ends.
pub(super) async fn lay_aside(tx: &mut PgConnection, rows: usize) -> sqlx::Result<bool> {
    let fewer = sqlx::query_scalar!(
        r#"select count(*) < $1 as "fewer!" from (select from appointments limit $1) a"#,
        i64::try_from(rows).unwrap_or(i64::MAX)
    )
    .fetch_one(&mut *tx)
    .await?;
    // less than this is written before the indexes are built
    if !fewer || rows < 50_000 {
        return Ok(false);
    }
    sqlx::raw_sql(
        r"create temp table laid_aside on commit drop as
            select row_number() over (order by last, of::text, name) as n, of, name, undo, redo
              from (
                select k.conrelid::regclass as of, k.conname::text as name, k.contype = 'f' as last,
                       format('alter table %s drop constraint %I', k.conrelid::regclass, k.conname) as undo,
                       format('alter table %s add constraint %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) as redo
                  from pg_constraint k
                 where k.conrelid in ('appointments'::regclass, 'appointment_events'::regclass) and k.contype in ('x', 'f')
                union all
                select i.indrelid::regclass, i.indexrelid::regclass::text, false,
                       format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
                  from pg_index i
                 where i.indrelid in ('appointments'::regclass, 'appointment_events'::regclass)
                   and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
              ) all_of_them;
          do $$ declare one record; begin
            for one in select undo from laid_aside order by n desc loop execute one.undo; end loop;
          end $$",
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// Puts back what was laid aside; what was written is checked by it.
pub(super) async fn put_back(tx: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(
        r"set local maintenance_work_mem = '256MB';
          do $$ declare one record; begin
            for one in select redo from laid_aside order by n loop execute one.redo; end loop;
          end $$",
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Lets the planner know how much there is now.
pub(super) async fn analyze(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query!(
        "analyze centers, doctors, appointment_types, doctor_schedules, patients, patient_phones, appointments, appointment_events"
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn services(
    tx: &mut PgConnection,
    center: i64,
    chosen: &[Kind],
    horizon: i32,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        r#"insert into appointment_types (center_id, code, name, patient_words, duration_min, max_horizon_days)
           select $1, r.code, r.name, string_to_array(r.words, '|'), r.minutes, $6
             from unnest($2::text[], $3::text[], $4::text[], $5::int[]) with ordinality as r(code, name, words, minutes, n) order by r.n
           returning id"#,
        center,
        &chosen.iter().map(|service| service.0.to_owned()).collect::<Vec<_>>(),
        &chosen.iter().map(|service| service.1.to_owned()).collect::<Vec<_>>(),
        &chosen.iter().map(|service| service.2.to_owned()).collect::<Vec<_>>(),
        &chosen.iter().map(|service| i32::from(service.3)).collect::<Vec<_>>(),
        horizon
    )
    .fetch_all(tx)
    .await
}

/// Takes `count` ids in a row from a table's sequence and answers the first.
pub(super) async fn reserve(tx: &mut PgConnection, table: &str, count: u64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with first as (select nextval(pg_get_serial_sequence($1, 'id')) as id)
           select id as "id!" from first, lateral (select setval(pg_get_serial_sequence($1, 'id'), id + $2)) moved"#,
        table,
        i64::try_from(count).unwrap_or(0)
    )
    .fetch_one(tx)
    .await
}

pub(super) async fn copy(tx: &mut PgConnection, into: &'static str, rows: String) -> sqlx::Result<()> {
    let mut copy = tx.copy_in_raw(into).await?;
    copy.send(rows.into_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

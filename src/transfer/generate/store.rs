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

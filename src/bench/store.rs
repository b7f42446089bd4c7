//! The SQL of the benchmark: databases of its own, what is asked of them, and what they say of themselves.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{AssertSqlSafe, Row as _};

use crate::id::{AppointmentTypeId, CenterId, DoctorId, PatientId};

/// A statement of this database and what it cost.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Cost {
    /// How often it ran.
    pub calls: i64,
    /// Milliseconds in all, planning included.
    pub total_ms: f64,
    /// Of those, planning.
    pub planning_ms: f64,
    /// The SQL, on one line.
    pub statement: String,
}

/// Makes a database, a copy of another to which nobody is connected.
pub async fn create(
    conn: &mut PgConnection,
    name: &str,
    of: Option<&str>,
    by_file: bool,
) -> sqlx::Result<()> {
    // names are made of letters, digits and `_` by `ground`: an identifier cannot be a parameter
    let how = if by_file { " strategy file_copy" } else { "" };
    let of = of.map(|of| format!(" template \"{of}\"{how}")).unwrap_or_default();
    sqlx::raw_sql(AssertSqlSafe(format!("create database \"{name}\"{of}"))).execute(conn).await?;
    Ok(())
}

/// Drops a database, and whoever is connected to it.
pub async fn drop(conn: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let gone = format!("drop database if exists \"{name}\" with (force)");
    sqlx::raw_sql(AssertSqlSafe(gone)).execute(conn).await?;
    Ok(())
}

/// `server_version`.
pub async fn version(conn: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar!(r#"select current_setting('server_version') as "version!""#).fetch_one(conn).await
}

/// Lets the server load `pg_stat_statements` at its next start, where it has it; it must be a server of ours.
pub async fn preload_counting(conn: &mut PgConnection) -> sqlx::Result<()> {
    let there = sqlx::query_scalar!(
        r#"select exists (select from pg_available_extensions where name = 'pg_stat_statements') as "there!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if there {
        sqlx::raw_sql("alter system set shared_preload_libraries = 'pg_stat_statements'")
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Lets a server of ours that has loaded `pg_stat_statements` tell planning from running.
pub async fn count_planning(pool: &PgPool) -> sqlx::Result<()> {
    if loaded(pool).await? {
        sqlx::raw_sql("alter system set pg_stat_statements.track_planning = on").execute(pool).await?;
        sqlx::raw_sql("select pg_reload_conf()").execute(pool).await?;
    }
    Ok(())
}

async fn loaded(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select current_setting('shared_preload_libraries') ~ 'pg_stat_statements' as "loaded!""#
    )
    .fetch_one(pool)
    .await
}

/// Makes `pg_stat_statements` visible in this database, where the server has loaded it.
pub async fn prepare_counting(pool: &PgPool) -> sqlx::Result<()> {
    if loaded(pool).await? {
        // one who may not do this does without the figure
        sqlx::raw_sql("create extension if not exists pg_stat_statements").execute(pool).await.ok();
    }
    Ok(())
}

async fn counts(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from pg_extension where extname = 'pg_stat_statements') as "counts!""#
    )
    .fetch_one(pool)
    .await
}

/// Counts the statements of this database from now on, and of no other one.
pub async fn start_counting(pool: &PgPool) -> sqlx::Result<()> {
    if counts(pool).await? {
        sqlx::raw_sql(
            "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)",
        )
        .execute(pool)
        .await?;
    }
    Ok(())
}

/// What this database did since, by statement, the heaviest first; none where PostgreSQL does not count.
pub async fn costs(pool: &PgPool) -> sqlx::Result<Vec<Cost>> {
    if !counts(pool).await? {
        return Ok(Vec::new());
    }
    // an extension's view: not there when queries are checked
    sqlx::query_as(
        r"select calls, total_exec_time + total_plan_time as total_ms, total_plan_time as planning_ms,
                 regexp_replace(query, '\s+', ' ', 'g') as statement
            from pg_stat_statements
           where dbid = (select oid from pg_database where datname = current_database())
             -- what the benchmark asks for itself is nobody's work; what only opens or closes is no statement
             and query not ilike '%pg_stat_%' and query !~* '^\s*(begin|commit|rollback|vacuum)'
           order by 2 desc",
    )
    .fetch_all(pool)
    .await
}

/// Commits and deadlocks in this database, ever.
pub async fn ended(pool: &PgPool) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"select xact_commit as "commits!", deadlocks as "deadlocks!" from pg_stat_database where datname = current_database()"#
    )
    .fetch_one(pool)
    .await?;
    Ok((row.commits, row.deadlocks))
}

/// The planner knows what is there, and index-only scans need not look at the rows.
pub async fn tidy(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::raw_sql("vacuum (analyze)").execute(pool).await?;
    Ok(())
}

/// Gives the invented centre its number, and lets a patient have as many hours as the load wants.
pub async fn open_center(pool: &PgPool, center: CenterId, number: &str) -> sqlx::Result<()> {
    sqlx::query!("update centers set phone_number_id = $2 where id = $1", center.0, number)
        .execute(pool)
        .await?;
    sqlx::query!("update appointment_types set max_per_patient = 1000 where center_id = $1", center.0)
        .execute(pool)
        .await?;
    Ok(())
}

/// Lets the ids of a table begin at a number that nothing else has.
pub async fn restart_ids(pool: &PgPool, table: &str, first: u64) -> sqlx::Result<()> {
    // a table of our own list: an identifier cannot be a parameter
    let begin = format!("alter table \"{table}\" alter column id restart with {first}");
    sqlx::raw_sql(AssertSqlSafe(begin)).execute(pool).await?;
    Ok(())
}

/// How many rows there are of what a chat leaves behind.
pub async fn rows(pool: &PgPool) -> sqlx::Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        r#"select 'appointments' as "what!", count(*) as "count!" from appointments
           union all select 'confirmed', count(*) from appointments where status = 'CONFIRMED'
           union all select 'appointment_events', count(*) from appointment_events
           union all select 'conversations', count(*) from conversations
           union all select 'events', count(*) from events
           union all select 'events handled', count(*) from events where processed_at is not null
           union all select 'outbox', count(*) from outbox
           union all select 'outbox read', count(*) from outbox where status = 'read'
           union all select 'journal', count(*) from journal
           order by 1"#
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.what, row.count)).collect())
}

/// Pairs of visits that a professional, or a patient, has at the same time: there must be none.
pub async fn doubles(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select (select count(*) from appointments a join appointments b
                     on a.id < b.id and a.doctor_id = b.doctor_id and a.lane = b.lane and a.busy && b.busy
                  where a.blocks and b.blocks)
                + (select count(*) from appointments a join appointments b
                     on a.id < b.id and a.patient_id = b.patient_id and a.during && b.during
                  where a.blocks and b.blocks) as "doubles!""#
    )
    .fetch_one(pool)
    .await
}

/// A prestación of the centre; none named: the first one.
pub async fn service(pool: &PgPool, center: CenterId, code: Option<&str>) -> sqlx::Result<AppointmentTypeId> {
    sqlx::query_scalar!(
        r#"select id as "id: AppointmentTypeId" from appointment_types
            where center_id = $1 and ($2::text is null or code = $2) order by id limit 1"#,
        center.0,
        code
    )
    .fetch_one(pool)
    .await
}

/// A professional of the centre.
pub async fn somebody(pool: &PgPool, center: CenterId) -> sqlx::Result<DoctorId> {
    sqlx::query_scalar!(
        r#"select id as "id: DoctorId" from doctors where center_id = $1 order by id limit 1"#,
        center.0
    )
    .fetch_one(pool)
    .await
}

/// Patients of the centre, those with the fewest hours first.
pub async fn patients(pool: &PgPool, center: CenterId, count: i64) -> sqlx::Result<Vec<PatientId>> {
    sqlx::query_scalar!(
        r#"select p.id as "id: PatientId" from patients p left join appointments a on a.patient_id = p.id and a.blocks
            where p.center_id = $1 group by p.id order by count(a.id), p.id limit $2"#,
        center.0,
        count
    )
    .fetch_all(pool)
    .await
}

/// Every phone, as WhatsApp writes it.
pub async fn phones(pool: &PgPool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select distinct ltrim(phone_e164, '+') as "phone!" from patient_phones order by 1"#
    )
    .fetch_all(pool)
    .await
}

/// Reads the busy minutes of these days as bare as can be, from the index that covers them; answers how many.
pub async fn scan_busy(conn: &mut PgConnection, from: NaiveDate, until: NaiveDate) -> sqlx::Result<usize> {
    let rows = sqlx::query!(
        "select appointment_date, doctor_id, busy, lane, hold_expires_at from appointments
          where blocks and appointment_date >= $1 and appointment_date < $2",
        from,
        until
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.len())
}

/// Takes a prestación's weekly agenda away and opens exactly so many hours of it, on Saturdays, when nobody has any
/// yet. Answers how many were opened: fewer only where its professionals are too few.
pub async fn open_few_hours(
    pool: &PgPool,
    center: CenterId,
    service: AppointmentTypeId,
    today: NaiveDate,
    hours: i32,
) -> sqlx::Result<i64> {
    let doctors = sqlx::query_scalar!(
        r#"select distinct doctor_id from doctor_schedules where center_id = $1 and appointment_type_id = $2 order by 1"#,
        center.0,
        service.0
    )
    .fetch_all(pool)
    .await?;
    sqlx::query!(
        "delete from doctor_schedules where center_id = $1 and appointment_type_id = $2",
        center.0,
        service.0
    )
    .execute(pool)
    .await?;
    sqlx::query_scalar!(
        r#"with doctors as (
             select doctor, place - 1 as place, count(*) over () as n from unnest($4::bigint[]) with ordinality as d(doctor, place)
           ), saturdays as (
             select d::date as day, row_number() over (order by d) - 1 as week
               from generate_series($3::date + 1, $3::date + 56, interval '1 day') d
              where extract(isodow from d) = 6 and not exists (select from holidays h where h.day = d::date and h.scope = 'CL')
           ), days as (
             -- sixteen hours of one professional, then of the next, then the same a week later
             select k, least(16, $5 - 16 * k) as hours from generate_series(0, ($5 - 1) / 16) k
           ), opened as (
             insert into doctor_schedules (doctor_id, center_id, day_of_week, start_time, end_time, slot_minutes, appointment_type_id, valid)
             select doctors.doctor, $1, 6, '07:00', time '07:00' + days.hours * make_interval(mins => t.duration_min), t.duration_min, t.id,
                    daterange(saturdays.day, saturdays.day + 1)
               from days join doctors on doctors.place = days.k % doctors.n join saturdays on saturdays.week = days.k / doctors.n
               join appointment_types t on t.id = $2
             returning (extract(epoch from end_time - start_time) / 60)::int / slot_minutes as hours
           )
           select coalesce(sum(hours), 0)::bigint as "hours!" from opened"#,
        center.0,
        service.0,
        today,
        &doctors,
        hours
    )
    .fetch_one(pool)
    .await
}

/// What is left to be done: events that are due, messages on their way out.
pub async fn waiting(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select (select count(*) from events where processed_at is null and due_at <= clock_timestamp())
                + (select count(*) from outbox where status in ('queued', 'sending')) as "waiting!""#
    )
    .fetch_one(pool)
    .await
}

/// What came of the chats since a moment.
pub struct Chatted {
    /// Messages of patients.
    pub messages: i64,
    /// Messages to them.
    pub answers: i64,
    /// Hours that were booked by chat and still are.
    pub confirmed: i64,
    /// Patients who joined the list of those who wait.
    pub joined: i64,
    /// Conversations that wait for a person.
    pub handed_over: i64,
    /// Seconds from an event's due time to the commit of its turn: the median, and 99 in 100.
    pub late: [f64; 2],
}

/// Reads what came of the chats since `start`.
pub async fn chatted(pool: &PgPool, start: DateTime<Utc>) -> sqlx::Result<Chatted> {
    let row = sqlx::query!(
        r#"select count(*) as "messages!",
                  (select count(*) from outbox where created_at >= $1) as "answers!",
                  (select count(*) from appointments where status = 'CONFIRMED' and conversation_id is not null and created_at >= $1) as "confirmed!",
                  (select count(*) from waitlist where created_at >= $1) as "joined!",
                  (select count(*) from conversations where stuck_since is not null) as "handed_over!",
                  coalesce(percentile_cont(0.5) within group (order by extract(epoch from processed_at - due_at)::float8), 0) as "p50!",
                  coalesce(percentile_cont(0.99) within group (order by extract(epoch from processed_at - due_at)::float8), 0) as "p99!"
             from events where kind = 'message' and received_at >= $1"#,
        start
    )
    .fetch_one(pool)
    .await?;
    Ok(Chatted {
        messages: row.messages,
        answers: row.answers,
        confirmed: row.confirmed,
        joined: row.joined,
        handed_over: row.handed_over,
        late: [row.p50, row.p99],
    })
}

/// How PostgreSQL searches free hours in plain SQL, as it says itself.
pub async fn explain_search(
    conn: &mut PgConnection,
    search: &str,
    center: CenterId,
    kind: AppointmentTypeId,
    days: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<String>> {
    let explain = format!("explain (analyze, buffers, costs off) {search}");
    let rows = sqlx::query(AssertSqlSafe(explain))
        .bind(center.0)
        .bind(kind.0)
        .bind(Option::<Vec<i64>>::None)
        .bind(days.0)
        .bind(days.1)
        .bind(now)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

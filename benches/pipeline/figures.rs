//! What the database and the processors did meanwhile.

use std::path::Path;

use sqlx::PgPool;

/// Processor time, which says more than the clock does when others use the machine too.
#[derive(Clone, Copy)]
pub struct Worked {
    /// Seconds of this process.
    pub ours: f64,
    /// Seconds of PostgreSQL.
    pub database: f64,
}

/// A statement in this database.
#[derive(sqlx::FromRow)]
pub struct Statement {
    calls: i64,
    /// Milliseconds, planning included.
    time: f64,
    planning: f64,
    words: String,
}

impl Worked {
    /// What this process and the server on `data` have done so far.
    pub fn until_now(data: &Path) -> Self {
        let at_work_here =
            |pid: u32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data);
        Self { ours: processor_time(|pid| pid == std::process::id()), database: processor_time(at_work_here) }
    }

    /// Of that, what came after `before`.
    pub fn since(self, before: Self) -> Self {
        Self { ours: self.ours - before.ours, database: self.database - before.database }
    }
}

/// Seconds that processes have worked, from `/proc`.
fn processor_time(counts: impl Fn(u32) -> bool) -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ticks = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, tail) = stat.rsplit_once(") ")?;
        let parts: Vec<&str> = tail.split(' ').collect();
        let worked = parts.get(11)?.parse::<f64>().ok()? + parts.get(12)?.parse::<f64>().ok()?;
        counts(pid).then_some(worked)
    });
    ticks.sum::<f64>() / TICKS_A_SECOND
}

/// Counts statements from now on, where PostgreSQL can.
pub async fn begin(pool: &PgPool) -> anyhow::Result<()> {
    if counted(pool).await? {
        sqlx::query("select pg_stat_statements_reset()").execute(pool).await?;
    }
    Ok(())
}

async fn counted(pool: &PgPool) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select from pg_extension where extname = 'pg_stat_statements')")
        .fetch_one(pool)
        .await
}

/// What the database did, by statement, the heaviest first; none where PostgreSQL cannot count.
pub async fn statements(pool: &PgPool) -> anyhow::Result<Vec<Statement>> {
    if !counted(pool).await? {
        return Ok(Vec::new());
    }
    let read = "select calls, total_exec_time + total_plan_time as time, total_plan_time as planning,
                       regexp_replace(query, '\\s+', ' ', 'g') as words
                from pg_stat_statements
                where dbid = (select oid from pg_database where datname = current_database())
                  and query not ilike '%pg_stat_%'
                order by 2 desc";
    Ok(sqlx::query_as(read).fetch_all(pool).await?)
}

/// Deadlocks in this database, ever.
pub async fn deadlocks(pool: &PgPool) -> sqlx::Result<i64> {
    sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
        .fetch_one(pool)
        .await
}

/// Prints them, as far as they matter.
pub fn print(statements: &[Statement], messages: f64, seconds: f64) {
    let total: f64 = statements.iter().map(|one| one.time).sum();
    let calls: f64 = statements.iter().map(|one| one.calls as f64).sum();
    println!(
        "{:.1} statements a message; the database worked {:.2} ms on a message ({:.2} ms planning), {:.0} % of one core",
        calls / messages,
        total / messages,
        statements.iter().map(|one| one.planning).sum::<f64>() / messages,
        total / seconds / 10.0
    );
    println!("{:>9} {:>8} {:>8} {:>6}  statement", "a message", "us each", "planning", "share");
    for one in statements.iter().take(20) {
        let calls = one.calls as f64;
        let words: String = one.words.chars().take(100).collect();
        let (each, planning) = (one.time / calls * 1e3, one.planning / calls * 1e3);
        println!(
            "{:>9.2} {each:>8.0} {planning:>8.0} {:>5.1}%  {words}",
            calls / messages,
            one.time / total * 100.0
        );
    }
}

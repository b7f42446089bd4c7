//! The baseline of whatever writes: the same statements with the same parameters, grouped in the same transactions on
//! the same tables, with no engine around them.
//!
//! What the engine says to PostgreSQL is written down by a relay ([`recording`]), sorted into transactions that wait
//! for each other as they did ([`work`], [`plan`]), and said again on bare connections ([`bare`]). It counts as a
//! baseline only when it leaves the tables as the recorded run did.

mod bare;
mod line;
mod plan;
mod recording;
mod work;

use std::time::Duration;

use anyhow::{Context, ensure};
use sqlx::postgres::{PgConnectOptions, PgPool};

use super::store;
use bare::{Bare, Difference};
use line::Target;
pub use recording::{Recorder, Recording};

/// What the bare statements may leave otherwise than the recorded run did.
const TOLERANCE: f64 = 0.01;

/// How long the bare statements took, and how many there were.
pub struct Repeated {
    pub took: Duration,
    pub counted: Counted,
}

/// What was said to the server between two moments.
#[derive(Clone, Copy)]
pub struct Counted {
    pub statements: usize,
    pub transactions: usize,
}

/// Whether the server lets bare connections in.
pub async fn may_repeat(options: &PgConnectOptions) -> anyhow::Result<()> {
    bare::may_repeat(&Target::of(options)).await
}

/// Lets the ids that go back and forth begin where nothing else has them.
pub async fn mark_ids(pool: &PgPool) -> anyhow::Result<()> {
    restart(pool, 0).await
}

async fn restart(pool: &PgPool, shift: u64) -> anyhow::Result<()> {
    for (table, first) in work::SEQUENCES {
        store::restart_ids(pool, table, first + shift).await?;
    }
    Ok(())
}

/// Counts what was said from `from` until before `until`.
pub fn count(mut recording: Recording, from: Duration, until: Duration) -> Counted {
    let (_, [_, measured, _]) = work::sort(&mut recording, from, until);
    Counted { statements: measured.statements(), transactions: measured.transactions.len() }
}

/// Says again what was recorded, in a database (`own` and `options` lead to it) that is as the recorded one was before.
/// What began before `from` warms up, what began before `until` is measured; never more than `ahead` transactions
/// run further than the recording was.
///
/// # Errors
/// When it leaves other rows than `wanted`: it is no baseline then.
pub async fn repeat(
    own: &PgPool,
    options: &PgConnectOptions,
    mut recording: Recording,
    (from, until): (Duration, Duration),
    ahead: usize,
    wanted: &[(String, i64)],
) -> anyhow::Result<Repeated> {
    // what the recording names and nothing here stands for must not be another row
    restart(own, work::SHIFT).await?;
    let (opening, [warm, measured, rest]) = work::sort(&mut recording, from, until);
    let counted = Counted { statements: measured.statements(), transactions: measured.transactions.len() };
    let breadth = measured.breadth();
    let mut bare = Bare::open(&Target::of(options), breadth, recording.statements, opening.as_ref()).await?;
    bare.run(warm, 0).await.context("the warm-up could not be repeated")?;
    store::tidy(own).await?;
    let (took, difference) = bare.run(measured, ahead).await?;
    bare.run(rest, 0).await.context("the end could not be repeated")?;
    compare(wanted, &store::rows(own).await?, difference, counted.statements)?;
    Ok(Repeated { took, counted })
}

/// Refuses a baseline that did other work.
fn compare(
    wanted: &[(String, i64)],
    made: &[(String, i64)],
    difference: Difference,
    statements: usize,
) -> anyhow::Result<()> {
    let share = |count: usize| count as f64 / statements.max(1) as f64;
    tracing::debug!(?difference, statements, "Bare statements were repeated");
    for ((table, wanted), (_, made)) in wanted.iter().zip(made) {
        let off = (made - wanted).abs() as f64 / (*wanted).max(1) as f64;
        ensure!(
            // of a few rows, one is more than any tolerance
            off <= TOLERANCE || (made - wanted).abs() <= 2,
            "the bare statements did other work than the recorded ones: {table} {made} of {wanted}"
        );
    }
    ensure!(
        share(difference.failed + difference.unclaimed) <= TOLERANCE,
        "the bare statements did other work than the recorded ones: {} of {statements} failed, {} turns found no event",
        difference.failed,
        difference.unclaimed
    );
    Ok(())
}

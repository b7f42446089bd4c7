//! End to end: chats through the whole service, beside the bare statements of the same turns.
//!
//! Three runs, each on its own copy of one database, each warmed up in the same way: the whole, measured; the whole
//! once more, with every statement of the service written down on its way to PostgreSQL (slower, and not measured);
//! and what was written down and nothing else. What runs by the clock (sweepers, gauges, polls of the queues) is in
//! all three; only the map's look at what changed, ten times a second, is missing in the third, which makes that one
//! a little faster.

use std::sync::Arc;
use std::time::Duration;

use super::chats::{self, Load, Played};
use super::ground::Ground;
use super::repeated::{self, Recorder};
use super::report::{Figure, Unit};
use super::{Sizes, TAP, store};
use crate::clock::Stopwatch;

/// With whom patients want an hour.
pub const SERVICES: &[&str] = &["médico", "matrona", "dentista", "enfermera"];
const BASELINE: &str = "the bare statements of the same turns";

/// Measures it on copies of `of`.
///
/// # Errors
/// When the service cannot be started or the database fails.
pub async fn measure(ground: &Ground, sizes: &Sizes, of: &str, by_statement: bool) -> anyhow::Result<Figure> {
    let load = Load {
        chats: sizes.chats,
        at_once: sizes.at_once,
        within: Duration::ZERO,
        services: SERVICES,
        warm_up: warm_up(sizes.chats),
        warm_services: SERVICES,
    };
    let watch = Arc::new(Stopwatch::start());
    let data = ground.data();
    let name = ground.database("whole", Some(of)).await?;
    let own = ground.pool(&name, 4).await?;
    let played = chats::play(&own, &ground.options(&name), data.as_deref(), load, &watch).await?;
    own.close().await;
    ground.drop(&name).await?;

    let case = format!("{} chats, {} at once", load.chats, load.at_once);
    let rate = played.chatted.messages as f64 / played.seconds();
    let mut figure = Figure::new("end-to-end", case, "message", Unit::PerSecond, rate);
    fill(&mut figure, played, by_statement);
    if let Some(why) = &ground.no_repeating {
        figure.note = Some(why.clone());
        return Ok(figure.against(BASELINE, None));
    }

    let name = ground.database("recorded", Some(of)).await?;
    let own = ground.pool(&name, 4).await?;
    let recorder = Recorder::start(&super::tap(TAP)?, &ground.options(&name), &watch)?;
    let through = recorder.through(ground.options(&name));
    let recorded = chats::play(&own, &through, data.as_deref(), load, &watch).await?;
    let wanted = store::rows(&own).await?;
    let recording = recorder.finish()?;
    own.close().await;
    ground.drop(&name).await?;

    let name = ground.database("bare", Some(of)).await?;
    let own = ground.pool(&name, 4).await?;
    let between = (recorded.from, recorded.until);
    let bare =
        repeated::repeat(&own, &ground.options(&name), recording, between, load.at_once, &wanted).await;
    own.close().await;
    ground.drop(&name).await?;
    let messages = recorded.chatted.messages as f64;
    Ok(match bare {
        Ok(bare) => {
            figure.statements.get_or_insert(bare.counted.statements as f64 / messages);
            figure.against(BASELINE, Some(messages / bare.took.as_secs_f64()))
        }
        Err(error) => {
            figure.note = Some(format!("{error:#}"));
            figure.against(BASELINE, None)
        }
    })
}

/// How many chats go before the measured ones.
pub fn warm_up(chats: usize) -> usize {
    (chats / 10).clamp(4, 200)
}

/// What every run of chats says about itself.
pub fn fill(figure: &mut Figure, played: Played, by_statement: bool) {
    let messages = played.chatted.messages.max(1) as f64;
    figure.p50_ms = Some(played.chatted.late[0] * 1e3);
    figure.p99_ms = Some(played.chatted.late[1] * 1e3);
    figure.statements = played.statements().map(|statements| statements as f64 / messages);
    figure.commits = Some(played.commits as f64 / messages);
    figure.counts.extend([
        ("messages", played.chatted.messages),
        ("answers", played.chatted.answers),
        ("booked", played.chatted.confirmed),
        ("ended_otherwise", played.ends.otherwise),
        ("joined_the_waitlist", played.chatted.joined),
        ("handed_to_staff", played.chatted.handed_over),
        ("failures", played.ends.failed),
        // who was told so and who has it must be as many
        ("booked_but_not_told", played.chatted.confirmed - played.ends.booked),
        ("double_bookings", played.doubles),
        ("deadlocks", played.deadlocks),
    ]);
    if let Some(worked) = played.worked {
        figure.note = Some(format!(
            "processor time for a message: {:.2} ms this process (service, WhatsApp and patients), {:.2} ms PostgreSQL",
            worked.ours * 1e3 / messages,
            worked.database * 1e3 / messages
        ));
    }
    if by_statement {
        figure.by_statement = played.costs;
    }
}

//! Stampede: the agenda opens, and far more patients than hours come at once. The same chats one after the other are
//! the baseline: what a crowd costs is the difference.

use std::time::Duration;

use anyhow::ensure;

use super::chats::{self, Load};
use super::end_to_end::{fill, warm_up};
use super::ground::Ground;
use super::report::{Figure, Unit};
use super::{Sizes, store};
use crate::clock::Stopwatch;
use crate::id::CenterId;

/// What everybody wants, and what those who warm up do.
const WANTED: (&str, &[&str]) = ("matrona", &["matrona"]);
const WARM_SERVICES: &[&str] = &["médico"];
/// One after the other so many patients for each hour are enough to see what one alone waits.
const ALONE_FOR_AN_HOUR: usize = 10;

/// Measures it on copies of `of`.
///
/// # Errors
/// When the service cannot be started or the database fails.
pub async fn measure(
    ground: &Ground,
    sizes: &Sizes,
    of: &str,
    center: CenterId,
    by_statement: bool,
) -> anyhow::Result<Figure> {
    let hours = usize::try_from(sizes.stampede_hours)?;
    let crowd = Load {
        chats: sizes.stampede_chats,
        at_once: sizes.stampede_chats,
        within: Duration::from_secs(sizes.stampede_seconds),
        services: WANTED.1,
        warm_up: warm_up(sizes.stampede_chats),
        warm_services: WARM_SERVICES,
    };
    let alone = Load {
        chats: crowd.chats.min(hours * ALONE_FOR_AN_HOUR),
        at_once: 1,
        within: Duration::ZERO,
        ..crowd
    };
    let mut played = Vec::new();
    for (label, load) in [("stampede", crowd), ("stampede_alone", alone)] {
        let name = ground.database(label, Some(of)).await?;
        let own = ground.pool(&name, 4).await?;
        let service = store::service(&own, center, Some(WANTED.0)).await?;
        let opened =
            store::open_few_hours(&own, center, service, super::today(), sizes.stampede_hours).await?;
        ensure!(
            opened == i64::from(sizes.stampede_hours),
            "the centre's professionals can open {opened} hours: raise --doctors or lower --stampede-hours"
        );
        let watch = Stopwatch::start();
        let data = ground.data();
        played.push(chats::play(&own, &ground.options(&name), data.as_deref(), load, &watch).await?);
        own.close().await;
        ground.drop(&name).await?;
    }
    let (Some(serial), Some(stampede)) = (played.pop(), played.pop()) else {
        anyhow::bail!("both runs are played");
    };
    let case = format!("{} chats in {} s for {hours} hours", crowd.chats, sizes.stampede_seconds);
    let rate = crowd.chats as f64 / stampede.seconds();
    let mut figure = Figure::new("stampede", case, "chat", Unit::PerSecond, rate);
    fill(&mut figure, stampede, by_statement);
    figure.counts.insert("hours", i64::from(sizes.stampede_hours));
    figure.counts.insert("chats", i64::try_from(crowd.chats)?);
    let [p50, p99] = serial.chatted.late;
    (figure.baseline_p50_ms, figure.baseline_p99_ms) = (Some(p50 * 1e3), Some(p99 * 1e3));
    Ok(figure.against("the same patients one after the other", Some(alone.chats as f64 / serial.seconds())))
}

//! Logs and figures.
//!
//! A log line is a sentence with ids, never a patient: no name, number, RUT or word of theirs. The message of a
//! panic may hold what was being handled, so only those that were fixed when the program was written are shown.
//! Figures are kept by the `metrics` macros and printed for Prometheus on `/metrics`.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::clock::Stopwatch;

/// How often an outage that goes on is said again.
const REMINDED: Duration = Duration::from_secs(60);

/// How logs are written.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// What to log, as a tracing filter: info, or smartsalud=debug,sqlx=warn
    #[arg(long, env = "SMARTSALUD_LOG", default_value = "info", global = true)]
    pub log: String,
    /// How to write it
    #[arg(long, env = "SMARTSALUD_LOG_FORMAT", value_enum, default_value_t = LogFormat::Pretty, global = true)]
    pub log_format: LogFormat,
}

/// The forms of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

/// Starts logging to stderr.
///
/// # Errors
/// When the filter cannot be read.
pub fn start_logging(args: &LogArgs) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&args.log).with_context(|| {
        format!(
            "`{}` is not a log filter; write a level, or parts as in smartsalud=debug,sqlx=warn",
            args.log
        )
    })?;
    let logging = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    match args.log_format {
        LogFormat::Pretty => logging.try_init(),
        LogFormat::Json => logging.json().try_init(),
    }
    .map_err(|error| anyhow::anyhow!("logging was started twice: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        if is_closed_pipe(panic.payload()) {
            // as a program that SIGPIPE ends: `smartsalud replay | head`
            std::process::exit(141);
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "{}", words_of(panic.payload()));
    }));
    Ok(())
}

/// Whether `println!` found nobody reading any more.
fn is_closed_pipe(payload: &(dyn std::any::Any + Send)) -> bool {
    let said = payload.downcast_ref::<String>();
    said.is_some_and(|said| said.starts_with("failed printing to stdout: Broken pipe"))
}

/// What may be said of a panic: the words in the source, never what was formatted into them.
fn words_of(payload: &(dyn std::any::Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("A task panicked; its message may hold a patient's words and is left out")
}

/// The process's figures; the first call starts keeping them.
pub fn figures() -> &'static PrometheusHandle {
    static FIGURES: OnceLock<PrometheusHandle> = OnceLock::new();
    FIGURES.get_or_init(|| {
        let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // in tests several servers share one process and its figures
        metrics::set_global_recorder(recorder).ok();
        describe();
        handle
    })
}

fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    histogram!("smartsalud_turn_seconds", "Time a turn took, from claim to commit");
    histogram!(
        "smartsalud_turn_latency_seconds",
        "Time from the moment an event was due to its turn's commit"
    );
    counter!("smartsalud_turn_failures_total", "Turns that failed and were rolled back");
    counter!(
        "smartsalud_turn_races_total",
        "Turns that lost a race for their locks and were tried again at once"
    );
    counter!("smartsalud_parked_total", "Events given up after five failures");
    counter!("smartsalud_handoffs_total", "Conversations given to a person");
    counter!("smartsalud_incidents_total", "Faults of a flow or of the engine");
    counter!("smartsalud_holds_total", "Hours held");
    counter!("smartsalud_conflicts_total", "Hours that were taken when somebody wanted them, by outcome");
    counter!("smartsalud_sends_total", "Messages tried, by outcome");
    counter!(
        "smartsalud_unsendable_total",
        "Messages that could never go out: unreadable, or without an address"
    );
    counter!("smartsalud_line_rests_total", "Rests of a number that WhatsApp found too fast");
    gauge!(
        "smartsalud_line_stopped",
        "1 while WhatsApp refuses everything from this number: an operator is needed"
    );
    counter!(
        "whatsapp_refusals",
        "Refusals by what is done about them and by code; `unknown` is one not in the table"
    );
    gauge!("smartsalud_events_due", "Events that are due and not handled");
    gauge!("smartsalud_events_age_seconds", "How long the oldest of them has been due");
    gauge!("smartsalud_outbox_waiting", "Messages that wait to be sent or whose outcome is not known");
    gauge!("smartsalud_outbox_age_seconds", "How long the oldest of them has waited");
    gauge!("smartsalud_conversations_stuck", "Conversations that wait for a person");
    gauge!("smartsalud_holds", "Hours that are held now");
    gauge!("smartsalud_pool_connections", "Connections of the pool, by state");
}

/// An error and what caused it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        said = format!("{said}: {deeper}");
        cause = deeper.source();
    }
    said
}

/// Says once that something fails, again every minute, and when it is well: a database that is away for an hour
/// must not fill the disk with the same line. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Outage {
    what: &'static str,
    state: Arc<Mutex<OutageState>>,
}

#[derive(Debug, Default)]
struct OutageState {
    since: Option<Stopwatch>,
    said: Option<Stopwatch>,
}

impl Outage {
    /// Of something that is well, told in the words of a sentence's subject: "The queue of events".
    pub fn of(what: &'static str) -> Self {
        Self { what, state: Arc::default() }
    }

    /// It failed, and will be tried again. Answers whether that was said.
    pub fn failed(&self, why: &str) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.since.get_or_insert_with(Stopwatch::start);
        let say = state.said.is_none_or(|said| said.elapsed() >= REMINDED);
        if say {
            state.said = Some(Stopwatch::start());
            tracing::error!(why, "{} cannot be used; trying again until it can", self.what);
        }
        say
    }

    /// It works.
    pub fn works(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = state.since.take() {
            state.said = None;
            tracing::info!(seconds = since.elapsed().as_secs(), "{} can be used again", self.what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outage, words_of};

    #[test]
    fn an_outage_is_said_once_and_again_when_it_comes_back() {
        let outage = Outage::of("The queue");
        let said: Vec<bool> = (0..3).map(|_| outage.clone().failed("away")).collect();
        assert_eq!(said, [true, false, false]);
        outage.works();
        assert!(outage.failed("away again"));
    }

    #[test]
    fn what_was_formatted_into_a_panic_is_not_logged() {
        let words = "me duele el pecho";
        let formatted = std::panic::catch_unwind(|| panic!("no answer to {words}")).unwrap_err();
        assert!(!words_of(&*formatted).contains(words));
        let fixed = std::panic::catch_unwind(|| panic!("the map is empty")).unwrap_err();
        assert_eq!(words_of(&*fixed), "the map is empty");
    }
}

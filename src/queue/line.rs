//! The line of each of our numbers: whether WhatsApp takes anything from it at this moment.
//!
//! A number that sends too fast, or that WhatsApp has stopped, does harm with every further call: the rest grows,
//! the quality rating falls. So the first such answer closes the number for all its messages; when the rest is over
//! one message tries it, and only an answer that shows it works opens it again. Other numbers are not held up.
//!
//! Each process learns for itself, from its own calls: a second process costs one refusal more, and a start with a
//! new token finds every line open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::outcome::SendOutcome;

/// The first rest of a number that was too fast; each time it happens again within a minute the rest doubles.
const FIRST_REST: TimeDelta = TimeDelta::seconds(1);
/// Doublings of the rest: 64 s at most.
const MOST_DOUBLINGS: u32 = 6;
/// How long a number that went well again is remembered as too fast.
const REMEMBERED: TimeDelta = TimeDelta::minutes(1);
/// How long a number rests that is stopped: an operator must act first.
pub const STOPPED: TimeDelta = TimeDelta::minutes(5);
/// How long a try is waited for before another is made: longer than a client's timeouts.
const TRIED: TimeDelta = TimeDelta::seconds(30);

/// What the answers of WhatsApp tell of our numbers. Clones are the same lines.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    lines: Arc<Mutex<HashMap<String, Line>>>,
}

#[derive(Debug)]
struct Line {
    state: State,
    /// Closed by an answer that an operator must see to.
    stopped: bool,
    /// Rests so far, of one too fast.
    rests: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Nothing goes out until then.
    Resting { until: DateTime<Utc> },
    /// One message is under way to see; another is sent if nothing is heard until then.
    Trying { until: DateTime<Utc> },
    /// It went well since then.
    Open { since: DateTime<Utc> },
}

impl Lines {
    /// The numbers from which nothing may be claimed, but for a try.
    pub fn closed(&self) -> Vec<String> {
        let lines = self.lock();
        let closed = lines.iter().filter(|(_, line)| !matches!(line.state, State::Open { .. }));
        closed.map(|(number, _)| number.clone()).collect()
    }

    /// The closed numbers that one message may try now.
    pub fn to_try(&self, now: DateTime<Utc>) -> Vec<String> {
        let lines = self.lock();
        let rested = lines.iter().filter(|(_, line)| match line.state {
            State::Resting { until } | State::Trying { until } => until <= now,
            State::Open { .. } => false,
        });
        rested.map(|(number, _)| number.clone()).collect()
    }

    /// A message is under way to try this number.
    pub fn trying(&self, number: &str, now: DateTime<Utc>) {
        if let Some(line) = self.lock().get_mut(number) {
            line.state = State::Trying { until: now + TRIED };
        }
    }

    /// What came of a message from this number.
    pub fn heard(&self, number: &str, outcome: &SendOutcome, now: DateTime<Utc>) {
        match outcome {
            // an answer about the message or its patient: the number itself works
            SendOutcome::Accepted { .. } | SendOutcome::SlowPair { .. } | SendOutcome::Never { .. } => {
                self.works(number, now);
            }
            SendOutcome::SlowNumber { .. } => self.too_fast(number, now),
            SendOutcome::StopTheLine { code } => self.stopped(number, *code, now),
            // nothing is known of the number
            SendOutcome::Retry { .. } | SendOutcome::RetryOnce { .. } | SendOutcome::Unknown => {}
        }
    }

    fn works(&self, number: &str, now: DateTime<Utc>) {
        let mut lines = self.lock();
        let Some(line) = lines.get_mut(number) else { return };
        match line.state {
            State::Trying { .. } => {
                line.state = State::Open { since: now };
                if line.stopped {
                    line.stopped = false;
                    gauge(number, false);
                    tracing::info!(
                        phone_number_id = number,
                        "WhatsApp takes messages from this number again"
                    );
                }
            }
            // sent before the line was closed: that it went well says nothing of now
            State::Resting { .. } => {}
            State::Open { since } if now - since >= REMEMBERED => {
                lines.remove(number);
            }
            State::Open { .. } => {}
        }
    }

    fn too_fast(&self, number: &str, now: DateTime<Utc>) {
        let mut lines = self.lock();
        let line = lines.entry(number.to_owned()).or_insert(Line {
            state: State::Open { since: now },
            stopped: false,
            rests: 0,
        });
        match line.state {
            // many were under way when it was closed: they are one refusal
            State::Resting { until } if until > now => return,
            State::Open { since } if now - since >= REMEMBERED => line.rests = 0,
            _ => {}
        }
        let rest = FIRST_REST * 2_i32.pow(line.rests.min(MOST_DOUBLINGS));
        line.rests += 1;
        line.state = State::Resting { until: now + rest };
        metrics::counter!("smartsalud_line_rests_total", "phone_number_id" => number.to_owned()).increment(1);
        tracing::warn!(
            phone_number_id = number,
            seconds = rest.num_seconds(),
            "WhatsApp finds this number too fast: it rests"
        );
    }

    fn stopped(&self, number: &str, code: i32, now: DateTime<Utc>) {
        let mut lines = self.lock();
        let state = State::Resting { until: now + STOPPED };
        let line = lines.entry(number.to_owned()).or_insert(Line { state, stopped: false, rests: 0 });
        line.state = State::Resting { until: now + STOPPED };
        // said once, however many messages were under way and however often it is tried
        if !std::mem::replace(&mut line.stopped, true) {
            gauge(number, true);
            tracing::error!(
                phone_number_id = number,
                code,
                "WhatsApp refuses everything from this number: token, permission or account; its messages wait, an operator is needed"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauge(number: &str, stopped: bool) {
    metrics::gauge!("smartsalud_line_stopped", "phone_number_id" => number.to_owned()).set(if stopped {
        1.0
    } else {
        0.0
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "100";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn accepted() -> SendOutcome {
        SendOutcome::Accepted { wa_message_id: "wamid.1".to_owned() }
    }

    /// When it may be tried at the earliest, in seconds after `from`.
    fn rest(lines: &Lines, from: i64) -> i64 {
        (0..1_000).find(|wait| !lines.to_try(at(from + wait)).is_empty()).expect("it may be tried some time")
    }

    #[test]
    fn a_number_that_is_too_fast_rests_longer_each_time_and_forgets_after_a_quiet_minute() {
        let lines = Lines::default();
        let too_fast = SendOutcome::SlowNumber { code: 130_429 };
        let mut now = 0;
        for expected in [1, 2, 4, 8, 16, 32, 64, 64] {
            // all that were under way are refused together
            for _ in 0..20 {
                lines.heard(OURS, &too_fast, at(now));
            }
            assert_eq!(lines.closed(), [OURS]);
            lines.heard(OURS, &accepted(), at(now));
            assert_eq!(lines.closed(), [OURS], "one that was sent before says nothing of now");
            assert_eq!(rest(&lines, now), expected);
            now += expected;
            lines.trying(OURS, at(now));
            assert!(lines.to_try(at(now)).is_empty(), "one message tries it, not all");
            lines.heard(OURS, &accepted(), at(now));
            assert!(lines.closed().is_empty());
        }
        now += 61;
        lines.heard(OURS, &too_fast, at(now));
        assert_eq!(rest(&lines, now), 1);
    }

    #[test]
    fn a_stopped_number_stays_closed_until_a_try_goes_well() {
        let lines = Lines::default();
        let stop = SendOutcome::StopTheLine { code: 190 };
        lines.heard(OURS, &stop, at(0));
        assert_eq!(rest(&lines, 0), 300);
        for (answer, opens) in [
            (stop.clone(), false),
            (SendOutcome::Unknown, false),
            (SendOutcome::Retry { code: None }, false),
            (SendOutcome::Never { code: Some(131_026), detail: String::new() }, true),
        ] {
            lines.heard(OURS, &stop, at(0));
            lines.trying(OURS, at(300));
            lines.heard(OURS, &answer, at(301));
            assert_eq!(lines.closed().is_empty(), opens, "{answer:?}");
        }
    }

    #[test]
    fn a_try_of_which_nothing_is_heard_is_made_again() {
        let lines = Lines::default();
        lines.heard(OURS, &SendOutcome::StopTheLine { code: 190 }, at(0));
        lines.trying(OURS, at(300));
        assert_eq!(rest(&lines, 300), 30);
    }

    #[test]
    fn what_closes_one_number_leaves_the_others_open() {
        let lines = Lines::default();
        lines.heard(OURS, &SendOutcome::StopTheLine { code: 190 }, at(0));
        lines.heard("200", &accepted(), at(0));
        lines.heard("200", &SendOutcome::SlowPair { code: 131_056 }, at(0));
        assert_eq!(lines.closed(), [OURS]);
    }
}

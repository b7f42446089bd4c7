//! What became of a send, by the code that Meta answered with.
//!
//! The table decides, not the HTTP status and not the words (both change without notice). A code that is not in it is
//! judged by its class of HTTP status and counted as `unknown`: a rise of those is news of Meta's. Sources disagree
//! about some; where a second try could double or harm, it is not made.

use crate::queue::outcome::SendOutcome;

/// What a code asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Again after a while, later each time; then a person.
    Retry,
    /// Again once.
    RetryOnce,
    /// Less to this patient: their conversation waits 4^n seconds.
    SlowPair,
    /// Less from this number: all of its messages wait.
    SlowNumber,
    /// Our bug: a person answers this patient, and somebody mends the program.
    Mend,
    /// Not in this form: a template, another template, a text. What cannot be said otherwise goes to a person.
    SendOther,
    /// This patient cannot be reached so: a person tries another way.
    Unreachable,
    /// The patient or Meta does not want it now: not again by itself.
    Withheld,
    /// Stop this number and call an operator.
    StopTheLine,
}

/// The code for "too many messages to the same patient": slow that pair down, not the whole number.
pub const PAIR_RATE: i32 = 131_056;
/// The code for "the 24-hour window is closed": only a template may be sent.
pub const WINDOW_CLOSED: i32 = 131_047;

/// First and last code of a range, what it asks for, and what it means.
pub const TABLE: &[(i32, i32, Action, &str)] = &[
    (1, 1, Action::RetryOnce, "service or request at fault, nobody knows which"),
    (2, 2, Action::Retry, "service unavailable"),
    (131_000, 131_000, Action::Retry, "something went wrong"),
    (131_016, 131_016, Action::Retry, "service overloaded"),
    (131_057, 131_057, Action::Retry, "number under maintenance or being upgraded"),
    (133_004, 133_004, Action::Retry, "server unavailable"),
    (4, 4, Action::SlowNumber, "app rate"),
    (80_007, 80_007, Action::SlowNumber, "account rate"),
    (130_429, 130_429, Action::SlowNumber, "throughput of the number"),
    (PAIR_RATE, PAIR_RATE, Action::SlowPair, "too many messages to the same patient"),
    (0, 0, Action::StopTheLine, "token cannot be verified"),
    (3, 3, Action::StopTheLine, "app lacks the capability"),
    (10, 10, Action::StopTheLine, "permission missing"),
    (104, 104, Action::StopTheLine, "call needs a proof or another token"),
    (190, 190, Action::StopTheLine, "token expired or revoked"),
    (200, 299, Action::StopTheLine, "permission missing"),
    (131_005, 131_005, Action::StopTheLine, "access denied"),
    (33, 33, Action::StopTheLine, "number deleted or not ours"),
    (368, 368, Action::StopTheLine, "account blocked for a while"),
    (131_031, 131_031, Action::StopTheLine, "account locked"),
    (131_037, 131_037, Action::StopTheLine, "number without an approved display name"),
    (131_042, 131_042, Action::StopTheLine, "payment missing"),
    (131_045, 131_045, Action::StopTheLine, "number not registered"),
    (131_048, 131_048, Action::StopTheLine, "restricted for reports of spam"),
    (131_063, 131_063, Action::StopTheLine, "marketing templates switched off"),
    (131_064, 131_064, Action::StopTheLine, "templates misclassified"),
    (133_000, 133_000, Action::StopTheLine, "number half deregistered"),
    (133_005, 133_006, Action::StopTheLine, "number to be verified again"),
    (133_008, 133_010, Action::StopTheLine, "number not registered"),
    (133_015, 133_016, Action::StopTheLine, "number being registered or deleted"),
    (100, 100, Action::Mend, "a field is missing or wrong"),
    (131_008, 131_009, Action::Mend, "a field is missing or wrong"),
    (131_021, 131_021, Action::Mend, "sent to the number itself"),
    (131_051, 131_051, Action::Mend, "message type not supported"),
    (132_000, 132_000, Action::Mend, "number of a template's parameters"),
    (132_005, 132_005, Action::Mend, "template too long with its parameters"),
    (132_012, 132_012, Action::Mend, "format of a template's parameters"),
    (132_018, 132_018, Action::Mend, "content of a template's parameters"),
    (135_000, 135_000, Action::Mend, "something in the request"),
    (WINDOW_CLOSED, WINDOW_CLOSED, Action::SendOther, "window of 24 hours closed"),
    (131_053, 131_053, Action::SendOther, "media cannot be uploaded"),
    (132_001, 132_001, Action::SendOther, "template absent or not approved in this language"),
    (132_007, 132_007, Action::SendOther, "template against the policy"),
    (132_015, 132_015, Action::SendOther, "template paused"),
    (132_016, 132_016, Action::SendOther, "template disabled"),
    (132_068, 132_069, Action::SendOther, "form blocked or throttled"),
    (130_403, 130_403, Action::Unreachable, "blocked by us"),
    // Of this patient's country and not of our account: somebody abroad must not silence the number for all.
    (130_497, 130_497, Action::Unreachable, "business may not write to this country"),
    (131_026, 131_026, Action::Unreachable, "no WhatsApp, or one too old"),
    (131_030, 131_030, Action::Unreachable, "not on the list of a test number"),
    (131_052, 131_052, Action::Unreachable, "media of the patient cannot be fetched"),
    (131_062, 131_062, Action::Unreachable, "not to be sent to a business-scoped id"),
    (137_000, 137_000, Action::Unreachable, "identity changed: to be verified again"),
    (130_472, 130_472, Action::Withheld, "patient is part of an experiment"),
    (131_049, 131_049, Action::Withheld, "withheld by Meta for a day or longer"),
    (131_050, 131_050, Action::Withheld, "patient has opted out of marketing"),
];

/// What this code asks for; none when it is not in the table.
pub fn action(code: i32) -> Option<Action> {
    let found = TABLE.iter().find(|(first, last, ..)| (*first..=*last).contains(&code));
    found.map(|(_, _, action, _)| *action)
}

/// Judges a refusal by its code, and by its class of HTTP status where there is none or nobody knows it.
pub fn judge(http_status: u16, code: Option<i32>, detail: &str) -> SendOutcome {
    let number = code.unwrap_or(i32::from(http_status));
    match code.and_then(action) {
        Some(Action::Retry) => SendOutcome::Retry { code },
        Some(Action::RetryOnce) => SendOutcome::RetryOnce { code: number },
        Some(Action::SlowPair) => SendOutcome::SlowPair { code: number },
        Some(Action::SlowNumber) => SendOutcome::SlowNumber { code: number },
        Some(Action::StopTheLine) => SendOutcome::StopTheLine { code: number },
        None if http_status == 429 => SendOutcome::SlowNumber { code: number },
        None if http_status >= 500 => SendOutcome::Retry { code },
        None if http_status == 401 => SendOutcome::StopTheLine { code: number },
        // with a code of its own it may be about this one message
        None if http_status == 403 && code.is_none() => SendOutcome::StopTheLine { code: number },
        Some(Action::Mend | Action::SendOther | Action::Unreachable | Action::Withheld) | None => {
            SendOutcome::Never { code, detail: detail.chars().take(300).collect() }
        }
    }
}

/// Labels for the figures: what is done about a refusal, and its code if the table knows it.
pub fn labels(code: Option<i32>) -> (&'static str, String) {
    let name = match code.map(action) {
        None => "no_code",
        Some(None) => return ("unknown", "unknown".to_owned()),
        Some(Some(action)) => match action {
            Action::Retry => "retry",
            Action::RetryOnce => "retry_once",
            Action::SlowPair => "slow_pair",
            Action::SlowNumber => "slow_number",
            Action::Mend => "mend",
            Action::SendOther => "send_other",
            Action::Unreachable => "unreachable",
            Action::Withheld => "withheld",
            Action::StopTheLine => "stop_the_line",
        },
    };
    (name, code.map_or_else(|| "none".to_owned(), |code| code.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_in_the_table_twice() {
        for (place, one) in TABLE.iter().enumerate() {
            assert!(one.0 <= one.1, "{one:?}");
            for other in &TABLE[place + 1..] {
                assert!(one.1 < other.0 || other.1 < one.0, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn a_known_code_is_judged_by_itself_whatever_its_http_status() {
        for &(first, last, ..) in TABLE {
            for code in [first, last] {
                let judged = judge(400, Some(code), "");
                for status in [401, 403, 404, 429, 500, 503] {
                    assert_eq!(judge(status, Some(code), ""), judged, "{code} with {status}");
                }
            }
        }
    }

    #[test]
    fn without_a_code_that_is_known_the_class_of_http_status_counts() {
        let never = |code| SendOutcome::Never { code, detail: String::new() };
        for (status, without, unknown) in [
            (400, never(None), never(Some(999_999))),
            (404, never(None), never(Some(999_999))),
            (401, SendOutcome::StopTheLine { code: 401 }, SendOutcome::StopTheLine { code: 999_999 }),
            (403, SendOutcome::StopTheLine { code: 403 }, never(Some(999_999))),
            (429, SendOutcome::SlowNumber { code: 429 }, SendOutcome::SlowNumber { code: 999_999 }),
            (500, SendOutcome::Retry { code: None }, SendOutcome::Retry { code: Some(999_999) }),
            (503, SendOutcome::Retry { code: None }, SendOutcome::Retry { code: Some(999_999) }),
        ] {
            assert_eq!(judge(status, None, ""), without, "{status}");
            assert_eq!(judge(status, Some(999_999), ""), unknown, "{status}");
        }
    }

    #[test]
    fn figures_are_named_by_the_table_and_never_by_a_code_that_anybody_may_invent() {
        assert_eq!(labels(Some(190)), ("stop_the_line", "190".to_owned()));
        assert_eq!(labels(Some(123_456)), ("unknown", "unknown".to_owned()));
        assert_eq!(labels(None), ("no_code", "none".to_owned()));
    }
}

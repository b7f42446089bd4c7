//! What became of a send, by the code that Meta answered with.
//!
//! The table decides, not the HTTP status and not the words (both change without notice). A code that is not in it is
//! final for its message. Sources disagree about some; where a second try could double or harm, it is not made.

use crate::queue::outcome::SendOutcome;

/// What a code asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Again after a while.
    Retry,
    /// Less of it.
    SlowDown,
    /// Not again.
    Never,
    /// Stop this number and call a person.
    StopTheLine,
}

/// The code for "too many messages to the same patient": slow that pair down, not the whole number.
pub const PAIR_RATE: i32 = 131_056;
/// The code for "the 24-hour window is closed": only a template may be sent.
pub const WINDOW_CLOSED: i32 = 131_047;

/// First and last code of a range, and what it asks for.
const TABLE: &[(i32, i32, Action)] = &[
    // passing trouble at Meta's: service, unavailable, maintenance
    (1, 2, Action::Retry),
    (131_000, 131_000, Action::Retry),
    (131_016, 131_016, Action::Retry),
    (131_057, 131_057, Action::Retry),
    (133_004, 133_004, Action::Retry),
    // too much: app, account, number; and the pair
    (4, 4, Action::SlowDown),
    (80_007, 80_007, Action::SlowDown),
    (130_429, 130_429, Action::SlowDown),
    (PAIR_RATE, PAIR_RATE, Action::SlowDown),
    // token and permission
    (0, 0, Action::StopTheLine),
    (3, 3, Action::StopTheLine),
    (10, 10, Action::StopTheLine),
    (104, 104, Action::StopTheLine),
    (190, 190, Action::StopTheLine),
    (200, 299, Action::StopTheLine),
    (131_005, 131_005, Action::StopTheLine),
    // the account or number: restricted, locked, unpaid, not registered, nameless, reported as spam
    (33, 33, Action::StopTheLine),
    (368, 368, Action::StopTheLine),
    (130_497, 130_497, Action::StopTheLine),
    (131_031, 131_031, Action::StopTheLine),
    (131_037, 131_037, Action::StopTheLine),
    (131_042, 131_042, Action::StopTheLine),
    (131_045, 131_045, Action::StopTheLine),
    (131_048, 131_048, Action::StopTheLine),
    (131_063, 131_064, Action::StopTheLine),
    (133_010, 133_010, Action::StopTheLine),
    // our bug: a field, its length, its shape
    (100, 100, Action::Never),
    (131_008, 131_009, Action::Never),
    (131_021, 131_021, Action::Never),
    (131_051, 131_051, Action::Never),
    (135_000, 135_000, Action::Never),
    // something else must be sent: a template, another template, a text
    (WINDOW_CLOSED, WINDOW_CLOSED, Action::Never),
    (131_053, 131_053, Action::Never),
    (132_000, 132_099, Action::Never),
    // this person cannot be reached so, or does not want to be
    (130_403, 130_403, Action::Never),
    (130_472, 130_472, Action::Never),
    (131_026, 131_026, Action::Never),
    (131_030, 131_030, Action::Never),
    (131_049, 131_050, Action::Never),
    (131_062, 131_062, Action::Never),
    (137_000, 137_000, Action::Never),
];

/// What this code asks for; an unknown one is final for its message.
pub fn action(code: i32) -> Action {
    let found = TABLE.iter().find(|(first, last, _)| (*first..=*last).contains(&code));
    found.map_or(Action::Never, |(_, _, action)| *action)
}

/// Judges a refusal by its code, and by its HTTP status where there is none.
pub fn judge(http_status: u16, code: Option<i32>, detail: &str) -> SendOutcome {
    let number = code.unwrap_or(i32::from(http_status));
    match code.map(action) {
        Some(Action::Retry) => SendOutcome::Retry { code },
        Some(Action::SlowDown) => SendOutcome::SlowDown { code: number },
        Some(Action::StopTheLine) => SendOutcome::StopTheLine { code: number },
        // whatever the code, these two statuses are about the moment and not about the message
        _ if http_status == 429 => SendOutcome::SlowDown { code: number },
        _ if http_status >= 500 => SendOutcome::Retry { code },
        None if http_status == 401 || http_status == 403 => SendOutcome::StopTheLine { code: number },
        Some(Action::Never) | None => SendOutcome::Never { code, detail: detail.chars().take(300).collect() },
    }
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
    fn codes_and_statuses_ask_for_what_they_mean() {
        assert_eq!(judge(400, Some(PAIR_RATE), ""), SendOutcome::SlowDown { code: PAIR_RATE });
        assert_eq!(judge(400, Some(190), ""), SendOutcome::StopTheLine { code: 190 });
        assert_eq!(judge(400, Some(131_000), ""), SendOutcome::Retry { code: Some(131_000) });
        assert_eq!(judge(500, None, ""), SendOutcome::Retry { code: None });
        assert_eq!(judge(429, None, ""), SendOutcome::SlowDown { code: 429 });
        assert_eq!(
            judge(400, Some(100), "text.body"),
            SendOutcome::Never { code: Some(100), detail: "text.body".to_owned() }
        );
        assert!(
            matches!(judge(400, Some(999_999), ""), SendOutcome::Never { .. }),
            "an unknown code is final"
        );
    }
}

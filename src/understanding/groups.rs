//! The sections of the word files, by name.

use std::sync::LazyLock;

use super::intent::Intent;
use super::lexicon::lexicon;
use super::rules::Match;

/// The number of each section that code asks for.
pub(super) struct Groups {
    pub emergency: u8,
    pub self_harm: u8,
    pub not_now: u8,
    pub only_said: u8,
    pub no: u8,
    pub unsure: u8,
    pub yes: u8,
    pub weak: u8,
    pub question: u8,
    pub pay: u8,
    pub policy: u8,
    pub past: u8,
    pub others: u8,
    pub keep: u8,
    pub not_late: u8,
    pub may: u8,
    pub indifferent: u8,
    pub none_of_them: u8,
    /// The intent of each section, by its number.
    pub intents: Vec<Option<Intent>>,
    /// The name of each section of commands, by its number.
    pub commands: Vec<Option<&'static str>>,
}

impl Groups {
    /// The sections, looked up once.
    pub fn get() -> &'static Self {
        static GROUPS: LazyLock<Groups> = LazyLock::new(|| {
            let rules = &lexicon().rules;
            let group = |name: &str| rules.group(name);
            Groups {
                emergency: group("safety.emergency"),
                self_harm: group("safety.self_harm"),
                not_now: group("safety.not_now"),
                only_said: group("safety.only_said"),
                no: group("assent.no"),
                unsure: group("assent.unsure"),
                yes: group("assent.yes"),
                weak: group("assent.weak"),
                question: group("signal.question"),
                pay: group("signal.pay"),
                policy: group("signal.policy"),
                past: group("signal.past"),
                others: group("signal.others"),
                keep: group("signal.keep"),
                not_late: group("signal.not_late"),
                may: group("signal.may"),
                indifferent: group("signal.indifferent"),
                none_of_them: group("signal.none_of_them"),
                intents: rules
                    .names()
                    .map(|name| name.strip_prefix("intent.").and_then(|name| name.parse().ok()))
                    .collect(),
                commands: rules.names().map(|name| name.strip_prefix("command.")).collect(),
            }
        });
        &GROUPS
    }
}

/// Whether a section has a rule in the message.
pub(super) fn has(matches: &[Match], group: u8) -> bool {
    matches.iter().any(|found| found.group == group)
}

//! Patients' Spanish, as they write it: each table says what a Chilean clerk would hear.
//!
//! All messages are invented. A line that the rules cannot hear yet stands in `still_misheard.txt`, and only on the
//! condition that nothing dangerous is heard in it.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the functions beside the tests"
)]

#[path = "understanding/altered.rs"]
mod altered;
#[path = "understanding/any_text.rs"]
mod any_text;
#[path = "understanding/hear.rs"]
mod hear;
#[path = "understanding/never.rs"]
mod never;
#[path = "understanding/table.rs"]
mod table;
#[path = "understanding/words.rs"]
mod words;

use chrono::Datelike as _;
use smartsalud::understanding::{Asked, Intent, Understanding};

use hear::{asked, assent, choice, identity, intent, names, now, safety, times};
use table::Table;

#[test]
fn yes_and_no_are_heard_as_a_clerk_hears_them() {
    Table::read("assent").judge(|line| line.allows(assent(&line.message)));
}

#[test]
fn what_is_wanted_is_heard_and_what_is_only_told_is_not() {
    Table::read("intents").judge(intent);
}

#[test]
fn danger_to_life_is_heard_and_its_look_alikes_are_not() {
    Table::read("safety").judge(|line| line.allows(safety(&line.message)));
}

#[test]
fn days_and_hours_become_the_hours_that_a_clerk_would_offer() {
    assert_eq!(now().weekday(), chrono::Weekday::Wed);
    Table::read("times").judge(times);
}

#[test]
fn an_option_on_the_screen_is_chosen_by_any_of_its_marks() {
    let table = Table::read("choices");
    table.judge(|line| choice(&table, line));
}

#[test]
fn who_somebody_is_is_read_from_figures_and_words() {
    Table::read("identity").judge(identity);
}

#[test]
fn prestaciones_and_professionals_are_known_by_their_misspellings() {
    Table::read("names").judge(names);
}

#[test]
fn what_is_still_misheard_is_never_heard_as_something_dangerous() {
    // these lines are heard wrong; they may be, as long as no hour is taken, lost or kept by it and nobody in
    // danger is left alone
    let table = Table::read("still_misheard");
    table.judge(|line| {
        let wants = |what: &str| line.expected.split('/').any(|one| one == what);
        let Understanding { intent, safety, .. } = asked(&line.message, Asked::Nothing);
        let heard_assent = assent(&line.message);
        if line.section == "safety" && line.expected != "none" && safety.is_none() {
            return Err("a missed danger".to_owned());
        }
        if intent == Intent::Cancelar && !wants("cancelar") {
            return Err("a false cancellation".to_owned());
        }
        if line.section == "assent" && heard_assent == "yes" && !wants("yes") {
            return Err("a false yes".to_owned());
        }
        if line.section == "assent" && heard_assent == "weak" && !wants("weak") && !wants("yes") {
            return Err("a false yes".to_owned());
        }
        Ok(())
    });
}

#[test]
fn the_hour_that_cannot_be_kept_is_told_from_one_that_is_not_wanted() {
    let unmet = |message: &str, what: Asked| asked(message, what).unmet;
    for message in ["el lunes no puedo ir", "no podré asistir el lunes 30", "elena no puede ir el lunes"] {
        let window = unmet(message, Asked::When).unwrap_or_else(|| panic!("«{message}»"));
        assert!(window.allows(now() + chrono::TimeDelta::days(5)), "«{message}»: {window}");
        assert!(!window.allows(now() + chrono::TimeDelta::days(1)), "«{message}»: {window}");
    }
    let tomorrow = unmet("mañana no puedo, me puede cambiar la hora?", Asked::Nothing).unwrap();
    assert!(tomorrow.allows(now() + chrono::TimeDelta::days(1)));
    let at_nine = unmet("no puedo ir a las 9", Asked::Nothing).unwrap();
    assert!(at_nine.allows(now()) && !at_nine.allows(now() + chrono::TimeDelta::hours(2)));
    for message in ["el lunes no puedo", "cualquier día menos el lunes", "el martes"] {
        assert_eq!(unmet(message, Asked::When), None, "«{message}»");
    }
}

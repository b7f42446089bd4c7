//! Patients' Spanish, as they write it: each table says what a Chilean clerk would hear.
//!
//! All messages are invented. A line that the rules cannot hear yet stands in `still_misheard.txt`, and only on the
//! condition that nothing dangerous is heard in it.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail; the lint's own exception does not reach the functions beside the tests"
)]

#[path = "understanding/table.rs"]
mod table;

use std::time::Duration;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};
use smartsalud::clock::Stopwatch;
use smartsalud::understanding::{
    Asked, Assent, Choice, Context, Intent, Offered, Safety, Understanding, When, understand,
};
use smartsalud::value::Window;

use table::{Line, Table};

const TABLES: [&str; 7] = ["assent", "intents", "safety", "times", "choices", "identity", "names"];
const PROFESSIONALS: [&str; 10] = [
    "Soto",
    "Muñoz",
    "Riquelme",
    "Venegas",
    "Echeverría",
    "Huenchullán",
    "Etchegaray",
    "Sepúlveda",
    "Yáñez",
    "Cifuentes",
];

/// Wednesday 25 November 2026, 09:00.
fn now() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 25).unwrap().and_hms_opt(9, 0, 0).unwrap()
}

fn asked(message: &str, asked: Asked) -> Understanding {
    understand(message, &Context { asked, ..Context::at(now()) })
}

fn assent(message: &str) -> &'static str {
    match asked(message, Asked::YesNo).assent {
        Some(Assent::Yes) => "yes",
        Some(Assent::WeakYes) => "weak",
        Some(Assent::No) => "no",
        None => "none",
    }
}

fn safety(message: &str) -> &'static str {
    match asked(message, Asked::Nothing).safety {
        Some(Safety::Emergency) => "emergency",
        Some(Safety::SelfHarm) => "self_harm",
        None => "none",
    }
}

fn intent(line: &Line) -> Result<(), String> {
    let got = asked(&line.message, Asked::Nothing).intent;
    match line.expected.strip_prefix('!') {
        Some(unheard) if unheard.split('/').any(|one| one == got.as_str()) => Err(got.to_string()),
        Some(_) => Ok(()),
        None => line.allows(got.as_str()),
    }
}

/// `26/11@10`, `5/1/2027@15:30`.
fn moment(text: &str) -> NaiveDateTime {
    let (day, hour) = text.split_once('@').unwrap();
    let parts: Vec<i32> = day.split('/').map(|part| part.parse().unwrap()).collect();
    let year = parts.get(2).copied().unwrap_or(2026);
    let day =
        NaiveDate::from_ymd_opt(year, u32::try_from(parts[1]).unwrap(), u32::try_from(parts[0]).unwrap());
    let (hour, minute) = hour.split_once(':').unwrap_or((hour, "0"));
    day.unwrap().and_time(NaiveTime::from_hms_opt(hour.parse().unwrap(), minute.parse().unwrap(), 0).unwrap())
}

fn times(line: &Line) -> Result<(), String> {
    let heard = asked(&line.message, Asked::When);
    let shown = || {
        let window = heard.window.as_ref().map_or_else(|| "no window".to_owned(), Window::to_string);
        Err(format!("{window}, {:?}", heard.when))
    };
    let right = match line.expected.as_str() {
        "nothing" => heard.window.as_ref().is_none_or(Window::is_any),
        "soonest" => heard.window.as_ref().is_some_and(|window| window.soonest),
        "conflict" => heard.when == Some(When::Conflict),
        "ambiguous" => heard.when == Some(When::Ambiguous),
        "reject" => heard.when == Some(When::Reject),
        hours => heard.window.as_ref().is_some_and(|window| {
            hours.split_whitespace().all(|hour| {
                let (fits, at) = hour.split_at(1);
                assert!(matches!(fits, "+" | "-"), "{hour}: `+` or `-` is missing");
                window.allows(moment(at)) == (fits == "+")
            })
        }),
    };
    if right { Ok(()) } else { shown() }
}

fn choice(table: &Table, line: &Line) -> Result<(), String> {
    let rows: Vec<Vec<&str>> = table
        .screens
        .iter()
        .filter(|(section, _)| *section == line.section)
        .map(|(_, row)| row.split(';').map(str::trim).collect())
        .collect();
    let options: Vec<Offered<'_>> = rows
        .iter()
        .map(|row| Offered {
            label: row[0],
            detail: (!row[1].is_empty()).then_some(row[1]),
            starts: (!row[2].is_empty()).then(|| row[2].parse().unwrap_or_else(|_| starts(row[2]))),
            words: &[],
        })
        .collect();
    let context = Context { asked: Asked::Option, options: &options, ..Context::at(now()) };
    let got = match understand(&line.message, &context).choice {
        Choice::None => "none".to_owned(),
        Choice::Neither => "neither".to_owned(),
        Choice::One(at) => (at + 1).to_string(),
        Choice::Several(all) => all.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(","),
    };
    line.allows(&got)
}

fn starts(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap()
}

fn identity(line: &Line) -> Result<(), String> {
    let heard = asked(&line.message, Asked::Text);
    let rut = heard.rut.map(|rut| format!("rut {}", rut.plain()));
    let tail = heard.rut_tail.as_ref().map(|tail| format!("tail {tail}"));
    let birth = heard.birth_date.map(|day| format!("birth {day}"));
    let got = [rut.as_ref(), tail.as_ref(), birth.as_ref()];
    let shown = format!("{got:?}");
    let right = match line.expected.split_once(' ').map(|(kind, _)| kind) {
        // a birth date in figures may look like other figures, never the other way round
        Some("birth") => birth.as_deref() == Some(line.expected.as_str()) && rut.is_none(),
        Some("rut") => rut.as_deref() == Some(line.expected.as_str()) && birth.is_none(),
        Some("tail") => tail.as_deref() == Some(line.expected.as_str()) && rut.is_none() && birth.is_none(),
        _ => got.iter().all(Option::is_none),
    };
    if right { Ok(()) } else { Err(shown) }
}

fn names(line: &Line) -> Result<(), String> {
    let roster = PROFESSIONALS.map(str::to_owned);
    let got = match line.section.as_str() {
        "specialty" => asked(&line.message, Asked::Nothing).specialty,
        _ => understand(&line.message, &Context { roster: &roster, ..Context::at(now()) }).doctor,
    };
    line.allows(got.as_deref().unwrap_or("none"))
}

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
fn capital_letters_and_missing_accents_change_no_yes_and_no_no() {
    Table::read("assent").judge(|line| {
        let plain: String = line
            .message
            .chars()
            .map(|letter| match letter {
                'á' => 'a',
                'é' => 'e',
                'í' => 'i',
                'ó' => 'o',
                'ú' => 'u',
                other => other,
            })
            .collect();
        let heard = assent(&line.message);
        let capital = assent(&line.message.to_uppercase());
        // "sí" is "if" without its accent, and "confirmé" is "confirmo" in the past
        let accents = if line.message == plain { heard } else { assent(&plain) };
        if capital != heard {
            return Err(format!("{heard}, in capitals {capital}"));
        }
        if accents != heard && accents != "none" {
            return Err(format!("{heard}, without accents {accents}"));
        }
        Ok(())
    });
}

#[test]
fn no_text_makes_it_panic_or_dally() {
    let mut texts: Vec<String> = Vec::new();
    for name in TABLES {
        for line in Table::read(name).lines {
            texts.push(format!("\u{200b}{}\u{feff}", line.message));
            texts.push(format!("\u{202e}{}\u{202c}", line.message));
            texts.push(line.message.chars().rev().collect());
            // every beginning of it, as when a message is sent too soon
            texts.extend(line.message.char_indices().map(|(at, _)| line.message[..at].to_owned()));
        }
    }
    for piece in [
        "a",
        "no ",
        "sí ",
        "1",
        "1 ",
        "12/",
        "12:",
        "12.345.678-5 ",
        "😀",
        "👍🏽",
        "👨‍👩‍👧‍👦",
        "\u{200b}",
        "\u{200d}",
        "\u{301}",
        "?",
        "¿",
        ".",
        "-",
        "\n",
        "مرحبا ",
        "שלום ",
        "א1",
        "mañana ",
        "o el lunes ",
        "ni ",
        "a las ",
        "ﬁ",
        "İ",
        "ß",
        "１２",
        "٣",
        "½",
        "1️⃣",
        "\u{0}",
        "«",
        "y media ",
        "cancelo no ",
        "mil ",
        "de ",
        "que ",
        "kkkkk-",
    ] {
        texts.push(piece.to_owned());
        texts.push(piece.repeat(5_000 / piece.chars().count()));
        texts.push(format!("{}sí", piece.repeat(2_500 / piece.chars().count())));
        texts.push(format!("sí{piece}no{piece}{piece}el lunes{piece}a las 10"));
    }
    texts.push(String::new());
    let options = [
        Offered { label: "", detail: None, starts: None, words: &[] },
        Offered {
            label: "jue 26 nov 10:00",
            detail: Some("😀"),
            starts: Some(now()),
            words: &[String::new()],
        },
        Offered { label: "?", detail: Some(""), starts: None, words: &[] },
    ];
    let roster = ["Soto".to_owned(), String::new(), "Ñ".to_owned()];
    for text in &texts {
        let begun = Stopwatch::start();
        for asked in [Asked::Nothing, Asked::YesNo, Asked::Option, Asked::When, Asked::Text] {
            let context = Context { asked, options: &options, roster: &roster, ..Context::at(now()) };
            let heard = understand(text, &context);
            for reason in &heard.why {
                assert!(text.get(reason.span.clone()).is_some(), "{:?} is no piece of {text:?}", reason.span);
            }
            if let Choice::One(at) = heard.choice {
                assert!(at < options.len(), "{text:?} chooses {at}");
            }
        }
        // five readings of at most 2,000 letters are milliseconds even unoptimised; a square of them would be seconds
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?} for {text:?}", begun.elapsed());
    }
}

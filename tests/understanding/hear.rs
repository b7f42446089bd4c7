//! How each table is heard: by which question, and what of the understanding counts.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use smartsalud::understanding::{
    Asked, Assent, Choice, Context, Offered, Safety, Understanding, When, understand,
};
use smartsalud::value::Window;

use crate::table::{Line, Table};

/// Every table.
pub const TABLES: [&str; 7] = ["assent", "intents", "safety", "times", "choices", "identity", "names"];
/// The professionals of the centre.
pub const PROFESSIONALS: [&str; 10] = [
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
pub fn now() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 25).unwrap().and_hms_opt(9, 0, 0).unwrap()
}

/// What is understood when this is asked.
pub fn asked(message: &str, asked: Asked) -> Understanding {
    understand(message, &Context { asked, ..Context::at(now()) })
}

/// The yes or no of a message.
pub fn assent(message: &str) -> &'static str {
    match asked(message, Asked::YesNo).assent {
        Some(Assent::Yes) => "yes",
        Some(Assent::WeakYes) => "weak",
        Some(Assent::No) => "no",
        None => "none",
    }
}

/// The danger in a message.
pub fn safety(message: &str) -> &'static str {
    match asked(message, Asked::Nothing).safety {
        Some(Safety::Emergency) => "emergency",
        Some(Safety::SelfHarm) => "self_harm",
        None => "none",
    }
}

/// Whether the intent is the one expected.
pub fn intent(line: &Line) -> Result<(), String> {
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

/// Whether the hours are the ones expected.
pub fn times(line: &Line) -> Result<(), String> {
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

/// Whether the option is the one expected.
pub fn choice(table: &Table, line: &Line) -> Result<(), String> {
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

/// Whether the figures are the ones expected.
pub fn identity(line: &Line) -> Result<(), String> {
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

/// Whether the name is the one expected.
pub fn names(line: &Line) -> Result<(), String> {
    let roster = PROFESSIONALS.map(str::to_owned);
    let got = match line.section.as_str() {
        "specialty" => asked(&line.message, Asked::Nothing).specialty,
        _ => understand(&line.message, &Context { roster: &roster, ..Context::at(now()) }).doctor,
    };
    line.allows(got.as_deref().unwrap_or("none"))
}

/// Whether a message is heard as its line says, by the rules of its table.
pub fn right(table: &Table, line: &Line) -> Result<(), String> {
    match table.name {
        "assent" => line.allows(assent(&line.message)),
        "intents" => intent(line),
        "safety" => line.allows(safety(&line.message)),
        "times" => times(line),
        "choices" => choice(table, line),
        "identity" => identity(line),
        _ => names(line),
    }
}

/// What may not come out of a message by chance: a yes, or an hour given up, moved or confirmed.
pub fn dangers(message: &str) -> Vec<&'static str> {
    let mut heard = Vec::new();
    if asked(message, Asked::YesNo).assent == Some(Assent::Yes) {
        heard.push("yes");
    }
    let intent = asked(message, Asked::Nothing).intent.as_str();
    if matches!(intent, "cancelar" | "reagendar" | "confirmar") {
        heard.push(intent);
    }
    heard
}

//! A window of wall time in words: `el martes 1 de diciembre en la tarde`, `después de las 17:00`.

use chrono::NaiveDateTime;

use crate::value::{DayRange, TimeRange, Window, hour_label};

/// The window as a person says it; empty when it constrains nothing.
pub(super) fn in_words(window: &Window) -> String {
    let mut parts = Vec::new();
    if !window.days.is_empty() {
        parts.push(joined(&window.days.iter().map(days).collect::<Vec<_>>(), "o"));
    }
    if !window.weekdays.is_every() {
        let names = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];
        let on = names.into_iter().enumerate().filter(|(bit, _)| window.weekdays.0 >> bit & 1 == 1);
        parts.push(joined(&on.map(|(_, name)| format!("un {name}")).collect::<Vec<_>>(), "o"));
    }
    if !window.times.is_empty() {
        parts.push(joined(&window.times.iter().map(times).collect::<Vec<_>>(), "o"));
    }
    let moment = |at: NaiveDateTime| hour_label::day_hour_long(at);
    parts.extend(window.not_before.map(|from| format!("desde el {}", moment(from))));
    parts.extend(window.before.map(|until| format!("antes del {}", moment(until))));
    if !window.except.is_empty() {
        parts.push(format!("menos {}", joined(&window.except.iter().map(days).collect::<Vec<_>>(), "y")));
    }
    if window.soonest && parts.is_empty() {
        parts.push("lo antes posible".to_owned());
    }
    parts.join(" ")
}

fn days(range: &DayRange) -> String {
    match (range.start, range.end) {
        (Some(start), Some(end)) if start.succ_opt() == Some(end) => {
            format!("el {}", hour_label::day_long(start))
        }
        (Some(start), Some(end)) => {
            let last = end.pred_opt().unwrap_or(end);
            format!("entre el {} y el {}", hour_label::day_long(start), hour_label::day_long(last))
        }
        (Some(start), None) => format!("desde el {}", hour_label::day_long(start)),
        (None, Some(end)) => format!("hasta el {}", hour_label::day_long(end.pred_opt().unwrap_or(end))),
        (None, None) => "cualquier día".to_owned(),
    }
}

fn times(range: &TimeRange) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    match (range.start, range.end) {
        (..=480, 720 | 780) => "en la mañana".to_owned(),
        (720 | 780 | 840, 1080..=1200) => "en la tarde".to_owned(),
        (1080..=1200, 1320..) => "en la noche".to_owned(),
        (start, end) if end == start + 1 => format!("a las {}", clock(start)),
        (start, 1440..) => format!("después de las {}", clock(start)),
        (0, end) => format!("antes de las {}", clock(end)),
        (start, end) => format!("entre las {} y las {}", clock(start), clock(end)),
    }
}

fn joined(parts: &[String], last: &str) -> String {
    match parts.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, before)) => format!("{} {last} {end}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reads_as_a_person_says_it() {
        let tuesday = Window::day("2026-12-01".parse().unwrap());
        assert_eq!(in_words(&tuesday), "el martes 1 de diciembre");
        let afternoon = Window { times: vec![TimeRange { start: 720, end: 1200 }], ..tuesday };
        assert_eq!(in_words(&afternoon), "el martes 1 de diciembre en la tarde");
        let late = Window { times: vec![TimeRange { start: 1020, end: 1440 }], ..Window::ANY };
        assert_eq!(in_words(&late), "después de las 17:00");
        assert_eq!(in_words(&Window::ANY), "");
    }
}

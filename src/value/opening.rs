//! The days and hours at which hours are given, in words: "de lunes a jueves de 8:00 a 17:00 y el viernes de 8:00 a
//! 16:00".

use chrono::{NaiveTime, Timelike};

const DAYS: [&str; 7] = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"];

/// In words; `days` are weekdays (1 is Monday), each once, with its first and last minute. `None` when there are none.
pub fn in_words(days: &[(u8, NaiveTime, NaiveTime)]) -> Option<String> {
    let mut days = days.to_vec();
    days.sort_unstable();
    let mut stretches: Vec<(u8, u8, NaiveTime, NaiveTime)> = Vec::new();
    for (day, from, until) in days {
        match stretches.last_mut() {
            Some((_, last, start, end)) if *last + 1 == day && (*start, *end) == (from, until) => *last = day,
            _ => stretches.push((day, day, from, until)),
        }
    }
    let name = |day: u8| DAYS.get(usize::from(day).wrapping_sub(1)).copied().unwrap_or_default();
    let words: Vec<String> = stretches
        .iter()
        .map(|(first, last, from, until)| {
            let days = match last - first {
                0 => format!("el {}", name(*first)),
                1 => format!("{} y {}", name(*first), name(*last)),
                _ => format!("de {} a {}", name(*first), name(*last)),
            };
            format!("{days} de {} a {}", clock(*from), clock(*until))
        })
        .collect();
    match &words[..] {
        [] => None,
        [only] => Some(only.clone()),
        [rest @ .., last] => Some(format!("{} y {last}", rest.join(", "))),
    }
}

fn clock(at: NaiveTime) -> String {
    format!("{}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_with_the_same_hours_are_told_together() {
        let at = |hour: u32, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        let week: Vec<_> =
            (1..=4).map(|day| (day, at(8, 0), at(17, 0))).chain([(5, at(8, 0), at(16, 30))]).collect();
        assert_eq!(
            in_words(&week).unwrap(),
            "de lunes a jueves de 8:00 a 17:00 y el viernes de 8:00 a 16:30"
        );
        assert_eq!(in_words(&week[..2]).unwrap(), "lunes y martes de 8:00 a 17:00");
        let apart = [week[4], week[0], week[2]];
        assert_eq!(
            in_words(&apart).unwrap(),
            "el lunes de 8:00 a 17:00, el miércoles de 8:00 a 17:00 y el viernes de 8:00 a 16:30"
        );
        assert_eq!(in_words(&[]), None);
    }
}

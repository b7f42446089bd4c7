//! Chile's feriados, by the rules of the laws that made them.
//!
//! The table `holidays` is what the agenda reads; this module fills it ([`of_year`]): by rule, and by table what a law
//! made for one year. A centre adds what neither knows (a day decreed for its commune, an afternoon off) by import. National days have the scope
//! `CL`; those of a region or a commune have its code, and count at a centre whose `region` is that code.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A day on which a centre does not attend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub day: NaiveDate,
    /// Its name.
    pub name: &'static str,
    /// `CL`, or the code of a region (`CL-AP`) or commune (`CL-NB-chillan`).
    pub scope: &'static str,
}

/// Days that a law made for one year only.
const ONCE: &[(i32, u32, u32, &str)] = &[
    // law 21.482: the Friday before the national days
    (2022, 9, 16, "Feriado nacional por única vez"),
];

/// The holidays of a year, in order. Right for 2022 to 2035, as far as the laws of today go.
pub fn of_year(year: i32) -> Vec<Holiday> {
    let mut days: Vec<Holiday> = Vec::new();
    let mut add =
        |day: Option<NaiveDate>, name, scope| days.extend(day.map(|day| Holiday { day, name, scope }));
    let on = |month, day| NaiveDate::from_ymd_opt(year, month, day);
    let falls = |month, day, weekday| on(month, day).is_some_and(|on| on.weekday() == weekday);

    add(on(1, 1), "Año Nuevo", "CL");
    // law 20.983: the Monday after a New Year's Sunday
    add(on(1, 2).filter(|_| falls(1, 1, Weekday::Sun)), "Feriado adicional de Año Nuevo", "CL");
    let easter = easter(year);
    add(easter.and_then(|sunday| sunday.checked_sub_days(Days::new(2))), "Viernes Santo", "CL");
    add(easter.and_then(|sunday| sunday.checked_sub_days(Days::new(1))), "Sábado Santo", "CL");
    add(on(5, 1), "Día Nacional del Trabajo", "CL");
    add(on(5, 21), "Día de las Glorias Navales", "CL");
    add(on(6, 7), "Asalto y Toma del Morro de Arica", "CL-AP");
    // the winter solstice, in Chile's own time: the 20th in leap years and the year after, else the 21st
    add(on(6, if year.rem_euclid(4) < 2 { 20 } else { 21 }), "Día Nacional de los Pueblos Indígenas", "CL");
    add(on(6, 29).map(to_monday), "San Pedro y San Pablo", "CL");
    add(on(7, 16), "Virgen del Carmen", "CL");
    add(on(8, 15), "Asunción de la Virgen", "CL");
    add(on(8, 20), "Nacimiento del Prócer de la Independencia", "CL-NB-chillan");
    // laws 20.215 and 20.983: bridges around the national days
    let bridge_before = falls(9, 17, Weekday::Mon) || falls(9, 17, Weekday::Fri);
    add(on(9, 17).filter(|_| bridge_before), "Feriado adicional de Fiestas Patrias", "CL");
    add(on(9, 18), "Independencia Nacional", "CL");
    add(on(9, 19), "Día de las Glorias del Ejército", "CL");
    add(on(9, 20).filter(|_| falls(9, 20, Weekday::Fri)), "Feriado adicional de Fiestas Patrias", "CL");
    add(on(10, 12).map(to_monday), "Encuentro de Dos Mundos", "CL");
    add(on(10, 31).map(to_friday), "Día de las Iglesias Evangélicas y Protestantes", "CL");
    add(on(11, 1), "Día de Todos los Santos", "CL");
    add(on(12, 8), "Inmaculada Concepción", "CL");
    add(on(12, 25), "Navidad", "CL");
    for (_, month, day, name) in ONCE.iter().filter(|(only, ..)| *only == year) {
        add(on(*month, *day), name, "CL");
    }
    days.sort_by_key(|holiday| holiday.day);
    days
}

/// Law 19.668: from Tuesday, Wednesday or Thursday to that week's Monday, from Friday to the next.
fn to_monday(day: NaiveDate) -> NaiveDate {
    let moved = match day.weekday() {
        Weekday::Tue | Weekday::Wed | Weekday::Thu => {
            day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))
        }
        Weekday::Fri => day.checked_add_days(Days::new(3)),
        Weekday::Mon | Weekday::Sat | Weekday::Sun => None,
    };
    moved.unwrap_or(day)
}

/// Law 20.299: from Tuesday to the Friday before, from Wednesday to the Friday after.
fn to_friday(day: NaiveDate) -> NaiveDate {
    let moved = match day.weekday() {
        Weekday::Tue => day.checked_sub_days(Days::new(4)),
        Weekday::Wed => day.checked_add_days(Days::new(2)),
        Weekday::Mon | Weekday::Thu | Weekday::Fri | Weekday::Sat | Weekday::Sun => None,
    };
    moved.unwrap_or(day)
}

/// Easter Sunday of the Gregorian calendar (the anonymous algorithm).
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let (quarter, rest) = (century / 4, century % 4);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - quarter - correction + 15) % 30;
    let weekday = (32 + 2 * rest + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * weekday) / 451;
    let sum = moon + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn national(year: i32) -> Vec<String> {
        of_year(year).iter().filter(|h| h.scope == "CL").map(|h| h.day.format("%m-%d").to_string()).collect()
    }

    /// The days of 2024 to 2035 as the Python package `holidays` 0.109 has them, which reckons them by rules of its own.
    const ELSEWHERE: &str = include_str!("../../tests/data/holidays.csv");

    #[test]
    fn every_day_of_2024_to_2035_is_as_another_source_reckons_it() {
        let theirs: Vec<(String, String)> = ELSEWHERE
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .map(|(day, scope)| (scope.to_owned(), day.to_owned()))
            .collect();
        let mut ours: Vec<(String, String)> = (2024..=2035)
            .flat_map(of_year)
            .map(|holiday| (holiday.scope.to_owned(), holiday.day.to_string()))
            .collect();
        ours.sort();
        assert!(theirs.len() > 200, "{}", theirs.len());
        assert_eq!(ours, theirs);
        assert!(national(2022).contains(&"09-16".to_owned()), "by a law for that year");
    }

    #[test]
    fn the_published_lists_of_2026_and_2027() {
        assert_eq!(
            national(2026),
            [
                "01-01", "04-03", "04-04", "05-01", "05-21", "06-21", "06-29", "07-16", "08-15", "09-18",
                "09-19", "10-12", "10-31", "11-01", "12-08", "12-25"
            ]
        );
        assert_eq!(
            national(2027),
            [
                "01-01", "03-26", "03-27", "05-01", "05-21", "06-21", "06-28", "07-16", "08-15", "09-17",
                "09-18", "09-19", "10-11", "10-31", "11-01", "12-08", "12-25"
            ]
        );
    }

    #[test]
    fn bridges_and_moved_days_of_other_years() {
        assert!(national(2023).contains(&"01-02".to_owned()), "New Year's Day was a Sunday");
        assert!(national(2023).contains(&"10-27".to_owned()), "31 October was a Tuesday");
        assert!(national(2024).contains(&"09-20".to_owned()), "a Friday");
        assert!(national(2024).contains(&"06-20".to_owned()), "the solstice");
        assert!(national(2025).contains(&"06-20".to_owned()));
        assert!(national(2029).contains(&"09-17".to_owned()), "a Monday");
    }

    #[test]
    fn a_regional_day_has_its_own_scope() {
        let arica: Vec<_> = of_year(2026).into_iter().filter(|h| h.scope == "CL-AP").collect();
        assert_eq!(arica.len(), 1);
        assert_eq!(arica[0].day.to_string(), "2026-06-07");
    }
}

//! The parts of a person's name, as far as they can be told apart, and how old they are.

use chrono::NaiveDate;

/// What a person may be called besides the whole name: "rojas" of "Ana Rojas", both surnames together and apart of
/// a longer one. With four words the first two are given names, with three it cannot be told.
pub fn surnames(full_name: &str) -> Vec<String> {
    let words: Vec<&str> = full_name.split_whitespace().collect();
    let given = if words.len() >= 4 { words.len() - 2 } else { 1 };
    let rest = words.get(given..).unwrap_or_default();
    let mut names: Vec<String> = rest.iter().map(|word| (*word).to_owned()).collect();
    if rest.len() > 1 {
        names.insert(0, rest.join(" "));
    }
    if let ([first, _, ..], [surname, ..]) = (&words[..], rest)
        && words.len() > 2
    {
        names.push(format!("{first} {surname}"));
    }
    names
}

/// How many years old somebody is on a day; nobody is younger than nothing.
pub fn age(born: NaiveDate, on: NaiveDate) -> i64 {
    on.years_since(born).map_or(0, i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_counts_from_the_birthday_on() {
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(age(day("1961-11-26"), day("2026-11-25")), 64);
        assert_eq!(age(day("1961-11-25"), day("2026-11-25")), 65);
        assert_eq!(age(day("2027-01-01"), day("2026-11-25")), 0);
    }

    #[test]
    fn a_name_is_taken_apart_as_people_use_it() {
        assert_eq!(surnames("Ana Rojas"), ["Rojas"]);
        assert_eq!(surnames("Luis Soto Pérez"), ["Soto Pérez", "Soto", "Pérez", "Luis Soto"]);
        assert_eq!(surnames("María José Díaz Lagos"), ["Díaz Lagos", "Díaz", "Lagos", "María Díaz"]);
        assert!(surnames("Ana").is_empty());
    }
}

//! Numbers in figures and in words: 0 to 999,999.

use super::normal::Read;

/// A number and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub value: i64,
    /// First token.
    pub at: usize,
    /// How many tokens.
    pub len: usize,
}

/// All numbers of a text, in order.
pub(super) fn of(read: &Read) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < read.tokens.len() {
        match number_at(read, at) {
            Some((value, len)) => {
                found.push(Number { value, at, len });
                at += len;
            }
            None => at += 1,
        }
    }
    found
}

/// The number that begins at a token, and how many tokens it takes.
pub(super) fn number_at(read: &Read, at: usize) -> Option<(i64, usize)> {
    let word = |at: usize| read.tokens.get(at).map_or("", |token| token.word.as_str());
    let first = word(at);
    if let Some(number) = figures(first) {
        // 1.500 in figures
        if word(at + 1) == "."
            && word(at + 2).len() == 3
            && first.len() <= 3
            && let Some(thousands) = figures(word(at + 2))
        {
            return Some((number * 1_000 + thousands, 3));
        }
        return Some((number, 1));
    }
    let mut total = 0;
    let mut current = 0;
    let mut len = 0;
    let mut last = i64::MAX;
    loop {
        let next = word(at + len);
        if next == "mil" && last > 1_000 || next == "mil" && len > 0 && total == 0 {
            total = current.max(1) * 1_000;
            current = 0;
            last = 1_000;
            len += 1;
            continue;
        }
        if next == "y"
            && len > 0
            && (30..100).contains(&(current % 100))
            && simple(word(at + len + 1)).is_some_and(|units| units < 10)
        {
            current += simple(word(at + len + 1)).unwrap_or(0);
            len += 2;
            last = 0;
            continue;
        }
        match simple(next) {
            // "ciento dos" goes on, "dos tres" does not
            Some(value)
                if value < last
                    && (last == i64::MAX || last >= 100 && value < 100 || last >= 1_000 && value < 1_000) =>
            {
                current += value;
                last = if value >= 100 { value } else { 0 };
                len += 1;
            }
            _ => break,
        }
    }
    (len > 0).then_some((total + current, len))
}

fn figures(word: &str) -> Option<i64> {
    let digits = word.strip_suffix(['a', 'o']).unwrap_or(word);
    (!digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

fn simple(word: &str) -> Option<i64> {
    let words: &[(&str, i64)] = &[
        ("cero", 0),
        ("un", 1),
        ("uno", 1),
        ("una", 1),
        ("dos", 2),
        ("tres", 3),
        ("cuatro", 4),
        ("cinco", 5),
        ("seis", 6),
        ("siete", 7),
        ("ocho", 8),
        ("nueve", 9),
        ("diez", 10),
        ("once", 11),
        ("doce", 12),
        ("trece", 13),
        ("catorce", 14),
        ("quince", 15),
        ("dieciseis", 16),
        ("diecisiete", 17),
        ("dieciocho", 18),
        ("diecinueve", 19),
        ("veinte", 20),
        ("veintiun", 21),
        ("veintiuno", 21),
        ("veintiuna", 21),
        ("veintidos", 22),
        ("veintitres", 23),
        ("veinticuatro", 24),
        ("veinticinco", 25),
        ("veintiseis", 26),
        ("veintisiete", 27),
        ("veintiocho", 28),
        ("veintinueve", 29),
        ("treinta", 30),
        ("cuarenta", 40),
        ("cincuenta", 50),
        ("sesenta", 60),
        ("setenta", 70),
        ("ochenta", 80),
        ("noventa", 90),
        ("cien", 100),
        ("ciento", 100),
        ("doscientos", 200),
        ("doscientas", 200),
        ("trescientos", 300),
        ("trescientas", 300),
        ("cuatrocientos", 400),
        ("cuatrocientas", 400),
        ("quinientos", 500),
        ("quinientas", 500),
        ("seiscientos", 600),
        ("seiscientas", 600),
        ("setecientos", 700),
        ("setecientas", 700),
        ("ochocientos", 800),
        ("ochocientas", 800),
        ("novecientos", 900),
        ("novecientas", 900),
    ];
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

/// An ordinal: `la segunda`, `3ra`. The last is -1, the one before it -2.
pub(super) fn ordinal(word: &str) -> Option<i64> {
    let words: &[(&str, i64)] = &[
        ("primera", 1),
        ("primero", 1),
        ("primer", 1),
        ("1ra", 1),
        ("1ero", 1),
        ("1er", 1),
        ("1ro", 1),
        ("segunda", 2),
        ("segundo", 2),
        ("2da", 2),
        ("2do", 2),
        ("tercera", 3),
        ("tercero", 3),
        ("tercer", 3),
        ("3ra", 3),
        ("3ro", 3),
        ("3er", 3),
        ("cuarta", 4),
        ("cuarto", 4),
        ("4ta", 4),
        ("4to", 4),
        ("quinta", 5),
        ("quinto", 5),
        ("5ta", 5),
        ("5to", 5),
        ("sexta", 6),
        ("sexto", 6),
        ("septima", 7),
        ("septimo", 7),
        ("octava", 8),
        ("octavo", 8),
        ("novena", 9),
        ("noveno", 9),
        ("9na", 9),
        ("decima", 10),
        ("decimo", 10),
        ("ultima", -1),
        ("ultimo", -1),
        ("penultima", -2),
        ("penultimo", -2),
    ];
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::super::normal::read;
    use super::*;

    #[test]
    fn numbers_are_read_in_figures_and_in_words() {
        for (text, value) in [
            ("5", 5),
            ("veintitrés", 23),
            ("treinta y cinco", 35),
            ("ciento dos", 102),
            ("mil quinientos veintitrés", 1_523),
            ("siete mil doscientos treinta y cinco", 7_235),
            ("1.500", 1_500),
            ("dos", 2),
        ] {
            assert_eq!(of(&read(text)).first().map(|n| n.value), Some(value), "{text}");
        }
    }

    #[test]
    fn two_numbers_in_a_row_are_two() {
        let values: Vec<i64> = of(&read("dos o tres")).iter().map(|n| n.value).collect();
        assert_eq!(values, [2, 3]);
    }
}

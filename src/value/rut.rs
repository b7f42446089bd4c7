//! The Chilean RUN/RUT and the part of it that may be asked for over WhatsApp.
//!
//! Meta's Business Messaging Policy forbids asking for full identity numbers, so the bot asks for the last
//! four digits with the check digit (`RutTail`). When a patient types a whole RUT anyway, `mask` keeps just
//! that tail in what is stored. Check digit: weights 2..7 from the right, 11 − (sum mod 11), 11 → 0, 10 → K.

use std::fmt;
use std::str::FromStr;

use regex::regex;
use serde::{Deserialize, Serialize};

/// A whole RUT whose check digit is right. `Debug` is masked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rut {
    number: u32,
    check: char,
}

/// The last four digits of a RUT and its check digit: `5678-5`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RutTail {
    digits: [u8; 4],
    check: char,
}

/// The text was not a RUT, or its check digit does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARut {
    /// It does not look like one.
    #[error("not a RUT: 7 or 8 digits, a hyphen and the check digit are needed, as in 12.345.678-5")]
    Shape,
    /// It looks like one, but the check digit belongs to another number.
    #[error("the check digit of this RUT is wrong")]
    CheckDigit,
}

/// The check digit that belongs to `number`: `'0'..='9'` or `'K'`.
pub fn check_digit(number: u32) -> char {
    let (mut rest, mut weight, mut sum) = (number, 2, 0);
    while rest > 0 {
        sum += rest % 10 * weight;
        weight = if weight == 7 { 2 } else { weight + 1 };
        rest /= 10;
    }
    match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    }
}

impl Rut {
    /// A RUT from its number and check digit, as the columns `run_num` and `run_dv` have them.
    ///
    /// # Errors
    /// When the check digit belongs to another number.
    pub fn new(number: u32, check: char) -> Result<Self, NotARut> {
        let check = check.to_ascii_uppercase();
        if check_digit(number) == check { Ok(Self { number, check }) } else { Err(NotARut::CheckDigit) }
    }

    /// The number without the check digit.
    pub fn number(self) -> u32 {
        self.number
    }

    /// The check digit, `'0'..='9'` or `'K'`.
    pub fn check(self) -> char {
        self.check
    }

    /// The whole RUT as `12345678-5`. Never for a log.
    pub fn plain(self) -> String {
        format!("{}-{}", self.number, self.check)
    }

    /// The part that may be shown and stored.
    pub fn tail(self) -> RutTail {
        let n = self.number % 10_000;
        let digit = |place: u32| u8::try_from(n / place % 10).unwrap_or(0);
        RutTail { digits: [digit(1000), digit(100), digit(10), digit(1)], check: self.check }
    }
}

impl FromStr for Rut {
    type Err = NotARut;

    fn from_str(raw: &str) -> Result<Self, NotARut> {
        let compact: String = raw.chars().filter(char::is_ascii_alphanumeric).collect();
        if !(8..=9).contains(&compact.len()) {
            return Err(NotARut::Shape);
        }
        let (number, check) = compact.split_at(compact.len() - 1);
        let number: u32 = number.parse().map_err(|_| NotARut::Shape)?;
        let check = check.chars().next().map(|c| c.to_ascii_uppercase()).ok_or(NotARut::Shape)?;
        if !(check.is_ascii_digit() || check == 'K') {
            return Err(NotARut::Shape);
        }
        Self::new(number, check)
    }
}

impl fmt::Debug for Rut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rut(…-{})", self.check)
    }
}

impl RutTail {
    /// The four digits as a number, 0 to 9999: what `run_num % 10000` must equal.
    pub fn number(&self) -> u32 {
        self.digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit))
    }

    /// The check digit, `'0'..='9'` or `'K'`.
    pub fn check(&self) -> char {
        self.check
    }
}

impl FromStr for RutTail {
    type Err = NotARut;

    /// Reads `5678-5`, `56785`, `5678 k`, and a whole RUT (keeping its tail).
    fn from_str(raw: &str) -> Result<Self, NotARut> {
        if let Ok(rut) = raw.parse::<Rut>() {
            return Ok(rut.tail());
        }
        let compact: Vec<u8> =
            raw.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).collect();
        match compact[..] {
            [a, b, c, d, check]
                if [a, b, c, d].iter().all(u8::is_ascii_digit)
                    && (check.is_ascii_digit() || check == b'K') =>
            {
                Ok(Self { digits: [a - b'0', b - b'0', c - b'0', d - b'0'], check: check as char })
            }
            _ => Err(NotARut::Shape),
        }
    }
}

impl fmt::Display for RutTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{}", self.number(), self.check)
    }
}

impl fmt::Debug for RutTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RutTail(…-{})", self.check)
    }
}

impl TryFrom<String> for RutTail {
    type Error = NotARut;

    fn try_from(raw: String) -> Result<Self, NotARut> {
        raw.parse()
    }
}

impl From<RutTail> for String {
    fn from(tail: RutTail) -> Self {
        tail.to_string()
    }
}

/// The text with each whole, valid RUT in it cut down to its tail: `12.345.678-5` becomes `…5678-5`.
///
/// Applied where a message is stored, so that no table ever holds a whole RUT that a patient typed.
pub fn mask(text: &str) -> String {
    let shape = regex!(r"[0-9]{1,2}[. ]?[0-9]{3}[. ]?[0-9]{3}\s?[-–—‐‑−]?\s?[0-9kK]\b");
    shape
        .replace_all(text, |found: &regex::Captures<'_>| match found[0].parse::<Rut>() {
            Ok(rut) => format!("…{}", rut.tail()),
            Err(_) => found[0].to_owned(),
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ruts_are_valid_in_every_spelling() {
        for raw in
            ["12.345.678-5", "12345678-5", "123456785", "12.678.579-8", "10.000.013-k", "12 345 678 – 5"]
        {
            assert!(raw.parse::<Rut>().is_ok(), "{raw}");
        }
    }

    #[test]
    fn a_wrong_check_digit_is_told_from_a_wrong_shape() {
        assert_eq!("12.345.678-4".parse::<Rut>(), Err(NotARut::CheckDigit));
        assert_eq!("12-5".parse::<Rut>(), Err(NotARut::Shape));
    }

    #[test]
    fn a_whole_rut_is_cut_down_to_its_tail_before_it_is_stored() {
        assert_eq!(mask("mi rut es 12.345.678-5 gracias"), "mi rut es …5678-5 gracias");
        assert_eq!(mask("12345678-5"), "…5678-5");
        assert_eq!(mask("a las 10:30 del 26/11"), "a las 10:30 del 26/11");
        assert_eq!(mask("llámame al 56911112222"), "llámame al 56911112222");
    }

    #[test]
    fn a_tail_is_read_alone_or_from_a_whole_rut() {
        let tail: RutTail = "5678-5".parse().unwrap();
        assert_eq!(tail, "12.345.678-5".parse().unwrap());
        assert_eq!(tail, "56785".parse().unwrap());
        assert_eq!((tail.number(), tail.check()), (5678, '5'));
    }
}

//! A phone number as WhatsApp gives it: digits with the country code, no plus sign.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A phone number in E.164 digits without "+", as in a webhook's `from`. `Debug` shows the last two digits only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(Box<str>);

/// The text was not a phone number: 8 to 15 digits, with or without "+", spaces, hyphens or brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number: 8 to 15 digits with the country code are needed, as in +56911112222")]
pub struct NotAPhone;

impl Phone {
    /// The digits, as WhatsApp's `to` and `from` have them.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// With the plus sign, as `patient_phones.phone_e164` has it.
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }
}

impl FromStr for Phone {
    type Err = NotAPhone;

    fn from_str(raw: &str) -> Result<Self, NotAPhone> {
        let digits: String =
            raw.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '(' | ')' | '.')).collect();
        let plausible = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plausible.then(|| Self(digits.into())).ok_or(NotAPhone)
    }
}

impl TryFrom<String> for Phone {
    type Error = NotAPhone;

    fn try_from(raw: String) -> Result<Self, NotAPhone> {
        raw.parse()
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0.into()
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone(…{})", &self.0[self.0.len() - 2..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let plain: Phone = "56911112222".parse().unwrap();
        assert_eq!(plain, "+56 9 1111-2222".parse().unwrap());
        assert_eq!(plain.e164(), "+56911112222");
    }

    #[test]
    fn letters_and_short_numbers_are_refused() {
        for raw in ["", "1234567", "+56 9 abcd", "1234567890123456"] {
            assert!(raw.parse::<Phone>().is_err(), "{raw}");
        }
    }

    #[test]
    fn debug_output_hides_the_number() {
        assert_eq!(format!("{:?}", "56911112222".parse::<Phone>().unwrap()), "Phone(…22)");
    }
}

//! A calendar (RFC 5545): what is booked, without a word of who is treated.
//!
//! Times are instants, so that no calendar has to know the zones of Chile, which change by decree.

use chrono::{DateTime, Utc};

use super::{Hour, Place};
use crate::scheduling::appointment::Status;
use crate::scheduling::slot::code;

/// The calendar of these appointments.
pub(super) fn of(place: &Place, hours: &[Hour], now: DateTime<Utc>) -> String {
    let mut text = String::new();
    let mut line = |content: &str| fold(&mut text, content);
    for head in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//smartSalud//agenda//ES", "CALSCALE:GREGORIAN"] {
        line(head);
    }
    // a hold is not promised yet
    for hour in hours.iter().filter(|hour| hour.status != Status::Pending) {
        let code = code(hour.id);
        let status = if hour.status.blocks() { "CONFIRMED" } else { "CANCELLED" };
        let address = place.address.as_deref().map(|address| format!(", {address}")).unwrap_or_default();
        line("BEGIN:VEVENT");
        line(&format!("UID:{code}.{}@smartsalud", hour.id));
        line(&format!("DTSTAMP:{}", stamp(now)));
        line(&format!("DTSTART:{}", stamp(hour.starts_at)));
        line(&format!("DTEND:{}", stamp(hour.ends_at)));
        line(&format!("SUMMARY:{}", escaped(&format!("{} con {}", hour.kind_name, hour.doctor_name))));
        line(&format!("DESCRIPTION:{}", escaped(&format!("Código {code}"))));
        line(&format!("LOCATION:{}", escaped(&format!("{}{address}", place.name))));
        line(&format!("STATUS:{status}"));
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    text
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Lines end with CR LF and have 75 bytes at most; what is longer goes on after a space, never inside a letter.
fn fold(text: &mut String, content: &str) {
    let mut room = 75;
    for letter in content.chars() {
        if letter.len_utf8() > room {
            text.push_str("\r\n ");
            room = 74;
        }
        text.push(letter);
        room -= letter.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_letters() {
        let mut text = String::new();
        fold(&mut text, &"ñ".repeat(100));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        assert_eq!(text.replace("\r\n ", "").trim_end(), "ñ".repeat(100));
    }

    #[test]
    fn what_separates_is_escaped() {
        assert_eq!(escaped("Calle 1, box 2; piso\n3"), "Calle 1\\, box 2\\; piso\\n3");
    }
}

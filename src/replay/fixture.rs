//! A fixture: a scripted conversation, written as one reads a chat, strict in what it expects.
//!
//! ```yaml
//! fixture: corrige la atención y luego la hora se ocupa   # what it is about
//! clock: 2026-11-25T09:00       # local time of the centre; moves only by `wait`
//! center: demo                  # tests/worlds/demo.yaml, or a whole world written here
//! patient: { phone: "+56911112222", run: "12.345.678-5", name: Luz Soto }   # who writes
//! booked:                       # hours that patients already have
//!   - { who: Luz Soto, what: Matrona, at: 2026-12-01T15:00, with: Ana Rojas }
//! talk:                         # one item a turn, numbered from 1
//!   - patient: quiero hora con la matrona
//!     bot: [{ ask: agendar.hora, options: ["jue 26 09:00", "…"] }]
//! end: { stage: agendar.hora, appointments: [], outbox: empty }
//! ```
//!
//! Who or what acts in an item, one of:
//! - `patient:` a text, a list of texts (one burst), or one of `{ text, times: N }` (repeated N times),
//!   `{ tap: 1 }`, `{ tap: Sí, confirmar }` or `{ tap: si }` (place, label or key of an option of the last message
//!   with options; `of_turn: N` names an older one; `twice: true` delivers it twice), `{ audio: true }`,
//!   `{ image: true }`, `{ video: true }`, `{ document: true }`, `{ location: true }`, `{ contact: true }`,
//!   `{ reaction: "👍" }`, `{ unsupported: true }`. `{ ago: 20s, text: … }` was written before it arrived.
//! - `staff: { ana: take_over }`, `{ ana: give_back, how: resume | restart | close }`, `{ ana: close }`,
//!   `{ ana: { say: text } }`, `{ ana: { edit: hora, to: jue 26 10:30 } }` (corrects an answer),
//!   `{ ana: { did: jue 26 12:00 Matrona } }` (books by hand what the flow was about)
//! - `other: takes mar 1 dic 15:30 Matrona`: another patient takes an hour; `gives back …` returns it
//! - `wait: 31m` (`s`, `m`, `h`, `d`): time passes and timers ring
//! - `start: reagendar`: a flow starts as from a reminder
//! - `deploy: { agendar.yaml: { "old text": "new text" } }`: the flows are changed in the middle of the talk. A file
//!   maps old texts to new ones, or is `gone`, or is a whole new text; `deploy: previous` goes back one version
//!
//! What must follow:
//! - `bot:` the messages and notices in order: `[]` nothing, `any` unchecked, else a list of
//!   `{ ask: flow.field, options: […], says: […], never: […] }`, `{ review: flow, says: […] }`,
//!   `{ says: […] }`, `{ repair: kind, … }`, `{ handoff: reason }` (staff is told). One entry is one message,
//!   and may name all of these at once. An option matches when its words occur in order in the label; a last
//!   option "…" stands for any more. `says` fragments must occur, whatever their case; `never` must not.
//! - `answers: { field: text | unset }` what the running flows hold now
//! - `calls: [port, …]` every write that cannot be undone must be named here; reads and holds may be
//! - `stage:` where the conversation stands
//!
//! `fault: { port: outcome }` makes the port answer so in this turn (once, with `once: true` on the item); one that is
//! not used fails the turn. `end: { never: [port] }` names what must have been done in no turn.

mod expected;
mod item;
mod reading;

use chrono::NaiveDateTime;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::DeserializeOwned};
use serde_saphyr::Spanned;

pub use expected::{Bot, Empty, End, Expected};
pub use item::{Deploy, FileEdit, GiveBack, Item, Sent, SentOther, Span, Staff, StaffDoes};

use super::world;

/// A scripted conversation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// What it is about.
    pub fixture: String,
    /// Local time of the centre at the start.
    pub clock: Spanned<Local>,
    /// The world it plays in.
    pub center: Spanned<Place>,
    /// Who writes.
    pub patient: Writer,
    /// Hours that patients already have.
    #[serde(default)]
    pub booked: Vec<Spanned<world::Booking>>,
    /// The turns.
    pub talk: Vec<Spanned<Item>>,
    /// How it must end.
    #[serde(default)]
    pub end: Option<Spanned<End>>,
}

/// A wall time, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local(pub NaiveDateTime);

impl<'de> Deserialize<'de> for Local {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M")
            .map(Self)
            .map_err(|_| D::Error::custom(format!("`{text}` is not a local time such as 2026-11-25T09:00")))
    }
}

/// A world by name, or written in the fixture.
#[derive(Debug)]
pub enum Place {
    /// `tests/worlds/NAME.yaml`.
    Named(String),
    /// The world itself.
    Inline(Box<world::World>),
}

/// The phone that writes, and for the reader, who holds it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    /// The number.
    pub phone: String,
    /// The RUN; must be the world's when the phone is registered.
    #[serde(default)]
    pub run: Option<String>,
    /// The name; must be one of those registered with the phone, when it is registered.
    #[serde(default)]
    pub name: Option<String>,
}

/// A mistake in a fixture or a world, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct BadFixture {
    /// The file.
    pub file: String,
    /// From 1.
    pub line: u64,
    /// From 1.
    pub column: u64,
    /// What is wrong, and how to mend it.
    pub message: String,
}

impl BadFixture {
    /// A mistake at a value.
    pub fn at<T>(file: &str, value: &Spanned<T>, message: impl Into<String>) -> Self {
        let place = &value.referenced;
        Self { file: file.to_owned(), line: place.line(), column: place.column(), message: message.into() }
    }
}

/// Reads a fixture.
///
/// # Errors
/// At the first thing that is not as the head of this module says.
pub fn parse(file: &str, source: &str) -> Result<Fixture, BadFixture> {
    let fixture: Fixture = read(file, source)?;
    for item in &fixture.talk {
        check(file, item)?;
    }
    Ok(fixture)
}

/// Reads YAML into closed structs; texts stay texts.
pub(super) fn read<T: DeserializeOwned>(file: &str, source: &str) -> Result<T, BadFixture> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(source, options).map_err(|error| {
        let place = error.location();
        let mut message = error.without_snippet().to_string();
        if let Some(end) = message.rfind(" at line ") {
            message.truncate(end); // the place stands in front already
        }
        if let Some(near) = nearest_key(&message) {
            message = format!("{message} (did you mean `{near}`?)");
        }
        let (line, column) = place.map_or((1, 1), |place| (place.line(), place.column()));
        BadFixture { file: file.to_owned(), line, column, message }
    })
}

/// The known key nearest to the unknown one that serde complains about.
fn nearest_key(message: &str) -> Option<String> {
    let unknown = message.strip_prefix("unknown ")?.split('`').nth(1)?;
    let known = message.split_once("expected ")?.1;
    let known = known.trim_start_matches("one of ").split([',', '`', ' ']).filter(|key| !key.is_empty());
    let near = known.min_by_key(|key| strsim::osa_distance(key, unknown))?;
    (strsim::osa_distance(near, unknown) <= 1 + unknown.chars().count() / 3).then(|| near.to_owned())
}

fn check(file: &str, item: &Spanned<Item>) -> Result<(), BadFixture> {
    let wrong = |message: &str| Err(BadFixture::at(file, item, message));
    let turn = &item.value;
    let acts = [
        turn.patient.is_some(),
        turn.staff.is_some(),
        turn.other.is_some(),
        turn.wait.is_some(),
        turn.start.is_some(),
        turn.deploy.is_some(),
    ];
    if acts.iter().filter(|acts| **acts).count() != 1 {
        return wrong(
            "an item needs exactly one of `patient`, `staff`, `other`, `wait`, `start` and `deploy`",
        );
    }
    if let Some(Bot::Says(list)) = turn.bot.as_ref().map(|bot| &bot.value) {
        for entry in list {
            if *entry == Expected::default() {
                return wrong(
                    "an entry of `bot` must expect something: ask, review, repair, says or handoff",
                );
            }
        }
    }
    if let Some(Sent::Other(other)) = &turn.patient {
        let kinds = [
            other.text.is_some(),
            other.tap.is_some(),
            other.media().is_some(),
            other.reaction.is_some(),
            other.unsupported,
        ];
        if kinds.iter().filter(|one| **one).count() != 1 {
            return wrong(
                "`patient: { … }` needs exactly one of text, tap, audio, image, video, document, location, contact, reaction and unsupported",
            );
        }
        if (other.of_turn.is_some() || other.twice) && other.tap.is_none() {
            return wrong("`of_turn` and `twice` belong to `tap`");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "fixture: x\nclock: 2026-11-25T09:00\ncenter: demo\npatient: { phone: \"+56911112222\" }\n";

    fn wrong(talk: &str) -> BadFixture {
        parse("x.yaml", &format!("{HEAD}talk:\n{talk}")).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_told_with_its_place_and_the_nearest_known_one() {
        let error = wrong("  - pacient: hola\n    bot: []\n");
        assert_eq!((error.line, error.column), (6, 5), "{error}");
        assert!(error.to_string().contains("did you mean `patient`"), "{error}");
    }

    #[test]
    fn a_no_is_a_text_and_a_number_is_what_the_patient_typed() {
        let fixture = parse("x.yaml", &format!("{HEAD}talk:\n  - patient: no\n  - patient: 2\n")).unwrap();
        let said: Vec<String> = fixture.talk.iter().map(|item| item.value.story()).collect();
        assert_eq!(said, ["the patient wrote: «no»", "the patient wrote: «2»"]);
    }

    #[test]
    fn an_item_in_which_two_act_is_refused() {
        assert!(wrong("  - patient: hola\n    wait: 3m\n").to_string().contains("exactly one of"));
    }
}

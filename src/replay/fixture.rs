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

mod reading;

use std::collections::BTreeMap;

use chrono::{NaiveDateTime, TimeDelta};
use indexmap::IndexMap;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::DeserializeOwned};
use serde_saphyr::Spanned;

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

/// One turn.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Item {
    /// What the patient sends.
    pub patient: Option<Sent>,
    /// What staff does, by name.
    pub staff: Option<Staff>,
    /// What another patient does.
    pub other: Option<String>,
    /// How long nothing happens.
    pub wait: Option<Span>,
    /// A flow that starts unasked.
    pub start: Option<String>,
    /// What the bot must answer.
    pub bot: Option<Spanned<Bot>>,
    /// What the flows must hold afterwards.
    pub answers: IndexMap<String, String>,
    /// Ports that answer something else in this turn.
    pub fault: BTreeMap<String, String>,
    /// Whether a fault strikes only once in the turn.
    pub once: bool,
    /// Ports that must have been called; commits may only be called when named.
    pub calls: Option<Vec<String>>,
    /// Where the conversation must stand.
    pub stage: Option<String>,
}

/// What a patient sends.
#[derive(Debug, Clone)]
pub enum Sent {
    /// Texts of one burst.
    Texts(Vec<String>),
    /// Something else.
    Other(Box<SentOther>),
}

/// What a patient sends besides plain words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SentOther {
    /// Words, with `times` or `ago`.
    pub text: Option<String>,
    /// How often the words are repeated in the one message.
    pub times: Option<usize>,
    /// How long before its arrival it was written.
    pub ago: Option<Span>,
    /// Place, label or key of an option.
    pub tap: Option<String>,
    /// The turn whose message it stands in.
    pub of_turn: Option<usize>,
    /// Delivered twice.
    pub twice: bool,
    /// A voice note.
    pub audio: bool,
    /// A picture.
    pub image: bool,
    /// A film.
    pub video: bool,
    /// A file.
    pub document: bool,
    /// A place.
    pub location: bool,
    /// An address-book entry.
    pub contact: bool,
    /// An emoji on a message.
    pub reaction: Option<String>,
    /// Something WhatsApp could not deliver.
    pub unsupported: bool,
}

/// Someone of the staff and what they do.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Who.
    pub name: String,
    /// What.
    pub does: StaffDoes,
    /// How they give back.
    pub how: GiveBack,
}

/// What staff does.
#[derive(Debug, Clone)]
pub enum StaffDoes {
    /// The bot falls silent.
    TakeOver,
    /// The bot speaks again.
    GiveBack,
    /// The conversation ends.
    Close,
    /// A message of staff's own.
    Say(String),
    /// An answer is corrected.
    Edit {
        /// The field; `flow.field` when several flows have it.
        field: String,
        /// Words of the row it becomes.
        to: String,
    },
    /// The first free hour with these words is booked by hand, for the patient the flow is about.
    Did(String),
}

/// How staff gives a conversation back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveBack {
    /// The pending question again.
    #[default]
    Resume,
    /// The running flow anew.
    Restart,
    /// The end.
    Close,
}

/// What the bot must say.
#[derive(Debug, Clone)]
pub enum Bot {
    /// Not checked.
    Any,
    /// These messages and notices, in order, and no other.
    Says(Vec<Expected>),
}

/// One message or notice that is expected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The question it asks.
    pub ask: Option<String>,
    /// The flow whose summary it reads out.
    pub review: Option<String>,
    /// The repair that speaks in it.
    pub repair: Option<String>,
    /// The options it shows.
    pub options: Option<Vec<String>>,
    /// What its text must hold.
    #[serde(deserialize_with = "reading::one_or_more")]
    pub says: Vec<String>,
    /// What its text must not hold.
    #[serde(deserialize_with = "reading::one_or_more")]
    pub never: Vec<String>,
    /// Why staff is called.
    pub handoff: Option<String>,
}

/// How a conversation must end.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct End {
    /// Where it stands.
    pub stage: Option<String>,
    /// The hours ahead of the people this phone speaks for, each by words that occur in
    /// `mar 1 dic 15:30 Matrona Ana Rojas Luz Soto`.
    pub appointments: Option<Vec<String>>,
    /// Nothing waits to be said.
    pub outbox: Option<Empty>,
    /// Ports that did their work in no turn.
    pub never: Vec<String>,
}

/// The word `empty`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// Nothing.
    Empty,
}

/// A length of time: `90s`, `31m`, `2h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub TimeDelta);

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time such as 31m (s, m, h, d)");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let number: u32 = text[..text.len() - unit.len_utf8()].trim().parse().map_err(|_| wrong())?;
        let number = i64::from(number);
        Ok(Self(match unit {
            's' => TimeDelta::seconds(number),
            'm' => TimeDelta::minutes(number),
            'h' => TimeDelta::hours(number),
            'd' => TimeDelta::days(number),
            _ => return Err(wrong()),
        }))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
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
    ];
    if acts.iter().filter(|acts| **acts).count() != 1 {
        return wrong("an item needs exactly one of `patient`, `staff`, `other`, `wait` and `start`");
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

impl SentOther {
    /// What kind of thing was sent instead of words.
    pub fn media(&self) -> Option<crate::value::MediaKind> {
        use crate::value::MediaKind;
        [
            (self.audio, MediaKind::Audio),
            (self.image, MediaKind::Image),
            (self.video, MediaKind::Video),
            (self.document, MediaKind::Document),
            (self.location, MediaKind::Location),
            (self.contact, MediaKind::Contact),
        ]
        .into_iter()
        .find_map(|(is, kind)| is.then_some(kind))
    }
}

impl Item {
    /// What happened, as a person would tell it.
    pub fn story(&self) -> String {
        if let Some(sent) = &self.patient {
            return match sent {
                Sent::Texts(texts) => format!("the patient wrote: {}", quoted(texts)),
                Sent::Other(other) => other.story(),
            };
        }
        if let Some(Staff { name, does, how }) = &self.staff {
            return match does {
                StaffDoes::TakeOver => format!("{name} of the staff took over"),
                StaffDoes::GiveBack => match how {
                    GiveBack::Resume => format!("{name} of the staff gave back"),
                    GiveBack::Restart => format!("{name} of the staff gave back from the start"),
                    GiveBack::Close => format!("{name} of the staff gave back and closed"),
                },
                StaffDoes::Close => format!("{name} of the staff closed the conversation"),
                StaffDoes::Say(text) => format!("{name} of the staff wrote: «{text}»"),
                StaffDoes::Edit { field, to } => format!("{name} of the staff set {field} to «{to}»"),
                StaffDoes::Did(words) => format!("{name} of the staff booked «{words}» by hand"),
            };
        }
        if let Some(other) = &self.other {
            return format!("another patient {other}");
        }
        if let Some(flow) = &self.start {
            return format!("the flow {flow} was started");
        }
        let minutes = self.wait.map_or(0, |wait| wait.0.num_seconds());
        format!("{minutes} s passed")
    }
}

impl SentOther {
    fn story(&self) -> String {
        if let Some(text) = &self.text {
            let short: String = text.chars().take(60).collect();
            return match self.times {
                Some(times) => format!("the patient wrote «{short}» {times} times in one message"),
                None => format!("the patient wrote: «{short}»"),
            };
        }
        if let Some(tap) = &self.tap {
            let of = self.of_turn.map(|turn| format!(" of turn {turn}")).unwrap_or_default();
            let twice = if self.twice { ", twice" } else { "" };
            return format!("the patient tapped «{tap}»{of}{twice}");
        }
        if let Some(emoji) = &self.reaction {
            return format!("the patient reacted with {emoji}");
        }
        self.media().map_or_else(
            || "the patient sent something unreadable".to_owned(),
            |kind| format!("the patient sent: {kind:?}"),
        )
    }
}

fn quoted(texts: &[String]) -> String {
    let short = |text: &String| {
        let cut: String = text.chars().take(120).collect();
        format!("«{cut}»")
    };
    texts.iter().map(short).collect::<Vec<_>>().join(" ")
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

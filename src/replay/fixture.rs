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
//!   `{ reaction: "👍" }`, `{ unsupported: true }`. `{ ago: 20s, text: … }` was written before it arrived;
//!   `{ late: 3, text: … }` was written a moment before turn 3 and arrives only now, after what came later;
//!   `{ out_of_order: [uno, dos] }` is a burst in the order of writing that arrives the other way round
//! - `cases:` a table of phrasings: `[sí, dale, [ya, po], { tap: si }]`, each played from the state before the turn and
//!   held to the same answer; the talk goes on after the first
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
//! - `incident:` words of what operators are told; one that is not listed fails the turn
//!
//! `use: saluda.yaml`, or `use: { fixture: saluda.yaml, to: 3 }`, instead of clock, center, patient and booked: the talk
//! goes on where that one ended, or after its turn 3; its turns come first and count.
//!
//! `$code` in a `says` catches the word that stands there; afterwards it is that word in what the patient, staff and the
//! bot say. `cases:` at the top is a table, `[{ pide: matrona, con: Ana Rojas }, …]`: the whole talk is played for each
//! row, with `$pide` and `$con` for its columns. `$$` is a dollar sign.
//!
//! `fault: { port: outcome }` makes the port answer so in this turn (once, with `once: true` on the item); one that is
//! not used fails the turn. `end: { never: [port] }` names what must have been done in no turn.
//!
//! What a fixture writes down must be used: an hour in `booked:` and, in a world that is written in the fixture, a
//! patient, a type, a professional and a day off with which nothing of the talk has to do fail it (without a
//! database: the agenda there knows). A patient is used when the phone that writes is theirs, when `booked:` names
//! them, or when someone who says who they are gives their date of birth or the end of their RUN; what uses the others
//! stands at the head of `agenda/unmet.rs`. A named world serves many fixtures, and may hold more.

mod beginning;
mod check;
mod expected;
mod item;
pub mod named;
mod names;
mod reading;

use chrono::NaiveDateTime;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, de::DeserializeOwned};
use serde_saphyr::Spanned;

pub use beginning::{Find, Take, Wanted, parse, parse_with};
pub use expected::{Bot, Empty, End, Expected};
pub use item::{Deploy, FileEdit, GiveBack, Item, Sent, SentOther, Span, Staff, StaffDoes};
pub use names::{Names, occurs};

use super::world;

/// A scripted conversation.
#[derive(Debug)]
pub struct Fixture {
    /// What it is about.
    pub fixture: String,
    /// The file in which clock, world and writer stand: its own, or that of its beginning.
    pub head: String,
    /// Local time of the centre at the start.
    pub clock: Local,
    /// The world it plays in.
    pub center: Spanned<Place>,
    /// Who writes.
    pub patient: Writer,
    /// Hours that patients already have.
    pub booked: Vec<Spanned<world::Booking>>,
    /// How many hours its world has taken already, before those.
    pub before: usize,
    /// A table for which the whole talk is played, row by row: what the names stand for.
    pub cases: Vec<Names>,
    /// The turns, those of its beginning first.
    pub talk: Vec<Spanned<Item>>,
    /// How it must end.
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

    #[test]
    fn a_case_that_says_nothing_new_and_a_table_of_one_are_refused() {
        let one = wrong("  - patient: hola\n  - cases: [sí]\n");
        assert_eq!((one.line, one.column), (7, 5), "{one}");
        assert!(one.to_string().contains("two or more"), "{one}");
        assert!(wrong("  - cases: [sí, dale, sí]\n").to_string().contains("case 3 stands twice"));
        let table = |rows: &str, talk: &str| {
            parse("x.yaml", &format!("{HEAD}cases: {rows}\ntalk:\n{talk}")).unwrap_err()
        };
        let error = table("[{ a: x }, { b: y }]", "  - patient: $a\n");
        assert!(error.to_string().starts_with("x.yaml:5:") && error.message.contains("row 2"), "{error}");
        assert!(table("[{ a: x }, { a: y }]", "  - patient: hola\n").message.contains("`$a`"));
        assert!(table("[{ a: x }]", "  - patient: $a\n").message.contains("two rows or more"));
    }

    #[test]
    fn a_name_must_be_caught_before_it_is_used_and_used_once_it_is_caught() {
        let early = wrong("  - patient: anula la $code\n    bot: [{ says: [\"Código $code\"] }]\n");
        assert_eq!((early.line, early.column), (6, 5), "{early}");
        assert!(early.message.contains("stands for nothing yet"), "{early}");
        let idle = wrong("  - patient: hola\n    bot: [{ says: [\"Código $code\"] }]\n");
        assert!(idle.message.contains("used nowhere"), "{idle}");
        let good =
            "  - patient: hola\n    bot: [{ says: [\"Código $code\"] }]\n  - patient: anula la $code\n";
        assert!(parse("x.yaml", &format!("{HEAD}talk:\n{good}")).is_ok());
    }

    #[test]
    fn what_is_late_or_out_of_order_must_be_possible() {
        assert!(wrong("  - patient: { text: sí, late: 1 }\n").message.contains("earlier turn"));
        assert!(
            wrong("  - patient: hola\n  - patient: { tap: 1, late: 1 }\n")
                .message
                .contains("belong to `text`")
        );
        assert!(wrong("  - patient: { out_of_order: [hola] }\n").message.contains("two texts or more"));
        assert!(wrong("  - patient: { tap: 1, of_turn: 1 }\n").message.contains("earlier turn"));
    }

    #[test]
    fn a_beginning_lends_its_head_and_its_turns() {
        let lender = format!("{HEAD}talk:\n  - cases: [hola, buenas]\n  - patient: dos\n  - patient: tres\n");
        let find = |wanted: Wanted<'_>| match wanted {
            Wanted::Fixture { path: "lender.yaml", .. } => Ok(("dir/lender.yaml".to_owned(), lender.clone())),
            Wanted::Fixture { path: "circle.yaml", .. } => {
                Ok(("circle.yaml".to_owned(), "fixture: c\nuse: circle.yaml\ntalk: []\n".to_owned()))
            }
            other => Err(format!("no {other:?}")),
        };
        let parse = |source: &str| parse_with("x.yaml", source, &find);
        let fixture = parse(
            "fixture: x\nuse: { fixture: lender.yaml, to: 2 }\ntalk:\n  - patient: { text: ya, late: 1 }\n",
        );
        let fixture = fixture.unwrap();
        let told: Vec<String> = fixture.talk.iter().map(|item| item.value.story()).collect();
        assert_eq!(
            told,
            [
                "the patient wrote: «hola»",
                "the patient wrote: «dos»",
                "what the patient wrote in turn 1 arrived: «ya»"
            ]
        );
        assert_eq!(fixture.talk[0].value.file.as_deref(), Some("dir/lender.yaml"));
        let wrong = |source: &str| parse(source).unwrap_err().to_string();
        let both = wrong("fixture: x\nuse: lender.yaml\nclock: 2026-11-25T09:00\ntalk: []\n");
        assert!(both.starts_with("x.yaml:2:6: `clock` comes from"), "{both}");
        let far = wrong("fixture: x\nuse: { fixture: lender.yaml, to: 4 }\ntalk: []\n");
        assert!(far.contains("has no turn 4, only 3"), "{far}");
        let circle = wrong("fixture: x\nuse: circle.yaml\ntalk: []\n");
        assert!(circle.contains("in a circle"), "{circle}");
        assert!(wrong("fixture: x\ntalk: []\n").contains("`clock` is missing"));
    }
}

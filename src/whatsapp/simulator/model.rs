//! What is on the patients' screens, and when each wrote last.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

/// One bubble of a chat.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bubble {
    /// WhatsApp's id.
    pub id: String,
    /// Whether the patient said it; else the centre did.
    pub from_patient: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// The words.
    pub text: String,
    /// How it looks.
    pub shape: Shape,
    /// What can be tapped, in order.
    pub options: Vec<Shown>,
    /// The label that opens the list.
    pub list_label: Option<String>,
    /// How far a patient's message has come.
    pub tick: Tick,
    /// The option that a patient's tap chose.
    pub tapped: Option<String>,
    /// The bubble that this one answers.
    pub quotes: Option<String>,
}

/// Something that can be tapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// What comes back when it is tapped.
    pub id: String,
    /// What it says.
    pub title: String,
    /// The second line of a list row.
    pub detail: Option<String>,
}

/// How a bubble looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Words.
    Text,
    /// Words with buttons below.
    Buttons,
    /// Words with a list to open.
    List,
    /// A voice note, a picture, a place.
    Media,
    /// A template.
    Template,
}

/// How far a patient's message has come: the ticks beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tick {
    /// On its way to the centre: a clock.
    Waiting,
    /// With the centre: two grey ticks.
    Delivered,
    /// Read by the centre: two blue ticks.
    Read,
    /// It did not get there.
    Failed,
}

/// Something that a page showing this phone must show.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub phone: String,
    pub kind: ChangeKind,
}

#[derive(Debug, Clone)]
pub(super) enum ChangeKind {
    /// New, or changed if there was one with this id.
    Bubble(Box<Bubble>),
    Typing(bool),
}

pub(super) struct Model {
    phones: HashMap<String, Screen>,
    /// By our number and the patient: when the patient wrote last.
    windows: HashMap<(String, String), DateTime<Utc>>,
    keep: usize,
}

#[derive(Default)]
struct Screen {
    bubbles: VecDeque<Bubble>,
    unread: VecDeque<Bubble>,
    typing: bool,
}

impl Model {
    pub(super) fn new(keep: usize) -> Self {
        Self { phones: HashMap::new(), windows: HashMap::new(), keep }
    }

    pub(super) fn add(&mut self, phone: &str, bubble: Bubble) {
        let keep = self.keep;
        let screen = self.phones.entry(phone.to_owned()).or_default();
        if !bubble.from_patient {
            screen.typing = false;
            if screen.unread.len() == keep {
                screen.unread.pop_front();
            }
            screen.unread.push_back(bubble.clone());
        }
        if screen.bubbles.len() == keep {
            screen.bubbles.pop_front();
        }
        screen.bubbles.push_back(bubble);
    }

    pub(super) fn read_next(&mut self, phone: &str) -> Option<Bubble> {
        self.phones.get_mut(phone)?.unread.pop_front()
    }

    pub(super) fn bubbles(&self, phone: &str) -> Vec<Bubble> {
        self.phones.get(phone).map(|screen| screen.bubbles.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn typing(&self, phone: &str) -> bool {
        self.phones.get(phone).is_some_and(|screen| screen.typing)
    }

    pub(super) fn unread(&self) -> impl Iterator<Item = (String, usize)> {
        self.phones.iter().map(|(phone, screen)| (phone.clone(), screen.unread.len()))
    }

    /// The newest bubble of the centre's that offers this option (in `of`, if that is given).
    pub(super) fn offer(&self, phone: &str, option: &str, of: Option<&str>) -> Option<(&Bubble, &Shown)> {
        let mut bubbles = self.phones.get(phone)?.bubbles.iter().rev();
        bubbles.find_map(|bubble| {
            let asked = !bubble.from_patient && of.is_none_or(|of| of == bubble.id);
            let shown = bubble.options.iter().find(|shown| asked && shown.id == option)?;
            Some((bubble, shown))
        })
    }

    pub(super) fn set_tick(&mut self, phone: &str, id: &str, tick: Tick) -> Option<Bubble> {
        let screen = self.phones.get_mut(phone)?;
        let bubble = screen.bubbles.iter_mut().rev().find(|bubble| bubble.id == id)?;
        let further = tick > bubble.tick && bubble.from_patient;
        further.then(|| {
            bubble.tick = tick;
            bubble.clone()
        })
    }

    /// "Read" reaches the message and all before it; the changed bubbles and whether typing is shown from now on (not
    /// when the answer is there already), or `None` when there is no such message.
    pub(super) fn mark_read(&mut self, phone: &str, id: &str, typing: bool) -> Option<(Vec<Bubble>, bool)> {
        let screen = self.phones.get_mut(phone)?;
        let until = screen.bubbles.iter().rposition(|bubble| bubble.id == id && bubble.from_patient)?;
        let read = screen
            .bubbles
            .iter_mut()
            .take(until + 1)
            .filter(|bubble| bubble.from_patient && bubble.tick != Tick::Read);
        let changed = read.map(|bubble| {
            bubble.tick = Tick::Read;
            bubble.clone()
        });
        let changed = changed.collect();
        let typing = typing && screen.bubbles.iter().skip(until + 1).all(|later| later.from_patient);
        screen.typing |= typing;
        Some((changed, typing))
    }

    pub(super) fn open_window(&mut self, number: &str, phone: &str, at: DateTime<Utc>) {
        self.windows.insert((number.to_owned(), phone.to_owned()), at);
    }

    pub(super) fn window_is_open(&self, number: &str, phone: &str, now: DateTime<Utc>) -> bool {
        let last = self.windows.get(&(number.to_owned(), phone.to_owned()));
        last.is_some_and(|last| now - *last < TimeDelta::hours(24))
    }
}

impl Bubble {
    /// What a checked body shows to the patient.
    pub(super) fn of_body(id: String, at: DateTime<Utc>, body: &Value) -> Self {
        let kind = body["type"].as_str().unwrap_or_default();
        let content = &body[kind];
        let action = &content["action"];
        let shown = |option: &Value| Shown {
            id: option["id"].as_str().unwrap_or_default().to_owned(),
            title: option["title"].as_str().unwrap_or_default().to_owned(),
            detail: option["description"].as_str().map(str::to_owned),
        };
        let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
        let (shape, options) = match (kind, content["type"].as_str()) {
            ("interactive", Some("button")) => {
                (Shape::Buttons, each(&action["buttons"]).iter().map(|b| shown(&b["reply"])).collect())
            }
            ("interactive", Some("list")) => {
                let rows = each(&action["sections"]).into_iter().flat_map(|section| each(&section["rows"]));
                (Shape::List, rows.map(|row| shown(&row)).collect())
            }
            ("interactive" | "text", _) => (Shape::Text, Vec::new()),
            ("template", _) => (Shape::Template, Vec::new()),
            _ => (Shape::Media, Vec::new()),
        };
        let words = [&content["body"]["text"], &content["body"], &content["caption"], &content["name"]];
        Self {
            id,
            from_patient: false,
            at,
            text: words.iter().find_map(|words| words.as_str()).unwrap_or_default().to_owned(),
            shape,
            options,
            list_label: action["button"].as_str().map(str::to_owned),
            tick: Tick::Read,
            tapped: None,
            quotes: body["context"]["message_id"].as_str().map(str::to_owned),
        }
    }
}

impl fmt::Display for Bubble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            if self.from_patient { "patient:" } else { "centre: " },
            self.text.replace('\n', "\n          ")
        )?;
        for option in &self.options {
            write!(f, "\n          [{}]", option.title)?;
            if let Some(detail) = &option.detail {
                write!(f, " {detail}")?;
            }
        }
        Ok(())
    }
}

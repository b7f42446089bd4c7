//! One message, as far as the ladder needs to know what was meant.
//!
//! The understanding reads the words; this adds what only makes sense beside a question: which row of any list
//! the words name, whether they are a bare yes, no or number, and "otro día", "más horas".

use chrono::NaiveDate;

use super::need::Event;
use super::state::{Asked, Choice};
use crate::flow::Flow;
use crate::value::{RutTail, Window};

/// Yes or no, negation heard first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assent {
    Yes,
    /// "ya", "bueno": enough to book, not to cancel.
    WeakYes,
    No,
}

/// Danger to life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Safety {
    Emergency,
    SelfHarm,
}

/// Words that mean the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Menu,
    Back,
    Change(Option<String>),
    Cancel,
    Repeat,
    Person,
    Help,
    StartAnew,
    Skip,
}

impl Command {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::Back => "back",
            Self::Change(_) => "change",
            Self::Cancel => "cancel",
            Self::Repeat => "repeat",
            Self::Person => "person",
            Self::Help => "help",
            Self::StartAnew => "start anew",
            Self::Skip => "skip",
        }
    }
}

/// Other hours than those on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relative {
    More,
    OtherDay,
    Earlier,
    Later,
    Sooner,
}

#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) normal: String,
    pub(super) words: Vec<String>,
    pub(super) safety: Option<Safety>,
    pub(super) assent: Option<Assent>,
    /// The option on the screen that was meant, by number, ordinal, hour or words.
    pub(super) choice: Option<usize>,
    pub(super) window: Option<Window>,
    /// The window names a time of the clock, not just a part of the day.
    pub(super) clock: bool,
    pub(super) indifferent: bool,
    pub(super) relative: Option<Relative>,
    pub(super) command: Option<Command>,
    pub(super) intent: Option<String>,
    pub(super) rut: Option<RutTail>,
    pub(super) birth: Option<NaiveDate>,
    pub(super) number: Option<i64>,
}

impl Message {
    pub(super) fn read(
        text: &str,
        options: &[Choice],
        _pending: Option<(&Flow, &Asked)>,
        event: &Event,
    ) -> Self {
        let normal = Self::normal_form(text);
        let words = normal.split_whitespace().map(str::to_owned).collect();
        let mut message = Self {
            text: text.to_owned(),
            normal,
            words,
            safety: None,
            assent: None,
            choice: None,
            window: None,
            clock: false,
            indifferent: false,
            relative: None,
            command: None,
            intent: None,
            rut: None,
            birth: None,
            number: None,
        };
        super::interim::read(&mut message, options, event);
        message
    }

    pub(super) fn normal_form(text: &str) -> String {
        super::interim::normal_form(text)
    }

    /// "Da lo mismo", "cualquiera".
    pub(super) fn is_indifferent(&self) -> bool {
        self.indifferent
    }

    /// A command that must work at every question.
    pub(super) fn is_universal(&self) -> bool {
        use Command::{Back, Help, Menu, Person, Repeat};
        matches!(self.command, Some(Menu | Back | Repeat | Person | Help))
    }

    /// Nothing but a yes, a no or a number: means something only beside the question it answers.
    pub(super) fn is_bare(&self) -> bool {
        let few = self.words.len() <= 3;
        few && self.window.is_none()
            && self.command.is_none()
            && (self.assent.is_some() || self.number.is_some() || self.choice.is_some())
    }

    /// The one row of these that the words name, by its label or other words for it; the longest name wins.
    pub(super) fn mentioned(&self, choices: &[Choice]) -> Option<usize> {
        let mut best: Option<(usize, usize)> = None;
        let mut tied = false;
        for (place, choice) in choices.iter().enumerate() {
            let names = std::iter::once(&choice.title).chain(&choice.words);
            let score = names.filter_map(|name| self.names(name)).max().unwrap_or(0);
            match best {
                _ if score == 0 => {}
                Some((most, _)) if score < most => {}
                Some((most, _)) if score == most => tied = true,
                _ => (best, tied) = (Some((score, place)), false),
            }
        }
        best.filter(|_| !tied).map(|(_, place)| place)
    }

    /// How many words of a name stand in the message, one after the other; all of them must.
    fn names(&self, name: &str) -> Option<usize> {
        let name = Self::normal_form(name);
        let name: Vec<&str> = name.split_whitespace().collect();
        if name.is_empty() || name.len() > self.words.len() {
            return None;
        }
        let found = self
            .words
            .windows(name.len())
            .any(|window| window.iter().zip(&name).all(|(said, word)| is_word(said, word)));
        found.then_some(name.len())
    }
}

/// Whether a word was meant, one slip of the finger allowed in a long one.
fn is_word(said: &str, word: &str) -> bool {
    said == word
        || (word.chars().count() >= 6 && said.chars().count() >= 5 && strsim::osa_distance(said, word) <= 1)
}

//! Words that steer the conversation, when they are nearly the whole message.

use serde::Serialize;

use super::glue::W;
use super::groups::Groups;
use super::normal::{Kind, Read};
use super::rules::{Match, Words, mark};

/// A word that steers the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// "menú"
    Menu,
    /// "atrás"
    Back,
    /// "cambiar", "cambiar la hora"
    Change(Option<String>),
    /// "cancelar"
    Cancel,
    /// "repetir"
    Repeat,
    /// "persona"
    Person,
    /// "ayuda"
    Help,
    /// "empezar de nuevo"
    Restart,
    /// "saltar"
    Skip,
}

impl Command {
    /// What it does, in a word of code.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::Back => "back",
            Self::Change(_) => "change",
            Self::Cancel => "cancel",
            Self::Repeat => "repeat",
            Self::Person => "person",
            Self::Help => "help",
            Self::Restart => "restart",
            Self::Skip => "skip",
        }
    }
}

/// Words in a command at most.
const LONGEST: usize = 8;

/// The command that a message is.
pub(super) fn of(read: &Read<'_>, words: &Words, matches: &[Match], denied: u64) -> Option<Command> {
    if words.tokens.len() > LONGEST {
        return None;
    }
    let groups = Groups::get();
    matches.iter().find_map(|found| {
        let name = groups.commands[usize::from(found.group)]?;
        if !found.denies && found.words & denied != 0 {
            return None;
        }
        Some(match name {
            "menu" => Command::Menu,
            "back" => Command::Back,
            "cancel" => Command::Cancel,
            "repeat" => Command::Repeat,
            "person" => Command::Person,
            "help" => Command::Help,
            "restart" => Command::Restart,
            "skip" => Command::Skip,
            _ => return change(read, words, found),
        })
    })
}

/// What is to be changed. One's own appointment, or one to a new day, is moved by a flow instead.
fn change(read: &Read<'_>, words: &Words, found: &Match) -> Option<Command> {
    let from = words.position(found.span.1);
    let mut what = String::new();
    for at in from..words.tokens.len() {
        let token = words.tokens[at];
        let word = read.word(token);
        match read.w(token) {
            W::El | W::La | W::Las | W::Los | W::De | W::Del | W::Un | W::Lo => continue,
            W::Por if words.tokens.get(at + 1).is_some_and(|next| read.word(*next) == "favor") => break,
            _ => {}
        }
        if matches!(word, "mi" | "cita" | "reserva" | "turno" | "control")
            || words.marks[at] & mark::WHEN != 0
        {
            return None;
        }
        if word == "algo" || read.tokens[token].kind == Kind::Emoji {
            continue;
        }
        if !what.is_empty() {
            what.push(' ');
        }
        what.push_str(word);
    }
    let bare_hour = what == "hora" && from < words.tokens.len() && read.word(words.tokens[from]) == "hora";
    (!bare_hour && what.split(' ').count() <= 3).then(|| Command::Change((!what.is_empty()).then_some(what)))
}

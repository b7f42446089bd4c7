//! From what the understanding read to what the ladder asks of a message.

use super::message::{Assent, Command, Message, Relative, Safety};
use super::need::Event;
use super::state::{Asked, AskedKind, Choice};
use crate::understanding::{self, Context, Intent, Offered, understand};

/// A text without accents, capitals and signs, for comparing words.
pub(super) fn normal_form(text: &str) -> String {
    understanding::normal(text)
}

/// Fills in what the words say, beside what is on the screen.
pub(super) fn read(message: &mut Message, options: &[Choice], pending: Option<&Asked>, event: &Event) {
    let offered: Vec<Offered<'_>> = options
        .iter()
        .map(|choice| Offered {
            label: &choice.title,
            detail: choice.detail.as_deref(),
            starts: choice.starts,
            words: &choice.words,
        })
        .collect();
    let asked = match pending {
        Some(asked) if asked.kind == AskedKind::Review => understanding::Asked::YesNo,
        Some(_) if !options.is_empty() => understanding::Asked::Option,
        Some(_) => understanding::Asked::Text,
        None => understanding::Asked::Nothing,
    };
    let context = Context { now: event.local, asked, options: &offered, specialties: &[], roster: &[] };
    let read = understand(&message.text, &context);
    message.safety = read.safety.map(|safety| match safety {
        understanding::Safety::Emergency => Safety::Emergency,
        understanding::Safety::SelfHarm => Safety::SelfHarm,
    });
    message.assent = read.assent.map(|assent| match assent {
        understanding::Assent::Yes => Assent::Yes,
        understanding::Assent::WeakYes => Assent::WeakYes,
        understanding::Assent::No => Assent::No,
    });
    message.choice = match read.choice {
        understanding::Choice::One(at) => Some(at),
        understanding::Choice::None | understanding::Choice::Several(_) | understanding::Choice::Neither => {
            None
        }
    };
    message.clock =
        read.window.as_ref().is_some_and(|window| window.times.iter().any(|time| time.end == time.start + 1));
    message.window = read.window;
    message.indifferent = read.any;
    message.relative = relative(&message.normal);
    message.command = read.command.map(|command| match command {
        understanding::Command::Menu => Command::Menu,
        understanding::Command::Back => Command::Back,
        understanding::Command::Change(what) => Command::Change(what),
        understanding::Command::Cancel => Command::Cancel,
        understanding::Command::Repeat => Command::Repeat,
        understanding::Command::Person => Command::Person,
        understanding::Command::Help => Command::Help,
        understanding::Command::Restart => Command::StartAnew,
        understanding::Command::Skip => Command::Skip,
    });
    message.intent = (read.intent != Intent::Otro).then(|| read.intent.as_str().to_owned());
    message.rut = read.rut_tail;
    message.birth = read.birth_date;
    message.number = read.number.filter(|_| message.words.len() <= 3);
}

/// Other hours than those on the screen.
fn relative(normal: &str) -> Option<Relative> {
    let has = |phrases: &[&str]| {
        let line = format!(" {normal} ");
        phrases.iter().any(|phrase| line.contains(&format!(" {phrase} ")))
    };
    if has(&[
        "mas horas",
        "otras horas",
        "ver mas",
        "hay mas",
        "tienes mas",
        "tiene mas",
        "mas opciones",
        "otras opciones",
    ]) || normal == "mas"
    {
        Some(Relative::More)
    } else if has(&["otro dia", "otra fecha", "otros dias"]) {
        Some(Relative::OtherDay)
    } else if has(&["mas temprano", "mas tempranito"]) {
        Some(Relative::Earlier)
    } else if has(&["mas tarde", "mas tardecito"]) {
        Some(Relative::Later)
    } else if has(&["mas pronto", "lo antes", "cuanto antes", "un dia antes"]) || normal == "antes" {
        Some(Relative::Sooner)
    } else {
        None
    }
}

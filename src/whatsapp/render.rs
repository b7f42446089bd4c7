//! Turns what the conversation says into what WhatsApp can show: text, buttons, a list, or numbered text.
//!
//! | options | becomes |
//! |---|---|
//! | none | a text |
//! | up to 3, short labels, no second lines | buttons |
//! | up to 10 | a list; a label of more than 24 units goes on in the second line |
//! | anything else | a text with numbered lines, which can be answered by number |
//!
//! Words are never lost in silence: a body too long for buttons goes out in two parts, the options with the last one;
//! what is longer than WhatsApp carries at all is cut with "…" and [`Rendered::cut`] says so.

use super::limits::{
    Button, ButtonTitle, Buttons, Content, InteractiveBody, ListLabel, OptionId, Row, RowDescription,
    RowTitle, Rows, TextBody, head, is_visible, units,
};
use crate::value::{Outgoing, OutgoingOption};

const DEFAULT_LABEL: &str = "Ver opciones";
const DEFAULT_BODY: &str = "Elige una opción:";

/// One message in the parts in which it goes out: one almost always, two when a long text comes with options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// In sending order; never empty.
    pub parts: Vec<Content>,
    /// Whether something had to be left out.
    pub cut: bool,
}

/// The message within WhatsApp's limits; `None` when there is nothing to see in it.
pub fn render(outgoing: &Outgoing) -> Option<Rendered> {
    let text = tidy(&outgoing.text);
    if outgoing.options.is_empty() {
        let (body, cut) = TextBody::cut(&text)?;
        return Some(Rendered { parts: vec![Content::Text(body)], cut });
    }
    let options: Vec<OutgoingOption> = outgoing.options.iter().map(tidy_option).collect();
    let with_buttons = |body| Some(Content::Buttons { body, buttons: buttons(&options)? });
    let label = outgoing.list_button.as_deref().map(tidy).unwrap_or_default();
    let label = ListLabel::cut(&label).or_else(|| ListLabel::cut(DEFAULT_LABEL));
    let (listed, rows_cut) = rows(&options).map_or((None, false), |(rows, cut)| (Some(rows), cut));
    let with_list = |body| Some(Content::List { body, label: label.clone()?.0, rows: listed.clone()? });

    let (before, last) = split(&text);
    let body = InteractiveBody::fits(&last)?;
    let (interactive, options_cut) = match with_buttons(body.clone()) {
        Some(content) => (content, false),
        None => match with_list(body) {
            Some(content) => (content, rows_cut),
            None => return numbered(&text, &options),
        },
    };
    let mut parts = Vec::new();
    let mut cut = options_cut;
    if let Some((before, before_cut)) = TextBody::cut(&before) {
        parts.push(Content::Text(before));
        cut |= before_cut;
    }
    parts.push(interactive);
    Some(Rendered { parts, cut })
}

fn buttons(options: &[OutgoingOption]) -> Option<Buttons> {
    if options.iter().any(|option| option.detail.is_some()) {
        return None; // buttons have no second line
    }
    let button = |option: &OutgoingOption| {
        Some(Button { id: OptionId::new(&option.id)?, title: ButtonTitle::fits(&option.title)? })
    };
    Buttons::new(options.iter().map(button).collect::<Option<_>>()?)
}

fn rows(options: &[OutgoingOption]) -> Option<(Rows, bool)> {
    let mut any_cut = false;
    let mut rows = Vec::new();
    for option in options {
        let id = OptionId::new(&option.id)?;
        let detail = option.detail.as_deref();
        let (title, rest) = match RowTitle::fits(&option.title) {
            Some(title) => (title, detail.map(str::to_owned)),
            None => {
                let (first, rest) = first_line(&option.title, 23);
                let rest = detail.map_or_else(|| format!("…{rest}"), |detail| format!("…{rest} · {detail}"));
                (RowTitle::fits(&format!("{first}…"))?, Some(rest))
            }
        };
        let description = rest.and_then(|rest| RowDescription::cut(&rest));
        any_cut |= description.as_ref().is_some_and(|(_, cut)| *cut);
        rows.push(Row { id, title, description: description.map(|(description, _)| description) });
    }
    Some((Rows::new(rows)?, any_cut))
}

/// Breaks a label between words if it can.
fn first_line(title: &str, max: usize) -> (&str, &str) {
    let fitting = head(title, max);
    let at_word =
        fitting.rfind(' ').filter(|at| *at * 2 > fitting.len() && !title[fitting.len()..].starts_with(' '));
    let (first, rest) = title.split_at(at_word.unwrap_or(fitting.len()));
    (first.trim_end(), rest.trim_start())
}

/// The options as numbered lines below the text. The text gives way first: what can be chosen must stay whole.
fn numbered(text: &str, options: &[OutgoingOption]) -> Option<Rendered> {
    let line = |(place, option): (usize, &OutgoingOption)| {
        let title = if is_visible(&option.title) { option.title.as_str() } else { "Opción" };
        let detail = option.detail.as_deref().map(|detail| format!(" ({detail})")).unwrap_or_default();
        format!("{}. {title}{detail}", place + 1)
    };
    let lines = options.iter().enumerate().map(line).collect::<Vec<_>>().join("\n");
    let room = 4096_usize.saturating_sub(units(&lines) + 2);
    let (kept, text_cut) = match (units(text) <= room, room) {
        (true, _) => (text.to_owned(), false),
        (false, 0..40) => (String::new(), true),
        (false, _) => (format!("{}…", head(text, room - 1).trim_end()), true),
    };
    let whole = if is_visible(&kept) { format!("{kept}\n\n{lines}") } else { lines };
    let (body, cut) = TextBody::cut(&whole)?;
    Some(Rendered { parts: vec![Content::Text(body)], cut: cut || (text_cut && is_visible(text)) })
}

/// What goes out before, and the body that stands above the options (as long as it may be, from a good place on).
fn split(text: &str) -> (String, String) {
    if !is_visible(text) {
        return (String::new(), DEFAULT_BODY.to_owned());
    }
    if units(text) <= 1024 {
        return (String::new(), text.to_owned());
    }
    // the earliest place from which the rest fits, looking for a paragraph first, then a line, a sentence, a word
    for border in ["\n\n", "\n", ". ", "? ", " "] {
        for (at, found) in text.match_indices(border) {
            let (before, last) = text.split_at(at + found.len());
            if units(last.trim()) <= 1024 && is_visible(last) && is_visible(before) {
                return (before.trim_end().to_owned(), last.trim().to_owned());
            }
        }
    }
    // one endless word: all of it before, and a body of our own
    (text.to_owned(), DEFAULT_BODY.to_owned())
}

/// Without control characters but the newline, and without space at the ends.
fn tidy(text: &str) -> String {
    let kept: String = text.replace("\r\n", "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    kept.trim().to_owned()
}

fn tidy_option(option: &OutgoingOption) -> OutgoingOption {
    let one_line = |text: &str| tidy(text).replace('\n', " ");
    OutgoingOption {
        id: option.id.clone(),
        title: one_line(&option.title),
        detail: option.detail.as_deref().map(one_line).filter(|detail| is_visible(detail)),
    }
}

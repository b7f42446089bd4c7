//! Turns what the conversation says into what WhatsApp can show: text, buttons, a list, or numbered text.
//!
//! | options | becomes |
//! |---|---|
//! | none | a text |
//! | up to 3, short labels, no second lines | buttons |
//! | up to 10 | a list; a label of more than 24 units goes on in the second line |
//! | anything else, and a text too long to stand above buttons | a text with numbered lines, which can be answered by number |
//!
//! Whatever is said becomes one message, never two: WhatsApp promises no order between messages, has no key against
//! doubles and charges each, so that a second part could come first, come alone, or bring the first one twice.
//! Words are never lost in silence: what is longer than WhatsApp carries is cut with "…" and [`Rendered::cut`] says so.

use super::limits::{
    Button, ButtonTitle, Buttons, Content, InteractiveBody, ListLabel, OptionId, Row, RowDescription,
    RowTitle, Rows, TextBody, head, is_visible, units,
};
use crate::value::{Outgoing, OutgoingOption};

const DEFAULT_LABEL: &str = "Ver opciones";
const DEFAULT_BODY: &str = "Elige una opción:";

/// A message as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What is sent.
    pub content: Content,
    /// Whether something had to be left out.
    pub cut: bool,
}

/// The message within WhatsApp's limits; `None` when there is nothing to see in it.
pub fn render(outgoing: &Outgoing) -> Option<Rendered> {
    let text = tidy(&outgoing.text);
    if outgoing.options.is_empty() {
        let (body, cut) = TextBody::cut(&text)?;
        return Some(Rendered { content: Content::Text(body), cut });
    }
    let options: Vec<OutgoingOption> = outgoing.options.iter().map(tidy_option).collect();
    let with_buttons = |body| Some(Content::Buttons { body, buttons: buttons(&options)? });
    let label = outgoing.list_button.as_deref().map(tidy).unwrap_or_default();
    let label = ListLabel::cut(&label).or_else(|| ListLabel::cut(DEFAULT_LABEL));
    let (listed, rows_cut) = rows(&options).map_or((None, false), |(rows, cut)| (Some(rows), cut));
    let with_list = |body| Some(Content::List { body, label: label.clone()?.0, rows: listed.clone()? });

    let body = InteractiveBody::fits(if is_visible(&text) { &text } else { DEFAULT_BODY });
    let Some(body) = body else { return numbered(&text, &options) };
    if let Some(content) = with_buttons(body.clone()) {
        return Some(Rendered { content, cut: false });
    }
    match with_list(body) {
        Some(content) => Some(Rendered { content, cut: rows_cut }),
        None => numbered(&text, &options),
    }
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
    Some(Rendered { content: Content::Text(body), cut: cut || (text_cut && is_visible(text)) })
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

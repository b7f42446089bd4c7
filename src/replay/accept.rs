//! `--accept`: what happened becomes what is expected; everything else of the file stays, comments too.
//!
//! Only the value of `bot:` is written anew, in an item of block style; an item written in one line as
//! `- { patient: …, bot: … }` is left to its author.

use super::observed::Observed;
use super::report::as_expected;

/// A turn whose `bot:` is to be written anew.
pub struct Accepted<'a> {
    /// The line of the item, from 1.
    pub line: u64,
    /// What happened.
    pub observed: &'a Observed,
}

/// The source with the `bot:` of these turns written anew, and the lines of those that could not be.
pub fn rewrite(source: &str, turns: &[Accepted<'_>]) -> (String, Vec<u64>) {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    let mut left = Vec::new();
    // From the last to the first, so that line numbers stay true.
    let mut order: Vec<&Accepted<'_>> = turns.iter().collect();
    order.sort_by_key(|turn| std::cmp::Reverse(turn.line));
    for turn in order {
        if !rewrite_one(&mut lines, turn) {
            left.push(turn.line);
        }
    }
    left.reverse();
    (lines.join("\n") + "\n", left)
}

fn rewrite_one(lines: &mut Vec<String>, turn: &Accepted<'_>) -> bool {
    let Some(first) = usize::try_from(turn.line).ok().and_then(|line| line.checked_sub(1)) else {
        return false;
    };
    let Some(dash) = lines.get(first).and_then(|line| line.find("- ")) else { return false };
    if lines[first][dash + 2..].trim_start().starts_with('{') {
        return false;
    }
    let indent = dash + 2;
    let end = (first + 1..lines.len())
        .find(|place| !is_blank(&lines[*place]) && indent_of(&lines[*place]) < indent)
        .unwrap_or(lines.len());
    let is_bot = |place: &usize| {
        let line = &lines[*place];
        let key = if *place == first { &line[indent..] } else { line.trim_start() };
        key.starts_with("bot:") && (*place == first || indent_of(line) == indent)
    };
    let found = (first..end).find(is_bot);
    let written = value(turn.observed, indent);
    match found {
        Some(place) => {
            let last = (place + 1..end)
                .find(|next| !is_blank(&lines[*next]) && indent_of(&lines[*next]) <= indent)
                .unwrap_or_else(|| {
                    (place..end).rev().find(|line| !is_blank(&lines[*line])).map_or(end, |line| line + 1)
                });
            let comment = comment_of(&lines[place]).map(str::to_owned).unwrap_or_default();
            let kept: Vec<String> = lines[place + 1..last]
                .iter()
                .filter(|line| line.trim_start().starts_with('#'))
                .cloned()
                .collect();
            let head = lines[place][..indent].to_owned();
            let mut new = vec![format!("{head}bot: {}{comment}", written[0]).trim_end().to_owned()];
            new.extend(written[1..].iter().cloned());
            new.extend(kept);
            lines.splice(place..last, new);
        }
        None => {
            let mut new = vec![format!("{}bot: {}", " ".repeat(indent), written[0]).trim_end().to_owned()];
            new.extend(written[1..].iter().cloned());
            let after = (first + 1..end)
                .find(|next| !is_blank(&lines[*next]) && indent_of(&lines[*next]) == indent)
                .unwrap_or(first + 1);
            lines.splice(after..after, new);
        }
    }
    true
}

/// The value, its first line to stand behind `bot:`.
fn value(observed: &Observed, indent: usize) -> Vec<String> {
    let entries = as_expected(observed);
    match &entries[..] {
        [] => vec!["[]".to_owned()],
        [one] if one.len() < 80 => vec![format!("[{one}]")],
        many => {
            let mut lines = vec![String::new()];
            lines.extend(many.iter().map(|entry| format!("{}  - {entry}", " ".repeat(indent))));
            lines
        }
    }
}

/// A comment at the end of a line, with the space before it; a `#` in quotes is none.
fn comment_of(line: &str) -> Option<&str> {
    let mut quote = None;
    let mut before = ' ';
    for (place, c) in line.char_indices() {
        match quote {
            Some(open) if c == open && before != '\\' => quote = None,
            Some(_) => {}
            None if c == '"' || (c == '\'' && before == ' ') => quote = Some(c),
            None if c == '#' && before == ' ' => return Some(&line[place - 1..]),
            None => {}
        }
        before = c;
    }
    None
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::observed::{Notice, Said};
    use super::*;
    use crate::value::Outgoing;

    fn told(text: &str) -> Observed {
        let message = Outgoing { text: text.to_owned(), options: Vec::new(), list_button: None };
        let said = Said { message, label: "answer".to_owned(), repairs: Vec::new() };
        Observed { notices: vec![Notice::Message(said)], ..Observed::default() }
    }

    #[test]
    fn only_the_bot_part_is_written_anew_and_comments_stay() {
        let source = "talk:\n  # saluda\n  - patient: hola   # aquí\n    bot:  # esto\n      - { says: [x] }\n      # dentro\n      - { says: [y] }\n    stage: Idle\n  - patient: chao\n    bot: []\n";
        let observed = told("Hola");
        let (text, left) = rewrite(source, &[Accepted { line: 3, observed: &observed }]);
        assert!(left.is_empty());
        assert_eq!(
            text,
            "talk:\n  # saluda\n  - patient: hola   # aquí\n    bot: [{ says: [\"Hola\"] }]  # esto\n      # dentro\n    stage: Idle\n  - patient: chao\n    bot: []\n"
                .replace("  # esto", " # esto")
        );
    }

    #[test]
    fn a_turn_without_a_bot_part_gets_one_and_an_item_in_one_line_is_left() {
        let source = "talk:\n  - patient: hola\n    stage: Idle\n  - { patient: chao, bot: [] }\n";
        let observed = told("Hola");
        let turns = [Accepted { line: 2, observed: &observed }, Accepted { line: 4, observed: &observed }];
        let (text, left) = rewrite(source, &turns);
        assert_eq!(left, [4]);
        assert!(
            text.contains("  - patient: hola\n    bot: [{ says: [\"Hola\"] }]\n    stage: Idle\n"),
            "{text}"
        );
    }
}

//! Meta's limits as types: what has one of these types can be sent.
//!
//! Meta does not say whether it counts code points or UTF-16 units, so both stay below the limit (a text's UTF-16
//! units are never fewer than its code points, hence counting those is enough). Texts are cut between graphemes, so
//! that no family emoji becomes a lone child, and end with "…".

use unicode_segmentation::UnicodeSegmentation;

/// A text with something to see in it, of at most `MAX` code points and UTF-16 units.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bounded<const MAX: usize>(String);

/// The body of a plain text.
pub type TextBody = Bounded<4096>;
/// The body above buttons or a list. Meta's pages disagree whether a list's may be longer; this much is always right.
pub type InteractiveBody = Bounded<1024>;
/// The label of a button.
pub type ButtonTitle = Bounded<20>;
/// The first line of a list row.
pub type RowTitle = Bounded<24>;
/// The second line of a list row.
pub type RowDescription = Bounded<72>;
/// The label that opens a list.
pub type ListLabel = Bounded<20>;

/// The id of a button or row: at most 200 units, no space at either end, one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OptionId(String);

/// One reply button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Comes back when it is tapped.
    pub id: OptionId,
    /// What it says.
    pub title: ButtonTitle,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Comes back when it is tapped.
    pub id: OptionId,
    /// The first line.
    pub title: RowTitle,
    /// The second line.
    pub description: Option<RowDescription>,
}

/// One to three buttons with different ids and different titles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buttons(Vec<Button>);

/// One to ten rows with different ids, in one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows(Vec<Row>);

/// A message's content that the Graph API takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words alone.
    Text(TextBody),
    /// Words with buttons below.
    Buttons {
        /// The words.
        body: InteractiveBody,
        /// What can be tapped.
        buttons: Buttons,
    },
    /// Words with a list to open.
    List {
        /// The words.
        body: InteractiveBody,
        /// The label that opens it.
        label: ListLabel,
        /// What can be tapped.
        rows: Rows,
    },
}

impl<const MAX: usize> Bounded<MAX> {
    /// The text as it is, if it fits and shows something.
    pub fn fits(text: &str) -> Option<Self> {
        (is_visible(text) && units(text) <= MAX).then(|| Self(text.to_owned()))
    }

    /// The text, cut with "…" when it is too long, and whether it was; `None` when there is nothing to see.
    pub fn cut(text: &str) -> Option<(Self, bool)> {
        if let Some(whole) = Self::fits(text) {
            return Some((whole, false));
        }
        let kept = format!("{}…", head(text, MAX - 1).trim_end());
        Self::fits(&kept).filter(|_| is_visible(text)).map(|cut| (cut, true))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OptionId {
    /// The id, if WhatsApp carries it unchanged.
    pub fn new(id: &str) -> Option<Self> {
        let fits = units(id) <= 200
            && id.trim() == id
            && !id.is_empty()
            && is_visible(id)
            && !id.chars().any(char::is_control);
        // line separators end a line for Meta as a newline does
        (fits && !id.contains(['\u{2028}', '\u{2029}', '\u{feff}'])).then(|| Self(id.to_owned()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Buttons {
    /// One to three buttons, all different.
    pub fn new(buttons: Vec<Button>) -> Option<Self> {
        let all_differ = differ(buttons.iter().map(|button| button.id.as_str()))
            && differ(buttons.iter().map(|button| button.title.as_str()));
        ((1..=3).contains(&buttons.len()) && all_differ).then_some(Self(buttons))
    }

    /// The buttons, from left to right.
    pub fn iter(&self) -> impl Iterator<Item = &Button> {
        self.0.iter()
    }
}

impl Rows {
    /// One to ten rows with different ids.
    pub fn new(rows: Vec<Row>) -> Option<Self> {
        ((1..=10).contains(&rows.len()) && differ(rows.iter().map(|row| row.id.as_str())))
            .then_some(Self(rows))
    }

    /// The rows, from the top.
    pub fn iter(&self) -> impl Iterator<Item = &Row> {
        self.0.iter()
    }
}

fn differ<'a>(mut texts: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = std::collections::HashSet::new();
    texts.all(|text| seen.insert(text))
}

/// The length that counts: UTF-16 units.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Whether a person would see anything: Meta refuses bodies of white space.
pub fn is_visible(text: &str) -> bool {
    let is_invisible = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().any(|c| !is_invisible(c))
}

/// The longest beginning of at most `max` units that ends between graphemes (inside one only if that one alone is too long).
pub fn head(text: &str, max: usize) -> &str {
    let end = fitting(text.grapheme_indices(true), max);
    let end = if end == 0 {
        fitting(text.char_indices().map(|(at, c)| (at, &text[at..at + c.len_utf8()])), max)
    } else {
        end
    };
    &text[..end]
}

fn fitting<'a>(pieces: impl Iterator<Item = (usize, &'a str)>, max: usize) -> usize {
    let (mut used, mut end) = (0, 0);
    for (at, piece) in pieces {
        used += units(piece);
        if used > max {
            break;
        }
        end = at + piece.len();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_graphemes_and_says_so() {
        let family = "👨‍👩‍👧‍👦"; // 11 UTF-16 units
        let (cut, was_cut) = ButtonTitle::cut(&format!("Hola {family}{family}")).unwrap();
        assert_eq!((cut.as_str(), was_cut), (format!("Hola {family}…").as_str(), true));
        assert_eq!(ButtonTitle::cut("Confirmar").unwrap(), (Bounded("Confirmar".to_owned()), false));
    }

    #[test]
    fn a_single_endless_grapheme_is_still_cut() {
        let zalgo = format!("a{}", "\u{0301}".repeat(100));
        assert!(units(ButtonTitle::cut(&zalgo).unwrap().0.as_str()) <= 20);
    }

    #[test]
    fn what_shows_nothing_is_no_text() {
        for blank in ["", " \n\t", "\u{200b}\u{feff}", "\u{2060}"] {
            assert!(TextBody::cut(blank).is_none(), "{blank:?}");
        }
        assert!(TextBody::cut(&" ".repeat(5000)).is_none());
    }

    #[test]
    fn equal_buttons_cannot_be_built() {
        let button = |id: &str, title: &str| Button {
            id: OptionId::new(id).unwrap(),
            title: ButtonTitle::fits(title).unwrap(),
        };
        assert!(Buttons::new(vec![button("a", "Sí"), button("b", "Sí")]).is_none());
        assert!(Buttons::new(vec![button("a", "Sí"), button("a", "No")]).is_none());
        assert!(Buttons::new(vec![]).is_none());
        assert!(Buttons::new(vec![button("a", "Sí"), button("b", "No")]).is_some());
    }

    #[test]
    fn an_id_with_a_space_at_its_end_is_refused() {
        assert!(
            OptionId::new("a ").is_none() && OptionId::new("").is_none() && OptionId::new("a\nb").is_none()
        );
        assert!(OptionId::new(&"x".repeat(201)).is_none());
        assert!(OptionId::new("hora: 3").is_some());
    }
}

//! A message on its way in and on its way out, free of any channel's wire format.
//!
//! `whatsapp/` reads and writes these; the conversation and the queue never see a Graph API body.

use serde::{Deserialize, Serialize};

/// What a patient sent, as the queue stores it (RUTs already masked, control characters already removed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Incoming {
    /// Typed text, or the caption of a picture or document.
    Text {
        /// The words.
        text: String,
    },
    /// A tapped button or list row of ours, or a template's quick reply whose payload we set.
    Tap {
        /// The id we gave the option; anything at all may stand here, a client is free to invent one.
        id: String,
        /// The label the patient saw.
        title: String,
    },
    /// Something that cannot be read as words: a voice note, a picture without caption, a location, a contact …
    Media {
        /// What it was.
        kind: MediaKind,
    },
    /// A reaction to a message: never an answer.
    Reaction {
        /// The emoji; empty when it was taken back.
        emoji: String,
    },
    /// A message type we do not know, or that WhatsApp could not deliver (`unsupported`).
    Unsupported {
        /// WhatsApp's name of the type.
        name: String,
    },
}

/// What kind of thing was sent instead of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A voice note or an audio file.
    Audio,
    /// A picture or a sticker.
    Image,
    /// A film.
    Video,
    /// A file.
    Document,
    /// A place.
    Location,
    /// An address-book entry.
    Contact,
    /// Goods from a catalogue.
    Order,
}

/// One message to a patient. The channel turns it into buttons, a list or numbered text within its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The words, with `\n` between paragraphs.
    pub text: String,
    /// What can be tapped, at most 10; empty for a plain text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OutgoingOption>,
    /// The label of the button that opens a list, when the options become one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_button: Option<String>,
}

/// One option of an `Outgoing` message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingOption {
    /// Comes back in `Incoming::Tap`; at most 200 bytes, no space at either end.
    pub id: String,
    /// The label; the channel shortens what is too long and shows the rest below.
    pub title: String,
    /// A second line, shown in lists only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

//! No message can be built that Meta would refuse, whatever the conversation says.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;
use smartsalud::id::OutboxId;
use smartsalud::value::{Outgoing, OutgoingOption};
use smartsalud::whatsapp::graph::{MessageBody, ReadBody, Recipient};
use smartsalud::whatsapp::limits::{Content, is_visible, units};
use smartsalud::whatsapp::render::{Rendered, render};
use smartsalud::whatsapp::simulator::check;

fn examples(folder: &str) -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/whatsapp/bodies").join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        (path.display().to_string(), serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
    };
    files.into_iter().map(read).collect()
}

#[test]
fn the_simulator_takes_every_correct_body_and_no_broken_one() {
    let (valid, invalid) = (examples("valid"), examples("invalid"));
    assert!(valid.len() >= 27 && invalid.len() >= 53);
    for (file, body) in valid {
        let body = body.get("body").cloned().unwrap_or(body);
        assert_eq!(check(&body), Ok(()), "{file}");
    }
    for (file, case) in invalid {
        assert!(check(&case["body"]).is_err(), "{file}: {}", case["$why"]);
    }
}

fn body_of(rendered: &Rendered) -> Value {
    let recipient = Recipient::parse("56911112222").unwrap();
    serde_json::to_value(MessageBody::new(&recipient, &rendered.content, OutboxId(7))).unwrap()
}

fn option(id: &str, title: &str, detail: Option<&str>) -> OutgoingOption {
    OutgoingOption { id: id.to_owned(), title: title.to_owned(), detail: detail.map(str::to_owned) }
}

fn rendered(text: &str, options: Vec<OutgoingOption>) -> Rendered {
    render(&Outgoing { text: text.to_owned(), options, list_button: None }).unwrap()
}

fn shape(rendered: &Rendered) -> &'static str {
    match &rendered.content {
        Content::Text(_) => "text",
        Content::Buttons { .. } => "buttons",
        Content::List { .. } => "list",
    }
}

/// Everything a patient can read in it.
fn words(rendered: &Rendered) -> String {
    match &rendered.content {
        Content::Text(body) => body.as_str().to_owned(),
        Content::Buttons { body, buttons } => {
            let titles: Vec<&str> = buttons.iter().map(|button| button.title.as_str()).collect();
            format!("{}\n{}", body.as_str(), titles.join("\n"))
        }
        Content::List { body, rows, .. } => {
            let row = |row: &smartsalud::whatsapp::limits::Row| {
                format!(
                    "{}|{}",
                    row.title.as_str(),
                    row.description.as_ref().map_or("", |description| description.as_str())
                )
            };
            format!("{}\n{}", body.as_str(), rows.iter().map(row).collect::<Vec<_>>().join("\n"))
        }
    }
}

#[test]
fn the_shape_follows_the_options() {
    let numbered = |count: usize| {
        (0..count).map(|n| option(&format!("o{n}"), &format!("Opción {n}"), None)).collect::<Vec<_>>()
    };
    assert_eq!(shape(&rendered("Hola", vec![])), "text");
    assert_eq!(shape(&rendered("Hola", numbered(3))), "buttons");
    assert_eq!(shape(&rendered("Hola", numbered(4))), "list");
    assert_eq!(shape(&rendered("Hola", numbered(10))), "list");
    assert_eq!(shape(&rendered("Hola", numbered(11))), "text");
    let long_label = vec![option("a", "Matrona, control de embarazo", None), option("b", "Dentista", None)];
    assert_eq!(shape(&rendered("Hola", long_label)), "list", "a label of more than 20 fits no button");
    let with_detail = vec![option("a", "mar 1 dic 15:00", Some("Dra. Soto"))];
    assert_eq!(shape(&rendered("Hola", with_detail)), "list", "a second line is shown in lists only");
    let same_label = vec![option("a", "15:00", None), option("b", "15:00", None)];
    assert_eq!(shape(&rendered("Hola", same_label)), "list", "two equal buttons would be refused");
    let same_id = vec![option("a", "15:00", None), option("a", "15:30", None)];
    assert_eq!(shape(&rendered("Hola", same_id)), "text");
}

#[test]
fn a_long_label_goes_on_in_the_second_line() {
    let list =
        rendered("¿Qué atención?", vec![option("a", "Control de embarazo con matrona", Some("30 minutos"))]);
    assert_eq!(words(&list), "¿Qué atención?\nControl de embarazo con…|…matrona · 30 minutos");
    assert!(!list.cut);
}

#[test]
fn numbered_text_keeps_every_option() {
    let options: Vec<_> =
        (1..=12).map(|n| option(&format!("o{n}"), &format!("Hora {n}"), Some("Dra. Soto"))).collect();
    let text = words(&rendered("Elige:", options));
    assert!(
        text.starts_with("Elige:\n\n1. Hora 1 (Dra. Soto)\n2. ") && text.ends_with("12. Hora 12 (Dra. Soto)")
    );
    let many: Vec<_> = (1..=12).map(|n| option(&format!("o{n}"), &format!("Hora {n}"), None)).collect();
    let long = rendered(&"palabra ".repeat(1000), many);
    assert!(long.cut && words(&long).ends_with("12. Hora 12"), "the text gives way, the options do not");
}

#[test]
fn a_text_too_long_for_buttons_is_still_one_message_and_loses_nothing() {
    let two = || vec![option("si", "Sí", None), option("no", "No", None)];
    let question = |length: usize| format!("{}¿Confirmas?", "x".repeat(length - 11));
    assert_eq!(shape(&rendered(&question(1024), two())), "buttons");
    for length in [1025, 2000, 4080] {
        let one = rendered(&question(length), two());
        assert_eq!((shape(&one), one.cut), ("text", false));
        assert!(words(&one).ends_with("¿Confirmas?\n\n1. Sí\n2. No"), "answered by number, or in words");
    }
    let cut = rendered(&question(4085), two());
    assert!(cut.cut && words(&cut).ends_with("\n\n1. Sí\n2. No"), "the text gives way, the options do not");
}

#[test]
fn what_is_cut_says_so() {
    assert!(!rendered(&"x".repeat(4096), vec![]).cut);
    let cut = rendered(&"x".repeat(4097), vec![]);
    assert!(cut.cut && words(&cut).ends_with('…'));
    assert!(render(&Outgoing { text: " \u{200b}".to_owned(), options: vec![], list_button: None }).is_none());
}

#[test]
fn reading_and_typing_are_bodies_that_meta_takes() {
    for typing in [false, true] {
        assert_eq!(check(&serde_json::to_value(ReadBody::new("wamid.1", typing)).unwrap()), Ok(()));
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "hola",
        " ",
        "\n",
        "\n\n",
        "¿Qué día?",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "e\u{301}",
        "مرحبا",
        "\u{200f}",
        "\u{200b}",
        "\u{0}",
        "\r\n",
        "a".repeat(300).leak() as &str,
        ". ",
        "𝕏",
        "ñ",
    ]);
    prop_oneof![
        3 => prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat()),
        1 => "\\PC{0,60}",
        1 => (0..12_000_usize).prop_map(|length| "palabra ".repeat(length / 8)),
        1 => (0..12_000_usize).prop_map(|length| "😀".repeat(length / 4)),
    ]
}

fn any_option() -> impl Strategy<Value = OutgoingOption> {
    let id = prop_oneof![8 => "[a-z]{1,8}:[0-9]{1,4}", 1 => " ?[a-z]{0,3} ?", 1 => "x{190,260}"];
    (id, any_text(), prop::option::of(any_text())).prop_map(|(id, title, detail)| OutgoingOption {
        id,
        title,
        detail,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_said_meta_takes_it(text in any_text(), options in prop::collection::vec(any_option(), 0..13), list_button in prop::option::of(any_text())) {
        let outgoing = Outgoing { text, options, list_button };
        match render(&outgoing) {
            None => prop_assert!(outgoing.options.is_empty() && !is_visible(&outgoing.text)),
            Some(rendered) => {
                prop_assert_eq!(check(&body_of(&rendered)), Ok(()));
                // words are lost only when it says so
                let visible = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
                if !rendered.cut {
                    let shown = visible(&words(&rendered));
                    prop_assert!(shown.contains(&visible(&outgoing.text)));
                }
                prop_assert!(rendered.cut || units(&outgoing.text) < 4096 * 2);
            }
        }
    }
}

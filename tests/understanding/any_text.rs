//! No text makes it panic, dally, or point outside of what was written; a short run here, a long one by
//! `UNDERSTAND_FUZZ_SECONDS=600 cargo test --release --test understanding any_text`.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use smartsalud::clock::Stopwatch;
use smartsalud::understanding::{Asked, Choice, Context, Offered, Specialty, understand};

use crate::hear::{TABLES, now};
use crate::table::Table;

/// Reads a text in every mood and checks what must hold of any reading.
fn check(text: &str) {
    let words = [String::new(), "la primera que haya".to_owned()];
    let options = [
        Offered { label: "", detail: None, starts: None, words: &[] },
        Offered { label: "jue 26 nov 10:00", detail: Some("😀"), starts: Some(now()), words: &words },
        Offered { label: "?", detail: Some(""), starts: None, words: &[] },
    ];
    let roster = ["Soto".to_owned(), String::new(), "Ñ".to_owned(), "San Martín".to_owned()];
    let specialties = [Specialty {
        key: "m".to_owned(),
        name: "Matrona".to_owned(),
        words: vec![String::new(), "pap".to_owned()],
    }];
    for asked in [Asked::Nothing, Asked::YesNo, Asked::Option, Asked::When, Asked::Text] {
        let context = Context {
            asked,
            options: &options,
            roster: &roster,
            specialties: &specialties,
            ..Context::at(now())
        };
        let heard = understand(text, &context);
        assert_eq!(heard, understand(text, &context), "{text:?} is heard in two ways");
        for reason in &heard.why {
            assert!(text.get(reason.span.clone()).is_some(), "{:?} is no piece of {text:?}", reason.span);
        }
        match &heard.choice {
            Choice::One(at) => assert!(*at < options.len(), "{text:?} chooses {at}"),
            Choice::Several(all) => {
                assert!(all.len() > 1 && all.iter().all(|at| *at < options.len()), "{text:?}: {all:?}");
            }
            Choice::None | Choice::Neither => {}
        }
        assert!((0.0..=1.0).contains(&heard.confidence), "{text:?}: {}", heard.confidence);
    }
}

/// Words that the grammars hang on, and what people put between them.
fn soup() -> Vec<String> {
    let mut words: Vec<String> = TABLES
        .map(Table::read)
        .iter()
        .flat_map(|table| &table.lines)
        .flat_map(|line| line.message.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    words.extend(
        [
            "1", "12", "31", "99", "1000", "2026", "26/11", "10:30", "mil", "un", "y", "o", ",", ".", "?",
            "¿", "\"", "no", "si", "sí", "de", "la", "a", "el", "hasta", "desde", "entre", "menos", "para",
            "media", "cuarto", "😀", "👍🏽", "\u{200d}",
        ]
        .map(str::to_owned),
    );
    words.sort();
    words.dedup();
    words
}

/// Seconds that the fuzzing may take, and no fewer than one round of it.
fn seconds() -> Duration {
    let told = std::env::var("UNDERSTAND_FUZZ_SECONDS").ok();
    Duration::from_secs(
        told.map_or(2, |seconds| seconds.parse().expect("UNDERSTAND_FUZZ_SECONDS is a number")),
    )
}

#[test]
fn any_text_and_any_soup_of_words_is_read() {
    let words = soup();
    let soup =
        prop::collection::vec(prop::sample::select(words.clone()), 0..40).prop_map(|words| words.join(" "));
    // words with a letter changed, joined by whatever
    let broken = prop::collection::vec(
        (prop::sample::select(words), any::<prop::sample::Index>(), any::<char>()),
        0..20,
    )
    .prop_map(|words| {
        words.into_iter().fold(String::new(), |mut text, (word, at, letter)| {
            let at = at.index(word.len() + 1);
            let at = (0..=at).rev().find(|at| word.is_char_boundary(*at)).unwrap_or(0);
            text.push_str(&word[..at]);
            text.push(letter);
            text.push_str(&word[at..]);
            text.push(' ');
            text
        })
    });
    let texts = prop_oneof![
        4 => soup,
        2 => broken,
        1 => any::<String>(),
        1 => "\\PC{0,200}",
        1 => "[a-zñáéíóú0-9 .,:/\\-?¿!]{0,300}",
        1 => "[0-9 .,:/kK\\-]{0,80}",
    ];
    let begun = Stopwatch::start();
    let mut rounds = 0;
    while rounds == 0 || begun.elapsed() < seconds() {
        let mut runner =
            TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
        runner
            .run(&texts, |text| {
                check(&text);
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{error}"));
        rounds += 1;
    }
    println!("{} texts in {:.0?}", rounds * 256, begun.elapsed());
}

#[test]
fn what_comes_after_the_part_that_is_read_costs_nothing_and_says_nothing() {
    // the work is bounded because only a beginning is read: what follows cannot change the reading
    for piece in
        ["quiero cancelar mi hora del lunes a las 10, ", "no sé si el martes o el jueves ", "1 2 3 ", "¿?"]
    {
        let read: String = piece.chars().cycle().take(2_000).collect();
        let whole = format!("{read}{}", " sí, cancele todo ¿cierto? ".repeat(64 * 1_024 / 26));
        assert!(whole.len() >= 64 * 1_024);
        let context = Context::at(now());
        assert_eq!(understand(&read, &context), understand(&whole, &context), "{piece}");
    }
}

#[test]
fn no_text_makes_it_panic_or_dally() {
    let mut texts: Vec<String> = Vec::new();
    for name in TABLES {
        for line in Table::read(name).lines {
            texts.push(format!("\u{200b}{}\u{feff}", line.message));
            texts.push(format!("\u{202e}{}\u{202c}", line.message));
            texts.push(line.message.chars().rev().collect());
            // every beginning of it, as when a message is sent too soon
            texts.extend(line.message.char_indices().map(|(at, _)| line.message[..at].to_owned()));
        }
    }
    for piece in [
        "a",
        "no ",
        "sí ",
        "1",
        "1 ",
        "12/",
        "12:",
        "12.345.678-5 ",
        "😀",
        "👍🏽",
        "👨‍👩‍👧‍👦",
        "\u{200b}",
        "\u{200d}",
        "\u{301}",
        "?",
        "¿",
        ".",
        "-",
        "\n",
        "مرحبا ",
        "שלום ",
        "א1",
        "mañana ",
        "o el lunes ",
        "ni ",
        "a las ",
        "ﬁ",
        "İ",
        "ß",
        "１２",
        "٣",
        "½",
        "1️⃣",
        "\u{0}",
        "«",
        "y media ",
        "cancelo no ",
        "mil ",
        "de ",
        "que ",
        "kkkkk-",
    ] {
        texts.push(piece.to_owned());
        texts.push(piece.repeat(5_000 / piece.chars().count()));
        texts.push(format!("{}sí", piece.repeat(2_500 / piece.chars().count())));
        texts.push(format!("sí{piece}no{piece}{piece}el lunes{piece}a las 10"));
    }
    texts.push(String::new());
    for text in &texts {
        let begun = Stopwatch::start();
        check(text);
        // ten readings of at most 2,000 letters are milliseconds even unoptimised; a square of them would be seconds
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?} for {text:?}", begun.elapsed());
    }
}

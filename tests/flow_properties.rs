//! The language of flows against anything at all: what is written is read back as it was, and no text, however
//! broken, does more than earn a mistake with its place.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use smartsalud::flow::error::CODES;
use smartsalud::flow::expression::{Comparison, Expression};
use smartsalud::flow::template::{Filter, Part, Template};
use smartsalud::flow::{Book, FlowError, Record, Scope, Seen, Value, built_in, diagram, load};

fn name() -> impl Strategy<Value = String> {
    let keyword = |name: &String| !["and", "or", "not", "true", "false", "no"].contains(&name.as_str());
    "[a-zñ_][a-z0-9_]{0,7}".prop_filter("a word of the language", keyword)
}

fn expression() -> impl Strategy<Value = Expression> {
    let path = proptest::collection::vec(name(), 1..3).prop_map(Expression::Path).boxed();
    let literal = prop_oneof![
        any::<i64>().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        "[^\"]{0,12}".prop_map(Value::Text),
    ]
    .prop_map(Expression::Literal);
    let exists = path.clone().prop_map(|path| Expression::Exists(Box::new(path)));
    let comparison = proptest::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::More,
        Comparison::MoreOrEqual,
    ]);
    prop_oneof![path, literal, exists].prop_recursive(4, 24, 2, move |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            inner.clone().prop_map(|inner| Expression::Not(Box::new(inner))),
            pair().prop_map(|(one, other)| Expression::And(one, other)),
            pair().prop_map(|(one, other)| Expression::Or(one, other)),
            (pair(), comparison.clone())
                .prop_map(|((one, other), sign)| Expression::Compare(one, sign, other)),
        ]
    })
}

/// Parts as reading makes them: words never follow words, and an optional part holds no other.
fn parts(inner: BoxedStrategy<Part>) -> impl Strategy<Value = Vec<Part>> {
    proptest::collection::vec(inner, 0..6).prop_map(|parts| {
        let mut apart: Vec<Part> = Vec::new();
        for part in parts {
            match (apart.last_mut(), part) {
                (Some(Part::Words(before)), Part::Words(more)) => before.push_str(&more),
                (_, part) => apart.push(part),
            }
        }
        apart
    })
}

fn template() -> impl Strategy<Value = Template> {
    let filter =
        proptest::option::of(proptest::sample::select(Filter::ALL.map(|(_, filter)| filter).to_vec()));
    let plain = prop_oneof![
        // a bracket that follows a bracket is read as the sign itself
        "[ -Zaáñ¿{}][ -~áñ¿]{0,12}".prop_map(Part::Words),
        (expression(), filter).prop_map(|(value, filter)| Part::Placeholder(value, filter)),
    ]
    .boxed();
    let optional = parts(plain.clone()).prop_map(Part::Optional);
    parts(prop_oneof![3 => plain, 1 => optional].boxed()).prop_map(|parts| Template { parts })
}

/// A scope in which every name stands for something, by its length of every kind.
struct Anything;

impl Scope for Anything {
    fn look_up(&self, name: &str) -> Option<Seen<'_>> {
        let moment = "2026-11-26T10:30:00".parse().unwrap();
        let value = match name.len() % 7 {
            0 => return None,
            1 => Value::Text("Luz *Soto* _Díaz_".to_owned()),
            2 => Value::Number(-3),
            3 => Value::Moment(moment),
            4 => Value::Date(moment.date()),
            5 => Value::Window(smartsalud::value::Window::ANY),
            _ => Value::Rows(vec![Record {
                key: "1".to_owned(),
                columns: BTreeMap::from([("inicio".to_owned(), Value::Moment(moment))]),
                words: Vec::new(),
                until: None,
            }]),
        };
        Some(Seen::Value(Cow::Owned(value)))
    }
}

proptest! {
    #[test]
    fn an_expression_is_read_back_as_it_was(written in expression()) {
        let text = written.to_string();
        prop_assert_eq!(Expression::parse(&text), Ok(written), "{}", text);
    }

    #[test]
    fn a_text_is_read_back_as_it_was(written in template()) {
        let text = written.to_string();
        prop_assert_eq!(Template::parse(&text), Ok(written), "{}", text);
    }

    #[test]
    fn any_text_is_an_expression_or_a_mistake_with_its_place(text in "[a-c.?() \"=!<>0-9-]{0,30}|\\PC{0,40}") {
        match Expression::parse(&text) {
            Ok(read) => {
                read.evaluate(&Anything);
                prop_assert_eq!(Expression::parse(&read.to_string()), Ok(read));
            }
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.at), "{error}: {text}"),
        }
    }

    #[test]
    fn a_name_never_changes_the_shape_of_a_text(text in "[a-c{}\\[\\]| \"*_]{0,30}|\\PC{0,40}") {
        if let Ok(read) = Template::parse(&text) {
            let marks = |text: &str| text.matches(['*', '_', '~', '`']).count();
            let own: usize = words(&read.parts);
            prop_assert!(marks(&read.render(&Anything)) <= own, "{}", text);
        }
    }
}

/// Marks of shape that the author wrote.
fn words(parts: &[Part]) -> usize {
    let marks = |part: &Part| match part {
        Part::Words(words) => words.matches(['*', '_', '~', '`']).count(),
        Part::Placeholder(..) => 0,
        Part::Optional(inner) => words(inner),
    };
    parts.iter().map(marks).sum()
}

/// One slip of an author's hand. Places are fractions of the file, so that they mean something in each.
#[derive(Debug, Clone)]
enum Slip {
    DropLine(f64),
    RepeatLine(f64),
    SwapLines(f64, f64),
    Indent(f64),
    Outdent(f64),
    Sign(f64, char),
    Cut(f64),
    Word(f64, f64),
}

fn slip() -> impl Strategy<Value = Slip> {
    let at = || 0.0..1.0f64;
    prop_oneof![
        at().prop_map(Slip::DropLine),
        at().prop_map(Slip::RepeatLine),
        (at(), at()).prop_map(|(one, other)| Slip::SwapLines(one, other)),
        at().prop_map(Slip::Indent),
        at().prop_map(Slip::Outdent),
        (at(), proptest::sample::select("{}[]:\"'|#&*!-?=ñ\t\u{301}🙂".chars().collect::<Vec<_>>()))
            .prop_map(|(at, sign)| Slip::Sign(at, sign)),
        at().prop_map(Slip::Cut),
        (at(), at()).prop_map(|(at, from)| Slip::Word(at, from)),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "0..1 of a file"
)]
fn place(at: f64, length: usize) -> usize {
    (at * length as f64) as usize
}

fn slipped(text: &str, slip: &Slip) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return String::new();
    }
    let line = |at: f64| place(at, lines.len());
    match *slip {
        Slip::DropLine(at) => {
            lines.remove(line(at));
        }
        Slip::RepeatLine(at) => {
            let again = lines[line(at)].clone();
            lines.insert(line(at), again);
        }
        Slip::SwapLines(one, other) => {
            let (one, other) = (line(one), line(other));
            lines.swap(one, other);
        }
        Slip::Indent(at) => {
            let at = line(at);
            lines[at].insert_str(0, "  ");
        }
        Slip::Outdent(at) => {
            let at = line(at);
            lines[at] = lines[at].trim_start().to_owned();
        }
        Slip::Sign(at, sign) => {
            let mut letters: Vec<char> = text.chars().collect();
            letters.insert(place(at, letters.len()), sign);
            return letters.into_iter().collect();
        }
        Slip::Cut(at) => {
            let letters: Vec<char> = text.chars().collect();
            return letters[..place(at, letters.len())].iter().collect();
        }
        Slip::Word(at, from) => {
            let words: Vec<&str> =
                text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            if words.is_empty() {
                return text.to_owned();
            }
            let (old, new) = (words[place(at, words.len())], words[place(from, words.len())]);
            return text.replacen(old, new, 1);
        }
    }
    lines.join("\n")
}

/// Whether a mistake can be jumped to: its file is there, its line in it, its column in the line.
fn is_placed(error: &FlowError, sources: &BTreeMap<String, String>) -> bool {
    let Some(source) = sources.get(&error.span.file) else {
        return error.code == "F020"; // a repair that is missing has no file
    };
    let lines: Vec<&str> = source.lines().collect();
    let (line, column) = (error.span.line as usize, error.span.column as usize);
    // what is missing at the end is told just behind it
    let length = lines.get(line.wrapping_sub(1)).map_or(0, |line| line.chars().count());
    (1..=lines.len() + 1).contains(&line) && (1..=length + 1).contains(&column)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_slip_of_the_hand_is_told_with_its_place(
        file in proptest::sample::select(built_in::sources().into_keys().collect::<Vec<_>>()),
        slips in proptest::collection::vec(slip(), 1..4),
    ) {
        let mut sources = built_in::sources();
        let text = sources.get_mut(&file).unwrap();
        *text = slips.iter().fold(text.clone(), |text, slip| slipped(&text, slip));
        match load::book(&sources) {
            Ok(book) => for flow in book.flows.values().chain(book.repairs.values()) {
                prop_assert!(diagram::mermaid(flow, None).starts_with("flowchart"));
                prop_assert!(diagram::svg(flow, None).starts_with("<svg"));
            },
            Err(errors) => for error in errors {
                prop_assert!(CODES.iter().any(|(code, _)| *code == error.code), "{}", error.code);
                prop_assert!(!error.message.is_empty());
                prop_assert!(is_placed(&error, &sources), "{error}\n--\n{}", sources[&file]);
            },
        }
    }
}

#[test]
fn what_is_nested_beyond_reason_is_a_mistake_not_a_crash() {
    let deep = 100_000;
    for text in ["(".repeat(deep), "not ".repeat(deep) + "a", "a and ".repeat(deep) + "a"] {
        assert!(Expression::parse(&text).is_err());
        assert!(Template::parse(&format!("{{{text}}}")).is_err());
    }
    assert!(Template::parse(&"[a".repeat(deep)).is_err());
    let mut sources = built_in::sources();
    let steps = "[{ when: a, then: ".repeat(deep) + "[]" + &" }]".repeat(deep);
    sources.insert("hondo.yaml".to_owned(), format!("flow: hondo\nsteps: {steps}\n"));
    let errors = load::book(&sources).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["F001"]);
}

#[test]
fn the_built_in_texts_are_read_back_as_they_were() {
    use smartsalud::flow::definition::StepKind;
    for flow in Book::built_in().flows.values() {
        for step in &flow.steps {
            let texts = match &step.kind {
                StepKind::Ask(ask) => vec![&ask.text],
                StepKind::Say(text) => vec![text],
                StepKind::Review(review) => vec![&review.text],
                _ => Vec::new(),
            };
            for text in texts {
                assert_eq!(Template::parse(&text.to_string()).as_ref(), Ok(text));
            }
        }
    }
}

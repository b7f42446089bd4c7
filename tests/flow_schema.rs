//! The JSON Schema for editors agrees with the reader of flows: what loads is valid, what has a wrong key is not.
//!
//! The validator below knows just the keywords that the schema uses and panics at any other; a whole one would
//! bring forty crates to these few.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use serde_json::{Map, Value, json};
use smartsalud::flow::{built_in, load, schema};

/// What does not fit, each with the way to it.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let Value::Object(rules) = schema else {
        return if schema == &json!(true) { vec![] } else { vec![format!("{at}: nothing fits {schema}")] };
    };
    let fits = |rule: &Value| faults(root, rule, value, at).is_empty();
    let mut found = Vec::new();
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "then" | "else" => {}
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                found.extend(faults(root, root.pointer(pointer).unwrap(), value, at));
            }
            "if" => {
                let next = if fits(rule) { "then" } else { "else" };
                found.extend(rules.get(next).iter().flat_map(|rule| faults(root, rule, value, at)));
            }
            "type" => {
                let types = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
                if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                    found.push(format!("{at}: not a {rule}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => {
                found.push(format!("{at}: none of {rule}"));
            }
            "const" if rule != value => found.push(format!("{at}: not {rule}")),
            "minimum" if value.as_f64() < rule.as_f64() => found.push(format!("{at}: less than {rule}")),
            "enum" | "const" | "minimum" => {}
            "not" if fits(rule) => found.push(format!("{at}: must not fit {rule}")),
            "not" => {}
            "oneOf" | "anyOf" => {
                let count = rule.as_array().unwrap().iter().filter(|rule| fits(rule)).count();
                if count == 0 || (keyword == "oneOf" && count > 1) {
                    found.push(format!("{at}: {count} of {keyword}"));
                }
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().filter(|key| {
                    value.as_object().is_some_and(|value| !value.contains_key(key.as_str().unwrap()))
                });
                found.extend(missing.map(|key| format!("{at}: without {key}")));
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(root, rule, item, &format!("{at}/{place}")));
                }
            }
            "properties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = rule.get(key) {
                        found.extend(faults(root, rule, inner, &format!("{at}/{key}")));
                    }
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                let others = value.as_object().into_iter().flatten();
                for (key, inner) in
                    others.filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)))
                {
                    found.extend(faults(root, rule, inner, &format!("{at}/{key}")));
                }
            }
            other => panic!("the schema uses `{other}`, which this test cannot judge"),
        }
    }
    found
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("the schema names the type `{other}`"),
    }
}

fn judged(text: &str) -> Vec<String> {
    let schema = schema::schema();
    let value: Value = serde_saphyr::from_str(text).unwrap();
    faults(&schema, &schema, &value, "")
}

/// Every object of the schema that lists its keys.
fn closed(schema: &Value, found: &mut Vec<Map<String, Value>>) {
    match schema {
        Value::Object(rules) => {
            if rules.contains_key("properties") && rules.get("type").is_some_and(|of| of == "object") {
                found.push(rules.clone());
            }
            rules.values().for_each(|rule| closed(rule, found));
        }
        Value::Array(rules) => rules.iter().for_each(|rule| closed(rule, found)),
        _ => {}
    }
}

#[test]
fn every_file_of_flows_is_valid() {
    for (name, text) in built_in::sources() {
        let found = judged(&text);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn a_file_of_texts_is_valid_and_its_wrong_keys_are_marked() {
    let text = "voice: usted\ncenter: losaromos\nelse: formal\ntexts:\n  agendar.title: pedir su hora\n";
    assert_eq!(judged(text), Vec::<String>::new());
    for (known, wrong) in
        [("voice:", "voz:"), ("center:", "centre:"), ("else:", "otherwise:"), ("pedir su hora", "[]")]
    {
        assert!(!judged(&text.replace(known, wrong)).is_empty(), "{wrong}");
        let sources = [("textos/usted.yaml".to_owned(), text.replace(known, wrong))].into();
        assert!(load::book(&sources).is_err(), "the reader refuses it as well: {wrong}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_not_valid_either() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows_broken");
    for name in ["F001", "F001_wrong_type", "F004", "F005", "F008", "F011", "F044"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        assert!(!judged(&text).is_empty(), "{name}");
    }
}

#[test]
fn a_key_that_nobody_knows_is_marked_wherever_it_stands() {
    let whole = r#"flow: prueba
title: probar
starts: { words: [probar] }
fields:
  que:
    type: choice
    options: [{ key: una, title: Una, do: { start: agendar } }]
steps:
  - ask: que
    text: "¿Qué?"
  - do: centro = centro.datos()
    on: { down: { then: { handoff: caída } } }
  - when: centro.nombre == "x"
    then:
      - end:
repair: { misses: 2 }
was: { fields: { cual: que } }
"#;
    assert_eq!(judged(whole), Vec::<String>::new());
    for (known, wrong) in [
        ("title: probar", "titel: probar"),
        ("words: [probar]", "word: [probar]"),
        ("    type: choice", "    tipe: choice"),
        ("key: una", "kei: una"),
        ("do: { start", "do: { begin"),
        ("text:", "texto:"),
        ("down: { then", "down: { them"),
        ("    then:\n", "    than:\n"),
        ("misses: 2", "miss: 2"),
        ("was: { fields", "was: { field"),
        ("      - end:\n", "      - {}\n"),
        ("      - end:\n", "      - { end: listo, say: adiós }\n"),
        ("    text: \"¿Qué?\"", "    text:"),
    ] {
        assert!(whole.contains(known), "{known}");
        let text = whole.replace(known, wrong);
        assert!(!judged(&text).is_empty(), "{wrong}");
        let sources = [("prueba.yaml".to_owned(), text)].into();
        assert!(load::book(&sources).is_err(), "the reader refuses it as well: {wrong}");
    }
}

#[test]
fn every_object_is_closed_and_every_key_explained() {
    let mut objects = Vec::new();
    closed(&schema::schema(), &mut objects);
    assert!(objects.len() > 10, "{}", objects.len());
    for object in objects {
        assert_eq!(object.get("additionalProperties"), Some(&json!(false)), "{object:?}");
        let keys = object["properties"].as_object().unwrap();
        let explained = keys.len() == 1 && object.get("description").is_some();
        for (key, rule) in keys {
            // `{ handoff: reason }` is explained as a whole
            assert!(rule.get("description").is_some() || explained, "{key} of {object:?}");
        }
    }
}

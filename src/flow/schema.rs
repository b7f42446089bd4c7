//! The JSON Schema of a flow file: an editor marks a wrong key while it is typed, and shows what each key is for.
//!
//! It is derived from the structs that read the files. What it lets through may still be wrong (names, types,
//! outcomes): `flows check` has the last word.

use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

use super::raw;

/// The schema of every file of a folder of flows: fixed answers and texts kept apart too (draft 2020-12).
pub fn schema() -> Json {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let flow = generator.subschema_for::<raw::Flow>();
    let answers = generator.subschema_for::<raw::Answers>();
    let wording = generator.subschema_for::<raw::Wording>();
    let mut definitions = generator.take_definitions(true);
    definitions.values_mut().for_each(plain);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "smartSalud: a file of flows",
        "if": { "required": ["answers"] },
        "then": answers,
        "else": { "if": { "required": ["texts"] }, "then": wording, "else": flow },
        "$defs": definitions,
    })
}

/// A key without a value is read as if it were absent, but who writes it forgot something: only `end:` may stand
/// alone. Formats such as `uint32` are no business of an editor.
fn plain(definition: &mut Json) {
    let Some(Json::Object(properties)) = definition.get_mut("properties") else { return };
    for (key, property) in properties {
        let Some(property) = property.as_object_mut().filter(|_| key != "end") else { continue };
        property.remove("format");
        if let Some(Json::Array(types)) = property.get_mut("type") {
            types.retain(|of| of != "null");
            if let [only] = types.as_slice() {
                property["type"] = only.clone();
            }
        }
        let Some(Json::Array(any)) = property.get_mut("anyOf") else { continue };
        any.retain(|of| of.get("type").is_none_or(|of| of != "null"));
        if let [Json::Object(only)] = any.as_slice() {
            let only = only.clone();
            property.remove("anyOf");
            property.extend(only);
        }
    }
}

//! Templates: what may be sent outside the 24-hour window.

use std::collections::HashSet;

use serde_json::Value;

use super::{At, Checked, location, media};

pub(super) fn check(at: &At<'_>) -> Checked {
    at.only(&["name", "language", "components"])?;
    at.text("name", 1, 512)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    at.require(at.string("name")?.bytes().all(plain), "name", "may have small letters, digits and _ only")?;
    let language = at.child("language")?;
    language.only(&["code", "policy"])?;
    language.require(is_language(language.string("code")?), "code", "is no language")?;
    if language.object.contains_key("policy") {
        language.one_of("policy", &["deterministic"])?;
    }
    if !at.object.contains_key("components") {
        return Ok(());
    }
    let components = at.list("components", 0, 12)?;
    let (mut headers, mut bodies) = (0, 0);
    let mut button_places = HashSet::new();
    let (mut named, mut positional) = (false, false);
    for component in &components {
        match component.string("type")? {
            "header" => {
                component.only(&["type", "parameters"])?;
                headers += 1;
                header(&component.list("parameters", 1, 1)?[0])?;
            }
            "body" => {
                component.only(&["type", "parameters"])?;
                bodies += 1;
                component
                    .list("parameters", 1, 100)?
                    .iter()
                    .try_for_each(|parameter| text(parameter, 1024))?;
            }
            "button" => button_places
                .insert(button(component)?)
                .then_some(())
                .map_or_else(|| component.require(false, "index", "is there twice"), Ok)?,
            _ => component.require(false, "type", "is no component")?,
        }
        let mut names = HashSet::new();
        for parameter in component.list("parameters", 1, 100)? {
            if parameter.object.get("type").and_then(Value::as_str) != Some("text")
                || component.string("type")? == "button"
            {
                continue;
            }
            match parameter.string_if_any("parameter_name")? {
                Some(name) => {
                    named = true;
                    parameter.require(names.insert(name), "parameter_name", "is there twice")?;
                }
                None => positional = true,
            }
        }
    }
    at.require(
        headers <= 1 && bodies <= 1 && button_places.len() <= 10,
        "components",
        "has too many of one type",
    )?;
    at.require(!(named && positional), "components", "mixes named and positional parameters")
}

fn is_language(code: &str) -> bool {
    let (language, country) =
        code.split_once('_').map_or((code, None), |(language, country)| (language, Some(country)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && country.is_none_or(|c| (2..=3).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_uppercase()))
}

fn header(at: &At<'_>) -> Checked {
    let kind = at.string("type")?;
    if kind == "text" {
        return text(at, 60);
    }
    at.require(["image", "video", "document", "location"].contains(&kind), "type", "is no kind of header")?;
    at.only(&["type", kind])?;
    let content = at.child(kind)?;
    match kind {
        "location" => location(&content),
        "document" => media(&content, &["caption", "filename"]),
        _ => media(&content, &[]),
    }
}

fn text(at: &At<'_>, most: usize) -> Checked {
    at.only(&["type", "parameter_name", "text"])?;
    at.one_of("type", &["text"])?;
    at.text("text", 1, most)?;
    let words = at.string("text")?;
    at.require(
        !words.contains(['\n', '\r', '\t']) && !words.contains("     "),
        "text",
        "has a line break, a tab or five spaces",
    )?;
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    at.require(at.string_if_any("parameter_name")?.is_none_or(is_name), "parameter_name", "is no name")
}

/// Checks a button and tells its place.
fn button(at: &At<'_>) -> Checked<u64> {
    at.only(&["type", "sub_type", "index", "parameters"])?;
    let place =
        at.object.get("index").and_then(|index| index.as_u64().or_else(|| index.as_str()?.parse().ok()));
    at.require(place.is_some_and(|place| place <= 9), "index", "must be 0 to 9")?;
    let parameters = at.list("parameters", 1, 1)?;
    let parameter = &parameters[0];
    match at.string("sub_type")? {
        "quick_reply" => {
            parameter.only(&["type", "payload"])?;
            parameter.one_of("type", &["payload"])?;
            parameter.text("payload", 1, 256)?;
        }
        "url" => {
            parameter.only(&["type", "text"])?;
            parameter.one_of("type", &["text"])?;
            parameter.text("text", 1, 2000)?;
            parameter.require(
                !parameter.string("text")?.contains(char::is_whitespace),
                "text",
                "has a space",
            )?;
        }
        "flow" => {
            parameter.only(&["type", "action"])?;
            parameter.one_of("type", &["action"])?;
            parameter.child("action")?.only(&["flow_token", "flow_action_data"])?;
        }
        "copy_code" => {
            parameter.only(&["type", "coupon_code"])?;
            parameter.one_of("type", &["coupon_code"])?;
            parameter.text("coupon_code", 1, 15)?;
        }
        _ => at.require(false, "sub_type", "is no kind of button")?,
    }
    Ok(place.unwrap_or_default())
}

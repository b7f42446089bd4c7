//! Messages with something to tap: buttons, lists, links, forms.

use std::collections::HashSet;

use super::{At, Checked, is_url, media};

pub(super) fn check(at: &At<'_>) -> Checked {
    let kind = at.string("type")?;
    let kinds = ["button", "list", "cta_url", "flow", "location_request_message", "request_contact_info"];
    at.require(kinds.contains(&kind), "type", "is no kind of interactive message")?;
    let bare = ["location_request_message", "request_contact_info"].contains(&kind);
    at.only(if bare {
        &["type", "body", "action"][..]
    } else {
        &["type", "header", "body", "footer", "action"]
    })?;
    let body = at.child("body")?;
    body.only(&["text"])?;
    body.visible("text", if kind == "list" { 4096 } else { 1024 })?;
    if let Some(footer) = at.child_if_any("footer")? {
        footer.only(&["text"])?;
        footer.visible("text", 60)?;
    }
    if let Some(header) = at.child_if_any("header")? {
        interactive_header(&header, kind == "list")?;
    }
    let action = at.child("action")?;
    match kind {
        "button" => reply_buttons(&action),
        "list" => list_rows(&action),
        "cta_url" => {
            action.only(&["name", "parameters"])?;
            action.one_of("name", &["cta_url"])?;
            let parameters = action.child("parameters")?;
            parameters.only(&["display_text", "url"])?;
            parameters.visible("display_text", 20)?;
            parameters.require(is_url(parameters.string("url")?), "url", "is no URL")
        }
        "flow" => flow(&action),
        "location_request_message" => {
            action.only(&["name"])?;
            action.one_of("name", &["send_location"])
        }
        _ => {
            action.only(&["name"])?;
            action.one_of("name", &["request_contact_info"])
        }
    }
}

fn interactive_header(at: &At<'_>, text_only: bool) -> Checked {
    let kind = at.string("type")?;
    at.require(!text_only || kind == "text", "type", "must be text in a list")?;
    at.require(["text", "image", "video", "document"].contains(&kind), "type", "is no kind of header")?;
    at.only(&["type", kind])?;
    match kind {
        "text" => at.visible("text", 60),
        "document" => media(&at.child("document")?, &["caption", "filename"]),
        kind => media(&at.child(kind)?, &[]),
    }
}

fn reply_buttons(action: &At<'_>) -> Checked {
    action.only(&["buttons"])?;
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    for button in action.list("buttons", 1, 3)? {
        button.only(&["type", "reply"])?;
        button.one_of("type", &["reply"])?;
        let reply = button.child("reply")?;
        reply.only(&["id", "title"])?;
        reply.option_id(256)?;
        reply.visible("title", 20)?;
        reply.require(ids.insert(reply.string("id")?.to_owned()), "id", "is there twice")?;
        reply.require(titles.insert(reply.string("title")?.to_owned()), "title", "is there twice")?;
    }
    Ok(())
}

fn list_rows(action: &At<'_>) -> Checked {
    action.only(&["button", "sections"])?;
    action.visible("button", 20)?;
    let sections = action.list("sections", 1, 10)?;
    let mut ids = HashSet::new();
    for section in &sections {
        section.only(&["title", "rows"])?;
        if sections.len() > 1 || section.object.contains_key("title") {
            section.visible("title", 24)?;
        }
        for row in section.list("rows", 1, 10)? {
            row.only(&["id", "title", "description"])?;
            row.option_id(200)?;
            row.visible("title", 24)?;
            row.text_if_any("description", 1, 72)?;
            row.require(ids.insert(row.string("id")?.to_owned()), "id", "is there twice")?;
        }
    }
    action.require(ids.len() <= 10, "sections", "have more than 10 rows in all")
}

fn flow(action: &At<'_>) -> Checked {
    action.only(&["name", "parameters"])?;
    action.one_of("name", &["flow"])?;
    let at = action.child("parameters")?;
    at.only(&[
        "flow_message_version",
        "flow_id",
        "flow_name",
        "flow_cta",
        "mode",
        "flow_token",
        "flow_action",
        "flow_action_payload",
    ])?;
    at.one_of("flow_message_version", &["3"])?;
    let named = [at.string_if_any("flow_id")?, at.string_if_any("flow_name")?];
    at.require(named.iter().flatten().count() == 1, "flow_id", "and flow_name: exactly one is needed")?;
    at.visible("flow_cta", 30)?;
    at.text_if_any("flow_token", 1, 4096)?;
    let action = at.string_if_any("flow_action")?.unwrap_or("navigate");
    at.require(["navigate", "data_exchange"].contains(&action), "flow_action", "is no action")?;
    at.require(
        ["draft", "published"].contains(&at.string_if_any("mode")?.unwrap_or("published")),
        "mode",
        "is no mode",
    )?;
    let Some(payload) = at.child_if_any("flow_action_payload")? else { return Ok(()) };
    at.require(action == "navigate", "flow_action_payload", "goes with navigate only")?;
    payload.only(&["screen", "data"])?;
    let screen = payload.string("screen")?;
    payload.require(
        !screen.is_empty() && screen.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_'),
        "screen",
        "is no name of a screen",
    )?;
    match payload.child_if_any("data")? {
        Some(data) => payload.require(!data.object.is_empty(), "data", "is empty"),
        None => Ok(()),
    }
}

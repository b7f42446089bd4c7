//! All collected payloads of Meta's, twice, through the real route with their signatures.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use smartsalud::whatsapp::wire::{self, Item};
use sqlx::Row;

use super::world::{self, Edge};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/whatsapp/webhooks")
}

fn index() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("index.json")).unwrap()).unwrap()
}

fn body(file: &str) -> Vec<u8> {
    std::fs::read(folder().join(file)).unwrap()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

/// An item in the words of the index.
fn described(item: &Item) -> String {
    match item {
        Item::Message(message) => format!(
            "msg {} {} {} {}",
            message.phone_number_id,
            message.message_id,
            message.wire_type,
            message.sender.address().unwrap()
        ),
        Item::Status(status) => {
            let code = status.status.errors.first().map_or("-".to_owned(), ToString::to_string);
            format!(
                "status {} {} {} {code}",
                status.phone_number_id, status.status.message_id, status.status.status
            )
        }
        Item::Echo(_) => "other smb_message_echoes".to_owned(),
        Item::Notice(notice) if notice.name == "error" => {
            format!("error {} {}", notice.phone_number_id.as_deref().unwrap(), notice.payload["code"])
        }
        Item::Notice(notice) => match notice.key.split_once(':').unwrap() {
            ("account", _) => format!("other {}", notice.name),
            (number, id) => format!("msg {number} {id} {} ", notice.name),
        },
        Item::Odd(odd) => format!("skip {}", odd.reason),
        Item::Skipped { object } => format!("skip object {object}"),
    }
}

#[test]
fn every_payload_is_read_as_its_index_says_in_order() {
    for case in index()["cases"].as_array().unwrap() {
        let file = text(case, "file");
        let found: Vec<String> = wire::parse(&body(file)).unwrap().iter().map(described).collect();
        let expected: Vec<&str> =
            case["events"].as_array().unwrap().iter().map(|event| event.as_str().unwrap()).collect();
        assert_eq!(found.len(), expected.len(), "{file}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            match expected.strip_prefix("dup ") {
                // that it is a repetition is for the database to see
                Some(repeated) => assert!(found.starts_with(&format!("msg {repeated}")), "{file}: {found}"),
                // news of a number, a group, a revocation: read, but nobody's message (the sender is in the payload)
                None if found.ends_with(' ') => {
                    assert!(expected.starts_with(found), "{file}: {found} is not {expected}");
                }
                None => assert_eq!(found, expected, "{file}"),
            }
        }
    }
}

#[tokio::test]
async fn every_payload_is_stored_once_however_often_it_is_delivered() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::from_secs(1)).await;
    let index = index();
    let mut expected: BTreeSet<String> = BTreeSet::new();
    for case in index["cases"].as_array().unwrap() {
        for event in case["events"].as_array().unwrap() {
            match event.as_str().unwrap().split(' ').collect::<Vec<_>>()[..] {
                ["msg", number, id, ..] => expected.insert(format!("{number}:{id}")),
                ["status", number, id, status, _] => expected.insert(format!("{number}:{id}:{status}")),
                _ => false,
            };
        }
    }
    let mut after_each_round = Vec::new();
    for _ in 0..2 {
        for case in index["cases"].as_array().unwrap().iter().chain(index["raw"].as_array().unwrap()) {
            let file = text(case, "file");
            let header = format!("sha256={}", text(case, "sha256_hmac"));
            assert_eq!(edge.post_signed(body(file), Some(&header)).await, 200, "{file}");
        }
        let rows = sqlx::query("select kind, dedupe_key, payload::text, conversation_id, processed_at is null as waits from events order by id")
            .fetch_all(&pool)
            .await
            .unwrap();
        after_each_round.push(rows);
    }
    let [first, second] = &after_each_round[..] else { panic!() };
    assert_eq!(first.len(), second.len(), "a second delivery must change nothing");

    let of_kind = |kind: &str| first.iter().filter(|row| row.get::<&str, _>("kind") == kind).count();
    let keys: BTreeSet<String> = first.iter().map(|row| row.get("dedupe_key")).collect();
    let missing: Vec<&String> = expected.difference(&keys).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // not JSON, cut, a list, too deep; and the message that has no id
    assert_eq!(of_kind("unreadable"), 5);
    let others =
        index["cases"].as_array().unwrap().iter().flat_map(|case| case["events"].as_array().unwrap());
    let others = others
        .filter(|event| ["other ", "error "].iter().any(|prefix| event.as_str().unwrap().starts_with(prefix)))
        .count();
    // an answer from the centre's own phone belongs to a conversation
    assert_eq!(of_kind("echo"), 1);
    // two about numbers that changed hands, one revocation, one group
    assert_eq!(of_kind("account"), others - 1 + 4);

    for row in first {
        let (kind, waits): (&str, bool) = (row.get("kind"), row.get("waits"));
        assert_eq!(
            waits,
            matches!(kind, "message" | "status" | "echo"),
            "only what a turn or the outbox acts on may wait"
        );
        assert_eq!(
            row.get::<Option<i64>, _>("conversation_id").is_some(),
            matches!(kind, "message" | "echo")
        );
        let payload: &str = row.get("payload");
        let names = ["Sheena", "Nelson", "Ana Pérez", "ana.perez"];
        // what could not be read is kept as it came
        assert!(
            kind == "unreadable" || !names.iter().any(|name| payload.contains(name)),
            "a profile's name was kept: {kind}"
        );
    }
    let conversations: i64 =
        sqlx::query_scalar("select count(*) from conversations").fetch_one(&pool).await.unwrap();
    let senders: BTreeSet<(String, String)> = index["cases"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|case| wire::parse(&body(text(case, "file"))).unwrap())
        .filter_map(|item| match item {
            Item::Message(message) => Some((message.phone_number_id, message.sender.address()?.to_owned())),
            Item::Echo(echo) => Some((echo.phone_number_id, echo.to.address()?.to_owned())),
            _ => None,
        })
        .collect();
    assert!(
        conversations as usize <= senders.len(),
        "{conversations} conversations for {} senders",
        senders.len()
    );
}

#[tokio::test]
async fn only_what_is_signed_is_stored() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    let index = index();
    for case in index["signatures"].as_array().unwrap() {
        let before: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&pool).await.unwrap();
        let status = edge.post_signed(body(text(case, "body")), case["header"].as_str()).await;
        let after: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&pool).await.unwrap();
        let why = text(case, "why");
        if case["accept"].as_bool().unwrap() {
            assert_eq!(status, 200, "{why}");
        } else {
            assert!([401, 403].contains(&status) && before == after, "{why}: {status}");
        }
    }
    let mut flipped = body("001_text.json");
    flipped[100] ^= 1;
    let header = format!("sha256={}", text(&index["cases"][0], "sha256_hmac"));
    assert_eq!(edge.post_signed(flipped, Some(&header)).await, 401);
}

#[tokio::test]
async fn the_handshake_echoes_the_challenge_to_whoever_knows_the_token() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    for case in index()["verification"].as_array().unwrap() {
        let url = format!("{}?{}", edge.url, text(case, "query"));
        let answer = edge.http.get(url).send().await.unwrap();
        let why = text(case, "why");
        assert_eq!(u64::from(answer.status().as_u16()), case["status"].as_u64().unwrap(), "{why}");
        if let Some(expected) = case["body"].as_str() {
            assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"), "{why}");
            assert_eq!(answer.text().await.unwrap(), expected, "{why}");
        }
    }
}

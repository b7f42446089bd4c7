//! What the webhook promises to patients and to the queue.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::{PgPool, Row};

use super::world::{self, Edge, NUMBER, tap, text, with_messages};

const SETTLE: Duration = Duration::from_secs(60);

/// The waiting messages in the order in which a turn takes them: their words or taps, and whether they are due.
async fn waiting(pool: &PgPool) -> Vec<(String, bool)> {
    sqlx::query(
        "select coalesce(payload->'incoming'->>'text', payload->'incoming'->>'id', payload->'incoming'->>'type') as said, due_at <= app_now() as due
           from events where processed_at is null and kind = 'message' order by due_at, id",
    )
    .fetch_all(pool)
    .await
    .unwrap()
    .into_iter()
    .map(|row| (row.get("said"), row.get("due")))
    .collect()
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

fn words(list: &[(&str, bool)]) -> Vec<(String, bool)> {
    list.iter().map(|(said, due)| ((*said).to_owned(), *due)).collect()
}

#[tokio::test]
async fn a_text_waits_for_the_end_of_its_burst_and_a_tap_does_not() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    assert_eq!(edge.post(with_messages(&text("a", "56911112222", "hola"))).await, 200);
    assert_eq!(waiting(&pool).await, words(&[("hola", false)]));
    assert_eq!(edge.post(with_messages(&tap("b", "56933334444", "si"))).await, 200);
    assert_eq!(
        waiting(&pool).await,
        words(&[("si", true), ("hola", false)]),
        "another patient's text goes on waiting"
    );
    assert_eq!(edge.post(with_messages(&tap("c", "56911112222", "no"))).await, 200);
    assert_eq!(
        waiting(&pool).await,
        words(&[("si", true), ("hola", true), ("no", true)]),
        "what was said first is heard first"
    );
    assert_eq!(edge.wakes.load(Ordering::Relaxed), 3, "the queue is woken after each commit");
}

#[tokio::test]
async fn a_voice_note_is_not_heard_before_the_text_that_came_first() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    edge.post(with_messages(&text("a", "56911112222", "hola"))).await;
    edge.post(with_messages(
        r#"{"id":"b","from":"56911112222","type":"audio","audio":{"id":"1","voice":true}}"#,
    ))
    .await;
    assert_eq!(waiting(&pool).await, words(&[("hola", true), ("media", true)]));
}

#[tokio::test]
async fn a_reaction_neither_waits_nor_hurries_anything() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    edge.post(with_messages(&text("a", "56911112222", "hola"))).await;
    edge.post(with_messages(
        r#"{"id":"b","from":"56911112222","type":"reaction","reaction":{"message_id":"x","emoji":"👍"}}"#,
    ))
    .await;
    assert_eq!(waiting(&pool).await, words(&[("reaction", true), ("hola", false)]));
}

#[tokio::test]
async fn texts_that_follow_each_other_wait_together_but_not_for_ever() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::from_secs(3)).await;
    edge.post(with_messages(&text("a", "56911112222", "quiero"))).await;
    edge.post(with_messages(&text("b", "56911112222", "una hora"))).await;
    let same = count(&pool, "select count(distinct due_at) from events").await;
    assert_eq!(same, 1, "the first text is not answered while the second is still on its way");
    // both have waited for almost as long as any burst may take
    sqlx::query("update events set received_at = received_at - interval '4 s'").execute(&pool).await.unwrap();
    let due_at = "select due_at::text from events where dedupe_key like '%:a'";
    let before: String = sqlx::query_scalar(due_at).fetch_one(&pool).await.unwrap();
    edge.post(with_messages(&text("c", "56911112222", "por favor"))).await;
    let after: String = sqlx::query_scalar(due_at).fetch_one(&pool).await.unwrap();
    assert_eq!(before, after, "a patient who goes on typing is answered all the same");
}

#[tokio::test]
async fn a_repeated_delivery_changes_nothing() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    let body = with_messages(&text("a", "56911112222", "hola"));
    edge.post(body.clone()).await;
    let before: String =
        sqlx::query_scalar("select due_at::text from events").fetch_one(&pool).await.unwrap();
    assert_eq!(edge.post(body).await, 200);
    let after: Vec<String> =
        sqlx::query_scalar("select due_at::text from events").fetch_all(&pool).await.unwrap();
    assert_eq!(after, [before], "not even the wait starts again");
}

#[tokio::test]
async fn messages_of_one_body_are_taken_in_the_order_in_which_they_were_sent() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    let message = |id: &str, at: u32| {
        format!(
            r#"{{"id":"{id}","from":"56911112222","timestamp":"{at}","type":"text","text":{{"body":"{id}"}}}}"#
        )
    };
    let late_first =
        [message("third", 1_790_000_009), message("first", 1_790_000_001), message("second", 1_790_000_005)];
    edge.post(with_messages(&late_first.join(","))).await;
    assert_eq!(waiting(&pool).await, words(&[("first", true), ("second", true), ("third", true)]));
}

#[tokio::test]
async fn a_thousand_messages_in_one_body_are_answered_within_a_second() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    let messages: Vec<String> =
        (0..1000).map(|n| text(&format!("wamid.{n}"), &format!("5691111{:04}", n % 400), "hola")).collect();
    let body = with_messages(&messages.join(","));
    let took = smartsalud::clock::Stopwatch::start();
    assert_eq!(edge.post(body).await, 200);
    let took = took.elapsed();
    assert_eq!(count(&pool, "select count(*) from events").await, 1000);
    assert_eq!(count(&pool, "select count(*) from conversations").await, 400);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_webhook_does_not_wait_for_a_running_turn() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    edge.post(with_messages(&text("a", "56911112222", "hola"))).await;
    let mut turn = pool.begin().await.unwrap();
    sqlx::query("select from conversations for no key update").execute(&mut *turn).await.unwrap();
    sqlx::query("select from events for no key update").execute(&mut *turn).await.unwrap();
    // the client's timeout would fail this
    assert_eq!(edge.post(with_messages(&tap("b", "56911112222", "si"))).await, 200);
    turn.rollback().await.unwrap();
}

#[tokio::test]
async fn two_processes_that_get_the_same_messages_at_once_store_each_once() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edges = [Edge::start(&pool, SETTLE).await, Edge::start(&pool, SETTLE).await];
    let mut posts = tokio::task::JoinSet::new();
    for round in 0..60 {
        for edge in &edges {
            let edge = edge.clone();
            // the same messages in another order, from patients nobody has met
            let mut ids: Vec<u32> = (round * 5..round * 5 + 10).collect();
            if round % 2 == 0 {
                ids.reverse();
            }
            let messages: Vec<String> =
                ids.iter().map(|n| text(&format!("w{n}"), &format!("569{n:08}"), "hola")).collect();
            posts.spawn(async move { edge.post(with_messages(&messages.join(","))).await });
        }
    }
    while let Some(status) = posts.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(count(&pool, "select count(*) from events").await, 305);
    assert_eq!(
        count(&pool, "select count(*) from conversations").await,
        305,
        "one conversation each, and none without an address"
    );
    assert_eq!(count(&pool, "select count(distinct conversation_id) from addresses").await, 305);
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(count(&pool, deadlocks).await, 0);
}

#[tokio::test]
async fn concurrent_webhooks_share_commits() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    let mut posts = tokio::task::JoinSet::new();
    for n in 0..300 {
        let edge = edge.clone();
        posts.spawn(
            async move { edge.post(with_messages(&text(&format!("w{n}"), "56911112222", "hola"))).await },
        );
    }
    while let Some(status) = posts.join_next().await {
        assert_eq!(status.unwrap(), 200);
    }
    assert_eq!(count(&pool, "select count(*) from events").await, 300);
    let commits = edge.wakes.load(Ordering::Relaxed);
    assert!(commits < 200, "{commits} commits for 300 webhooks");
}

#[tokio::test]
async fn one_row_the_database_refuses_does_not_keep_the_others_out() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'refused' using errcode = '22000'; end $$;
         create trigger refuse before insert on events for each row when (new.dedupe_key like '%:bad') execute function refuse()",
    )
    .execute(&pool)
    .await
    .unwrap();
    let messages =
        [text("good", "56911112222", "a"), text("bad", "56911112222", "b"), text("fine", "56911112222", "c")];
    assert_eq!(edge.post(with_messages(&messages.join(","))).await, 200);
    assert_eq!(count(&pool, "select count(*) from events where kind = 'message'").await, 2);
    assert_eq!(count(&pool, "select count(*) from events where kind = 'unreadable'").await, 1);
    assert_eq!(edge.post(with_messages(&messages.join(","))).await, 200);
    assert_eq!(count(&pool, "select count(*) from events").await, 3, "a second delivery parks nothing twice");
}

#[tokio::test]
async fn without_a_database_the_webhook_asks_for_another_delivery() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    pool.close().await;
    assert_eq!(edge.post(with_messages(&text("a", "56911112222", "hola"))).await, 503);
}

#[tokio::test]
async fn the_new_owner_of_a_number_gets_a_conversation_of_their_own() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    let from = |id: &str, user_id: &str| {
        format!(
            r#"{{"id":"{id}","from":"56911112222","from_user_id":"{user_id}","type":"text","text":{{"body":"hola"}}}}"#
        )
    };
    edge.post(with_messages(&from("a", "CL.100"))).await;
    edge.post(with_messages(&from("b", "CL.100"))).await;
    assert_eq!(count(&pool, "select count(*) from conversations").await, 1);
    edge.post(with_messages(&from("c", "CL.200"))).await;
    assert_eq!(count(&pool, "select count(*) from conversations").await, 2);
    let owner = "select count(distinct conversation_id) from events where dedupe_key like '%:a' or dedupe_key like '%:c'";
    assert_eq!(count(&pool, owner).await, 2);
}

#[tokio::test]
async fn a_status_finds_the_conversation_of_what_it_is_about() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    edge.post(with_messages(&text("a", "56911112222", "hola"))).await;
    let outbox: i64 = sqlx::query_scalar(
        "insert into outbox (conversation_id, epoch, not_before, payload, created_at, wa_message_id)
         select id, 0, app_now(), '{}', app_now(), 'wamid.known' from conversations returning id",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let status = |number: &str, id: &str, tracker: &str| {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"{number}"}},
                "statuses":[{{"id":"{id}","status":"sent","timestamp":"1790000000"{tracker}}}]}}}}]}}]}}"#
        )
    };
    let tracker = format!(r#","biz_opaque_callback_data":"o{outbox}""#);
    edge.post(status(NUMBER, "wamid.new", &tracker)).await;
    edge.post(status(NUMBER, "wamid.known", "")).await;
    edge.post(status(world::OTHER_NUMBER, "wamid.elsewhere", &tracker)).await;
    edge.post(status(NUMBER, "wamid.unknown", "")).await;
    let found: Vec<(String, bool)> = sqlx::query("select payload->>'message_id' as id, conversation_id is not null as found from events where kind = 'status' order by id")
        .fetch_all(&pool)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.get("id"), row.get("found")))
        .collect();
    let expected =
        [("wamid.elsewhere", false), ("wamid.known", true), ("wamid.new", true), ("wamid.unknown", false)];
    assert_eq!(found, words(&expected));
}

#[tokio::test]
async fn a_number_that_belongs_to_no_centre_is_answered_and_ignored() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    let body = with_messages(&text("a", "56911112222", "hola")).replace(NUMBER, "999");
    assert_eq!(edge.post(body).await, 200);
    assert_eq!(count(&pool, "select count(*) from events").await, 0);
}

#[tokio::test]
async fn a_body_of_three_megabytes_is_taken() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, SETTLE).await;
    assert_eq!(edge.post(with_messages(&text("a", "56911112222", &"x".repeat(3_000_000)))).await, 200);
    assert_eq!(edge.post(vec![b' '; 5_000_000]).await, 413);
}

/// A webhook's body with what the centre's own phone sent.
fn with_echoes(echoes: &str) -> String {
    format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"smb_message_echoes","value":{{
            "metadata":{{"phone_number_id":"{NUMBER}"}},"message_echoes":[{echoes}]}}}}]}}]}}"#
    )
}

#[tokio::test]
async fn an_answer_from_the_centre_s_own_phone_joins_its_patient_s_conversation_without_its_words() {
    let database = world::database().await;
    let pool = database.pool.clone();
    let edge = Edge::start(&pool, Duration::ZERO).await;
    edge.post(with_messages(&text("a", "56911112222", "hola"))).await;
    let echo = r#"{"id":"e","from":"15550783881","to":"+56911112222","timestamp":"1790000000","type":"text","text":{"body":"Hola Luz"}}"#;
    for _ in 0..2 {
        assert_eq!(edge.post(with_echoes(echo)).await, 200);
    }
    let rows = sqlx::query(
        "select e.payload::text as said, e.conversation_id = m.conversation_id as same, e.processed_at is null as waits
         from events e cross join events m where e.kind = 'echo' and m.kind = 'message'",
    );
    let rows = rows.fetch_all(&pool).await.unwrap();
    assert_eq!(rows.len(), 1, "twice is once");
    assert_eq!((rows[0].get("said"), rows[0].get("same"), rows[0].get("waits")), ("{}", true, true));
    // to a group, to nobody, of no shape: nothing that a turn would take, and no words kept
    for odd in [
        r#"{"id":"g","to":"56911112222","group_id":"G1","text":{"body":"Hola Luz"}}"#,
        r#"{"id":"h","type":"text","text":{"body":"Hola Luz"}}"#,
        r#"{"to":"56911112222","text":{"body":"Hola Luz"}}"#,
        r#""Hola""#,
    ] {
        assert_eq!(edge.post(with_echoes(odd)).await, 200);
    }
    assert_eq!(count(&pool, "select count(*) from events where kind = 'echo'").await, 1);
    assert_eq!(count(&pool, "select count(*) from events where kind = 'unreadable'").await, 4);
    assert_eq!(count(&pool, "select count(*) from events where payload::text like '%Hola Luz%'").await, 0);
}

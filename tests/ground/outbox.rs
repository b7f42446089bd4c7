//! The outbox: claimed in order, dropped when a person speaks, settled once, never given up in silence.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smartsalud::id::{ConversationId, OutboxId};
use smartsalud::queue::job::{Claimed, Recipient};
use smartsalud::queue::line::Lines;
use smartsalud::queue::outcome::SendOutcome;
use smartsalud::queue::sender::{self, Deliver, send_waiting, send_waiting_on};
use smartsalud::queue::store::events::settle_statuses;
use smartsalud::queue::store::outbox::{self, Numbers, Settled};
use smartsalud::queue::wake::Wake;
use sqlx::postgres::PgPool;
use sqlx::{Postgres, Transaction};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness;
use crate::queue::conversation;

/// Messages of the conversation's present epoch, in this order.
async fn queue(pool: &PgPool, conversation: ConversationId, count: i32) -> Vec<OutboxId> {
    let ids = sqlx::query_scalar(
        "insert into outbox (conversation_id, epoch, not_before, payload, created_at)
         select c.id, c.epoch, app_now(), jsonb_build_object('text', 'mensaje ' || n), app_now()
         from conversations c, generate_series(1, $2) n where c.id = $1 order by n returning id",
    );
    ids.bind(conversation).bind(count).fetch_all(pool).await.unwrap().into_iter().map(OutboxId).collect()
}

async fn statuses(pool: &PgPool, conversation: ConversationId) -> Vec<String> {
    let read = sqlx::query_scalar("select status from outbox where conversation_id = $1 order by id");
    read.bind(conversation).fetch_all(pool).await.unwrap()
}

/// What WhatsApp's webhook leaves for a status.
async fn status(pool: &PgPool, conversation: Option<ConversationId>, outbox: OutboxId, status: &str) {
    let insert = sqlx::query(
        "insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
         values ($1, 'status', gen_random_uuid()::text, app_now(), app_now(),
                 jsonb_build_object('outbox', $2::bigint, 'message_id', 'wamid.' || $2, 'status', $3::text, 'errors', '[131026]'::jsonb))",
    );
    insert.bind(conversation).bind(outbox).bind(status).execute(pool).await.unwrap();
}

async fn settle_all(pool: &PgPool) {
    while settle_statuses(&mut pool.acquire().await.unwrap()).await.unwrap() {}
}

/// A channel that answers what it is told to, and notes what it was given.
#[derive(Clone)]
struct Channel {
    answers: Arc<Mutex<Vec<SendOutcome>>>,
    given: Arc<Mutex<Vec<Claimed>>>,
}

impl Channel {
    /// Answers these, one after the other, and accepts everything after them.
    fn answering(mut answers: Vec<SendOutcome>) -> Self {
        answers.reverse();
        Self { answers: Arc::new(Mutex::new(answers)), given: Arc::default() }
    }

    fn texts(&self) -> Vec<String> {
        self.given.lock().unwrap().iter().map(|one| one.message.text.clone()).collect()
    }
}

impl Deliver for Channel {
    async fn deliver(&self, message: &Claimed) -> SendOutcome {
        self.given.lock().unwrap().push(message.clone());
        let told = self.answers.lock().unwrap().pop();
        told.unwrap_or_else(|| SendOutcome::Accepted { wa_message_id: format!("wamid.{}", message.id) })
    }
}

#[tokio::test]
async fn messages_of_a_conversation_go_out_one_after_the_other() {
    let database = harness::database().await;
    let pool = &database.pool;
    let (one, other) = (conversation(pool).await, conversation(pool).await);
    let (first, second) = (queue(pool, one, 3).await, queue(pool, other, 1).await);
    let mut connection = pool.acquire().await.unwrap();
    let claimed: HashSet<OutboxId> = outbox::claim(&mut connection, 16, Numbers::AllBut(&[]))
        .await
        .unwrap()
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(claimed, HashSet::from([first[0], second[0]]), "the first of each");
    assert!(
        outbox::claim(&mut connection, 16, Numbers::AllBut(&[])).await.unwrap().is_empty(),
        "nobody overtakes one under way"
    );
    let accepted = Settled {
        id: first[0],
        status: "accepted",
        wa_message_id: Some("wamid.1".into()),
        code: None,
        detail: None,
        not_before: None,
    };
    outbox::settle(&mut connection, &[accepted]).await.unwrap();
    let next = outbox::claim(&mut connection, 16, Numbers::AllBut(&[])).await.unwrap();
    assert_eq!(next.iter().map(|one| one.id).collect::<Vec<_>>(), [first[1]]);
    let number = Recipient::WaId(format!("56900000{:03}", one.0));
    assert_eq!((&next[0].to, &*next[0].phone_number_id), (&number, "100"));
}

/// What a conversation was told of a message that did not arrive.
async fn told(pool: &PgPool, id: OutboxId) -> i64 {
    let told = sqlx::query_scalar(
        "select count(*) from events where kind = 'undelivered' and processed_at is null and dedupe_key = 'undelivered:' || $1",
    );
    told.bind(id).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_alone_and_its_conversation_is_told() {
    let database = harness::database().await;
    let pool = &database.pool;
    let broken = [
        r#"{"text": 7}"#,
        r#"{"words": "Hola Luz"}"#,
        r#"{"text": "Hola Luz", "options": [{"id": "a"}]}"#,
        "null",
        "[]",
        r#""Hola Luz""#,
    ];
    let mut rows = Vec::new();
    for payload in broken {
        let one = conversation(pool).await;
        let ids = queue(pool, one, 2).await;
        sqlx::query("update outbox set payload = $2::jsonb where id = $1")
            .bind(ids[0])
            .bind(payload)
            .execute(pool)
            .await
            .unwrap();
        rows.push((one, ids[0]));
    }
    let well = conversation(pool).await;
    queue(pool, well, 1).await;
    let channel = Channel::answering(vec![]);
    assert_eq!(send_waiting(pool, &channel, &database.clock).await.unwrap(), broken.len() + 1);
    assert_eq!(statuses(pool, well).await, ["accepted"], "one that can be read goes out");
    for (one, id) in rows {
        assert_eq!(statuses(pool, one).await, ["failed", "accepted"], "what stood behind it goes out too");
        assert_eq!(told(pool, id).await, 1);
        let detail: String = sqlx::query_scalar("select error_detail from outbox where id = $1")
            .bind(id)
            .fetch_one(pool)
            .await
            .unwrap();
        assert!(detail.contains("no message") && !detail.contains("Luz"), "{detail}");
    }
}

#[tokio::test]
async fn a_message_with_nobody_to_go_to_fails_with_that_reason_and_a_person_is_told() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let id = queue(pool, one, 1).await[0];
    sqlx::query("delete from addresses where conversation_id = $1").bind(one).execute(pool).await.unwrap();
    // whatever else waits: rows that cannot go out must not fill the batch for ever
    let well = conversation(pool).await;
    queue(pool, well, 1).await;
    let claimed = outbox::claim(&mut pool.acquire().await.unwrap(), 1, Numbers::AllBut(&[])).await.unwrap();
    assert_eq!(claimed.len(), 1, "the next one is looked for at once");
    assert_eq!(claimed[0].conversation, well);
    let (status, detail): (String, String) =
        sqlx::query_as("select status, error_detail from outbox where id = $1")
            .bind(id)
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!((&*status, &*detail), ("failed", "its conversation has no address to send to"));
    assert_eq!(told(pool, id).await, 1);
}

#[tokio::test]
async fn what_the_bot_had_queued_is_dropped_when_a_person_takes_over() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    queue(pool, one, 2).await;
    sqlx::query("update conversations set owner = 'staff', epoch = epoch + 1 where id = $1")
        .bind(one)
        .execute(pool)
        .await
        .unwrap();
    queue(pool, one, 1).await; // the person's own words
    let channel = Channel::answering(vec![]);
    send_waiting(pool, &channel, &database.clock).await.unwrap();
    assert_eq!(statuses(pool, one).await, ["dropped", "dropped", "accepted"]);
    assert_eq!(channel.texts(), ["mensaje 1"]);
}

#[tokio::test]
async fn a_conversation_in_a_turn_sends_nothing_until_the_turn_has_ended() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    queue(pool, one, 1).await;
    let mut turn = pool.begin().await.unwrap();
    sqlx::query("select 1 from conversations where id = $1 for no key update")
        .bind(one)
        .execute(&mut *turn)
        .await
        .unwrap();
    let channel = Channel::answering(vec![]);
    assert_eq!(send_waiting(pool, &channel, &database.clock).await.unwrap(), 0);
    turn.commit().await.unwrap();
    assert_eq!(send_waiting(pool, &channel, &database.clock).await.unwrap(), 1);
}

#[tokio::test]
async fn a_message_refused_for_the_moment_is_tried_again_later_each_time_and_then_the_turn_is_told() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let id = queue(pool, one, 1).await[0];
    let channel = Channel::answering(vec![SendOutcome::Retry { code: Some(131_000) }; 5]);
    for attempt in 1..=5 {
        assert_eq!(send_waiting(pool, &channel, &database.clock).await.unwrap(), 1, "try {attempt}");
        assert_eq!(
            send_waiting(pool, &channel, &database.clock).await.unwrap(),
            0,
            "it waits after try {attempt}"
        );
        database.clock.advance(Duration::from_secs(320));
    }
    assert_eq!(statuses(pool, one).await, ["failed"]);
    let told: (String, i32) = sqlx::query_as(
        "select kind, (payload->>'code')::int from events where dedupe_key = 'undelivered:' || $1",
    )
    .bind(id)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(told, ("undelivered".to_owned(), 131_000));
}

#[tokio::test]
async fn an_outage_of_whatsapp_fails_no_message_for_a_day() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    queue(pool, one, 1).await;
    let mut answers = vec![SendOutcome::Retry { code: None }; 40];
    answers.push(SendOutcome::Accepted { wa_message_id: "wamid.late".to_owned() });
    let channel = Channel::answering(answers);
    for attempt in 1..=41 {
        assert_eq!(send_waiting(pool, &channel, &database.clock).await.unwrap(), 1, "try {attempt}");
        database.clock.advance(Duration::from_secs(320));
    }
    assert_eq!(statuses(pool, one).await, ["accepted"]);
}

/// A conversation on another number of the centre's.
async fn on_another_number(pool: &PgPool) -> ConversationId {
    let one = conversation(pool).await;
    for table in [
        "conversations set phone_number_id = '200' where id",
        "addresses set phone_number_id = '200' where conversation_id",
    ] {
        sqlx::query(sqlx::AssertSqlSafe(format!("update {table} = $1")))
            .bind(one)
            .execute(pool)
            .await
            .unwrap();
    }
    one
}

#[tokio::test]
async fn a_number_that_is_stopped_makes_one_call_in_five_minutes_and_holds_up_no_other_number() {
    let database = harness::database().await;
    let (pool, clock) = (&database.pool, &database.clock);
    let mut stopped = Vec::new();
    for _ in 0..30 {
        let one = conversation(pool).await;
        queue(pool, one, 1).await;
        stopped.push(one);
    }
    let lines = Lines::default();
    let channel = Channel::answering(vec![SendOutcome::StopTheLine { code: 190 }; 20]);
    let calls = || channel.given.lock().unwrap().len();
    send_waiting_on(pool, &channel, clock, &lines).await.unwrap();
    assert_eq!(calls(), 16, "those that were claimed together");
    let other = on_another_number(pool).await;
    queue(pool, other, 1).await;
    channel.answers.lock().unwrap().push(SendOutcome::Accepted { wa_message_id: "wamid.other".to_owned() });
    send_waiting_on(pool, &channel, clock, &lines).await.unwrap();
    assert_eq!((calls(), &*statuses(pool, other).await[0]), (17, "accepted"));
    for round in 1..=4 {
        clock.advance(Duration::from_secs(299));
        assert_eq!(send_waiting_on(pool, &channel, clock, &lines).await.unwrap(), 0);
        clock.advance(Duration::from_secs(1));
        assert_eq!(send_waiting_on(pool, &channel, clock, &lines).await.unwrap(), 1, "round {round}");
    }
    clock.advance(Duration::from_secs(300));
    send_waiting_on(pool, &channel, clock, &lines).await.unwrap();
    for one in stopped {
        assert_eq!(statuses(pool, one).await, ["accepted"], "when the operator has acted, nothing is lost");
    }
    let tries: i64 = sqlx::query_scalar("select sum(attempts) from outbox").fetch_one(pool).await.unwrap();
    assert_eq!(usize::try_from(tries).unwrap(), calls(), "what waits is not worn out by waiting");
}

#[tokio::test]
async fn a_number_that_is_too_fast_rests_and_a_patient_written_to_too_fast_waits_alone() {
    let database = harness::database().await;
    let (pool, clock) = (&database.pool, &database.clock);
    let (one, other) = (conversation(pool).await, conversation(pool).await);
    queue(pool, one, 1).await;
    let lines = Lines::default();
    let channel = Channel::answering(vec![
        SendOutcome::SlowNumber { code: 130_429 },
        SendOutcome::SlowPair { code: 131_056 },
    ]);
    send_waiting_on(pool, &channel, clock, &lines).await.unwrap();
    queue(pool, other, 1).await;
    assert_eq!(send_waiting_on(pool, &channel, clock, &lines).await.unwrap(), 0, "the number rests");
    clock.advance(Duration::from_secs(1));
    let third = conversation(pool).await;
    queue(pool, third, 1).await;
    // the first to try is the patient written to too fast: that answer opens the number for all others
    assert_eq!(send_waiting_on(pool, &channel, clock, &lines).await.unwrap(), 2);
    let left = [one, other, third].map(|one| statuses(pool, one));
    let left: Vec<String> = futures_util::future::join_all(left).await.concat();
    assert_eq!(left.iter().filter(|status| *status == "accepted").count(), 1);
    clock.advance(Duration::from_secs(10));
    send_waiting_on(pool, &channel, clock, &lines).await.unwrap();
    for one in [one, other, third] {
        assert_eq!(statuses(pool, one).await, ["accepted"]);
    }
}

#[tokio::test]
async fn a_refusal_that_may_be_our_own_fault_is_tried_once_more_and_no_oftener() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let id = queue(pool, one, 1).await[0];
    let channel = Channel::answering(vec![SendOutcome::RetryOnce { code: 1 }; 5]);
    for _ in 0..4 {
        send_waiting(pool, &channel, &database.clock).await.unwrap();
        database.clock.advance(Duration::from_mins(5));
    }
    assert_eq!((channel.texts().len(), statuses(pool, one).await), (2, vec!["failed".to_owned()]));
    assert_eq!(told(pool, id).await, 1);
}

#[tokio::test]
async fn a_message_of_unknown_outcome_is_tried_once_more_and_then_left_as_unconfirmed() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    queue(pool, one, 1).await;
    // refused twice before: that says nothing of the try whose answer never came
    let slow = SendOutcome::SlowPair { code: 131_056 };
    let channel = Channel::answering(vec![slow.clone(), slow, SendOutcome::Unknown, SendOutcome::Unknown]);
    let two_minutes = Duration::from_mins(2);
    for _ in 0..3 {
        send_waiting(pool, &channel, &database.clock).await.unwrap();
        database.clock.advance(Duration::from_secs(100));
    }
    assert_eq!(statuses(pool, one).await, ["sending"]);
    let recover = async || outbox::recover(&mut pool.acquire().await.unwrap(), two_minutes).await.unwrap();
    assert_eq!(recover().await, 0, "two minutes have not passed");
    database.clock.advance(Duration::from_secs(20));
    assert_eq!(recover().await, 1);
    assert_eq!(statuses(pool, one).await, ["queued"]);
    send_waiting(pool, &channel, &database.clock).await.unwrap();
    database.clock.advance(two_minutes);
    assert_eq!(recover().await, 1);
    assert_eq!(statuses(pool, one).await, ["unconfirmed"]);
    let told = "select count(*) from events where kind = 'undelivered'";
    assert_eq!(sqlx::query_scalar::<_, i64>(told).fetch_one(pool).await.unwrap(), 1, "a person must look");
    assert_eq!(channel.texts().len(), 4);
}

#[tokio::test]
async fn a_status_never_goes_back_whatever_the_order_in_which_they_come() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    for (came, stays) in [
        (&["sent", "delivered", "read"][..], "read"),
        (&["read", "delivered", "sent"], "read"),
        (&["delivered", "failed"], "delivered"),
        (&["failed", "delivered"], "delivered"),
        (&["sent", "failed"], "failed"),
        (&["played", "sent"], "read"),
        (&["sent", "a status of next year"], "sent"),
    ] {
        for together in [true, false] {
            let id = queue(pool, one, 1).await[0];
            send_waiting(pool, &Channel::answering(vec![]), &database.clock).await.unwrap();
            for name in came {
                status(pool, Some(one), id, name).await;
                if !together {
                    settle_all(pool).await;
                }
            }
            settle_all(pool).await;
            assert_eq!(statuses(pool, one).await.last().unwrap(), stays, "{came:?}, together: {together}");
        }
    }
}

#[tokio::test]
async fn a_status_that_comes_before_our_answer_is_kept() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let id = queue(pool, one, 1).await[0];
    let claimed = outbox::claim(&mut pool.acquire().await.unwrap(), 1, Numbers::AllBut(&[])).await.unwrap();
    assert_eq!(claimed[0].id, id);
    status(pool, Some(one), id, "delivered").await;
    settle_all(pool).await;
    let late =
        Settled { id, status: "queued", wa_message_id: None, code: None, detail: None, not_before: None };
    outbox::settle(&mut pool.acquire().await.unwrap(), &[late]).await.unwrap();
    assert_eq!(statuses(pool, one).await, ["delivered"], "it arrived: it is not sent again");
}

#[tokio::test]
async fn a_status_of_another_number_s_message_changes_nothing() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let id = queue(pool, one, 1).await[0];
    // the webhook found no conversation for it: the id is ours only by chance
    status(pool, None, id, "read").await;
    settle_all(pool).await;
    assert_eq!(statuses(pool, one).await, ["queued"]);
    let outcome: String =
        sqlx::query_scalar("select outcome from events where kind = 'status'").fetch_one(pool).await.unwrap();
    assert_eq!(outcome, "unmatched");
}

#[tokio::test]
async fn sender_and_statuses_lock_rows_in_the_order_of_ids_and_so_never_wait_crosswise() {
    let database = harness::database_in_real_time().await;
    let pool = &database.pool;
    let mut ids = Vec::new();
    for _ in 0..30 {
        let one = conversation(pool).await;
        let id = queue(pool, one, 1).await[0];
        status(pool, Some(one), id, "delivered").await;
        ids.push(id);
    }
    // its newest version now lies behind all others, where a scan of the table comes last
    let first = ids[0];
    sqlx::query("update outbox set attempts = 1 where id = $1").bind(first).execute(pool).await.unwrap();
    let backwards: Vec<Settled> = ids
        .iter()
        .rev()
        .map(|id| Settled {
            id: *id,
            status: "accepted",
            wa_message_id: None,
            code: None,
            detail: None,
            not_before: None,
        })
        .collect();
    let sender = async || outbox::settle(&mut pool.acquire().await.unwrap(), &backwards).await.unwrap();
    let statuses = async || settle_all(pool).await;
    let holder = held(pool, first).await;
    tokio::join!(others_are_free(pool, first, holder), sender());
    let holder = held(pool, first).await;
    tokio::join!(others_are_free(pool, first, holder), statuses());
}

async fn held(pool: &PgPool, row: OutboxId) -> Transaction<'static, Postgres> {
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("select 1 from outbox where id = $1 for update")
        .bind(row)
        .execute(&mut *holder)
        .await
        .unwrap();
    holder
}

/// Waits until somebody wants the first row, and sees that they have taken no other.
async fn others_are_free(pool: &PgPool, first: OutboxId, holder: Transaction<'_, Postgres>) {
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let free: Vec<i64> = sqlx::query_scalar("select id from outbox where id <> $1 for update skip locked")
        .bind(first)
        .fetch_all(pool)
        .await
        .unwrap();
    assert_eq!(free.len(), 29, "whoever waits for the first holds no other");
    holder.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_asked_to_stop_settles_what_it_has_sent() {
    let database = harness::database_in_real_time().await;
    let pool = &database.pool;
    let mut conversations = Vec::new();
    for _ in 0..10 {
        let one = conversation(pool).await;
        queue(pool, one, 2).await;
        conversations.push(one);
    }
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    let channel = Channel::answering(vec![]);
    sender::spawn(&tracker, &stop, pool, &channel, &Wake::default(), &database.clock);
    while channel.texts().len() < 5 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    let left: i64 = sqlx::query_scalar("select count(*) from outbox where status = 'sending'")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(left, 0, "all that went out is settled");
    let accepted: i64 = sqlx::query_scalar("select count(*) from outbox where status = 'accepted'")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(accepted).unwrap(), channel.texts().len());
}

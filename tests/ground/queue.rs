//! Events: claimed, ordered, counted, parked. The turns here are small, but their transactions are real.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use smartsalud::clock::Clock;
use smartsalud::id::{ConversationId, EventId};
use smartsalud::queue::job::Due;
use smartsalud::queue::store::events;
use smartsalud::queue::wake::Wake;
use smartsalud::queue::worker::{self, Looked, Queued, RunTurn, TurnFailed, take_turn};
use sqlx::postgres::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness;

/// A conversation of a centre.
pub(crate) async fn conversation(pool: &PgPool) -> ConversationId {
    let id = sqlx::query_scalar(
        "with centre as (
           insert into centers (code, name, tz, phone_number_id) values ('uno', 'CESFAM Uno', 'America/Santiago', '100')
           on conflict (code) do update set name = excluded.name
           returning id
         ), made as (
           insert into conversations (center_id, phone_number_id, created_at) select id, '100', app_now() from centre
           returning id
         ), known as (
           insert into addresses (phone_number_id, kind, value, conversation_id)
           select '100', 'wa_id', '56900000' || lpad(id::text, 3, '0'), id from made
         )
         select id from made",
    );
    ConversationId(id.fetch_one(pool).await.unwrap())
}

/// Events of a conversation, due now, in this order.
async fn due_now(pool: &PgPool, conversation: ConversationId, count: usize) -> Vec<EventId> {
    let mut ids = Vec::new();
    for place in 0..count {
        let id = sqlx::query_scalar(
            "insert into events (conversation_id, kind, dedupe_key, received_at, due_at, payload)
             values ($1, 'staff', gen_random_uuid()::text, app_now(), app_now(), $2) returning id",
        )
        .bind(conversation)
        .bind(json!({ "place": place }));
        ids.push(EventId(id.fetch_one(pool).await.unwrap()));
    }
    ids
}

async fn text(pool: &PgPool, sql: &str, id: i64) -> Option<String> {
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).bind(id).fetch_one(pool).await.unwrap()
}

/// What a turn of these tests does with the first event it is shown.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Handle,
    Fail,
    Panic,
}

/// What a turn was shown.
type Shown = (ConversationId, Vec<EventId>);

/// Writes down what it was shown, and checks that it is alone with its conversation.
#[derive(Clone)]
struct Turns {
    seen: Arc<Mutex<Vec<Shown>>>,
    busy: Arc<Mutex<HashMap<ConversationId, Arc<AtomicBool>>>>,
    act: Arc<Mutex<Act>>,
    /// A turn waits here when it is set.
    gate: Option<Arc<Notify>>,
}

impl Turns {
    fn that(act: Act) -> Self {
        let act = Arc::new(Mutex::new(act));
        Self { seen: Arc::default(), busy: Arc::default(), act, gate: None }
    }

    fn seen(&self) -> Vec<(ConversationId, Vec<EventId>)> {
        self.seen.lock().unwrap().clone()
    }
}

impl RunTurn for Turns {
    type Done = ();

    async fn run(
        &self,
        tx: &mut PgConnection,
        conversation: ConversationId,
        due: &[Due],
    ) -> Result<(), TurnFailed> {
        let busy = Arc::clone(self.busy.lock().unwrap().entry(conversation).or_default());
        assert!(!busy.swap(true, Ordering::SeqCst), "two turns of {conversation} at once");
        self.seen.lock().unwrap().push((conversation, due.iter().map(|one| one.id).collect()));
        let done = async {
            sqlx::query("insert into outbox (conversation_id, epoch, not_before, payload, created_at) values ($1, 0, app_now(), '{\"text\":\"hola\"}', app_now())")
                .bind(conversation)
                .execute(&mut *tx)
                .await?;
            sqlx::query("update events set processed_at = app_now(), outcome = 'done' where id = $1")
                .bind(due[0].id)
                .execute(&mut *tx)
                .await
        };
        let done = done.await;
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        busy.store(false, Ordering::SeqCst);
        let act = *self.act.lock().unwrap();
        match act {
            Act::Handle => {
                done.map(drop).map_err(|error| TurnFailed { error: error.into(), retryable: false })
            }
            Act::Fail => Err(TurnFailed { error: anyhow::anyhow!("on purpose"), retryable: false }),
            Act::Panic => panic!("on purpose"),
        }
    }

    async fn committed(&self, (): ()) -> Queued {
        Queued::Nothing
    }
}

async fn look(pool: &PgPool, turns: &Turns, clock: &Clock) -> Looked {
    take_turn(pool, turns, &Wake::default(), clock).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_share_conversations_and_each_keeps_its_order() {
    let database = harness::database_in_real_time().await;
    let pool = &database.pool;
    let mut expected = HashMap::new();
    for _ in 0..12 {
        let one = conversation(pool).await;
        expected.insert(one, due_now(pool, one, 8).await);
    }
    let turns = Turns::that(Act::Handle);
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    worker::spawn(&tracker, &stop, 4, pool, &turns, &Wake::default(), &database.clock);
    let open = "select count(*)::text from events where processed_at is null and id > $1";
    while text(pool, open, 0).await.as_deref() != Some("0") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    tracker.close();
    tracker.wait().await;
    let mut handled: HashMap<ConversationId, Vec<EventId>> = HashMap::new();
    for (conversation, due) in turns.seen() {
        handled.entry(conversation).or_default().push(due[0]);
    }
    assert_eq!(handled, expected, "each event once, in order");
}

#[tokio::test]
async fn an_event_that_fails_five_times_is_parked_and_its_conversation_given_to_a_person() {
    let database = harness::database().await;
    let (pool, clock) = (&database.pool, &database.clock);
    let one = conversation(pool).await;
    let events = due_now(pool, one, 2).await;
    let turns = Turns::that(Act::Fail);
    for attempt in 1..=5 {
        assert_eq!(look(pool, &turns, clock).await, Looked::Failed);
        let attempts = text(pool, "select attempts::text from events where id = $1", events[0].0).await;
        assert_eq!(attempts.as_deref(), Some(&*attempt.to_string()));
        if attempt < 5 {
            assert_eq!(look(pool, &turns, clock).await, Looked::Nothing, "it rests after failure {attempt}");
        }
        clock.advance(Duration::from_secs(25));
    }
    let shown: Vec<usize> = turns.seen().iter().map(|(_, due)| due.len()).collect();
    assert_eq!(shown, [2, 1, 1, 1, 1], "after a failure, one event alone");
    let outcome = text(pool, "select outcome from events where id = $1", events[0].0).await;
    assert_eq!(outcome.as_deref(), Some("parked"));
    let who = "select owner || ' ' || stage || ' ' || stuck_reason || ' ' || epoch from conversations where id = $1";
    assert_eq!(text(pool, who, one.0).await.as_deref(), Some("staff WithStaff parked 0"));
    let noted = "select string_agg(kind, ' ') from journal where conversation_id = $1";
    assert_eq!(text(pool, noted, one.0).await.as_deref(), Some("parked"));
    // the next event is not lost with it
    *turns.act.lock().unwrap() = Act::Handle;
    assert_eq!(look(pool, &turns, clock).await, Looked::Turn);
    assert_eq!(turns.seen().last().unwrap().1, [events[1]]);
}

#[tokio::test]
async fn a_turn_that_panics_leaves_nothing_behind_but_its_count() {
    let database = harness::database().await;
    let (pool, clock) = (&database.pool, &database.clock);
    let one = conversation(pool).await;
    let events = due_now(pool, one, 1).await;
    assert_eq!(look(pool, &Turns::that(Act::Panic), clock).await, Looked::Failed);
    let left = "select (select count(*) from outbox where conversation_id = $1)::text";
    assert_eq!(text(pool, left, one.0).await.as_deref(), Some("0"));
    let state = "select attempts || ' ' || (processed_at is null) from events where id = $1";
    assert_eq!(text(pool, state, events[0].0).await.as_deref(), Some("1 true"));
}

#[tokio::test]
async fn a_conversation_that_rests_keeps_nobody_waiting() {
    let database = harness::database().await;
    let (pool, clock) = (&database.pool, &database.clock);
    let (broken, well) = (conversation(pool).await, conversation(pool).await);
    due_now(pool, broken, 1).await;
    assert_eq!(look(pool, &Turns::that(Act::Fail), clock).await, Looked::Failed);
    clock.advance(Duration::from_millis(1));
    due_now(pool, well, 1).await;
    let turns = Turns::that(Act::Handle);
    assert_eq!(look(pool, &turns, clock).await, Looked::Turn);
    assert_eq!(turns.seen()[0].0, well);
}

#[tokio::test]
async fn a_patient_with_many_events_in_hand_hides_nobody() {
    let database = harness::database().await;
    let pool = &database.pool;
    let flood = conversation(pool).await;
    due_now(pool, flood, 100).await;
    database.clock.advance(Duration::from_secs(1));
    let patient = conversation(pool).await;
    due_now(pool, patient, 1).await;
    let mut in_hand = pool.begin().await.unwrap();
    assert_eq!(events::claim(&mut in_hand).await.unwrap(), Some(flood));
    let mut other = pool.begin().await.unwrap();
    assert_eq!(events::claim(&mut other).await.unwrap(), Some(patient));
    let mut third = pool.begin().await.unwrap();
    assert_eq!(events::claim(&mut third).await.unwrap(), None);
}

#[tokio::test]
async fn a_failure_is_counted_after_the_worker_that_has_the_conversation_and_never_crosswise() {
    let database = harness::database_in_real_time().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let event = due_now(pool, one, 1).await[0];
    // another worker took the conversation between our rollback and our count
    let mut other = pool.begin().await.unwrap();
    assert_eq!(events::claim(&mut other).await.unwrap(), Some(one));
    let mut counting = pool.acquire().await.unwrap();
    let (counted, ()) = tokio::join!(
        async { events::failed(&mut counting, one, event, Duration::from_secs(1)).await },
        async {
            let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let handled =
                sqlx::query("update events set processed_at = app_now(), outcome = 'done' where id = $1")
                    .bind(event);
            handled.execute(&mut *other).await.unwrap();
            other.commit().await.unwrap();
        }
    );
    assert!(!counted.expect("no deadlock"));
    let state = "select attempts || ' ' || outcome from events where id = $1";
    assert_eq!(text(pool, state, event.0).await.as_deref(), Some("0 done"), "it was handled after all");
}

#[tokio::test]
async fn what_goes_on_from_the_turn_before_comes_first_then_whatsapp_s_order() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    // (kind, seconds of WhatsApp's time, due in milliseconds)
    for (key, kind, sent, due) in [
        ("late", "message", Some(30), 0),
        ("early", "message", Some(10), 0),
        ("waits for its burst", "message", Some(40), 900),
        ("goes on", "continue", None, 0),
        ("not yet", "timer", None, 60_000),
    ] {
        let insert = sqlx::query(
            "insert into events (conversation_id, kind, dedupe_key, received_at, sent_at, due_at, payload)
             values ($1, $2, $3, app_now(), app_now() - interval '1 minute' + $4 * interval '1 second',
                     app_now() + $5 * interval '1 millisecond', '{}')",
        );
        insert.bind(one).bind(kind).bind(key).bind(sent).bind(due).execute(pool).await.unwrap();
    }
    let mut tx = pool.begin().await.unwrap();
    let due = events::due(&mut tx, one).await.unwrap();
    let mut keys = Vec::new();
    for event in due {
        keys.push(text(pool, "select dedupe_key from events where id = $1", event.id.0).await.unwrap());
    }
    assert_eq!(keys, ["goes on", "early", "late", "waits for its burst"]);
}

#[tokio::test]
async fn the_same_key_twice_is_one_event() {
    let database = harness::database().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    let mut connection = pool.acquire().await.unwrap();
    for _ in 0..2 {
        events::insert(&mut connection, one, "staff", "staff:1", &json!({})).await.unwrap();
    }
    assert_eq!(
        text(pool, "select count(*)::text from events where conversation_id = $1", one.0).await.as_deref(),
        Some("1")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_asked_to_stop_finishes_the_turn_it_is_in_and_takes_no_other() {
    let database = harness::database_in_real_time().await;
    let pool = &database.pool;
    let one = conversation(pool).await;
    due_now(pool, one, 2).await;
    let gate = Arc::new(Notify::new());
    let turns = Turns { gate: Some(Arc::clone(&gate)), ..Turns::that(Act::Handle) };
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    worker::spawn(&tracker, &stop, 1, pool, &turns, &Wake::default(), &database.clock);
    while turns.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.cancel();
    tracker.close();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), tracker.wait()).await.is_err(),
        "the turn is not cut off"
    );
    gate.notify_one();
    tracker.wait().await;
    assert_eq!(turns.seen().len(), 1);
    let done = "select count(*) filter (where outcome = 'done')::text from events where conversation_id = $1";
    assert_eq!(text(pool, done, one.0).await.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_up_reaches_the_workers_of_another_process() {
    let database = harness::database_in_real_time().await;
    let (here, there, stop) = (Wake::default(), Wake::default(), CancellationToken::new());
    for wake in [&here, &there] {
        tokio::spawn(Wake::connect(wake.clone(), database.pool.clone(), stop.clone()));
    }
    let heard = async {
        loop {
            here.turns(); // until the other one listens, nobody hears
            if tokio::time::timeout(Duration::from_millis(100), there.for_turns()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("the other process was never woken");
    stop.cancel();
}

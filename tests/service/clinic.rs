//! A clinic that runs: database, service, and a simulated WhatsApp that writes to it.

use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use smartsalud::app::{Parts, Service};
use smartsalud::clock::Clock;
use smartsalud::database::pool::{PoolSettings, connect};
use smartsalud::database::testing::Scratch;
use smartsalud::flow::built_in;
use smartsalud::whatsapp::simulator::{Bubble, Simulator, SimulatorSettings, Statuses};
use smartsalud::{http, transfer, whatsapp};
use sqlx::AssertSqlSafe;

use super::harness;

pub(crate) const NUMBER: &str = "100000000000001";

pub(crate) struct Clinic {
    pub(crate) database: Scratch,
    pub(crate) whatsapp: Simulator,
    service: Service,
}

/// A simulated WhatsApp with the sample centre's number.
pub(crate) async fn simulator() -> Simulator {
    let settings = SimulatorSettings {
        numbers: vec![NUMBER.to_owned()],
        statuses: Statuses::All,
        ..SimulatorSettings::default()
    };
    Simulator::start(settings).await.unwrap()
}

impl Clinic {
    /// The sample centre.
    pub(crate) async fn open() -> Self {
        let database = harness::database_in_real_time().await;
        let today = Clock::system().now().with_timezone(&chrono_tz::America::Santiago).date_naive();
        transfer::load_demo(&database.pool, today).await.unwrap();
        Self::on(database).await
    }

    /// A service on a database that is filled already.
    pub(crate) async fn on(database: Scratch) -> Self {
        // SMARTSALUD_TEST_LOG=warn cargo test …: what the service says while a test runs
        if let Ok(filter) = std::env::var("SMARTSALUD_TEST_LOG") {
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
        }
        let whatsapp = simulator().await;
        let settings = whatsapp.settings().clone();
        let clock = Clock::system();
        let client = whatsapp::Client::new(
            // as in production: longer than a stop waits
            http::client(Duration::from_secs(20)),
            whatsapp.graph_url().unwrap(),
            "v25.0",
            SecretString::from(settings.access_token),
        );
        let pool = |max| PoolSettings { max, ..PoolSettings::default() };
        let service = Service::start(Parts {
            pool: connect(database.options(), pool(16), &clock).await.unwrap(),
            map_pool: connect(database.options(), pool(2), &clock).await.unwrap(),
            clock,
            flows: built_in::sources(),
            client,
            app_secrets: vec![SecretString::from(settings.app_secret)],
            verify_token: SecretString::from("word"),
            settle: Duration::from_millis(20),
            hold_for: TimeDelta::minutes(10),
            workers: 8,
            unconfirmed_after: Duration::from_secs(120),
        })
        .await
        .unwrap();
        let (address, _server) =
            service.serve("127.0.0.1:0".parse().unwrap(), service.routes()).await.unwrap();
        whatsapp.point_to(&format!("http://{address}/webhook"));
        Self { database, whatsapp, service }
    }

    /// The patient writes and reads the answer.
    pub(crate) async fn says(&self, phone: &str, text: &str) -> Bubble {
        self.whatsapp.patient_says(phone, text).await.unwrap();
        self.whatsapp.next_reply(phone).await
    }

    /// The patient taps an option of a bubble by its place and reads the answer.
    pub(crate) async fn taps(&self, phone: &str, bubble: &Bubble, place: usize) -> Bubble {
        self.whatsapp.patient_taps(phone, &bubble.options[place].id).await.unwrap();
        self.whatsapp.next_reply(phone).await
    }

    /// A number from the database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        count(&self.database, sql).await
    }

    /// Stops as it is, with whatever is under way.
    pub(crate) async fn stop(self) -> (Scratch, Simulator) {
        self.service.stop().await;
        (self.database, self.whatsapp)
    }

    /// Waits until nothing is due and nothing waits to be sent, then stops.
    pub(crate) async fn close(self) {
        quiet(&self.database).await;
        self.whatsapp.close();
        self.service.stop().await;
    }
}

pub(crate) async fn count(database: &Scratch, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&database.pool).await.unwrap()
}

/// What is still to be done: due events, messages to send, statuses to settle.
pub(crate) const OPEN: &str =
    "select (select count(*) from events where processed_at is null and due_at <= clock_timestamp())
     + (select count(*) from outbox where status in ('queued', 'sending') and not_before < 'infinity')";

/// Waits until nothing is left to be done.
///
/// # Panics
/// After a minute.
pub(crate) async fn quiet(database: &Scratch) {
    let wait = async {
        while count(database, OPEN).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("something is left to be done");
}

//! Setting up: a database of its own, a centre loaded by the import, a webhook on a port, a simulated WhatsApp.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use secrecy::SecretString;
use sqlx::postgres::PgPool;
use tokio::net::TcpListener;

use super::{Pipeline, Watched, lock};
use crate::clock::Clock;
use crate::conversation::answer;
use crate::conversation::need::Need;
use crate::conversation::shelf::Shelf;
use crate::conversation::turn::Turns;
use crate::database::pool::PoolSettings;
use crate::database::testing::{Cluster, Scratch};
use crate::queue::wake::Wake;
use crate::replay::agenda::{Agenda as Played, port_of};
use crate::replay::deploy::{self, Versions};
use crate::replay::fixture::{BadFixture, named};
use crate::replay::folder;
use crate::replay::observed::Observed;
use crate::replay::player::{self, Extent, Scene};
use crate::replay::report::Outcome;
use crate::replay::stage::{Faults, Happening, Stage, StageError};
use crate::replay::store;
use crate::replay::world::Booking;
use crate::replay::world_files::{NUMBER, import_files};
use crate::scheduling::Agenda;
use crate::transfer::import::{Options, import_bytes};
use crate::value::Phone;
use crate::whatsapp::simulator::{Simulator, SimulatorSettings, Statuses};
use crate::whatsapp::{Client, EventWriter, WebhookState, webhook_router};
use crate::{database, http};

/// What a talk is played in.
pub struct Setting<'a> {
    /// Import files of the centre.
    pub files: &'a [(&'static str, Vec<u8>)],
    /// The centre's code.
    pub center: &'a str,
    /// Wall time of the centre at the start, for the import.
    pub today: NaiveDate,
    /// The flows in force, by file name.
    pub flows: &'a BTreeMap<String, String>,
    /// How long an hour is held.
    pub hold_for: TimeDelta,
    /// How many hours of a kind a patient may have ahead; `None`: as imported.
    pub limit: Option<i32>,
    /// The phone that writes.
    pub phone: Phone,
}

impl Pipeline {
    /// Loads a centre into an empty, migrated database whose connections follow `clock`, and puts the flows in force.
    ///
    /// # Errors
    /// When the centre cannot be loaded or the flows are not sound.
    pub async fn open(
        pool: PgPool,
        map_pool: PgPool,
        clock: Clock,
        setting: &Setting<'_>,
    ) -> anyhow::Result<Self> {
        let files: Vec<(&'static str, &[u8])> =
            setting.files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let options = Options { dry_run: false, center: None, today: setting.today };
        import_bytes(&pool, &files, &options).await.context("the world could not be loaded")?;
        let mut connection = pool.acquire().await?;
        let center = store::center(&mut connection, setting.center).await?;
        if let Some(most) = setting.limit {
            store::limit(&mut connection, center, most).await?;
        }
        let shelf = Shelf::default();
        shelf.put_in_force(&mut connection, setting.flows, None).await?;
        drop(connection);

        let sent = Clock::frozen(clock.now());
        let simulator = Simulator::start(SimulatorSettings {
            numbers: vec![NUMBER.to_owned()],
            statuses: Statuses::None,
            clock: sent.clone(),
            deliveries: 1,
            ..SimulatorSettings::default()
        })
        .await?;
        let settings = simulator.settings().clone();
        // everything is due at once: a turn is taken when a whole burst is in
        let writer = EventWriter::start(pool.clone(), Duration::ZERO, || {});
        let secrets = vec![SecretString::from(settings.app_secret.clone())];
        let router = webhook_router(WebhookState::new(secrets, SecretString::from("replay"), writer));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        simulator.point_to(&format!("http://{}/webhook", listener.local_addr()?));
        let webhook = tokio::spawn(async move {
            // it ends with the talk
            axum::serve(listener, router).await.ok();
        });
        let Some(graph_url) = simulator.graph_url() else { bail!("the simulated WhatsApp has no address") };
        let client = Client::new(
            http::client(Duration::from_secs(20)),
            graph_url,
            "v25.0",
            SecretString::from(settings.access_token.clone()),
        );
        let forced: Arc<Mutex<Faults>> = Arc::default();
        let force = Arc::clone(&forced);
        let turns = Turns {
            agenda: Agenda::start(map_pool).await?,
            shelf,
            cards: answer::cards(),
            hold_for: setting.hold_for,
            faults: Some(Arc::new(move |need: &Need| lock(&force).strike(port_of(need)))),
        };
        Ok(Self {
            pool,
            clock,
            sent,
            turns: Watched { turns, failure: Arc::default(), forced },
            versions: Versions::new(Cow::Owned(setting.flows.clone())),
            wake: Wake::default(),
            simulator,
            client,
            webhook,
            center,
            phone: setting.phone.clone(),
            seen: 0,
            others: Vec::new(),
            strangers: 0,
        })
    }
}

/// A pipeline in a database of its own, which is dropped with it.
pub struct PipelineStage {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its database.
    pub database: Scratch,
}

impl PipelineStage {
    /// A fixture's talk.
    ///
    /// # Errors
    /// When the database cannot be made or the world not loaded.
    pub async fn of(
        cluster: &'static Cluster,
        scene: &Scene,
        flows: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let booked: Vec<Booking> = scene.fixture.booked.iter().map(|booking| booking.value.clone()).collect();
        let phone = scene.fixture.patient.phone.parse()?;
        let start = scene.agenda.instant(scene.clock);
        Self::in_world(cluster, &scene.agenda, &booked, start, flows, phone).await
    }

    /// A talk in the world of an agenda in memory.
    ///
    /// # Errors
    /// When the database cannot be made or the world not loaded.
    pub async fn in_world(
        cluster: &'static Cluster,
        agenda: &Played,
        booked: &[Booking],
        start: DateTime<Utc>,
        flows: &BTreeMap<String, String>,
        phone: Phone,
    ) -> anyhow::Result<Self> {
        let world = agenda.world();
        let setting = Setting {
            files: &import_files(world, booked)?,
            center: &world.center.code,
            today: agenda.local(start).date(),
            flows,
            hold_for: world.hold.0,
            limit: Some(i32::try_from(world.limit)?),
            phone,
        };
        Self::open(cluster, start, &setting).await
    }

    /// A talk that begins at this wall time of the centre.
    ///
    /// # Errors
    /// When the database cannot be made or the centre not loaded.
    pub async fn open(
        cluster: &'static Cluster,
        start: DateTime<Utc>,
        setting: &Setting<'_>,
    ) -> anyhow::Result<Self> {
        let clock = Clock::frozen(start);
        let database = cluster.database(clock.clone(), 4).await?;
        let settings = PoolSettings { max: 2, ..Default::default() };
        let map_pool = database::connect(database.options(), settings, &clock).await?;
        let pipeline = Pipeline::open(database.pool.clone(), map_pool, clock, setting).await?;
        Ok(Self { pipeline, database })
    }
}

impl Stage for PipelineStage {
    fn now(&self) -> DateTime<Utc> {
        self.pipeline.now()
    }

    async fn play(&mut self, happening: Happening, faults: &Faults) -> Result<Observed, StageError> {
        Stage::play(&mut self.pipeline, happening, faults).await
    }

    async fn appointments(&mut self) -> Result<Vec<String>, StageError> {
        Stage::appointments(&mut self.pipeline).await
    }
}

/// Plays a fixture on the real pipeline, in a database of its own.
pub async fn play(
    cluster: &'static Cluster,
    path: &Path,
    flows: &BTreeMap<String, String>,
    extent: Extent,
) -> Outcome {
    let file = path.display().to_string();
    let scene = folder::scene(path).and_then(|scene| {
        // flows that are not sound are told when they are put in force
        if let Ok(book) = deploy::read(flows) {
            named::check(&file, &scene.fixture, &book)?;
        }
        Ok(scene)
    });
    let result = match scene {
        Err(bad) => Err(bad),
        Ok(scene) => {
            let open = async || PipelineStage::of(cluster, &scene, flows).await;
            match player::play_all(open, &scene.fixture, extent).await {
                Ok(played) => return Outcome { file, title: scene.fixture.fixture, result: Ok(played) },
                Err(error) => {
                    Err(BadFixture { file: file.clone(), line: 1, column: 1, message: format!("{error:#}") })
                }
            }
        }
    };
    Outcome { title: file.clone(), file, result }
}

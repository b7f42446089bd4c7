//! `smartsalud demo`: everything on one machine, with nothing to configure.
//!
//! A private PostgreSQL, a small invented CESFAM, and a simulated WhatsApp with a page of phones, in one process.
//! The same webhook, workers and sender as `serve`: only the address of the Graph API differs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;

use super::flow_files;
use crate::app::{Parts, Service, asked_to_stop, listen};
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::conversation::shelf::Shelf;
use crate::database::{Database, Server, migrate};
use crate::transfer::load_demo;
use crate::whatsapp::simulator::{DemoPatient, Simulator, SimulatorSettings, Statuses, phone_router};
use crate::{http, whatsapp};

/// The number of the sample centre.
const NUMBER: &str = "100000000000001";
/// Short enough that the demo feels alive, long enough that two quick texts are read as one.
const SETTLE: Duration = Duration::from_millis(600);
const HOLD_MINUTES: i64 = 10;

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Address and port to listen on
    #[arg(long, env = "SMARTSALUD_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the demo keeps its data [default: `demo` in the folder of the private server]
    #[arg(long, env = "SMARTSALUD_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Start over: throw the demo's data away first
    #[arg(long)]
    reset: bool,
    /// The folder of PostgreSQL's initdb and postgres [default: looked for]
    #[arg(long, env = "SMARTSALUD_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
    /// Flows to use instead of the ones built in
    #[arg(long, env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
}

/// Runs until it is asked to stop.
///
/// # Errors
/// When PostgreSQL cannot be started or the port is in use; the message says what to do.
pub async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let flows = flow_files(args.flows.as_deref())?;
    let listener = listen(args.listen).await?;
    let mut database_args = DatabaseArgs::private(args.data_dir.clone(), args.postgres_bin.clone());
    if args.data_dir.is_none() {
        database_args.data_dir = Some(database_args.data_folder().join("demo"));
    }
    if args.reset {
        Server::reset(&database_args.data_folder()).await?;
    }
    let clock = Clock::system();
    let database = Database::open(&database_args, &clock).await?;
    migrate(&database.pool).await?;
    let today = clock.now().with_timezone(&chrono_tz::America::Santiago).date_naive();
    load_demo(&database.pool, today).await.context("the sample centre could not be loaded")?;
    let simulator = Simulator::start(SimulatorSettings {
        numbers: vec![NUMBER.to_owned()],
        statuses: Statuses::All,
        pace: Duration::from_millis(250),
        clock: clock.clone(),
        ..SimulatorSettings::default()
    })
    .await?;
    let Some(graph_url) = simulator.graph_url() else { bail!("the simulated WhatsApp has no address") };
    let settings = simulator.settings().clone();
    let client = whatsapp::Client::new(
        http::client(Duration::from_secs(20)),
        graph_url,
        "v25.0",
        SecretString::from(settings.access_token.clone()),
    );
    // here what the files say counts, also when it is an older version of them
    Shelf::default().put_in_force(&mut *database.pool.acquire().await?, &flows, None).await?;
    let service = Service::start(Parts {
        pool: database.pool.clone(),
        map_pool: database.pool_for_map(&clock).await?,
        clock,
        flows,
        client,
        app_secrets: vec![SecretString::from(settings.app_secret.clone())],
        verify_token: SecretString::from("demo"),
        settle: SETTLE,
        hold_for: chrono::TimeDelta::minutes(HOLD_MINUTES),
        workers: 4,
        unconfirmed_after: Duration::from_secs(120),
    })
    .await?;
    let routes = service.routes().merge(phone_router(&simulator, patients(), "CESFAM Los Aromos"));
    let (address, _server) = service.serve_on(listener, routes)?;
    simulator.point_to(&format!("http://{address}/webhook"));
    println!(
        "The demo is ready.\n\n  phones    http://{address}/phone\n  figures   http://{address}/metrics\n\nCtrl-C stops it; its data stays in {}.",
        database_args.data_folder().display()
    );
    asked_to_stop().await?;
    simulator.close();
    service.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// The phones on the page.
fn patients() -> Vec<DemoPatient> {
    let patient = |phone: &str, name: &str, about: &str| DemoPatient {
        phone: phone.to_owned(),
        name: name.to_owned(),
        about: about.to_owned(),
    };
    vec![
        patient("56911112222", "Luz", "Tiene 69 años y un teléfono registrado"),
        patient("56911113333", "Daniela", "Pide horas para su hija y su mamá"),
        patient("56911114444", "Hernán", "Compite con Luz por la misma hora"),
        patient("56955556666", "Teléfono nuevo", "El centro no lo conoce: prueba con 5678-5 y 14-03-1957"),
    ]
}

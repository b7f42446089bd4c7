//! `smartsalud serve`: production. Webhook, workers, figures; stops gracefully on SIGTERM.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use secrecy::SecretString;

use super::{BadUsage, flow_files};
use crate::app::{Parts, Service, asked_to_stop, listen};
use crate::clock::Clock;
use crate::config::{ConversationArgs, DatabaseArgs, ListenArgs, UNCONFIRMED_LEAST, WhatsAppArgs};
use crate::database::{Database, health, migrate};
use crate::{http, whatsapp};

/// Longer than the Graph API ever takes; after it the outcome of a send is unknown.
const GRAPH_TIMEOUT: Duration = Duration::from_secs(20);
const _: () = assert!(UNCONFIRMED_LEAST > GRAPH_TIMEOUT.as_secs(), "a call under way would be made again");

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    whatsapp: WhatsAppArgs,
    #[command(flatten)]
    conversation: ConversationArgs,
    #[command(flatten)]
    listen: ListenArgs,
    /// Leave the database as it is: `smartsalud migrate` has been run
    #[arg(long)]
    no_migrate: bool,
}

/// Runs until it is asked to stop.
///
/// # Errors
/// When a setting is missing or wrong, or something it stands on cannot be reached; the message says what to do.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let app_secrets = args.whatsapp.app_secrets();
    if app_secrets.is_empty() {
        bail!(BadUsage(
            "WHATSAPP_APP_SECRET is not set: without it every webhook would be refused. It is in Meta's app dashboard, under Settings > Basic"
        ));
    }
    let Some(verify_token) = args.whatsapp.verify_token.clone() else {
        bail!(BadUsage(
            "WHATSAPP_VERIFY_TOKEN is not set: choose a word and give Meta the same one in the webhook's settings"
        ));
    };
    let Some(access_token) = args.whatsapp.access_token.clone() else {
        bail!(BadUsage(
            "WHATSAPP_ACCESS_TOKEN is not set: make a system user's token with whatsapp_business_messaging"
        ));
    };
    let flows = flow_files(args.conversation.flows.as_deref())?;
    let listener = listen(args.listen.listen).await?;
    let clock = Clock::system();
    let database = Database::open(&args.database, &clock).await?;
    if args.no_migrate {
        let missing = health::look(&database.pool).await?.missing_migrations;
        if missing > 0 {
            bail!(
                "{missing} migrations are not applied: run `smartsalud migrate`, or leave out --no-migrate"
            );
        }
    } else {
        migrate(&database.pool).await?;
    }
    let client = whatsapp::Client::new(
        http::client(GRAPH_TIMEOUT),
        &args.whatsapp.graph_url,
        &args.whatsapp.api_version,
        SecretString::clone(&access_token),
    );
    let service = Service::start(Parts {
        pool: database.pool.clone(),
        map_pool: database.pool_for_map(&clock).await?,
        clock,
        flows,
        client,
        app_secrets,
        verify_token,
        settle: args.conversation.settle(),
        hold_for: args.conversation.hold_for(),
        workers: args.conversation.workers.into(),
        unconfirmed_after: Duration::from_secs(args.conversation.unconfirmed_seconds),
    })
    .await?;
    let (address, _server) = service.serve_on(listener, service.routes())?;
    tracing::info!(%address, "Serving");
    asked_to_stop().await?;
    tracing::info!("Stopping: turns and sends in flight are finished first");
    service.stop().await;
    Ok(ExitCode::SUCCESS)
}

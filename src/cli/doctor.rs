//! `smartsalud doctor`: checks what the service stands on, and says how to mend what is wrong.

use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use secrecy::ExposeSecret;

use super::flow_files;
use crate::clock::Clock;
use crate::config::{ConversationArgs, DatabaseArgs, WhatsAppArgs};
use crate::database::{Database, health};
use crate::flow::load;
use crate::http;

/// The arguments of `doctor`: those of `serve`, so that the same environment is checked.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    whatsapp: WhatsAppArgs,
    #[command(flatten)]
    conversation: ConversationArgs,
}

/// Connections that the map of free hours and an operator need besides ours.
const RESERVED: i64 = 6;

/// What was found.
struct Findings {
    wrong: usize,
}

impl Findings {
    fn well(&mut self, what: &str) {
        println!("ok     {what}");
    }

    fn warn(&mut self, what: &str, mend: &str) {
        println!("warn   {what}\n       {mend}");
    }

    fn wrong(&mut self, what: &str, mend: &str) {
        self.wrong += 1;
        println!("wrong  {what}\n       {mend}");
    }
}

/// Runs the command.
///
/// # Errors
/// Never for what it checks: that is printed. Exit code 1 when something is wrong.
pub async fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut findings = Findings { wrong: 0 };
    flows(&args.conversation, &mut findings);
    let numbers = match Database::open(&args.database, &Clock::system()).await {
        Ok(database) => check_database(&database, &args.database, &mut findings).await,
        Err(error) => {
            findings.wrong(
                &format!("database: {error:#}"),
                "Its tables and centres cannot be checked without it.",
            );
            Vec::new()
        }
    };
    whatsapp(&args.whatsapp, &numbers, &mut findings).await;
    match findings.wrong {
        0 => println!("\nAll is well."),
        1 => println!("\nOne thing is wrong."),
        many => println!("\n{many} things are wrong."),
    }
    Ok(if findings.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn flows(args: &ConversationArgs, findings: &mut Findings) {
    let from =
        args.flows.as_ref().map_or("the ones built in".to_owned(), |folder| folder.display().to_string());
    match flow_files(args.flows.as_deref()) {
        Ok(sources) => match load::book(&sources) {
            Ok(_) => findings.well(&format!("flows: {from}")),
            Err(mistakes) => findings.wrong(
                &format!("flows: {from}: {} mistakes", mistakes.len()),
                "Run `smartsalud flows check` with the same folder: it names each and how to mend it.",
            ),
        },
        Err(error) => findings.wrong(
            &format!("flows: {error:#}"),
            "Name a folder with flow files in SMARTSALUD_FLOWS, or leave it out for the flows built in.",
        ),
    }
}

/// Answers the ids of the centres' WhatsApp numbers.
async fn check_database(database: &Database, args: &DatabaseArgs, findings: &mut Findings) -> Vec<String> {
    findings.well("database: it answers and is new enough");
    let health = match health::look(&database.pool).await {
        Ok(health) => health,
        Err(error) => {
            findings.wrong(&format!("database: {error}"), "Look at the server's log.");
            return Vec::new();
        }
    };
    match health.missing_migrations {
        0 => findings.well("migrations: all applied"),
        missing => findings.wrong(&format!("migrations: {missing} not applied"), "Run `smartsalud migrate`."),
    }
    let ours = Clock::system().now();
    let apart = (health.server.now - ours).abs();
    if apart > TimeDelta::seconds(2) {
        findings.wrong(
            &format!("clock: the database's is {} s away from this machine's", apart.num_seconds()),
            "Let both machines keep time by NTP.",
        );
    } else {
        findings.well("clock: the database's and this machine's agree");
    }
    let (ours, allowed) = (args.database_max_connections, health.server.most_connections);
    if i64::from(ours) + RESERVED > i64::from(allowed) {
        findings.wrong(
            &format!("connections: the database allows {allowed}, and this process alone may take {ours}"),
            "Lower DATABASE_MAX_CONNECTIONS, or raise the server's max_connections; every process needs its share.",
        );
    } else {
        findings.well(&format!("connections: {ours} of the {allowed} that the database allows"));
    }
    if health.server.durable {
        findings.well("durability: what is committed survives a power cut");
    } else {
        findings.wrong(
            "durability: fsync, synchronous_commit or full_page_writes is off",
            "Turn them on: a message that was answered must never be lost.",
        );
    }
    if health.missing_migrations > 0 {
        return Vec::new();
    }
    let mut numbers = Vec::new();
    if health.centers.is_empty() {
        findings.warn("centres: there are none", "Load one with `smartsalud import DIR`.");
    }
    for center in health.centers {
        if center.tz.parse::<chrono_tz::Tz>().is_err() {
            findings.wrong(
                &format!("centre {}: `{}` is not an IANA zone", center.code, center.tz),
                "Set `tz` in centers.csv to one, as in America/Santiago, and import again.",
            );
        } else if let Some(number) = center.phone_number_id {
            findings.well(&format!("centre {}: zone and number are set", center.code));
            numbers.push(number);
        } else {
            findings.warn(
                &format!("centre {}: it has no WhatsApp number", center.code),
                "Set `phone_number_id` in centers.csv to the id that Meta gives the number, and import again.",
            );
        }
    }
    numbers
}

async fn whatsapp(args: &WhatsAppArgs, numbers: &[String], findings: &mut Findings) {
    if args.app_secrets().is_empty() {
        findings.wrong(
            "WhatsApp: no app secret",
            "Set WHATSAPP_APP_SECRET: without it every webhook is refused.",
        );
    }
    if args.verify_token.is_none() {
        findings.wrong(
            "WhatsApp: no verify token",
            "Set WHATSAPP_VERIFY_TOKEN to the word given in Meta's dashboard.",
        );
    }
    let Some(token) = &args.access_token else {
        return findings
            .wrong("WhatsApp: no access token", "Set WHATSAPP_ACCESS_TOKEN to a system user's token.");
    };
    let client = http::client(Duration::from_secs(10));
    let base = format!("{}/{}", args.graph_url.trim_end_matches('/'), args.api_version);
    let ask = async |what: &str| {
        let asked = client.get(format!("{base}/{what}")).bearer_auth(token.expose_secret());
        asked.send().await.map(|answer| answer.status()).map_err(reqwest::Error::without_url)
    };
    match ask("me").await {
        Ok(status) if status.is_success() => findings.well("WhatsApp: the token is accepted"),
        Ok(status) => {
            return findings.wrong(
                &format!("WhatsApp: the token is refused ({status})"),
                "Make a new one for the system user, with whatsapp_business_messaging, and set WHATSAPP_ACCESS_TOKEN.",
            );
        }
        Err(error) => {
            return findings.wrong(
                &format!("WhatsApp: {} cannot be reached ({error})", args.graph_url),
                "Check the machine's way to the internet, and WHATSAPP_GRAPH_URL.",
            );
        }
    }
    for number in numbers {
        match ask(number).await {
            Ok(status) if status.is_success() => findings.well(&format!("WhatsApp: number {number} may be used")),
            Ok(status) => findings.wrong(
                &format!("WhatsApp: number {number} may not be used with this token ({status})"),
                "Give the system user the WhatsApp account of that number, or correct `phone_number_id` in centers.csv.",
            ),
            Err(error) => findings.wrong(
                &format!("WhatsApp: number {number} could not be asked for ({error})"),
                "Run this again.",
            ),
        }
    }
}

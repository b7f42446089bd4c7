//! `smartsalud doctor`: checks what the service stands on, and says how to mend what is wrong.

use std::process::ExitCode;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use secrecy::ExposeSecret;

use crate::clock::Clock;
use crate::config::{ConversationArgs, DatabaseArgs, WhatsAppArgs};
use crate::database::{Database, health};
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
    match Database::open(&args.database, &Clock::system()).await {
        Ok(database) => check_database(&database, &mut findings).await,
        Err(error) => {
            findings.wrong(&format!("database: {error:#}"), "Nothing else can be checked without it.");
        }
    }
    whatsapp(&args.whatsapp, &mut findings).await;
    match findings.wrong {
        0 => println!("\nAll is well."),
        1 => println!("\nOne thing is wrong."),
        many => println!("\n{many} things are wrong."),
    }
    Ok(if findings.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn flows(args: &ConversationArgs, findings: &mut Findings) {
    match &args.flows {
        None => findings.well("flows: the ones built in"),
        Some(folder) if folder.is_dir() => findings.well(&format!("flows: {}", folder.display())),
        Some(folder) => findings.wrong(
            &format!("flows: {} is not a folder", folder.display()),
            "Name a folder with flow files in SMARTSALUD_FLOWS, or leave it out for the flows built in.",
        ),
    }
}

async fn check_database(database: &Database, findings: &mut Findings) {
    findings.well("database: it answers and is new enough");
    let health = match health::look(&database.pool).await {
        Ok(health) => health,
        Err(error) => {
            return findings
                .wrong(&format!("database: {error}"), "Run `smartsalud migrate`, then this again.");
        }
    };
    match health.missing_migrations {
        0 => findings.well("migrations: all applied"),
        missing => findings.wrong(&format!("migrations: {missing} not applied"), "Run `smartsalud migrate`."),
    }
    let ours = Clock::system().now();
    let apart = (health.now - ours).abs();
    if apart > TimeDelta::seconds(2) {
        findings.wrong(
            &format!("clock: the database's is {} s away from this machine's", apart.num_seconds()),
            "Let both machines keep time by NTP.",
        );
    } else {
        findings.well("clock: the database's and this machine's agree");
    }
    if health.centers.is_empty() {
        findings.warn("centres: there are none", "Load one with `smartsalud import DIR`.");
    }
    for center in health.centers {
        if center.tz.parse::<chrono_tz::Tz>().is_err() {
            findings.wrong(
                &format!("centre {}: `{}` is not an IANA zone", center.code, center.tz),
                "Set `tz` in centers.csv to one, as in America/Santiago, and import again.",
            );
        } else if center.phone_number_id.is_none() {
            findings.warn(
                &format!("centre {}: it has no WhatsApp number", center.code),
                "Set `phone_number_id` in centers.csv to the id that Meta gives the number, and import again.",
            );
        } else {
            findings.well(&format!("centre {}: zone and number are set", center.code));
        }
    }
}

async fn whatsapp(args: &WhatsAppArgs, findings: &mut Findings) {
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
    let url = format!("{}/{}/me", args.graph_url.trim_end_matches('/'), args.api_version);
    let asked =
        http::client(Duration::from_secs(10)).get(url).bearer_auth(token.expose_secret()).send().await;
    match asked {
        Ok(answer) if answer.status().is_success() => findings.well("WhatsApp: the token is accepted"),
        Ok(answer) => findings.wrong(
            &format!("WhatsApp: the token is refused ({})", answer.status()),
            "Make a new one for the system user, with whatsapp_business_messaging, and set WHATSAPP_ACCESS_TOKEN.",
        ),
        Err(error) => findings.wrong(
            &format!("WhatsApp: {} cannot be reached ({})", args.graph_url, error.without_url()),
            "Check the machine's way to the internet, and WHATSAPP_GRAPH_URL.",
        ),
    }
}

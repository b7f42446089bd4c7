//! `smartsalud understand`: what the language part makes of texts, one JSON line for each.

use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::{NaiveDateTime, TimeZone, Utc};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::clock::Clock;
use crate::understanding::{Asked, Choice, Context, Offered, Specialty, understand};

/// The arguments of `understand`.
#[derive(Debug, Args)]
pub struct UnderstandArgs {
    /// Local time of texts without `ref`, as 2026-11-25T09:00
    #[arg(long)]
    now: Option<String>,
    /// The zone whose time it is when --now is not given
    #[arg(long, default_value = "America/Santiago")]
    tz: chrono_tz::Tz,
}

#[derive(Deserialize)]
struct Line {
    id: serde_json::Value,
    text: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    roster: Vec<String>,
    #[serde(default)]
    specialties: Vec<String>,
    asked: Option<String>,
}

/// Reads lines from stdin until they end.
///
/// # Errors
/// When a line is not JSON of the known shape; the message says which line and how to mend it.
pub fn run(args: &UnderstandArgs) -> anyhow::Result<ExitCode> {
    let now = match &args.now {
        Some(text) => moment(text).context("--now")?,
        None => {
            args.tz.from_utc_datetime(&Clock::system().now().with_timezone(&Utc).naive_utc()).naive_local()
        }
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.context("stdin cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let read = |line: &str| -> anyhow::Result<String> {
            let line: Line = serde_json::from_str(line)
                .context("a JSON object with `id` and `text` is needed, as {\"id\":1,\"text\":\"hola\"}")?;
            answer(&line, now)
        };
        let answer = read(&line).with_context(|| format!("line {} of stdin", number + 1))?;
        writeln!(out, "{answer}")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn moment(text: &str) -> anyhow::Result<NaiveDateTime> {
    let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let found = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    found.with_context(|| format!("`{text}` is not a local time; write it as 2026-11-25T09:00"))
}

fn answer(line: &Line, now: NaiveDateTime) -> anyhow::Result<String> {
    let now = line.reference.as_deref().map_or(Ok(now), moment)?;
    let asked = match line.asked.as_deref() {
        None | Some("none") => Asked::Nothing,
        Some("yes_no") => Asked::YesNo,
        Some("option") => Asked::Option,
        Some("when") => Asked::When,
        Some(other) => bail!("`asked` is `{other}`; it is one of yes_no, option, when, none"),
    };
    let options: Vec<Offered<'_>> = line
        .options
        .iter()
        .map(|label| Offered { label, detail: None, starts: moment(label).ok(), words: &[] })
        .collect();
    let specialties: Vec<Specialty> = line
        .specialties
        .iter()
        .map(|name| Specialty { key: name.clone(), name: name.clone(), words: Vec::new() })
        .collect();
    let context = Context { now, asked, options: &options, specialties: &specialties, roster: &line.roster };
    let read = understand(&line.text, &context);
    let option = match read.choice {
        Choice::One(at) => Some(at + 1),
        Choice::None | Choice::Several(_) | Choice::Neither => None,
    };
    let assent = read.assent.map(|assent| match assent {
        crate::understanding::Assent::Yes | crate::understanding::Assent::WeakYes => "yes",
        crate::understanding::Assent::No => "no",
    });
    let mut why: Vec<&str> = read.why.iter().map(|reason| reason.rule).collect();
    why.dedup();
    Ok(json!({
        "id": line.id,
        "intent": read.intent.as_str(),
        "confidence": (f64::from(read.confidence) * 100.0).round() / 100.0,
        "assent": assent,
        "when": read.when,
        "option": option,
        "rut": read.rut.map(super::super::value::rut::Rut::plain),
        "specialty": read.specialty,
        "doctor": read.doctor,
        "number": read.number,
        "why": why.join("; "),
    })
    .to_string())
}

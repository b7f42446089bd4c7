//! `smartsalud chat`: talk to the bot in the terminal, in an invented centre.
//!
//! What answers is the whole service (webhook, turns, outbox) on a private PostgreSQL and a simulated WhatsApp, all
//! thrown away at the end; with `--core` it is the state machine alone with an agenda in memory.

use std::io::{BufRead, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Timelike, Utc};
use clap::Args;

use crate::clock::Clock;
use crate::conversation::need::{EventKind, PatientText, StaffAction};
use crate::conversation::state::Tap;
use crate::replay::agenda::Agenda;
use crate::replay::deploy::Flows;
use crate::replay::expectation::in_words;
use crate::replay::fixture::Span;
use crate::replay::folder;
use crate::replay::observed::{Notice, Observed, Said};
use crate::replay::pipeline::PipelineStage;
use crate::replay::player::option;
use crate::replay::report;
use crate::replay::stage::{CoreStage, Faults, Happening, Stage, StageError};
use crate::replay::world::World;
use crate::value::{MediaKind, Phone, rut};

/// The arguments of `chat`.
#[derive(Debug, Args)]
pub struct ChatArgs {
    /// The flows to talk to; absent: the ones built in
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_FLOWS")]
    flows: Option<PathBuf>,
    /// Local time of the centre at which the conversation begins, as 2026-11-25T09:00; absent: now
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// The phone that writes; the demo world knows +56911112222 (Luz Soto) and +56911113333 (a family)
    #[arg(long, value_name = "PHONE", default_value = "+56911112222")]
    phone: String,
    /// A world file; absent: the demo's
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Without a database: an agenda in memory answers
    #[arg(long)]
    core: bool,
    /// The folder of PostgreSQL's initdb and postgres [default: looked for]
    #[arg(long, value_name = "DIR", env = "SMARTSALUD_POSTGRES_BIN")]
    postgres_bin: Option<PathBuf>,
}

const HELP: &str = "\
Write as a patient would. A number taps an option. Also:
  /tap 2               taps an option, as a number alone does
  /wait 31m            time passes (s, m, h, d)
  /staff take_over     a person takes over; also resume, restart, close, say WORDS
  /take WORDS          another patient takes an hour: /take mar 1 dic 15:30
  /fault PORT OUTCOME  a port answers so in the next turn: /fault agenda.confirmar taken
  /audio /image /location   something that is not words
  /state /why /hours   how it stands; why the last answer; the hours booked
  /quit";

/// Runs the command.
///
/// # Errors
/// When flows or world cannot be read, or an option is not well formed.
pub async fn run(args: ChatArgs) -> anyhow::Result<ExitCode> {
    let book = super::replay::book(args.flows.as_deref())?;
    let sources = super::flow_files(args.flows.as_deref())?;
    let world = match &args.world {
        None => World::parse("demo.yaml", folder::DEMO)?,
        Some(path) => {
            let source = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            World::parse(&path.display().to_string(), &source)?
        }
    };
    let phone: Phone = args.phone.parse()?;
    let agenda = Agenda::new(world, Some(phone.clone()));
    let local = match &args.now {
        Some(text) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")
            .with_context(|| format!("--now {text}: not a local time such as 2026-11-25T09:00"))?,
        None => agenda.local(Clock::system().now()).with_nanosecond(0).unwrap_or_default(),
    };
    let now = agenda.instant(local);
    let center = agenda.world().center.name.clone();
    let zone = agenda.world().center.zone;
    let stage = if args.core {
        Ground::Core(Box::new(CoreStage::new(Flows { book: &book, sources: &sources }, agenda, now)))
    } else {
        let cluster = super::replay::cluster(args.postgres_bin.as_deref()).await?;
        let stage = PipelineStage::in_world(cluster, &agenda, &[], now, &sources, phone).await?;
        Ground::Pipeline(Box::new(stage))
    };
    let mut chat = Chat { stage, zone, shown: None, last: Observed::default(), faults: Faults::default() };
    println!("{center}, {}. /help says what can be done here.", local.format("%Y-%m-%d %H:%M"));
    let mut line = String::new();
    loop {
        print!("> ");
        std::io::stdout().flush()?;
        line.clear();
        if std::io::stdin().lock().read_line(&mut line)? == 0 {
            println!();
            return Ok(ExitCode::SUCCESS);
        }
        let text = line.trim();
        match text {
            "" => {}
            "/quit" | "/salir" => return Ok(ExitCode::SUCCESS),
            _ => {
                if let Err(error) = chat.line(text).await {
                    println!("  ! {error:#}");
                }
            }
        }
    }
}

/// What answers.
enum Ground<'a> {
    Core(Box<CoreStage<'a>>),
    Pipeline(Box<PipelineStage>),
}

impl Stage for Ground<'_> {
    fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Core(stage) => stage.now(),
            Self::Pipeline(stage) => stage.now(),
        }
    }

    async fn play(&mut self, happening: Happening, faults: &Faults) -> Result<Observed, StageError> {
        match self {
            Self::Core(stage) => stage.play(happening, faults).await,
            Self::Pipeline(stage) => stage.play(happening, faults).await,
        }
    }

    async fn appointments(&mut self) -> Result<Vec<String>, StageError> {
        match self {
            Self::Core(stage) => stage.appointments().await,
            Self::Pipeline(stage) => stage.appointments().await,
        }
    }
}

struct Chat<'a> {
    stage: Ground<'a>,
    zone: chrono_tz::Tz,
    /// The last message with options.
    shown: Option<Said>,
    last: Observed,
    faults: Faults,
}

impl Chat<'_> {
    async fn line(&mut self, text: &str) -> anyhow::Result<()> {
        let Some(command) = text.strip_prefix('/') else {
            let event = self.words(text);
            return self.play(Happening::Event(event)).await;
        };
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim();
        let happening = match name {
            "tap" => {
                let said = self.shown.as_ref().context("there is nothing to tap")?;
                let (id, title) = option(said, rest).with_context(|| format!("there is no option {rest}"))?;
                Happening::Event(EventKind::Tapped { tap: Tap::from_id(&id), title })
            }
            "wait" => {
                let span: Span = rest.parse().map_err(|error: String| anyhow::anyhow!(error))?;
                Happening::Wait(span.0)
            }
            "staff" => Happening::Event(EventKind::Staff { by: "ana".to_owned(), action: staff(rest)? }),
            "take" => Happening::OtherTakes(rest.to_owned()),
            "audio" => media(MediaKind::Audio),
            "image" => media(MediaKind::Image),
            "location" => media(MediaKind::Location),
            "fault" => {
                let (port, outcome) = rest.split_once(' ').context("/fault PORT OUTCOME")?;
                anyhow::ensure!(crate::flow::port::port(port).is_some(), "there is no port `{port}`");
                self.faults.outcomes.insert(port.to_owned(), outcome.trim().to_owned());
                return Ok(());
            }
            "state" => {
                self.state();
                return Ok(());
            }
            "hours" => {
                for hour in self.stage.appointments().await? {
                    println!("  {hour}");
                }
                return Ok(());
            }
            "why" => {
                let mut out = String::new();
                report::why(&self.last.traces, "  ", &mut out);
                print!("{out}");
                return Ok(());
            }
            "help" => {
                println!("{HELP}");
                return Ok(());
            }
            other => anyhow::bail!("/{other} is not known; /help lists what is"),
        };
        self.play(happening).await
    }

    /// A number or a whole label taps what is on the screen; all else is words.
    fn words(&self, text: &str) -> EventKind {
        let number = text.parse::<usize>().is_ok();
        let tapped = self.shown.as_ref().filter(|_| number).and_then(|said| option(said, text));
        match tapped {
            Some((id, title)) => EventKind::Tapped { tap: Tap::from_id(&id), title },
            None => EventKind::Texts {
                texts: vec![PatientText { text: rut::mask(text), sent: Some(self.stage.now()) }],
            },
        }
    }

    async fn play(&mut self, happening: Happening) -> anyhow::Result<()> {
        let faults = std::mem::take(&mut self.faults);
        let passes = matches!(happening, Happening::Wait(_));
        let observed = self.stage.play(happening, &faults).await?;
        if observed.notices.is_empty() {
            println!("  (nothing is said; {})", observed.state.stage());
        }
        self.tell(observed);
        if !passes {
            // a person needs a moment to read and type
            let moment = Happening::Wait(TimeDelta::seconds(5));
            let meanwhile = self.stage.play(moment, &Faults::default()).await?;
            if !meanwhile.notices.is_empty() || !meanwhile.incidents.is_empty() {
                self.tell(meanwhile);
            }
        }
        Ok(())
    }

    fn tell(&mut self, observed: Observed) {
        for notice in &observed.notices {
            match notice {
                Notice::Message(said) => show(said),
                Notice::Handoff(reason) => println!("  → staff is called: {reason}"),
            }
        }
        for incident in &observed.incidents {
            println!("  ! incident: {incident}");
        }
        if let Some(said) = observed.messages().filter(|said| !said.message.options.is_empty()).last() {
            self.shown = Some(said.clone());
        } else if observed.state.asked.is_none() {
            self.shown = None;
        }
        self.last = observed;
    }

    fn state(&self) {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.zone).naive_local();
        let state = &self.last.state;
        println!("  {} at {}", state.stage(), local(self.stage.now()));
        for frame in &state.stack {
            println!("  frame {} {}", frame.id, frame.flow);
            for (name, answer) in &frame.answers {
                println!("    {name}: {}", in_words(&answer.value));
            }
            for (step, held) in &frame.holds {
                println!("    {step}: holds {} until {}", held.slot, local(held.until));
            }
        }
    }
}

fn media(kind: MediaKind) -> Happening {
    Happening::Event(EventKind::Media { kind })
}

fn staff(what: &str) -> anyhow::Result<StaffAction> {
    Ok(match what.split_once(' ') {
        Some(("say", words)) => StaffAction::Say { text: words.to_owned() },
        _ => match what {
            "take_over" => StaffAction::TakeOver,
            "give_back" | "resume" => StaffAction::Resume,
            "restart" => StaffAction::Restart,
            "close" => StaffAction::Close,
            other => anyhow::bail!("staff cannot `{other}`: take_over, resume, restart, close or say WORDS"),
        },
    })
}

fn show(said: &Said) {
    for line in said.message.text.lines() {
        println!("  {line}");
    }
    for (place, option) in said.message.options.iter().enumerate() {
        let detail = option.detail.as_ref().map(|detail| format!(" · {detail}")).unwrap_or_default();
        println!("    {}. {}{detail}", place + 1, option.title);
    }
}

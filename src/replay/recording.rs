//! A real conversation as a fixture, without a word that could tell whose it was.
//!
//! The journal holds what each turn was told, what the world answered and what was said; from it come the script, an
//! agenda of just the hours that were seen, and what must follow each turn. What is written is played at once: an
//! outcome that the agenda in memory does not give is put down as a fault, and what still goes otherwise is told, turn
//! by turn, so that nobody takes the fixture for more than it is. Guarantee: a fixture in which anything of the people
//! would survive is not given out.

mod agenda;
mod disguise;
mod script;
pub mod store;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, bail};
use chrono::{Datelike, Timelike};
use sqlx::PgConnection;

use self::agenda::Seen;
use self::disguise::{Disguise, Original, folded, words};
use self::script::{Line, Writer};
use self::store::{Kind, Person, Row, Thread};
use super::deploy::Flows;
use super::fixture::Wanted;
use super::player::{self, Extent, Played};
use crate::id::ConversationId;
use crate::value::{Rut, rut};

/// The phone that writes in every recorded fixture.
const PHONE: &str = "+56911110001";
/// The centre of every recorded fixture.
const CENTER: [&str; 3] = ["CESFAM Los Aromos", "Los Aromos 123", "+56 2 2200 0000"];

/// A recorded fixture.
#[derive(Debug)]
pub struct Recording {
    /// The fixture.
    pub yaml: String,
    /// What of it does not go as it went, turn by turn.
    pub differs: Vec<String>,
}

/// What is known of a conversation.
struct Known {
    thread: Thread,
    zone: chrono_tz::Tz,
    journal: Vec<Row>,
    people: Vec<(Person, Original)>,
    kinds: Vec<Kind>,
}

/// Records a conversation; `flows` are those with which it is to be played again.
///
/// # Errors
/// When there is no such conversation or nothing in it, the database fails, or something of the people would survive.
pub async fn record(
    conn: &mut PgConnection,
    conversation: ConversationId,
    flows: Flows<'_>,
) -> anyhow::Result<Recording> {
    let known = known(conn, conversation).await?;
    let seen = Seen::of(&known.journal, &known.kinds);
    let mut disguise = known.disguise(&seen, flows)?;
    let first = known.journal.iter().find_map(|row| row.event.as_ref());
    let start = first.context("its journal holds no turn")?.0.now;
    let start = start
        - chrono::TimeDelta::seconds(i64::from(start.with_timezone(&known.zone).second()))
        - chrono::TimeDelta::nanoseconds(i64::from(start.nanosecond()));
    let head = known.head(&seen, &mut disguise, start);
    let mut lines = Writer::new(&mut disguise, start).write(&known.journal);
    let mut yaml = whole(&head, &lines);
    let mut played = play(&yaml, flows).await?;
    if mend(&mut lines, &played) {
        yaml = whole(&head, &lines);
        played = play(&yaml, flows).await?;
    }
    if !played.unused.is_empty() {
        let idle: BTreeSet<usize> =
            played.unused.iter().filter_map(|one| usize::try_from(one.line).ok()).collect();
        yaml = without(&yaml, &idle);
        played = play(&yaml, flows).await?;
    }
    if let Some(trace) = known.trace_of_anyone(&seen, &yaml) {
        bail!("the fixture was not written: {trace} of a person would have survived in it");
    }
    Ok(Recording { yaml, differs: differs(&lines, &played) })
}

async fn known(conn: &mut PgConnection, conversation: ConversationId) -> anyhow::Result<Known> {
    let thread = store::thread(conn, conversation).await?;
    let thread = thread.with_context(|| format!("there is no conversation {conversation}"))?;
    let zone = thread.tz.parse().map_err(|_| anyhow::anyhow!("`{}` is no zone", thread.tz))?;
    let journal = store::journal(conn, conversation)
        .await
        .context("its journal cannot be read (was it written by another version?)")?;
    let phone = thread.wa_id.as_ref().map(|digits| format!("+{digits}"));
    let people = store::people(conn, conversation, thread.center, phone.as_deref()).await?;
    let people = people.into_iter().map(|person| {
        let number = u32::try_from(person.run_num)?;
        let run = Rut::new(number, rut::check_digit(number))?;
        let original = Original { name: person.full_name.clone(), run, born: person.birth_date };
        Ok((person, original))
    });
    let people = people.collect::<anyhow::Result<Vec<_>>>()?;
    let kinds = store::kinds(conn, thread.center).await?;
    Ok(Known { thread, zone, journal, people, kinds })
}

impl Known {
    fn disguise(&self, seen: &Seen, flows: Flows<'_>) -> anyhow::Result<Disguise> {
        let today = self.journal.first().context("nothing was said in it yet")?.at;
        let today = today.with_timezone(&self.zone).date_naive();
        let originals: Vec<Original> = self.people.iter().map(|(_, original)| original.clone()).collect();
        let offered = self.kinds.iter().flat_map(|kind| kind.patient_words.iter().chain([&kind.name]));
        let code = |source: &String| {
            let lines = source.lines().map(|line| line.split(" #").next().unwrap_or_default());
            lines.filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
        };
        let stay = flows.sources.values().map(code).chain(offered.cloned());
        let own = [Some(&self.thread.name), self.thread.address.as_ref(), self.thread.phone.as_ref()];
        let phrases = own
            .into_iter()
            .zip(CENTER)
            .filter_map(|(from, to)| Some((from?.clone(), to.to_owned())))
            .collect();
        Ok(Disguise::new(today, &originals, &seen.names, stay, phrases)?)
    }

    /// All that stands before the talk.
    fn head(&self, seen: &Seen, disguise: &mut Disguise, start: chrono::DateTime<chrono::Utc>) -> String {
        let local = start.with_timezone(&self.zone).naive_local();
        let mut out = String::from("fixture: grabada de una conversación\n");
        let _ = writeln!(out, "clock: {}", local.format("%Y-%m-%dT%H:%M"));
        let [name, address, phone] = CENTER;
        let _ = writeln!(out, "center:");
        let _ = writeln!(
            out,
            "  center: {{ code: demo, name: {name}, address: {address}, phone: \"{phone}\", zone: {} }}",
            self.zone.name()
        );
        let _ = writeln!(out, "  hold: {}m", seen.hold.unwrap_or(10));
        let _ = writeln!(out, "  limit: 20\n  types:");
        for kind in self.kinds.iter().filter(|kind| kind.bookable) {
            let _ = writeln!(
                out,
                "    - {{ name: {}, words: {}, minutes: {} }}",
                quoted(&kind.name),
                serde_json::to_string(&kind.patient_words).unwrap_or_default(),
                kind.duration_min
            );
        }
        out.push_str("  professionals:\n");
        for (with, kinds) in &seen.hours {
            let _ = writeln!(out, "    - name: {}\n      hours:", quoted(&disguise.name(with)));
            for (kind, hours) in kinds {
                let hours: Vec<String> =
                    hours.iter().map(|at| at.format("%Y-%m-%dT%H:%M").to_string()).collect();
                let _ = writeln!(out, "        {}: [{}]", quoted(kind), hours.join(", "));
            }
        }
        if seen.hours.is_empty() {
            out.truncate(out.len() - 1);
            out.push_str(" []\n");
        }
        out.push_str("  patients:");
        out.push_str(if self.people.is_empty() { " []\n" } else { "\n" });
        for (person, original) in &self.people {
            let phones = if person.registered { format!("\"{PHONE}\"") } else { String::new() };
            let (name, run) = (disguise.name(&original.name), disguise.run(original.run));
            let born = disguise.birth(original.born);
            let _ = writeln!(
                out,
                "    - {{ name: {}, run: {run}, born: {born}, phones: [{phones}] }}",
                quoted(&name)
            );
        }
        let _ = writeln!(out, "patient: {{ phone: \"{PHONE}\" }}");
        let ours = |who: &str| self.people.iter().any(|(person, _)| person.full_name == who);
        let had: Vec<_> = seen.had.iter().filter(|had| ours(&had.who)).collect();
        if !had.is_empty() {
            out.push_str("booked:\n");
        }
        for had in had {
            let _ = writeln!(
                out,
                "  - {{ who: {}, what: {}, at: {}, with: {} }}",
                quoted(&disguise.name(&had.who)),
                quoted(&had.what),
                had.at.format("%Y-%m-%dT%H:%M"),
                quoted(&disguise.name(&had.with))
            );
        }
        out
    }

    /// What of a person stands in the text after all; the last look before it is given out.
    fn trace_of_anyone(&self, seen: &Seen, yaml: &str) -> Option<&'static str> {
        let kept: BTreeSet<String> =
            self.kinds.iter().flat_map(|kind| words(&kind.name).map(folded).collect::<Vec<_>>()).collect();
        let there: BTreeSet<String> = words(yaml).map(folded).collect();
        let names = seen.names.iter().chain(self.people.iter().map(|(_, original)| &original.name));
        let mut tokens = names.flat_map(|name| words(name).map(folded).collect::<Vec<_>>());
        if tokens.any(|token| token.chars().count() > 3 && !kept.contains(&token) && there.contains(&token)) {
            return Some("the name");
        }
        let figures: String = yaml.chars().filter(char::is_ascii_alphanumeric).collect();
        if self.thread.wa_id.as_ref().is_some_and(|digits| figures.contains(digits.as_str())) {
            return Some("the phone");
        }
        for (_, original) in &self.people {
            if figures.contains(&original.run.number().to_string()) {
                return Some("the RUN");
            }
            let born = original.born;
            let spellings = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"];
            if born.year() > 1900
                && spellings.iter().any(|form| yaml.contains(&born.format(form).to_string()))
            {
                return Some("the birth date");
            }
        }
        None
    }
}

fn whole(head: &str, lines: &[Line]) -> String {
    let talk: String = lines.iter().map(Line::yaml).collect();
    format!("{head}talk:\n{talk}")
}

/// The fixture without the entries that begin on these lines, from 1: with them nothing of the talk has to do.
fn without(yaml: &str, idle: &BTreeSet<usize>) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut kept: Vec<String> = Vec::new();
    let mut dropped = None;
    for (number, line) in (1..).zip(yaml.lines()) {
        if idle.contains(&number) {
            dropped = Some(indent(line));
        } else if dropped.is_none_or(|entry| indent(line) <= entry) {
            dropped = None;
            kept.push(line.to_owned());
        }
    }
    // a list of which nothing is left
    for at in 0..kept.len() {
        let item = kept.get(at + 1).is_some_and(|next| next.trim_start().starts_with("- "));
        let list = ["  types:", "  professionals:", "  patients:", "booked:"].contains(&kept[at].as_str());
        if list && !item {
            kept[at].push_str(" []");
        }
    }
    kept.join("\n") + "\n"
}

/// Plays what is about to be written, as `replay --core` would.
async fn play(yaml: &str, flows: Flows<'_>) -> anyhow::Result<Played> {
    let none = |_: Wanted<'_>| Err("a recorded fixture stands alone".to_owned());
    let scene = player::scene("recording", yaml, none).context("what was recorded cannot be read back")?;
    let open = async || Ok::<_, std::convert::Infallible>(scene.core(flows));
    let Ok(played) = player::play_all(open, &scene.fixture, Extent { until: None, all: true }).await;
    Ok(played)
}

/// Puts down as faults the outcomes that the agenda in memory did not give; whether there were any.
fn mend(lines: &mut [Line], played: &Played) -> bool {
    let mut mended = false;
    let told = lines.iter_mut().filter(|line| !line.act.is_empty());
    for (line, turn) in told.zip(&played.turns) {
        for call in line.calls.clone() {
            let came = turn.observed.calls.contains(&call);
            let other = turn.observed.calls.iter().any(|one| one.port == call.port);
            let fault = (call.port.clone(), call.outcome.clone());
            if call.outcome != crate::conversation::need::OK
                && other
                && !came
                && !line.faults.contains(&fault)
            {
                line.faults.push(fault);
                mended = true;
            }
        }
    }
    mended
}

/// What does not go as it went.
fn differs(lines: &[Line], played: &Played) -> Vec<String> {
    let lost = lines.iter().filter_map(|line| line.lost.clone());
    let turns = played.turns.iter().filter(|turn| !turn.differences.is_empty()).map(|turn| {
        let what: Vec<&str> = turn.differences.iter().map(|one| one.what.as_str()).collect();
        format!("turn {} (line {}) goes otherwise: {}", turn.number, turn.line, what.join("; "))
    });
    lost.chain(turns).collect()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_talk_never_met_is_left_out_with_all_its_lines() {
        let yaml = "center:\n  types:\n    - { name: Matrona }\n  professionals:\n    - name: Ana\n      hours:\n        Matrona: []\n    - name: Eva\nbooked:\n  - { who: Luz }\ntalk: []\n";
        assert_eq!(
            without(yaml, &[3, 5, 10].into()),
            "center:\n  types: []\n  professionals:\n    - name: Eva\nbooked: []\ntalk: []\n"
        );
    }
}

//! The recorded statements alone: the same transactions with the same parameters, one round trip for each statement,
//! as fast as PostgreSQL lets them, with no engine, no HTTP and no simulator.
//!
//! A turn begins by taking whatever conversation has waited longest, and what that is depends on the moment. So the
//! turn that goes on here is the recorded one of the conversation that was taken, not the one that came next in the
//! recording. Claims that find nothing are made again, as many as it takes; those of the recording are made too.
//!
//! There are as many connections as had a transaction open at once in the recording, some for turns and some for the
//! rest. Statements are prepared where they first run, which is nearly always in the warm-up.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use super::line::{Line, Target};
use super::plan::{Plan, lock};
use super::recording::{Ask, Prepared, Step, message};
use super::work::{Breadth, Place, Transaction, Work, ids};
use crate::clock::Stopwatch;

/// A claim that finds nothing is tried again after so long, and so often.
const AGAIN: Duration = Duration::from_micros(200);
const TRIES: usize = 50;

/// Connections on which the statements are repeated, and what is known of the new rows.
pub struct Bare {
    turns: Vec<Connection>,
    others: Vec<Connection>,
}

/// What went otherwise than in the recording.
#[derive(Default, Clone, Copy, Debug)]
pub struct Difference {
    /// Statements that failed here and not there.
    pub failed: usize,
    /// Statements that returned or wrote another number of rows.
    pub other_rows: usize,
    /// Turns whose event was not there to be claimed.
    pub unclaimed: usize,
    /// Claims that found nothing and were made again.
    pub again: usize,
}

/// The new ids of recorded ones, and the other way round.
#[derive(Default)]
struct Known {
    statements: Vec<Prepared>,
    ids: Mutex<(HashMap<u64, u64>, HashMap<u64, u64>)>,
}

struct Connection {
    stream: Box<dyn Line>,
    prepared: HashSet<usize>,
    unsent: Vec<u8>,
    unread: Vec<u8>,
    chunk: Vec<u8>,
    known: Arc<Known>,
    difference: Difference,
}

/// An answer: rows, what was done, whether it failed.
#[derive(Default)]
struct Answer {
    rows: Vec<Vec<u8>>,
    done: Vec<u8>,
    failed: bool,
}

impl Bare {
    /// Opens connections as the service does.
    pub async fn open(
        target: &Target,
        breadth: Breadth,
        statements: Vec<Prepared>,
        opening: Option<&Step>,
    ) -> anyhow::Result<Self> {
        let known = Arc::new(Known { statements, ..Known::default() });
        let (mut turns, mut others) = (Vec::new(), Vec::new());
        for place in 0..breadth.turns + breadth.others {
            let mut connection = Connection::open(target, &known).await?;
            if let Some(opening) = opening {
                connection.run(&[(opening, &[])]).await?;
            }
            if place < breadth.turns { turns.push(connection) } else { others.push(connection) }
        }
        Ok(Self { turns, others })
    }

    /// Does the work, never more than `ahead` transactions further than the recording was.
    pub async fn run(&mut self, work: Work, ahead: usize) -> anyhow::Result<(Duration, Difference)> {
        let plan = Arc::new(Plan::new(work, ahead));
        let watch = Stopwatch::start();
        plan.start();
        let mut running = JoinSet::new();
        for (is_turns, connections) in [(true, &mut self.turns), (false, &mut self.others)] {
            for mut connection in connections.drain(..) {
                let plan = Arc::clone(&plan);
                running.spawn(async move {
                    let ended = if is_turns {
                        connection.take_turns(&plan).await
                    } else {
                        connection.take_others(&plan).await
                    };
                    if ended.is_err() {
                        plan.close();
                    }
                    (is_turns, connection, ended)
                });
            }
        }
        let mut difference = Difference::default();
        while let Some(joined) = running.join_next().await {
            let (is_turns, mut connection, ended) = joined?;
            ended?;
            difference.add(std::mem::take(&mut connection.difference));
            if is_turns { self.turns.push(connection) } else { self.others.push(connection) }
        }
        let took = watch.elapsed();
        let left = plan.left();
        ensure!(left == 0, "{left} recorded transactions wait for each other");
        Ok((took, difference))
    }
}

impl Difference {
    fn add(&mut self, other: Self) {
        self.failed += other.failed;
        self.other_rows += other.other_rows;
        self.unclaimed += other.unclaimed;
        self.again += other.again;
    }
}

/// Whether statements can be repeated on this server at all: it must let us in without a password.
pub async fn may_repeat(target: &Target) -> anyhow::Result<()> {
    Connection::open(target, &Arc::default()).await.map(drop)
}

impl Connection {
    async fn open(target: &Target, known: &Arc<Known>) -> anyhow::Result<Self> {
        let stream = target.connect().await?;
        let mut connection = Self {
            stream,
            prepared: HashSet::new(),
            unsent: Vec::new(),
            unread: Vec::new(),
            chunk: vec![0; 64 << 10],
            known: Arc::clone(known),
            difference: Difference::default(),
        };
        let words = ["user", &target.user, "database", &target.database, "TimeZone", "UTC", ""];
        let mut hello = 196_608_u32.to_be_bytes().to_vec(); // version 3.0
        for word in words {
            hello.extend_from_slice(word.as_bytes());
            hello.push(0);
        }
        let length = u32::try_from(hello.len() + 4)?;
        connection.stream.write_all(&[&length.to_be_bytes()[..], &hello].concat()).await?;
        ensure!(!connection.answer().await?.failed, "PostgreSQL refused a connection");
        Ok(connection)
    }

    async fn take_others(&mut self, plan: &Plan) -> anyhow::Result<()> {
        while let Ok(permit) = plan.others.acquire().await {
            permit.forget();
            let Some(place) = plan.next_other() else { continue };
            let transaction = &plan.work.transactions[place];
            self.run(&parts(transaction, 0)).await?;
            plan.finish(place);
        }
        Ok(())
    }

    async fn take_turns(&mut self, plan: &Plan) -> anyhow::Result<()> {
        while let Ok(permit) = plan.turns.acquire().await {
            permit.forget();
            let place = self.claim(plan).await?;
            self.run(&parts(&plan.work.transactions[place], 3)).await?;
            plan.finish(place);
        }
        Ok(())
    }

    /// Begins and claims as every turn does; answers whose turn it is.
    async fn claim(&mut self, plan: &Plan) -> anyhow::Result<usize> {
        let claim = plan.claim.context("there is no turn")?;
        let claim = &plan.work.transactions[claim].steps;
        for _ in 0..TRIES {
            self.ask(&claim[0], &[])?;
            self.flush().await?;
            self.answer().await?;
            self.ask(&claim[1], &[])?;
            self.flush().await?;
            let claimed = self.answer().await?;
            let new = claimed.rows.first().and_then(|row| ids(row).first().map(|(_, id)| *id));
            let recorded = new.and_then(|new| lock(&self.known.ids).1.get(&new).copied());
            if let Some(conversation) = recorded
                && let Some(place) = plan.coming_turn(conversation)
            {
                let turn = &plan.work.transactions[place];
                self.ask(&turn.steps[2], &turn.ids[2])?;
                self.flush().await?;
                let due = self.answer().await?;
                // none when another turn ended between the look and the lock, as happens to the service
                if !due.rows.is_empty() {
                    self.learn(&turn.steps[2], &due);
                    plan.take(place, conversation);
                    return Ok(place);
                }
            }
            self.ask_simple("rollback");
            self.flush().await?;
            self.answer().await?;
            self.difference.again += 1;
            ensure!(!plan.turns.is_closed(), "another connection failed");
            tokio::time::sleep(AGAIN).await;
        }
        self.difference.unclaimed += 1;
        let Some(place) = plan.overdue_turn() else { bail!("a turn was claimed twice") };
        let turn = &plan.work.transactions[place];
        self.run(&[(&turn.steps[0], &[]), (&turn.steps[2], &turn.ids[2])]).await?;
        Ok(place)
    }

    /// Runs steps, each with the ids among its parameters, and learns which new ids stand for which recorded ones.
    async fn run(&mut self, steps: &[(&Step, &[(Place, u64)])]) -> anyhow::Result<()> {
        let mut first = 0;
        while first < steps.len() {
            let more = steps[first + 1..].iter().take_while(|(step, _)| step.joined).count();
            let together = &steps[first..=first + more];
            for (step, ids) in together {
                self.ask(step, ids)?;
            }
            self.flush().await?;
            for (step, _) in together {
                let answer = self.answer().await?;
                self.learn(step, &answer);
            }
            first += together.len();
        }
        Ok(())
    }

    fn learn(&mut self, step: &Step, answer: &Answer) {
        self.difference.failed += usize::from(answer.failed && !step.failed);
        self.difference.other_rows += usize::from(answer.done != step.done);
        let pairs: Vec<(u64, u64)> = step
            .rows
            .iter()
            .zip(&answer.rows)
            .map(|(recorded, new)| (ids(recorded), ids(new)))
            .filter(|(recorded, new)| recorded.len() == new.len())
            .flat_map(|(recorded, new)| recorded.into_iter().zip(new))
            .map(|((_, recorded), (_, new))| (recorded, new))
            .collect();
        if !pairs.is_empty() {
            let mut known = lock(&self.known.ids);
            for (recorded, new) in pairs {
                // who made a row tells first, and is right; a claim may find others than the recorded one did
                if !known.0.contains_key(&recorded) && !known.1.contains_key(&new) {
                    known.0.insert(recorded, new);
                    known.1.insert(new, recorded);
                }
            }
        }
    }

    fn ask(&mut self, step: &Step, ids: &[(Place, u64)]) -> anyhow::Result<()> {
        let (statement, values) = match &step.ask {
            Ask::Simple(sql) => {
                self.ask_simple(sql);
                return Ok(());
            }
            Ask::Execute(statement, values) => (*statement, values),
        };
        let known = Arc::clone(&self.known);
        let name = format!("bare_{statement}");
        if self.prepared.insert(statement) {
            self.put(b'P', &[&known.statements[statement].named(&name)]);
        }
        let mut values = values.clone();
        if !ids.is_empty() {
            let known = lock(&known.ids);
            for (place, id) in ids {
                let Some(new) = known.0.get(id) else { continue };
                match place {
                    Place::Binary(at) => values[*at..at + 8].copy_from_slice(&new.to_be_bytes()),
                    Place::Text(at) => {
                        let digits = new.to_string();
                        values[*at..at + digits.len()].copy_from_slice(digits.as_bytes());
                    }
                }
            }
        }
        self.put(b'B', &[b"\0", name.as_bytes(), b"\0", &values]);
        self.put(b'E', &[b"\0", &[0; 4]]);
        self.put(b'S', &[]);
        Ok(())
    }

    fn ask_simple(&mut self, sql: &str) {
        self.put(b'Q', &[sql.as_bytes(), b"\0"]);
    }

    fn put(&mut self, letter: u8, content: &[&[u8]]) {
        self.unsent.push(letter);
        let start = self.unsent.len();
        self.unsent.extend_from_slice(&[0; 4]);
        for part in content {
            self.unsent.extend_from_slice(part);
        }
        let length = u32::try_from(self.unsent.len() - start).unwrap_or(u32::MAX);
        self.unsent[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    async fn flush(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&self.unsent).await?;
        self.unsent.clear();
        Ok(())
    }

    async fn answer(&mut self) -> anyhow::Result<Answer> {
        let mut answer = Answer::default();
        loop {
            let mut place = 0;
            let mut ended = false;
            while let Some((letter, content, next)) = message(&self.unread[place..], true) {
                place += next;
                match letter {
                    b'D' => answer.rows.push(content.to_vec()),
                    b'C' => answer.done.extend_from_slice(content),
                    b'E' => answer.failed = true,
                    b'R' => ensure!(content == [0; 4], "the server asks for a password"),
                    b'Z' => {
                        ended = true;
                        break;
                    }
                    _ => {}
                }
            }
            self.unread.drain(..place);
            if ended {
                return Ok(answer);
            }
            let count = self.stream.read(&mut self.chunk).await?;
            ensure!(count > 0, "PostgreSQL closed a connection");
            self.unread.extend_from_slice(&self.chunk[..count]);
        }
    }
}

/// The steps of a transaction from one on, with their ids.
fn parts(transaction: &Transaction, from: usize) -> Vec<(&Step, &[(Place, u64)])> {
    transaction.steps.iter().zip(transaction.ids.iter().map(Vec::as_slice)).skip(from).collect()
}

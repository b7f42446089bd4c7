//! Rehearses a new version of the flows on the conversations of the database, and changes nothing.
//!
//! Open conversations ask the world through the same answers as their turns do, but only what is read; an hour they
//! would hold counts as held, and nothing is ever written. Conversations that have ended are told again from the
//! journal alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sqlx::PgConnection;

use super::answer::{Answerer, Asker};
use super::need::{Diverged, Event, Fact, Got, Need, OK, Stepped};
use super::plan::{self, Fate, Lived, Recorded};
use super::shelf::ShelfError;
use super::state::State;
use super::step::{Books, step};
use super::store::{self, Open};
use super::turn::{QUESTIONS, TurnError, Turns};
use crate::flow::Book;
use crate::id::{AppointmentId, CenterId};

/// Conversations read at once.
const PAGE: i64 = 500;

/// What a new version does, question by question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsed {
    /// Open conversations: where they stand, what becomes of them, how many.
    pub open: BTreeMap<(String, Fate), u64>,
    /// Turns of conversations that have ended: where they came, what would have become of them, how many.
    pub ended: BTreeMap<(String, Fate), u64>,
    /// Conversations that are open but wait for nothing.
    pub idle: u64,
}

impl Rehearsed {
    /// Whether some conversation would fail: such a version is not to be put in force.
    pub fn fails(&self) -> bool {
        self.open.keys().chain(self.ended.keys()).any(|(_, fate)| matches!(fate, Fate::Fails { .. }))
    }
}

/// Rehearses `next` for one centre, or for all that follow the installation: every open conversation, and the
/// `ended` last that have ended.
///
/// # Errors
/// When the database fails, or a book in use cannot be had.
pub async fn rehearse(
    turns: &Turns,
    conn: &mut PgConnection,
    next: &Book,
    center: Option<CenterId>,
    ended: i64,
) -> Result<Rehearsed, TurnError> {
    let mut rehearsed = Rehearsed::default();
    let mut after = 0;
    loop {
        let page = store::open_conversations(conn, center, after, PAGE).await;
        let page = page.map_err(|source| TurnError::Store { doing: "read open conversations", source })?;
        let Some(last) = page.last() else { break };
        after = last.id.0;
        for open in &page {
            match rehearse_one(turns, conn, next, open).await? {
                Some(fate) => {
                    let question = plan::question(&open.state.0);
                    *rehearsed.open.entry((question, fate)).or_default() += 1;
                }
                None => rehearsed.idle += 1,
            }
        }
    }
    let talks = store::ended_talks(conn, center, ended).await;
    let talks =
        talks.map_err(|source| TurnError::Store { doing: "read the journals of ended talks", source })?;
    let mut known: BTreeMap<String, Arc<Book>> = BTreeMap::new();
    for hash in talks.iter().map(|turn| &turn.book).collect::<BTreeSet<_>>() {
        if let Some(book) = book(turns, conn, hash).await? {
            known.insert(hash.clone(), book);
        }
    }
    let books: BTreeMap<String, &Book> = known.iter().map(|(hash, book)| (hash.clone(), &**book)).collect();
    for talk in talks.chunk_by(|one, other| one.conversation == other.conversation) {
        let recorded: Vec<Recorded> = talk
            .iter()
            .map(|turn| Recorded {
                book: turn.book.clone(),
                event: turn.event.0.clone(),
                facts: turn.facts.0.clone(),
            })
            .collect();
        for told in plan::retell(&recorded, &books, next) {
            *rehearsed.ended.entry(told).or_default() += 1;
        }
    }
    Ok(rehearsed)
}

/// A book that may be gone.
async fn book(turns: &Turns, conn: &mut PgConnection, hash: &str) -> Result<Option<Arc<Book>>, TurnError> {
    match turns.shelf.book(conn, hash).await {
        Ok(book) => Ok(Some(book)),
        Err(ShelfError::Missing { .. } | ShelfError::Unreadable { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn rehearse_one(
    turns: &Turns,
    conn: &mut PgConnection,
    next: &Book,
    open: &Open,
) -> Result<Option<Fate>, TurnError> {
    let before = State { owner: open.owner(), epoch: open.epoch, ..open.state.0.clone() };
    let zone: chrono_tz::Tz = open.tz.parse().map_err(|_| TurnError::BadZone(open.tz.clone()))?;
    let local = open.now.with_timezone(&zone).naive_local();
    let Some(event) = plan::next_moment(&before, open.now, local, &open.center_code) else { return Ok(None) };
    let hash = open.book.clone().ok_or(ShelfError::NothingInForce)?;
    let current = turns.shelf.book(conn, &hash).await?;
    let mut others = vec![Arc::clone(&current)];
    for other in before.other_books(&hash) {
        others.extend(book(turns, conn, &other).await?);
    }
    let others: Vec<&Book> = others.iter().map(AsRef::as_ref).collect();
    let asker = Asker {
        conversation: open.id,
        center: open.center,
        phone: open.wa_id.as_deref().and_then(|digits| digits.parse().ok()),
        now: open.now,
        attempts: 0,
        first_contact: before.tick == 0,
        hold_for: turns.hold_for,
    };
    let mut world = World { turns, asker: &asker, known: Vec::new() };
    let old_books = Books { current: &current, others: &others };
    let new_books = Books { current: next, others: &others };
    let old = world.live(conn, &old_books, &before, &event).await?;
    let new = world.live(conn, &new_books, &before, &event).await?;
    Ok(Some(plan::fate(&before, &old, &new, &old_books, &new_books)))
}

/// What is read is the world's; what would be written only seems to be.
struct World<'a> {
    turns: &'a Turns,
    asker: &'a Asker,
    /// Answers so far: both versions see the same world.
    known: Vec<(Need, Got)>,
}

impl World<'_> {
    async fn live(
        &mut self,
        conn: &mut PgConnection,
        books: &Books<'_>,
        before: &State,
        event: &Event,
    ) -> Result<Lived, TurnError> {
        let turns = self.turns;
        let mut answerer = Answerer::new(&turns.agenda, &turns.cards, self.asker, None);
        let mut facts: Vec<Fact> = Vec::new();
        loop {
            match step(books, before, event, &facts) {
                Ok(Stepped::Done(turned)) => return Ok(Lived::Turn(turned)),
                Ok(Stepped::Needs(_)) if facts.len() >= QUESTIONS => {
                    return Ok(Lived::Broke("the walk asks without end".to_owned()));
                }
                Ok(Stepped::Needs(Need::Write { port, .. })) => {
                    return Ok(Lived::Broke(format!("{port} would be done without a yes")));
                }
                Ok(Stepped::Needs(need)) => {
                    let known = self.known.iter().find(|(asked, _)| *asked == need);
                    let got = match (known, &need) {
                        (Some((_, got)), _) => got.clone(),
                        (None, Need::Read { .. }) => answerer.answer(conn, &need).await?,
                        (None, _) => self.seems(&need),
                    };
                    self.known.push((need.clone(), got.clone()));
                    facts.push(Fact { need, got });
                }
                Err(Diverged { what, .. }) => return Ok(Lived::Broke(what)),
            }
        }
    }

    fn seems(&self, need: &Need) -> Got {
        let held = matches!(need, Need::Hold { .. });
        Got {
            outcome: OK.to_owned(),
            rows: Arc::default(),
            hold: held.then_some(AppointmentId(i64::MAX)),
            until: held.then_some(self.asker.now + self.asker.hold_for),
        }
    }
}

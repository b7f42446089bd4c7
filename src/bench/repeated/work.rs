//! A recording as work that can be done again: transactions, and what each of them must wait for.
//!
//! Two transactions belong together when they name the same conversation, event, message or appointment, in what
//! they ask or in what they hear. One that began after another of its kin had committed waits for it; others run as
//! they like, but not further ahead than the chats that went on at once.
//!
//! A row that the recorded run made has another id when it is made again. The sequences begin at numbers that
//! nothing else has, so ids can be seen in whatever bytes they stand in, and exchanged for those of the new rows.

use std::collections::HashMap;
use std::time::Duration;

use super::recording::{Ask, Recording, Step};

/// The tables whose ids go back and forth, and where their sequences begin.
pub const SEQUENCES: [(&str, u64); 4] = [
    ("conversations", 7_100_000_000_000_000),
    ("events", 7_200_000_000_000_000),
    ("outbox", 7_300_000_000_000_000),
    ("appointments", 7_400_000_000_000_000),
];
/// And how much later they begin where the recording is repeated.
pub const SHIFT: u64 = 500_000_000;
const ROOM: u64 = 1_000_000_000;
const DIGITS: usize = 16;

/// Where an id stands in some bytes; either way a new one is as long.
#[derive(Clone, Copy)]
pub enum Place {
    Binary(usize),
    Text(usize),
}

/// Statements that commit together.
pub struct Transaction {
    pub steps: Vec<Step>,
    /// Ids in each step's parameters.
    pub ids: Vec<Vec<(Place, u64)>>,
    /// The conversation whose turn it is; none when it is no turn.
    pub turn: Option<u64>,
    /// When what it waits for must have been done.
    begun: Duration,
    ended: Duration,
}

/// Transactions in the order in which they ended, and the order among them.
pub struct Work {
    pub transactions: Vec<Transaction>,
    /// For each, those that wait for it.
    pub followers: Vec<Vec<usize>>,
    /// For each, how many it waits for.
    pub leaders: Vec<usize>,
    /// For each, how many had ended when it began.
    pub behind: Vec<usize>,
}

/// How many ran at once, turns and others.
#[derive(Clone, Copy, Default)]
pub struct Breadth {
    pub turns: usize,
    pub others: usize,
}

impl Transaction {
    /// Ids in all that it asked and heard.
    fn kin(&self) -> Vec<u64> {
        let heard = self.steps.iter().flat_map(|step| &step.rows).flat_map(|row| ids(row));
        let mut kin: Vec<u64> = self.ids.iter().flatten().copied().chain(heard).map(|(_, id)| id).collect();
        kin.sort_unstable();
        kin.dedup();
        kin
    }
}

/// The ids in some bytes.
pub fn ids(bytes: &[u8]) -> Vec<(Place, u64)> {
    let known = |id: u64| SEQUENCES.iter().any(|(_, first)| (*first..first + ROOM).contains(&id));
    let mut found = Vec::new();
    let mut at = 0;
    while at + 8 <= bytes.len() {
        let binary = bytes[at..at + 8].try_into().map(u64::from_be_bytes).unwrap_or_default();
        if bytes[at] == 0 && known(binary) {
            found.push((Place::Binary(at), binary));
            at += 8;
        } else if bytes[at].is_ascii_digit() {
            let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let text = std::str::from_utf8(&bytes[at..at + digits]).unwrap_or_default();
            let number = text.parse().unwrap_or_default();
            if digits == DIGITS && known(number) {
                found.push((Place::Text(at), number));
            }
            at += digits;
        } else {
            at += 1;
        }
    }
    found
}

/// Sorts a recording into what went before `from` (to warm up), what began before `until`, and the rest. The
/// statement by which every session begins comes apart, and the map's look at what changed, ten times a second
/// whatever is going on, is left out: its parameters mean nothing in another database.
pub fn sort(recording: &mut Recording, from: Duration, until: Duration) -> (Option<Step>, [Work; 3]) {
    let statements = &recording.statements;
    let is = |step: &Step, word: &str| match &step.ask {
        Ask::Execute(place, _) => statements[*place].sql().contains(word),
        Ask::Simple(_) => false,
    };
    let mut opening = None;
    let mut parts: [Vec<Transaction>; 3] = Default::default();
    for session in recording.sessions.drain(..) {
        let mut steps = Vec::new();
        for step in session {
            let closes = !step.open;
            steps.push(step);
            if !closes {
                continue;
            }
            let steps = std::mem::take(&mut steps);
            if is(&steps[0], "'plan_cache_mode'") {
                opening = steps.into_iter().next();
                continue;
            }
            if is(&steps[0], "c.xid >= $1") {
                continue;
            }
            let is_turn = steps.len() > 3
                && is(&steps[1], "for no key update of c skip locked")
                && !steps[1].rows.is_empty()
                && !steps[2].rows.is_empty();
            let turn =
                steps.get(1).filter(|_| is_turn).and_then(|claim| claim.rows.first()).map(|row| ids(row));
            let transaction = Transaction {
                ids: steps.iter().map(|step| parameters(&step.ask)).collect(),
                turn: turn.and_then(|ids| ids.first().map(|(_, id)| *id)),
                // a turn does not know whose it is before it asks
                begun: if is_turn { steps[1].asked } else { steps[0].asked },
                ended: steps.iter().map(|step| step.answered).max().unwrap_or_default(),
                steps,
            };
            let part = usize::from(transaction.begun >= from) + usize::from(transaction.begun >= until);
            parts[part].push(transaction);
        }
    }
    (opening, parts.map(order))
}

fn parameters(ask: &Ask) -> Vec<(Place, u64)> {
    match ask {
        Ask::Execute(_, values) => ids(values),
        Ask::Simple(_) => Vec::new(),
    }
}

fn order(mut transactions: Vec<Transaction>) -> Work {
    transactions.sort_by_key(|transaction| transaction.ended);
    let mut followers = vec![Vec::new(); transactions.len()];
    let mut leaders = vec![0; transactions.len()];
    let mut named: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, transaction) in transactions.iter().enumerate() {
        let mut before = Vec::new();
        for id in transaction.kin() {
            let kin = named.entry(id).or_default();
            before
                .extend(kin.iter().copied().filter(|other| transactions[*other].ended <= transaction.begun));
            kin.push(place);
        }
        before.sort_unstable();
        before.dedup();
        leaders[place] = before.len();
        for leader in before {
            followers[leader].push(place);
        }
    }
    let behind = transactions
        .iter()
        .map(|one| transactions.partition_point(|other| other.ended <= one.begun))
        .collect();
    Work { transactions, followers, leaders, behind }
}

impl Work {
    /// How many statements it has.
    pub fn statements(&self) -> usize {
        self.transactions
            .iter()
            .flat_map(|one| &one.steps)
            .filter(|step| matches!(step.ask, Ask::Execute(..)))
            .count()
    }

    /// How many transactions were open at once when it was recorded.
    pub fn breadth(&self) -> Breadth {
        let widest = |turns: bool| {
            let of_kind = || self.transactions.iter().filter(move |one| one.turn.is_some() == turns);
            let mut changes: Vec<(Duration, isize)> =
                of_kind().flat_map(|one| [(one.begun, 1), (one.ended, -1)]).collect();
            changes.sort_unstable();
            let mut open = 0;
            changes
                .into_iter()
                .map(|(_, change)| {
                    open += change;
                    open
                })
                .max()
                .unwrap_or_default()
        };
        Breadth { turns: widest(true).max(1).unsigned_abs(), others: widest(false).max(1).unsigned_abs() }
    }
}

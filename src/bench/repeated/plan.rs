//! Which of the recorded transactions may run now.
//!
//! One that waits for nobody is released, turns apart from the others, unless it would run too far ahead. A turn that
//! is claimed before its time takes the place of one that was released, which stays to be claimed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::work::Work;

/// Who may go on.
pub struct Plan {
    pub work: Work,
    ahead: usize,
    /// A turn, for its first two statements: they have no parameters and are alike in all.
    pub claim: Option<usize>,
    state: Mutex<State>,
    pub turns: Semaphore,
    pub others: Semaphore,
}

struct State {
    /// How many each still waits for.
    waits: Vec<usize>,
    done: Vec<bool>,
    /// The turns that may run, and those that were claimed.
    released: Vec<bool>,
    taken: Vec<bool>,
    /// All before this one are done.
    finished: usize,
    /// Those that wait for nobody but would run too far ahead: what must be finished first, and which.
    ahead: BinaryHeap<Reverse<(usize, usize)>>,
    ready: BinaryHeap<Reverse<usize>>,
    /// The turns of each conversation that are still to come.
    turns: HashMap<u64, VecDeque<usize>>,
    left: usize,
}

impl Plan {
    pub fn new(work: Work, ahead: usize) -> Self {
        let mut turns: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (place, transaction) in work.transactions.iter().enumerate() {
            if let Some(conversation) = transaction.turn {
                turns.entry(conversation).or_default().push_back(place);
            }
        }
        let left = work.transactions.len();
        let state = State {
            waits: work.leaders.clone(),
            done: vec![false; left],
            released: vec![false; left],
            taken: vec![false; left],
            finished: 0,
            ahead: BinaryHeap::new(),
            ready: BinaryHeap::new(),
            turns,
            left,
        };
        let claim = work.transactions.iter().position(|one| one.turn.is_some());
        Self {
            work,
            ahead,
            claim,
            state: Mutex::new(state),
            turns: Semaphore::new(0),
            others: Semaphore::new(0),
        }
    }

    /// How many transactions are still to come.
    pub fn left(&self) -> usize {
        self.lock().left
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub fn start(&self) {
        let mut state = self.lock();
        for place in 0..state.waits.len() {
            if state.waits[place] == 0 {
                self.free(&mut state, place);
            }
        }
        if state.left == 0 {
            self.close();
        }
    }

    pub fn close(&self) {
        self.turns.close();
        self.others.close();
    }

    /// Lets it run, or wait until it is not too far ahead.
    fn free(&self, state: &mut State, place: usize) {
        let first = self.work.behind[place].saturating_sub(self.ahead);
        if first > state.finished {
            state.ahead.push(Reverse((first, place)));
        } else if self.work.transactions[place].turn.is_some() {
            state.released[place] = !state.taken[place];
            self.turns.add_permits(usize::from(state.released[place]));
        } else {
            state.ready.push(Reverse(place));
            self.others.add_permits(1);
        }
    }

    pub fn finish(&self, place: usize) {
        let mut state = self.lock();
        state.done[place] = true;
        while state.done.get(state.finished) == Some(&true) {
            state.finished += 1;
        }
        for follower in &self.work.followers[place] {
            state.waits[*follower] -= 1;
            if state.waits[*follower] == 0 {
                self.free(&mut state, *follower);
            }
        }
        while let Some(Reverse((first, waiting))) = state.ahead.peek().copied() {
            if first > state.finished {
                break;
            }
            state.ahead.pop();
            self.free(&mut state, waiting);
        }
        state.left -= 1;
        if state.left == 0 {
            self.close();
        }
    }

    pub fn next_other(&self) -> Option<usize> {
        self.lock().ready.pop().map(|Reverse(place)| place)
    }

    /// A turn that should have been claimed by now: it goes on without.
    pub fn overdue_turn(&self) -> Option<usize> {
        let mut state = self.lock();
        let place = (0..state.taken.len()).find(|place| state.released[*place] && !state.taken[*place])?;
        state.taken[place] = true;
        let conversation = self.work.transactions[place].turn?;
        state.turns.get_mut(&conversation)?.retain(|other| *other != place);
        Some(place)
    }

    /// The next turn of a conversation.
    pub fn coming_turn(&self, conversation: u64) -> Option<usize> {
        self.lock().turns.get(&conversation)?.front().copied()
    }

    /// This turn was claimed. When it was not its time yet, another that might have been claimed instead is still to
    /// be taken.
    pub fn take(&self, place: usize, conversation: u64) {
        let mut state = self.lock();
        if let Some(turns) = state.turns.get_mut(&conversation) {
            turns.retain(|other| *other != place);
        }
        state.taken[place] = true;
        self.turns.add_permits(usize::from(!state.released[place]));
    }
}

/// Locks; what a panic left behind is as good.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

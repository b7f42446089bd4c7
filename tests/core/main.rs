//! The core on its own: scenes, rules and a random walker, against a small centre in memory.

mod asking;
mod draw;
mod holds;
mod named;
mod remembered;
mod repairs;
mod rules;
mod scripts;
mod silence;
mod staff;
mod talk;
mod taps;
mod versions;
mod walker;
mod watch;
mod words;
mod world;
mod yes;
mod yes_words;

//! The core on its own: scenes, rules and a random walker, against a small centre in memory.

mod asking;
mod holds;
mod repairs;
mod scripts;
mod silence;
mod staff;
mod talk;
mod taps;
mod versions;
mod walker;
mod words;
mod world;
mod yes;

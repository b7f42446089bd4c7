//! The core on its own: scenes, rules and a random walker, against a small centre in memory.

mod rules;
mod scripts;
mod talk;
mod walker;
mod words;
mod world;

//! `flows doc`: the reference of the language, as `flows/LENGUAJE.md` must stand.

use crate::flow::guide;

/// Prints it.
pub(super) fn run() {
    print!("{}", guide::guide());
}

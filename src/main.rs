//! The `smartsalud` command; see [`smartsalud::cli`].

fn main() {}

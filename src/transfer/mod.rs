//! (empty until its first commit)

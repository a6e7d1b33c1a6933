//! What is asked for: the flags, hints for who types another, the same from a scenario file, and what a run is made of by them.

pub(crate) mod cli;
pub(crate) mod hints;
pub(crate) mod scenario;
pub(crate) mod asked;

//! What is asked for: the flags, the same from a scenario file, and what a run is made of by them.

pub(crate) mod cli;
pub(crate) mod scenario;
pub(crate) mod asked;

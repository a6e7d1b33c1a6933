//! The subcommands beside `run`, each a program of its own.

pub(crate) mod afterwards;
pub(crate) mod doctor;
pub(crate) mod probe;
pub(crate) mod verify;
pub(crate) mod sink;

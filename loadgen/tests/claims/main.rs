//! `beat-load` as a user runs it, against a server that is honest or wrong on purpose.

#![expect(clippy::unwrap_used, reason = "a fake that stumbles shall fail its test")]

mod cohorts;
mod ending;
mod fake;
mod instrument;
mod load;
mod records;
mod refusals;
mod resilience;
mod server;
mod shapes;
mod sink;
mod stored;
mod tickets;
mod tls;
mod tools;
mod verdict;

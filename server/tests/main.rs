//! Claims about a real server process; see the files named after them.
//!
//! Everything stays on loopback. Nothing sleeps to let time pass where there is something to wait for.
#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

mod addresses;
mod bots;
mod configuration;
mod conformance;
mod crash;
mod drain;
mod encodings;
mod events;
mod exclusion;
mod faults;
mod feed;
mod gateways;
mod handshake;
mod health;
mod hostile;
mod intensity;
mod ledger;
mod limits;
mod malformed;
mod memory;
mod openness;
mod origins;
mod outage;
mod pages;
mod resume;
mod proxied;
mod rosters;
mod slow;
mod tally;
mod tickets;
mod tls;
mod watch;

//! `beat-load`: a crowd of fans for Make the Beat that knows whether every tap arrived.
//!
//! Speaks the wire through `beat-protocol` and shares nothing else with the server. In reading order: what is asked for
//! and of whom; when every fan taps, what it may say, its socket, the thread that carries it and keeps the book; the
//! display feed and the run that brings all together; what it measured, and the line that decides. `schedule`, `bucket`,
//! `fan`, `latency` and `reconcile` know no socket, no clock and no thread.

mod cli;
mod run;
mod target;
mod clock;
mod phases;
mod schedule;
mod bucket;
mod fan;
mod connection;
mod worker;
mod ledger;
mod feed;
mod stage;
mod progress;
#[expect(dead_code, reason = "the run fills it next")]
mod spans;
#[expect(dead_code, reason = "the run fills it next")]
mod record;
mod latency;
mod metrics_page;
mod reconcile;
mod report;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::run::RunError;

const USAGE: u8 = 2;
const SET_UP: u8 = 3;
const RECONCILIATION: u8 = 98;

fn main() -> ExitCode {
    let Command::Run(args) = Cli::parse().command;
    let outcome = match run::run(&args) {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("beat-load: {error}");
            return ExitCode::from(if let RunError::Usage(_) = error { USAGE } else { SET_UP });
        }
    };
    if let Err(error) = report::write(&mut std::io::stdout().lock(), &outcome) {
        eprintln!("beat-load: the report could not be written: {error}");
    }
    if reconcile::reconciles(&outcome.lines) { ExitCode::SUCCESS } else { ExitCode::from(RECONCILIATION) }
}

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
mod crew;
mod procs;
mod ledger;
mod feed;
mod watch;
mod stage;
mod progress;
mod vitals;
mod watchdog;
#[cfg_attr(not(test), expect(dead_code, reason = "the reports will ask for more"))]
mod spans;
mod display;
mod latency;
mod timeline;
mod metrics_page;
mod reconcile;
mod outcome;
mod record;
mod fault;
mod verdict;
mod report;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::record::Standing;
use crate::run::RunError;

const USAGE: u8 = 2;
const SET_UP: u8 = 3;
const INVALID: u8 = 97;
const RECONCILIATION: u8 = 98;

fn main() -> ExitCode {
    let args = match Cli::parse().command {
        Command::Run(args) => args,
        Command::CarryFans => {
            return match procs::work() {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("beat-load: a worker process: {error}");
                    ExitCode::from(SET_UP)
                }
            };
        }
    };
    let record = match run::run(&args) {
        Ok(record) => record,
        Err(error) => {
            eprintln!("beat-load: {error}");
            return ExitCode::from(if let RunError::Usage(_) = error { USAGE } else { SET_UP });
        }
    };
    if let Err(error) = report::write(&mut std::io::stdout().lock(), &record) {
        eprintln!("beat-load: the report could not be written: {error}");
    }
    ExitCode::from(match () {
        () if record.verdict.standing == Standing::Invalid => INVALID,
        () if !record.reconciles() => RECONCILIATION,
        () => 0,
    })
}

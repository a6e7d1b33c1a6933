//! `beat-load`: a crowd of fans for Make the Beat that knows whether every tap arrived.
//!
//! Speaks the wire through `beat-protocol` and shares nothing else with the server. In reading order: what is asked for
//! and of whom; the shape of the crowd, when every fan taps, what it may say, its socket, the thread that carries it and keeps
//! the book; the display feed and the run that brings all together; what it measured, and the line that decides; the
//! tools. `shape` to `fan`, `wire`, `latency` and `reconcile` know no socket, no clock and no thread.

mod cli;
mod scenario;
mod asked;
mod run;
mod target;
mod clock;
mod shape;
mod sources;
mod phases;
mod pace;
mod countries;
mod schedule;
mod plan;
mod bucket;
mod fan;
mod wire;
mod heard;
mod dial;
mod seat;
mod book;
mod wheel;
mod worker;
mod crew;
mod procs;
mod ledger;
mod cohorts;
mod feed;
mod watch;
mod stage;
mod progress;
mod screen;
mod vitals;
mod watchdog;
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
mod metric;
mod threshold;
mod output;
mod html;
mod report;
mod afterwards;
mod stored;
mod sink;
mod doctor;
mod probe;
mod verify;
mod ending;
mod cpu;

use std::convert::Infallible;
use std::fmt::Display;
use std::process::ExitCode;

use crate::afterwards::AfterwardsError;
use crate::cli::{Command, RunArgs};
use crate::record::{Record, Standing};
use crate::run::RunError;

const USAGE: u8 = 2;
const SET_UP: u8 = 3;
const INVALID: u8 = 97;
const RECONCILIATION: u8 = 98;
const THRESHOLD: u8 = 99;

fn main() -> ExitCode {
    let cli = match scenario::command_line(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => {
            eprintln!("beat-load: {error}");
            return ExitCode::from(USAGE);
        }
    };
    match cli.command {
        Command::Run(args) => cheer(&args),
        Command::Plan(args) => done(asked::plan(&args)),
        Command::Scenarios(args) => done(scenario::write(&mut std::io::stdout().lock(), args.name.as_deref())),
        Command::Report(args) => afterwards(afterwards::report(&args).map(|record| code(&record))),
        Command::Merge(args) => afterwards(afterwards::merge(&args).map(|merged| merged.as_ref().map_or(0, code))),
        Command::Compare(args) => afterwards(afterwards::compare(&args).map(|fine| if fine { 0 } else { THRESHOLD })),
        Command::Model(args) => afterwards(afterwards::model(&args).map(|()| 0)),
        Command::CarryFans => tool(procs::work().map(|()| true), SET_UP),
        Command::Sink(args) => tool(sink::run(&args).map(|()| true), SET_UP),
        Command::Doctor(args) => tool(Ok::<_, Infallible>(doctor::run(&args)), SET_UP),
        Command::Probe(args) => tool(probe::run(&args), THRESHOLD),
        Command::Verify(args) => tool(verify::run(&args), RECONCILIATION),
    }
}

/// The exit code of a tool that could not do its work, or that could and says yes or no; no is `otherwise`.
fn tool(answer: Result<bool, impl Display>, otherwise: u8) -> ExitCode {
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(otherwise),
        Err(error) => {
            eprintln!("beat-load: {error}");
            ExitCode::from(SET_UP)
        }
    }
}

/// The exit code of what ends without a verdict.
fn done(outcome: Result<(), RunError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("beat-load: {error}");
            ExitCode::from(if let RunError::Usage(_) = error { USAGE } else { SET_UP })
        }
    }
}

fn cheer(args: &RunArgs) -> ExitCode {
    let record = match run::run(args) {
        Ok(record) => record,
        Err(error) => return done(Err(error)),
    };
    if let Err(error) = args.output.write(&record) {
        eprintln!("beat-load: the report could not be written: {error}");
    }
    ExitCode::from(code(&record))
}

/// What a record says to whoever only looks at the exit code. The instrument comes first: what an invalid one finds wrong
/// may be its own doing.
fn code(record: &Record) -> u8 {
    let as_declared = cohorts::as_declared(&record.cohorts) && record.hurt.is_empty();
    match () {
        () if record.interrupted_at.is_some() => ending::INTERRUPTED,
        () if record.verdict.standing == Standing::Invalid => INVALID,
        () if !record.reconciles() => RECONCILIATION,
        () if !as_declared || record.thresholds.iter().any(|threshold| !threshold.kept) => THRESHOLD,
        () => 0,
    }
}

fn afterwards(code: Result<u8, AfterwardsError>) -> ExitCode {
    ExitCode::from(code.unwrap_or_else(|error| {
        eprintln!("beat-load: {error}");
        match error {
            AfterwardsError::Invalid(_) => INVALID,
            AfterwardsError::Output(_) | AfterwardsError::Unlike(_) => USAGE,
            _ => SET_UP,
        }
    }))
}

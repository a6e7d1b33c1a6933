//! `beat-load`: a crowd of fans for Make the Beat that knows whether every tap arrived.
//!
//! Speaks the wire through `beat-protocol` and shares nothing else with the server. In reading order: what is asked for;
//! when every fan is to tap; the crowd that does it, and the cohorts that misbehave beside it; the run that brings all
//! together; what it measured, the books that must agree, and the record of both; who judges and who tells it; the tools.
//! `plan`, `judge`, and of the rest `fan`, `wire`, `latency` and `reconcile`, know no socket, no clock and no thread.

mod command;
mod plan;
mod crowd;
mod cohorts;
mod target;
mod trust;
mod stream;
mod tickets;
mod clock;
mod run;
mod measure;
mod books;
mod record;
mod judge;
mod tell;
mod tools;
mod ending;

use std::convert::Infallible;
use std::fmt::Display;
use std::process::ExitCode;

use crate::command::cli::{Command, RunArgs};
use crate::command::{asked, scenario};
use crate::crowd::procs;
use crate::record::{Record, Standing};
use crate::run::RunError;
use crate::tools::afterwards::{self, AfterwardsError};
use crate::tools::{doctor, probe, sink, verify};

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

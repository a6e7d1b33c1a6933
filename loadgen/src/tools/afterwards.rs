//! What can be done with records once the runs are over: another report, several machines as one, two runs beside each
//! other, and what they say about a larger one. None of it touches a server.

mod compare;
mod merge;
mod model;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use self::compare::CompareArgs;
pub(crate) use self::merge::MergeArgs;
pub(crate) use self::model::ModelArgs;
use crate::record::{self, Record, RecordError};
use crate::tell::output::{NotALog, OutputArgs, Unwritable};

const REPORT_EXAMPLES: &str = "\
Examples:
  The text of a run that is over:
    beat-load report run.json
  The page to send to somebody, from the same record:
    beat-load report run.json --html run.html
  Rows for a spreadsheet:
    beat-load report run.json --output-format csv";

/// What `report` is told.
#[derive(clap::Args, Debug)]
#[command(after_help = REPORT_EXAMPLES)]
pub(crate) struct ReportArgs {
    /// A record, as `run -o FILE.json` writes it.
    #[arg(value_name = "RECORD.json")]
    record: PathBuf,

    #[command(flatten)]
    output: OutputArgs,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AfterwardsError {
    #[error("{0}")]
    Record(#[from] RecordError),
    #[error("{}: {source}", path.display())]
    Log { path: PathBuf, source: NotALog },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Output(#[from] Unwritable),
    #[error("the report could not be written: {0}")]
    Write(#[from] io::Error),
    /// One of them is not to be believed.
    #[error("{0}")]
    Invalid(String),
    /// These do not belong together.
    #[error("{0}")]
    Unlike(String),
}

/// Makes another report of a record. The record it was.
pub(crate) fn report(args: &ReportArgs) -> Result<Record, AfterwardsError> {
    args.output.files()?;
    let record = record::read(&args.record)?;
    args.output.write(&record)?;
    Ok(record)
}

/// Makes one report of several machines' records, or one log of their logs; `None` for logs, which know no verdict.
pub(crate) fn merge(args: &MergeArgs) -> Result<Option<Record>, AfterwardsError> {
    args.run()
}

/// Holds a run against an earlier one; whether it is no worse.
pub(crate) fn compare(args: &CompareArgs) -> Result<bool, AfterwardsError> {
    args.run()
}

/// Reckons what a larger crowd would cost.
pub(crate) fn model(args: &ModelArgs) -> Result<(), AfterwardsError> {
    args.run()
}

fn text_of(path: &Path) -> Result<String, AfterwardsError> {
    std::fs::read_to_string(path).map_err(|source| AfterwardsError::File { path: path.to_owned(), source })
}

//! A record on disk.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{Record, VERSION};

/// Why a file is no record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: not a record of a run: {source}", path.display())]
    NotARecord { path: PathBuf, source: serde_json::Error },
    #[error("{}: version {found} of the record; this program reads version {VERSION}", path.display())]
    Version { path: PathBuf, found: u64 },
}

/// Writes it as JSON.
pub(crate) fn write(out: &mut impl Write, record: &Record) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, record)?;
    writeln!(out)
}

/// Reads one back.
pub(crate) fn read(path: &Path) -> Result<Record, RecordError> {
    let named = || path.to_owned();
    let text = fs::read_to_string(path).map_err(|source| RecordError::File { path: named(), source })?;
    let not_a_record = |source| RecordError::NotARecord { path: named(), source };
    let value: serde_json::Value = serde_json::from_str(&text).map_err(not_a_record)?;
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(found) if found != u64::from(VERSION) => Err(RecordError::Version { path: named(), found }),
        _ => serde_json::from_value(value).map_err(not_a_record),
    }
}

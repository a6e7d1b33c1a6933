//! The rows, in the order in which they are printed.

mod work;
mod tls;
mod memory;
mod latency;
mod payload;
mod growth;

use crate::book::Book;

/// What the names of rows begin with, and what those are about.
const WORDS: [(&str, &str); 10] = [
    ("ingest", "CPU of a CHEER that comes in"),
    ("both", "the same while beats go out"),
    ("handshakes", "CPU of a connection that comes and goes"),
    ("tls", "CPU and memory with TLS, beside the gateway without"),
    ("memory", "of an idle fan"),
    ("latency", "from a tap to the display frame that contains it"),
    ("payload", "bytes a second to a fan"),
    ("fan-out", "growth: CPU of a beat that goes out to one of 1,000 to 19,000 fans"),
    ("teams", "growth: CPU of a beat and of a CHEER, 10 to 10,000 teams"),
    ("events", "growth: CPU of a beat of 1 and of 100 events"),
];

/// Measures and prints all that is wanted.
pub(crate) fn all(book: &mut Book) {
    work::rows(book);
    tls::rows(book);
    memory::rows(book);
    latency::rows(book);
    payload::rows(book);
    growth::rows(book);
}

/// Whether rows begin with `word`, or may.
pub(crate) fn knows(word: &str) -> bool {
    WORDS.iter().any(|(known, _)| known.starts_with(word) || word.starts_with(known))
}

/// How it is used.
pub(crate) fn help() -> String {
    let words: String = WORDS.iter().map(|(word, about)| format!("\n  {word:<12} {about}")).collect();
    format!("usage: end_to_end [WORD...]\n\nAll rows, or those whose names begin with a WORD:\n{words}")
}

/// A folder for a gateway's files, gone with the row: beside this program, where there is a real disk.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let program = std::env::current_exe()?;
    tempfile::Builder::new().prefix("end_to_end-").tempdir_in(program.parent().unwrap_or(&program))
}

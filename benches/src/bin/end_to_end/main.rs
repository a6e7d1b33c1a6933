//! The gateway end to end, over real sockets, beside a bare floor: `cargo build --release -p beat-server && cargo run --release
//! -p beat-benches --bin end_to_end` prints what it costs and how long it takes, all in one run (README.md has the method).
//!
//! It would lie if a connection died, a tap were missing, or the crowd could not keep its schedule: a row of which that is
//! true is not printed, its reason is, and the program fails.

mod rows;
mod book;
mod process;
mod floor;
mod crowd;
mod thumbs;
mod listener;
mod secured;

use std::process::ExitCode;

use book::Book;

/// Core of whoever is measured, and of the crowd.
const SERVER_CORE: usize = 0;
const CROWD_CORE: usize = 1;
/// A command line that means nothing.
const USAGE: u8 = 64;

#[expect(clippy::print_stdout, reason = "help was asked for")]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, frame_bytes] = &words[..]
        && word == "floor"
    {
        return match frame_bytes.parse().map_err(std::io::Error::other).and_then(floor::serve) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{}", rows::help());
        return ExitCode::SUCCESS;
    }
    if let Some(word) = words.iter().find(|word| !rows::knows(word)) {
        eprintln!("no row begins with {word:?}\n\n{}", rows::help());
        return ExitCode::from(USAGE);
    }
    let mut book = Book::of(words);
    rows::all(&mut book);
    if book.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

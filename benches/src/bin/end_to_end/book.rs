//! The tables as they are printed: a row when it has been measured, and the reason instead of one that cannot be trusted.

use std::fmt;
use std::io;

/// Runs of each row; the median counts.
const RUNS: usize = 3;
/// Runs of a row that may be thrown away because the crowd fell behind its schedule.
const REPEATED_MAX: u32 = 3;

/// What is printed, and whether anything was left out.
pub(crate) struct Book {
    words: Vec<String>,
    heading: Option<String>,
    refused: usize,
}

impl Book {
    /// Of the rows whose names begin with one of `words`; of all of them, where there are none.
    pub(crate) fn of(words: Vec<String>) -> Self {
        Self { words, heading: None, refused: 0 }
    }

    /// Whether a row is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.starts_with(word.as_str()))
    }

    /// Begins a table, of which nothing is seen before its first row.
    pub(crate) fn table(&mut self, columns: &[&str]) {
        self.heading = Some(format!("\n| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len())));
    }

    /// Measures and prints one row, if it is wanted: `measured` brings its cells, the first of which stands behind `name`.
    #[expect(clippy::print_stdout, reason = "the tables are what this is for")]
    pub(crate) fn row(&mut self, name: &str, measured: impl FnOnce() -> io::Result<Vec<String>>) {
        if !self.wants(name) {
            return;
        }
        match measured() {
            Ok(cells) => {
                if let Some(heading) = self.heading.take() {
                    println!("{heading}");
                }
                println!("| {name}{} |", cells.join(" | "));
            }
            Err(why) => {
                self.refused += 1;
                eprintln!("no figure for {name:?}: {why}");
            }
        }
    }

    /// Whether every row that was wanted is there.
    pub(crate) fn is_complete(&self) -> bool {
        self.refused == 0
    }
}

/// What makes a figure worthless.
pub(crate) fn refuse<T>(why: impl Into<String>) -> io::Result<T> {
    Err(io::Error::other(why.into()))
}

/// The same, where only the machine or the crowd was too slow: the next run may do.
pub(crate) fn held_up<T>(why: impl Into<String>) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::TimedOut, why.into()))
}

/// [`RUNS`] runs of a row. One that only the machine or the crowd was too slow for is nobody's figure: it is thrown away, up
/// to [`REPEATED_MAX`] of them, and run again.
pub(crate) fn runs<T>(mut run: impl FnMut() -> io::Result<T>) -> io::Result<Vec<T>> {
    let (mut runs, mut repeated) = (Vec::new(), 0);
    while runs.len() < RUNS {
        match run() {
            Ok(run) => runs.push(run),
            Err(why) if why.kind() == io::ErrorKind::TimedOut && repeated < REPEATED_MAX => repeated += 1,
            Err(why) => return Err(why),
        }
    }
    Ok(runs)
}

/// Several measurements of one thing.
pub(crate) struct Spread {
    pub(crate) median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    /// # Panics
    /// If there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], lowest: values[0], highest: values[values.len() - 1] }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        write!(f, "{:.digits$} ({:.digits$} to {:.digits$})", self.median, self.lowest, self.highest)
    }
}

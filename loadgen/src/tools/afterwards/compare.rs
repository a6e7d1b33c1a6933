//! Two runs beside each other: what became slower, less, or wrong.
//!
//! Only what both can tell is compared. A latency is worse if it rose by more than the given share *and* by more than
//! the timers can tell; a rate if it fell by more than the share.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::AfterwardsError;
use crate::judge::metric::{Spanned, Tally};
use crate::measure::spans::LISTED;
use crate::record::{self, Fault, PhaseBook, Record, Standing};

const EXAMPLES: &str = "\
Examples:
  What changed since yesterday:
    beat-load compare yesterday.json today.json
  In a build, to stop what is 5 % slower:
    beat-load compare main.json branch.json --fail-on-regression 5%
  Only alarms, on a noisy machine:
    beat-load compare main.json branch.json --fail-on-regression 25%

Exit codes: 0 no worse, 2 usage, 3 no record, 97 one of them is invalid, 99 worse than allowed.";

/// Two readings of timers that tell whole milliseconds.
const RESOLUTION_MS: f64 = 2.0;

/// What `compare` is told.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// The record of the earlier run.
    #[arg(value_name = "BEFORE.json")]
    before: PathBuf,

    /// The record of the later one.
    #[arg(value_name = "AFTER.json")]
    after: PathBuf,

    /// Exit 99 if anything became worse by more than this.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_on_regression: Option<f64>,
}

fn percent(text: &str) -> Result<f64, String> {
    let number: f64 = text.trim_end_matches('%').trim().parse().map_err(|_| "such as 5%".to_owned())?;
    if (0.0..1_000.0).contains(&number) { Ok(number) } else { Err("0% to 1000%".to_owned()) }
}

/// One line of the comparison.
#[derive(Debug, PartialEq)]
struct Row {
    name: String,
    before: f64,
    after: f64,
    unit: &'static str,
    /// By so many per cent; less than nothing is better.
    worse_by: f64,
    is_worse: bool,
}

impl CompareArgs {
    #[expect(clippy::print_stdout, reason = "the answer is what is asked for")]
    pub(super) fn run(&self) -> Result<bool, AfterwardsError> {
        let (before, after) = (record::read(&self.before)?, record::read(&self.after)?);
        for (path, run) in [(&self.before, &before), (&self.after, &after)] {
            if run.verdict.standing == Standing::Invalid {
                let why = run.verdict.reasons.first().map_or("", |reason| reason.why.as_str());
                return Err(AfterwardsError::Invalid(format!("{} proves nothing: {why}", path.display())));
            }
        }
        let rows = rows(&before, &after, self.fail_on_regression.unwrap_or(0.0));
        print!("{}", text(&before, &after, &rows, self.fail_on_regression));
        Ok(self.fail_on_regression.is_none() || !rows.iter().any(|row| row.is_worse))
    }
}

fn rows(before: &Record, after: &Record, allowed: f64) -> Vec<Row> {
    let mut rows = Vec::new();
    let (whole_before, whole_after) = (before.measured(), after.measured());
    of_books(&mut rows, "", (&whole_before, &whole_after), allowed);
    let measured = |run: &Record| run.phases.iter().filter(|phase| phase.is_measured()).count();
    if measured(before) > 1 {
        for phase in before.phases.iter().filter(|phase| phase.is_measured()) {
            let same = after.phases.iter().find(|other| other.is_measured() && other.phase.name == phase.phase.name);
            if let Some(other) = same {
                of_books(&mut rows, &format!("{}: ", phase.phase.name), (&phase.book, &other.book), allowed);
            }
        }
    }
    let rate = |tally: Tally, book: &PhaseBook, seconds: f64| float(tally.of(book)) / seconds.max(1e-9);
    for (tally, name) in [(Tally::Taps, "taps a second"), (Tally::Frames, "frames a second")] {
        let (was, is) = (
            rate(tally, &whole_before, before.measured_seconds()),
            rate(tally, &whole_after, after.measured_seconds()),
        );
        // Fewer frames for as many taps is what a cadence is for: told, never held against the run.
        rows.push(row(name.to_owned(), was, is, "", false, if tally == Tally::Taps { allowed } else { f64::INFINITY }));
    }
    let missed = |book: &PhaseBook| 100.0 * float(book.missed_beats) / float((book.beats + book.missed_beats).max(1));
    rows.push(row("beats missed".to_owned(), missed(&whole_before), missed(&whole_after), "%", true, allowed));
    let errors = |run: &Record| {
        let wrong = run.faults.iter().filter(|fault| matches!(fault.fault, Fault::Server | Fault::Policy));
        float(wrong.map(|fault| fault.times).sum())
    };
    rows.push(row("errors of the server or by policy".to_owned(), errors(before), errors(after), "", true, allowed));
    let differing = |run: &Record| float(run.teams.iter().filter(|team| !team.differences.is_empty()).count() as u64);
    rows.push(row("teams that do not reconcile".to_owned(), differing(before), differing(after), "", true, allowed));
    rows
}

fn of_books(rows: &mut Vec<Row>, phase: &str, (before, after): (&PhaseBook, &PhaseBook), allowed: f64) {
    for metric in [Spanned::TapToBeat, Spanned::SendToBeat, Spanned::BeatAge, Spanned::FeedAge] {
        let (before, after) = (metric.of(before), metric.of(after));
        for (name, percentile) in LISTED {
            if let (Some(was), Some(is)) = (before.percentile_ms(percentile), after.percentile_ms(percentile)) {
                let mut row = row(format!("{phase}{}.{name}", metric.name()), was, is, "ms", true, allowed);
                row.is_worse &= is - was > RESOLUTION_MS;
                rows.push(row);
            }
        }
    }
}

fn row(name: String, before: f64, after: f64, unit: &'static str, more_is_worse: bool, allowed: f64) -> Row {
    let change = if more_is_worse { after - before } else { before - after };
    let worse_by = match before {
        _ if change == 0.0 => 0.0,
        // Where there was nothing, no allowance is a share of it.
        _ if before == 0.0 => f64::INFINITY.copysign(change),
        _ => 100.0 * change / before,
    };
    Row { name, before, after, unit, worse_by, is_worse: worse_by > allowed }
}

fn text(before: &Record, after: &Record, rows: &[Row], allowed: Option<f64>) -> String {
    let mut text = String::new();
    for (what, was, is) in unlike(before, after) {
        writeln!(text, "not the same run: {what} {was} before, {is} after").expect("a string takes all");
    }
    for (name, run) in [("before", before), ("after", after)] {
        if run.verdict.standing == Standing::Suspect {
            writeln!(text, "{name} is SUSPECT: its latencies may be partly the generator's")
                .expect("a string takes all");
        }
    }
    writeln!(text, "{:>36}  {:>11}  {:>11}  {:>8}", "", "before", "after", "change").expect("a string takes all");
    for Row { name, before, after, unit, is_worse, .. } in rows {
        let change = match *before {
            _ if before == after => "=".to_owned(),
            0.0 => "new".to_owned(),
            _ => format!("{:+.1} %", 100.0 * (after - before) / before),
        };
        let mark = if *is_worse && allowed.is_some() { "  WORSE" } else { "" };
        let with = |value: f64| format!("{value:.1} {unit:>2}");
        writeln!(text, "{name:>36}  {:>11}  {:>11}  {change:>8}{mark}", with(*before), with(*after))
            .expect("a string takes all");
    }
    let worse = rows.iter().filter(|row| row.is_worse).count();
    match allowed {
        None => {}
        Some(allowed) if worse == 0 => writeln!(text, "NO WORSE  by {allowed} % or more").expect("a string takes all"),
        Some(allowed) => {
            writeln!(text, "WORSE  in {worse} figures by more than {allowed} %").expect("a string takes all")
        }
    }
    text
}

/// What was asked for differently.
fn unlike(before: &Record, after: &Record) -> Vec<(&'static str, String, String)> {
    let asked = |run: &Record| {
        let set_up = &run.set_up;
        [
            ("fans", set_up.fans.to_string()),
            ("seed", set_up.seed.to_string()),
            ("profile", set_up.profile.clone()),
            ("open loop", set_up.open_loop.to_string()),
            ("seconds", format!("{:.0}", run.measured_seconds())),
        ]
    };
    let pairs = asked(before).into_iter().zip(asked(after));
    pairs.filter(|(was, is)| was != is).map(|((what, was), (_, is))| (what, was, is)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "shown to a tenth")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;

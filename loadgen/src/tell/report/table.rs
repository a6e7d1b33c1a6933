//! The tables of the text report: percentiles by metric and phase, and the books by team.

use std::io::{self, Write};

use crate::measure::spans::{LISTED, Spans};
use crate::record::{PhaseBook, Record, TeamRecord};

/// The teams cheered most are always listed; every team whose books differ is, too.
const TEAMS_LISTED: usize = 10;
/// Of the column that names things, all through the report.
const NAME_WIDTH: usize = 13;

pub(super) fn latencies(out: &mut impl Write, run: &Record) -> io::Result<()> {
    head(out, NAME_WIDTH)?;
    let whole = run.measured();
    for (name, spans) in named(&whole) {
        row(out, NAME_WIDTH, name, spans)?;
    }
    let measured: Vec<_> = run.phases.iter().filter(|phase| phase.is_measured()).collect();
    if measured.len() > 1 {
        writeln!(out, "{:>13}", "tap to beat by phase")?;
        for phase in measured {
            row(out, NAME_WIDTH, &phase.phase.name, &phase.book.tap_to_beat)?;
        }
    }
    writeln!(out, "{:>13}  -: fewer than 100 samples beyond it", "")?;
    let unmatched = run.feed.unmatched;
    if unmatched > 0 {
        writeln!(out, "{:>13}  {unmatched} taps are in no beat (shadowed, late or lost) and in no percentile", "")?;
    }
    let strangers = run.feed.strangers;
    if strangers > 0 {
        writeln!(out, "{:>13}  {strangers} taps in the beats were not ours", "")?;
    }
    writeln!(out)
}

/// The metrics in the order of the way of a tap.
fn named(book: &PhaseBook) -> [(&'static str, &Spans); 5] {
    [
        ("tap to beat", &book.tap_to_beat),
        ("send to beat", &book.send_to_beat),
        ("schedule lag", &book.schedule_lag),
        ("beat age", &book.beat_age),
        ("feed age", &book.feed_age),
    ]
}

/// The names of the columns, right of a first one this wide.
pub(crate) fn head(out: &mut impl Write, width: usize) -> io::Result<()> {
    write!(out, "{:>width$}", "ms")?;
    for (name, _) in LISTED {
        write!(out, "  {name:>8}")?;
    }
    writeln!(out, "  {:>8}  {:>9}", "max", "samples")
}

/// One metric's percentiles.
pub(crate) fn row(out: &mut impl Write, width: usize, name: &str, spans: &Spans) -> io::Result<()> {
    write!(out, "{name:>width$}")?;
    let told = LISTED.map(|(_, percentile)| spans.percentile_ms(percentile));
    for ms in told.into_iter().chain([spans.max_ms()]) {
        match ms {
            Some(ms) => write!(out, "  {ms:>8.1}")?,
            None => write!(out, "  {:>8}", "-")?,
        }
    }
    writeln!(out, "  {:>9}", spans.len())
}

pub(super) fn reconciliation(out: &mut impl Write, run: &Record) -> io::Result<()> {
    let stored = run.teams.iter().any(|team| team.stored.is_some());
    let rule = if stored { ", stored = published" } else { "" };
    writeln!(out, "reconciliation: due = sent = counted + shadowed + late, published = counted{rule}")?;
    let head = ["due", "sent", "counted", "shadowed", "late", "published", "in doubt"];
    let more = if stored { format!("  {:>9}", "stored") } else { String::new() };
    writeln!(out, "{:>13}{}{more}", "team", head.map(|name| format!("  {name:>9}")).concat())?;
    let mut listed: Vec<&TeamRecord> =
        run.teams.iter().filter(|team| team.due > 0 || !team.differences.is_empty()).collect();
    listed.sort_by_key(|team| std::cmp::Reverse(team.due));
    let (top, others) = listed.split_at(listed.len().min(TEAMS_LISTED));
    let (agreeing, differing): (Vec<_>, Vec<_>) = others.iter().partition(|team| team.differences.is_empty());
    for team in top.iter().chain(&differing) {
        columns(out, &team.code, team)?;
    }
    if !agreeing.is_empty() {
        writeln!(out, "{:>13}  {} more teams that agree", "", agreeing.len())?;
    }
    columns(out, "all", &run.all_teams())?;
    writeln!(out)
}

fn columns(out: &mut impl Write, name: &str, team: &TeamRecord) -> io::Result<()> {
    let TeamRecord { due, sent, counted, shadowed, late, published, in_doubt, stored, .. } = team;
    let numbers = [due, sent, counted, shadowed, late, published, in_doubt].map(|number| format!("  {number:>9}"));
    let stored = stored.map(|number| format!("  {number:>9}")).unwrap_or_default();
    writeln!(out, "{name:>13}{}{stored}", numbers.concat())
}

pub(super) fn over(number: u64, of: u64) -> f64 {
    ratio(number, ratio(of.max(1), 1.0))
}

/// Nothing of nothing is nothing.
#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
pub(super) fn ratio(number: u64, of: f64) -> f64 {
    if of > 0.0 { number as f64 / of } else { 0.0 }
}

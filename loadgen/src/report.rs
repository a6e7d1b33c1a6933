//! The report as text.

use std::io::{self, Write};

use beat_protocol::EventSummary;
use hdrhistogram::Histogram;

use crate::clock::{as_seconds, nanos};
use crate::ledger::{Counts, TeamTaps};
use crate::metrics_page::Fates;
use crate::reconcile::{TeamLine, reconciles};
use crate::run::Outcome;

/// The teams cheered most are always listed; every team whose books differ is, too.
const TEAMS_LISTED: usize = 10;
/// Fewer samples beyond a percentile say nothing about it.
const TAIL_MIN: f64 = 100.0;
const PERCENTILES: [(&str, f64); 5] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("p99.99", 99.99)];

/// Writes all of it.
pub(crate) fn write(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let Outcome { url, event, fans, seed, duration, .. } = outcome;
    let duration = humantime::format_duration(*duration);
    let EventSummary { id, state, .. } = &event.summary;
    let state = format!("{state:?}").to_lowercase();
    writeln!(out, "beat-load  {url}  event {id} ({state})  {fans} fans  {duration}  seed {seed}\n")?;
    phases(out, outcome)?;
    traffic(out, outcome)?;
    latencies(out, outcome)?;
    reconciliation(out, &outcome.lines)?;
    verdict(out, outcome)
}

fn phases(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let told: Vec<String> =
        outcome.phases.iter().map(|phase| format!("{} {:.1} s", phase.name, as_seconds(phase.length()))).collect();
    writeln!(out, "       phases  {}", told.join(", "))
}

fn traffic(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let Outcome { ledger, fans, open_at_start, duration, beats, .. } = outcome;
    let Counts { opened, reconnects, cheers, taps, bases, bytes, oddities, .. } = ledger.counts;
    let errors: u64 = ledger.connect_errors.values().sum();
    let seconds = as_seconds(nanos(*duration));
    let fan_seconds = f64::from(*fans) * seconds;
    let per_second = |number: u64| ratio(number, seconds);
    writeln!(out, "         taps  {taps} sent, {:.0}/s", per_second(taps))?;
    writeln!(
        out,
        "       frames  {cheers} CHEER, {:.0}/s, {:.2} taps a frame; {bases} BASE",
        per_second(cheers),
        over(taps, cheers)
    )?;
    writeln!(
        out,
        "  connections  {open_at_start} of {fans} open at the first tap; {opened} made, {reconnects} of them again, {errors} failed"
    )?;
    for (cause, times) in &ledger.connect_errors {
        writeln!(out, "               {times} x {cause}")?;
    }
    let closes: Vec<String> = ledger.closes.iter().map(|(code, times)| format!("{code} x {times}")).collect();
    writeln!(out, "       closes  {}", if closes.is_empty() { "none".to_owned() } else { closes.join(", ") })?;
    writeln!(
        out,
        "    fans hear  {} beats, {:.2} per fan and second; {:.0} payload bytes per fan and second",
        ledger.counts.beats,
        ratio(ledger.counts.beats, fan_seconds),
        ratio(bytes, fan_seconds)
    )?;
    let gap = as_seconds(beats.longest_gap) * 1e3;
    writeln!(out, " display feed  {} beats since the first tap, longest gap {gap:.0} ms", beats.count)?;
    if oddities > 0 {
        writeln!(out, "     oddities  {oddities} messages that do not fit the contract")?;
    }
    writeln!(out)
}

fn latencies(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    write!(out, "{:>13}", "ms")?;
    for (name, _) in PERCENTILES {
        write!(out, "  {name:>8}")?;
    }
    writeln!(out, "  {:>8}  {:>9}", "max", "samples")?;
    row(out, "tap to beat", &outcome.tap_to_beat.histogram)?;
    row(out, "schedule lag", &outcome.ledger.schedule_lag)?;
    writeln!(out, "{:>13}  -: fewer than 100 samples beyond it", "")?;
    let unmatched = outcome.tap_to_beat.unmatched;
    if unmatched > 0 {
        writeln!(out, "{:>13}  {unmatched} taps are in no beat (shadowed, late or lost) and in no percentile", "")?;
    }
    let strangers = outcome.tap_to_beat.strangers;
    if strangers > 0 {
        writeln!(out, "{:>13}  {strangers} taps in the beats were not ours", "")?;
    }
    writeln!(out)
}

fn row(out: &mut impl Write, name: &str, microseconds: &Histogram<u64>) -> io::Result<()> {
    write!(out, "{name:>13}")?;
    for (_, percentile) in PERCENTILES {
        let tail = ratio(microseconds.len(), 1.0) * (1.0 - percentile / 100.0);
        // Half a sample of slack: 1 - 0.99 is a little less than 0.01 in binary.
        if tail + 0.5 >= TAIL_MIN {
            write!(out, "  {:>8.1}", ratio(microseconds.value_at_percentile(percentile), 1e3))?;
        } else {
            write!(out, "  {:>8}", "-")?;
        }
    }
    writeln!(out, "  {:>8.1}  {:>9}", ratio(microseconds.max(), 1e3), microseconds.len())
}

fn reconciliation(out: &mut impl Write, lines: &[TeamLine]) -> io::Result<()> {
    writeln!(out, "reconciliation: due = sent = counted + shadowed + late, published = counted")?;
    let head = ["due", "sent", "counted", "shadowed", "late", "published", "in doubt"];
    writeln!(out, "{:>13}{}", "team", head.map(|name| format!("  {name:>9}")).concat())?;
    let mut listed: Vec<&TeamLine> = lines.iter().filter(|line| line.taps.due > 0 || !line.agrees()).collect();
    listed.sort_by_key(|line| std::cmp::Reverse(line.taps.due));
    let (top, others) = listed.split_at(listed.len().min(TEAMS_LISTED));
    for line in top {
        columns(out, line.team.as_str(), line)?;
    }
    let agreeing = others.iter().filter(|line| line.agrees()).count();
    for line in others.iter().filter(|line| !line.agrees()) {
        columns(out, line.team.as_str(), line)?;
    }
    if agreeing > 0 {
        writeln!(out, "{:>13}  {agreeing} more teams that agree", "")?;
    }
    if let Some(all) = sum(lines) {
        columns(out, "all", &all)?;
    }
    writeln!(out)
}

fn columns(out: &mut impl Write, name: &str, line: &TeamLine) -> io::Result<()> {
    let TeamLine {
        taps: TeamTaps { due, sent, in_doubt }, fates: Fates { counted, shadowed, late }, published, ..
    } = *line;
    let numbers = [due, sent, counted, shadowed, late, published, in_doubt].map(|number| format!("  {number:>9}"));
    writeln!(out, "{name:>13}{}", numbers.concat())
}

fn sum(lines: &[TeamLine]) -> Option<TeamLine> {
    lines.iter().copied().reduce(|mut all, line| {
        all.taps.due += line.taps.due;
        all.taps.sent += line.taps.sent;
        all.taps.in_doubt += line.taps.in_doubt;
        all.fates.counted += line.fates.counted;
        all.fates.shadowed += line.fates.shadowed;
        all.fates.late += line.fates.late;
        all.published += line.published;
        all
    })
}

fn verdict(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let lines = &outcome.lines;
    if reconciles(lines) {
        return writeln!(out, "RECONCILED  every tap arrived once, and every counted tap is in the beat");
    }
    writeln!(out, "NOT RECONCILED")?;
    for line in lines.iter().filter(|line| !line.agrees()) {
        let differences: Vec<String> = line.differences().iter().map(ToString::to_string).collect();
        write!(out, "  {}: {}", line.team, differences.join(", "))?;
        if line.taps.in_doubt > 0 {
            write!(out, " ({} in doubt: sent, and the connection ended without an answer)", line.taps.in_doubt)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn over(number: u64, of: u64) -> f64 {
    ratio(number, ratio(of.max(1), 1.0))
}

#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
fn ratio(number: u64, of: f64) -> f64 {
    number as f64 / of
}

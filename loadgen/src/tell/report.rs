//! The report as text: the verdict on the instrument, what was sent, how long it took, and last the line that decides.

mod table;

use std::io::{self, Write};

pub(crate) use self::table::{head, row};
use self::table::{over, ratio};
use crate::clock::as_seconds;
use crate::cohorts;
use crate::record::{Fault, Record, Standing, TeamRecord};

/// Writes all of it.
pub(crate) fn write(out: &mut impl Write, run: &Record) -> io::Result<()> {
    let set_up = &run.set_up;
    let how = if set_up.open_loop { "open loop" } else { "CLOSED LOOP: a slow server was asked less" };
    let machines = if set_up.machines > 1 { format!("  {} machines", set_up.machines) } else { String::new() };
    writeln!(
        out,
        "beat-load  {}  event {} ({})  {} fans  seed {}  {how}{machines}\n",
        set_up.url, set_up.event, set_up.event_state, set_up.fans, set_up.seed
    )?;
    if set_up.insecure {
        writeln!(out, "INSECURE  --insecure: no certificate was looked at, and anybody may have answered\n")?;
    }
    if let Some(at) = run.interrupted_at {
        writeln!(out, "INTERRUPTED after {:.1} s: this is what there was until then\n", as_seconds(at))?;
    }
    standing(out, run)?;
    traffic(out, run)?;
    table::latencies(out, run)?;
    faults(out, run)?;
    out.write_all(cohorts::text(&run.cohorts, &run.hurt).as_bytes())?;
    thresholds(out, run)?;
    table::reconciliation(out, run)?;
    verdict(out, run)
}

fn standing(out: &mut impl Write, run: &Record) -> io::Result<()> {
    match run.verdict.standing {
        Standing::Valid => writeln!(out, "VALID  the generator kept its time: the figures are the server's")?,
        Standing::Suspect => writeln!(out, "SUSPECT  believe the books; the latencies may be partly the generator's")?,
        Standing::Invalid => {
            writeln!(out, "INVALID  the generator was the bottleneck or stood still: this run proves nothing")?
        }
    }
    for reason in &run.verdict.reasons {
        writeln!(out, "  {}", reason.why)?;
    }
    writeln!(out)
}

fn traffic(out: &mut impl Write, run: &Record) -> io::Result<()> {
    if let Some(schedule) = &run.set_up.schedule_digest {
        writeln!(out, "     schedule  {schedule}")?;
    }
    let (whole, seconds) = (run.measured(), run.measured_seconds());
    let fan_seconds = f64::from(run.set_up.fans) * seconds;
    let per_second = |number: u64| ratio(number, seconds);
    let phases = run.phases.iter().map(|phase| {
        let mark = if phase.is_measured() { "" } else { " (not measured)" };
        format!("{} {:.1} s{mark}", phase.phase.name, phase.seconds())
    });
    writeln!(out, "       phases  {}", phases.collect::<Vec<_>>().join(", "))?;
    writeln!(out, "         taps  {} sent, {:.0}/s", whole.taps, per_second(whole.taps))?;
    writeln!(
        out,
        "       frames  {} CHEER, {:.0}/s, {:.2} taps a frame; {} BASE",
        whole.frames,
        per_second(whole.frames),
        over(whole.taps, whole.frames),
        run.connections.bases
    )?;
    let made = &run.connections;
    writeln!(
        out,
        "  connections  {} of {} open at the first tap; {} made, {} of them again",
        made.open_at_start, run.set_up.fans, made.opened, made.reconnects
    )?;
    if let Some(tickets) = &run.set_up.tickets {
        writeln!(out, "      tickets  {tickets}; {} expired and were renewed", made.renewed)?;
    }
    let closes: Vec<String> = made.closes.iter().map(|(code, times)| format!("{code} x {times}")).collect();
    writeln!(out, "       closes  {}", if closes.is_empty() { "none".to_owned() } else { closes.join(", ") })?;
    writeln!(
        out,
        "    fans hear  {} beats, {:.2} per fan and second, {} missed; {:.0} payload bytes per fan and second",
        whole.beats,
        ratio(whole.beats, fan_seconds),
        whole.missed_beats,
        ratio(whole.bytes, fan_seconds)
    )?;
    let gap = as_seconds(run.feed.longest_gap) * 1e3;
    writeln!(out, " display feed  {} beats, {} missed, longest gap {gap:.0} ms", run.feed.beats, run.feed.missed)?;
    let own = &run.instrument;
    writeln!(
        out,
        "    generator  {:.2} cores of {}, {:.1} us of CPU a tap; {:.0} MB",
        ratio_of(own.cpu_seconds, seconds),
        own.cores,
        ratio_of(own.cpu_seconds * 1e6, ratio(whole.taps.max(1), 1.0)),
        ratio(own.resident_bytes, 1e6)
    )?;
    writeln!(out)
}

/// Errors by whose fault they are; what was expected is told last and is none.
fn faults(out: &mut impl Write, run: &Record) -> io::Result<()> {
    let shown = run.faults.iter().filter(|record| record.fault != Fault::Expected);
    let mut any = false;
    for record in shown {
        let whose = match record.fault {
            Fault::Generator => "generator",
            Fault::Server => "server",
            Fault::Policy => "policy",
            Fault::Expected => "expected",
        };
        if !any {
            writeln!(out, "errors, by whose fault")?;
        }
        any = true;
        writeln!(out, "{whose:>13}  {} x {}", record.times, record.what)?;
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn thresholds(out: &mut impl Write, run: &Record) -> io::Result<()> {
    for threshold in &run.thresholds {
        let mark = if threshold.kept { "kept" } else { "BROKEN" };
        writeln!(out, "{mark:>13}  {}: {}", threshold.text, threshold.outcome)?;
    }
    if run.thresholds.is_empty() { Ok(()) } else { writeln!(out) }
}

fn verdict(out: &mut impl Write, run: &Record) -> io::Result<()> {
    if run.reconciles() {
        return writeln!(out, "RECONCILED  every tap arrived once, and every counted tap is in the beat");
    }
    writeln!(out, "NOT RECONCILED")?;
    for team in run.teams.iter().filter(|team| !team.differences.is_empty()) {
        write!(out, "  {}: {}", team.code, team.differences.join(", "))?;
        if team.in_doubt > 0 {
            write!(out, " ({} in doubt: sent, and the connection ended without an answer)", team.in_doubt)?;
        }
        writeln!(out)?;
    }
    let sum = |of: fn(&TeamRecord) -> u64| run.teams.iter().map(of).sum::<u64>();
    let sent = sum(|team| team.sent);
    if sum(|team| team.published) == sent && sum(|team| team.counted + team.shadowed + team.late) < sent {
        writeln!(out, "  every tap is in the beat: perhaps a gateway counted whose --admin was not said")?;
    }
    Ok(())
}

fn ratio_of(number: f64, of: f64) -> f64 {
    if of > 0.0 { number / of } else { 0.0 }
}

//! The verdict on the instrument itself, before anything is said about the server.
//!
//! A pure function of the record. VALID: the figures are the server's. SUSPECT: the books hold, the latencies may be
//! partly our own. INVALID: we were the bottleneck or stood still, and the run proves nothing (exit code 97).

use crate::clock::{MILLISECOND, Nanos};
use crate::measure::spans::{LISTED, Spans};
use crate::record::{Reason, Record, Standing, Verdict};

/// A limit that makes a run suspect, and one that makes it invalid.
type Limits = (f64, f64);

/// Acting later than planned, as the highest percentile that can be told. A tenth of the quarter second that a tap may
/// take is tolerable; half a beat interval is a large part of what is measured.
const LAG_MS: Limits = (25.0, 100.0);
/// The latest wake-up of a thread that only sleeps. 100 ms is a beat interval; a second is longer than the latency
/// promised to phones.
const HICCUP_MS: Limits = (100.0, 1_000.0);
/// A worker tells its news every 100 ms.
const SILENCE: (Nanos, Nanos) = (400 * MILLISECOND, 1_500 * MILLISECOND);
/// Share of a core that the busiest worker used. Queues grow without bound as this nears 1; it is the lag that proves
/// harm, so that this alone never makes a run invalid.
const BUSY_WORKER: f64 = 0.9;
/// Share of the machine that was busy.
const BUSY_MACHINE: f64 = 0.97;
/// Share of fans that never came in by our own fault, or of taps that were never sent.
const DROPPED: Limits = (0.0, 0.001);

/// Judges.
pub(crate) fn judge(record: &Record) -> Verdict {
    let mut reasons = Vec::new();
    let mut say = |standing: Standing, why: String| {
        if standing > Standing::Valid {
            reasons.push(Reason { standing, why });
        }
    };
    let instrument = &record.instrument;
    let lag = record.measured().schedule_lag;
    if let Some((name, ms)) = highest(&lag) {
        let why = format!("schedule lag {name} {ms:.1} ms: this program acted so much later than planned");
        say(against(ms, LAG_MS), why);
    }
    if let Some(ms) = instrument.hiccups.max_ms() {
        say(against(ms, HICCUP_MS), format!("this program, or the machine, stood still for {ms:.0} ms"));
    }
    let silence = instrument.longest_silence;
    let standing = match silence {
        _ if silence >= SILENCE.1 => Standing::Invalid,
        _ if silence >= SILENCE.0 => Standing::Suspect,
        _ => Standing::Valid,
    };
    say(standing, format!("a worker said nothing for {} ms", silence / MILLISECOND));
    if instrument.busiest_worker > BUSY_WORKER {
        let share = instrument.busiest_worker * 100.0;
        say(
            Standing::Suspect,
            format!(
                "a worker thread used {share:.0} % of a core for a second: more --workers or --procs, or fewer fans"
            ),
        );
    }
    if instrument.machine_busy > BUSY_MACHINE {
        let share = instrument.machine_busy * 100.0;
        say(Standing::Suspect, format!("the machine was {share:.0} % busy: who shares it waits"));
    }
    let fans = share(instrument.dropped_fans, u64::from(record.set_up.fans));
    if fans > 0.0 {
        say(
            against(fans, DROPPED),
            format!("{} fans never came in for want of files, ports or memory here", instrument.dropped_fans),
        );
    }
    let due: u64 = record.teams.iter().map(|team| team.due).sum();
    let taps = share(instrument.dropped_taps, due);
    if taps > 0.0 && record.interrupted_at.is_none() {
        say(
            against(taps, DROPPED),
            format!("{} taps fell due and were never sent though their fans were connected", instrument.dropped_taps),
        );
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.standing));
    let standing = reasons.first().map_or(Standing::Valid, |reason| reason.standing);
    Verdict { standing, reasons }
}

/// The highest percentile that there are samples for, up to p99; without any the longest.
fn highest(lag: &Spans) -> Option<(&'static str, f64)> {
    let told = LISTED.iter().rev().filter(|(_, percentile)| *percentile <= 99.0);
    let mut told = told.filter_map(|&(name, percentile)| Some((name, lag.percentile_ms(percentile)?)));
    told.next().or_else(|| Some(("max", lag.max_ms()?)))
}

fn against(value: f64, (suspect, invalid): Limits) -> Standing {
    match value {
        _ if value > invalid => Standing::Invalid,
        _ if value > suspect => Standing::Suspect,
        _ => Standing::Valid,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::steady;

    fn judged(change: impl FnOnce(&mut Record)) -> (Standing, String) {
        let mut record = steady();
        change(&mut record);
        let verdict = judge(&record);
        (verdict.standing, verdict.reasons.first().map(|reason| reason.why.clone()).unwrap_or_default())
    }

    #[test]
    fn a_calm_run_is_valid_and_says_no_more() {
        assert_eq!(judged(|_| {}), (Standing::Valid, String::new()));
    }

    #[test]
    fn each_thing_that_may_go_wrong_with_us_is_named() {
        type Wrong = fn(&mut Record);
        let cases: [(Wrong, Standing, &str); 9] = [
            (|run| lag(run, 40), Standing::Suspect, "schedule lag p90 40"),
            (|run| lag(run, 140), Standing::Invalid, "schedule lag p90 140"),
            (|run| run.instrument.hiccups.note(300 * MILLISECOND), Standing::Suspect, "stood still for 300 ms"),
            (|run| run.instrument.hiccups.note(2_000 * MILLISECOND), Standing::Invalid, "stood still for 2"),
            (|run| run.instrument.longest_silence = 2_000 * MILLISECOND, Standing::Invalid, "said nothing for 2000 ms"),
            (|run| run.instrument.busiest_worker = 0.97, Standing::Suspect, "97 % of a core"),
            (|run| run.instrument.machine_busy = 0.99, Standing::Suspect, "99 % busy"),
            (|run| run.instrument.dropped_fans = 1, Standing::Invalid, "1 fans never came in"),
            (|run| run.instrument.dropped_taps = 1, Standing::Suspect, "1 taps fell due"),
        ];
        for (wrong, standing, why) in cases {
            let (is, said) = judged(wrong);
            assert_eq!(is, standing, "{said}");
            assert!(said.contains(why), "{said} instead of {why}");
        }
    }

    #[test]
    fn the_gravest_reason_comes_first() {
        let (standing, why) = judged(|run| {
            run.instrument.busiest_worker = 0.97;
            lag(run, 140);
        });
        assert_eq!(standing, Standing::Invalid);
        assert!(why.starts_with("schedule lag"), "{why}");
    }

    #[test]
    fn lag_while_warming_up_is_not_held_against_the_run() {
        let (standing, why) = judged(|run| {
            run.phases[0].book.schedule_lag.note(5_000 * MILLISECOND);
        });
        assert_eq!(standing, Standing::Valid, "{why}");
    }

    fn lag(run: &mut Record, ms: u64) {
        let lag = &mut run.phases[1].book.schedule_lag;
        (0..1_500).for_each(|_| lag.note(ms * MILLISECOND));
    }
}

//! Several machines' runs as one: numbers add up, histograms merge, nothing is averaged.
//!
//! The doubtful stays doubtful: the verdict is the worst of all, and differences stand as each machine found them, since
//! one machine's surplus does not pay for another's loss.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use super::{AfterwardsError, text_of};
use crate::measure::stretches::Stretches;
use crate::record::{self, Record, Second, Stretch, TeamRecord};
use crate::tell::output::{OutputArgs, Tagged, read_hdr, write_hdr};
use crate::tell::report;

const EXAMPLES: &str = "\
Examples:
  Two machines, each at an event of its own, as one run:
    beat-load merge north.json south.json --html both.html
  The merged record, for compare:
    beat-load merge north.json south.json -o both.json
  HdrHistogram logs, of this program or any other:
    beat-load merge north.hdr south.hdr -o both.hdr

Give each machine an event of its own: at a shared one each finds the others' taps in its books and in its latencies.";

/// What `merge` is told.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MergeArgs {
    /// Records (.json), or HdrHistogram logs (.hdr, .hlog); not both.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

impl MergeArgs {
    pub(super) fn run(&self) -> Result<Option<Record>, AfterwardsError> {
        let outputs = self.output.files()?;
        let is_log = |path: &PathBuf| path.extension().is_some_and(|end| end == "hdr" || end == "hlog");
        if !self.files.iter().any(is_log) {
            let records = self.files.iter().map(|path| record::read(path)).collect::<Result<Vec<_>, _>>()?;
            let merged = merged(records).map_err(AfterwardsError::Unlike)?;
            self.output.write(&merged)?;
            return Ok(Some(merged));
        }
        if !self.files.iter().all(is_log) {
            return Err(AfterwardsError::Unlike("records and logs do not merge".to_owned()));
        }
        let logs = self.files.iter().map(|path| {
            read_hdr(&text_of(path)?).map_err(|source| AfterwardsError::Log { path: path.clone(), source })
        });
        let merged = by_tag(logs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
        for (path, _) in outputs {
            let named = |source| AfterwardsError::File { path: path.to_owned(), source };
            let mut file = std::fs::File::create(path).map_err(named)?;
            write_hdr(&mut file, 0, merged.clone()).map_err(named)?;
        }
        told(&mut io::stdout().lock(), &merged)?;
        Ok(None)
    }
}

fn told(out: &mut impl Write, merged: &[Tagged]) -> io::Result<()> {
    report::head(out, 28)?;
    merged.iter().try_for_each(|tagged| report::row(out, 28, &tagged.tag, &tagged.spans))
}

/// One histogram for each tag.
fn by_tag(all: impl Iterator<Item = Tagged>) -> Vec<Tagged> {
    let mut merged: Vec<Tagged> = Vec::new();
    for tagged in all {
        match merged.iter_mut().find(|before| before.tag == tagged.tag) {
            Some(before) => {
                before.spans.add(&tagged.spans);
                before.length = before.length.max(tagged.length);
            }
            None => merged.push(tagged),
        }
    }
    merged
}

/// All of them as one, or why that makes no sense.
fn merged(records: Vec<Record>) -> Result<Record, String> {
    let machines = records.len();
    let texts: Vec<_> = records.iter().flat_map(|run| run.thresholds.clone()).map(|threshold| threshold.text).collect();
    let several_events = records.iter().any(|run| run.set_up.event != records[0].set_up.event);
    let numbered = records.into_iter().enumerate().map(|(index, mut run)| {
        if machines > 1 {
            name_the_machine(&mut run, index + 1, several_events);
        }
        run
    });
    let mut all = numbered.map(Ok).reduce(|all, run| add(all?, run?)).expect("at least one file")?;
    let mut judged = Vec::new();
    for text in texts {
        let threshold: crate::judge::threshold::Threshold =
            text.parse().map_err(|error| format!("a threshold of a record: {error}"))?;
        if !judged.iter().any(|before: &record::ThresholdRecord| before.text == text) {
            judged.push(threshold.judge(&all));
        }
    }
    all.thresholds = judged;
    Ok(all)
}

/// So that one can tell whose trouble it was.
fn name_the_machine(run: &mut Record, number: usize, several_events: bool) {
    run.verdict.reasons.iter_mut().for_each(|reason| reason.why = format!("machine {number}: {}", reason.why));
    for team in &mut run.teams {
        team.differences.iter_mut().for_each(|difference| *difference = format!("machine {number}: {difference}"));
        if several_events {
            team.code = format!("{}/{}", run.set_up.event, team.code);
        }
    }
}

fn add(mut all: Record, run: Record) -> Result<Record, String> {
    let names = |run: &Record| run.phases.iter().map(|phase| phase.phase.name.clone()).collect::<Vec<_>>();
    if names(&all) != names(&run) {
        return Err(format!(
            "these runs have different phases: {} and {}",
            names(&all).join(", "),
            names(&run).join(", ")
        ));
    }
    add_timeline(&mut all, &run);
    for (phase, others) in all.phases.iter_mut().zip(&run.phases) {
        phase.book.add(&others.book);
    }
    let set_up = &mut all.set_up;
    set_up.fans += run.set_up.fans;
    set_up.processes += run.set_up.processes;
    set_up.workers += run.set_up.workers;
    set_up.machines += run.set_up.machines;
    set_up.open_loop &= run.set_up.open_loop;
    join(&mut set_up.url, &run.set_up.url);
    join(&mut set_up.event, &run.set_up.event);
    set_up.schedule_digest = None;
    all.started_ms = all.started_ms.min(run.started_ms);
    all.interrupted_at = all.interrupted_at.or(run.interrupted_at);
    all.verdict.standing = all.verdict.standing.max(run.verdict.standing);
    all.verdict.reasons.extend(run.verdict.reasons);
    all.verdict.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.standing));
    let own = &mut all.instrument;
    own.cores += run.instrument.cores;
    own.cpu_seconds += run.instrument.cpu_seconds;
    own.busiest_worker = own.busiest_worker.max(run.instrument.busiest_worker);
    own.machine_busy = own.machine_busy.max(run.instrument.machine_busy);
    own.hiccups.add(&run.instrument.hiccups);
    own.longest_silence = own.longest_silence.max(run.instrument.longest_silence);
    own.dropped_taps += run.instrument.dropped_taps;
    own.dropped_fans += run.instrument.dropped_fans;
    own.resident_bytes += run.instrument.resident_bytes;
    all.feed.beats += run.feed.beats;
    all.feed.missed += run.feed.missed;
    all.feed.longest_gap = all.feed.longest_gap.max(run.feed.longest_gap);
    all.feed.unmatched += run.feed.unmatched;
    all.feed.strangers += run.feed.strangers;
    all.connections.open_at_start += run.connections.open_at_start;
    all.connections.opened += run.connections.opened;
    all.connections.reconnects += run.connections.reconnects;
    all.connections.bases += run.connections.bases;
    all.connections.renewed += run.connections.renewed;
    for (code, times) in run.connections.closes {
        *all.connections.closes.entry(code).or_default() += times;
    }
    for fault in run.faults {
        match all.faults.iter_mut().find(|before| (before.fault, &before.what) == (fault.fault, &fault.what)) {
            Some(before) => before.times += fault.times,
            None => all.faults.push(fault),
        }
    }
    all.faults.sort_by_key(|record| (record.fault, std::cmp::Reverse(record.times)));
    all.cohorts.extend(run.cohorts);
    all.hurt.extend(run.hurt);
    add_teams(&mut all.teams, run.teams);
    Ok(all)
}

fn join(names: &mut String, name: &str) {
    if names.split(", ").all(|before| before != name) {
        names.push_str(", ");
        names.push_str(name);
    }
}

fn add_teams(all: &mut Vec<TeamRecord>, teams: Vec<TeamRecord>) {
    let places: BTreeMap<String, usize> =
        all.iter().enumerate().map(|(place, team)| (team.code.clone(), place)).collect();
    for team in teams {
        let Some(&place) = places.get(&team.code) else {
            all.push(team);
            continue;
        };
        let before = &mut all[place];
        before.differences.extend(team.differences.iter().cloned());
        before.add(&team);
    }
}

/// Machines are laid over each other at their first phase; histograms are added, of the longest the longest is kept.
fn add_timeline(all: &mut Record, run: &Record) {
    let begin = |run: &Record| run.phases.first().map_or(0, |phase| phase.phase.from / crate::clock::SECOND);
    let (first, others_first) = (begin(all), begin(run));
    for second in &run.timeline {
        let at = (u64::from(second.at) + first).saturating_sub(others_first);
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        match all.timeline.iter_mut().find(|before| before.at == at) {
            Some(before) => {
                before.taps += second.taps;
                before.frames += second.frames;
                before.open += second.open;
                before.max_ms = before.max_ms.into_iter().chain(second.max_ms).reduce(f64::max);
                before.hiccup_ms = before.hiccup_ms.max(second.hiccup_ms);
            }
            None => all.timeline.push(Second { at, ..second.clone() }),
        }
    }
    all.timeline.sort_by_key(|second| second.at);
    let later = |stretch: &Stretch| {
        let from = (u64::from(stretch.from) + first).saturating_sub(others_first);
        u32::try_from(from).unwrap_or(u32::MAX)
    };
    let seconds_each = all.stretches.iter().chain(&run.stretches).map(|stretch| stretch.to - stretch.from).max();
    let mut stretches = Stretches::of(seconds_each.unwrap_or(1));
    all.stretches.iter().for_each(|stretch| stretches.add(stretch.from, stretch.took.histogram()));
    run.stretches.iter().for_each(|stretch| stretches.add(later(stretch), stretch.took.histogram()));
    all.stretches = stretches.finish();
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;

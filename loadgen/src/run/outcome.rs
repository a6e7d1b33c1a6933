//! What a run came to, still in its own types, and how that becomes the record.

use std::time::{SystemTime, UNIX_EPOCH};

use beat_protocol::{CloseCode, EventDetail};

use crate::books::ledger::Ledger;
use crate::books::reconcile::{Difference, TeamLine};
use crate::clock::Nanos;
use crate::cohorts::Cohort;
use crate::command::cli::RunArgs;
use crate::judge::fault;
use crate::judge::verdict;
use crate::measure::display::Display;
use crate::measure::latency::TapToBeat;
use crate::measure::vitals::Fared;
use crate::plan::phases::{Phase, Phases};
use crate::record::{
    Connections, Fault, FaultRecord, FeedRecord, Instrument, PhaseRecord, Record, SetUp, TeamRecord, VERSION, Verdict,
};

/// All that a run has to tell.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) args: RunArgs,
    pub(crate) event: EventDetail,
    pub(crate) phases: Phases,
    /// When somebody ended it before its time.
    pub(crate) interrupted_at: Option<Nanos>,
    pub(crate) open_at_start: u64,
    pub(crate) processes: u32,
    /// Threads that carry fans, in each.
    pub(crate) workers: u32,
    /// Everybody's, our own process's vitals included.
    pub(crate) ledger: Ledger,
    pub(crate) tap_to_beat: TapToBeat,
    pub(crate) display: Display,
    pub(crate) lines: Vec<TeamLine>,
    pub(crate) cohorts: Vec<Cohort>,
    /// What befell honest fans beside them.
    pub(crate) hurt: Vec<String>,
    pub(crate) fared: Fared,
}

impl Outcome {
    /// Everything in one value, the verdict included.
    pub(crate) fn into_record(self) -> Record {
        let Self { args, event, phases, interrupted_at, open_at_start, processes, workers, .. } = self;
        let Self { ledger, tap_to_beat, display, lines, cohorts, hurt, fared, .. } = self;
        let faults = faults(&ledger);
        let counts = ledger.counts;
        let books = ledger.phases.into_iter().zip(tap_to_beat.phases).zip(display.ages);
        let end = interrupted_at.unwrap_or(Nanos::MAX);
        let phases = phases.iter().zip(books).filter(|(phase, _)| phase.from < end);
        let phases = phases.map(|(phase, ((mut book, latencies), ages))| {
            book.add(&latencies);
            book.feed_age.add(&ages);
            PhaseRecord { phase: Phase { to: phase.to.min(end), ..phase.clone() }, book }
        });
        let mut record = Record {
            version: VERSION,
            program: format!("beat-load {}", env!("CARGO_PKG_VERSION")),
            started_ms: now_ms(),
            interrupted_at,
            set_up: SetUp {
                url: args.url.join(" "),
                event: event.summary.id.to_string(),
                event_state: format!("{:?}", event.summary.state).to_lowercase(),
                scenario: args.scenario.unwrap_or_else(|| "run".to_owned()),
                fans: args.fans,
                open_loop: !args.closed_loop,
                profile: format!("{:?}", args.profile).to_lowercase(),
                seed: args.seed,
                processes,
                workers: processes * workers,
                schedule_digest: Some(ledger.schedule.to_string()),
                machines: 1,
                tickets: args.tickets.told(),
                insecure: args.trust.insecure,
            },
            verdict: Verdict::default(),
            instrument: Instrument {
                cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
                cpu_seconds: ledger.cpu_seconds,
                busiest_worker: ledger.busiest_worker,
                machine_busy: fared.machine_busy,
                hiccups: ledger.hiccups,
                longest_silence: fared.longest_silence,
                dropped_taps: ledger.dropped_taps,
                dropped_fans: ledger.dropped_fans,
                resident_bytes: ledger.resident_bytes,
            },
            phases: phases.collect(),
            timeline: tap_to_beat.seconds,
            stretches: tap_to_beat.stretches,
            teams: event.teams.iter().zip(&lines).map(|(team, line)| team_record(line, &team.name)).collect(),
            feed: FeedRecord {
                beats: display.beats,
                missed: display.missed,
                longest_gap: display.longest_gap,
                unmatched: tap_to_beat.unmatched,
                strangers: tap_to_beat.strangers,
            },
            connections: Connections {
                open_at_start,
                opened: counts.opened,
                reconnects: counts.reconnects,
                bases: counts.bases,
                renewed: counts.renewed,
                closes: ledger.closes,
            },
            faults,
            thresholds: Vec::new(),
            cohorts,
            hurt,
        };
        record.thresholds = args.thresholds.iter().map(|threshold| threshold.judge(&record)).collect();
        record.verdict = verdict::judge(&record);
        record
    }
}

fn team_record(line: &TeamLine, name: &str) -> TeamRecord {
    TeamRecord {
        code: line.team.to_string(),
        name: name.to_owned(),
        due: line.taps.due,
        sent: line.taps.sent,
        in_doubt: line.taps.in_doubt,
        counted: line.fates.counted,
        shadowed: line.fates.shadowed,
        late: line.fates.late,
        published: line.published,
        stored: line.stored,
        differences: line.differences().iter().map(Difference::to_string).collect(),
    }
}

/// Sockets that did not come about, those that did not end in peace, and messages nobody should have sent.
fn faults(ledger: &Ledger) -> Vec<FaultRecord> {
    let unmade = ledger.faults.iter().flat_map(|(&fault, causes)| {
        causes.iter().map(move |(cause, &times)| FaultRecord { fault, what: format!("not connected: {cause}"), times })
    });
    let closes = ledger.closes.iter().map(|(&code, &times)| {
        let renewed = code == CloseCode::TicketExpired.as_u16() && ledger.counts.renewed > 0;
        let (whose, advice) = match renewed {
            // They came back with the next.
            true => (Fault::Expected, ""),
            false => (fault::of_close(code), fault::advice(code)),
        };
        let what = format!("closed with {code}, {}{advice}", fault::meaning(code));
        FaultRecord { fault: whose, what: what.trim_end_matches(", ").to_owned(), times }
    });
    let cut = ledger.counts.cut;
    let cut = (cut > 0).then(|| FaultRecord {
        fault: Fault::Expected,
        what: "connections lost in a storm of the plan".to_owned(),
        times: cut,
    });
    let odd = ledger.counts.oddities;
    let odd = (odd > 0).then(|| FaultRecord {
        fault: Fault::Server,
        what: "messages that do not fit the contract".to_owned(),
        times: odd,
    });
    let mut faults: Vec<FaultRecord> = unmade.chain(closes).chain(odd).chain(cut).collect();
    faults.sort_by_key(|record| (record.fault, std::cmp::Reverse(record.times)));
    faults
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

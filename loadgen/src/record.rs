//! All that a run has to tell, in one value. Every output is made from it and from nothing else, so what one report
//! says every other says, too, and a report can be made again from its file.
//!
//! The file is JSON with a version. Instants and spans are nanoseconds on the run's own clock where their names say
//! nothing else; histograms see `spans`. A part that a run does not have (cohorts, thresholds, the stored hop) is empty.

mod file;
mod phase;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use self::file::{RecordError, read, write};
pub(crate) use self::phase::{PhaseBook, PhaseRecord, Second, Stretch};
use crate::clock::Nanos;
use crate::cohorts::Cohort;
use crate::measure::spans::Spans;

/// Of the file's format; another version is refused rather than misread.
pub(crate) const VERSION: u32 = 1;

/// One run, or several machines' merged.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) version: u32,
    /// Name and version of the program that wrote it.
    pub(crate) program: String,
    /// Wall clock at the start, milliseconds since 1970: a name for the run, never a measure.
    pub(crate) started_ms: u64,
    /// When it was ended before its time: what follows is the report so far.
    pub(crate) interrupted_at: Option<Nanos>,
    pub(crate) set_up: SetUp,
    /// What the instrument thinks of itself.
    pub(crate) verdict: Verdict,
    pub(crate) instrument: Instrument,
    pub(crate) phases: Vec<PhaseRecord>,
    /// One entry for each second of the run.
    pub(crate) timeline: Vec<Second>,
    /// How long taps took along the run: 240 stretches of one length at most, those in which anybody tapped.
    pub(crate) stretches: Vec<Stretch>,
    /// In the order of the roster.
    pub(crate) teams: Vec<TeamRecord>,
    pub(crate) feed: FeedRecord,
    pub(crate) connections: Connections,
    pub(crate) faults: Vec<FaultRecord>,
    pub(crate) thresholds: Vec<ThresholdRecord>,
    /// Fans that misbehaved on purpose, and what befell the honest ones beside them.
    pub(crate) cohorts: Vec<Cohort>,
    pub(crate) hurt: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct SetUp {
    pub(crate) url: String,
    pub(crate) event: String,
    pub(crate) event_state: String,
    /// Of the scenario, or `run`.
    pub(crate) scenario: String,
    pub(crate) fans: u32,
    /// Taps wait for nobody. Otherwise the loop is closed: a slow server is asked less, and latencies flatter it.
    pub(crate) open_loop: bool,
    /// human, frenzy or bot.
    pub(crate) profile: String,
    pub(crate) seed: u64,
    pub(crate) processes: u32,
    /// Threads that carry fans, of all processes together.
    pub(crate) workers: u32,
    /// Of the schedule, where it was computed: equal digests are equal taps.
    pub(crate) schedule_digest: Option<String>,
    /// Machines whose records were merged; 1 for a run.
    pub(crate) machines: u32,
    /// Where the fans had tickets from, if they had any.
    #[serde(default)]
    pub(crate) tickets: Option<String>,
    /// Whether any certificate was believed.
    #[serde(default)]
    pub(crate) insecure: bool,
}

/// Whether the figures are the server's or the generator's own.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Standing {
    #[default]
    Valid,
    /// Believe the books; take the latencies with care.
    Suspect,
    /// The generator was the bottleneck, or stood still.
    Invalid,
}

/// The verdict on the instrument, with its reasons; none if valid.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Verdict {
    pub(crate) standing: Standing,
    pub(crate) reasons: Vec<Reason>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Reason {
    pub(crate) standing: Standing,
    /// A sentence with the figure and the limit it passed.
    pub(crate) why: String,
}

/// How the generator itself fared.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Instrument {
    pub(crate) cores: u32,
    /// CPU seconds of all our processes within the measured phases.
    pub(crate) cpu_seconds: f64,
    /// Share of one core that the busiest worker thread used in its busiest second, 0 to 1.
    pub(crate) busiest_worker: f64,
    /// Share of the whole machine that was busy in the measured phases, ours and others', 0 to 1.
    pub(crate) machine_busy: f64,
    /// How much too late the watchdogs woke up.
    pub(crate) hiccups: Spans,
    /// The longest that a worker told nothing, while it should have every 100 ms.
    pub(crate) longest_silence: Nanos,
    /// Taps that fell due and were never sent though their fan was connected.
    pub(crate) dropped_taps: u64,
    /// Fans that never came in by our own fault: files, ports, memory.
    pub(crate) dropped_fans: u64,
    pub(crate) resident_bytes: u64,
}

/// One team's way from the thumb to the screen and to the store.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct TeamRecord {
    pub(crate) code: String,
    pub(crate) name: String,
    /// By our own books.
    pub(crate) due: u64,
    pub(crate) sent: u64,
    pub(crate) in_doubt: u64,
    /// By the server's metrics, since before the run.
    pub(crate) counted: u64,
    pub(crate) shadowed: u64,
    pub(crate) late: u64,
    /// By the display feed, since before the run.
    pub(crate) published: u64,
    /// By the store, since before the run; `None` if it was not asked.
    pub(crate) stored: Option<u64>,
    /// Where the books differ, in words; empty if they agree.
    pub(crate) differences: Vec<String>,
}

/// What the display feed was like in the measured phases.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct FeedRecord {
    pub(crate) beats: u64,
    /// Numbers that were skipped.
    pub(crate) missed: u64,
    pub(crate) longest_gap: Nanos,
    /// Taps that are in no beat: shadowed, late or lost. They are in no percentile.
    pub(crate) unmatched: u64,
    /// Taps in the beats that were not ours.
    pub(crate) strangers: u64,
}

/// Sockets of the whole run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Connections {
    pub(crate) open_at_start: u64,
    pub(crate) opened: u64,
    pub(crate) reconnects: u64,
    /// BASE frames.
    pub(crate) bases: u64,
    /// Tickets made anew for fans whose own had expired.
    #[serde(default)]
    pub(crate) renewed: u64,
    /// By close code as received; 1000: our own goodbye, answered; 1006: broken, or silent for 5 s.
    pub(crate) closes: BTreeMap<u16, u64>,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fault {
    /// Ours: no files, no ports, no memory.
    Generator,
    /// The server's or the network's.
    Server,
    /// The server refused by a rule of its own: limits, origin, tickets, a planned restart.
    Policy,
    /// Brought about on purpose and declared beforehand. No error.
    Expected,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct FaultRecord {
    pub(crate) fault: Fault,
    pub(crate) what: String,
    pub(crate) times: u64,
}

/// What was demanded, and what came of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ThresholdRecord {
    /// As it was written.
    pub(crate) text: String,
    /// The figure it is about; `None` if there were too few samples to tell.
    pub(crate) value: Option<f64>,
    pub(crate) kept: bool,
    /// The outcome in words.
    pub(crate) outcome: String,
}

impl TeamRecord {
    /// Adds another's numbers; differences do not add up.
    pub(crate) fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.sent += other.sent;
        self.in_doubt += other.in_doubt;
        self.counted += other.counted;
        self.shadowed += other.shadowed;
        self.late += other.late;
        self.published += other.published;
        self.stored = match (self.stored, other.stored) {
            (None, None) => None,
            (own, others) => Some(own.unwrap_or(0) + others.unwrap_or(0)),
        };
    }
}

impl Record {
    /// All measured phases as one.
    pub(crate) fn measured(&self) -> PhaseBook {
        let mut all = PhaseBook::default();
        self.phases.iter().filter(|phase| phase.is_measured()).for_each(|phase| all.add(&phase.book));
        all
    }

    /// How long was measured.
    pub(crate) fn measured_seconds(&self) -> f64 {
        self.phases.iter().filter(|phase| phase.is_measured()).map(PhaseRecord::seconds).sum()
    }

    /// All teams as one.
    pub(crate) fn all_teams(&self) -> TeamRecord {
        self.teams.iter().fold(TeamRecord::default(), |mut all, team| {
            all.add(team);
            all
        })
    }

    pub(crate) fn reconciles(&self) -> bool {
        self.teams.iter().all(|team| team.differences.is_empty())
    }
}

#[cfg(test)]
pub(crate) mod tests;

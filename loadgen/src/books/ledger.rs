//! What one worker thread writes down, and how the threads' books become one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Nanos;
use crate::crowd::fan::Fan;
use crate::measure::spans::Spans;
use crate::plan::schedule::Digest;
use crate::record::{Fault, PhaseBook};

/// A tap on its way: handed to a socket at `at`, meant for `due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handed {
    pub(crate) at: Nanos,
    pub(crate) due: Nanos,
    pub(crate) fan: u32,
    pub(crate) team: u16,
}

/// Numbers that only add up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Counts {
    /// Sockets open at the moment: opened less ended.
    pub(crate) opened: u64,
    pub(crate) ended: u64,
    pub(crate) reconnects: u64,
    /// Connections that a storm of the plan took.
    pub(crate) cut: u64,
    /// CHEER frames, the taps in them, and BASE frames.
    pub(crate) cheers: u64,
    pub(crate) taps: u64,
    pub(crate) bases: u64,
    /// Beats that fans received.
    pub(crate) beats: u64,
    /// Messages that do not fit the contract.
    pub(crate) oddities: u64,
    /// Tickets that had expired, and that were made anew.
    pub(crate) renewed: u64,
    /// Fans that came to their end, one way or the other.
    pub(crate) gone: u64,
}

impl Counts {
    pub(crate) fn open(&self) -> u64 {
        self.opened - self.ended
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let Self { opened, ended, reconnects, cut, cheers, taps, bases, beats, oddities, renewed, gone } = other;
        self.opened += opened;
        self.ended += ended;
        self.reconnects += reconnects;
        self.cut += cut;
        self.cheers += cheers;
        self.taps += taps;
        self.bases += bases;
        self.beats += beats;
        self.oddities += oddities;
        self.renewed += renewed;
        self.gone += gone;
    }
}

/// What became of one team's taps, as far as the fans can say.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct TeamTaps {
    pub(crate) due: u64,
    pub(crate) sent: u64,
    pub(crate) in_doubt: u64,
}

impl TeamTaps {
    /// Adds taps of somebody else.
    pub(crate) fn add(&mut self, others: Self) {
        self.due += others.due;
        self.sent += others.sent;
        self.in_doubt += others.in_doubt;
    }
}

/// One worker's book; a process tells its workers' as one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) counts: Counts,
    /// In the order of the run's phases.
    pub(crate) phases: Vec<PhaseBook>,
    /// How sockets ended, by close code; 1006: without a close, 1000: by us.
    pub(crate) closes: BTreeMap<u16, u64>,
    /// Why sockets did not come about, by whose fault it was.
    pub(crate) faults: BTreeMap<Fault, BTreeMap<String, u64>>,
    pub(crate) teams: Vec<TeamTaps>,
    /// A stamp of all taps that were drawn.
    pub(crate) schedule: Digest,
    /// Fans that never came in by our own fault, and taps that were not sent though their fan was connected at the end.
    pub(crate) dropped_fans: u64,
    pub(crate) dropped_taps: u64,
    /// How much too late this process's watchdog woke up.
    pub(crate) hiccups: Spans,
    /// CPU seconds of this process in the measured phases, and the largest share of a core that one of its workers used
    /// for a second.
    pub(crate) cpu_seconds: f64,
    pub(crate) busiest_worker: f64,
    pub(crate) resident_bytes: u64,
}

impl Ledger {
    pub(crate) fn new(teams: usize, phases: usize) -> Self {
        Self {
            counts: Counts::default(),
            phases: vec![PhaseBook::default(); phases],
            closes: BTreeMap::new(),
            faults: BTreeMap::new(),
            teams: vec![TeamTaps::default(); teams],
            schedule: Digest::default(),
            dropped_fans: 0,
            dropped_taps: 0,
            hiccups: Spans::default(),
            cpu_seconds: 0.0,
            busiest_worker: 0.0,
            resident_bytes: 0,
        }
    }

    /// A fan has come to its end.
    pub(crate) fn close_account(&mut self, fan: &Fan) {
        self.counts.gone += 1;
        self.schedule.add(fan.schedule());
        for standing in fan.standings() {
            let team = &mut self.teams[usize::from(standing.team)];
            team.due += u64::from(standing.due);
            team.sent += u64::from(standing.sent);
            team.in_doubt += u64::from(standing.in_doubt());
        }
    }

    /// Something went wrong, by whose fault and why.
    pub(crate) fn blame(&mut self, fault: Fault, cause: &str, times: u64) {
        *self.faults.entry(fault).or_default().entry(cause.to_owned()).or_default() += times;
    }

    /// Adds another worker's book; histograms are merged, never averaged.
    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        for (&code, closes) in &other.closes {
            *self.closes.entry(code).or_default() += closes;
        }
        for (&fault, causes) in &other.faults {
            for (cause, times) in causes {
                self.blame(fault, cause, *times);
            }
        }
        self.phases.iter_mut().zip(&other.phases).for_each(|(phase, others)| phase.add(others));
        self.dropped_fans += other.dropped_fans;
        self.dropped_taps += other.dropped_taps;
        self.hiccups.add(&other.hiccups);
        self.cpu_seconds += other.cpu_seconds;
        self.busiest_worker = self.busiest_worker.max(other.busiest_worker);
        self.resident_bytes += other.resident_bytes;
        self.schedule.add(other.schedule);
        for (team, others) in self.teams.iter_mut().zip(&other.teams) {
            team.add(*others);
        }
    }
}

/// Where a worker leaves what the coordinator needs while the run goes on.
///
/// Not bounded by a number but by its reader, who empties it ten times a second: 24 bytes a tap under way.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    news: Mutex<News>,
    /// The other way round: whether the worker is to come to an end before its time.
    cut: AtomicBool,
}

/// What happened on one worker up to an instant.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct News {
    pub(crate) counts: Counts,
    /// In the order of `at`; every tap handed over before `complete_to` is here or was before. The last news are complete for ever.
    pub(crate) handed: Vec<Handed>,
    pub(crate) complete_to: Nanos,
    /// The latest wake-up of a process of its own since it last spoke.
    pub(crate) hiccup: Nanos,
}

impl Mailbox {
    /// Adds to what is there.
    pub(crate) fn leave(&self, counts: Counts, handed: &mut Vec<Handed>, complete_to: Nanos) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.counts = counts;
        news.complete_to = complete_to;
        news.handed.append(handed);
    }

    pub(crate) fn empty(&self) -> News {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let hiccup = std::mem::take(&mut news.hiccup);
        News { handed: std::mem::take(&mut news.handed), hiccup, ..*news }
    }

    /// A process of its own stood still for so long.
    pub(crate) fn stumbled(&self, hiccup: Nanos) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.hiccup = news.hiccup.max(hiccup);
    }

    /// Asks the worker to stop tapping and let its fans go.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

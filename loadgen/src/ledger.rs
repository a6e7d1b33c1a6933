//! What one worker thread writes down, and how the threads' books become one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::clock::Nanos;
use crate::fan::Fan;
use crate::schedule::Digest;

/// A tap on its way: handed to a socket at `at`, meant for `due`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handed {
    pub(crate) at: Nanos,
    pub(crate) due: Nanos,
    pub(crate) team: u16,
}

/// Numbers that only add up.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
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
    /// Beats and payload bytes that fans received while the crowd tapped.
    pub(crate) beats: u64,
    pub(crate) bytes: u64,
    /// Messages that do not fit the contract.
    pub(crate) oddities: u64,
    /// Fans that came to their end, one way or the other.
    pub(crate) gone: u64,
}

impl Counts {
    pub(crate) fn open(&self) -> u64 {
        self.opened - self.ended
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let Self { opened, ended, reconnects, cut, cheers, taps, bases, beats, bytes, oddities, gone } = other;
        self.opened += opened;
        self.ended += ended;
        self.reconnects += reconnects;
        self.cut += cut;
        self.cheers += cheers;
        self.taps += taps;
        self.bases += bases;
        self.beats += beats;
        self.bytes += bytes;
        self.oddities += oddities;
        self.gone += gone;
    }
}

/// What became of one team's taps, as far as the fans can say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// One worker's book.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) counts: Counts,
    /// How sockets ended, by close code; 1006: without a close, 1000: by us.
    pub(crate) closes: BTreeMap<u16, u64>,
    /// Why sockets did not come about.
    pub(crate) connect_errors: BTreeMap<String, u64>,
    /// How much later than planned a fan acted, in microseconds.
    #[serde(with = "crate::histogram")]
    pub(crate) schedule_lag: Histogram<u64>,
    pub(crate) teams: Vec<TeamTaps>,
    /// A stamp of all taps that were drawn.
    pub(crate) schedule: Digest,
}

impl Ledger {
    pub(crate) fn new(teams: usize) -> Self {
        Self {
            counts: Counts::default(),
            closes: BTreeMap::new(),
            connect_errors: BTreeMap::new(),
            schedule_lag: microseconds(),
            teams: vec![TeamTaps::default(); teams],
            schedule: Digest::default(),
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

    /// Adds another worker's book; histograms are merged, never averaged.
    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        for (&code, closes) in &other.closes {
            *self.closes.entry(code).or_default() += closes;
        }
        for (cause, errors) in &other.connect_errors {
            *self.connect_errors.entry(cause.clone()).or_default() += errors;
        }
        self.schedule_lag.add(&other.schedule_lag).expect("all histograms have the same bounds");
        self.schedule.add(other.schedule);
        for (team, others) in self.teams.iter_mut().zip(&other.teams) {
            team.add(*others);
        }
    }
}

/// An empty histogram of microseconds: to the hour, three digits.
pub(crate) fn microseconds() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("constant bounds")
}

/// Notes a span in such a histogram.
pub(crate) fn record(histogram: &mut Histogram<u64>, span: Nanos) {
    histogram.saturating_record(span / 1_000);
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
        News { handed: std::mem::take(&mut news.handed), ..*news }
    }

    /// Asks the worker to stop tapping and let its fans go.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

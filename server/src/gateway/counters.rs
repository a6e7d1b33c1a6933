//! What one shard has done so far. Written by that shard alone, read by whoever scrapes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Running totals, and two counts of who is here.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) frames_in: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) beats_out: Counter,
    pub(crate) bytes_out: Counter,
    /// Beats that a full socket did not get: it gets the newest when it drains.
    pub(crate) beats_skipped: Counter,
    pub(crate) fans: Counter,
    pub(crate) displays: Counter,
}

/// A number with one writer: no locked instruction, no lost update.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. Only ever called from one thread.
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.get() + n, Ordering::Relaxed);
    }

    /// Takes one off. Only ever called from the thread that adds.
    pub(crate) fn take_one(&self) {
        self.0.store(self.get() - 1, Ordering::Relaxed);
    }

    /// The number now, from any thread.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

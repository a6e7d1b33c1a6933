//! A shard's counts: written by that shard alone, read by whoever flushes or reports them.
//!
//! Knows no session and no gateway; a team is an index.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::session::Verdict;
use crate::totals::Totals;

/// What became of all taps one team was sent: received = counted + shadowed + late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// They stand in the team's total.
    pub counted: u64,
    /// Beyond a human's rate, or for a ninth team of a session.
    pub shadowed: u64,
    /// Received outside the event's opening.
    pub late: u64,
}

/// One shard's running counts for each team of an event.
///
/// **Only one thread may call [`Tally::add`]**, or taps are lost: it loads, adds and stores, which costs no locked
/// instruction. `&mut` cannot say so, because the readers hold the same tally at the same time. They see counts that
/// only grow, perhaps a moment old, and of one team perhaps `counted` without its `shadowed`; a reader that was sent a
/// message after an `add` sees that `add`, since the message orders the two. Nothing stronger than relaxed is needed.
#[derive(Debug)]
pub struct Tally {
    teams: Box<[Counts]>,
}

#[derive(Debug, Default)]
struct Counts {
    counted: AtomicU64,
    shadowed: AtomicU64,
    late: AtomicU64,
}

impl Tally {
    /// Zero for each of `teams` teams.
    pub fn new(teams: usize) -> Self {
        Self { teams: std::iter::repeat_with(Counts::default).take(teams).collect() }
    }

    /// How many teams it counts for.
    pub fn teams(&self) -> usize {
        self.teams.len()
    }

    /// Adds what became of some taps. For the owning shard only.
    ///
    /// # Panics
    /// If the team is not below [`Tally::teams`].
    pub fn add(&self, verdict: Verdict) {
        let counts = &self.teams[usize::from(verdict.team)];
        let written =
            [(&counts.counted, verdict.counted), (&counts.shadowed, verdict.shadowed), (&counts.late, verdict.late)];
        for (count, taps) in written {
            if taps > 0 {
                count.store(count.load(Ordering::Relaxed) + u64::from(taps), Ordering::Relaxed);
            }
        }
    }

    /// What became of `team`'s taps so far.
    ///
    /// # Panics
    /// If the team is not below [`Tally::teams`].
    pub fn fates(&self, team: usize) -> Fates {
        let counts = &self.teams[team];
        Fates {
            counted: counts.counted.load(Ordering::Relaxed),
            shadowed: counts.shadowed.load(Ordering::Relaxed),
            late: counts.late.load(Ordering::Relaxed),
        }
    }

    /// Adds this shard's counted taps to `totals`, so that the shards of a gateway sum up.
    pub fn add_counted_into(&self, totals: &mut Totals) {
        totals.add(&self.teams.iter().map(|counts| counts.counted.load(Ordering::Relaxed)).collect());
    }
}

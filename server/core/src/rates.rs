//! The taps per second of one gateway, from its totals and its own count of time.
//!
//! The gateway says how many ticks (beat intervals of its monotonic time) it has lived; the rate is Δtotal over Δtick.
//! So totals that come late, or after an outage, are spread over the time in which they were tapped. Knows no store
//! and no clock; time passes here only by being observed.

use std::collections::VecDeque;

use crate::totals::Totals;

/// What one gateway has said over the last second of its own time.
///
/// The rate is taken from the newest vector that is at least a second older than the latest, or else from the oldest
/// known; over less than a second the missing time counts as silence.
#[derive(Debug)]
pub(crate) struct RateWindow {
    ticks_per_second: u32,
    latest: Vector,
    /// By rising tick, all below `latest`'s; only the first may be a second or more older. So at most
    /// `ticks_per_second` of them.
    earlier: VecDeque<Vector>,
    beats_still: u32,
}

#[derive(Clone, Debug)]
struct Vector {
    tick: u64,
    totals: Totals,
}

impl RateWindow {
    /// A gateway first heard of at `tick`.
    ///
    /// One no older than a second began at zero within it. Of an older one nobody knows when it counted what it has:
    /// its rate is zero until it says more.
    pub(crate) fn new(ticks_per_second: u32, tick: u64, totals: Totals) -> Self {
        let birth = Vector { tick: 0, totals: Totals::default() };
        let is_young = (1..=u64::from(ticks_per_second)).contains(&tick);
        Self {
            ticks_per_second,
            latest: Vector { tick, totals },
            earlier: is_young.then_some(birth).into_iter().collect(),
            beats_still: 0,
        }
    }

    /// A beat has passed, and this is what the store says of the gateway now.
    ///
    /// A tick that has not moved on for a second of beats means silence.
    pub(crate) fn observe(&mut self, tick: u64, totals: &Totals) {
        if tick <= self.latest.tick {
            self.latest.totals.join(totals);
            self.stand_still();
            return;
        }
        let mut latest = Vector { tick, totals: self.latest.totals.clone() };
        latest.totals.join(totals);
        self.earlier.push_back(std::mem::replace(&mut self.latest, latest));
        let a_second_ago = tick.saturating_sub(self.ticks_per_second.into());
        while self.earlier.get(1).is_some_and(|vector| vector.tick <= a_second_ago) {
            self.earlier.pop_front();
        }
        self.beats_still = 0;
    }

    /// A beat has passed without a word of the gateway.
    pub(crate) fn stand_still(&mut self) {
        self.beats_still = self.beats_still.saturating_add(1);
        if self.beats_still >= self.ticks_per_second {
            self.earlier.clear();
        }
    }

    /// The highest totals it has stated.
    pub(crate) fn totals(&self) -> &Totals {
        &self.latest.totals
    }

    /// Adds its taps per second to each team's in `rates`.
    pub(crate) fn add_rates(&self, rates: &mut [f64]) {
        let Some(oldest) = self.earlier.front() else { return };
        let ticks = (self.latest.tick - oldest.tick).max(self.ticks_per_second.into());
        let seconds = ticks as f64 / f64::from(self.ticks_per_second);
        for (team, total) in self.latest.totals.changed_since(&oldest.totals) {
            rates[team] += (total - oldest.totals.get(team)) as f64 / seconds;
        }
    }
}

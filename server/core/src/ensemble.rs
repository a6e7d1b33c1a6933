//! All gateways of one event as the conductor hears them, and the beat cut from that.
//!
//! Knows no store, no election and no clock: what the store says is handed in once per beat.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::beat::{Beat, to_a_tenth};
use crate::incarnation::Incarnation;
use crate::opening::Opening;
use crate::rates::RateWindow;
use crate::totals::Totals;

/// Every gateway that counts for one run of an event. Another run is another ensemble.
#[derive(Debug)]
pub struct Ensemble {
    teams: usize,
    ticks_per_second: u32,
    windows: BTreeMap<Incarnation, RateWindow>,
    held: Held,
}

/// The rates of a predecessor, shown for as many observations more as `beats` says, less the one that ends it.
#[derive(Debug, Default)]
struct Held {
    rates: Vec<f64>,
    beats: u32,
}

impl Ensemble {
    /// Nobody heard yet, for a roster of `teams`. A tick is one beat interval: ten in a second at 100 ms.
    pub fn new(teams: usize, ticks_per_second: u32) -> Self {
        Self { teams, ticks_per_second, windows: BTreeMap::new(), held: Held::default() }
    }

    /// The same for a conductor that takes over after `last`: gateways it first hears of have no rate yet, so it shows
    /// those of `last` until it has observed a second of its own. If `last` is much older than that, start
    /// [new](Self::new).
    pub fn taking_over(teams: usize, ticks_per_second: u32, last: &Beat) -> Self {
        let held = Held { rates: last.rates.clone(), beats: ticks_per_second + 1 };
        Self { held, ..Self::new(teams, ticks_per_second) }
    }

    /// A beat has passed, and these are the gateways' vectors: incarnation, tick, totals.
    ///
    /// What a gateway has said before still holds: a lower total is ignored, and one that is absent stands still.
    pub fn observe<'a>(&mut self, vectors: impl IntoIterator<Item = (Incarnation, u64, &'a Totals)>) {
        let mut absent: BTreeSet<_> = self.windows.keys().copied().collect();
        for (incarnation, tick, totals) in vectors {
            absent.remove(&incarnation);
            match self.windows.entry(incarnation) {
                Entry::Occupied(known) => known.into_mut().observe(tick, totals),
                Entry::Vacant(new) => {
                    new.insert(RateWindow::new(self.ticks_per_second, tick, totals.clone()));
                }
            }
        }
        for incarnation in absent {
            self.windows.entry(incarnation).and_modify(RateWindow::stand_still);
        }
        self.held.beats = self.held.beats.saturating_sub(1);
    }

    /// The taps of each team: the sum over the gateways of the highest each has stated. Never falls.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::new(self.teams);
        for window in self.windows.values() {
            totals.add(window.totals());
        }
        totals
    }

    /// The beat `number`, as of the last observation.
    pub fn cut(&self, number: u32, opening: Opening) -> Beat {
        let totals = self.totals();
        let rates = self.rates(totals.as_slice().len());
        Beat { number, run: opening.run, phase: opening.phase, totals, rates }
    }

    fn rates(&self, teams: usize) -> Vec<f64> {
        let mut rates = vec![0.0; teams];
        if self.held.beats > 0 {
            rates.iter_mut().zip(&self.held.rates).for_each(|(rate, &held)| *rate = held);
        } else {
            self.windows.values().for_each(|window| window.add_rates(&mut rates));
        }
        rates.into_iter().map(to_a_tenth).collect()
    }
}

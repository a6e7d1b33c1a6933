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
    observations: u32,
    /// A predecessor's rates, until the observations span a second.
    held: Option<Vec<f64>>,
}

impl Ensemble {
    /// Nobody heard yet, for a roster of `teams`. A tick is one beat interval: ten in a second at 100 ms, and at least
    /// one.
    pub fn new(teams: usize, ticks_per_second: u32) -> Self {
        Self { teams, ticks_per_second, windows: BTreeMap::new(), observations: 0, held: None }
    }

    /// The same for a conductor that takes over after `last`: gateways it first hears of have no rate yet, so it shows
    /// those of `last` until it has observed a second of its own. If `last` is much older than that, start
    /// [new](Self::new).
    pub fn taking_over(teams: usize, ticks_per_second: u32, last: &Beat) -> Self {
        Self { held: Some(last.rates.clone()), ..Self::new(teams, ticks_per_second) }
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
        self.observations = self.observations.saturating_add(1);
        if self.observations > self.ticks_per_second {
            self.held = None;
        }
    }

    /// The taps of each team: the sum over the gateways of the highest each has stated. Never falls.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::new(self.teams);
        for window in self.windows.values() {
            totals.add(window.totals());
        }
        totals
    }

    /// The beat `number`, as of the last observation. How many fans cheer is for others to say.
    pub fn cut(&self, number: u32, opening: Opening) -> Beat {
        let totals = self.totals();
        let rates = self.rates(totals.as_slice().len());
        Beat { number, run: opening.run, phase: opening.phase, totals, rates, fans: Vec::new() }
    }

    fn rates(&self, teams: usize) -> Vec<f64> {
        let mut rates = vec![0.0; teams];
        match &self.held {
            Some(held) => rates.iter_mut().zip(held).for_each(|(rate, &held)| *rate = held),
            None => self.windows.values().for_each(|window| window.add_rates(&mut rates)),
        }
        rates.into_iter().map(to_a_tenth).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::opening::Phase;

    const OPEN: Opening = Opening { run: 3, phase: Phase::Open, since_ms: 0 };

    proptest! {
        /// A store may answer with old vectors, with none, or with some gateways missing.
        #[test]
        fn no_total_ever_falls_whatever_the_store_says(
            beats in vec(vec((0..4u64, 0..50u64, vec(0..1_000u64, 0..4)), 0..5), 1..40)
        ) {
            let mut ensemble = Ensemble::new(2, 10);
            let mut highest = BTreeMap::<u64, Totals>::new();
            let mut before = ensemble.totals();
            for said in beats {
                let vectors: Vec<_> =
                    said.into_iter().map(|(id, tick, totals)| (Incarnation(id), tick, Totals::from(totals))).collect();
                ensemble.observe(vectors.iter().map(|(id, tick, totals)| (*id, *tick, totals)));
                for (id, _, totals) in &vectors {
                    highest.entry(id.0).or_default().join(totals);
                }
                let now = ensemble.totals();
                prop_assert_eq!(before.changed_since(&now).count(), 0, "{:?} fell to {:?}", before, now);
                for team in 0..4 {
                    prop_assert_eq!(now.get(team), highest.values().map(|totals| totals.get(team)).sum::<u64>());
                }
                before = now;
            }
        }
    }

    #[test]
    fn rates_of_gateways_are_summed_each_over_its_own_time() {
        let mut ensemble = Ensemble::new(2, 10);
        ensemble.hears(&[(1, 100, [0, 0]), (2, 5_000, [0, 70])]);
        ensemble.hears(&[(1, 110, [31, 0]), (2, 5_600, [600, 70])]);
        let beat = ensemble.cut(8, OPEN);
        assert_eq!((beat.number, beat.run, beat.phase), (8, 3, Phase::Open));
        assert_eq!(beat.totals.as_slice(), [631, 70]);
        assert_eq!(beat.rates, [41.0, 0.0]);
    }

    #[test]
    fn rates_are_given_to_a_tenth() {
        let mut ensemble = Ensemble::new(1, 10);
        ensemble.hears(&[(1, 100, [0]), (2, 100, [0])]);
        ensemble.hears(&[(1, 160, [1]), (2, 160, [1])]);
        assert_eq!(ensemble.cut(1, OPEN).rates, [0.3], "a sixth and a sixth of a tap a second");
    }

    #[test]
    fn a_gateway_that_vanishes_keeps_its_totals_and_falls_silent_after_a_second() {
        let mut ensemble = Ensemble::new(1, 10);
        ensemble.hears(&[(1, 100, [0])]);
        ensemble.hears(&[(1, 110, [50])]);
        for beat in 1..=12 {
            ensemble.observe([]);
            let cut = ensemble.cut(beat, OPEN);
            assert_eq!(cut.rates, [if beat < 10 { 50.0 } else { 0.0 }], "beat {beat} without it");
            assert_eq!(cut.total(), 50);
        }
    }

    #[test]
    fn a_new_conductor_holds_the_last_rates_until_it_has_a_second_of_its_own() {
        let mut first = Ensemble::new(1, 10);
        first.hears(&[(1, 100, [0])]);
        first.hears(&[(1, 110, [50])]);
        let last = first.cut(1, OPEN);

        let mut second = Ensemble::taking_over(1, 10, &last);
        for beats in 0..15 {
            second.hears(&[(1, 120 + beats, [100 + 6 * beats])]);
            assert_eq!(second.cut(2, OPEN).rates, [if beats < 10 { 50.0 } else { 60.0 }], "after {beats} beats");
        }
    }

    #[test]
    fn a_roster_that_grew_while_others_still_run_the_old_one_loses_nothing() {
        let mut ensemble = Ensemble::taking_over(2, 10, &Ensemble::new(1, 10).cut(1, OPEN));
        ensemble
            .observe([(Incarnation(1), 5, &Totals::from(vec![1])), (Incarnation(2), 5, &Totals::from(vec![0, 0, 2]))]);
        let beat = ensemble.cut(2, OPEN);
        assert_eq!(beat.totals.as_slice(), [1, 0, 2]);
        assert_eq!(beat.rates.len(), 3);
    }

    impl Ensemble {
        fn hears<const TEAMS: usize>(&mut self, vectors: &[(u64, u64, [u64; TEAMS])]) {
            let vectors: Vec<_> = vectors
                .iter()
                .map(|&(id, tick, totals)| (Incarnation(id), tick, Totals::from(totals.to_vec())))
                .collect();
            self.observe(vectors.iter().map(|(id, tick, totals)| (*id, *tick, totals)));
        }
    }
}

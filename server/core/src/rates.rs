//! The taps per second of one gateway, from its totals and its own count of time.
//!
//! The gateway says how many ticks (beat intervals of its monotonic time) it has lived; the rate is its change of total
//! over its change of tick. So totals that come late, or after an outage, are spread over the time in which they were
//! tapped. Knows no store and no clock; time passes here only by being observed.

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
        for (team, total) in self.latest.totals.changed_since(&oldest.totals) {
            let taps = total - oldest.totals.get(team);
            rates[team] += taps as f64 * f64::from(self.ticks_per_second) / ticks as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const TICKS_PER_SECOND: u32 = 10;

    proptest! {
        #[test]
        fn a_rate_lies_between_the_slowest_and_the_fastest_tick(
            taps_per_tick in vec(20..=40u64, 30 + 100 * 60),
            flushes in any_flushes(),
        ) {
            let total_at = |tick: u64| (0..tick).zip(&taps_per_tick).map(|(_, taps)| taps).sum();
            let mut window = first_heard(20, total_at(20));
            for tick in observed(&flushes) {
                window.observe(tick, &one_team(total_at(tick)));
                prop_assert!((200.0..=400.0).contains(&window.rate()), "{} at tick {}", window.rate(), tick);
                prop_assert!(window.earlier.len() <= 10, "{} vectors kept", window.earlier.len());
            }
        }

        #[test]
        fn even_taps_show_an_even_rate(per_tick in 0..100_000u64, flushes in any_flushes()) {
            let mut window = first_heard(20, 20 * per_tick);
            for tick in observed(&flushes) {
                window.observe(tick, &one_team(tick * per_tick));
                prop_assert_eq!(window.rate(), 10.0 * per_tick as f64);
            }
        }
    }

    #[test]
    fn an_outage_healed_is_spread_over_its_length_and_is_no_roar() {
        let mut window = first_heard(1_000, 0);
        for tick in 1_001..=1_020 {
            window.observe(tick, &one_team((tick - 1_000) * 50));
        }
        assert_eq!(window.rate(), 500.0);
        for beat in 1..=600 {
            window.observe(1_020, &one_team(1_000));
            assert_eq!(window.rate(), if beat < 10 { 500.0 } else { 0.0 }, "beat {beat} of the outage");
        }
        for tick in 1_620..1_650 {
            window.observe(tick, &one_team((tick - 1_000) * 50));
            assert_eq!(window.rate(), 500.0, "at tick {tick}");
        }
    }

    #[test]
    fn a_young_gateway_starts_from_zero() {
        assert_eq!(first_heard(10, 80).rate(), 80.0);
        assert_eq!(first_heard(2, 80).rate(), 80.0, "missing time counts as silence");
        let mut window = first_heard(2, 80);
        window.observe(12, &one_team(90));
        assert_eq!(window.rate(), 10.0);
    }

    #[test]
    fn an_old_gateway_is_silent_until_it_says_more() {
        let mut window = first_heard(11, 80);
        assert_eq!(window.rate(), 0.0);
        window.observe(12, &one_team(85));
        assert_eq!(window.rate(), 5.0, "missing time counts as silence");
    }

    #[test]
    fn a_store_that_forgot_and_is_told_again_makes_no_rate() {
        let mut window = first_heard(100, 1_000_000);
        for (tick, total) in [(101, 0), (3, 10), (102, 0), (103, 1_000_000)] {
            window.observe(tick, &one_team(total));
            assert_eq!((window.rate(), window.totals().get(0)), (0.0, 1_000_000), "told {total} at {tick}");
        }
    }

    #[test]
    fn a_stopped_gateway_costs_one_vector() {
        let mut window = first_heard(100, 0);
        for tick in 101..=120 {
            window.observe(tick, &one_team(tick));
        }
        for _ in 0..10 {
            window.stand_still();
        }
        assert!(window.earlier.is_empty());
        assert_eq!(window.totals().get(0), 120);
    }

    /// How many beats each flush keeps waiting, less than a second of them, and how many ticks it then brings: most
    /// come with every beat or every other one, some after an outage.
    fn any_flushes() -> impl Strategy<Value = Vec<(usize, u64)>> {
        vec((prop_oneof![4 => 0..2usize, 1 => 2..10usize], prop_oneof![8 => 1..3u64, 1 => 3..=60u64]), 1..100)
    }

    /// The tick that each beat observes, after a first second of life that began at tick 20.
    fn observed(flushes: &[(usize, u64)]) -> Vec<u64> {
        let (mut ticks, mut tick) = (Vec::new(), 30);
        for &(beats_still, brought) in flushes {
            ticks.extend(std::iter::repeat_n(tick, 1 + beats_still));
            tick += brought;
        }
        ticks
    }

    impl RateWindow {
        fn rate(&self) -> f64 {
            let mut rates = [0.0];
            self.add_rates(&mut rates);
            rates[0]
        }
    }

    fn first_heard(tick: u64, total: u64) -> RateWindow {
        RateWindow::new(TICKS_PER_SECOND, tick, one_team(total))
    }

    fn one_team(total: u64) -> Totals {
        Totals::from(vec![total])
    }
}

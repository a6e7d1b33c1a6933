//! One watcher's beats: how old they arrive and which are missing. Knows no socket; the time is an argument.
//!
//! Nobody's clock is trusted: a beat's age is how much later it came than the quickest beat ever did, both held against
//! the instant its number stands for. The quickest is shared by all watchers, so that one who is always late shows.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::{MILLISECOND, Nanos};

/// A fan is owed a beat when so many numbers have passed since its last.
pub(crate) const FAN_STEP: u32 = 5;
/// A display is owed every beat.
pub(crate) const DISPLAY_STEP: u32 = 1;
/// The first beats of a connection bring it up to date: a KEY that may be ten seconds old, and a DELTA to now.
const CATCHING_UP: u8 = 2;

/// The quickest beat ever seen: the smallest arrival less nominal time, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Quickest(AtomicI64);

impl Default for Quickest {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MAX))
    }
}

impl Quickest {
    /// How much later than the quickest a beat is that is nominal at `nominal_ms` and came at `at`.
    fn age(&self, at: Nanos, nominal_ms: u64) -> Nanos {
        let nominal = i64::try_from(nominal_ms.saturating_mul(MILLISECOND)).unwrap_or(i64::MAX);
        let delay = i64::try_from(at).unwrap_or(i64::MAX).saturating_sub(nominal);
        // Written seldom, read by every worker: the load keeps the line shared.
        if delay < self.0.load(Ordering::Relaxed) {
            self.0.fetch_min(delay, Ordering::Relaxed);
        }
        delay.abs_diff(self.0.load(Ordering::Relaxed).min(delay))
    }
}

/// Where one connection stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watch {
    last: Option<u32>,
    heard: u8,
}

/// What a beat tells about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) age: Nanos,
    /// Beats that were owed between the last and this one.
    pub(crate) missed: u32,
}

impl Watch {
    /// Takes in beat `number`; nothing is said of the first, nor of one repeated because there is no newer.
    pub(crate) fn hear(
        &mut self,
        at: Nanos,
        number: u32,
        nominal_ms: u64,
        step: u32,
        quickest: &Quickest,
    ) -> Option<Arrival> {
        self.heard = self.heard.saturating_add(1);
        // Not due yet: the older KEY that the DELTA right behind it builds on, or a beat repeated for want of a newer.
        if self.heard > CATCHING_UP && self.last.is_some_and(|last| number < last.saturating_add(step)) {
            return None;
        }
        let last = self.last.replace(number);
        let age = quickest.age(at, nominal_ms);
        let gap = number.saturating_sub(last?);
        (self.heard > CATCHING_UP).then_some(Arrival { age, missed: (gap / step).saturating_sub(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(beats: &[(u64, u32)]) -> Vec<Option<(u64, u32)>> {
        let (mut watch, quickest) = (Watch::default(), Quickest::default());
        let arrival = |&(at_ms, number): &(u64, u32)| {
            let arrival = watch.hear(at_ms * MILLISECOND, number, u64::from(number) * 100, FAN_STEP, &quickest);
            arrival.map(|Arrival { age, missed }| (age / MILLISECOND, missed))
        };
        beats.iter().map(arrival).collect()
    }

    #[test]
    fn the_beats_that_bring_a_newcomer_up_to_date_are_neither_old_nor_missed() {
        assert_eq!(heard(&[(0, 100), (1, 190), (500, 195), (1_000, 200)]), [None, None, Some((0, 0)), Some((0, 0))]);
    }

    #[test]
    fn a_beat_that_comes_late_is_old_and_the_next_in_time_is_not() {
        assert_eq!(heard(&[(0, 5), (500, 10), (1_300, 15), (1_500, 20)])[2..], [Some((300, 0)), Some((0, 0))]);
    }

    #[test]
    fn a_key_that_a_delta_builds_on_is_as_old_as_it_is_and_not_late() {
        let beats = [(0, 5), (500, 10), (1_000, 15), (1_500, 17), (1_500, 20), (2_000, 25)];
        assert_eq!(heard(&beats)[2..], [Some((0, 0)), None, Some((0, 0)), Some((0, 0))]);
    }

    #[test]
    fn beats_skipped_for_a_slow_reader_are_missed_and_a_repeated_one_is_not_news() {
        assert_eq!(
            heard(&[(0, 5), (500, 10), (2_000, 25), (3_000, 25), (3_100, 34)])[2..],
            [Some((0, 2)), None, Some((200, 0))]
        );
    }
}

//! The human's tap rate as the server counts it, kept here too so that no tap is ever sent ahead of it.
//!
//! In billionths of a tap, because then a rate per second is a whole number per nanosecond and nothing is rounded.

use crate::clock::Nanos;

const TAP: u64 = 1_000_000_000;
/// Taps a session may hand over at once when it begins.
const AT_START: u64 = 24 * TAP;
/// Taps it may save up: five seconds' worth, the longest a client waits for a silent server.
const AT_MOST: u64 = 80 * TAP;

/// Taps that may be handed over, as of an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    level: u64,
    as_of: Nanos,
    taps_per_second: u64,
}

impl Bucket {
    /// The bucket of a session that begins `now`.
    pub(crate) fn new(now: Nanos, taps_per_second: u32) -> Self {
        Self { level: AT_START, as_of: now, taps_per_second: u64::from(taps_per_second) }
    }

    /// Whole taps that may be handed over `now`.
    pub(crate) fn holds(&mut self, now: Nanos) -> u32 {
        let gained = now.saturating_sub(self.as_of).saturating_mul(self.taps_per_second);
        self.level = self.level.saturating_add(gained).min(AT_MOST);
        self.as_of = self.as_of.max(now);
        u32::try_from(self.level / TAP).expect("at most 80")
    }

    /// Takes out taps that [`Bucket::holds`] said were there.
    pub(crate) fn take(&mut self, taps: u32) {
        self.level = self.level.checked_sub(u64::from(taps) * TAP).expect("never more than the bucket holds");
    }

    /// Puts back taps that never reached the server.
    pub(crate) fn give_back(&mut self, taps: u32) {
        self.level = (self.level + u64::from(taps) * TAP).min(AT_MOST);
    }

    /// When there will be a whole tap.
    pub(crate) fn ready_at(&self) -> Nanos {
        self.as_of + TAP.saturating_sub(self.level).div_ceil(self.taps_per_second.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn a_session_begins_with_24_gains_16_a_second_and_holds_80() {
        let mut bucket = Bucket::new(5 * SECOND, 16);
        assert_eq!(bucket.holds(5 * SECOND), 24);
        assert_eq!(bucket.holds(6 * SECOND), 40);
        assert_eq!(bucket.holds(60 * SECOND), 80);
    }

    #[test]
    fn an_empty_bucket_says_when_the_next_tap_may_go() {
        let mut bucket = Bucket::new(0, 16);
        bucket.take(24);
        assert_eq!(bucket.holds(0), 0);
        assert_eq!(bucket.ready_at(), SECOND / 16);
        assert_eq!((bucket.holds(SECOND / 16 - 1), bucket.holds(SECOND / 16)), (0, 1));
    }

    #[test]
    fn no_stretch_of_time_lets_through_more_than_the_start_and_the_gain() {
        let (mut bucket, mut taken) = (Bucket::new(0, 16), 0);
        for now in (0..10 * SECOND).step_by(7_777_777) {
            let held = bucket.holds(now);
            bucket.take(held);
            taken += u64::from(held);
            assert!(taken <= 24 + 16 * now / SECOND, "{taken} taps within {now} ns");
        }
        assert!(taken >= 180);
    }

    #[test]
    fn what_never_arrived_may_be_sent_again_but_no_more_than_fits() {
        let mut bucket = Bucket::new(0, 16);
        bucket.take(10);
        bucket.give_back(10);
        assert_eq!(bucket.holds(0), 24);
        bucket.give_back(1_000);
        assert_eq!(bucket.holds(0), 80);
    }
}

//! A token bucket in exact integers: what one client may do in a while.
//!
//! Knows nothing of what a token stands for: taps, frames or bytes.

use std::sync::atomic::{AtomicU64, Ordering};

/// How fast a [`Bucket`] fills, in tokens. Kept apart from the bucket, since all clients share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the bucket at its start; no more than `burst` of them.
    pub at_start: u32,
    /// Gained each second, evenly.
    pub per_second: u32,
    /// The most the bucket holds.
    pub burst: u32,
}

impl Rate {
    /// The taps of one session that count.
    ///
    /// One finger sustains 5 to 7 taps a second, two alternating fingers 8 to 9; 16 leave room for the fastest people
    /// alive. 80 are five seconds of that: the longest a client waits for a silent server before it starts anew. 24 at
    /// the start are a second and a half, tapped while the socket was being opened.
    pub const TAPS: Self = Self { at_start: 24, per_second: 16, burst: 80 };
}

/// Thousandths of a token, so that `per_second` tokens a second are as many of these each millisecond.
const MILLI: u64 = 1_000;

/// The tokens of one client. It is handed the same [`Rate`] each time, and a time on a clock of the caller's choice.
///
/// A clock that steps back brings nothing, and nothing again until it is past where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    milli: u64,
    filled_ms: u64,
}

impl Bucket {
    /// A bucket with what `rate` gives at the start.
    pub fn new(rate: &Rate, now_ms: u64) -> Self {
        Self { milli: u64::from(rate.at_start) * MILLI, filled_ms: now_ms }
    }

    /// Takes `wanted` tokens, or as many as there are; returns how many it took.
    pub fn take_up_to(&mut self, rate: &Rate, now_ms: u64, wanted: u32) -> u32 {
        self.fill(rate, now_ms);
        let taken = u64::from(wanted).min(self.milli / MILLI);
        self.milli -= taken * MILLI;
        u32::try_from(taken).expect("at most what was wanted")
    }

    /// Takes `wanted` tokens if there are as many, else none; returns whether it did.
    #[inline]
    pub fn take(&mut self, rate: &Rate, now_ms: u64, wanted: u32) -> bool {
        self.fill(rate, now_ms);
        let enough = self.milli.checked_sub(u64::from(wanted) * MILLI);
        self.milli = enough.unwrap_or(self.milli);
        enough.is_some()
    }

    fn fill(&mut self, rate: &Rate, now_ms: u64) {
        if now_ms > self.filled_ms {
            let gained = (now_ms - self.filled_ms).saturating_mul(u64::from(rate.per_second));
            self.milli = self.milli.saturating_add(gained).min(u64::from(rate.burst) * MILLI);
            self.filled_ms = now_ms;
        }
    }
}

/// The same for several who take from it at once, on any threads: what they are given together is what one bucket gives.
///
/// One word, in thousandths, so that nobody waits for anybody: it stands between `now × per_second`, where the bucket is
/// full, and as much as it holds beyond that, where it is empty. Time alone fills it. A thread whose clock is a moment
/// behind sees a little less in it. ([`Bucket`] is a nanosecond faster where there is one taker and a clock read for many.)
#[derive(Debug)]
pub struct SharedBucket(AtomicU64);

impl SharedBucket {
    /// A bucket with what `rate` gives at the start.
    pub fn new(rate: &Rate, now_ms: u64) -> Self {
        let (full, empty) = bounds(rate, now_ms);
        Self(AtomicU64::new(empty.saturating_sub(u64::from(rate.at_start) * MILLI).max(full)))
    }

    /// Takes `wanted` tokens, or as many as there are; returns how many it took.
    pub fn take_up_to(&self, rate: &Rate, now_ms: u64, wanted: u32) -> u32 {
        // The word is all there is: nothing else is ordered by it.
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, taken) = take_up_to(word, rate, now_ms, wanted);
            match self.0.compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return taken,
                Err(changed) => word = changed,
            }
        }
    }

    /// Whether it holds all that it can.
    pub fn is_full(&self, rate: &Rate, now_ms: u64) -> bool {
        self.0.load(Ordering::Relaxed) <= bounds(rate, now_ms).0
    }
}

/// Where a word stands at `now_ms` whose bucket is full, and where one that is empty.
///
/// Kept so far below the end of the numbers that no sum of it and of tokens runs over, for 36 million years at sixteen
/// a second.
#[inline]
fn bounds(rate: &Rate, now_ms: u64) -> (u64, u64) {
    const FULL_MAX: u64 = u64::MAX - 2 * (u32::MAX as u64) * MILLI;
    let full = now_ms.saturating_mul(u64::from(rate.per_second)).min(FULL_MAX);
    (full, full + u64::from(rate.burst) * MILLI)
}

/// The word after `wanted` tokens were taken, or as many as there are, and how many.
#[inline]
fn take_up_to(word: u64, rate: &Rate, now_ms: u64, wanted: u32) -> (u64, u32) {
    let (full, empty) = bounds(rate, now_ms);
    let word = word.max(full);
    let there = empty.saturating_sub(word) / MILLI;
    let taken = wanted.min(u32::try_from(there).unwrap_or(u32::MAX));
    (word + u64::from(taken) * MILLI, taken)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A bucket that is filled millisecond by millisecond, as the definition has it.
    struct Naive {
        milli: u64,
        now_ms: u64,
    }

    impl Naive {
        fn take_up_to(&mut self, rate: &Rate, now_ms: u64, wanted: u32) -> u32 {
            while self.now_ms < now_ms {
                self.now_ms += 1;
                self.milli = (self.milli + u64::from(rate.per_second)).min(u64::from(rate.burst) * 1_000);
            }
            let taken = (0..wanted).take_while(|taken| u64::from(taken + 1) * 1_000 <= self.milli).count();
            self.milli -= taken as u64 * 1_000;
            u32::try_from(taken).unwrap()
        }
    }

    proptest! {
        #[test]
        fn it_gives_what_a_bucket_filled_each_millisecond_gives(
            (at_start, burst) in (0..90u32).prop_flat_map(|burst| (0..=burst, Just(burst))),
            per_second in 0..2_000u32,
            steps in vec((0..3_000u64, 0..100u32, any::<bool>()), 1..20),
        ) {
            let rate = Rate { at_start, per_second, burst };
            let mut now_ms = 1_000_000;
            let mut naive = Naive { milli: u64::from(at_start) * 1_000, now_ms };
            let mut bucket = Bucket::new(&rate, now_ms);
            let shared = SharedBucket::new(&rate, now_ms);
            for (passed_ms, wanted, all_or_nothing) in steps {
                now_ms += passed_ms;
                if all_or_nothing {
                    let there = naive.take_up_to(&rate, now_ms, wanted);
                    naive.milli += if there < wanted { u64::from(there) * 1_000 } else { 0 };
                    prop_assert_eq!(bucket.take(&rate, now_ms, wanted), there == wanted);
                    if there == wanted {
                        prop_assert_eq!(shared.take_up_to(&rate, now_ms, wanted), wanted);
                    }
                } else {
                    let there = naive.take_up_to(&rate, now_ms, wanted);
                    prop_assert_eq!(bucket.take_up_to(&rate, now_ms, wanted), there);
                    prop_assert_eq!(shared.take_up_to(&rate, now_ms, wanted), there);
                }
                prop_assert_eq!(shared.is_full(&rate, now_ms), naive.milli == u64::from(burst) * 1_000);
            }
        }

        #[test]
        fn no_clock_however_wild_gives_more_than_the_time_that_passed(
            start_ms in 0..u64::MAX,
            steps in vec((any::<u64>(), any::<u32>()), 1..20),
        ) {
            let mut bucket = Bucket::new(&Rate::TAPS, start_ms);
            let (mut taken, mut latest_ms) = (0u128, start_ms);
            for (now_ms, wanted) in steps {
                latest_ms = latest_ms.max(now_ms);
                taken += u128::from(bucket.take_up_to(&Rate::TAPS, now_ms, wanted));
                prop_assert!(taken <= 24 + 16 * u128::from(latest_ms - start_ms) / 1_000);
            }
        }
    }

    #[test]
    fn sixteen_taps_a_second_all_count_for_as_long_as_a_fan_can_tap() {
        let mut bucket = Bucket::new(&Rate::TAPS, 0);
        assert_eq!(bucket.take_up_to(&Rate::TAPS, 0, 25), 24);
        for quarter in 1..=4 * 3_600 {
            assert_eq!(bucket.take_up_to(&Rate::TAPS, quarter * 250, 5), 4, "after {quarter} quarters of a second");
        }
    }

    #[test]
    fn a_bucket_left_alone_for_an_age_is_full_and_no_fuller() {
        for now_ms in [5_000, 1 << 60, u64::MAX] {
            assert_eq!(Bucket::new(&Rate::TAPS, 0).take_up_to(&Rate::TAPS, now_ms, u32::MAX), 80, "after {now_ms} ms");
        }
    }

    #[test]
    fn a_clock_that_stepped_back_gives_nothing_twice() {
        let mut bucket = Bucket::new(&Rate::TAPS, 10_000);
        assert_eq!(bucket.take_up_to(&Rate::TAPS, 11_000, 100), 40);
        for now_ms in [0, 11_000, 5_000, 11_000] {
            assert_eq!(bucket.take_up_to(&Rate::TAPS, now_ms, 1), 0, "at {now_ms}");
        }
        assert_eq!(bucket.take_up_to(&Rate::TAPS, 12_000, 100), 16);
    }

    #[test]
    fn all_who_take_from_one_bucket_at_once_are_given_what_one_would_be() {
        const THREADS: u64 = 4;
        const SECONDS: u64 = 2_000;
        let shared = SharedBucket::new(&Rate::TAPS, 0);
        let taken = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        let taken = (0..=1_000 * SECONDS).map(|now_ms| shared.take_up_to(&Rate::TAPS, now_ms, 1));
                        taken.sum::<u32>()
                    })
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum::<u32>()
        });
        // The thread that is ahead never left it full, and whoever came first took all there was.
        assert_eq!(u64::from(taken), 24 + 16 * SECONDS);
    }
}

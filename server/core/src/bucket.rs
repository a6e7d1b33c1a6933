//! A token bucket in exact integers: what one client may do in a while.
//!
//! Knows nothing of what a token stands for: taps, frames or bytes.

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
    pub fn take(&mut self, rate: &Rate, now_ms: u64, wanted: u32) -> bool {
        self.fill(rate, now_ms);
        let enough = self.milli.checked_sub(u64::from(wanted) * MILLI);
        self.milli = enough.unwrap_or(self.milli);
        enough.is_some()
    }

    fn fill(&mut self, rate: &Rate, now_ms: u64) {
        let gained = now_ms.saturating_sub(self.filled_ms).saturating_mul(u64::from(rate.per_second));
        self.milli = self.milli.saturating_add(gained).min(u64::from(rate.burst) * MILLI);
        self.filled_ms = self.filled_ms.max(now_ms);
    }
}

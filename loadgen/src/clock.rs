//! The one clock everything here is measured on: nanoseconds since the run was set up.
//!
//! Taps, frames and beats are stamped by it on whatever thread they happen, so differences need no correction.

use std::time::{Duration, Instant};

/// Nanoseconds since the clock was started, or a span of as many.
pub(crate) type Nanos = u64;

/// A second, in nanoseconds.
pub(crate) const SECOND: Nanos = 1_000_000_000;
/// A millisecond, in nanoseconds.
pub(crate) const MILLISECOND: Nanos = 1_000_000;

/// Tells the time; copies tell the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Nanos {
        nanos(self.0.elapsed())
    }

    /// The instant at which this clock shows `at`.
    pub(crate) fn instant(self, at: Nanos) -> Instant {
        self.0 + Duration::from_nanos(at)
    }
}

/// `span` in nanoseconds; 584 years and more are all the same.
pub(crate) fn nanos(span: Duration) -> Nanos {
    Nanos::try_from(span.as_nanos()).unwrap_or(Nanos::MAX)
}

/// A span given in seconds; what is negative is nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float's cast saturates at both ends")]
pub(crate) fn from_seconds(seconds: f64) -> Nanos {
    (seconds * 1e9).round() as Nanos
}

/// `span` in seconds.
#[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days")]
pub(crate) fn as_seconds(span: Nanos) -> f64 {
    span as f64 / 1e9
}

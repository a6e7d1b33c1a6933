//! The one clock everything here is measured on: nanoseconds since the run was set up.
//!
//! Taps, frames and beats are stamped by it on whatever thread and in whatever process they happen, so differences need
//! no correction: it is the machine's monotonic clock, less its reading when the run was set up.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Nanoseconds since the clock was started, or a span of as many.
pub(crate) type Nanos = u64;

/// A second, in nanoseconds.
pub(crate) const SECOND: Nanos = 1_000_000_000;
/// A millisecond, in nanoseconds.
pub(crate) const MILLISECOND: Nanos = 1_000_000;

/// Tells the time; copies tell the same, in other processes too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// What the machine's clock showed at our zero.
    zero: Nanos,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { zero: machine() }
    }

    pub(crate) fn now(self) -> Nanos {
        machine().saturating_sub(self.zero)
    }

    /// The instant at which this clock shows `at`; now, if that is past.
    pub(crate) fn instant(self, at: Nanos) -> Instant {
        Instant::now() + Duration::from_nanos(at.saturating_sub(self.now()))
    }
}

/// The machine's monotonic clock: one for all its processes, and nobody sets it.
#[expect(clippy::cast_sign_loss, reason = "it counts up from the machine's start")]
fn machine() -> Nanos {
    let shown = clock_gettime(ClockId::Monotonic);
    shown.tv_sec as Nanos * SECOND + shown.tv_nsec as Nanos
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

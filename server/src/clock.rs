//! The process's clocks. What is decided or counted by time goes by these; deadlines are timers of their own.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time since the process began, and the wall's for display.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts at zero.
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Time since the process began; never falls.
    pub(crate) fn now(self) -> Duration {
        self.started.elapsed()
    }

    /// The same in milliseconds.
    pub(crate) fn now_ms(self) -> u64 {
        millis(self.now())
    }

    /// Milliseconds since 1970, by the machine's own idea of it.
    pub(crate) fn wall_ms(self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! The process's clocks. What is decided or counted by time goes by these; deadlines are timers of their own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Monotonic time since the process began, and the wall's for display.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// Where the wall's clock goes with ours: what it said at our zero, in milliseconds since 1970.
    #[cfg(test)]
    wall_at_zero_ms: Option<u64>,
}

impl Clock {
    /// Starts at zero.
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            #[cfg(test)]
            wall_at_zero_ms: None,
        }
    }

    /// Starts at zero, and the wall's clock with it at `wall_ms`: nothing but the runtime's time moves either.
    #[cfg(test)]
    pub(crate) fn start_at(wall_ms: u64) -> Self {
        Self { started: Instant::now(), wall_at_zero_ms: Some(wall_ms) }
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
        #[cfg(test)]
        if let Some(wall_ms) = self.wall_at_zero_ms {
            return wall_ms + self.now_ms();
        }
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }

    /// The same in seconds, as tickets have it.
    pub(crate) fn wall_s(self) -> u64 {
        self.wall_ms() / 1_000
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

//! Wakes up every 5 ms and notes how much too late: what the machine, or whoever stopped this process, did to all of us.
//!
//! A generator that stood still for a second measured its own standing still. The watchdog does nothing but sleep, so
//! that its lateness is not its work; on a machine whose cores are full it shows by how much everybody has to wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::{Clock, Nanos, nanos};
use crate::measure::spans::Spans;

/// A two hundredth of a second: well under the 20 ms at which latencies become doubtful, and 0.1 % of a core.
const NAP: Duration = Duration::from_millis(5);

/// A watchdog at work.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    done: AtomicBool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    late: Spans,
    worst_lately: Nanos,
}

impl Watchdog {
    pub(crate) fn start(clock: Clock) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let watching = Arc::clone(&shared);
        let thread = thread::Builder::new().name("watchdog".to_owned()).spawn(move || watching.watch(clock))?;
        Ok(Self { shared, thread })
    }

    /// The latest wake-up since this was last asked.
    pub(crate) fn worst_lately(&self) -> Nanos {
        std::mem::take(&mut self.shared.seen().worst_lately)
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Spans {
        self.shared.done.store(true, Ordering::Relaxed);
        let _ended = self.thread.join();
        self.shared.seen().late.clone()
    }
}

impl Shared {
    fn watch(&self, clock: Clock) {
        while !self.done.load(Ordering::Relaxed) {
            let due = clock.now() + nanos(NAP);
            thread::sleep(NAP);
            let late = clock.now().saturating_sub(due);
            let mut seen = self.seen();
            seen.late.note(late);
            seen.worst_lately = seen.worst_lately.max(late);
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_watches_until_it_is_stopped() {
        let watchdog = Watchdog::start(Clock::start()).unwrap();
        while watchdog.shared.seen().late.len() < 3 {
            thread::yield_now();
        }
        watchdog.worst_lately();
        assert!(watchdog.stop().len() >= 3);
    }
}

//! What this process has used of the machine.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time of all its threads since it began.
pub(crate) fn own() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap_or(0))
}

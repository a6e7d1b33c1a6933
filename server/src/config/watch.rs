//! When a prefix has an unusual share of a team's taps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::millis;

/// The `[watch]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WatchConfig {
    #[serde(rename = "window_ms", with = "millis")]
    pub(crate) window: Duration,
    pub(crate) share: f64,
    pub(crate) at_least_taps_per_second: u64,
    pub(crate) ipv4_prefix: u8,
    pub(crate) ipv6_prefix: u8,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            share: 0.25,
            at_least_taps_per_second: 160,
            ipv4_prefix: 24,
            ipv6_prefix: 48,
        }
    }
}

impl WatchConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let second = Duration::from_secs(1);
        if !(second..=60 * second).contains(&self.window) {
            return Err(("watch.window_ms", "1000 to 60000"));
        }
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(("watch.share", "above 0 and at most 1"));
        }
        if self.at_least_taps_per_second == 0 {
            return Err(("watch.at_least_taps_per_second", "at least 1"));
        }
        if !(8..=32).contains(&self.ipv4_prefix) {
            return Err(("watch.ipv4_prefix", "8 to 32"));
        }
        if !(16..=128).contains(&self.ipv6_prefix) {
            return Err(("watch.ipv6_prefix", "16 to 128"));
        }
        Ok(())
    }
}

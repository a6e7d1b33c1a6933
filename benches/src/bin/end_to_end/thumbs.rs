//! When people tap, and for whom: a pure function of the seed. Knows no socket.
//!
//! A person taps in bursts of 1 to 4 s, about six times a second, each interval a little off as a hand is, and pauses in
//! between: two taps a second over all. Who taps so never comes within a cadence of 100 ms of its last tap: every tap is a
//! CHEER of its own.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use beat_benches::TEAMS;

/// Teams that are tapped for at a time, in a busy match.
pub(crate) const ACTIVE_TEAMS: u16 = 40;

/// Taps per second inside a burst: one finger sustains 5 to 7.
const TEMPO: std::ops::Range<f64> = 5.0..7.0;
/// How far one interval is from the next: the shortest is 129 ms.
const UNEVENNESS: std::ops::Range<f64> = 0.9..1.1;
const BURST_SECONDS: std::ops::Range<f64> = 1.0..4.0;
/// A burst is 15.5 taps in 2.5 s on average: with this pause that is two a second.
const PAUSE_SECONDS_MEAN: f64 = 5.25;
/// The weight of the n-th most cheered team is n^-1.1.
const ZIPF_EXPONENT: f64 = -1.1;

/// One tap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// Since the crowd began.
    pub(crate) due: Duration,
    /// Whose thumb.
    pub(crate) fan: usize,
}

/// All taps of `fans` people within `time`, in order.
pub(crate) fn taps(seed: u64, fans: usize, time: Duration) -> Vec<Tap> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut taps = Vec::new();
    for fan in 0..fans {
        let interval = 1.0 / rng.random_range(TEMPO);
        // Somewhere between a burst and the next, so that a crowd is at its full rate from the start.
        let mut at = -rng.random::<f64>() * (BURST_SECONDS.end + PAUSE_SECONDS_MEAN);
        while at < time.as_secs_f64() {
            let burst_end = at + rng.random_range(BURST_SECONDS);
            while at < burst_end {
                if (0.0..time.as_secs_f64()).contains(&at) {
                    taps.push(Tap { due: Duration::from_secs_f64(at), fan });
                }
                at += interval * rng.random_range(UNEVENNESS);
            }
            at += -PAUSE_SECONDS_MEAN * (1.0 - rng.random::<f64>()).ln();
        }
    }
    taps.sort_by_key(|tap| tap.due);
    taps
}

/// For which of the [`ACTIVE_TEAMS`] each of `fans` people taps: for some teams many, for others few.
pub(crate) fn favourites(seed: u64, fans: usize) -> Vec<u16> {
    let mut rng = StdRng::seed_from_u64(!seed);
    let shares = shares(usize::from(ACTIVE_TEAMS));
    let mut one = || {
        let mut drawn: f64 = rng.random();
        let place = shares.iter().position(|share| {
            drawn -= share;
            drawn < 0.0
        });
        active_team(place.unwrap_or(0))
    };
    (0..fans).map(|_| one()).collect()
}

/// The team at a place among those that are cheered for: they stand all over the roster.
pub(crate) fn active_team(place: usize) -> u16 {
    let place = u16::try_from(place).unwrap_or(0) % ACTIVE_TEAMS;
    place * (TEAMS / ACTIVE_TEAMS)
}

/// How much of all taps each of so many teams gets, the most cheered first.
pub(crate) fn shares(teams: usize) -> Vec<f64> {
    let weights: Vec<f64> = (1..=teams).map(|place| (place as f64).powf(ZIPF_EXPONENT)).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

//! When every fan taps, and for whom: a pure function of the seed.
//!
//! A fan taps in bursts of 1 to 4 s with pauses between them, at a tempo of its own drawn around 6 taps per second, each
//! interval a little off as a hand is. Fan 17 of seed 42 taps at the same nanoseconds however many fans, threads or
//! processes there are, because each draws from a generator seeded by the two numbers alone. Knows no socket and never
//! hears whether a tap arrived.

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

use crate::clock::{Nanos, from_seconds};

/// Taps per second inside a burst: one finger sustains 5 to 7.
const TEMPO_MEAN: f64 = 6.0;
/// How far fans differ from each other in that.
const TEMPO_DEVIATION: f64 = 0.8;
/// How far one interval of a fan differs from its next, relative.
const UNEVENNESS: f64 = 0.06;
const BURST_SECONDS: std::ops::Range<f64> = 1.0..4.0;
const BURST_SECONDS_MEAN: f64 = 2.5;
/// A burst begins with a tap, so it holds half a tap more than its length times the tempo, on average.
const BURST_TAPS_MEAN: f64 = BURST_SECONDS_MEAN * TEMPO_MEAN + 0.5;
/// How long people pause when nobody asked for a rate: two taps per second and fan.
const PAUSE_SECONDS_MEAN: f64 = 5.0;
/// The weight of the n-th most cheered team is n^-1.1.
const ZIPF_EXPONENT: f64 = 1.1;
/// One fan in so many cheers for a second team now and then.
const TORN_FANS: u32 = 10;
/// How often such a fan's burst is for the second.
const TORN_SHARE: f64 = 1.0 / 3.0;
/// Teams one fan cheers for at most.
pub(crate) const TEAMS_OF_A_FAN_MAX: usize = 2;

/// One tap: when the thumb meant it, and the team's index in the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    pub(crate) at: Nanos,
    pub(crate) team: u16,
}

/// How much the crowd taps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Activity {
    /// Connected, watching, never tapping.
    Idle,
    /// Bursts with pauses of this many seconds on average.
    Bursts { pause_seconds_mean: f64 },
}

/// More was asked for than people tap.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{wanted:.1} taps per second and fan: people sustain {TEMPO_MEAN}; take at least {fans_needed:.0} fans")]
pub(crate) struct TooFast {
    wanted: f64,
    fans_needed: f64,
}

impl Activity {
    /// What makes `fans` people tap `taps_per_second` in all; as people do when that is `None`.
    pub(crate) fn of(taps_per_second: Option<f64>, fans: u32) -> Result<Self, TooFast> {
        let Some(rate) = taps_per_second else {
            return Ok(Self::Bursts { pause_seconds_mean: PAUSE_SECONDS_MEAN });
        };
        let wanted = rate / f64::from(fans);
        if wanted > TEMPO_MEAN {
            return Err(TooFast { wanted, fans_needed: (rate / TEMPO_MEAN).ceil() });
        }
        if wanted <= 0.0 {
            return Ok(Self::Idle);
        }
        Ok(Self::Bursts { pause_seconds_mean: BURST_TAPS_MEAN / wanted - BURST_SECONDS_MEAN })
    }
}

/// Everyone who could tap, for whom, and how much.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Crowd {
    seed: u64,
    activity: Activity,
    start: Nanos,
    end: Nanos,
    /// Cumulated weights, most cheered first, the last 1.
    shares: Vec<f64>,
    /// Team at each place of `shares`.
    ranking: Vec<u16>,
}

impl Crowd {
    /// A crowd for a roster of `teams` that taps from `start` until before `end`.
    pub(crate) fn new(seed: u64, activity: Activity, teams: u16, start: Nanos, end: Nanos) -> Self {
        let mut rng = generator(seed, u64::MAX);
        let mut ranking: Vec<u16> = (0..teams).collect();
        for last in (1..teams).rev() {
            ranking.swap(usize::from(last), usize::from(rng.random_range(0..=last)));
        }
        let mut shares: Vec<f64> = (1..=teams)
            .scan(0.0, |sum, place| {
                *sum += f64::from(place).powf(-ZIPF_EXPONENT);
                Some(*sum)
            })
            .collect();
        let sum = shares.last().copied().unwrap_or(1.0);
        shares.iter_mut().for_each(|share| *share /= sum);
        Self { seed, activity, start, end, shares, ranking }
    }

    /// The team that is cheered least.
    pub(crate) fn least_cheered(&self) -> u16 {
        self.ranking.last().copied().unwrap_or(0)
    }

    /// Every tap of fan `index`, in time order.
    pub(crate) fn fan(&self, index: u32) -> Taps {
        let mut rng = generator(self.seed, u64::from(index));
        let favourite = self.team(&mut rng);
        let second = if rng.random_range(0..TORN_FANS) == 0 { self.team(&mut rng) } else { favourite };
        let off: f64 = StandardNormal.sample(&mut rng);
        // Beyond three deviations nobody is drawn: 3.6 to 8.4 a second, well within what a server counts.
        let tempo = TEMPO_MEAN + TEMPO_DEVIATION * off.clamp(-3.0, 3.0);
        let mut taps = Taps {
            rng,
            interval: 1.0 / tempo,
            pause: 0.0,
            teams: [favourite, second],
            team: favourite,
            next: self.end,
            burst_end: self.end,
            end: self.end,
        };
        if let Activity::Bursts { pause_seconds_mean } = self.activity {
            taps.pause = pause_seconds_mean;
            taps.come_in(self.start);
        }
        taps
    }

    fn team(&self, rng: &mut Pcg32) -> u16 {
        let drawn: f64 = rng.random();
        let place = self.shares.partition_point(|&share| share <= drawn);
        self.ranking.get(place).or(self.ranking.last()).copied().unwrap_or(0)
    }
}

/// One fan's taps to come.
#[derive(Clone, Debug)]
pub(crate) struct Taps {
    rng: Pcg32,
    /// Seconds from tap to tap, and of a pause, on average.
    interval: f64,
    pause: f64,
    teams: [u16; TEAMS_OF_A_FAN_MAX],
    team: u16,
    next: Nanos,
    burst_end: Nanos,
    end: Nanos,
}

impl Taps {
    /// Begins somewhere inside a burst or a pause, so that a crowd is at its full rate from the first second on.
    fn come_in(&mut self, start: Nanos) {
        let bursting = BURST_SECONDS_MEAN / (BURST_SECONDS_MEAN + self.pause);
        if self.rng.random::<f64>() < bursting {
            // An instant falls into a long burst more often than into a short one.
            let length = loop {
                let length = self.rng.random_range(BURST_SECONDS);
                if self.rng.random::<f64>() * BURST_SECONDS.end < length {
                    break length;
                }
            };
            self.next = start + from_seconds(self.interval * self.rng.random::<f64>());
            self.burst_end = start + from_seconds(length * self.rng.random::<f64>());
            self.team = self.choose();
        } else {
            (self.next, self.burst_end) = (start, start);
        }
    }

    fn begin_burst(&mut self) {
        let pause: f64 = Exp1.sample(&mut self.rng);
        let length = self.rng.random_range(BURST_SECONDS);
        self.next = self.next.max(self.burst_end + from_seconds(self.pause * pause));
        self.burst_end = self.next + from_seconds(length);
        self.team = self.choose();
    }

    fn choose(&mut self) -> u16 {
        let [favourite, second] = self.teams;
        if favourite != second && self.rng.random::<f64>() < TORN_SHARE { second } else { favourite }
    }
}

impl Iterator for Taps {
    type Item = Tap;

    fn next(&mut self) -> Option<Tap> {
        while self.next >= self.burst_end && self.next < self.end {
            self.begin_burst();
        }
        if self.next >= self.end {
            return None;
        }
        let tap = Tap { at: self.next, team: self.team };
        let off: f64 = StandardNormal.sample(&mut self.rng);
        self.next += from_seconds(self.interval * (1.0 + UNEVENNESS * off.clamp(-3.0, 3.0)));
        Some(tap)
    }
}

/// A generator for one fan. The two numbers are mixed first (SplitMix64's finaliser): neighbouring fans share nothing.
fn generator(seed: u64, index: u64) -> Pcg32 {
    let mut mixed = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Pcg32::seed_from_u64(mixed ^ (mixed >> 31))
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;

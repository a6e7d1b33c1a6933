//! When every fan taps, and for whom: a pure function of the seed.
//!
//! A fan's time is dealt out in stretches of 1 to 4 s. For each a mood between 0 and 1 is drawn, and the fan taps while its
//! mood is below the share of the crowd that is to tap: in bursts with pauses between them while the pace is steady, and
//! at once when a goal falls. So the crowd as a whole makes exactly the rate that was asked for, on average, at every
//! instant. Inside a burst a fan has a tempo of its own, each interval a little off as a hand is.
//!
//! Fan 17 of seed 42 taps at the same nanoseconds however many threads or processes there are, because each draws from a
//! generator seeded by the two numbers alone. Knows no socket and never hears whether a tap arrived.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

use crate::clock::{Nanos, from_seconds};
use crate::plan::countries::Shares;
use crate::plan::pace::Pace;
use crate::plan::shape::Storm;

const STRETCH_SECONDS: std::ops::Range<f64> = 1.0..4.0;
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

/// How a thumb moves inside a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Profile {
    /// One finger: 6 ± 0.8 taps per second (people sustain 5 to 7), each interval 6 % off.
    Human,
    /// Two fingers and excitement: 8 to 12 taps per second.
    Frenzy,
    /// A machine within the human limit: 12 taps per second, to the nanosecond, without a pause.
    Bot,
}

impl Profile {
    /// Taps per second inside a burst, on average over all fans.
    pub(crate) fn tempo_mean(self) -> f64 {
        match self {
            Self::Human => 6.0,
            Self::Frenzy => 10.0,
            Self::Bot => 12.0,
        }
    }

    /// The share of its time that a fan taps when nobody asks for a rate.
    pub(crate) fn share_at_ease(self) -> f64 {
        match self {
            Self::Human | Self::Frenzy => 1.0 / 3.0,
            Self::Bot => 1.0,
        }
    }

    /// How far one interval of a fan differs from its next, relative.
    fn unevenness(self) -> f64 {
        match self {
            Self::Human | Self::Frenzy => 0.06,
            Self::Bot => 0.0,
        }
    }

    /// A fan's own tempo.
    fn tempo(self, rng: &mut Pcg32) -> f64 {
        match self {
            // Beyond three deviations nobody is drawn: 3.6 to 8.4 a second, well within what a server counts.
            Self::Human => self.tempo_mean() + 0.8 * normal(rng),
            Self::Frenzy => rng.random_range(8.0..12.0),
            Self::Bot => self.tempo_mean(),
        }
    }
}

/// Everyone who could tap, for whom, and how much.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Crowd {
    pub(crate) seed: u64,
    pub(crate) profile: Profile,
    pub(crate) pace: Arc<Pace>,
    pub(crate) shares: Shares,
    pub(crate) storms: Vec<Storm>,
    /// When the tapping begins, on the run's clock, and how much of it is warm-up.
    pub(crate) start: Nanos,
    pub(crate) warm_up: Nanos,
}

impl Crowd {
    /// The team that is cheered least.
    pub(crate) fn least_cheered(&self) -> u16 {
        self.shares.least()
    }

    /// Every tap of fan `index`, in time order.
    pub(crate) fn fan(&self, index: u32) -> Taps {
        let mut rng = generator(self.seed, u64::from(index));
        let favourite = self.shares.draw(rng.random());
        let second = if rng.random_range(0..TORN_FANS) == 0 { self.shares.draw(rng.random()) } else { favourite };
        let tempo = self.profile.tempo(&mut rng);
        Taps {
            interval: 1.0 / tempo,
            unevenness: self.profile.unevenness(),
            teams: [favourite, second],
            team: favourite,
            mood: 1.0,
            resting: true,
            at: 0,
            until: 0,
            end: self.pace.length(),
            pace: Arc::clone(&self.pace),
            start: self.start,
            digest: Digest::of_fan(index),
            rng,
        }
    }

    /// When fan `index` loses its connection, in time order.
    pub(crate) fn storms(&self, index: u32) -> impl Iterator<Item = Nanos> {
        let mut hit: Vec<Nanos> = (0..)
            .zip(&self.storms)
            .filter(|(number, storm)| {
                let mut rng = generator(self.seed ^ (u64::from(*number + 1u32) << 32), u64::from(index));
                rng.random::<f64>() < storm.fraction
            })
            .map(|(_, storm)| self.start + self.warm_up + storm.at)
            .collect();
        hit.sort_unstable();
        hit.into_iter()
    }
}

/// One fan's taps to come.
#[derive(Clone, Debug)]
pub(crate) struct Taps {
    rng: Pcg32,
    /// Seconds from tap to tap.
    interval: f64,
    unevenness: f64,
    teams: [u16; TEAMS_OF_A_FAN_MAX],
    team: u16,
    /// Of this stretch.
    mood: f64,
    resting: bool,
    /// When the thumb could tap next, and when the stretch is over; since the tapping began, as is the end.
    at: Nanos,
    until: Nanos,
    end: Nanos,
    pace: Arc<Pace>,
    start: Nanos,
    digest: Digest,
}

impl Taps {
    /// The same taps, all for one team.
    pub(crate) fn only_for(self, team: u16) -> Self {
        Self { teams: [team; TEAMS_OF_A_FAN_MAX], team, ..self }
    }

    /// A stamp of all that was drawn so far.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether there are no more.
    fn is_over(&self) -> bool {
        self.at >= self.end && self.until >= self.end
    }

    fn begin_stretch(&mut self) {
        let from = self.until;
        let length = self.rng.random_range(STRETCH_SECONDS);
        // An instant falls into the middle of a stretch, and so does the first tap of a crowd.
        let left = if from == 0 { self.rng.random::<f64>() } else { 1.0 };
        self.until = from + from_seconds(length * left).max(1);
        self.mood = self.rng.random();
        let torn = self.rng.random::<f64>() < TORN_SHARE;
        self.team = self.teams[usize::from(torn)];
        if self.resting {
            self.at = from + from_seconds(self.interval * self.rng.random::<f64>());
        }
        self.resting = self.mood >= self.pace.share_max(from, self.until);
        if self.resting {
            self.at = self.until;
        }
    }
}

impl Iterator for Taps {
    type Item = Tap;

    fn next(&mut self) -> Option<Tap> {
        while !self.is_over() {
            if self.at >= self.until {
                self.begin_stretch();
                continue;
            }
            let at = self.at;
            let off = if self.unevenness > 0.0 { self.unevenness * normal(&mut self.rng) } else { 0.0 };
            self.at += from_seconds(self.interval * (1.0 + off));
            if at < self.end && self.mood < self.pace.share(at) {
                let tap = Tap { at: self.start + at, team: self.team };
                self.digest.take(at, self.team);
                return Some(tap);
            }
        }
        None
    }
}

/// A stamp of a schedule: 64 bits of every tap's fan, time and team, the same in whatever order fans are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest(u64);

impl Digest {
    const PRIME: u64 = 0x0100_0000_01b3;

    fn of_fan(index: u32) -> Self {
        Self(0xcbf2_9ce4_8422_2325 ^ u64::from(index).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// FNV-1a, eight bytes at a time.
    fn take(&mut self, at: Nanos, team: u16) {
        for word in [at, u64::from(team)] {
            self.0 = (self.0 ^ word).wrapping_mul(Self::PRIME);
            self.0 ^= self.0 >> 32;
        }
    }

    /// Adds another fan's.
    pub(crate) fn add(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// One deviation on average, never more than three.
fn normal(rng: &mut Pcg32) -> f64 {
    let off: f64 = StandardNormal.sample(rng);
    off.clamp(-3.0, 3.0)
}

/// A generator for one fan. The two numbers are mixed first (SplitMix64's finaliser): neighbouring fans share nothing.
pub(crate) fn generator(seed: u64, index: u64) -> Pcg32 {
    let mut mixed = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Pcg32::seed_from_u64(mixed ^ (mixed >> 31))
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
pub(crate) mod tests;

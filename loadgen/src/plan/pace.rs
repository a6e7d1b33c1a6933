//! How much the crowd taps at each instant, as a function of time: stages follow each other, spikes rise out of them.
//!
//! Time here begins with the tapping, warm-up included. Whether a fan taps at an instant is the schedule's to draw; this
//! says how large a share of the crowd does.

use serde::{Deserialize, Serialize};

use crate::clock::{Nanos, as_seconds};
use crate::plan::phases::PhaseKind;
use crate::plan::shape::{Rate, Spike, Stage, Storm};

/// What makes no sense of what was asked for.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Unreasonable {
    #[error(
        "{wanted:.1} taps per second and fan{when}: this profile sustains {tempo}; take at least {fans_needed:.0} fans"
    )]
    TooFast { wanted: f64, when: String, tempo: f64, fans_needed: f64 },
    #[error("{name} would last until {until:.1} s, and the run only lasts {length:.1} s (--duration, or its stages)")]
    TooLate { name: String, until: f64, length: f64 },
    #[error("{first} and {second} overlap: only one thing happens at a time")]
    Overlap { first: String, second: String },
}

/// What a run is to be like, in the user's terms.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) fans: u32,
    /// Taps per second inside a burst, on average, and the share of the time people spend in one by themselves.
    pub(crate) tempo: f64,
    pub(crate) share_at_ease: f64,
    /// Of all fans together, if somebody asked for it.
    pub(crate) taps_per_second: Option<f64>,
    pub(crate) warm_up: Nanos,
    pub(crate) duration: Nanos,
    /// Instead of `duration`, if there are any.
    pub(crate) stages: &'a [Stage],
    pub(crate) spikes: &'a [Spike],
    pub(crate) storms: &'a [Storm],
}

/// One straight piece of the base: taps per second at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Piece {
    from: Nanos,
    to: Nanos,
    rate_from: f64,
    rate_to: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Peak {
    rate: Rate,
    at: Nanos,
    risen: Nanos,
    held: Nanos,
    over: Nanos,
}

/// The crowd's pace from the first tap to the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pace {
    pieces: Vec<Piece>,
    peaks: Vec<Peak>,
    /// What all fans make who tap without a pause.
    rate_max: f64,
}

/// A part of the tapping: its name, what it is for, how long it takes.
pub(crate) type Part = (String, PhaseKind, Nanos);

impl Pace {
    /// The pace that was asked for, and the parts it comes in.
    pub(crate) fn new(wanted: &Wanted<'_>) -> Result<(Self, Vec<Part>), Unreasonable> {
        let rate_max = f64::from(wanted.fans) * wanted.tempo;
        let base = wanted.taps_per_second.unwrap_or(rate_max * wanted.share_at_ease);
        let steady = [Stage {
            name: Some("steady".to_owned()),
            length: wanted.duration,
            from: Rate::Times(1.0),
            to: Rate::Times(1.0),
        }];
        let stages = if wanted.stages.is_empty() { &steady } else { wanted.stages };
        let mut pieces = Vec::new();
        let mut named = Vec::new();
        let first = stages.first().map_or(base, |stage| stage.from.over(base));
        let mut at = wanted.warm_up;
        pieces.push(Piece { from: 0, to: at, rate_from: first, rate_to: first });
        for (number, stage) in (1..).zip(stages) {
            let to = at.saturating_add(stage.length);
            pieces.push(Piece { from: at, to, rate_from: stage.from.over(base), rate_to: stage.to.over(base) });
            named.push((stage.name.clone().unwrap_or_else(|| format!("stage-{number}")), at, to));
            at = to;
        }
        let peaks = wanted.spikes.iter().map(|spike| Peak::of(spike, wanted.warm_up)).collect();
        let pace = Self { pieces, peaks, rate_max };
        let interludes = interludes(wanted, at)?;
        pace.refuse_the_impossible(wanted)?;
        Ok((pace, parts(wanted.warm_up, &named, &interludes)))
    }

    /// When the last tap has fallen due.
    pub(crate) fn length(&self) -> Nanos {
        self.pieces.last().map_or(0, |piece| piece.to)
    }

    /// Taps per second of all fans together.
    pub(crate) fn rate(&self, at: Nanos) -> f64 {
        let base = self.base(at);
        self.peaks.iter().fold(base, |rate, peak| rate + (peak.rate.over(base) - base) * peak.height(at))
    }

    /// The share of the crowd that taps at an instant.
    pub(crate) fn share(&self, at: Nanos) -> f64 {
        self.rate(at) / self.rate_max
    }

    /// No share between two instants is larger. May be larger than the largest.
    pub(crate) fn share_max(&self, from: Nanos, to: Nanos) -> f64 {
        let touching = self.pieces.iter().filter(|piece| piece.from < to && piece.to > from);
        let base = touching.map(|piece| piece.rate_from.max(piece.rate_to)).fold(0.0, f64::max);
        let over = self.peaks.iter().filter(|peak| peak.at < to && peak.over > from);
        over.fold(base, |rate, peak| rate + (peak.rate.over(base) - base).max(0.0)) / self.rate_max
    }

    fn base(&self, at: Nanos) -> f64 {
        let piece = self.pieces.iter().find(|piece| at < piece.to);
        piece.map_or(0.0, |piece| piece.rate_from + (piece.rate_to - piece.rate_from) * part(at, piece.from, piece.to))
    }

    fn refuse_the_impossible(&self, wanted: &Wanted<'_>) -> Result<(), Unreasonable> {
        let ends = self.pieces.iter().flat_map(|piece| [piece.from, piece.to.saturating_sub(1)]);
        let turns = self.peaks.iter().flat_map(|peak| [peak.risen, peak.held.saturating_sub(1)]);
        for at in ends.chain(turns) {
            let rate = self.rate(at);
            // A billionth of slack: 6 taps a second of each fan are asked for in all, and divided again.
            if rate > self.rate_max * (1.0 + 1e-9) {
                let measured = at.saturating_sub(wanted.warm_up);
                let when = if measured > 0 { format!(", {:.1} s in", as_seconds(measured)) } else { String::new() };
                return Err(Unreasonable::TooFast {
                    wanted: rate / f64::from(wanted.fans),
                    when,
                    tempo: wanted.tempo,
                    fans_needed: (rate / wanted.tempo).ceil(),
                });
            }
        }
        Ok(())
    }
}

impl Peak {
    fn of(spike: &Spike, warm_up: Nanos) -> Self {
        let at = warm_up.saturating_add(spike.at);
        let risen = at.saturating_add(spike.rise);
        let held = risen.saturating_add(spike.hold);
        Self { rate: spike.peak, at, risen, held, over: held.saturating_add(spike.decay) }
    }

    /// From 0 to 1: how far up it is.
    fn height(&self, at: Nanos) -> f64 {
        if at < self.at || at >= self.over {
            0.0
        } else if at < self.risen {
            part(at, self.at, self.risen)
        } else if at < self.held {
            1.0
        } else {
            1.0 - part(at, self.held, self.over)
        }
    }
}

/// What interrupts the stages, in order of time on the tapping's clock.
fn interludes(wanted: &Wanted<'_>, length: Nanos) -> Result<Vec<(String, Nanos, Nanos)>, Unreasonable> {
    let mut all = Vec::new();
    for spike in wanted.spikes {
        let peak = Peak::of(spike, wanted.warm_up);
        all.push((spike.name.clone(), peak.at, peak.held));
        all.push((format!("{}-decay", spike.name), peak.held, peak.over));
    }
    for storm in wanted.storms {
        let at = wanted.warm_up.saturating_add(storm.at);
        all.push((storm.name.clone(), at, at.saturating_add(storm.lasts)));
    }
    all.retain(|(_, from, to)| from < to);
    all.sort_by_key(|&(_, from, _)| from);
    for pair in all.windows(2) {
        if pair[0].2 > pair[1].1 {
            return Err(Unreasonable::Overlap { first: pair[0].0.clone(), second: pair[1].0.clone() });
        }
    }
    let measured = |at: Nanos| as_seconds(at - wanted.warm_up);
    match all.last() {
        Some((name, _, to)) if *to > length => {
            Err(Unreasonable::TooLate { name: name.clone(), until: measured(*to), length: measured(length) })
        }
        _ => Ok(all),
    }
}

/// The stages, cut where something interrupts them.
fn parts(warm_up: Nanos, stages: &[(String, Nanos, Nanos)], interludes: &[(String, Nanos, Nanos)]) -> Vec<Part> {
    let mut parts = vec![("warm-up".to_owned(), PhaseKind::WarmUp, warm_up)];
    let mut interludes = interludes.iter().peekable();
    let mut at = warm_up;
    for (name, _, to) in stages {
        while let Some((interlude, from, until)) = interludes.next_if(|(_, from, _)| from < to) {
            parts.push((name.clone(), PhaseKind::Measured, from.saturating_sub(at)));
            parts.push((interlude.clone(), PhaseKind::Measured, until - from));
            at = *until;
        }
        parts.push((name.clone(), PhaseKind::Measured, to.saturating_sub(at)));
        at = at.max(*to);
    }
    parts
}

/// How far `at` is on the way between two instants.
#[expect(clippy::cast_precision_loss, reason = "2^53 ns are 104 days")]
fn part(at: Nanos, from: Nanos, to: Nanos) -> f64 {
    at.saturating_sub(from) as f64 / to.saturating_sub(from).max(1) as f64
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;

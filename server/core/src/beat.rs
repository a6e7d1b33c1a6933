//! The beat: the numbered state of an event at an instant.
//!
//! Knows nothing of how it is made ([`crate::Ensemble`]), carried or drawn.

use beat_protocol::level_of;

use crate::opening::Phase;
use crate::totals::Totals;

/// What every screen, light and phone is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// Only rises; may skip.
    pub number: u32,
    /// Which opening of the event its totals belong to.
    pub run: u32,
    /// Where that opening stands.
    pub phase: Phase,
    /// The taps of each team, in roster order.
    pub totals: Totals,
    /// The taps per second of each team over the last second, in roster order, to a tenth.
    pub rates: Vec<f64>,
    /// The fans who cheer for each team, in roster order; none where nobody has said.
    pub fans: Vec<u32>,
}

impl Beat {
    /// The rates on one byte each, as phones get them.
    pub fn levels(&self) -> Vec<u8> {
        self.rates.iter().copied().map(level_of).collect()
    }

    /// How many fans cheer for `team`.
    pub fn fans_of(&self, team: usize) -> u32 {
        self.fans.get(team).copied().unwrap_or(0)
    }

    /// The taps of all teams.
    pub fn total(&self) -> u64 {
        self.totals.total()
    }

    /// The taps per second of all teams, to a tenth.
    pub fn rate(&self) -> f64 {
        to_a_tenth(self.rates.iter().sum())
    }
}

/// Rounds a rate so that it reads well and every gateway shows the same one.
pub(crate) fn to_a_tenth(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_sums_follow_from_the_teams() {
        let beat = Beat {
            number: 812,
            run: 1,
            phase: Phase::Open,
            totals: Totals::from(vec![120, 0, 3]),
            rates: vec![999_999.0, 0.0, 0.1],
            fans: Vec::new(),
        };
        assert_eq!(beat.levels(), [192, 0, 1]);
        assert_eq!(beat.total(), 123);
        assert_eq!(beat.rate(), 999_999.1);
    }
}

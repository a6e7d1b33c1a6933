//! Running totals by team, and the two ways to bring them together.
//!
//! What the *same* source has said at different times is joined; what *different* sources have said is added. Knows no
//! gateway and no time.

use beat_protocol::VALUE_MAX;

/// A running total for each team, by its index in the roster; zero for every team beyond its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals(Vec<u64>);

impl Totals {
    /// Zero for each of `teams` teams.
    pub fn new(teams: usize) -> Self {
        Self(vec![0; teams])
    }

    /// One total a team, in roster order.
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }

    /// The total of `team`.
    pub fn get(&self, team: usize) -> u64 {
        self.0.get(team).copied().unwrap_or(0)
    }

    /// Takes the higher total for each team, as long as the longer of the two.
    ///
    /// Commutative, associative, idempotent: a grow-only counter (Shapiro et al., *Convergent and commutative
    /// replicated data types*, 2011, section 3.1.1). So anything said may be lost, repeated, delayed or reordered.
    pub fn join(&mut self, other: &Self) {
        self.merge(other, u64::max);
    }

    /// Adds team by team, as long as the longer of the two, and no further than [`VALUE_MAX`]: a store that was fed
    /// nonsense must not make a beat that cannot be written or a total that falls.
    pub fn add(&mut self, other: &Self) {
        self.merge(other, sum);
    }

    /// The taps of all teams.
    pub fn total(&self) -> u64 {
        self.0.iter().copied().fold(0, sum)
    }

    /// The teams whose total is higher than in `earlier`, with their totals: what the holder of `earlier` must be told.
    pub fn changed_since(&self, earlier: &Self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate().filter(|&(team, total)| total > earlier.get(team))
    }

    fn merge(&mut self, other: &Self, merged: impl Fn(u64, u64) -> u64) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (mine, &theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = merged(*mine, theirs);
        }
    }
}

impl From<Vec<u64>> for Totals {
    fn from(totals: Vec<u64>) -> Self {
        Self(totals)
    }
}

impl FromIterator<u64> for Totals {
    fn from_iter<I: IntoIterator<Item = u64>>(totals: I) -> Self {
        Self(totals.into_iter().collect())
    }
}

fn sum(a: u64, b: u64) -> u64 {
    a.saturating_add(b).min(VALUE_MAX)
}

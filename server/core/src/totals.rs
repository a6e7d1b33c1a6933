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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn join_is_commutative_associative_and_idempotent((a, b, c) in (any_totals(), any_totals(), any_totals())) {
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
            prop_assert_eq!(joined(&a, &a), a);
        }

        #[test]
        fn a_join_holds_the_higher_total_of_each_team((a, b) in (any_totals(), any_totals())) {
            let both = joined(&a, &b);
            for team in 0..10 {
                prop_assert_eq!(both.get(team), a.get(team).max(b.get(team)));
            }
        }

        #[test]
        fn telling_the_changed_teams_is_as_good_as_telling_all((told, now) in (any_totals(), any_totals())) {
            let mut changes = Totals::new(now.as_slice().len());
            for (team, total) in now.changed_since(&told) {
                prop_assert!(total > told.get(team));
                changes.0[team] = total;
            }
            prop_assert_eq!(joined(&told, &changes), joined(&told, &now));
        }

        #[test]
        fn a_sum_is_exact_up_to_the_largest_value_of_the_wire((a, b) in (any_totals(), any_totals())) {
            let mut sum = a.clone();
            sum.add(&b);
            for team in 0..10 {
                prop_assert_eq!(sum.get(team), (a.get(team) + b.get(team)).min(VALUE_MAX));
            }
            prop_assert_eq!(sum.total(), sum.as_slice().iter().sum::<u64>().min(VALUE_MAX));
        }
    }

    #[test]
    fn nonsense_neither_wraps_nor_outgrows_the_wire() {
        let mut sum = Totals::from(vec![u64::MAX]);
        sum.add(&Totals::from(vec![u64::MAX]));
        assert_eq!((sum.get(0), sum.total()), (VALUE_MAX, VALUE_MAX));
    }

    /// Few and small ones, so that ties are common, with some at the edge.
    fn any_totals() -> impl Strategy<Value = Totals> {
        vec(prop_oneof![4 => 0..4u64, 1 => VALUE_MAX - 3..=VALUE_MAX], 0..8).prop_map(Totals)
    }

    fn joined(a: &Totals, b: &Totals) -> Totals {
        let mut joined = a.clone();
        joined.join(b);
        joined
    }
}

//! The parts of a run by name, on the run's clock: what a measurement is filed under and a threshold is asked of.
//!
//! They follow each other without a gap and never overlap, and no two bear one name, so an instant is in one phase and a
//! phase is one row. A tap is of the phase in which it was *meant*, whenever it was sent, so that a stall shows where it
//! hurt; what is not a tap is of the phase in which it happened. Known before the first fan connects.

use serde::{Deserialize, Serialize};

use crate::clock::Nanos;

/// What a phase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PhaseKind {
    /// The crowd comes in; nobody taps.
    Connect,
    /// It taps, and nothing of it is measured.
    WarmUp,
    /// It taps, and that is what the run is about.
    Measured,
    /// What is owed is sent, the fans leave, the books come to agree.
    Settle,
}

/// One part of a run: from `from` until before `to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Phase {
    /// Lower case, unique within the run: `connect`, `warm-up`, `steady`, `goal`, `settle`.
    pub(crate) name: String,
    pub(crate) kind: PhaseKind,
    /// Nanoseconds on the run's clock.
    pub(crate) from: Nanos,
    pub(crate) to: Nanos,
}

/// All parts of a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Phases(Vec<Phase>);

impl Phases {
    /// From parts given as name, kind and length, the first of which begins at `from`. Those without length are left
    /// out, and a name that was there before gets a number.
    pub(crate) fn in_a_row<'a>(from: Nanos, parts: impl IntoIterator<Item = (&'a str, PhaseKind, Nanos)>) -> Self {
        let mut phases: Vec<Phase> = Vec::new();
        let mut at = from;
        for (name, kind, length) in parts.into_iter().filter(|&(.., length)| length > 0) {
            let taken = |wanted: &str| phases.iter().any(|phase| phase.name == wanted);
            let numbered = (2..).map(|number| format!("{name}-{number}"));
            let name = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name));
            let to = at.saturating_add(length);
            phases.push(Phase { name: name.expect("numbers do not end"), kind, from: at, to });
            at = to;
        }
        Self(phases)
    }

    /// Index of the phase `at` is in; what is before the first is in none, nor what is after the last.
    pub(crate) fn index_at(&self, at: Nanos) -> Option<usize> {
        let after = self.0.partition_point(|phase| phase.from <= at);
        after.checked_sub(1).filter(|&index| at < self.0[index].to)
    }

    /// The phase `at` is in.
    pub(crate) fn at(&self, at: Nanos) -> Option<&Phase> {
        self.index_at(at).map(|index| &self.0[index])
    }

    /// Whether what is meant or happens `at` is measured.
    pub(crate) fn measures(&self, at: Nanos) -> bool {
        self.at(at).is_some_and(|phase| phase.kind == PhaseKind::Measured)
    }

    /// The phase with this name and its index.
    #[cfg_attr(not(test), expect(dead_code, reason = "thresholds will ask for phases by name"))]
    pub(crate) fn named(&self, name: &str) -> Option<(usize, &Phase)> {
        self.0.iter().enumerate().find(|(_, phase)| phase.name == name)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Phase> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Phase {
    /// How long it lasts.
    pub(crate) fn length(&self) -> Nanos {
        self.to - self.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn match_day() -> Phases {
        use PhaseKind::{Connect, Measured, Settle, WarmUp};
        let parts = [
            ("connect", Connect, 100),
            ("warm-up", WarmUp, 0),
            ("goal", Measured, 10),
            ("goal", Measured, 20),
            ("settle", Settle, 50),
        ];
        Phases::in_a_row(1_000, parts)
    }

    #[test]
    fn phases_follow_each_other_without_a_gap_and_bear_different_names() {
        let phases = match_day();
        let told: Vec<_> = phases.iter().map(|phase| (phase.name.as_str(), phase.from, phase.to)).collect();
        let wanted =
            [("connect", 1_000, 1_100), ("goal", 1_100, 1_110), ("goal-2", 1_110, 1_130), ("settle", 1_130, 1_180)];
        assert_eq!(told, wanted);
        assert_eq!(phases.iter().map(Phase::length).sum::<Nanos>(), 180);
    }

    #[test]
    fn an_instant_is_in_the_phase_that_has_begun_and_not_ended() {
        let phases = match_day();
        for (at, index) in [
            (999, None),
            (1_000, Some(0)),
            (1_099, Some(0)),
            (1_100, Some(1)),
            (1_110, Some(2)),
            (1_179, Some(3)),
            (1_180, None),
        ] {
            assert_eq!(phases.index_at(at), index, "{at}");
        }
        assert!(phases.measures(1_129) && !phases.measures(1_130) && !phases.measures(0));
        assert_eq!(phases.named("goal-2").map(|(index, _)| index), Some(2));
        assert_eq!(phases.named("half-time"), None);
        assert_eq!(phases.len(), 4);
    }
}

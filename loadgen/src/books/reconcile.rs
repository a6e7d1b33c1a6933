//! The line that decides: did every tap arrive, once, and is it in the beat?
//!
//! Per team `due = sent`, `sent = counted + shadowed + late`, `published = counted` and, where the store was asked,
//! `stored = counted`. Nothing is tolerated: taps in
//! doubt explain a difference, they do not excuse it.

use std::fmt;

use beat_protocol::TeamCode;

use crate::books::ledger::TeamTaps;
use crate::books::metrics_page::Fates;

/// One team's way from the thumb to the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TeamLine {
    pub(crate) team: TeamCode,
    /// By our own books.
    pub(crate) taps: TeamTaps,
    /// By the server's, since before the run.
    pub(crate) fates: Fates,
    /// By the display feed, since before the run.
    pub(crate) published: u64,
    /// By the store, since before the run, if it was asked.
    pub(crate) stored: Option<u64>,
}

impl TeamLine {
    /// Whether all three books agree.
    pub(crate) fn agrees(&self) -> bool {
        self.taps.due == self.taps.sent
            && self.taps.sent == self.fates.received()
            && self.published == self.fates.counted
            && self.stored.is_none_or(|stored| stored == self.fates.counted)
    }

    /// By how much they do not; empty if they do.
    pub(crate) fn differences(&self) -> Vec<Difference> {
        let Self { taps, fates, published, stored, .. } = *self;
        let unsent = Difference::between(taps.due, taps.sent, "unsent", "never due");
        let received = Difference::between(taps.sent, fates.received(), "lost", "too many");
        let shown = Difference::between(fates.counted, published, "not published", "published too many");
        let kept =
            stored.and_then(|stored| Difference::between(fates.counted, stored, "not stored", "stored too many"));
        [unsent, received, shown, kept].into_iter().flatten().collect()
    }
}

/// Taps that one book has and another lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    taps: u64,
    what: &'static str,
}

impl Difference {
    fn between(wanted: u64, is: u64, fewer: &'static str, more: &'static str) -> Option<Self> {
        let what = match is.cmp(&wanted) {
            std::cmp::Ordering::Less => fewer,
            std::cmp::Ordering::Equal => return None,
            std::cmp::Ordering::Greater => more,
        };
        Some(Self { taps: wanted.abs_diff(is), what })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.taps, self.what)
    }
}

/// Whether all lines agree.
pub(crate) fn reconciles(lines: &[TeamLine]) -> bool {
    lines.iter().all(TeamLine::agrees)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(due: u64, sent: u64, fates: [u64; 3], published: u64) -> TeamLine {
        let [counted, shadowed, late] = fates;
        TeamLine {
            team: "JPN".parse().unwrap(),
            taps: TeamTaps { due, sent, in_doubt: 0 },
            fates: Fates { counted, shadowed, late },
            published,
            stored: None,
        }
    }

    fn told(line: TeamLine) -> String {
        line.differences().iter().map(Difference::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn books_that_agree_reconcile_whatever_the_fate() {
        for line in [line(0, 0, [0, 0, 0], 0), line(9, 9, [9, 0, 0], 9), line(9, 9, [4, 3, 2], 4)] {
            assert!(reconciles(&[line]), "{line:?}");
            assert_eq!(told(line), "");
        }
    }

    #[test]
    fn every_difference_is_told_by_name_and_number() {
        for (line, difference) in [
            (line(9, 9, [8, 0, 0], 8), "1 lost"),
            (line(9, 9, [10, 0, 0], 10), "1 too many"),
            (line(9, 7, [7, 0, 0], 7), "2 unsent"),
            (line(9, 9, [9, 0, 0], 6), "3 not published"),
            (line(9, 9, [8, 1, 0], 9), "1 published too many"),
            (line(9, 8, [7, 0, 0], 7), "1 unsent, 1 lost"),
        ] {
            assert!(!reconciles(&[line]), "{difference}");
            assert_eq!(told(line), difference);
        }
    }

    #[test]
    fn one_team_s_surplus_does_not_pay_for_another_s_loss() {
        assert!(!reconciles(&[line(5, 5, [6, 0, 0], 6), line(5, 5, [4, 0, 0], 4)]));
    }
}

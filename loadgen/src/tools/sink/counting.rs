//! How the sink counts: totals, each tap once, or wrong on purpose.

use std::num::NonZeroU64;

use beat_protocol::Record;

/// What is wrong with its counting.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mistake {
    None,
    DropOneIn(NonZeroU64),
    DoubleOneIn(NonZeroU64),
}

impl Mistake {
    /// One tap in so many is counted wrong.
    pub(super) fn every(self) -> u64 {
        match self {
            Self::None => u64::MAX,
            Self::DropOneIn(n) | Self::DoubleOneIn(n) => n.get(),
        }
    }
}

/// Takes in a total; answers with the taps that are new.
pub(super) fn raise(marks: &mut Vec<Record>, record: Record) -> u32 {
    if let Some(mark) = marks.iter_mut().find(|mark| mark.team == record.team) {
        let new = record.total.saturating_sub(mark.total);
        mark.total = record.total.max(mark.total);
        return new;
    }
    // A ninth team is not counted.
    if marks.len() == beat_protocol::RECORDS_MAX {
        return 0;
    }
    marks.push(record);
    record.total
}

/// How many of `taps` are counted, given what is wrong and how many are right until the next that is not.
pub(super) fn wrongly(mistake: Mistake, right: &mut u64, taps: u64) -> u64 {
    let (every, sign) = match mistake {
        Mistake::None => return taps,
        Mistake::DropOneIn(n) => (n.get(), -1),
        Mistake::DoubleOneIn(n) => (n.get(), 1),
    };
    let mut counted = taps;
    let mut left = taps;
    while left >= *right {
        left -= *right;
        *right = every;
        counted = counted.saturating_add_signed(sign);
    }
    *right -= left;
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tap_in_n_is_wrong_however_they_come() {
        for (mistake, expected) in [
            (Mistake::None, 1_000),
            (Mistake::DropOneIn(NonZeroU64::new(100).unwrap()), 990),
            (Mistake::DoubleOneIn(NonZeroU64::new(100).unwrap()), 1_010),
            (Mistake::DropOneIn(NonZeroU64::MIN), 0),
        ] {
            for step in [1, 7, 50, 125, 1_000] {
                let mut right = mistake.every();
                let whole: u64 = (0..1_000 / step).map(|_| wrongly(mistake, &mut right, step)).sum();
                let rest = wrongly(mistake, &mut right, 1_000 % step);
                assert_eq!(whole + rest, expected, "{mistake:?} by {step}");
            }
        }
    }

    #[test]
    fn totals_count_once_and_never_back_and_a_ninth_team_not_at_all() {
        let mut marks = Vec::new();
        let mut say = |team, total| raise(&mut marks, Record { team, total });
        assert_eq!((say(1, 5), say(1, 5), say(1, 3), say(1, 9)), (5, 0, 0, 4));
        (2..9).for_each(|team| assert_eq!(say(team, 1), 1));
        assert_eq!(say(9, 7), 0);
    }
}

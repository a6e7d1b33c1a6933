//! A shard's counts: written by that shard alone, read by whoever flushes or reports them.
//!
//! Knows no session and no gateway; a team is an index.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::attendance::{Attendance, Seats, Window};
use crate::session::Verdict;
use crate::totals::Totals;

/// What became of all taps one team was sent: received = counted + shadowed + late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// They stand in the team's total.
    pub counted: u64,
    /// Beyond a human's rate, or for a ninth team of a session.
    pub shadowed: u64,
    /// Received outside the event's opening.
    pub late: u64,
}

impl Fates {
    /// All of them.
    pub fn received(self) -> u64 {
        self.counted + self.shadowed + self.late
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            counted: self.counted + other.counted,
            shadowed: self.shadowed + other.shadowed,
            late: self.late + other.late,
        }
    }
}

/// One shard's running counts for each team of an event.
///
/// **Only one thread may call [`Tally::add`]**, or taps are lost: it loads, adds and stores, which costs no locked
/// instruction. `&mut` cannot say so, because the readers hold the same tally at the same time. They see counts that
/// only grow, perhaps a moment old, and of one team perhaps `counted` without its `shadowed`; a reader that was sent a
/// message after an `add` sees that `add`, since the message orders the two. Nothing stronger than relaxed is needed.
#[derive(Debug)]
pub struct Tally {
    teams: Box<[Counts]>,
    /// Apart, since it is written once in ten seconds of a fan.
    seats: Box<[Seats]>,
}

#[derive(Debug, Default)]
struct Counts {
    counted: AtomicU64,
    shadowed: AtomicU64,
    late: AtomicU64,
}

impl Tally {
    /// Zero for each of `teams` teams.
    pub fn new(teams: usize) -> Self {
        Self {
            teams: std::iter::repeat_with(Counts::default).take(teams).collect(),
            seats: std::iter::repeat_with(Seats::default).take(teams).collect(),
        }
    }

    /// How many teams it counts for.
    pub fn teams(&self) -> usize {
        self.teams.len()
    }

    /// Adds what became of some taps. For the owning shard only.
    ///
    /// # Panics
    /// If the team is not below [`Tally::teams`].
    pub fn add(&self, verdict: Verdict) {
        if let Some(window) = verdict.attends {
            self.seats[usize::from(verdict.team)].take(window);
        }
        let counts = &self.teams[usize::from(verdict.team)];
        let written =
            [(&counts.counted, verdict.counted), (&counts.shadowed, verdict.shadowed), (&counts.late, verdict.late)];
        for (count, taps) in written {
            if taps > 0 {
                count.store(count.load(Ordering::Relaxed) + u64::from(taps), Ordering::Relaxed);
            }
        }
    }

    /// What became of `team`'s taps so far.
    ///
    /// # Panics
    /// If the team is not below [`Tally::teams`].
    pub fn fates(&self, team: usize) -> Fates {
        let counts = &self.teams[team];
        Fates {
            counted: counts.counted.load(Ordering::Relaxed),
            shadowed: counts.shadowed.load(Ordering::Relaxed),
            late: counts.late.load(Ordering::Relaxed),
        }
    }

    /// Who cheers for `team`, as of `window`.
    ///
    /// # Panics
    /// If the team is not below [`Tally::teams`].
    pub fn attendance(&self, team: usize, window: Window) -> Attendance {
        self.seats[team].attendance(window)
    }

    /// Adds this shard's counted taps to `totals`, so that the shards of a gateway sum up.
    pub fn add_counted_into(&self, totals: &mut Totals) {
        totals.add(&self.teams.iter().map(|counts| counts.counted.load(Ordering::Relaxed)).collect());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_tap_added_stands_in_one_place(
            taps in vec((0..3u16, any::<u32>(), any::<u32>(), any::<u32>()), 0..20)
        ) {
            let tally = Tally::new(3);
            let mut expected = [Fates::default(); 3];
            for (team, counted, shadowed, late) in taps {
                tally.add(Verdict { team, counted, shadowed, late, attends: None });
                let fates = &mut expected[usize::from(team)];
                fates.counted += u64::from(counted);
                fates.shadowed += u64::from(shadowed);
                fates.late += u64::from(late);
            }
            prop_assert_eq!([0, 1, 2].map(|team| tally.fates(team)), expected);
        }
    }

    #[test]
    fn shards_sum_up_to_the_totals_of_their_gateway() {
        let (one, other) = (Tally::new(2), Tally::new(2));
        one.add(Verdict { team: 0, counted: 5, shadowed: 9, late: 9, attends: None });
        other.add(Verdict { team: 0, counted: 2, shadowed: 0, late: 0, attends: None });
        other.add(Verdict { team: 1, counted: 1, shadowed: 0, late: 0, attends: None });
        let mut totals = Totals::new(one.teams());
        one.add_counted_into(&mut totals);
        other.add_counted_into(&mut totals);
        assert_eq!(totals.as_slice(), [7, 1]);
    }

    #[test]
    fn a_reader_sees_counts_grow_and_after_a_message_all_that_was_added_before_it() {
        const ROUNDS: u64 = 20_000;
        let tally = Tally::new(1);
        let (send, receive) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    tally.add(Verdict { team: 0, counted: 3, shadowed: 0, late: 0, attends: None });
                    send.send(round).unwrap();
                }
            });
            let mut seen = 0;
            for round in receive.iter().take(usize::try_from(ROUNDS).unwrap()) {
                let counted = tally.fates(0).counted;
                assert!(counted >= seen && counted >= 3 * round, "{counted} after round {round}, {seen} before");
                seen = counted;
            }
        });
        assert_eq!(tally.fates(0).counted, 3 * ROUNDS);
    }
}

//! When which seat is to be looked at: a wheel of milliseconds.
//!
//! Tens of thousands of fans each change their next time several times a second, and a heap would touch a dozen distant
//! lines of memory for each; here an entry is pushed to the end of a slot and read once. Knows no clock.

use crate::clock::{MILLISECOND, Nanos};

/// About four seconds: what is later waits in the last slot and is put back when that comes round.
const SLOTS: usize = 4_096;

/// An entry: at which instant, and whose.
type Entry = (Nanos, u32);

#[derive(Debug)]
pub(crate) struct Wheel {
    slots: Vec<Vec<Entry>>,
    /// Every entry before this millisecond was taken out.
    at_ms: u64,
}

impl Wheel {
    pub(crate) fn new(now: Nanos) -> Self {
        Self { slots: vec![Vec::new(); SLOTS], at_ms: now / MILLISECOND }
    }

    /// Notes that `seat` is to be looked at; what is past, at once.
    pub(crate) fn push(&mut self, at: Nanos, seat: u32) {
        let ms = (at / MILLISECOND).clamp(self.at_ms, self.at_ms + SLOTS as u64 - 1);
        self.slots[slot(ms)].push((at, seat));
    }

    /// Moves what is due by `now` to the end of `due`, millisecond by millisecond.
    pub(crate) fn take(&mut self, now: Nanos, due: &mut Vec<Entry>) {
        let now_ms = now / MILLISECOND;
        // A stall longer than the wheel goes round it once.
        let last = now_ms.min(self.at_ms + SLOTS as u64 - 1);
        let mut early = Vec::new();
        while self.at_ms <= last {
            let entries = &mut self.slots[slot(self.at_ms)];
            due.extend(entries.extract_if(.., |&mut (at, _)| at <= now));
            if self.at_ms == now_ms {
                break;
            }
            // Put in the last slot for want of a later one.
            early.append(entries);
            self.at_ms += 1;
        }
        self.at_ms = now_ms;
        early.into_iter().for_each(|(at, seat)| self.push(at, seat));
    }

    /// The beginning of the first millisecond from now on that has an entry, looking no further than `until`.
    pub(crate) fn next(&self, until: Nanos) -> Nanos {
        let last = (until / MILLISECOND).min(self.at_ms + SLOTS as u64 - 1);
        let first = (self.at_ms..=last).find(|&ms| !self.slots[slot(ms)].is_empty());
        first.map_or(until, |ms| (ms * MILLISECOND).min(until))
    }
}

fn slot(ms: u64) -> usize {
    usize::try_from(ms % SLOTS as u64).expect("less than the slots")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn due(wheel: &mut Wheel, now: Nanos) -> Vec<Entry> {
        let mut due = Vec::new();
        wheel.take(now, &mut due);
        due.sort_unstable();
        due
    }

    #[test]
    fn an_entry_is_due_at_its_nanosecond_and_not_before() {
        let mut wheel = Wheel::new(0);
        wheel.push(1_500_000, 7);
        assert_eq!(due(&mut wheel, 1_499_999), []);
        assert_eq!(due(&mut wheel, 1_500_000), [(1_500_000, 7)]);
        assert_eq!(due(&mut wheel, 9_000_000), []);
    }

    #[test]
    fn it_says_where_the_next_entry_is() {
        let mut wheel = Wheel::new(5 * MILLISECOND);
        assert_eq!(wheel.next(100 * MILLISECOND), 100 * MILLISECOND);
        wheel.push(42_700_000, 1);
        assert_eq!(wheel.next(100 * MILLISECOND), 42 * MILLISECOND);
        wheel.push(0, 2);
        assert_eq!(wheel.next(100 * MILLISECOND), 5 * MILLISECOND, "what is past is due at once");
    }

    proptest! {
        #[test]
        fn every_entry_comes_out_once_at_the_first_look_after_its_time(
            entries in proptest::collection::vec(0u64..30_000_000_000, 0..200),
            steps in proptest::collection::vec(1u64..9_000_000_000, 1..40),
        ) {
            let mut wheel = Wheel::new(0);
            for (seat, &at) in (0..).zip(&entries) {
                wheel.push(at, seat);
            }
            let (mut now, mut before) = (0, None);
            for step in steps {
                now += step;
                let mut wanted: Vec<Entry> = (0..)
                    .zip(&entries)
                    .filter(|&(_, &at)| at <= now && before.is_none_or(|before| at > before))
                    .map(|(seat, &at)| (at, seat))
                    .collect();
                wanted.sort_unstable();
                prop_assert_eq!(due(&mut wheel, now), wanted);
                before = Some(now);
            }
        }
    }
}

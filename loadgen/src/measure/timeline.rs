//! The run second by second, for plots: what was sent, who was there, how long taps took that were meant in that second.
//!
//! Taps are filed by when they were meant, so a stall shows as a slope from the instant it began. A second keeps a small
//! histogram until its taps are in for certain; then it goes to its stretch, and a few numbers remain of the second, so that
//! a day is 86,400 small rows.

use std::collections::VecDeque;

use hdrhistogram::Histogram;

use crate::books::ledger::Counts;
use crate::clock::{Nanos, SECOND, as_seconds};
use crate::measure::stretches::Stretches;
use crate::record::{Second, Stretch};

/// Seconds whose taps may still come in; what is later still goes to the oldest of them.
const OPEN_MAX: usize = 120;

/// Every second so far.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    done: Vec<Second>,
    open: VecDeque<Open>,
    stretches: Stretches,
    counts: Counts,
}

#[derive(Debug)]
struct Open {
    second: Second,
    /// Microseconds, two digits.
    took: Histogram<u64>,
}

impl Timeline {
    /// A tap meant at `due` was seen in a beat after `took`.
    pub(crate) fn tap(&mut self, due: Nanos, took: Nanos) {
        let took = (took / 1_000).max(1);
        let _grows = self.open_at(due).took.record(took);
    }

    /// How things stand at `now`, with the latest wake-up since the last look.
    pub(crate) fn look(&mut self, now: Nanos, counts: &Counts, hiccup: Nanos) {
        let (taps, frames) = (counts.taps - self.counts.taps, counts.cheers - self.counts.cheers);
        self.counts = *counts;
        let second = &mut self.open_at(now).second;
        second.taps += taps;
        second.frames += frames;
        second.open = counts.open();
        second.hiccup_ms = second.hiccup_ms.max(as_seconds(hiccup) * 1e3);
    }

    /// All of them, and how long taps took along the run.
    pub(crate) fn finish(mut self) -> (Vec<Second>, Vec<Stretch>) {
        while self.close_oldest() {}
        (self.done, self.stretches.finish())
    }

    /// Whether there was one.
    fn close_oldest(&mut self) -> bool {
        let Some(Open { second, took }) = self.open.pop_front() else { return false };
        self.stretches.add(second.at, &took);
        #[expect(clippy::cast_precision_loss, reason = "shown to a tenth of a millisecond")]
        let max_ms = (!took.is_empty()).then(|| took.max() as f64 / 1e3);
        self.done.push(Second { max_ms, ..second });
        true
    }

    fn open_at(&mut self, at: Nanos) -> &mut Open {
        let first = self.open.front().map_or(self.done.len(), |open| open.second.at as usize);
        let index = usize::try_from(at / SECOND).unwrap_or(usize::MAX).saturating_sub(first);
        while self.open.len() <= index {
            if self.open.len() == OPEN_MAX {
                self.close_oldest();
                return self.open_at(at);
            }
            let open_before = self.open.back().map_or(0, |open| open.second.open);
            let at = u32::try_from(first + self.open.len()).expect("136 years");
            let second = Second { at, open: open_before, ..Second::default() };
            self.open.push_back(Open { second, took: Histogram::new(2).expect("two digits are allowed") });
        }
        &mut self.open[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;

    #[test]
    fn a_second_tells_what_was_sent_in_it_and_how_long_the_taps_meant_in_it_took() {
        let mut timeline = Timeline::default();
        timeline.look(SECOND / 2, &Counts { taps: 3, opened: 2, ..Counts::default() }, 4 * MILLISECOND);
        timeline.look(SECOND * 5 / 2, &Counts { taps: 10, opened: 2, ended: 1, ..Counts::default() }, 0);
        timeline.tap(SECOND / 4, 100 * MILLISECOND);
        let (seconds, stretches) = timeline.finish();
        let [first, second, third] = &seconds[..] else { panic!("three seconds") };
        assert_eq!((first.at, first.taps, first.open, first.hiccup_ms), (0, 3, 2, 4.0));
        assert!(first.max_ms.is_some_and(|ms| (99.0..102.0).contains(&ms)));
        assert_eq!((stretches.len(), stretches[0].from, stretches[0].took.len()), (1, 0, 1));
        assert_eq!((second.at, second.taps, second.open, second.max_ms), (1, 0, 2, None));
        assert_eq!((third.at, third.taps, third.open), (2, 7, 1));
    }

    #[test]
    fn a_long_run_keeps_few_histograms_and_every_second() {
        let mut timeline = Timeline::default();
        for second in 0..1_000 {
            timeline.tap(second * SECOND, MILLISECOND);
            assert!(timeline.open.len() <= OPEN_MAX);
        }
        timeline.tap(0, SECOND);
        let (seconds, stretches) = timeline.finish();
        assert!(seconds.iter().enumerate().all(|(index, second)| second.at as usize == index));
        assert_eq!(seconds.len(), 1_000);
        assert_eq!(seconds.iter().filter(|second| second.max_ms > Some(900.0)).count(), 1, "a very late tap is kept");
        assert_eq!(stretches.iter().map(|stretch| stretch.took.len()).sum::<u64>(), 1_001);
    }
}

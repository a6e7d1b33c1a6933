//! How long taps took along a run, for plots: few histograms for a run of any length.
//!
//! A percentile of one second is mostly none, since it wants 100 samples beyond it. Histograms can be put together until
//! there are enough; figures cannot. So what is kept of the run's course are histograms, of a second each at first; when
//! there would be too many of them, each two neighbours become one.

use hdrhistogram::Histogram;

use crate::measure::spans::Spans;
use crate::record::Stretch;

/// More cannot be told apart in a plot. Two digits and a second's range make one 16 KB.
const STRETCHES_MAX: u32 = 240;

/// The stretches so far, all of one length, the first from the clock's start.
#[derive(Debug)]
pub(crate) struct Stretches {
    seconds_each: u32,
    took: Vec<Histogram<u64>>,
}

impl Default for Stretches {
    fn default() -> Self {
        Self::of(1)
    }
}

impl Stretches {
    /// Of so many seconds each, to begin with.
    pub(crate) fn of(seconds_each: u32) -> Self {
        Self { seconds_each: seconds_each.max(1), took: Vec::new() }
    }

    /// Adds what taps took, in microseconds, that were meant in this second.
    pub(crate) fn add(&mut self, second: u32, took: &Histogram<u64>) {
        if took.is_empty() {
            return;
        }
        while second / self.seconds_each >= STRETCHES_MAX {
            self.double();
        }
        let index = (second / self.seconds_each) as usize;
        while self.took.len() <= index {
            self.took.push(empty());
        }
        self.took[index].add(took).expect("it grows");
    }

    fn double(&mut self) {
        self.seconds_each *= 2;
        let pairs = std::mem::take(&mut self.took);
        self.took = pairs
            .chunks(2)
            .map(|pair| {
                pair.iter().fold(empty(), |mut both, one| {
                    both.add(one).expect("it grows");
                    both
                })
            })
            .collect();
    }

    /// Those in which anybody tapped.
    pub(crate) fn finish(self) -> Vec<Stretch> {
        let froms = (0..).step_by(self.seconds_each as usize);
        let all = froms.zip(self.took).filter(|(_, took)| !took.is_empty());
        let each = self.seconds_each;
        all.map(|(from, took)| Stretch { from, to: from + each, took: Spans::from_histogram(took) }).collect()
    }
}

fn empty() -> Histogram<u64> {
    Histogram::new(2).expect("two digits are allowed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(microseconds: u64) -> Histogram<u64> {
        let mut took = empty();
        took.record(microseconds).unwrap();
        took
    }

    #[test]
    fn a_short_run_has_a_histogram_for_each_second_in_which_anybody_tapped() {
        let mut stretches = Stretches::default();
        [3, 3, 7].into_iter().for_each(|second| stretches.add(second, &one(1_000)));
        let told: Vec<_> = stretches.finish().iter().map(|one| (one.from, one.to, one.took.len())).collect();
        assert_eq!(told, [(3, 4, 2), (7, 8, 1)]);
    }

    #[test]
    fn a_day_has_few_and_no_tap_is_forgotten() {
        let mut stretches = Stretches::default();
        (0..86_400).for_each(|second| stretches.add(second, &one(u64::from(second) + 1)));
        let told = stretches.finish();
        assert!((120..=240).contains(&told.len()), "{}", told.len());
        assert_eq!(told.iter().map(|one| one.took.len()).sum::<u64>(), 86_400);
        assert!(told.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert!(told.iter().all(|one| one.took.max_ms().is_some_and(|ms| ms * 1e3 >= f64::from(one.from) * 0.98)));
    }
}

//! What the display feed was like: how many beats came, how old, which were missing, and the longest wait for one.

use crate::clock::Nanos;
use crate::measure::feed::BeatSeen;
use crate::measure::spans::Spans;
use crate::measure::watch::{DISPLAY_STEP, Quickest, Watch};
use crate::plan::phases::Phases;

/// The feed's beats, as seen.
#[derive(Debug)]
pub(crate) struct Display {
    watch: Watch,
    quickest: Quickest,
    last: Option<(u32, Nanos)>,
    /// Of the measured phases.
    pub(crate) beats: u64,
    pub(crate) missed: u64,
    pub(crate) longest_gap: Nanos,
    /// By phase.
    pub(crate) ages: Vec<Spans>,
}

impl Display {
    pub(crate) fn new(phases: &Phases) -> Self {
        Self {
            watch: Watch::default(),
            quickest: Quickest::default(),
            last: None,
            beats: 0,
            missed: 0,
            longest_gap: 0,
            ages: vec![Spans::default(); phases.len()],
        }
    }

    pub(crate) fn see(&mut self, beat: &BeatSeen, phases: &Phases) {
        let arrival = self.watch.hear(beat.at, beat.number, beat.nominal_ms, DISPLAY_STEP, &self.quickest);
        // A stale repetition is no beat.
        if self.last.is_some_and(|(number, _)| number == beat.number) {
            return;
        }
        let before = self.last.replace((beat.number, beat.at));
        if let (Some(index), Some(arrival)) = (phases.index_at(beat.at), arrival) {
            self.ages[index].note(arrival.age);
        }
        if phases.measures(beat.at) {
            self.beats += 1;
            self.missed += arrival.map_or(0, |arrival| u64::from(arrival.missed));
            let gap = before.map_or(0, |(_, at)| beat.at.saturating_sub(at));
            self.longest_gap = self.longest_gap.max(gap);
        }
    }
}

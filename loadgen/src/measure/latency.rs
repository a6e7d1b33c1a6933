//! Tap to beat: from the moment a thumb meant a tap to the first beat of the display feed that contains it.
//!
//! A beat says totals, not taps, so taps and beats are matched by counting, team by team: taps are put in the order in
//! which they were handed to sockets, and the k-th is contained in the first beat whose total is at least k above the
//! total before the run. That the server counts in that order is not known, only close to true: two taps handed over
//! within the same flush may swap places, which moves a latency from one to the other and leaves their sum alone.
//! Taps that were shadowed or lost never enter a total: as many at the end stay unmatched and are told as a number.
//!
//! Beside it the service time, send to beat, is what one would measure who sends, waits for the answer and only then sends
//! again: of each fan at most one tap under way is a sample. Such a measure sees a stall once per fan, however many taps
//! it holds up, so that it hardly shows; it is told to be compared, not to be believed.
//!
//! Taps under way are kept, 24 bytes each; matched ones are forgotten, so memory follows the latency and not the run.

use std::collections::VecDeque;

use crate::books::ledger::Handed;
use crate::clock::Nanos;
use crate::measure::feed::BeatSeen;
use crate::measure::spans::Spans;
use crate::measure::timeline::Timeline;
use crate::plan::phases::Phases;
use crate::record::{PhaseBook, Second, Stretch};

#[derive(Debug, Default)]
struct Team {
    /// Handed over, in that order, in no beat yet.
    under_way: VecDeque<Handed>,
    total: u64,
}

/// Matches taps to beats while they come.
#[derive(Debug)]
pub(crate) struct Matcher {
    teams: Vec<Team>,
    /// Newer than every worker's news: order not yet certain.
    unsorted: Vec<Handed>,
    beats: VecDeque<BeatSeen>,
    phases: Phases,
    /// A tap is of the phase in which it was meant.
    books: Vec<PhaseBook>,
    /// By fan: when its last tap that counted for the service time was seen in a beat.
    seen: Vec<Nanos>,
    timeline: Timeline,
    so_far: Spans,
    /// Taps in totals that we never sent.
    strangers: u64,
    /// Whose taps are not matched, if anyone's: bots tap for it, and what is shadowed of theirs is in no beat.
    passed_over: Option<u16>,
}

impl Matcher {
    /// Begins at the totals before the run.
    pub(crate) fn new(totals: &[u64], phases: Phases) -> Self {
        Self {
            teams: totals.iter().map(|&total| Team { total, ..Team::default() }).collect(),
            unsorted: Vec::new(),
            beats: VecDeque::new(),
            books: vec![PhaseBook::default(); phases.len()],
            phases,
            seen: Vec::new(),
            timeline: Timeline::default(),
            so_far: Spans::default(),
            strangers: 0,
            passed_over: None,
        }
    }

    /// Leaves out the taps for `team`.
    pub(crate) fn pass_over(&mut self, team: u16) {
        self.passed_over = Some(team);
    }

    pub(crate) fn handed(&mut self, mut taps: Vec<Handed>) {
        self.unsorted.append(&mut taps);
    }

    pub(crate) fn beat(&mut self, beat: BeatSeen) {
        self.beats.push_back(beat);
    }

    /// Matches all that is certain, given that every tap handed over before `complete_to` was passed in.
    pub(crate) fn advance(&mut self, complete_to: Nanos) {
        // Each worker's taps come sorted, and a stable sort merges such runs.
        self.unsorted.sort_by_key(|tap| tap.at);
        let certain = self.unsorted.partition_point(|tap| tap.at < complete_to);
        for tap in self.unsorted.drain(..certain).filter(|tap| Some(tap.team) != self.passed_over) {
            self.teams[usize::from(tap.team)].under_way.push_back(tap);
        }
        while let Some(beat) = self.beats.pop_front_if(|beat| beat.at < complete_to) {
            self.contain(&beat);
        }
    }

    fn contain(&mut self, beat: &BeatSeen) {
        let passed_over = self.passed_over.map(usize::from);
        let teams = self.teams.iter_mut().zip(&beat.totals).enumerate();
        for (_, (team, &total)) in teams.filter(|(index, _)| Some(*index) != passed_over) {
            while team.total < total {
                let Some(tap) = team.under_way.pop_front_if(|tap| tap.at <= beat.at) else {
                    self.strangers += total - team.total;
                    team.total = total;
                    break;
                };
                team.total += 1;
                let took = beat.at.saturating_sub(tap.due);
                self.timeline.tap(tap.due, took);
                self.so_far.note(took);
                let Some(index) = self.phases.index_at(tap.due) else { continue };
                self.books[index].tap_to_beat.note(took);
                if was_alone(&mut self.seen, &tap, beat.at) {
                    self.books[index].send_to_beat.note(beat.at.saturating_sub(tap.at));
                }
            }
        }
    }

    /// The plots' seconds so far.
    pub(crate) fn timeline(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    /// The latencies of what was matched until now, of all phases.
    pub(crate) fn so_far(&self) -> &Spans {
        &self.so_far
    }

    /// The latencies by phase and second, the taps in no beat, and the taps in beats that were not ours.
    pub(crate) fn finish(mut self) -> TapToBeat {
        self.advance(Nanos::MAX);
        let unmatched = self.teams.iter().map(|team| team.under_way.len() as u64).sum();
        let (seconds, stretches) = self.timeline.finish();
        TapToBeat { phases: self.books, seconds, stretches, unmatched, strangers: self.strangers }
    }
}

/// Whether nothing of its fan was under way when `tap` was sent: the service time of one who waits for each answer.
fn was_alone(seen: &mut Vec<Nanos>, tap: &Handed, seen_at: Nanos) -> bool {
    let fan = tap.fan as usize;
    if seen.len() <= fan {
        seen.resize(fan + 1, 0);
    }
    let alone = tap.at >= seen[fan];
    if alone {
        seen[fan] = seen_at;
    }
    alone
}

/// What came of the matching.
#[derive(Debug)]
pub(crate) struct TapToBeat {
    /// Only the latencies of each.
    pub(crate) phases: Vec<PhaseBook>,
    pub(crate) seconds: Vec<Second>,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) unmatched: u64,
    pub(crate) strangers: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;
    use crate::plan::phases::PhaseKind;

    fn whole_run() -> Phases {
        Phases::in_a_row(0, [("steady", PhaseKind::Measured, Nanos::MAX)])
    }

    fn tap(due_ms: u64, at_ms: u64, team: u16) -> Handed {
        Handed { due: due_ms * MILLISECOND, at: at_ms * MILLISECOND, fan: 0, team }
    }

    fn beat(at_ms: u64, totals: &[u64]) -> BeatSeen {
        BeatSeen { at: at_ms * MILLISECOND, number: 0, nominal_ms: 0, totals: totals.to_vec() }
    }

    fn matched(before: &[u64], taps: &[Handed], beats: &[BeatSeen]) -> (Vec<u64>, u64, u64) {
        let mut matcher = Matcher::new(before, whole_run());
        matcher.handed(taps.to_vec());
        beats.iter().for_each(|seen| matcher.beat(seen.clone()));
        let found = matcher.finish();
        let ms = found.phases[0].tap_to_beat.histogram().iter_recorded().flat_map(|value| {
            std::iter::repeat_n(
                (value.value_iterated_to() + 500) / 1_000,
                usize::try_from(value.count_at_value()).unwrap(),
            )
        });
        (ms.collect(), found.unmatched, found.strangers)
    }

    #[test]
    fn a_tap_is_in_the_first_beat_whose_total_reaches_its_ordinal() {
        let taps = [tap(10, 10, 0), tap(20, 30, 0), tap(30, 30, 0)];
        let beats = [beat(5, &[7]), beat(100, &[8]), beat(200, &[8]), beat(300, &[10])];
        assert_eq!(matched(&[7], &taps, &beats), (vec![90, 270, 280], 0, 0));
    }

    #[test]
    fn each_team_counts_for_itself_and_totals_before_the_run_do_not() {
        let taps = [tap(0, 0, 1), tap(0, 0, 0)];
        assert_eq!(matched(&[500, 9], &taps, &[beat(50, &[500, 10]), beat(80, &[501, 10])]), (vec![50, 80], 0, 0));
    }

    #[test]
    fn the_order_is_that_of_handing_over_across_workers() {
        // Meant early but held back by a stall: it is not the one in the first beat.
        let taps = [tap(500, 500, 0), tap(0, 900, 0)];
        for order in [[0, 1], [1, 0]] {
            let taps = order.map(|index| taps[index]);
            assert_eq!(matched(&[0], &taps, &[beat(600, &[1]), beat(1_000, &[2])]), (vec![100, 1_000], 0, 0));
        }
    }

    #[test]
    fn a_stalled_server_shows_in_the_latency_of_the_taps_meant_meanwhile() {
        let taps: Vec<Handed> = (0..9).map(|n| tap(n * 100, 900, 0)).collect();
        let (ms, ..) = matched(&[0], &taps, &[beat(1_000, &[9])]);
        assert_eq!(ms, (2..=10).map(|n| n * 100).collect::<Vec<_>>());
    }

    #[test]
    fn a_lost_tap_stays_unmatched_and_one_too_many_is_a_stranger() {
        let taps = [tap(0, 0, 0), tap(0, 0, 0)];
        assert_eq!(matched(&[0], &taps, &[beat(50, &[1])]), (vec![50], 1, 0));
        assert_eq!(matched(&[0], &taps, &[beat(50, &[3])]), (vec![50, 50], 0, 1));
    }

    #[test]
    fn a_beat_is_held_until_every_worker_has_told_what_it_sent_before() {
        let mut matcher = Matcher::new(&[0], whole_run());
        matcher.beat(beat(100, &[1]));
        matcher.advance(90 * MILLISECOND);
        matcher.handed(vec![tap(95, 95, 0)]);
        matcher.advance(200 * MILLISECOND);
        let found = matcher.finish();
        assert_eq!((found.phases[0].tap_to_beat.len(), found.strangers), (1, 0));
    }

    #[test]
    fn a_tap_is_of_the_phase_in_which_it_was_meant_and_a_stall_of_ours_is_not_the_service_s() {
        let phases = [("warm-up", PhaseKind::WarmUp, 100), ("goal", PhaseKind::Measured, 100)];
        let phases = Phases::in_a_row(0, phases.map(|(name, kind, ms)| (name, kind, ms * MILLISECOND)));
        let mut matcher = Matcher::new(&[0], phases);
        matcher.handed(vec![tap(50, 150, 0), Handed { fan: 1, ..tap(150, 150, 0) }, tap(160, 170, 0)]);
        matcher.beat(beat(200, &[3]));
        let found = matcher.finish();
        let longest = |index: usize| {
            let PhaseBook { tap_to_beat, send_to_beat, .. } = &found.phases[index];
            (tap_to_beat.len(), tap_to_beat.max_ms().unwrap().round(), send_to_beat.max_ms().unwrap().round())
        };
        assert_eq!((longest(0), longest(1)), ((1, 150.0, 50.0), (2, 50.0, 50.0)));
    }

    #[test]
    fn the_service_time_has_one_tap_of_a_fan_under_way_and_tap_to_beat_has_all() {
        let mut matcher = Matcher::new(&[0], whole_run());
        let of_fan = |fan, at_ms| Handed { fan, ..tap(at_ms, at_ms, 0) };
        // A stall from 100 to 900: a fan who waits for each answer would have sent one tap into it.
        let taps = [of_fan(0, 100), of_fan(0, 300), of_fan(1, 500), of_fan(0, 700), of_fan(0, 950)];
        matcher.handed(taps.to_vec());
        matcher.beat(beat(900, &[4]));
        matcher.beat(beat(1_000, &[5]));
        let PhaseBook { tap_to_beat, send_to_beat, .. } = matcher.finish().phases.remove(0);
        assert_eq!((tap_to_beat.len(), send_to_beat.len()), (5, 3));
    }
}

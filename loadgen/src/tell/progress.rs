//! How far a run is: a screen on a terminal, a line every few seconds elsewhere. Goes to standard error; the report has
//! standard output to itself.

use std::collections::VecDeque;
use std::io::IsTerminal;

use beat_protocol::{TeamCode, level_of};
use hdrhistogram::Histogram;

use crate::books::ledger::Counts;
use crate::clock::{MILLISECOND, Nanos, SECOND, as_seconds};
use crate::ending::Ending;
use crate::plan::phases::Phases;
use crate::tell::screen::{PAST, Picture, Screen};

/// Between two plain lines.
const LINE_INTERVAL: Nanos = 5 * SECOND;
/// Between two pictures: no eye follows more.
const PICTURE_INTERVAL: Nanos = 200 * MILLISECOND;
/// Fewer samples beyond a percentile say nothing about it.
const TAIL_MIN: f64 = 100.0;
const PERCENTILES: [(&str, f64); 4] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];

/// The run at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance<'a> {
    pub(crate) now: Nanos,
    pub(crate) counts: &'a Counts,
    /// Tap to beat so far, in microseconds.
    pub(crate) tap_to_beat: &'a Histogram<u64>,
    /// As of the last beat.
    pub(crate) totals: &'a [u64],
}

/// Tells it to whoever watches.
pub(crate) struct Progress {
    screen: Option<Screen>,
    title: String,
    phases: Phases,
    teams: Vec<TeamCode>,
    /// The last second, oldest first.
    second: VecDeque<Moment>,
    /// Taps in each second that is over, and when the next is.
    past: Vec<u64>,
    next_second: (Nanos, u64),
    /// When something was told last, and in which phase.
    told: Option<(usize, Nanos)>,
}

#[derive(Clone, Debug)]
struct Moment {
    at: Nanos,
    counts: Counts,
    totals: Vec<u64>,
}

impl Progress {
    /// Of a run with these phases at an event with these teams; Ctrl-C on the screen asks for the `ending`.
    pub(crate) fn new(title: String, phases: Phases, teams: Vec<TeamCode>, ending: Ending) -> Self {
        let is_seen = std::io::stderr().is_terminal();
        let screen = if is_seen { Screen::open(ending).ok() } else { None };
        Self {
            screen,
            title,
            phases,
            teams,
            second: VecDeque::new(),
            past: Vec::new(),
            next_second: (0, 0),
            told: None,
        }
    }

    /// Looks, and tells if it is time to.
    pub(crate) fn tell(&mut self, glance: &Glance<'_>) {
        let Glance { now, counts, totals, .. } = *glance;
        self.remember(now, counts, totals);
        // After the last phase it is still that one.
        let phase = self.phases.index_at(now).unwrap_or(self.phases.iter().len().saturating_sub(1));
        let interval = if self.screen.is_some() { PICTURE_INTERVAL } else { LINE_INTERVAL };
        if self.told.is_some_and(|(told, at)| told == phase && now < at + interval) {
            return;
        }
        self.told = Some((phase, now));
        let picture = self.picture(glance, phase);
        match &mut self.screen {
            // A terminal that went away leaves the run to go on in silence.
            Some(screen) => drop(screen.show(&picture)),
            None => eprintln!("{}", line(&picture, now)),
        }
    }

    /// Gives the terminal back.
    pub(crate) fn done(self) {}

    fn remember(&mut self, now: Nanos, counts: &Counts, totals: &[u64]) {
        self.second.push_back(Moment { at: now, counts: *counts, totals: totals.to_vec() });
        // The oldest that stays is just over a second old.
        while self.second.get(1).is_some_and(|next| next.at + SECOND <= now) {
            self.second.pop_front();
        }
        let (due, taps) = self.next_second;
        if now >= due {
            if due > 0 {
                self.past.push(counts.taps - taps);
            }
            self.next_second = (now.max(due) + SECOND, counts.taps);
        }
        if self.past.len() > PAST {
            self.past.remove(0);
        }
    }

    fn picture(&self, glance: &Glance<'_>, phase: usize) -> Picture {
        let Glance { now, counts, tap_to_beat, totals } = *glance;
        let begin = self.phases.iter().next().map_or(0, |phase| phase.from);
        let end = self.phases.iter().last().map_or(0, |phase| phase.to);
        let last = self.second.front();
        let span = last.map_or(0, |moment| now - moment.at);
        let rate = |of: fn(&Counts) -> u64| {
            let before = last.map_or(0, |moment| of(&moment.counts));
            per_second(of(counts) - before, span)
        };
        let (taps, frames) = (rate(|counts| counts.taps), rate(|counts| counts.cheers));
        let a_frame = if frames > 0.0 { format!("{:.2}", taps / frames) } else { "-".to_owned() };
        Picture {
            title: self.title.clone(),
            phases: self.phases.iter().map(|phase| phase.name.clone()).collect(),
            phase,
            share: as_seconds(now.saturating_sub(begin)) / as_seconds(end.saturating_sub(begin)).max(0.001),
            time: format!("{:.0} s of at most {:.0} s", as_seconds(now), as_seconds(end)),
            rates: vec![
                ("fans", counts.open().to_string()),
                ("taps", counts.taps.to_string()),
                ("taps a second", format!("{taps:.0}")),
                ("CHEER a second", format!("{frames:.0}")),
                ("taps a frame", a_frame),
                ("beats a second", format!("{:.0}", rate(|counts| counts.beats))),
                ("came back", counts.reconnects.to_string()),
            ],
            past: self.past.clone(),
            latencies: PERCENTILES
                .iter()
                .map(|&(name, percentile)| (name, milliseconds(tap_to_beat, percentile)))
                .chain([("max", format!("{:.1} ms", as_milliseconds(tap_to_beat.max())))])
                .collect(),
            teams: last.map_or(Vec::new(), |moment| self.loudest(&moment.totals, totals, span)),
        }
    }

    fn loudest(&self, before: &[u64], totals: &[u64], span: Nanos) -> Vec<(String, u8, u64)> {
        let rises = totals.iter().zip(before).map(|(now, before)| now.saturating_sub(*before));
        let mut teams: Vec<_> = self.teams.iter().zip(rises).filter(|(_, rise)| *rise > 0).collect();
        teams.sort_by_key(|(code, rise)| (std::cmp::Reverse(*rise), **code));
        let shown = |(code, rise): (&TeamCode, u64)| {
            let rate = per_second(rise, span);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate, shown to the whole tap"
            )]
            let whole = rate.round() as u64;
            (code.to_string(), level_of(rate), whole)
        };
        teams.into_iter().take(100).map(shown).collect()
    }
}

fn line(picture: &Picture, now: Nanos) -> String {
    let phase = picture.phases.get(picture.phase).map_or("", String::as_str);
    let of = |wanted: &str| {
        let all = picture.rates.iter().chain(&picture.latencies);
        all.clone().find(|(name, _)| *name == wanted).map_or("-", |(_, value)| value.as_str()).to_owned()
    };
    let (fans, taps, rate, p99) = (of("fans"), of("taps"), of("taps a second"), of("p99"));
    format!("{:>6.1} s  {phase:<10}  {fans} fans, {taps} taps, {rate}/s, tap to beat p99 {p99}", as_seconds(now))
}

fn per_second(number: u64, span: Nanos) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
    let number = number as f64;
    if span == 0 { 0.0 } else { number / as_seconds(span) }
}

/// A percentile with enough samples beyond it, or a dash.
fn milliseconds(microseconds: &Histogram<u64>, percentile: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    let tail = microseconds.len() as f64 * (1.0 - percentile / 100.0);
    // Half a sample of slack: 1 - 0.99 is a little less than 0.01 in binary.
    if tail + 0.5 < TAIL_MIN {
        return "-".to_owned();
    }
    format!("{:.1} ms", as_milliseconds(microseconds.value_at_percentile(percentile)))
}

#[expect(clippy::cast_precision_loss, reason = "shown to a tenth")]
fn as_milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::phases::PhaseKind;

    fn progress() -> Progress {
        let parts = [("connect", PhaseKind::Connect, SECOND), ("steady", PhaseKind::Measured, 9 * SECOND)];
        let teams = ["JPN", "BRA"].map(|code| code.parse().unwrap()).to_vec();
        Progress {
            screen: None,
            title: "a run".to_owned(),
            phases: Phases::in_a_row(0, parts),
            teams,
            second: VecDeque::new(),
            past: Vec::new(),
            next_second: (0, 0),
            told: None,
        }
    }

    /// Thirty taps and ten frames every tenth of a second, two thirds of the taps for the second team.
    fn after(progress: &mut Progress, tenths: u64) -> Picture {
        let spans = crate::measure::spans::Spans::default();
        let mut picture = Picture::default();
        for tenth in 0..=tenths {
            let counts = Counts { opened: 5, taps: 30 * tenth, cheers: 10 * tenth, ..Counts::default() };
            let totals = [10 * tenth, 20 * tenth];
            let glance =
                Glance { now: tenth * SECOND / 10, counts: &counts, tap_to_beat: spans.histogram(), totals: &totals };
            progress.remember(glance.now, &counts, &totals);
            picture = progress.picture(&glance, 1);
        }
        picture
    }

    #[test]
    fn rates_are_those_of_the_last_second_and_taps_and_frames_are_told_apart() {
        let picture = after(&mut progress(), 55);
        for (name, value) in [("taps a second", "300"), ("CHEER a second", "100"), ("taps a frame", "3.00")] {
            assert!(picture.rates.contains(&(name, value.to_owned())), "{name}: {:?}", picture.rates);
        }
        assert_eq!(picture.past, [300; 5]);
        assert!((picture.share - 0.55).abs() < 1e-9);
    }

    #[test]
    fn the_loudest_team_comes_first_with_its_level() {
        let picture = after(&mut progress(), 30);
        let team = |code: &str, rate: u16| (code.to_owned(), level_of(f64::from(rate)), u64::from(rate));
        assert_eq!(picture.teams, [team("BRA", 200), team("JPN", 100)]);
    }

    #[test]
    fn a_plain_line_tells_the_phase_and_what_matters() {
        let picture = after(&mut progress(), 20);
        let told = line(&picture, 2 * SECOND);
        assert_eq!(told, "   2.0 s  steady      5 fans, 600 taps, 300/s, tap to beat p99 -");
    }
}

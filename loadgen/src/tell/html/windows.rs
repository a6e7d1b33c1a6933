//! Stretches of a run put together until a percentile may be told of them.

use super::figures::float;
use crate::clock::as_seconds;
use crate::measure::spans::{Spans, needed_for};
use crate::record::{Record, Stretch};

/// A stretch of one phase with samples enough, in seconds of the run's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) ms: f64,
}

/// The windows of one percentile, phase by phase; what a phase has left over goes to its last.
pub(super) fn of(run: &Record, percentile: f64) -> Vec<Window> {
    let mut windows = Vec::new();
    for phase in run.phases.iter().filter(|phase| phase.is_measured()) {
        let (begin, end) = (as_seconds(phase.phase.from), as_seconds(phase.phase.to));
        let middle = |stretch: &Stretch| (f64::from(stretch.from) + f64::from(stretch.to)) / 2.0;
        let within = run.stretches.iter().filter(|stretch| (begin..end).contains(&middle(stretch)));
        let (mut told, mut open) = (Vec::new(), None::<(f64, f64, Spans)>);
        for stretch in within {
            let from = f64::from(stretch.from).max(begin);
            let window = open.get_or_insert_with(|| (from, from, Spans::default()));
            window.1 = f64::from(stretch.to).min(end);
            window.2.add(&stretch.took);
            if window.2.len() >= needed_for(percentile) {
                told.extend(open.take());
            }
        }
        if let (Some((_, to, rest)), Some(last)) = (open, told.last_mut()) {
            last.1 = to;
            last.2.add(&rest);
        }
        windows.extend(told.iter().map(|(from, to, spans)| Window {
            from: *from,
            to: *to,
            ms: spans.percentile_ms_unchecked(percentile),
        }));
    }
    windows
}

/// A staircase: each window as wide as it is, broken where there is none.
pub(super) fn stairs(windows: &[Window]) -> Vec<(f64, Option<f64>)> {
    let mut points = Vec::new();
    let mut end = None;
    for window in windows {
        if end.is_some_and(|end: f64| window.from - end > 0.01) {
            points.push((window.from, None));
        }
        points.extend([(window.from, Some(window.ms)), (window.to, Some(window.ms))]);
        end = Some(window.to);
    }
    points
}

/// What a line is of, for the legend: `p99 of 2 to 7 s each`.
pub(super) fn told(name: &str, windows: &[Window]) -> String {
    let lengths = || windows.iter().map(|window| (window.to - window.from).round().max(1.0));
    let (shortest, longest) = (lengths().fold(f64::MAX, f64::min), lengths().fold(0.0, f64::max));
    match () {
        () if windows.is_empty() => format!("{name}: too few taps"),
        () if longest <= 1.0 => format!("{name} of each second"),
        () if longest - shortest < 0.5 => format!("{name} of {longest:.0} s each"),
        () => format!("{name} of {shortest:.0} to {longest:.0} s each"),
    }
}

/// The highest of p99 and p90 that can be told in more than half of the time in which anybody tapped.
pub(super) fn upper(run: &Record) -> (&'static str, Vec<Window>) {
    let tapped: f64 = run.stretches.iter().map(|stretch| float(u64::from(stretch.to - stretch.from))).sum();
    let covers = |windows: &[Window]| windows.iter().map(|window| window.to - window.from).sum::<f64>() > tapped / 2.0;
    let p99 = of(run, 99.0);
    if covers(&p99) { ("p99", p99) } else { ("p90", of(run, 90.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;
    use crate::record::tests::steady;

    /// A minute with so many taps in each second, of 1 to 100 ms each time.
    fn run(taps_a_second: u64) -> Record {
        let mut run = steady();
        run.stretches = (2..62)
            .map(|from| {
                let mut took = Spans::default();
                (0..taps_a_second).for_each(|tap| took.note((tap % 100 + 1) * MILLISECOND));
                Stretch { from, to: from + 1, took }
            })
            .collect();
        run
    }

    #[test]
    fn a_percentile_is_drawn_of_as_many_seconds_as_hold_100_taps_beyond_it() {
        let windows = of(&run(2_500), 99.0);
        assert_eq!(windows.len(), 15, "10,000 taps are four seconds'");
        assert!(windows.iter().all(|window| window.to - window.from == 4.0 && window.ms.round() == 99.0));
        assert_eq!(told("p99", &windows), "p99 of 4 s each");
        assert_eq!(told("p99", &of(&run(10_000), 99.0)), "p99 of each second");
    }

    #[test]
    fn what_a_phase_has_left_over_goes_to_its_last_window() {
        let windows = of(&run(1_500), 99.0);
        assert_eq!((windows.len(), windows[7].from, windows[7].to), (8, 51.0, 62.0));
        assert_eq!(told("p99", &windows), "p99 of 7 to 11 s each");
        assert_eq!(stairs(&windows).len(), 16, "one staircase");
    }

    #[test]
    fn with_too_few_taps_the_lower_percentile_is_drawn_and_none_is_made_up() {
        assert_eq!(upper(&run(2_500)).0, "p99");
        assert_eq!(of(&run(100), 99.0), []);
        let (name, windows) = upper(&run(100));
        assert_eq!((name, windows.len()), ("p90", 6));
        assert_eq!((of(&run(1), 90.0), told("p90", &[])), (Vec::new(), "p90: too few taps".to_owned()));
    }
}

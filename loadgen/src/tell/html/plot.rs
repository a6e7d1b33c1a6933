//! A plot's paper: where a value stands, round numbers along the axes, lines and shaded bands. Knows nothing of a run.

use maud::{Markup, html};

const TOP: f64 = 22.0;
const BOTTOM: f64 = 26.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 14.0;

/// A rectangle with two scales that begin at the given corners.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paper {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: (f64, f64),
    /// The highest value; the lowest is 0.
    pub(super) y_max: f64,
}

impl Paper {
    pub(super) fn x(&self, value: f64) -> f64 {
        let (from, to) = self.x;
        LEFT + (value - from) / (to - from).max(f64::EPSILON) * (self.width - LEFT - RIGHT)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let share = (value / self.y_max.max(f64::EPSILON)).clamp(0.0, 1.0);
        self.height - BOTTOM - share * (self.height - TOP - BOTTOM)
    }

    /// Everything on one sheet.
    pub(super) fn sheet(&self, class: &str, what: &str, content: &Markup) -> Markup {
        html! {
            svg class=(class) viewBox=(format!("0 0 {} {}", self.width, self.height)) role="img" aria-label=(what) {
                (content)
            }
        }
    }

    /// Horizontal lines at round values, with their numbers.
    pub(super) fn y_axis(&self) -> Markup {
        let step = round_step(self.y_max / 4.0);
        let lines = (0..=8_u32).map(|line| f64::from(line) * step).take_while(|value| *value <= self.y_max * 1.001);
        html! {
            g.axis {
                @for value in lines {
                    line x1=(at(LEFT)) x2=(at(self.width - RIGHT)) y1=(at(self.y(value))) y2=(at(self.y(value))) {}
                    text x=(at(LEFT - 8.0)) y=(at(self.y(value) + 4.0)) text-anchor="end" { (number(value)) }
                }
            }
        }
    }

    /// Words along the bottom.
    pub(super) fn x_axis(&self, marks: impl IntoIterator<Item = (f64, String)>) -> Markup {
        let base = self.height - BOTTOM;
        html! {
            g.axis {
                @for (value, word) in marks {
                    line.tick x1=(at(self.x(value))) x2=(at(self.x(value))) y1=(at(base)) y2=(at(base + 4.0)) {}
                    text x=(at(self.x(value))) y=(at(base + 17.0)) text-anchor="middle" { (word) }
                }
            }
        }
    }

    /// Seconds along the bottom, at round ones.
    pub(super) fn seconds(&self) -> Markup {
        let (from, to) = self.x;
        let marks_max = if self.width < 600.0 { 4.0 } else { 9.0 };
        let step = round_seconds((to - from) / marks_max);
        let marks = (0..40_u32).map(|mark| f64::from(mark) * step).take_while(|at| *at <= to).filter(|at| *at >= from);
        self.x_axis(marks.map(|at| (at, clock(at))))
    }

    /// A shaded stretch with its name, if there is room for one.
    pub(super) fn band(&self, class: &str, from: f64, to: f64, name: &str) -> Markup {
        let (left, right) = (self.x(from.max(self.x.0)), self.x(to.min(self.x.1)));
        let chars = u32::try_from(name.chars().count()).unwrap_or(u32::MAX);
        let fits = right - left > f64::from(chars) * 6.4 + 6.0;
        html! {
            @if right > left {
                rect class=(class) x=(at(left)) y=(at(TOP)) width=(at(right - left)) height=(at(self.height - TOP - BOTTOM)) {}
                @if fits {
                    text.phase x=(at(left + (right - left) / 2.0)) y=(at(TOP - 7.0)) text-anchor="middle" { (name) }
                }
            }
        }
    }

    /// A line through the points, broken where there is none.
    pub(super) fn line(&self, class: &str, points: &[(f64, Option<f64>)]) -> Markup {
        html! { path class=(class) d=(self.path(points)) {} }
    }

    /// The same, filled down to the bottom; the line must be whole.
    pub(super) fn area(&self, class: &str, points: &[(f64, Option<f64>)]) -> Markup {
        let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else { return html! {} };
        let base = at(self.height - BOTTOM);
        let closed = format!("{}L{} {base}L{} {base}Z", self.path(points), at(self.x(*last)), at(self.x(*first)));
        html! { path class=(class) d=(closed) {} }
    }

    /// Nothing to see, but it tells `words` when pointed at: a strip as wide as a bin.
    pub(super) fn hint(&self, from: f64, to: f64, words: &str) -> Markup {
        html! {
            rect.hint x=(at(self.x(from))) y=(at(TOP)) width=(at((self.x(to) - self.x(from)).max(0.5)))
                height=(at(self.height - TOP - BOTTOM)) { title { (words) } }
        }
    }

    fn path(&self, points: &[(f64, Option<f64>)]) -> String {
        let mut path = String::new();
        let mut pen_down = false;
        for &(x, y) in points {
            let Some(y) = y else {
                pen_down = false;
                continue;
            };
            path.push(if pen_down { 'L' } else { 'M' });
            path.push_str(&format!("{} {}", at(self.x(x)), at(self.y(y))));
            // A point that stands alone is drawn as a dot by the line's round cap.
            if !pen_down {
                path.push_str(&format!("L{} {}", at(self.x(x)), at(self.y(y))));
            }
            pen_down = true;
        }
        path
    }
}

/// A tenth of a unit is finer than any screen.
fn at(value: f64) -> String {
    format!("{value:.1}")
}

/// 1, 2, 2.5 or 5 times a power of ten, at least `wanted`.
pub(super) fn round_step(wanted: f64) -> f64 {
    let power = 10_f64.powf(wanted.max(1e-9).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0].into_iter().find(|step| step * power >= wanted * 0.999);
    step.unwrap_or(10.0) * power
}

/// The top of a scale that holds `highest` and ends on a line.
pub(super) fn round_top(highest: f64) -> f64 {
    let step = round_step(highest.max(1e-6) / 4.0);
    (highest.max(1e-6) / step).ceil() * step
}

fn round_seconds(wanted: f64) -> f64 {
    let rounds = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0];
    rounds.into_iter().find(|round| *round >= wanted).unwrap_or_else(|| round_step(wanted))
}

/// `45 s`, `2:30`, `1:02:00`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = seconds.round();
    let (hours, rest) = ((whole / 3_600.0).floor(), whole % 3_600.0);
    let (minutes, seconds) = ((rest / 60.0).floor(), rest % 60.0);
    match () {
        () if hours > 0.0 => format!("{hours:.0}:{minutes:02.0}:{seconds:02.0}"),
        () if minutes > 0.0 => format!("{minutes:.0}:{seconds:02.0}"),
        () => format!("{seconds:.0} s"),
    }
}

/// 12000 as 12 k: the axis is a scale, the figures stand in the tables.
fn number(value: f64) -> String {
    let (value, mark) = match value {
        _ if value >= 1e6 => (value / 1e6, " M"),
        _ if value >= 1e4 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let text = format!("{value:.2}");
    format!("{}{mark}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_on_a_round_line_above_the_highest_value() {
        for (highest, top) in [(0.0, 1e-6), (7.0, 8.0), (299.0, 300.0), (1_980.0, 2_000.0), (41_000.0, 60_000.0)] {
            assert!((round_top(highest) - top).abs() < top * 1e-6, "{highest}: {}", round_top(highest));
        }
    }

    #[test]
    fn numbers_and_times_along_the_axes_are_short() {
        assert_eq!([0.0, 2.5, 800.0, 12_000.0, 2_500_000.0].map(number), ["0", "2.5", "800", "12 k", "2.5 M"]);
        assert_eq!([5.0, 90.0, 3_725.0].map(clock), ["5 s", "1:30", "1:02:05"]);
    }

    #[test]
    fn a_line_is_broken_where_there_is_no_value() {
        let paper = Paper { width: 400.0, height: 200.0, x: (0.0, 3.0), y_max: 1.0 };
        let points = [(0.0, Some(1.0)), (1.0, None), (2.0, Some(0.0)), (3.0, Some(0.0))];
        assert_eq!(paper.path(&points).matches('M').count(), 2);
        assert!(paper.y(1.0) < paper.y(0.0) && paper.x(0.0) < paper.x(3.0));
    }
}

//! The three drawings: rates and latencies over time with the phases shaded, and the percentile curve.

use maud::{Markup, html};

use super::figures::{float, ms};
use super::plot::{Paper, clock, round_top};
use super::windows::{self, Window};
use crate::clock::as_seconds;
use crate::judge::metric::Spanned;
use crate::measure::spans::{Spans, needed_for};
use crate::plan::phases::PhaseKind;
use crate::record::{Record, Second};

/// Each drawing is made twice, since letters of a wide one are too small on a phone; the style sheet shows one.
const SIZES: [(&str, f64, f64); 2] = [("wide", 960.0, 250.0), ("narrow", 400.0, 230.0)];
/// More bins than this cannot be told apart.
const BINS_MAX: usize = 240;
/// Of our own standing still, from here on it is marked.
const HICCUP_MS: f64 = 20.0;

/// Some seconds as one point.
struct Bin {
    from: f64,
    to: f64,
    taps: f64,
    frames: f64,
    max: Option<f64>,
    hiccup: f64,
}

impl Bin {
    fn of(seconds: &[Second]) -> Self {
        let sum = |of: fn(&Second) -> u64| float(seconds.iter().map(of).sum()) / float(seconds.len() as u64);
        let highest = |of: fn(&Second) -> Option<f64>| seconds.iter().filter_map(of).reduce(f64::max);
        let from = f64::from(seconds.first().map_or(0, |second| second.at));
        Self {
            from,
            to: f64::from(seconds.last().map_or(0, |second| second.at)) + 1.0,
            taps: sum(|second| second.taps),
            frames: sum(|second| second.frames),
            max: highest(|second| second.max_ms),
            hiccup: seconds.iter().map(|second| second.hiccup_ms).fold(0.0, f64::max),
        }
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    fn told(&self) -> String {
        format!(
            "{}: {:.0} taps/s, {:.0} frames/s; longest tap to beat {} ms",
            clock(self.from),
            self.taps,
            self.frames,
            ms(self.max)
        )
    }

    /// The same with the percentiles of the windows it is in.
    fn told_with(&self, lines: [(&str, &[Window]); 2]) -> String {
        lines.iter().fold(self.told(), |told, (name, windows)| {
            let at = windows.iter().find(|window| (window.from..window.to).contains(&self.middle()));
            format!("{told}, {name} {} ms", ms(at.map(|window| window.ms)))
        })
    }
}

fn bins(run: &Record) -> Vec<Bin> {
    let size = run.timeline.len().div_ceil(BINS_MAX).max(1);
    run.timeline.chunks(size).map(Bin::of).collect()
}

/// A drawing in both sizes, with its words.
fn figure(title: &str, legend: &[(&str, &str)], note: &str, draw: impl Fn(&str, f64, f64) -> Markup) -> Markup {
    html! {
        figure {
            figcaption {
                span.title { (title) }
                span.legend { @for (class, name) in legend { span { i class=(class) {} (name) } } }
            }
            @for (class, width, height) in SIZES { (draw(class, width, height)) }
            @if !note.is_empty() { p.fine { (note) } }
        }
    }
}

/// The phases behind a plot over time.
fn phases(paper: &Paper, run: &Record) -> Markup {
    let mut measured = 0;
    html! {
        @for phase in &run.phases {
            @let class = match phase.phase.kind {
                PhaseKind::Measured => { measured += 1; if measured % 2 == 1 { "band odd" } else { "band even" } },
                _ => "band aside",
            };
            (paper.band(class, as_seconds(phase.phase.from), as_seconds(phase.phase.to), &phase.phase.name))
        }
    }
}

/// From the first phase to the end of the last measured one; the bins between, but for those that are cut by an end and
/// would show a fall that was none.
fn measured(run: &Record) -> ((f64, f64), Vec<Bin>) {
    let from = run.phases.first().map_or(0.0, |phase| as_seconds(phase.phase.from));
    let ends = run.phases.iter().filter(|phase| phase.is_measured()).map(|phase| as_seconds(phase.phase.to));
    let to = ends.fold(from, f64::max);
    let bins = bins(run).into_iter().filter(|bin| bin.from >= from && bin.to <= to).collect();
    ((from, to.max(from + 1.0)), bins)
}

pub(super) fn rates(run: &Record) -> Markup {
    let (x, bins) = measured(run);
    let highest = bins.iter().map(|bin| bin.taps.max(bin.frames)).fold(0.0, f64::max);
    let series = |of: fn(&Bin) -> f64| bins.iter().map(|bin| (bin.middle(), Some(of(bin)))).collect::<Vec<_>>();
    let (taps, frames) = (series(|bin| bin.taps), series(|bin| bin.frames));
    let legend = [("taps", "taps: what people do"), ("frames", "frames: what travels")];
    figure("Sent, per second", &legend, "", |class, width, height| {
        let paper = Paper { width, height, x, y_max: round_top(highest) };
        let drawn = html! {
            (phases(&paper, run)) (paper.y_axis()) (paper.seconds())
            (paper.area("taps area", &taps)) (paper.line("taps line", &taps)) (paper.line("frames line", &frames))
            @if class == "wide" { @for bin in &bins { (paper.hint(bin.from, bin.to, &bin.told())) } }
        };
        paper.sheet(class, "taps and frames per second over time", &drawn)
    })
}

pub(super) fn latencies(run: &Record) -> Markup {
    let (x, bins) = measured(run);
    let highest = bins.iter().filter_map(|bin| bin.max).fold(0.0, f64::max);
    let longest: Vec<_> = bins.iter().map(|bin| (bin.middle(), bin.max)).collect();
    let (median, (upper_name, upper)) = (windows::of(run, 50.0), windows::upper(run));
    let lines = [("p50", median.as_slice()), (upper_name, upper.as_slice())];
    let mut note = "By the instant a tap was meant, so a stall shows as a slope from where it began. A percentile is of as many seconds as hold 100 taps beyond it.".to_owned();
    let size = run.timeline.len().div_ceil(BINS_MAX);
    if size > 1 {
        note.push_str(&format!(" The longest is that of {size} seconds."));
    }
    if bins.iter().any(|bin| bin.hiccup >= HICCUP_MS) {
        note.push_str(" Red marks: a process of the generator, or its machine, stood still for 20 ms or more.");
    }
    let [p50_told, upper_told] = lines.map(|(name, windows)| windows::told(name, windows));
    let longest_told = if size > 1 { format!("longest of {size} s each") } else { "longest of each second".to_owned() };
    let legend = [("p50", p50_told.as_str()), ("p99", &upper_told), ("longest", &longest_told)];
    let stairs = lines.map(|(_, windows)| windows::stairs(windows));
    figure("Tap to beat, ms", &legend, &note, |class, width, height| {
        let paper = Paper { width, height, x, y_max: round_top(highest) };
        let drawn = html! {
            (phases(&paper, run)) (paper.y_axis()) (paper.seconds())
            (paper.line("longest line", &longest)) (paper.line("p99 line", &stairs[1])) (paper.line("p50 line", &stairs[0]))
            @for bin in bins.iter().filter(|bin| bin.hiccup >= HICCUP_MS) {
                (paper.line("hiccup", &[(bin.middle(), Some(0.0)), (bin.middle(), Some(paper.y_max * 0.05))]))
            }
            @if class == "wide" { @for bin in &bins { (paper.hint(bin.from, bin.to, &bin.told_with(lines))) } }
        };
        paper.sheet(class, "tap to beat over time", &drawn)
    })
}

/// Where a percentile stands: each nine as wide as the last, so that the tail, which people feel, has room.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).log10()
}

pub(super) fn percentiles(run: &Record) -> Markup {
    let whole = run.measured();
    let shown = [
        (Spanned::TapToBeat, "p50", "tap to beat"),
        (Spanned::SendToBeat, "frames", "send to beat"),
        (Spanned::ScheduleLag, "longest", "schedule lag"),
    ];
    let samples = shown.iter().map(|(metric, ..)| metric.of(&whole).len()).max().unwrap_or(0);
    if samples == 0 {
        return html! { p.fine { "Nobody tapped while it was measured." } };
    }
    // To the percentile at which one sample is left.
    let end = float(samples).log10().clamp(2.0, 6.0);
    let highest = shown.iter().filter_map(|(metric, ..)| metric.of(&whole).max_ms()).fold(0.0, f64::max);
    let legend = shown.map(|(_, class, name)| (class, name));
    let note = "Dotted: fewer than 100 samples lie beyond, so the curve is an anecdote there.";
    figure("Percentiles, ms", &legend, note, |class, width, height| {
        let paper = Paper { width, height, x: (0.0, end), y_max: round_top(highest) };
        let marks = [50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999];
        let marks = marks.into_iter().filter(|mark| nines(*mark) <= end + 1e-6);
        let label = |mark: f64| (nines(mark), if mark < 90.0 { "p50".to_owned() } else { format!("p{mark}") });
        paper.sheet(
            class,
            "percentiles of the latencies",
            &html! {
                (paper.y_axis()) (paper.x_axis(marks.map(label)))
                @for (metric, class, _) in shown {
                    @let (told, anecdote) = curve(metric.of(&whole), end);
                    (paper.line(&format!("{class} line"), &told))
                    (paper.line(&format!("{class} line dotted"), &anecdote))
                }
            },
        )
    })
}

type Points = Vec<(f64, Option<f64>)>;

/// The part that may be told and the part beyond.
fn curve(spans: &Spans, end: f64) -> (Points, Points) {
    if spans.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let own_end = float(spans.len()).log10().min(end);
    let points = (0..=200_u32).map(|step| {
        let at = own_end * f64::from(step) / 200.0;
        let percentile = 100.0 * (1.0 - 10_f64.powf(-at));
        (at, percentile, spans.percentile_ms_unchecked(percentile))
    });
    let (mut told, mut anecdote) = (Vec::new(), Vec::new());
    for (at, percentile, ms) in points {
        if spans.len() >= needed_for(percentile) {
            told.push((at, Some(ms)));
        } else {
            if anecdote.is_empty() {
                anecdote.extend(told.last().copied());
            }
            anecdote.push((at, Some(ms)));
        }
    }
    (told, anecdote)
}

//! The report as one page that opens from a file: no network, no script, drawings as SVG, for screen, phone and paper.
//!
//! In the order in which a load-tester asks: may I believe it, did every tap arrive, how fast, when was it slow, where.

mod charts;
mod figures;
mod plot;
mod tables;
mod windows;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::clock::as_seconds;
use crate::record::{Fault, Record, Standing};

use self::figures::{grouped, ms, percent, short_date};

const STYLE: &str = include_str!("html/style.css");

/// Writes the page.
pub(crate) fn write(out: &mut impl Write, run: &Record) -> io::Result<()> {
    out.write_all(page(run).into_string().as_bytes())
}

fn page(run: &Record) -> Markup {
    let set_up = &run.set_up;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "beat-load: " (set_up.event) ", " (grouped(u64::from(set_up.fans))) " fans" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(run))
                    (verdicts(run))
                    (figures(run))
                    section { h2 { "Over time" } (charts::rates(run)) (charts::latencies(run)) }
                    section { h2 { "How long it took" } (charts::percentiles(run)) (tables::latencies(run)) }
                    (tables::thresholds(run))
                    section { h2 { "Reconciliation" } (tables::reconciliation(run)) }
                    section { h2 { "Errors, by whose fault" } (tables::faults(run)) }
                    (tables::cohorts(run))
                    section { h2 { "The run and its instrument" } (tables::set_up(run)) }
                    (how_to_read())
                }
            }
        }
    }
}

fn head(run: &Record) -> Markup {
    let set_up = &run.set_up;
    html! {
        header {
            p.brand { "beat-load" }
            h1 { (set_up.event) @if set_up.scenario != "run" { span.thin { " " (set_up.scenario) } } }
            p.sub {
                (grouped(u64::from(set_up.fans))) " fans at " span.nowrap { (set_up.url) } " · " span.date { (short_date(run.started_ms)) " UTC" }
                @if set_up.machines > 1 { " · " (set_up.machines) " machines" }
                @if !set_up.open_loop { " · " strong { "closed loop: a slow server was asked less" } }
            }
            @if let Some(at) = run.interrupted_at {
                p.note { strong { "Interrupted" } " after " (format!("{:.1}", as_seconds(at))) " s: this is the report until then." }
            }
        }
    }
}

fn verdicts(run: &Record) -> Markup {
    let (class, word, what) = match run.verdict.standing {
        Standing::Valid => ("good", "Valid", "The generator kept its time: the figures are the server’s."),
        Standing::Suspect => {
            ("doubt", "Suspect", "Believe the books; the latencies may be partly the generator’s own.")
        }
        Standing::Invalid => {
            ("bad", "Invalid", "The generator was the bottleneck or stood still: this run proves nothing.")
        }
    };
    let all = run.all_teams();
    let differing = run.teams.iter().filter(|team| !team.differences.is_empty()).count();
    html! {
        div.verdicts {
            div.verdict.(class) {
                p.word { (word) } p { (what) }
                @if !run.verdict.reasons.is_empty() {
                    ul { @for reason in &run.verdict.reasons { li { (reason.why) } } }
                }
            }
            @if differing == 0 {
                div.verdict.good {
                    p.word { "Reconciled" }
                    p {
                        @if all.due == 0 { "Nobody tapped, and nothing was counted." }
                        @else { "All " (grouped(all.due)) " taps arrived once, and every counted tap is in the beat." }
                    }
                    @if all.shadowed + all.late > 0 {
                        p { (grouped(all.shadowed)) " were shadowed and " (grouped(all.late)) " late, which the rules foresee." }
                    }
                }
            } @else {
                div.verdict.bad {
                    p.word { "Not reconciled" }
                    p { "The books of " (differing) @if differing == 1 { " team" } @else { " teams" } " do not agree:" }
                    ul {
                        @for team in run.teams.iter().filter(|team| !team.differences.is_empty()).take(5) {
                            li { strong { (team.code) } " " (team.differences.join(", ")) }
                        }
                        @if differing > 5 { li { "and " (differing - 5) " more, below" } }
                    }
                }
            }
        }
    }
}

/// What people read first, and quote.
fn figures(run: &Record) -> Markup {
    let (whole, seconds) = (run.measured(), run.measured_seconds());
    let per_second = |number: u64| figures::rate(number, seconds);
    let wrong: u64 =
        run.faults.iter().filter(|record| record.fault != Fault::Expected).map(|record| record.times).sum();
    let tap = &whole.tap_to_beat;
    let (high, name) = match (tap.percentile_ms(99.0), tap.percentile_ms(90.0)) {
        (Some(p99), _) => (Some(p99), "p99"),
        (None, Some(p90)) => (Some(p90), "p90"),
        (None, None) => (tap.max_ms(), "longest"),
    };
    let a_frame = figures::over(whole.taps, whole.frames);
    let unit = |value: Option<f64>| html! { @if value.is_some() { small { " ms" } } };
    let p50 = tap.percentile_ms(50.0);
    html! {
        dl.figures {
            div { dt { "Tap to beat, p50" } dd { (ms(p50)) (unit(p50)) } }
            div { dt { "Tap to beat, " (name) } dd { (ms(high)) (unit(high)) } }
            div { dt { "Taps" } dd { (per_second(whole.taps)) small { " /s" } } dd.more { (grouped(whole.taps)) " in all" } }
            div { dt { "Frames" } dd { (per_second(whole.frames)) small { " /s" } } dd.more { (format!("{a_frame:.2}")) " taps a frame" } }
            div {
                dt { "Beats to fans" } dd { (per_second(whole.beats)) small { " /s" } }
                dd.more { (percent(whole.missed_beats, whole.beats + whole.missed_beats)) " missed" }
            }
            div { dt { "Errors" } dd { (grouped(wrong)) } dd.more { (grouped(run.connections.reconnects)) " reconnects" } }
        }
    }
}

fn how_to_read() -> Markup {
    html! {
        section.reading {
            h2 { "How to read this" }
            dl {
                dt { "Tap to beat" }
                dd { "From the instant a tap was meant to the first beat on the display feed that contains it. A stalled server shows here." }
                dt { "Send to beat" }
                dd { "The service time: from the instant a tap was handed to a socket, of each fan one at a time, as a tool measures that waits for each answer. It hides stalls: compare it with tap to beat." }
                dt { "Schedule lag" }
                dd { "How much later than planned the generator acted. The verdict rests on it." }
                dt { "Beat age, feed age" }
                dd { "How much later than the quickest beat ever a beat reached a fan, or the display feed." }
                dt { "–" }
                dd { "Fewer than 100 samples beyond this percentile: it would say nothing." }
            }
        }
    }
}

#[cfg(test)]
#[path = "html/tests.rs"]
mod tests;

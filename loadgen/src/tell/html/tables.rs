//! The tables of the page.

use maud::{Markup, html};

use super::figures::{bytes_a_fan, float, grouped, megabytes, ms, over, percent};
use crate::clock::as_seconds;
use crate::judge::metric::Spanned;
use crate::measure::spans::LISTED;
use crate::record::{Fault, PhaseBook, Record, TeamRecord};

/// Teams that are seen without asking; those whose books differ always are.
const TEAMS_SHOWN: usize = 15;

fn title(metric: Spanned) -> &'static str {
    match metric {
        Spanned::TapToBeat => "tap to beat",
        Spanned::SendToBeat => "send to beat",
        Spanned::ScheduleLag => "schedule lag",
        Spanned::BeatAge => "beat age",
        Spanned::FeedAge => "feed age",
    }
}

/// Of these the table has a part for each phase, too: what people feel, what the server did, what phones heard.
const BY_PHASE: [Spanned; 3] = [Spanned::TapToBeat, Spanned::SendToBeat, Spanned::BeatAge];

/// Percentiles of every metric in all measured phases, and of what matters most phase by phase.
pub(super) fn latencies(run: &Record) -> Markup {
    let measured: Vec<_> = run.phases.iter().filter(|phase| phase.is_measured()).collect();
    let whole = run.measured();
    let row = |name: &str, metric: Spanned, book: &PhaseBook| {
        let spans = metric.of(book);
        html! {
            tr {
                th scope="row" { (name) }
                @for (_, percentile) in LISTED { td { (ms(spans.percentile_ms(percentile))) } }
                td { (ms(spans.max_ms())) } td { (grouped(spans.len())) }
            }
        }
    };
    html! {
        div.scroll { table {
            thead { tr { th { "ms" } @for (name, _) in LISTED { th { (name) } } th { "longest" } th { "samples" } } }
            tbody { @for metric in Spanned::ALL { (row(title(metric), metric, &whole)) } }
            @if measured.len() > 1 {
                @for metric in BY_PHASE {
                    tbody {
                        tr.group { th colspan="8" { (title(metric)) " by phase" } }
                        @for phase in &measured { (row(&phase.phase.name, metric, &phase.book)) }
                    }
                }
            }
        } }
        @if run.feed.unmatched > 0 {
            p.fine { (grouped(run.feed.unmatched)) " taps are in no beat (shadowed, late or lost) and in no percentile." }
        }
        @if run.feed.strangers > 0 { p.fine { (grouped(run.feed.strangers)) " taps in the beats were not ours." } }
    }
}

pub(super) fn thresholds(run: &Record) -> Markup {
    html! {
        @if !run.thresholds.is_empty() {
            section {
                h2 { "Thresholds" }
                ul.checks {
                    @for threshold in &run.thresholds {
                        li.(if threshold.kept { "good" } else { "bad" }) {
                            span.mark { (if threshold.kept { "kept" } else { "broken" }) }
                            code { (threshold.text) } span { (threshold.outcome) }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn reconciliation(run: &Record) -> Markup {
    let stored = run.teams.iter().any(|team| team.stored.is_some());
    let mut teams: Vec<&TeamRecord> =
        run.teams.iter().filter(|team| team.due > 0 || !team.differences.is_empty()).collect();
    teams.sort_by_key(|team| (team.differences.is_empty(), std::cmp::Reverse(team.due)));
    let silent = run.teams.len() - teams.len();
    let most = teams.iter().map(|team| team.due).max().unwrap_or(0);
    let differing = teams.iter().filter(|team| !team.differences.is_empty()).count();
    let (first, others) = teams.split_at(teams.len().min(TEAMS_SHOWN.max(differing)));
    let all = run.all_teams();
    let books = |teams: &[&TeamRecord], all: Option<&TeamRecord>| {
        html! {
            div.scroll { table.books {
                thead { tr {
                    th { "team" } th {}
                    @for name in ["due", "sent", "counted", "shadowed", "late", "published"] { th { (name) } }
                    @if stored { th { "stored" } }
                    th { "in doubt" } th.says { "difference" }
                } }
                tbody { @for team in teams { (team_row(team, most, stored)) } }
                @if let Some(all) = all {
                    tfoot { tr { th scope="row" { "all" } td {} (numbers(all, stored)) td.says {} } }
                }
            } }
        }
    };
    html! {
        p.rule {
            "due = sent = counted + shadowed + late, published = counted" @if stored { ", stored = counted" }
            ". Every team for itself; nothing is tolerated."
        }
        (books(first, Some(&all)))
        @if !others.is_empty() {
            details { summary { (others.len()) " more teams, whose books agree" } (books(others, None)) }
        }
        @if silent > 0 { p.fine { (silent) " more teams were neither cheered nor counted." } }
        @if all.in_doubt > 0 {
            p.fine { "In doubt: sent on connections that ended without an answer by a fan that never resumed. It explains a difference and does not excuse it." }
        }
    }
}

fn team_row(team: &TeamRecord, most: u64, stored: bool) -> Markup {
    html! {
        tr.differs[!team.differences.is_empty()] {
            th scope="row" title=(team.name) { (team.code) }
            td.bar { span style=(format!("width:{:.1}%", over(team.due, most) * 100.0)) {} }
            (numbers(team, stored))
            td.says { @if team.differences.is_empty() { span.ok { "none" } } @else { (team.differences.join(", ")) } }
        }
    }
}

fn numbers(team: &TeamRecord, stored: bool) -> Markup {
    html! {
        @for number in [team.due, team.sent, team.counted, team.shadowed, team.late, team.published] { td { (quiet(number)) } }
        @if stored { td { @if let Some(stored) = team.stored { (quiet(stored)) } } }
        td { (quiet(team.in_doubt)) }
    }
}

/// A nought is no news.
fn quiet(number: u64) -> Markup {
    html! { @if number == 0 { span.nought { "0" } } @else { (grouped(number)) } }
}

pub(super) fn faults(run: &Record) -> Markup {
    let whose = |fault| match fault {
        Fault::Generator => "generator",
        Fault::Server => "server",
        Fault::Policy => "policy",
        Fault::Expected => "expected, no error",
    };
    html! {
        @if run.faults.iter().all(|record| record.fault == Fault::Expected) { p { "None." } }
        @if !run.faults.is_empty() {
            div.scroll { table.words {
                thead { tr { th { "whose" } th { "times" } th.says { "what" } } }
                tbody {
                    @for record in &run.faults {
                        tr.aside[record.fault == Fault::Expected] {
                            th scope="row" { (whose(record.fault)) } td { (grouped(record.times)) } td.says { (record.what) }
                        }
                    }
                }
            } }
        }
    }
}

pub(super) fn cohorts(run: &Record) -> Markup {
    html! {
        @if !run.cohorts.is_empty() {
            section {
                h2 { "Cohorts that misbehave" }
                ul.checks {
                    @for cohort in &run.cohorts {
                        @let fine = cohort.unexpected.is_empty();
                        li.(if fine { "good" } else { "bad" }) {
                            span.mark { (if fine { "as declared" } else { "not as declared" }) }
                            span { strong { (cohort.members) " " (cohort.kind.name()) } ": " (cohort.kind.declared()) }
                            @for (end, times) in cohort.expected.iter().chain(&cohort.unexpected) {
                                span.fine { (grouped(*times)) " × " (end) }
                            }
                        }
                    }
                }
                p { @if run.hurt.is_empty() { "Honest fans beside them were unhurt." } @else { strong { "Honest fans were hurt: " } (run.hurt.join(", ")) } }
            }
        }
    }
}

pub(super) fn set_up(run: &Record) -> Markup {
    let (set_up, own, seconds) = (&run.set_up, &run.instrument, run.measured_seconds());
    let whole = run.measured();
    let cores = if seconds > 0.0 { own.cpu_seconds / seconds } else { 0.0 };
    let a_tap = own.cpu_seconds * 1e6 / float(whole.taps.max(1));
    let late = own.hiccups.percentile_ms(99.0).map(|p99| format!("p99 {} ms, ", ms(Some(p99)))).unwrap_or_default();
    let pairs: [(&str, String); 14] = [
        ("loop", if set_up.open_loop { "open: taps wait for nobody" } else { "closed" }.to_owned()),
        ("profile", set_up.profile.clone()),
        ("seed", set_up.seed.to_string()),
        ("processes, threads", format!("{}, {} in all", set_up.processes, set_up.workers)),
        ("event", format!("{} ({})", set_up.event, set_up.event_state)),
        ("measured", format!("{seconds:.1} s")),
        (
            "open at the first tap",
            format!("{} of {}", grouped(run.connections.open_at_start), grouped(u64::from(set_up.fans))),
        ),
        (
            "display feed",
            format!(
                "{} beats, {} missed, longest gap {:.0} ms",
                grouped(run.feed.beats),
                grouped(run.feed.missed),
                as_seconds(run.feed.longest_gap) * 1e3
            ),
        ),
        (
            "payload to each fan",
            format!("{:.0} bytes a second", float(whole.bytes) / (f64::from(set_up.fans) * seconds).max(1.0)),
        ),
        ("generator CPU", format!("{cores:.2} of {} cores, {a_tap:.1} µs a tap", own.cores)),
        (
            "busiest worker, machine",
            format!("{:.0} % of a core, {:.0} % of all", own.busiest_worker * 100.0, own.machine_busy * 100.0),
        ),
        ("generator memory", format!("{}, {} a fan", megabytes(own.resident_bytes), bytes_a_fan(run))),
        ("late wake-ups", format!("{late}longest {} ms", ms(own.hiccups.max_ms()))),
        ("beats missed by fans", percent(whole.missed_beats, whole.beats + whole.missed_beats)),
    ];
    html! {
        dl.pairs {
            @for (name, value) in pairs { div { dt { (name) } dd { (value) } } }
            @if let Some(digest) = &set_up.schedule_digest { div { dt { "schedule" } dd { code { (digest) } } } }
            div { dt { "written by" } dd { (run.program) } }
        }
    }
}

use super::*;
use crate::record::tests::steady;
use crate::record::{FaultRecord, Reason, ThresholdRecord};

fn text(run: &Record) -> String {
    page(run).into_string()
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = text(&steady());
    for outside in ["http://", "https://", "src=", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.starts_with("<!DOCTYPE html>"));
}

#[test]
fn it_says_first_whether_it_may_be_believed_and_whether_every_tap_arrived() {
    let page = text(&steady());
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words:?}"));
    assert!(at(">Valid<") < at(">Reconciled<") && at(">Reconciled<") < at("Over time"));
    assert!(page.contains("All 2,000 taps arrived once"));
}

#[test]
fn a_difference_stands_at_the_top_with_its_team() {
    let mut run = steady();
    run.teams[1].differences = vec!["3 lost".to_owned()];
    run.verdict.standing = Standing::Invalid;
    run.verdict.reasons = vec![Reason { standing: Standing::Invalid, why: "stood still".to_owned() }];
    let page = text(&run);
    assert!(page.contains("<strong>BRA</strong> 3 lost"));
    assert!(page.contains(">Invalid<") && page.contains("<li>stood still</li>") && page.contains(">Not reconciled<"));
    let (bra, jpn) = (page.find("\">BRA</th>"), page.find("\">JPN</th>"));
    assert!(bra < jpn, "teams that differ come first");
}

#[test]
fn a_percentile_over_time_is_drawn_only_where_enough_samples_lie_beyond_it() {
    // 33 taps a second: seven seconds hold 200 for a median, a minute does not hold 10,000 for p99.
    let page = text(&steady());
    assert!(page.contains("p50 of 8 to 12 s each") && page.contains("p90 of "), "the legend tells of what they are");
    assert!(!page.contains("p99 of "), "no p99 is made up");
    let mut run = steady();
    run.stretches.truncate(2);
    assert!(text(&run).contains("p50: too few taps"));
}

#[test]
fn each_phase_has_its_row_in_what_people_feel_what_the_server_did_and_what_phones_heard() {
    let mut run = steady();
    let mut second = run.phases[1].clone();
    second.phase.name = "goal".to_owned();
    run.phases.insert(2, second);
    let page = text(&run);
    for metric in ["tap to beat", "send to beat", "beat age"] {
        let part = page.split(&format!("{metric} by phase")).nth(1).unwrap_or_else(|| panic!("none of {metric}"));
        let part = part.split("</tbody>").next().unwrap();
        assert!(part.contains(">steady<") && part.contains(">goal<"), "{part}");
    }
}

#[test]
fn what_others_wrote_is_text_and_never_markup() {
    let mut run = steady();
    run.teams[0].name = "\"><script>alert(1)</script>".to_owned();
    run.faults = vec![FaultRecord { fault: Fault::Server, what: "<b>x</b>".to_owned(), times: 1 }];
    let (text, kept, outcome) = ("a < b".to_owned(), false, "no".to_owned());
    run.thresholds = vec![ThresholdRecord { text, value: None, kept, outcome }];
    let page = super::page(&run).into_string();
    assert!(!page.contains("<script") && !page.contains("<b>x") && page.contains("a &lt; b"));
}

#[test]
fn a_run_in_which_nothing_happened_has_a_page_too() {
    let mut run = steady();
    run.phases.clear();
    run.timeline.clear();
    run.teams.clear();
    assert!(text(&run).contains("Nobody tapped"));
    assert!(!text(&run).contains("NaN") && !text(&run).contains("inf "));
}

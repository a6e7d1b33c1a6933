use super::*;
use crate::clock::SECOND;
use crate::record::tests::steady;
use crate::record::{Fault, FaultRecord};

fn parsed(text: &str) -> Result<Threshold, ThresholdError> {
    text.parse()
}

fn judged(text: &str) -> (bool, String) {
    let mut run = steady();
    run.faults.push(FaultRecord { fault: Fault::Policy, what: "closed with 4429".to_owned(), times: 3 });
    run.faults.push(FaultRecord { fault: Fault::Expected, what: "closed with 1000".to_owned(), times: 10 });
    let judged = parsed(text).unwrap().judge(&run);
    (judged.kept, judged.outcome)
}

#[test]
fn a_threshold_is_kept_or_broken_with_the_figure_told() {
    // The run has 2,000 taps of 100 to 299 ms in 60 s, 500 frames, and three refusals by rule.
    for (text, kept, outcome) in [
        ("tap_to_beat.p90 < 300ms", true, "279."),
        ("steady: tap_to_beat.p90 < 270ms", false, "279."),
        ("tap_to_beat.max<=0.3s", true, "299"),
        ("tap_to_beat.p(90) < 300ms", true, "279."),
        ("tap_to_beat.med < 300ms", true, "199."),
        ("send_to_beat.p50 >= 90 ms", true, "99."),
        ("taps.rate > 33", true, "33.33"),
        ("taps == 2_000", true, "2000"),
        ("steady:taps_per_frame <= 3.9", false, "4"),
        ("tap_to_beat.count > 2000", false, "2000"),
        ("errors == 0", false, "3"),
        ("errors.policy <= 3", true, "3"),
        ("errors.server == 0", true, "0"),
        ("lost == 0", true, "0"),
        ("in_doubt < 1", true, "0"),
    ] {
        let (is, told) = judged(text);
        assert_eq!(is, kept, "{text}: {told}");
        assert!(told.starts_with(outcome), "{text}: {told}");
    }
}

#[test]
fn too_few_samples_break_a_threshold_unless_the_longest_keeps_it() {
    assert_eq!(judged("tap_to_beat.p99 < 200ms"), (false, "too few samples to tell: 2000 of 10000".to_owned()));
    assert!(judged("tap_to_beat.p99 < 500ms").0, "299 ms is the longest of all");
    assert!(!judged("tap_to_beat.p99 > 10ms").0, "the longest says nothing about a floor");
    assert!(!judged("feed_age.max < 1s").0, "none at all");
}

#[test]
fn what_is_misspelt_is_an_error_that_names_what_there_is() {
    for (text, wrong) in [
        ("tap_to_beet.p99 < 500ms", "no metric \"tap_to_beet\"; there are: tap_to_beat.p99"),
        ("p95 < 500", "p95 of which? A metric and a dot stand before it, such as 'tap_to_beat.p95 < 500ms'"),
        ("tap_to_beat: p(95) < 500ms", "'tap_to_beat.p(95) < 500ms'"),
        ("tap_to_beat.avg < 500ms", "tap_to_beat has no \"avg\"; it has no average"),
        ("tap_to_beat.p100 < 500ms", "tap_to_beat has no \"p100\""),
        ("tap_to_beat < 500ms", "tap_to_beat has no \"\""),
        ("taps.p99 < 5", "taps has no \"p99\"; it has count, rate"),
        ("errors.mine == 0", "errors has no \"mine\""),
        ("goal: lost == 0", "lost is told of the whole run"),
        ("tap_to_beat.p99 < 500", "\"500\": tap_to_beat.p99 is compared with a time and its unit"),
        ("taps.rate > 5ms", "\"5ms\": taps.rate is compared with a number"),
        ("tap_to_beat.p99", "is no threshold"),
        (": taps > 5", "is no threshold"),
        ("taps >", "is no threshold"),
    ] {
        let error = parsed(text).unwrap_err().to_string();
        assert!(error.contains(wrong), "{text}: {error}");
    }
}

#[test]
fn a_phase_the_run_does_not_measure_is_an_error() {
    let parts = [("warm-up", PhaseKind::WarmUp, SECOND), ("goal", PhaseKind::Measured, SECOND)];
    let phases = Phases::in_a_row(0, parts);
    assert_eq!(parsed("goal: taps > 1").unwrap().check(&phases), Ok(()));
    assert_eq!(parsed("taps > 1").unwrap().check(&phases), Ok(()));
    for phase in ["warm-up", "half-time"] {
        let error = parsed(&format!("{phase}: taps > 1")).unwrap().check(&phases).unwrap_err();
        assert_eq!(error.to_string(), format!("no measured phase {phase:?}; there are: goal"));
    }
}

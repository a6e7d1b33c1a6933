use super::*;
use crate::clock::MILLISECOND;
use crate::measure::spans::Spans;
use crate::record::tests::steady;
use crate::record::{Reason, Standing, ThresholdRecord};

#[test]
fn two_machines_are_their_sum_and_their_histograms_one() {
    let mut slow = steady();
    (0..2_000).for_each(|_| slow.phases[1].book.tap_to_beat.note(900 * MILLISECOND));
    let both = merged(vec![steady(), slow]).unwrap();
    assert_eq!((both.set_up.fans, both.set_up.machines), (20, 2));
    assert_eq!((both.measured().taps, both.measured().tap_to_beat.len()), (4_000, 6_000));
    assert_eq!(both.measured().tap_to_beat.percentile_ms(90.0).map(f64::round), Some(900.0));
    assert_eq!((both.all_teams().due, both.timeline.len(), both.timeline[0].taps), (4_000, 60, 66));
    assert!(both.reconciles());
}

#[test]
fn the_worst_verdict_holds_and_a_surplus_here_pays_for_no_loss_there() {
    let (mut less, mut more) = (steady(), steady());
    (less.teams[0].counted, more.teams[0].counted) = (1_499, 1_501);
    (less.teams[0].differences, more.teams[0].differences) = (vec!["1 lost".into()], vec!["1 too many".into()]);
    more.verdict.standing = Standing::Invalid;
    more.verdict.reasons.push(Reason { standing: Standing::Invalid, why: "stood still".into() });
    let both = merged(vec![less, more]).unwrap();
    assert_eq!(both.teams[0].differences, ["machine 1: 1 lost", "machine 2: 1 too many"]);
    assert_eq!(both.verdict.standing, Standing::Invalid);
    assert_eq!(both.verdict.reasons[0].why, "machine 2: stood still");
}

#[test]
fn teams_of_different_events_stay_apart_and_thresholds_are_judged_anew() {
    let (mut north, mut south) = (steady(), steady());
    south.set_up.event = "south".to_owned();
    let text = "taps > 3000".to_owned();
    north.thresholds = vec![ThresholdRecord { text, value: Some(2e3), kept: false, outcome: "2000".into() }];
    let both = merged(vec![north, south]).unwrap();
    let codes: Vec<_> = both.teams.iter().map(|team| team.code.as_str()).collect();
    assert_eq!(codes, ["demo/JPN", "demo/BRA", "south/JPN", "south/BRA"]);
    assert!(both.thresholds[0].kept, "4,000 taps in all");
}

#[test]
fn runs_of_different_phases_do_not_merge() {
    let mut other = steady();
    other.phases[1].phase.name = "goal".to_owned();
    assert!(merged(vec![steady(), other]).unwrap_err().contains("different phases"));
}

#[test]
fn logs_merge_by_tag() {
    let tagged = |tag: &str, ms: u64| {
        let mut spans = Spans::default();
        spans.note(ms * MILLISECOND);
        Tagged { tag: tag.to_owned(), from: 0.0, length: 1.0, spans }
    };
    let merged = by_tag([tagged("a", 1), tagged("b", 2), tagged("a", 900)].into_iter());
    let lengths: Vec<_> = merged.iter().map(|tagged| (tagged.tag.as_str(), tagged.spans.len())).collect();
    assert_eq!(lengths, [("a", 2), ("b", 1)]);
    let mut text = Vec::new();
    told(&mut text, &merged).unwrap();
    assert!(String::from_utf8(text).unwrap().lines().any(|line| line.contains(" a ") && line.contains("900")));
}

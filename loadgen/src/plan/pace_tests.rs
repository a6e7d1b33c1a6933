use super::*;
use crate::clock::SECOND;

fn wanted<'a>(stages: &'a [Stage], spikes: &'a [Spike], storms: &'a [Storm]) -> Wanted<'a> {
    Wanted {
        fans: 1_000,
        tempo: 6.0,
        share_at_ease: 1.0 / 3.0,
        taps_per_second: Some(600.0),
        warm_up: 5 * SECOND,
        duration: 60 * SECOND,
        stages,
        spikes,
        storms,
    }
}

fn goal() -> Spike {
    "name=goal,at=30s,peak=8x,rise=500ms,hold=10s,decay=15s".parse().unwrap()
}

/// Names with their beginning and end in seconds since the first tap.
fn told(parts: &[Part]) -> Vec<(String, f64, f64)> {
    let mut at = 0;
    let parts = parts.iter().filter(|&&(.., length)| length > 0);
    parts
        .map(|(name, _, length)| {
            at += length;
            (name.clone(), as_seconds(at - length), as_seconds(at))
        })
        .collect()
}

#[test]
fn a_goal_rises_holds_and_decays_to_where_it_came_from() {
    let (pace, parts) = Pace::new(&wanted(&[], &[goal()], &[])).unwrap();
    for (seconds, rate) in [
        (0.0, 600.0),
        (34.9, 600.0),
        (35.25, 2_700.0),
        (35.5, 4_800.0),
        (45.0, 4_800.0),
        (53.0, 2_700.0),
        (61.0, 600.0),
    ] {
        let found = pace.rate(crate::clock::from_seconds(seconds));
        assert!((found - rate).abs() < 1.0, "{found} taps per second at {seconds} s, not {rate}");
    }
    let names = [
        ("warm-up", 0.0, 5.0),
        ("steady", 5.0, 35.0),
        ("goal", 35.0, 45.5),
        ("goal-decay", 45.5, 60.5),
        ("steady", 60.5, 65.0),
    ];
    assert_eq!(told(&parts), names.map(|(name, from, to)| (name.to_owned(), from, to)));
    assert_eq!(pace.length(), 65 * SECOND);
}

#[test]
fn stages_follow_each_other_and_a_storm_cuts_through_them() {
    let stages = ["arrive=10s:0..1k", "20s:2x"].map(|stage| stage.parse().unwrap());
    let storms = ["at=8s,lasts=4s".parse().unwrap()];
    let (pace, parts) = Pace::new(&wanted(&stages, &[], &storms)).unwrap();
    for (seconds, rate) in [(2.0, 0.0), (10.0, 500.0), (14.999, 1_000.0), (15.0, 1_200.0), (34.9, 1_200.0)] {
        let found = pace.rate(crate::clock::from_seconds(seconds));
        assert!((found - rate).abs() < 1.0, "{found} taps per second at {seconds} s, not {rate}");
    }
    let names = [("warm-up", 0.0, 5.0), ("arrive", 5.0, 13.0), ("storm", 13.0, 17.0), ("stage-2", 17.0, 35.0)];
    assert_eq!(told(&parts), names.map(|(name, from, to)| (name.to_owned(), from, to)));
}

#[test]
fn no_share_is_above_the_bound_that_lets_fans_skip_ahead() {
    let stages = ["10s:0..1k", "50s:1k..200"].map(|stage| stage.parse().unwrap());
    let spike = Spike { at: 20 * SECOND, peak: Rate::PerSecond(5_000.0), ..goal() };
    let (pace, _) = Pace::new(&wanted(&stages, &[spike], &[])).unwrap();
    for from in (0..pace.length()).step_by(700_000_000) {
        let to = from + 2 * SECOND;
        let most = (from..to).step_by(50_000_000).map(|at| pace.share(at)).fold(0.0, f64::max);
        assert!(most <= pace.share_max(from, to) + 1e-12, "{most} at {from}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do_about_it() {
    let refused = |stages: &[Stage], spikes: &[Spike], storms: &[Storm]| {
        Pace::new(&wanted(stages, spikes, storms)).unwrap_err().to_string()
    };
    let too_high = Spike { peak: Rate::Times(12.0), ..goal() };
    assert_eq!(
        refused(&[], &[too_high], &[]),
        "7.2 taps per second and fan, 30.5 s in: this profile sustains 6; take at least 1200 fans"
    );
    let late = Spike { at: 50 * SECOND, ..goal() };
    let words = "goal-decay would last until 75.5 s, and the run only lasts 60.0 s (--duration, or its stages)";
    assert_eq!(refused(&[], &[late], &[]), words);
    let storms = ["at=35s".parse().unwrap()];
    assert_eq!(refused(&[], &[goal()], &storms), "goal and storm overlap: only one thing happens at a time");
}

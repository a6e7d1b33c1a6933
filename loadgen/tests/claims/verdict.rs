//! The line that decides. That it finds one tap too few or too many is claimed in `sink`.

use std::time::Duration;

use crate::fake::{Fake, Faults};
use crate::load::crowd_at;

#[test]
fn a_server_that_counts_right_reconciles() {
    let ran = crowd_at(&Fake::start(Faults::default()), &[]);
    ran.assert_exact();
    assert_eq!(ran.closes(1000), 60, "everyone said goodbye and was answered\n{}", ran.report);
    assert_eq!(ran.books("all")[6], 0, "nothing is in doubt");
    assert!(ran.longest_ms() < 700.0, "{}", ran.report);
    assert!(!ran.says("oddities"), "{}", ran.report);
}

#[test]
fn a_second_s_stall_of_the_server_shows_in_tap_to_beat() {
    let ran = crowd_at(&Fake::start(Faults { stalls_for: Some(Duration::from_secs(1)), ..Faults::default() }), &[]);
    ran.assert_exact();
    assert!(ran.longest_ms() >= 900.0, "{}", ran.report);
}

#[test]
fn an_idle_crowd_has_nothing_to_reconcile() {
    let ran = crowd_at(&Fake::start(Faults::default()), &["-q", "0", "-z", "1s"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert_eq!(ran.books("all"), [0; 7]);
}

#[test]
fn the_same_seed_sends_the_same_taps_for_the_same_teams_on_any_number_of_workers_and_processes() {
    let due = |seed, workers, procs| {
        let words = ["--seed", seed, "--workers", workers, "--procs", procs, "-z", "1s"];
        let ran = crowd_at(&Fake::start(Faults::default()), &words);
        assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
        ["JPN", "BRA", "FRA", "KEN", "USA"].map(|team| ran.books(team)[0])
    };
    let (one, two, other) = (due("7", "1", "1"), due("7", "2", "3"), due("8", "2", "auto"));
    assert_eq!(one, two);
    assert_ne!(one, other);
}

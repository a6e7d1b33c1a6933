//! Cohorts that misbehave: what was declared is no error, and what was not is one.

use crate::fake::{Fake, Faults};
use crate::load::crowd_at;
use crate::sink::Sink;

#[test]
fn nonsense_slow_readers_and_torn_handshakes_end_as_declared_and_hurt_nobody() {
    let sink = Sink::start(&[]);
    let ran = sink.load(&["-c", "50", "-q", "100", "--garbage", "7", "--slow-readers", "3", "--half-open", "3"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    for words in [
        "each closed with its code: as declared",
        "a torn CHEER: closed with 4500",
        "an unmasked frame: closed with 1002",
        "left behind, connected x 3",
        "honest fans  unhurt",
    ] {
        assert!(ran.says(words), "{words:?} is not in:\n{}", ran.report);
    }
}

#[test]
fn slow_readers_that_are_closed_with_4408_came_to_what_was_declared() {
    let fake = Fake::start(Faults { closes_the_mute_after: Some(60), ..Faults::default() });
    let ran = crowd_at(&fake, &["--slow-readers", "4", "-z", "4s"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    for words in ["slow readers  4, ", "closed with 4408 x 4", "honest fans  unhurt"] {
        assert!(ran.says(words), "{words:?} is not in:\n{}", ran.report);
    }
}

#[test]
fn a_server_that_lets_a_flood_pass_and_counts_bots_as_they_tap_is_told_so() {
    let ran = Sink::start(&[]).load(&["-c", "50", "-q", "100", "--flood", "2", "--bots", "2", "-z", "5s"]);
    assert_eq!(ran.code, 99, "{}{}", ran.report, ran.errors);
    for words in ["not stopped within 3 s x", "taps counted beyond a human's x", "RECONCILED  every tap"] {
        assert!(ran.says(words), "{words:?} is not in:\n{}", ran.report);
    }
}

#[test]
fn bots_are_shadowed_and_their_taps_are_in_the_books() {
    let ran = crowd_at(&Fake::start(Faults::default()), &["--bots", "2", "-z", "4s"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let [due, sent, counted, shadowed, late, published, _] = ran.books("all");
    assert!(shadowed > 50, "{}", ran.report);
    assert_eq!([sent, counted + shadowed, published], [due, due - late, counted], "{}", ran.report);
    assert!(ran.says("connected to the end x 2"), "{}", ran.report);
}

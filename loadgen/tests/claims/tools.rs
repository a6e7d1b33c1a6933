//! The small tools, each against a sink.

use crate::load::{Ran, beat_load_with};
use crate::refusals::unused_address;
use crate::sink::Sink;

fn at(tool: &str, sink: &Sink, words: &[&str]) -> Ran {
    beat_load_with(&[&[tool, "--url", &format!("ws://{}", sink.address)], words].concat())
}

#[test]
fn a_probe_tells_every_step_of_a_tap_s_way() {
    let sink = Sink::start(&[]);
    let ran = at("probe", &sink, &["--team", "T007"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    for step in ["name", "fan: handshake", "fan: welcome", "tap: in a beat on the display feed", "goodbye"] {
        assert!(ran.says(&format!("ms  {step}")), "{step}: {}", ran.report);
    }
    assert!(ran.says("OK  a tap for T007 was in beat"), "{}", ran.report);
    let ran = at("probe", &sink, &["--json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.report).unwrap();
    assert_eq!((&answer["ok"], &answer["shared"]), (&true.into(), &false.into()), "{answer}");
    assert_ne!(answer["team"], "T007", "the next is for a team with fewer taps");
    assert!((0.1..1_000.0).contains(&answer["took_ms"].as_f64().unwrap()), "{answer}");
}

#[test]
fn a_probe_that_only_watches_adds_no_tap() {
    let sink = Sink::start(&[]);
    assert_eq!(at("probe", &sink, &["--watch"]).code, 0);
    let ran = at("verify", &sink, &["--admin", &format!("http://{}", sink.address), "--lag", "200ms", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.report).unwrap();
    assert_eq!(answer["agree"], true, "{answer}");
    let taps = answer["teams"].as_array().unwrap().iter().map(|team| team["published"].as_u64().unwrap());
    assert_eq!(taps.sum::<u64>(), 0);
}

#[test]
fn a_probe_that_is_too_slow_exits_99_and_one_that_cannot_go_on_3() {
    let sink = Sink::start(&[]);
    let ran = at("probe", &sink, &["--within", "1us"]);
    assert_eq!(ran.code, 99, "{}{}", ran.report, ran.errors);
    assert!(ran.says("TOO LATE"), "{}", ran.report);
    let ran = at("probe", &sink, &["--team", "NONE"]);
    assert_eq!((ran.code, ran.errors.trim()), (3, "beat-load: NONE is not in the roster"));
    let ran = beat_load_with(&["probe", "--url", &format!("ws://{}", unused_address())]);
    assert_eq!(ran.code, 3, "{}", ran.errors);
}

#[test]
fn verify_compares_the_books_of_an_event_and_names_the_team_that_is_wrong() {
    let sink = Sink::start(&[]);
    assert_eq!(at("probe", &sink, &["--team", "T003"]).code, 0);
    let ran = at("verify", &sink, &["--admin", &format!("http://{}", sink.address), "--lag", "200ms"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.says("AGREED") && !ran.says("NOT AGREED"), "{}", ran.report);
    // The metrics of another server, which has counted nothing.
    let other = Sink::start(&[]);
    let ran = at("verify", &sink, &["--admin", &format!("http://{}", other.address), "--lag", "200ms"]);
    assert_eq!(ran.code, 98, "{}{}", ran.report, ran.errors);
    assert!(ran.says("T003") && ran.says("1 published, not counted"), "{}", ran.report);
}

#[test]
fn doctor_says_what_fits_and_exits_3_where_it_does_not() {
    let ran = beat_load_with(&["doctor", "--json", "-c", "1"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let answer: serde_json::Value = serde_json::from_str(&ran.report).unwrap();
    assert!(answer["holds"].as_u64().unwrap() > 100, "{answer}");
    let ran = beat_load_with(&["doctor", "-c", "100000000"]);
    assert_eq!(ran.code, 3, "{}", ran.report);
    assert!(ran.says("do NOT fit"), "{}", ran.report);
}

//! The sink as the other end of a run: right by default, wrong on request, and found out.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::load::{Ran, beat_load};

/// A sink process that ends with its test.
pub(crate) struct Sink {
    process: Child,
    pub(crate) address: String,
}

impl Sink {
    pub(crate) fn start(words: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_beat-load"))
            .args(["sink", "--listen", "127.0.0.1:0", "--for", "60s", "--teams", "20"])
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("ws://").unwrap().to_owned();
        Self { process, address }
    }

    /// `run` against it.
    pub(crate) fn load(&self, words: &[&str]) -> Ran {
        let (url, admin) = (format!("ws://{}", self.address), format!("http://{}", self.address));
        beat_load(&[&["--url", &url, "--admin", &admin, "-z", "2s", "--settle", "2s"], words].concat())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Four hundred fans, 2,000 taps a second: more than 3,000 and less than 6,000 taps in two seconds.
const CROWD: [&str; 4] = ["-c", "400", "-q", "2000"];

#[test]
fn a_run_against_a_sink_reconciles_where_two_threads_count() {
    let ran = Sink::start(&["--threads", "2"]).load(&CROWD);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let [due, sent, counted, .., published, _] = ran.books("all");
    assert!((3_000..6_000).contains(&due), "{due} taps");
    assert_eq!([sent, counted, published], [due; 3], "{}", ran.report);
    assert!(!ran.says("oddities"), "{}", ran.report);
}

#[test]
fn a_sink_that_drops_one_tap_in_three_thousand_is_found_out_and_the_team_named() {
    let ran = Sink::start(&["--drop-one-in", "3000"]).load(&CROWD);
    assert_eq!(ran.code, 98, "{}{}", ran.report, ran.errors);
    assert!(ran.verdict_names_a_team(": 1 lost"), "{}", ran.report);
}

#[test]
fn a_sink_that_doubles_one_tap_in_three_thousand_is_found_out_and_the_team_named() {
    let ran = Sink::start(&["--double-one-in", "3000"]).load(&CROWD);
    assert_eq!(ran.code, 98, "{}{}", ran.report, ran.errors);
    assert!(ran.verdict_names_a_team(": 1 too many"), "{}", ran.report);
}

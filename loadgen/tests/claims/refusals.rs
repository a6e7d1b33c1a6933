//! What is not run, and by which exit code one can tell.

use std::net::{SocketAddr, TcpListener};

use crate::fake::{Fake, Faults};
use crate::load::{beat_load, crowd_at};

/// An address of this machine at which nobody listens.
pub(crate) fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn somebody_else_s_machine_is_not_loaded_unasked() {
    // 192.0.2.0/24 is reserved for documentation: nobody is there.
    let ran = beat_load(&["--url", "ws://192.0.2.1:80", "-c", "101"]);
    assert_eq!(ran.code, 2);
    assert!(ran.errors.contains("--i-own-this-target"), "{}", ran.errors);
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    for words in [
        &["--url", "ftp://127.0.0.1"][..],
        &["-c", "10", "-q", "1000"],
        &["-c", "0"],
        &["-q", "-1"],
        &["-z", "soon"],
        &["--event", "No Event"],
        &["--no-such-flag"],
    ] {
        assert_eq!(beat_load(words).code, 2, "{words:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_a_set_up_error() {
    let unused = unused_address();
    let ran = beat_load(&["--url", &format!("ws://{unused}")]);
    assert_eq!(ran.code, 3);
    assert!(ran.errors.contains("/v1/events/demo") && ran.errors.contains("--url says where"), "{}", ran.errors);
}

#[test]
fn metrics_that_are_not_there_are_a_set_up_error() {
    let fake = Fake::start(Faults::default());
    let unused = unused_address();
    let ran = beat_load(&["--url", &format!("ws://{}", fake.address), "--admin", &format!("http://{unused}")]);
    assert_eq!(ran.code, 3);
    assert!(ran.errors.contains("/metrics") && ran.errors.contains("--admin says where"), "{}", ran.errors);
}

#[test]
fn one_gateway_of_two_that_is_not_there_is_a_set_up_error() {
    let (fake, unused) = (Fake::start(Faults::default()), unused_address());
    let (here, there) = (format!("ws://{}", fake.address), format!("ws://{unused}"));
    let admin = format!("http://{}", fake.address);
    let ran = beat_load(&["--url", &here, "--url", &there, "--admin", &admin]);
    assert_eq!(ran.code, 3, "{}", ran.report);
    assert!(ran.errors.contains(&unused.to_string()), "{}", ran.errors);
}

#[test]
fn a_word_of_another_load_generator_is_answered_with_the_flag_that_does_the_same() {
    for (words, flag) in [(["--vus", "10"], "--fans"), (["--rps", "10"], "-q 5k"), (["--out", "x.json"], "-o run.json")]
    {
        let ran = beat_load(&words);
        assert_eq!(ran.code, 2);
        assert!(ran.errors.contains(flag), "{words:?}: {}", ran.errors);
    }
}

#[test]
fn fans_that_are_all_refused_are_a_set_up_error_that_names_the_code() {
    let ran = crowd_at(&Fake::start(Faults { refuses: Some(4503), ..Faults::default() }), &[]);
    assert_eq!(ran.code, 3, "{}", ran.report);
    assert!(ran.errors.contains("closed with 4503 (60 times), not allowed"), "{}", ran.errors);
}

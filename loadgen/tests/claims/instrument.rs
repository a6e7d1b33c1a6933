//! The instrument itself: it shows stalls where they belong, and says when it is none.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::fake::{Fake, Faults};
use crate::load::crowd_at;

const PAUSE: Duration = Duration::from_secs(2);

#[test]
fn a_server_that_pauses_two_seconds_shows_in_tap_to_beat_and_not_in_the_service_time() {
    let fake = Fake::start(Faults { stalls_for: Some(PAUSE), ..Faults::default() });
    // A sixth of the taps waits longer than a second; of those who send and wait for the answer hardly one in twenty.
    let demands = ["tap_to_beat.p88 > 1s", "tap_to_beat.max > 1.9s", "send_to_beat.p88 < 700ms"];
    let demands = demands.map(|demand| ["-t", demand]).concat();
    let ran = crowd_at(&fake, &[&["-c", "150", "-q", "500", "-z", "6s"], &demands[..]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.says("RECONCILED  every tap"), "{}", ran.report);
}

#[test]
fn a_worker_process_that_is_stopped_makes_the_run_invalid() {
    let fake = Fake::start(Faults::default());
    let (url, admin) = (format!("ws://{}", fake.address), format!("http://{}", fake.address));
    let run = Command::new(env!("CARGO_BIN_EXE_beat-load"))
        .args(["run", "-c", "40", "-q", "150", "-z", "4s", "--procs", "2", "--url", &url, "--admin", &admin])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    fake.wait_for_a_tap();
    let worker = children(run.id()).pop().expect("two processes carry the fans");
    kill_process(worker, Signal::STOP).unwrap();
    std::thread::sleep(PAUSE);
    kill_process(worker, Signal::CONT).unwrap();
    let output = run.wait_with_output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(97), "{report}");
    assert!(report.contains("INVALID  the generator"), "{report}");
    for reason in ["stood still for", "a worker said nothing for"] {
        assert!(report.contains(reason), "no {reason:?} in\n{report}");
    }
}

/// Processes that `parent` started.
fn children(parent: u32) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let of_threads = fs::read_dir(format!("/proc/{parent}/task"))
        .unwrap()
        .filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).ok());
    let text = list.into_iter().chain(of_threads).collect::<Vec<_>>().join(" ");
    text.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

//! Ctrl-C, on a terminal and elsewhere: the report so far, and the terminal as it was.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::sink::Sink;

const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any test waits. On a terminal words are looked for one by one: blanks are skipped, not written.
const RUN: [&str; 8] = ["run", "-c", "40", "-q", "100", "-z", "60s", "--url"];

fn run_at(sink: &Sink, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beat-load"));
    command.args(RUN).arg(format!("ws://{}", sink.address)).arg("--admin").arg(format!("http://{}", sink.address));
    command.args(words).stdout(Stdio::piped());
    command
}

/// What the program says, chunk by chunk, so that a test waits for words and not for time.
fn said(mut from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (to, chunks) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if to.send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    chunks
}

#[track_caller]
fn wait_for(words: &str, chunks: &Receiver<Vec<u8>>, seen: &mut String) {
    let end = Instant::now() + PATIENCE;
    while !seen.contains(words) {
        match chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(chunk) => seen.push_str(&String::from_utf8_lossy(&chunk)),
            Err(_) => panic!("{words:?} did not come within {PATIENCE:?}"),
        }
    }
}

fn report_of(mut run: Child) -> (Option<i32>, String) {
    let mut report = String::new();
    run.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    (run.wait().unwrap().code(), report)
}

#[track_caller]
fn assert_is_the_report_so_far((code, report): (Option<i32>, String)) {
    assert_eq!(code, Some(130), "{report}");
    assert!(report.contains("INTERRUPTED after"), "{report}");
    assert!(report.contains("RECONCILED  every tap"), "what was sent until then is in all books\n{report}");
}

#[test]
fn ctrl_c_ends_a_run_of_two_processes_with_the_report_so_far() {
    let sink = Sink::start(&[]);
    let mut run = run_at(&sink, &["--procs", "2"]).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let under_way = lines.map_while(Result::ok).find(|line| line.contains("steady"));
    assert!(under_way.is_some(), "it never began to tap");
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    assert_is_the_report_so_far(report_of(run));
}

#[test]
fn what_waited_for_the_cadence_at_ctrl_c_is_still_sent() {
    // A CHEER every two seconds: of a fan that taps five times in two seconds some always wait.
    let sink = Sink::start(&["--cadence", "2s"]);
    let mut run = run_at(&sink, &[]).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(run.stderr.take().unwrap()).lines();
    let mut under_way = lines.map_while(Result::ok).filter(|line| line.contains("steady"));
    assert!(under_way.nth(1).is_some(), "it never came to the second line of it, five seconds later");
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    let (code, report) = report_of(run);
    let a_frame = report.split(" taps a frame").next().and_then(|before| before.rsplit(' ').next()?.parse().ok());
    assert!(a_frame.is_some_and(|taps: f64| taps > 2.0), "they wait for the cadence\n{report}");
    assert_is_the_report_so_far((code, report));
}

/// A terminal of 100 by 30: the side that is typed on and read from, and the name of the other.
fn terminal() -> (File, String) {
    let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keys).unwrap();
    unlockpt(&keys).unwrap();
    tcsetwinsize(&keys, Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&keys, Vec::new()).unwrap().into_string().unwrap();
    (File::from(keys), name)
}

#[test]
fn on_a_terminal_there_is_a_screen_and_ctrl_c_gives_the_terminal_back() {
    let sink = Sink::start(&[]);
    let (mut keys, name) = terminal();
    let side = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
    let run = run_at(&sink, &[]).stdin(side()).stderr(side()).spawn().unwrap();
    let chunks = said(keys.try_clone().unwrap());
    let mut seen = String::new();
    for words in ["\u{1b}[?1049h", "loudest", "steady", "T0"] {
        wait_for(words, &chunks, &mut seen);
    }
    keys.write_all(b"\x03").unwrap();
    wait_for("\u{1b}[?1049l", &chunks, &mut seen);
    assert_is_the_report_so_far(report_of(run));
}

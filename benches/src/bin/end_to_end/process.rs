//! The process that is measured: the gateway, or the floor.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};

use crate::{CROWD_CORE, SERVER_CORE};

/// Limits of the gateway that a bench goes beyond: a fan who sends 4,000 frames a second is no fan.
const RAISED: [(&str, &str); 7] = [
    ("BEAT_LIMITS_CONNECTIONS", "19500"),
    ("BEAT_LIMITS_FRAMES_PER_SECOND", "4000000"),
    ("BEAT_LIMITS_FRAMES_BURST", "4000000"),
    ("BEAT_LIMITS_BYTES_PER_SECOND", "400000000"),
    ("BEAT_LIMITS_BYTES_BURST", "400000000"),
    ("BEAT_LIMITS_TAPS_PER_SECOND", "1000000"),
    ("BEAT_LIMITS_TAPS_BURST", "4000000"),
];
const START_DEADLINE: Duration = Duration::from_secs(10);

/// It, until dropped.
pub(crate) struct Process {
    child: Child,
    /// Where fans come in.
    pub(crate) port: u16,
    counts: Counter,
}

/// Where its counts are asked for.
enum Counter {
    Metrics(u16),
    Pipe(ChildStdin, BufReader<ChildStdout>),
}

/// Since it began.
#[derive(Debug)]
pub(crate) struct Counts {
    pub(crate) frames_in: u64,
    pub(crate) taps: u64,
    pub(crate) frames_out: u64,
    pub(crate) bytes_out: u64,
}

/// Lets this thread, and what it starts, run on one core only.
pub(crate) fn pin_to(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

impl Process {
    /// The gateway beside this program, with one shard and its limits raised.
    pub(crate) fn gateway() -> io::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("beat-server");
        if !program.is_file() {
            return Err(io::Error::other("there is no gateway: cargo build --release -p beat-server"));
        }
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", "memory", "--shards", "1"]);
        command.args(["--log", "warn"]).envs(RAISED);
        let (child, _, mut said) = start(&mut command)?;
        let (port, admin) = (port_of(&mut said)?, port_of(&mut said)?);
        let gateway = Self { child, port, counts: Counter::Metrics(admin) };
        let began = Instant::now();
        while get(admin, "/readyz").is_ok_and(|page| !page.starts_with("HTTP/1.1 200")) {
            if began.elapsed() > START_DEADLINE {
                return Err(io::Error::other("the gateway does not become ready"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(gateway)
    }

    /// The floor, which sends frames of `frame_bytes`.
    pub(crate) fn floor(frame_bytes: usize) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let (child, stdin, mut said) = start(command.args(["floor", &frame_bytes.to_string()]))?;
        let port = port_of(&mut said)?;
        Ok(Self { child, port, counts: Counter::Pipe(stdin, said) })
    }

    /// What it has done so far, by its own word.
    pub(crate) fn counts(&mut self) -> io::Result<Counts> {
        match &mut self.counts {
            Counter::Metrics(admin) => {
                let page = get(*admin, "/metrics")?;
                let sum = |name: &str| {
                    let samples = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
                    samples.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
                };
                Ok(Counts {
                    frames_in: sum("beat_frames_in_total"),
                    taps: sum("beat_taps_total"),
                    frames_out: sum("beat_beats_out_total"),
                    bytes_out: sum("beat_bytes_out_total"),
                })
            }
            Counter::Pipe(stdin, said) => {
                stdin.write_all(b"?\n")?;
                let mut line = String::new();
                said.read_line(&mut line)?;
                let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
                let [frames_in, taps, frames_out, bytes_out] = numbers[..] else {
                    return Err(io::Error::other(format!("the floor says {line:?}")));
                };
                Ok(Counts { frames_in, taps, frames_out, bytes_out })
            }
        }
    }

    /// CPU time of all its threads, user and system.
    pub(crate) fn cpu_nanoseconds(&self) -> io::Result<f64> {
        let mut all = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let spent = std::fs::read_to_string(task?.path().join("schedstat"))?;
            all += spent.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(all as f64)
    }

    /// Memory it holds.
    pub(crate) fn resident_bytes(&self) -> io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().map_err(io::Error::other)?;
        Ok(kilobytes * 1_024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Refused only where it has ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start(command: &mut Command) -> io::Result<(Child, ChildStdin, BufReader<ChildStdout>)> {
    pin_to(SERVER_CORE)?;
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    pin_to(CROWD_CORE)?;
    let mut child = started?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("no pipes"));
    };
    Ok((child, stdin, BufReader::new(stdout)))
}

/// The last number of the next line: a port, whether alone or at the end of an address.
fn port_of(said: &mut impl BufRead) -> io::Result<u16> {
    let mut line = String::new();
    said.read_line(&mut line)?;
    let digits = line.trim().trim_end_matches('/').rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().map_err(|_| io::Error::other(format!("no port in {line:?}")))
}

fn get(port: u16, path: &str) -> io::Result<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut page = String::new();
    socket.read_to_string(&mut page)?;
    Ok(page)
}

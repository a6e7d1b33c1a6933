//! The process that is measured: the gateway, or the floor.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

use crate::book::refuse;
use crate::secured::{Trust, certify};
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
    /// Whom they believe, where that speaks TLS.
    pub(crate) trust: Option<Trust>,
    /// Its certificate.
    folder: Option<TempDir>,
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

/// Lets this thread, and what it starts, run on the crowd's core only.
pub(crate) fn pin_crowd() -> io::Result<()> {
    pin_to(CROWD_CORE)
}

fn pin_to(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}

/// CPU time of this program so far, all its threads.
pub(crate) fn own_cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

impl Process {
    /// The gateway beside this program, with one shard, its store in memory and its limits raised.
    pub(crate) fn gateway() -> io::Result<Self> {
        Self::start(command()?.args(["--store", "memory"]).envs(RAISED))
    }

    /// The same, which speaks TLS and nothing else, to fans who have been there before or have not.
    pub(crate) fn secured(comes_back: bool) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let trust = certify(folder.path(), comes_back)?;
        let files = [("BEAT_TLS_CERTIFICATE", "server.pem"), ("BEAT_TLS_KEY", "server.key")];
        let files = files.map(|(name, file)| (name, folder.path().join(file)));
        let mut gateway =
            Self::start(command_at("https://127.0.0.1:0")?.args(["--store", "memory"]).envs(RAISED).envs(files))?;
        (gateway.trust, gateway.folder) = (Some(trust), Some(folder));
        Ok(gateway)
    }

    /// The same with the events of a file.
    pub(crate) fn gateway_of(events: &Path) -> io::Result<Self> {
        Self::start(command()?.arg("--config").arg(events).args(["--store", "memory"]).envs(RAISED))
    }

    /// As it comes, on one shard: its own limits, its totals committed to a file in `folder`.
    pub(crate) fn as_it_comes(folder: &Path) -> io::Result<Self> {
        Self::start(command()?.arg("--store").arg(format!("embedded:{}/", folder.display())))
    }

    fn start(command: &mut Command) -> io::Result<Self> {
        let (child, _, mut said) = start(command)?;
        let (port, admin) = (port_of(&mut said)?, port_of(&mut said)?);
        let gateway = Self { child, port, trust: None, folder: None, counts: Counter::Metrics(admin) };
        let began = Instant::now();
        while get(admin, "/readyz").is_ok_and(|page| !page.starts_with("HTTP/1.1 200")) {
            if began.elapsed() > START_DEADLINE {
                return refuse("the gateway does not become ready");
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
        Ok(Self { child, port, trust: None, folder: None, counts: Counter::Pipe(stdin, said) })
    }

    /// What it has done so far, by its own word.
    pub(crate) fn counts(&mut self) -> io::Result<Counts> {
        match &mut self.counts {
            Counter::Metrics(admin) => {
                let page = get(*admin, "/metrics")?;
                let sum = |name: &str, label: &str| {
                    let samples = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
                    let wanted = samples.filter(|line| line.contains(label));
                    wanted.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
                };
                Ok(Counts {
                    frames_in: sum("beat_frames_in_total", ""),
                    taps: sum("beat_taps_total", "fate=\"counted\""),
                    frames_out: sum("beat_beats_out_total", ""),
                    bytes_out: sum("beat_bytes_out_total", ""),
                })
            }
            Counter::Pipe(stdin, said) => {
                stdin.write_all(b"?\n")?;
                let mut line = String::new();
                said.read_line(&mut line)?;
                let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
                let [frames_in, taps, frames_out, bytes_out] = numbers[..] else {
                    return refuse(format!("the floor says {line:?}"));
                };
                Ok(Counts { frames_in, taps, frames_out, bytes_out })
            }
        }
    }

    /// A number of the gateway's that stands alone on its page.
    pub(crate) fn metric(&self, name: &str) -> io::Result<f64> {
        let Counter::Metrics(admin) = self.counts else { return refuse("the floor has no metrics") };
        let page = get(admin, "/metrics")?;
        let number = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        number.map_or_else(|| refuse(format!("there is no metric {name}")), Ok)
    }

    /// The body of a page that anybody may see.
    pub(crate) fn page(&self, path: &str) -> io::Result<String> {
        let page = get(self.port, path)?;
        match page.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.to_owned()),
            _ => refuse(page),
        }
    }

    /// CPU time of all its threads, user and system.
    pub(crate) fn cpu_nanoseconds(&self) -> io::Result<f64> {
        self.cpu_nanoseconds_of("")
    }

    /// The same of the threads whose names begin so.
    pub(crate) fn cpu_nanoseconds_of(&self, name: &str) -> io::Result<f64> {
        let (mut all, mut threads) = (0, 0);
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let task = task?.path();
            if std::fs::read_to_string(task.join("comm"))?.starts_with(name) {
                let spent = std::fs::read_to_string(task.join("schedstat"))?;
                all += spent.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
                threads += 1;
            }
        }
        if threads == 0 { refuse(format!("there is no thread {name}")) } else { Ok(all as f64) }
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

fn command() -> io::Result<Command> {
    command_at("127.0.0.1:0")
}

fn command_at(listen: &str) -> io::Result<Command> {
    let program = std::env::current_exe()?.with_file_name("beat-server");
    if !program.is_file() {
        return refuse("there is no gateway: cargo build --release -p beat-server");
    }
    let mut command = Command::new(program);
    command.args(["--listen", listen, "--admin", "127.0.0.1:0", "--shards", "1", "--log", "warn"]);
    Ok(command)
}

fn start(command: &mut Command) -> io::Result<(Child, ChildStdin, BufReader<ChildStdout>)> {
    pin_to(SERVER_CORE)?;
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    pin_to(CROWD_CORE)?;
    let mut child = started?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return refuse("no pipes");
    };
    Ok((child, stdin, BufReader::new(stdout)))
}

/// The last number of the next line: a port, whether alone or at the end of an address.
fn port_of(said: &mut impl BufRead) -> io::Result<u16> {
    let mut line = String::new();
    said.read_line(&mut line)?;
    let digits = line.trim().trim_end_matches('/').rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().or_else(|_| refuse(format!("no port in {line:?}")))
}

fn get(port: u16, path: &str) -> io::Result<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.write_all(format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut page = String::new();
    socket.read_to_string(&mut page)?;
    Ok(page)
}

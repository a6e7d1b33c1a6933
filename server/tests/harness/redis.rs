//! A Redis of our own: a private process on a free port, with nothing kept on disk.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{until, within};

/// A running Redis; killed when dropped.
pub(crate) struct Redis {
    address: SocketAddr,
    process: Child,
}

impl Redis {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self::start_at(free).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let program = std::env::var("BEAT_TEST_REDIS").unwrap_or_else(|_| "redis-server".into());
        let process = Command::new(&program)
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir", "/tmp", "--maxmemory-policy", "noeviction"])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; install Debian's package redis-server"));
        until("Redis answers", async || TcpStream::connect(address).await.ok()).await;
        Self { address, process }
    }

    /// Ends it as a power cut would and starts another, which knows nothing, in its place.
    pub(crate) async fn restart_empty(self) -> Self {
        let Self { address, mut process } = self;
        process.start_kill().unwrap();
        within("Redis ends", process.wait()).await.unwrap();
        Self::start_at(address).await
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.process.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Its address, for `--store`.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sum of a sorted set's scores.
    pub(crate) async fn sum_of(&self, key: &str) -> u64 {
        let answer = self.answer(&format!("ZRANGE {key} 0 -1 WITHSCORES")).await;
        let words = answer.lines().filter(|line| !line.starts_with(['*', '$', '+']));
        words.skip(1).step_by(2).map(|score| score.parse::<u64>().unwrap()).sum()
    }

    /// Says one inline command, and gives the first line of the answer.
    pub(crate) async fn say(&self, command: &str) -> String {
        self.answer(command).await.lines().next().unwrap_or_default().to_owned()
    }

    async fn answer(&self, command: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        within("Redis answers", socket.read_to_string(&mut answer)).await.unwrap();
        answer
    }
}

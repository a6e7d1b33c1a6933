//! A Redis of our own: a private process on a free port, with nothing kept on disk.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{until, within};

/// An address that is free just now, and whose neighbour 10,000 further on, the bus of a cluster, is one as well.
fn free() -> SocketAddr {
    let addresses = std::iter::repeat_with(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    addresses.into_iter().find(|address| address.port() < 55_000).unwrap()
}

/// A running Redis; killed when dropped.
pub(crate) struct Redis {
    address: SocketAddr,
    process: Child,
    /// A replica writes down what it copies, one of a cluster whom it knows.
    _folder: TempDir,
}

impl Redis {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more of its settings.
    pub(crate) async fn start_with(settings: &[&str]) -> Self {
        Self::start_at(free(), &[], settings).await
    }

    /// One of a cluster, where it is still to meet the others.
    pub(crate) async fn in_a_cluster() -> Self {
        Self::start_with(&["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"]).await
    }

    /// A sentinel that looks after `primary` under the name `service`.
    pub(crate) async fn sentinel_of(primary: &Self, service: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let config = format!(
            "sentinel monitor {service} 127.0.0.1 {} 1\nsentinel down-after-milliseconds {service} 500\n\
             sentinel failover-timeout {service} 3000\n",
            primary.port()
        );
        std::fs::write(&file, config).unwrap();
        let mut sentinel = Self::start_at(free(), &[file.to_str().unwrap(), "--sentinel"], &[]).await;
        // It writes into its file.
        sentinel._folder = folder;
        sentinel
    }

    async fn start_at(address: SocketAddr, first: &[&str], settings: &[&str]) -> Self {
        let is_sentinel = !first.is_empty();
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_str().unwrap();
        let keeps_nothing = ["--save", "", "--appendonly", "no", "--dir", dir, "--maxmemory-policy", "noeviction"];
        let program = std::env::var("BEAT_TEST_REDIS").unwrap_or_else(|_| "redis-server".into());
        let process = Command::new(&program)
            .args(first)
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(if is_sentinel { &[] } else { &keeps_nothing[..] })
            .args(settings)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; install Debian's package redis-server"));
        until("Redis answers", async || TcpStream::connect(address).await.ok()).await;
        Self { address, process, _folder: folder }
    }

    /// Ends it as a power cut would and starts another, which knows nothing, in its place.
    pub(crate) async fn restart_empty(self) -> Self {
        let Self { address, mut process, .. } = self;
        process.start_kill().unwrap();
        within("Redis ends", process.wait()).await.unwrap();
        Self::start_at(address, &[], &[]).await
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

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sum of a sorted set's scores.
    pub(crate) async fn sum_of(&self, key: &str) -> u64 {
        let answer = self.ask(&format!("ZRANGE {key} 0 -1 WITHSCORES")).await;
        let words = answer.lines().filter(|line| !line.starts_with(['*', '$', '+']));
        words.skip(1).step_by(2).map(|score| score.parse::<u64>().unwrap()).sum()
    }

    /// Says one inline command, and gives the first line of the answer.
    pub(crate) async fn say(&self, command: &str) -> String {
        self.ask(command).await.lines().next().unwrap_or_default().to_owned()
    }

    /// Says one inline command, and gives the answer as it comes over the wire.
    pub(crate) async fn ask(&self, command: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.unwrap();
        // A sentinel knows no QUIT.
        socket.shutdown().await.unwrap();
        let mut answer = String::new();
        within("Redis answers", socket.read_to_string(&mut answer)).await.unwrap();
        answer
    }
}

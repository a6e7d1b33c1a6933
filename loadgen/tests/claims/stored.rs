//! The store as the last book, on a real Redis: alone, as a cluster of one, and as the primary that a sentinel names.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Client, Connection};
use tempfile::TempDir;

use crate::load::{Ran, beat_load_with};
use crate::refusals::unused_address;
use crate::sink::Sink;

const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis in memory that ends with its test.
struct Store {
    process: Child,
    address: String,
    connection: Connection,
    _folder: TempDir,
}

impl Store {
    fn start(words: &[&str]) -> Self {
        Self::start_with(words, &[])
    }

    /// One that watches `primary` as the service `stadium`. A sentinel is told by a file, which it also writes to.
    fn sentinel_of(primary: &Self) -> Self {
        let port = primary.address.rsplit_once(':').unwrap().1;
        Self::start_with(
            &["--sentinel"],
            &[("sentinel.conf", format!("sentinel monitor stadium 127.0.0.1 {port} 1\n"))],
        )
    }

    fn start_with(words: &[&str], files: &[(&str, String)]) -> Self {
        let (address, end) = (unused_address(), Instant::now() + PATIENCE);
        let program = std::env::var("BEAT_TEST_REDIS").unwrap_or_else(|_| "redis-server".to_owned());
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let save: &[&str] = if files.is_empty() { &["--save", ""] } else { &[] };
        let process = Command::new(&program)
            .args(files.iter().map(|(name, _)| name))
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(save)
            .args(words)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; install Debian's package redis-server"));
        let client = Client::open(format!("redis://{address}")).unwrap();
        loop {
            match client.get_connection() {
                Ok(connection) => {
                    return Self { process, address: address.to_string(), connection, _folder: folder };
                }
                Err(error) if Instant::now() > end => panic!("{program}: {error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn tell(&mut self, command: &str) {
        let mut words = command.split(' ');
        let mut told = redis::cmd(words.next().unwrap());
        for word in words {
            told.arg(word);
        }
        told.exec(&mut self.connection).unwrap();
    }

    /// What two gateways write of a match, after a rehearsal: three taps for one team in all.
    fn tell_a_match(&mut self) {
        for command in [
            "HSET beat:{demo}:state t0_ms 1790000000000 1:open 1 1:final 2 2:open 3",
            "ZADD beat:{demo}:1:gateways 50 aa",
            "ZADD beat:{demo}:1:g:aa 900 T003 900 ~sum 50 ~tick",
            "ZADD beat:{demo}:2:gateways 70 bb 10 cc",
            "ZADD beat:{demo}:2:g:bb 2 T003 2 ~sum 70 ~tick",
            "ZADD beat:{demo}:2:g:cc 1 T003 1 ~sum 10 ~tick",
        ] {
            self.tell(command);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn verify(sink: &Sink, store: &str) -> Ran {
    let (url, admin) = (format!("ws://{}", sink.address), format!("http://{}", sink.address));
    beat_load_with(&["verify", "--url", &url, "--admin", &admin, "--lag", "200ms", "--redis-verify", store])
}

fn tap(sink: &Sink) {
    let ran = beat_load_with(&["probe", "--url", &format!("ws://{}", sink.address), "--team", "T003"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
}

#[test]
fn verify_sums_the_gateways_of_the_match_and_finds_the_tap_that_is_not_stored() {
    let (sink, mut store) = (Sink::start(&[]), Store::start(&[]));
    let url = format!("redis://{}", store.address);
    store.tell_a_match();
    (0..3).for_each(|_| tap(&sink));
    let ran = verify(&sink, &url);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    tap(&sink);
    let ran = verify(&sink, &url);
    assert_eq!(ran.code, 98, "{}{}", ran.report, ran.errors);
    assert!(ran.says("1 counted, not stored"), "{}", ran.report);
}

#[test]
fn a_cluster_is_read_by_its_slots() {
    let (sink, mut store) = (Sink::start(&[]), Store::start(&["--cluster-enabled", "yes"]));
    store.tell("CLUSTER ADDSLOTSRANGE 0 16383");
    let end = Instant::now() + PATIENCE;
    while !String::from_utf8_lossy(&redis::cmd("CLUSTER").arg("INFO").query::<Vec<u8>>(&mut store.connection).unwrap())
        .contains("cluster_state:ok")
    {
        assert!(Instant::now() < end, "the cluster never came up");
        std::thread::sleep(Duration::from_millis(20));
    }
    store.tell_a_match();
    (0..3).for_each(|_| tap(&sink));
    let ran = verify(&sink, &format!("redis+cluster://{}", store.address));
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
}

#[test]
fn the_primary_is_asked_that_a_sentinel_names_after_one_that_is_dead() {
    let (sink, mut store) = (Sink::start(&[]), Store::start(&[]));
    let sentinel = Store::sentinel_of(&store);
    store.tell_a_match();
    (0..3).for_each(|_| tap(&sink));
    let url = |service: &str| format!("redis+sentinel://{},{}/{service}", unused_address(), sentinel.address);
    let ran = verify(&sink, &url("stadium"));
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    tap(&sink);
    let ran = verify(&sink, &url("stadium"));
    assert_eq!(ran.code, 98, "{}{}", ran.report, ran.errors);
    let ran = verify(&sink, &url("arena"));
    assert_eq!(ran.code, 3, "{}{}", ran.report, ran.errors);
    assert!(ran.errors.contains("the store: "), "{}", ran.errors);
}

#[test]
fn a_run_whose_taps_are_not_stored_exits_98_and_names_the_teams() {
    let (sink, store) = (Sink::start(&[]), Store::start(&[]));
    let ran = sink.load(&["-c", "20", "-q", "50", "-z", "1s", "--redis-verify", &format!("redis://{}", store.address)]);
    assert_eq!(ran.code, 98, "{}{}", ran.report, ran.errors);
    assert!(ran.verdict_names_a_team(" not stored"), "{}", ran.report);
    let gone = format!("redis://{}", unused_address());
    let ran = sink.load(&["-c", "20", "-q", "50", "-z", "1s", "--redis-verify", &gone]);
    assert_eq!(ran.code, 3, "a store that is not there is a set-up error: {}{}", ran.report, ran.errors);
}

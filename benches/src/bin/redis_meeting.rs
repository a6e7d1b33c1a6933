//! What many gateways cost one Redis: `cargo run --release -p beat-benches --bin redis_meeting -- 127.0.0.1:6379`.
//!
//! Simulated gateways flush, are read by a conductor and blocked on the stream, ten times a second each, with the commands
//! of the server's store, for a few seconds a row; printed is the share of one core that Redis says it used (INFO cpu). It
//! would lie if the simulation fell behind: a row whose flushes were late says so instead of a number. Writes keys under
//! `beat:{bench}:*`, and deletes them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use beat_benches::TEAMS;

/// From one flush, and one beat, to the next.
const INTERVAL: Duration = Duration::from_millis(100);
/// Each row is measured for so long.
const SECONDS: u32 = 8;
/// A beat of the server with all its totals and rates, in bytes.
const BEAT_BYTES: usize = 1_000;
/// Gateways and changed teams of each row.
const ROWS: [(u32, u16); 6] = [(1, TEAMS), (50, TEAMS), (200, TEAMS), (200, 40), (200, 12), (200, 0)];

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the table is what this is for")]
async fn main() -> io::Result<()> {
    let redis: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse().map_err(io::Error::other)?;
    println!("gateways  changed teams  flushes/s  Redis CPU, share of a core");
    for (gateways, changed) in ROWS {
        let mut admin = Wire::connect(redis).await?;
        clear(&mut admin).await?;
        let mut tasks = JoinSet::new();
        for gateway in 0..gateways {
            tasks.spawn(flush(redis, gateway, changed));
            tasks.spawn(follow(redis));
        }
        tasks.spawn(conduct(redis, gateways));
        // Let every gateway state its whole vector first.
        sleep(Duration::from_secs(2)).await;
        let (cpu, flushes, began) = (admin.cpu_seconds().await?, admin.calls("zadd").await?, Instant::now());
        sleep(Duration::from_secs(SECONDS.into())).await;
        let seconds = began.elapsed().as_secs_f64();
        let share = (admin.cpu_seconds().await? - cpu) / seconds;
        // Two ZADD a flush: the vector and the registry.
        let flushes = (admin.calls("zadd").await? - flushes) / 2.0 / seconds;
        tasks.shutdown().await;
        clear(&mut admin).await?;
        let wanted = f64::from(gateways) * 10.0;
        if flushes < 0.95 * wanted {
            println!("{gateways:>8}  {changed:>13}  {flushes:>9.0}  not measured: {wanted:.0} flushes/s were wanted");
        } else {
            println!("{gateways:>8}  {changed:>13}  {flushes:>9.0}  {share:.3}");
        }
    }
    Ok(())
}

/// One gateway: its vector, then the registry, in one round trip.
async fn flush(redis: SocketAddr, gateway: u32, changed: u16) -> io::Result<()> {
    let mut wire = Wire::connect(redis).await?;
    let vector = format!("beat:{{bench}}:1:g:{gateway:016x}");
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Gateways do not start at the same moment.
    sleep(INTERVAL * (gateway % 100) / 100).await;
    for tick in 1u64.. {
        ticks.tick().await;
        let whole = tick == 1 || tick % 10 == 0;
        let teams = if whole { TEAMS } else { changed };
        let mut zadd = vec!["ZADD".into(), vector.clone(), "GT".into(), "CH".into()];
        for team in 0..teams {
            zadd.extend([(tick * 7 + u64::from(team)).to_string(), format!("T{team:02}")]);
        }
        zadd.extend([tick.to_string(), "~tick".into()]);
        let registry = ["ZADD", "beat:{bench}:1:gateways", "GT", &tick.to_string(), &format!("{gateway:016x}")]
            .map(str::to_owned)
            .to_vec();
        wire.ask(&[zadd, registry]).await?;
    }
    Ok(())
}

/// One gateway, blocked on the stream.
async fn follow(redis: SocketAddr) -> io::Result<()> {
    let mut wire = Wire::connect(redis).await?;
    let read = ["XREAD", "BLOCK", "250", "STREAMS", "beat:{bench}:1:beats", "$"].map(str::to_owned).to_vec();
    loop {
        wire.ask(std::slice::from_ref(&read)).await?;
    }
}

/// The conductor: the registry, the vectors, a beat.
async fn conduct(redis: SocketAddr, gateways: u32) -> io::Result<()> {
    let mut wire = Wire::connect(redis).await?;
    let whole = |key: String| ["ZRANGE".into(), key, "0".into(), "-1".into(), "WITHSCORES".into()].to_vec();
    let mut ticks = interval(INTERVAL);
    for number in 1u32.. {
        ticks.tick().await;
        wire.ask(&[whole("beat:{bench}:1:gateways".into())]).await?;
        let vectors: Vec<_> =
            (0..gateways).map(|gateway| whole(format!("beat:{{bench}}:1:g:{gateway:016x}"))).collect();
        wire.ask(&vectors).await?;
        let beat = [
            "XADD",
            "beat:{bench}:1:beats",
            "MAXLEN",
            "~",
            "600",
            &format!("{number}-0"),
            "b",
            &"x".repeat(BEAT_BYTES),
        ]
        .map(str::to_owned)
        .to_vec();
        wire.ask(&[beat]).await?;
    }
    Ok(())
}

async fn clear(admin: &mut Wire) -> io::Result<()> {
    let keys = admin.text(&["KEYS", "beat:{bench}:*"]).await?;
    for key in keys.lines().filter(|line| line.starts_with("beat:")) {
        admin.text(&["DEL", key]).await?;
    }
    Ok(())
}

/// One connection: commands out, answers in.
struct Wire {
    out: OwnedWriteHalf,
    answers: BufReader<OwnedReadHalf>,
}

impl Wire {
    async fn connect(redis: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(redis).await?;
        socket.set_nodelay(true)?;
        let (answers, out) = socket.into_split();
        Ok(Self { out, answers: BufReader::new(answers) })
    }

    /// Sends `commands` in one write, and reads as many answers.
    async fn ask(&mut self, commands: &[Vec<String>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for command in commands {
            bytes.extend(format!("*{}\r\n", command.len()).bytes());
            for word in command {
                bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
            }
        }
        self.out.write_all(&bytes).await?;
        for _ in commands {
            self.answer(&mut String::new()).await?;
        }
        Ok(())
    }

    /// The answer to one command, its strings line by line.
    async fn text(&mut self, command: &[&str]) -> io::Result<String> {
        let mut bytes = format!("*{}\r\n", command.len());
        for word in command {
            bytes += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.out.write_all(bytes.as_bytes()).await?;
        let mut text = String::new();
        self.answer(&mut text).await?;
        Ok(text)
    }

    /// Reads one answer of RESP2, however it is nested.
    async fn answer(&mut self, text: &mut String) -> io::Result<()> {
        let mut left = 1;
        while left > 0 {
            left -= 1;
            let mut line = String::new();
            if self.answers.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (kind, rest) = line.trim_end().split_at(1);
            match (kind, rest.parse::<i64>()) {
                ("*", Ok(count)) => left += count.max(0),
                ("$", Ok(len @ 0..)) => {
                    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)? + 2];
                    self.answers.read_exact(&mut bytes).await?;
                    *text += &String::from_utf8_lossy(&bytes);
                }
                ("-", _) => return Err(io::Error::other(rest.to_owned())),
                _ => {}
            }
        }
        Ok(())
    }

    async fn cpu_seconds(&mut self) -> io::Result<f64> {
        let page = self.text(&["INFO", "cpu"]).await?;
        Ok(["used_cpu_sys:", "used_cpu_user:"].map(|name| number_after(&page, name)).iter().sum())
    }

    /// How often a command was called.
    async fn calls(&mut self, command: &str) -> io::Result<f64> {
        let page = self.text(&["INFO", "commandstats"]).await?;
        Ok(number_after(&page, &format!("cmdstat_{command}:calls=")))
    }
}

fn number_after(page: &str, name: &str) -> f64 {
    let rest = page.split_once(name).map_or("", |(_, rest)| rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().unwrap_or(0.0)
}

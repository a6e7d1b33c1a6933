//! What many gateways cost one Redis: `cargo run --release -p beat-benches --bin redis_meeting -- 127.0.0.1:6379`.
//!
//! Simulated gateways flush, are read by a conductor and blocked on the stream, ten times a second each, with the commands
//! of the server's store; printed is the share of one core that Redis says it used (INFO cpu): the median of some seconds,
//! and their range. From one second to the next they say how many fans they have and then they do not, so that what this
//! costs is told from what else happens on the machine. It would lie if the simulation fell behind: a row whose flushes were late says so instead of a number.
//! Then the conductor of many idle standbys dies, several times. Writes keys under `beat:{bench}:*`, and deletes them.

mod gateways;
mod standbys;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use beat_benches::TEAMS;
use gateways::{conduct, flush, follow};
use wire::Wire;

/// From one flush, and one beat, to the next.
const INTERVAL: Duration = Duration::from_millis(100);
/// Each row is measured for so many seconds with fans, and as many without, each by itself.
const SECONDS: usize = 7;
/// A beat of the server with all its totals, rates and fans, in bytes.
const BEAT_BYTES: usize = 1_400;
/// Gateways, changed teams, and taps for each of them between two flushes, of each row.
const ROWS: [(u32, u16, u64); 10] = [
    (1, TEAMS, 10),
    (50, TEAMS, 10),
    (200, TEAMS, 10),
    (200, 40, 10),
    (200, 40, 100),
    (200, 40, 1_000),
    (200, 12, 10),
    (200, 0, 10),
    (500, 40, 10),
    (1_000, 12, 10),
];

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the table is what this is for")]
async fn main() -> io::Result<()> {
    let redis: SocketAddr = std::env::args().nth(1).unwrap_or_default().parse().map_err(io::Error::other)?;
    println!("| gateways | changed teams | taps each | flushes/s | Redis, share of a core (range) | without fans |");
    println!("|---|---|---|---|---|---|");
    for row @ (gateways, changed, taps) in ROWS {
        let (flushes, share, without) = measure(redis, row).await?;
        let wanted = f64::from(gateways) * 10.0;
        let share = match flushes < 0.95 * wanted {
            true => format!("not measured: {wanted:.0} flushes/s were wanted"),
            false => share.to_string(),
        };
        println!("| {gateways} | {changed} | {taps} | {flushes:.0} | {share} | {without} |");
    }
    println!("\n| idle standbys | Redis before | in the second after the conductor died | no beat for |");
    println!("|---|---|---|---|");
    for standbys in [50, 200] {
        let deaths = standbys::deaths(redis, standbys).await?;
        println!("| {standbys} | {} | {} | {} s |", deaths.before, deaths.after, deaths.gap_seconds);
    }
    Ok(())
}

/// Flushes a second, and what Redis used for them, with fans and without.
async fn measure(redis: SocketAddr, (gateways, changed, taps): (u32, u16, u64)) -> io::Result<(f64, Spread, Spread)> {
    let mut admin = Wire::connect(redis).await?;
    clear(&mut admin).await?;
    let mut tasks = JoinSet::new();
    let says_fans = Arc::new(AtomicBool::new(true));
    for gateway in 0..gateways {
        tasks.spawn(flush(redis, gateway, (changed, taps), Arc::clone(&says_fans)));
        tasks.spawn(follow(redis));
    }
    tasks.spawn(conduct(redis, gateways, Arc::clone(&says_fans)));
    // Let every gateway state its whole vector first.
    sleep(Duration::from_secs(2)).await;
    let (flushes, began) = (admin.calls("zadd").await?, Instant::now());
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..SECONDS {
        for (says, shares) in [(true, &mut with), (false, &mut without)] {
            says_fans.store(says, Ordering::Relaxed);
            shares.push(share_of_a_second(&mut admin).await?);
        }
    }
    // Two ZADD a flush: the vector and the registry.
    let flushes = (admin.calls("zadd").await? - flushes) / 2.0 / began.elapsed().as_secs_f64();
    tasks.shutdown().await;
    clear(&mut admin).await?;
    Ok((flushes, Spread::of(with), Spread::of(without)))
}

/// The share of a core that Redis uses in the second from now on.
async fn share_of_a_second(admin: &mut Wire) -> io::Result<f64> {
    let (cpu, began) = (admin.cpu_seconds().await?, Instant::now());
    sleep(Duration::from_secs(1)).await;
    Ok((admin.cpu_seconds().await? - cpu) / began.elapsed().as_secs_f64())
}

/// Several measurements of one thing.
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |nth: usize| values.get(nth).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), lowest: at(0), highest: at(values.len().saturating_sub(1)) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.median, self.lowest, self.highest)
    }
}

async fn clear(admin: &mut Wire) -> io::Result<()> {
    let keys = admin.text(&["KEYS", "beat:{bench}:*"]).await?;
    for key in keys.lines().filter(|line| line.starts_with("beat:")) {
        admin.text(&["DEL", key]).await?;
    }
    Ok(())
}

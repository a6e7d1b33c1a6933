//! Gateways as Redis sees them: each flushes and is blocked on the stream, and one conducts.
//!
//! A gateway also says how many fans cheer for each team. It is taken to change with every flush that has a team to state,
//! which is the dearest it can be: in a live event people come and go all the time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{MissedTickBehavior, interval, sleep};

use beat_benches::TEAMS;

use crate::wire::Wire;
use crate::{BEAT_BYTES, INTERVAL};

/// What all gateways say of their fans: a hash.
const FANS: &str = "beat:{bench}:1:fans";

/// One gateway, where each changed team gets `taps` between two flushes: its vector, the registry, then its fans, in one
/// round trip.
pub(crate) async fn flush(
    redis: SocketAddr,
    gateway: u32,
    (changed, taps): (u16, u64),
    says_fans: Arc<AtomicBool>,
) -> io::Result<()> {
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
            zadd.extend([(tick * taps + u64::from(team)).to_string(), format!("T{team:02}")]);
        }
        let sum: u64 = (0..TEAMS).map(|team| tick * taps + u64::from(team)).sum();
        zadd.extend([tick.to_string(), "~tick".into(), sum.to_string(), "~sum".into()]);
        let registry = ["ZADD", "beat:{bench}:1:gateways", "GT", &tick.to_string(), &format!("{gateway:016x}")]
            .map(str::to_owned)
            .to_vec();
        let mut commands = vec![zadd, registry];
        if says_fans.load(Ordering::Relaxed) && (changed > 0 || whole) {
            let field = format!("{gateway:016x}");
            commands.push(vec!["HSET".into(), FANS.into(), field, fans(tick, changed)]);
        }
        wire.ask(&commands).await?;
    }
    Ok(())
}

/// As many bytes as the server writes, and different ones each time: a tick of two bytes, and for each team that has fans
/// the length of its code, the code, and their number in two bytes.
fn fans(tick: u64, teams: u16) -> String {
    (0..teams).fold(format!("{:02}", tick % 100), |fans, team| fans + &format!("3T{:02}{:02}", team % 100, tick % 100))
}

/// One gateway, blocked on the stream.
pub(crate) async fn follow(redis: SocketAddr) -> io::Result<()> {
    let mut wire = Wire::connect(redis).await?;
    let read = ["XREAD", "BLOCK", "250", "STREAMS", "beat:{bench}:1:beats", "$"].map(str::to_owned).to_vec();
    loop {
        wire.ask(std::slice::from_ref(&read)).await?;
    }
}

/// The conductor: the registry, how many fans there are, the vectors, a beat.
pub(crate) async fn conduct(redis: SocketAddr, gateways: u32, asks_for_fans: Arc<AtomicBool>) -> io::Result<()> {
    let mut wire = Wire::connect(redis).await?;
    let whole = |key: String| ["ZRANGE".into(), key, "0".into(), "-1".into(), "WITHSCORES".into()].to_vec();
    let mut ticks = interval(INTERVAL);
    for number in 1u32.. {
        ticks.tick().await;
        let heads = ["HGETALL", FANS].map(str::to_owned).to_vec();
        let heads = asks_for_fans.load(Ordering::Relaxed).then_some(heads);
        let asked: Vec<_> = [whole("beat:{bench}:1:gateways".into())].into_iter().chain(heads).collect();
        wire.ask(&asked).await?;
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

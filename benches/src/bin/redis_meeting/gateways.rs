//! Gateways as Redis sees them: each flushes and is blocked on the stream, and one conducts.

use std::io;
use std::net::SocketAddr;

use tokio::time::{MissedTickBehavior, interval, sleep};

use beat_benches::TEAMS;

use crate::wire::Wire;
use crate::{BEAT_BYTES, INTERVAL};

/// One gateway, where each changed team gets `taps` between two flushes: its vector, then the registry, in one round trip.
pub(crate) async fn flush(redis: SocketAddr, gateway: u32, changed: u16, taps: u64) -> io::Result<()> {
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
        zadd.extend([tick.to_string(), "~tick".into()]);
        let registry = ["ZADD", "beat:{bench}:1:gateways", "GT", &tick.to_string(), &format!("{gateway:016x}")]
            .map(str::to_owned)
            .to_vec();
        wire.ask(&[zadd, registry]).await?;
    }
    Ok(())
}

/// One gateway, blocked on the stream.
pub(crate) async fn follow(redis: SocketAddr) -> io::Result<()> {
    let mut wire = Wire::connect(redis).await?;
    let read = ["XREAD", "BLOCK", "250", "STREAMS", "beat:{bench}:1:beats", "$"].map(str::to_owned).to_vec();
    loop {
        wire.ask(std::slice::from_ref(&read)).await?;
    }
}

/// The conductor: the registry, the vectors, a beat.
pub(crate) async fn conduct(redis: SocketAddr, gateways: u32) -> io::Result<()> {
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

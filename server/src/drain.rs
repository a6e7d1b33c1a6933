//! The planned stop: everything counted is in the store, and every fan knows how far it was heard, before it is sent away.
//!
//! Fans leave in parts over a window, so that the gateways that take them meet a stream and not a wave.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::flush::Flushed;
use crate::gateway::{Gateway, ToShard};

/// From one part of the fans to the next: about a flush, which each part waits for.
const PART_EVERY: Duration = Duration::from_millis(100);

/// Sends everyone away. Returns whether the store has everything that was counted.
pub(crate) async fn drain(gateway: &Arc<Gateway>, mut flushed: watch::Receiver<Flushed>) -> bool {
    for shard in &gateway.shards {
        drop(shard.mailbox.send(ToShard::StopAccepting).await);
    }
    let config = &gateway.config.drain;
    let parts = usize::try_from(config.window.as_millis() / PART_EVERY.as_millis()).unwrap_or(usize::MAX).max(1);
    let began = Instant::now();
    // Once the store did not answer in time, the others are not kept waiting for it as well.
    let mut flushes_arrive = true;
    for part in 0..parts {
        if release(gateway, &mut flushed, part, parts, &mut flushes_arrive).await {
            let next = u32::try_from(part + 1).unwrap_or(u32::MAX);
            sleep_until(began + PART_EVERY * next).await;
        }
    }
    // Those who took a seat meanwhile, and displays.
    release(gateway, &mut flushed, 0, 1, &mut flushes_arrive).await;
    gateway.barrier().await;
    flush(gateway, &mut flushed, config.flush).await
}

/// Sends a part of the readers away; whether there were any.
async fn release(
    gateway: &Gateway,
    flushed: &mut watch::Receiver<Flushed>,
    part: usize,
    of: usize,
    flushes_arrive: &mut bool,
) -> bool {
    let leaving = freeze(gateway, part, of).await;
    if leaving == 0 {
        return false;
    }
    let config = &gateway.config.drain;
    *flushes_arrive = *flushes_arrive && flush(gateway, flushed, config.flush).await;
    let retry_ms = u32::try_from(config.window.as_millis()).unwrap_or(u32::MAX);
    for shard in &gateway.shards {
        drop(shard.mailbox.send(ToShard::Release { retry_ms }).await);
    }
    true
}

/// Stops counting a part of the fans; how many that are.
async fn freeze(gateway: &Gateway, part: usize, of: usize) -> usize {
    let mut all = 0;
    for shard in &gateway.shards {
        let (frozen, count) = oneshot::channel();
        if shard.mailbox.send(ToShard::Freeze { part, of, frozen }).await.is_ok() {
            all += count.await.unwrap_or(0);
        }
    }
    all
}

/// Waits for a flush that carries everything counted so far.
pub(crate) async fn flush(gateway: &Gateway, flushed: &mut watch::Receiver<Flushed>, patience: Duration) -> bool {
    let counted_ms = gateway.clock.now_ms();
    let arrived = flushed.wait_for(|flushed| flushed.began_ms > counted_ms);
    matches!(timeout(patience, arrived).await, Ok(Ok(_)))
}

//! Asks fans for a longer cadence when a shard takes more frames than it should. No tap is lost by it.

use std::sync::Arc;
use std::time::Duration;

use beat_core::cadence_for;
use beat_protocol::Cadence;
use tokio::time::interval;

use crate::gateway::Gateway;

/// Long enough for a new cadence to have reached every fan and to show in what they send.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Watches the shards for as long as the process lives.
pub(crate) async fn keep(gateway: Arc<Gateway>) {
    let base = Cadence::from_ms(gateway.config.beat.cadence_ms);
    let max = f64::from(gateway.config.beat.frames_per_second_per_shard);
    let frames_now = || gateway.shards.iter().map(|shard| shard.counters.frames_in.get()).collect::<Vec<_>>();
    let mut before = (gateway.clock.now(), frames_now());
    let mut looks = interval(LOOK_EVERY);
    looks.tick().await;
    loop {
        looks.tick().await;
        let now = gateway.clock.now();
        let frames = frames_now();
        let most = frames.iter().zip(&before.1).map(|(now, before)| now - before).max().unwrap_or(0);
        let seconds = (now - before.0).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let frames_per_second = most as f64 / seconds;
        gateway.set_cadence(cadence_for(frames_per_second, gateway.cadence(), base, max));
        before = (now, frames);
    }
}

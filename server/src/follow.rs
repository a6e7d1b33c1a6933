//! Follows the beats of one event in the store, whoever makes them, and hands them to the shards.
//!
//! Without a new beat the last one goes on, flagged stale. Knows no socket.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use beat_core::{Beat, Phase, Totals};
use beat_protocol::Flag;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::conduct::Report;
use crate::event::Event;
use crate::fanout::Frames;
use crate::gateway::Gateway;
use crate::store::Store;

/// Without a beat for so long, the last one is repeated; looked at every 250 ms, that makes once a second.
const REPEAT_AFTER_MS: u64 = 900;
/// The same for a tally that is final, which beats once a second.
const REPEAT_FINAL_AFTER_MS: u64 = 2_400;
/// How soon an event that nobody used is followed again.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A store that fails at once is not asked again at once.
const PAUSE: Duration = Duration::from_millis(250);

/// Follows for as long as the process lives.
///
/// What it learns goes to the conductor of this gateway. A full queue means that it has slept for seconds: then it asks
/// anew by itself, and what does not fit is dropped.
pub(crate) async fn follow(
    gateway: Arc<Gateway>,
    event: Arc<Event>,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
) {
    let mut after = 0;
    let mut shown_at_ms = gateway.clock.now_ms();
    let mut known = Known::default();
    let key_beats = gateway.config.beat.key_interval.as_millis() / u128::from(event.beat_ms);
    let key_beats = u32::try_from(key_beats).unwrap_or(u32::MAX);
    loop {
        let before = event.newest.borrow().clone();
        if store.is_shared() && !event.is_in_use(gateway.clock.now_ms()) {
            // What a newcomer sees first is old, until the first beat that is made or heard for it.
            if let Some(last) = before.filter(|last| !last.flags().has(Flag::Stale)) {
                event.newest.send_replace(Some(Arc::new(last.stale())));
            }
            sleep(LOOK_EVERY).await;
            continue;
        }
        match store.next(&event.id, event.ledger().opening.run, after).await {
            Ok(Some(beat)) => {
                after = beat.number;
                drop(reports.try_send(Report::Beat(Arc::clone(&beat))));
                let Some(beat) = known.join(beat) else { continue };
                let frames = Frames::following(before.as_deref(), &event, beat, gateway.cadence(), key_beats);
                shown_at_ms = gateway.clock.now_ms();
                event.beat_at_ms.store(shown_at_ms, Ordering::Relaxed);
                event.newest.send_replace(Some(Arc::new(frames)));
                continue;
            }
            Ok(None) => drop(reports.try_send(Report::Silence)),
            Err(error) => {
                drop(reports.try_send(Report::Unknown));
                tracing::debug!(event = %event.id, %error, "cannot follow the beats");
                sleep(PAUSE).await;
            }
        }
        let now_ms = gateway.clock.now_ms();
        if let Some(last) = before
            && now_ms - shown_at_ms >= patience_ms(last.beat())
        {
            shown_at_ms = now_ms;
            metrics::counter!("beat_stale_total", "event" => event.id.to_string()).increment(1);
            event.newest.send_replace(Some(Arc::new(last.stale())));
        }
    }
}

fn patience_ms(beat: &Beat) -> u64 {
    if beat.phase == Phase::Final { REPEAT_FINAL_AFTER_MS } else { REPEAT_AFTER_MS }
}

/// The highest totals this gateway has shown: from one gateway no total is ever seen to fall, whoever conducts.
#[derive(Default)]
struct Known {
    run: u32,
    totals: Totals,
}

impl Known {
    /// The beat with the highest totals known; nothing for a beat of a run that is over.
    fn join(&mut self, beat: Arc<Beat>) -> Option<Arc<Beat>> {
        if beat.run < self.run {
            return None;
        }
        if beat.run > self.run {
            *self = Self { run: beat.run, totals: Totals::default() };
        }
        self.totals.join(&beat.totals);
        if self.totals == beat.totals {
            return Some(beat);
        }
        let mut beat = Arc::unwrap_or_clone(beat);
        beat.totals = self.totals.clone();
        Some(beat.into())
    }
}

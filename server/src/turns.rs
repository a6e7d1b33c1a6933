//! Opening and closing: by operators, by the timetable, and at last the final tally.

use std::sync::Arc;
use std::time::Duration;

use beat_core::{Opening, OpeningError};
use tokio::sync::{Mutex, watch};
use tokio::time::interval;

use crate::event::Event;
use crate::flush::Flushed;
use crate::gateway::Gateway;
use crate::store::{EventRecord, Store, StoreError};

/// How often the timetable is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why an event was not opened or closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnError {
    /// It does not stand where it would have to.
    #[error(transparent)]
    Refused(#[from] OpeningError),
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves events on. One step at a time, since each follows from the last.
pub(crate) struct Turns {
    gateway: Arc<Gateway>,
    store: Arc<dyn Store>,
    flushed: watch::Receiver<Flushed>,
    step: Mutex<()>,
}

impl Turns {
    pub(crate) fn new(gateway: Arc<Gateway>, store: Arc<dyn Store>, flushed: watch::Receiver<Flushed>) -> Self {
        Self { gateway, store, flushed, step: Mutex::default() }
    }

    /// Opens an event, or opens it anew: then it counts from nothing.
    pub(crate) async fn open(&self, event: &Event) -> Result<Opening, TurnError> {
        self.turn(event, Opening::opened).await
    }

    /// Closes an event. Taps under way still count for five seconds; then the tally is final.
    pub(crate) async fn close(&self, event: &Event) -> Result<Opening, TurnError> {
        self.turn(event, Opening::closed).await
    }

    /// Keeps to the timetable for as long as the process lives.
    pub(crate) async fn keep(&self) {
        let mut looks = interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            for event in &self.gateway.events {
                if let Err(error) = self.look(event).await {
                    tracing::warn!(event = %event.id, %error, "cannot move the event on; trying again");
                }
            }
        }
    }

    async fn look(&self, event: &Event) -> Result<(), TurnError> {
        let ledger = event.ledger();
        let due = |opening: Opening, wall_ms| opening.by_schedule(event.opens_at_ms, event.closes_at_ms, wall_ms);
        if due(ledger.opening, self.gateway.clock.wall_ms()).is_some() {
            self.turn(event, |opening, wall_ms| due(opening, wall_ms).ok_or(OpeningError::NotOpen)).await?;
        } else if ledger.grace_is_over(self.gateway.clock.now_ms()) {
            // No shard counts a tap after the barrier, and the flush that begins after it carries all before it.
            self.gateway.barrier().await;
            let counted_ms = self.gateway.clock.now_ms();
            let mut flushed = self.flushed.clone();
            if flushed.wait_for(|flushed| flushed.began_ms > counted_ms).await.is_ok() {
                self.turn(event, Opening::finalized).await?;
            }
        }
        Ok(())
    }

    async fn turn(
        &self,
        event: &Event,
        step: impl FnOnce(Opening, u64) -> Result<Opening, OpeningError>,
    ) -> Result<Opening, TurnError> {
        let _one_at_a_time = self.step.lock().await;
        let opening = step(event.ledger().opening, self.gateway.clock.wall_ms())?;
        let record = self.store.advance(&event.id, EventRecord { t0_ms: event.t0_ms, opening }).await?;
        event.turn(record.opening, self.gateway.clock);
        tracing::info!(event = %event.id, run = record.opening.run, phase = ?record.opening.phase, "the event moved on");
        Ok(record.opening)
    }
}

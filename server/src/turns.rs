//! Opening and closing: by operators, by the timetable, and at last the final tally.

use std::sync::Arc;
use std::time::Duration;

use beat_core::{Opening, OpeningError};
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use crate::event::Event;
use crate::gateway::Gateway;
use crate::store::{EventRecord, Store, StoreError};

/// How often the timetable is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks from one time to the next that other gateways are heard: half a second.
const HEAR_EVERY: u32 = 5;
/// The same for an event that nobody here uses: five seconds.
const HEAR_IDLE_EVERY: u32 = 50;

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
    step: Mutex<()>,
}

impl Turns {
    pub(crate) fn new(gateway: Arc<Gateway>, store: Arc<dyn Store>) -> Self {
        Self { gateway, store, step: Mutex::default() }
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
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut failing = false;
        for looked in 0u32.. {
            looks.tick().await;
            let mut failed = None;
            let now_ms = self.gateway.clock.now_ms();
            for event in &self.gateway.events {
                let hear_every = if event.is_in_use(now_ms) { HEAR_EVERY } else { HEAR_IDLE_EVERY };
                if self.store.is_shared() && looked.is_multiple_of(hear_every) {
                    failed = self.hear(event).await.err().or(failed);
                }
                failed = self.look(event).await.err().or(failed);
            }
            let was_failing = std::mem::replace(&mut failing, failed.is_some());
            if let Some(error) = failed.filter(|_| !was_failing) {
                tracing::warn!(%error, "cannot tell where the events stand; trying again");
            }
        }
    }

    async fn look(&self, event: &Event) -> Result<(), TurnError> {
        let ledger = event.ledger();
        let due = |opening: Opening, wall_ms| opening.by_schedule(event.opens_at_ms, event.closes_at_ms, wall_ms);
        if due(ledger.opening, self.gateway.clock.wall_ms()).is_some() {
            self.turn(event, |opening, wall_ms| due(opening, wall_ms).ok_or(OpeningError::NotOpen)).await?;
        } else if event.are_all_confirmed() {
            self.turn(event, Opening::finalized).await?;
        } else if ledger.grace_is_over(self.gateway.clock.now_ms()) && !event.is_confirmed() {
            // No shard counts a tap after the barrier; the flush that says so carries all before it.
            self.gateway.barrier().await;
            event.confirm();
        }
        Ok(())
    }

    /// Takes over what other gateways did.
    async fn hear(&self, event: &Event) -> Result<(), TurnError> {
        let _one_at_a_time = self.step.lock().await;
        let known = event.ledger().opening;
        let record = self.store.advance(&event.id, EventRecord { t0_ms: event.t0_ms, opening: known }).await?;
        if record.opening > known {
            self.arrived(event, record.opening);
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
        self.arrived(event, record.opening);
        Ok(record.opening)
    }

    fn arrived(&self, event: &Event, opening: Opening) {
        event.turn(opening, self.gateway.clock);
        tracing::info!(event = %event.id, run = opening.run, phase = ?opening.phase, "the event moved on");
    }
}

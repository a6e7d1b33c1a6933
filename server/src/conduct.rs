//! Makes the beats of one event: reads every gateway's totals, cuts a beat, appends it.
//!
//! Knows no socket. Whether the beat reaches anybody is seen by following the store, like every other gateway.

use std::sync::Arc;

use beat_core::{Ensemble, Incarnation, Phase, Totals};
use beat_protocol::VALUE_MAX;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::event::Event;
use crate::flush::Flushed;
use crate::gateway::Gateway;
use crate::store::{Appended, Store, StoreError, Vector};

/// The conductor of one event.
pub(crate) struct Conductor {
    gateway: Arc<Gateway>,
    event: Arc<Event>,
    store: Arc<dyn Store>,
    flushed: watch::Receiver<Flushed>,
    ensemble: Ensemble,
    run: u32,
    /// `None` until the store has said which numbers are taken.
    first: Option<Numbering>,
    last: u32,
    last_final: Option<u32>,
}

/// Beat `number` stands at `at_ms` on this process's clock; the others follow from it.
#[derive(Clone, Copy)]
struct Numbering {
    number: u32,
    at_ms: u64,
}

impl Conductor {
    pub(crate) fn new(
        gateway: Arc<Gateway>,
        event: Arc<Event>,
        store: Arc<dyn Store>,
        flushed: watch::Receiver<Flushed>,
    ) -> Self {
        let run = event.ledger().opening.run;
        let ensemble = new_ensemble(&event);
        Self { gateway, event, store, flushed, ensemble, run, first: None, last: 0, last_final: None }
    }

    /// Beats for as long as the process lives.
    pub(crate) async fn run(mut self) {
        let beat_interval = self.gateway.config.beat.interval;
        let mut ticks = interval(beat_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut failing = false;
        loop {
            ticks.tick().await;
            // The flush of this interval first, so that its taps are in this beat; but no beat waits long for a store
            // that is slow to answer.
            let began_ms = self.gateway.clock.now_ms();
            let due_from_ms = began_ms.saturating_sub(self.event.beat_ms / 2);
            let its_flush = self.flushed.wait_for(|flushed| flushed.began_ms >= due_from_ms);
            drop(timeout(beat_interval / 2, its_flush).await);
            match self.beat(began_ms).await {
                Ok(()) if std::mem::take(&mut failing) => {
                    tracing::info!(event = %self.event.id, "beats again");
                }
                Ok(()) => {}
                Err(error) => {
                    metrics::counter!("beat_append_failures_total").increment(1);
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(event = %self.event.id, %error, "no beat; the last one is shown as stale");
                    }
                }
            }
        }
    }

    async fn beat(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let opening = self.event.ledger().opening;
        let number = self.next_number(now_ms).await?;
        let per_second = ticks_per_second(&self.event);
        if opening.phase == Phase::Final && self.last_final.is_some_and(|last| number - last < per_second) {
            // A tally that stands beats once a second, only to show that it stands.
            return Ok(());
        }
        if opening.run != self.run {
            self.run = opening.run;
            self.ensemble = new_ensemble(&self.event);
        }
        let vectors = self.store.gateways(&self.event.id, self.run).await?;
        let known: Vec<(Incarnation, u64, Totals)> = vectors.into_iter().map(|vector| self.by_index(vector)).collect();
        self.ensemble.observe(known.iter().map(|(incarnation, tick, totals)| (*incarnation, *tick, totals)));
        let beat = Arc::new(self.ensemble.cut(number, opening));
        match self.store.append(&self.event.id, beat).await? {
            Appended::Accepted => {
                self.last = number;
                self.last_final = (opening.phase == Phase::Final).then_some(number);
            }
            Appended::Taken => self.first = None,
        }
        Ok(())
    }

    /// The number of the beat that is due now: higher than any before, and as far ahead as time has gone.
    async fn next_number(&mut self, now_ms: u64) -> Result<u32, StoreError> {
        let first = match self.first {
            Some(first) => first,
            None => {
                // The wall clock only moves a number ahead, so that a beat's nominal time is about its time.
                self.last = self.store.last_beat(&self.event.id, self.run).await?;
                let nominal = self.gateway.clock.wall_ms().saturating_sub(self.event.t0_ms) / self.event.beat_ms;
                let number = u32::try_from(nominal).unwrap_or(u32::MAX).max(self.last.saturating_add(1));
                *self.first.insert(Numbering { number, at_ms: now_ms })
            }
        };
        // To the nearest: a beat that is a little early or late keeps its number.
        let passed = (now_ms - first.at_ms + self.event.beat_ms / 2) / self.event.beat_ms;
        let number = first.number.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        Ok(number.max(self.last.saturating_add(1)))
    }

    /// A vector in the order of our roster. What the store cannot have from an honest gateway is refused and counted.
    fn by_index(&self, vector: Vector) -> (Incarnation, u64, Totals) {
        let roster = &self.event.roster;
        let mut totals = vec![0; roster.teams().len()];
        for (code, total) in vector.totals {
            match roster.index_of(code) {
                Some(team) if total <= VALUE_MAX => totals[usize::from(team)] = total,
                _ => metrics::counter!("beat_joins_refused_total", "event" => self.event.id.to_string()).increment(1),
            }
        }
        (vector.incarnation, vector.tick, totals.into())
    }
}

fn new_ensemble(event: &Event) -> Ensemble {
    Ensemble::new(event.roster.teams().len(), ticks_per_second(event))
}

fn ticks_per_second(event: &Event) -> u32 {
    u32::try_from(1_000 / event.beat_ms).unwrap_or(1)
}

//! Carries this gateway's running totals to the store, once per beat interval.
//!
//! A failed flush needs no repair: the next one carries larger totals. Knows nothing of sockets or beats.

use std::sync::Arc;
use std::time::Duration;

use beat_core::{Incarnation, Totals};
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::event::Event;
use crate::gateway::Gateway;
use crate::store::{Store, StoreError, Vector};

/// Every team is stated this often, changed or not, so that a store that forgot is told again.
const WHOLE_EVERY: Duration = Duration::from_secs(1);

/// Intervals late, and this process was held up: longer than a slow commit takes.
const OVERSLEPT: u32 = 3;

/// The last flush that the store acknowledged, with everything counted before it began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flushed {
    pub(crate) began_ms: u64,
    pub(crate) ended_ms: u64,
}

/// The flush of one gateway.
pub(crate) struct Flush {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) incarnation: Incarnation,
    pub(crate) flushed: watch::Sender<Flushed>,
}

/// What the store acknowledged of one event.
#[derive(Default)]
struct Acknowledged {
    run: u32,
    totals: Totals,
    fans: Vec<u32>,
    /// Of the last statement, acknowledged or not.
    tick: u64,
    /// When every team was stated last; `None` if that has to be done again.
    whole_at_ms: Option<u64>,
}

/// When a flush began.
#[derive(Clone, Copy)]
struct Now {
    ms: u64,
    since_first_ms: u64,
}

impl Now {
    /// Beat intervals since the first flush, to the nearest: one that is a little early or late is still the same one.
    fn tick(self, beat_ms: u64) -> u64 {
        (self.since_first_ms + beat_ms / 2) / beat_ms
    }
}

impl Flush {
    /// Flushes for as long as the process lives, one flush after the other.
    pub(crate) async fn run(self) {
        let mut acknowledged: Vec<Acknowledged> = self.gateway.events.iter().map(|_| Acknowledged::default()).collect();
        let mut failing = false;
        let mut ticks = interval(self.gateway.config.beat.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let first_ms = self.gateway.clock.now_ms();
        let mut before_ms = first_ms;
        loop {
            ticks.tick().await;
            let began_ms = self.gateway.clock.now_ms();
            let has_overslept =
                Duration::from_millis(began_ms - before_ms) > OVERSLEPT * self.gateway.config.beat.interval;
            before_ms = began_ms;
            if has_overslept {
                // The shards have yet to read what came meanwhile. Stated in one flush with the time it took, it is no roar.
                continue;
            }
            let started = self.gateway.clock.now();
            let now = Now { ms: began_ms, since_first_ms: began_ms - first_ms };
            let joins = self.gateway.events.iter().zip(&mut acknowledged);
            let joined = join_all(joins.map(|(event, acknowledged)| self.join(event, acknowledged, now))).await;
            match joined.into_iter().collect::<Result<Vec<()>, _>>() {
                Ok(_) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("the store takes flushes again");
                    }
                    metrics::histogram!("beat_flush_seconds").record(self.gateway.clock.now() - started);
                    let ended_ms = self.gateway.clock.now_ms();
                    self.flushed.send_replace(Flushed { began_ms, ended_ms });
                }
                Err(error) => {
                    metrics::counter!("beat_flush_failures_total").increment(1);
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "the store takes no flush; counting goes on");
                    }
                }
            }
        }
    }

    async fn join(&self, event: &Event, acknowledged: &mut Acknowledged, now: Now) -> Result<(), StoreError> {
        let ledger = event.ledger();
        let run = ledger.opening.run;
        if acknowledged.run != run {
            *acknowledged = Acknowledged { run, ..Acknowledged::default() };
        }
        // Read first: once it is set, no shard adds anything.
        let confirmed = event.is_confirmed();
        let totals = ledger.totals();
        let nothing_new = !confirmed && acknowledged.totals == totals;
        if nothing_new && self.store.is_shared() && !event.is_in_use(now.ms) {
            return Ok(());
        }
        let is_whole =
            acknowledged.whole_at_ms.is_none_or(|at_ms| u128::from(now.ms - at_ms) >= WHOLE_EVERY.as_millis());
        let stated = match is_whole {
            true => by_code(event, totals.changed_since(&Totals::default())),
            false => by_code(event, totals.changed_since(&acknowledged.totals)),
        };
        // Stated even where nothing changed: the tick that stands beside the totals is what rates are measured by.
        // Each statement has a tick of its own: who reads one again at the same tick takes it for the same statement.
        acknowledged.tick = now.tick(event.beat_ms).max(acknowledged.tick + 1);
        let sum = totals.as_slice().iter().sum();
        let fans = event.fans(now.ms);
        let fans_stated = (is_whole || fans != acknowledged.fans).then(|| fans_by_code(event, &fans));
        let vector = Vector {
            incarnation: self.incarnation,
            tick: acknowledged.tick,
            totals: stated,
            sum,
            fans: fans_stated,
            confirmed,
        };
        // After an error of any kind nobody knows what arrived.
        let whole_at_ms = acknowledged.whole_at_ms.take();
        self.store.join(&event.id, run, vector).await?;
        acknowledged.whole_at_ms = if is_whole { Some(now.ms) } else { whole_at_ms };
        acknowledged.totals = totals;
        acknowledged.fans = fans;
        Ok(())
    }
}

fn by_code(event: &Event, totals: impl Iterator<Item = (usize, u64)>) -> Vec<(beat_protocol::TeamCode, u64)> {
    totals.map(|(team, total)| (event.roster.teams()[team].code, total)).collect()
}

fn fans_by_code(event: &Event, fans: &[u32]) -> Vec<(beat_protocol::TeamCode, u32)> {
    let teams = event.roster.teams().iter().zip(fans);
    teams.filter(|(_, fans)| **fans > 0).map(|(team, fans)| (team.code, *fans)).collect()
}

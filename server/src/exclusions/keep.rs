//! Takes operators' decisions, says them to the store, and hears those of other gateways.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use super::{Decision, EXCLUDED_MAX, Subject};
use crate::dice;
use crate::event::Event;
use crate::gateway::{Gateway, ToShard};
use crate::store::{Store, StoreError};

/// From one time to the next that other gateways are heard: drawn anew each time, so that not all of them tell a store that
/// forgot the same at once.
const HEAR_EVERY: std::ops::Range<Duration> = Duration::from_millis(750)..Duration::from_millis(1_250);
/// An event that nobody here uses is heard as rarely as this many times as often.
const HEAR_IDLE_EVERY: u32 = 5;

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecisionError {
    /// It would change nothing.
    #[error("{0} is excluded already")]
    Excluded(Subject),
    /// So would this.
    #[error("{0} is not excluded")]
    NotExcluded(Subject),
    /// Each gateway reads all of them.
    #[error("{EXCLUDED_MAX} are excluded from this event already: readmit some, or exclude a wider prefix")]
    TooMany,
    /// The store could not be asked: nothing was done.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was told, and has not said that it took it: what it took is heard in a moment.
    #[error("{0}")]
    Unsure(StoreError),
}

/// Keeps who is excluded.
pub(crate) struct Excluding {
    gateway: Arc<Gateway>,
    store: Arc<dyn Store>,
    /// One decision at a time, since its number follows from all before.
    step: Mutex<()>,
}

impl Excluding {
    /// Knows what the store knows: nobody who is out comes in before.
    pub(crate) async fn begin(gateway: Arc<Gateway>, store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let this = Self { gateway, store, step: Mutex::default() };
        for event in &this.gateway.events {
            // There are no connections yet.
            let _is_news = this.hear(event, &[]).await?;
        }
        Ok(this)
    }

    /// Excludes `subject` from now on, or readmits it. Here that is done when this returns, at other gateways within two
    /// seconds; nothing that has been counted is taken back.
    pub(crate) async fn decide(
        &self,
        event: &Event,
        (subject, excludes): (Subject, bool),
        who: &str,
        why: &str,
    ) -> Result<Decision, DecisionError> {
        let _one_at_a_time = self.step.lock().await;
        // Its number is to be above those of decisions that were taken elsewhere a moment ago.
        self.hear_and_judge(event, &[]).await?;
        let known = event.excluded();
        let is_excluded = known.on(&subject).is_some_and(|decision| decision.excludes);
        match (is_excluded, excludes) {
            (true, true) => return Err(DecisionError::Excluded(subject)),
            (false, false) => return Err(DecisionError::NotExcluded(subject)),
            (false, true) if known.standing() >= EXCLUDED_MAX => return Err(DecisionError::TooMany),
            _ => {}
        }
        let number = known.next_number(self.gateway.clock.wall_ms());
        let decision = Decision { number, excludes, subject, who: who.to_owned(), why: why.to_owned() };
        self.hear_and_judge(event, std::slice::from_ref(&decision)).await.map_err(DecisionError::Unsure)?;
        Ok(decision)
    }

    /// Hears for as long as the process lives, and says again what the store has forgotten.
    pub(crate) async fn keep(&self) {
        if !self.store.is_shared() {
            return;
        }
        for heard in 0u32.. {
            sleep(dice::random_range(HEAR_EVERY)).await;
            let _one_at_a_time = self.step.lock().await;
            for event in &self.gateway.events {
                if (event.is_in_use(self.gateway.clock.now_ms()) || heard.is_multiple_of(HEAR_IDLE_EVERY))
                    && let Err(error) = self.hear_and_judge(event, &[]).await
                {
                    tracing::debug!(event = %event.id, %error, "cannot hear who is excluded");
                }
            }
        }
    }

    /// The same as [`Self::hear`]; what is news holds for all connections once this returns.
    async fn hear_and_judge(&self, event: &Event, decisions: &[Decision]) -> Result<(), StoreError> {
        if self.hear(event, decisions).await? {
            for shard in &self.gateway.shards {
                // A shard that has ended has no connections either.
                drop(shard.mailbox.send(ToShard::Judge).await);
            }
            self.gateway.barrier().await;
        }
        Ok(())
    }

    /// Says `decisions` to the store and joins its answer; what was known here and is not in it is said again. Answers with
    /// whether there was news.
    async fn hear(&self, event: &Event, decisions: &[Decision]) -> Result<bool, StoreError> {
        let answer = self.store.decide(&event.id, decisions).await?;
        let known = event.excluded();
        let joined = known.joined(answer.iter().cloned(), |name| self.gateway.addresses.key_of(name));
        let said: BTreeSet<&Decision> = answer.iter().collect();
        let forgotten: Vec<_> = joined.decisions().filter(|decision| !said.contains(decision)).cloned().collect();
        let is_news = joined != *known;
        if is_news {
            tracing::info!(event = %event.id, excluded = joined.standing(), "who is excluded has changed");
            event.exclude(joined);
        }
        if !forgotten.is_empty() {
            // If it is not taken, it is said again at the next hearing.
            drop(self.store.decide(&event.id, &forgotten).await);
        }
        Ok(is_news)
    }
}

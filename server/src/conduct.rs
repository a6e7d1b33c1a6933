//! Makes the beats of one event, while this gateway is the one that does: reads every gateway's totals, cuts a beat,
//! appends it.
//!
//! Who conducts is for the election to say; what the store said reaches it through the follower. Knows no socket.

mod heads;
mod quorum;

use std::sync::Arc;
use std::time::Duration;

use beat_core::{Beat, Duty, Election, Ensemble, Incarnation, Phase, Totals};
use beat_protocol::VALUE_MAX;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::dice;
use crate::event::Event;
use crate::flush::Flushed;
use crate::gateway::Gateway;
use crate::store::{Appended, Store, StoreError, Vector};
use heads::Heads;
use quorum::Quorum;

/// Intervals a conductor may be late; after more it asks before it goes on, for another may have taken over.
const LATE_INTERVALS_MAX: u64 = 3;
/// Rates of a last beat older than this say nothing about now.
const RATES_HOLD_MS: u64 = 2_000;
/// A final tally beats once a second: only a longer silence is one.
const FINAL_SILENCE_MS: u64 = 2_000;

/// What the follower learnt from the store.
pub(crate) enum Report {
    /// A newer beat.
    Beat(Arc<Beat>),
    /// The store's own word that there is none.
    Silence,
    /// No answer.
    Unknown,
}

/// The conductor of one event, at work or waiting.
pub(crate) struct Conductor {
    gateway: Arc<Gateway>,
    event: Arc<Event>,
    store: Arc<dyn Store>,
    flushed: watch::Receiver<Flushed>,
    reports: mpsc::Receiver<Report>,
    election: Election,
    ensemble: Ensemble,
    quorum: Quorum,
    heads: Heads,
    run: u32,
    /// The newest beat, and when it came.
    last: Option<(Arc<Beat>, u64)>,
    /// From where numbers follow the clock; `None` until this gateway conducts.
    numbering: Option<Numbering>,
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
        reports: mpsc::Receiver<Report>,
    ) -> Self {
        Self {
            election: Election::new(store.is_shared()),
            ensemble: Ensemble::new(event.roster.teams().len(), ticks_per_second(&event)),
            quorum: Quorum::default(),
            heads: Heads::default(),
            run: event.ledger().opening.run,
            last: None,
            numbering: None,
            gateway,
            event,
            store,
            flushed,
            reports,
        }
    }

    /// Does its duty once in each interval, for as long as the process lives.
    pub(crate) async fn run(mut self) {
        let mut ticks = interval(self.gateway.config.beat.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut failing = false;
        let mut before_ms = self.gateway.clock.now_ms();
        loop {
            ticks.tick().await;
            let now_ms = self.gateway.clock.now_ms();
            let is_idle = self.store.is_shared() && !self.event.is_in_use(now_ms);
            if is_idle || now_ms - before_ms > LATE_INTERVALS_MAX * self.event.beat_ms {
                self.election.overslept();
            }
            before_ms = now_ms;
            self.hear(now_ms);
            match self.work(now_ms).await {
                Ok(()) if std::mem::take(&mut failing) => {
                    tracing::info!(event = %self.event.id, "the store takes beats again");
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

    fn hear(&mut self, now_ms: u64) {
        while let Ok(report) = self.reports.try_recv() {
            match report {
                Report::Beat(beat) => {
                    self.election.heard(beat.number);
                    self.last = Some((beat, now_ms));
                }
                Report::Silence if self.is_resting(now_ms) => {}
                Report::Silence => self.election.silence(dice::random()),
                Report::Unknown => self.election.unknown(),
            }
        }
    }

    /// Whether the newest beat is a final tally, and the next is not due yet.
    fn is_resting(&self, now_ms: u64) -> bool {
        matches!(&self.last, Some((last, at_ms)) if last.phase == Phase::Final && now_ms - at_ms < FINAL_SILENCE_MS)
    }

    async fn work(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let run = self.event.ledger().opening.run;
        if run != self.run {
            self.run = run;
            self.ensemble = Ensemble::new(self.event.roster.teams().len(), ticks_per_second(&self.event));
            self.quorum = Quorum::default();
            self.heads = Heads::default();
        }
        let duty = self.election.duty();
        metrics::gauge!("beat_conducting", "event" => self.event.id.to_string()).set(f64::from(duty == Duty::Conduct));
        match (duty, &self.last) {
            (Duty::Follow, _) => {
                self.numbering = None;
                Ok(())
            }
            (Duty::Claim, Some((last, at_ms))) if self.store.is_shared() && last.run == run => {
                let (last, at_ms) = (Arc::clone(last), *at_ms);
                self.claim(&last, at_ms, now_ms).await
            }
            _ => self.beat(now_ms).await,
        }
    }

    /// Says the last beat again under the next number. Only who gets that in reads anything.
    async fn claim(&mut self, last: &Beat, last_at_ms: u64, now_ms: u64) -> Result<(), StoreError> {
        let beat = Beat { number: last.number.saturating_add(1), ..last.clone() };
        self.append(beat, now_ms).await?;
        if self.election.duty() == Duty::Conduct {
            metrics::counter!("beat_takeovers_total", "event" => self.event.id.to_string()).increment(1);
            tracing::info!(event = %self.event.id, number = last.number + 1, "this gateway conducts");
            let (teams, per_second) = (self.event.roster.teams().len(), ticks_per_second(&self.event));
            self.ensemble = match now_ms - last_at_ms <= RATES_HOLD_MS {
                true => Ensemble::taking_over(teams, per_second, last),
                false => Ensemble::new(teams, per_second),
            };
            self.numbering = Some(Numbering { number: last.number, at_ms: last_at_ms });
        }
        Ok(())
    }

    async fn beat(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let number = self.next_number(now_ms).await?;
        let opening = self.event.ledger().opening;
        if let Some((last, _)) =
            self.last.as_ref().filter(|(last, _)| last.phase == Phase::Final && last.run == self.run)
        {
            // A tally that is final is said again once a second, whatever anybody still adds: only to show that it stands.
            if number - last.number >= ticks_per_second(&self.event) {
                let again = Beat { number, ..Beat::clone(last) };
                self.append(again, now_ms).await?;
            }
            return Ok(());
        }
        self.wait_for_flush(now_ms).await;
        let vectors = self.store.gateways(&self.event.id, self.run).await?;
        if opening.phase == Phase::Closed && self.quorum.all_confirmed(&vectors, now_ms) {
            self.event.confirm_all();
        }
        let fans = self.heads.count(&vectors, &self.event.roster, now_ms);
        let known: Vec<(Incarnation, u64, Totals)> = vectors.into_iter().map(|vector| self.by_index(vector)).collect();
        self.ensemble.observe(known.iter().map(|(incarnation, tick, totals)| (*incarnation, *tick, totals)));
        let mut beat = Beat { fans, ..self.ensemble.cut(number, opening) };
        if let Some((last, _)) = self.last.as_ref().filter(|(last, _)| last.run == self.run) {
            // What was shown before stands, also where nobody remembers whose taps it was: who comes new sees no less.
            beat.totals.join(&last.totals);
        }
        self.append(beat, now_ms).await
    }

    async fn append(&mut self, beat: Beat, now_ms: u64) -> Result<(), StoreError> {
        self.election.tries(beat.number);
        let beat = Arc::new(beat);
        match self.store.append(&self.event.id, Arc::clone(&beat)).await? {
            Appended::Accepted => {
                self.election.accepted();
                self.last = Some((beat, now_ms));
            }
            Appended::Taken => {
                self.election.taken();
                self.numbering = None;
            }
        }
        Ok(())
    }

    /// The flush of this interval first, so that its taps are in this beat; but no beat waits long for a store that is
    /// slow to answer.
    async fn wait_for_flush(&mut self, now_ms: u64) {
        let due_from_ms = now_ms.saturating_sub(self.event.beat_ms / 2);
        let its_flush = self.flushed.wait_for(|flushed| flushed.began_ms >= due_from_ms);
        drop(timeout(Duration::from_millis(self.event.beat_ms / 2), its_flush).await);
    }

    /// The number of the beat that is due now: higher than any before, and as far ahead as time has gone.
    async fn next_number(&mut self, now_ms: u64) -> Result<u32, StoreError> {
        let last = self.last.as_ref().map_or(0, |(last, _)| last.number);
        let first = match self.numbering {
            Some(first) => first,
            None => {
                let last = self.store.last_beat(&self.event.id, self.run).await?.max(last);
                let mut number = last.saturating_add(1);
                if !self.store.is_shared() {
                    // A gateway alone has only the wall clock to tell how long it was gone. It moves a number ahead, so
                    // that a beat's nominal time is about its time; it decides nothing else.
                    let nominal = self.gateway.clock.wall_ms().saturating_sub(self.event.t0_ms) / self.event.beat_ms;
                    number = number.max(u32::try_from(nominal).unwrap_or(u32::MAX));
                }
                *self.numbering.insert(Numbering { number, at_ms: now_ms })
            }
        };
        // To the nearest: a beat that is a little early or late keeps its number.
        let passed = (now_ms - first.at_ms + self.event.beat_ms / 2) / self.event.beat_ms;
        let number = first.number.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        Ok(number.max(last.saturating_add(1)))
    }

    /// A vector in the order of our roster. What the store cannot have from an honest gateway is refused and counted.
    fn by_index(&self, vector: Vector) -> (Incarnation, u64, Totals) {
        let roster = &self.event.roster;
        let mut totals = vec![0; roster.teams().len()];
        // Totals that the store has yet to be told again are no taps of this moment: without a tick they make no rate.
        let tick = if vector.is_whole() { vector.tick } else { 0 };
        for (code, total) in vector.totals {
            match roster.index_of(code) {
                Some(team) if total <= VALUE_MAX => totals[usize::from(team)] = total,
                _ => metrics::counter!("beat_joins_refused_total", "event" => self.event.id.to_string()).increment(1),
            }
        }
        (vector.incarnation, tick, totals.into())
    }
}

fn ticks_per_second(event: &Event) -> u32 {
    u32::try_from(1_000 / event.beat_ms).unwrap_or(1)
}

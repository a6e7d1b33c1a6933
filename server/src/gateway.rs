//! One process that counts: its shards, and what they share.
//!
//! Shards share nothing on the way of a tap or of a beat. What stands here is read-only, atomic with one writer, or
//! locked only when a connection begins or ends.

mod arrival;
mod audience;
mod connection;
mod counters;
mod front;
mod line;
mod linger;
mod newcomer;
mod odd;
mod outbox;
mod patience;
mod poller;
mod proxied;
mod sample;
mod seat;
mod secured;
mod sessions;
mod shard;
mod sockets;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use beat_core::{Fates, Rate};
use beat_protocol::{Cadence, EventId};
use tokio::sync::{mpsc, oneshot};

use crate::addresses::{Addresses, Stand};
use crate::clock::Clock;
use crate::config::{Config, Identity, Limits};
use crate::dice;
use crate::door::Door;
use crate::event::{Event, Ledger};
use crate::tally::Signer;

pub(crate) use counters::Counters;
pub(crate) use front::reader;
pub(crate) use newcomer::handshake;
pub(crate) use sample::{Drawn, ONE_IN};
pub(crate) use sessions::{SessionId, Sessions};
pub(crate) use shard::Shard;

/// What every thread of the process may know.
pub(crate) struct Gateway {
    pub(crate) config: Config,
    pub(crate) rates: Rates,
    pub(crate) clock: Clock,
    pub(crate) door: Door,
    pub(crate) addresses: Arc<Addresses>,
    /// Who it is to those who come by TLS: of handshakes that begin from now on.
    pub(crate) identity: ArcSwapOption<Identity>,
    pub(crate) sessions: Sessions,
    /// In the order of the configuration.
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) shards: Vec<ShardHandle>,
    /// Of final tallies.
    pub(crate) signer: Signer,
    by_id: HashMap<EventId, usize>,
    connections: Arc<AtomicUsize>,
    cadence_ms: AtomicU32,
    draining: AtomicBool,
}

/// The limits that are token buckets.
pub(crate) struct Rates {
    pub(crate) taps: Rate,
    pub(crate) frames: Rate,
    pub(crate) bytes: Rate,
    pub(crate) control_frames: Rate,
}

/// How to reach one shard.
pub(crate) struct ShardHandle {
    pub(crate) mailbox: mpsc::Sender<ToShard>,
    pub(crate) counters: Arc<Counters>,
}

/// Messages to a shard. The mailbox is bounded; who cannot send waits.
pub(crate) enum ToShard {
    /// Give up this session: it was opened on another socket.
    HandOver { session: SessionId, to: oneshot::Sender<beat_core::Session> },
    /// Answer: everything that arrived before has been dealt with.
    Barrier { passed: oneshot::Sender<()> },
    /// Copy your tally of this ledger, between two reads: nothing in it is torn.
    Copy { ledger: Arc<Ledger>, to: oneshot::Sender<Vec<Fates>> },
    /// Say where the taps of this event that you looked at came from; an event without a reader here has none.
    Sample { event: usize, to: oneshot::Sender<Drawn> },
    /// Who is excluded has changed: look at every fan anew.
    Judge,
    /// Displays whose tickets are revoked are to go.
    Revoked,
    /// Stop accepting connections.
    StopAccepting,
    /// Stop counting the fans of this part; they are about to leave.
    Freeze { part: usize, of: usize, frozen: oneshot::Sender<usize> },
    /// Send the frozen fans their marks, and away, to be back after `retry_ms` at most.
    Release { retry_ms: u32 },
}

impl Gateway {
    pub(crate) fn new(
        config: Config,
        clock: Clock,
        events: Vec<Arc<Event>>,
        shards: Vec<ShardHandle>,
        signer: Signer,
    ) -> Self {
        let by_id = events.iter().enumerate().map(|(at, event)| (event.id.clone(), at)).collect();
        let rates = Rates::of(&config.limits);
        Self {
            door: Door::new(&config),
            identity: ArcSwapOption::from_pointee(config.tls.identity().cloned()),
            addresses: Addresses::new(config.addresses.clone(), rates.taps),
            rates,
            sessions: Sessions::new(config.limits.session, config.limits.sessions_resting),
            cadence_ms: AtomicU32::new(config.beat.cadence_ms),
            connections: Arc::default(),
            draining: AtomicBool::new(false),
            config,
            clock,
            events,
            shards,
            signer,
            by_id,
        }
    }

    /// The event of that id.
    pub(crate) fn event(&self, id: &str) -> Option<&Arc<Event>> {
        self.index_of(id).map(|at| &self.events[at])
    }

    /// Its place in the list.
    pub(crate) fn index_of(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// What fans are asked to wait between two CHEER frames.
    pub(crate) fn cadence(&self) -> Cadence {
        Cadence::from_ms(self.cadence_ms.load(Ordering::Relaxed))
    }

    /// Asks fans for another cadence, from the next beat on.
    pub(crate) fn set_cadence(&self, cadence: Cadence) {
        self.cadence_ms.store(cadence.as_ms(), Ordering::Relaxed);
    }

    /// Whether the planned stop has begun.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The planned stop begins.
    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Shows the certificate of `config` to who comes from now on, if it is another.
    pub(crate) fn renew_identity(&self, config: &Config) {
        if let Some(identity) = config.tls.identity()
            && self.identity.load().as_deref() != Some(identity)
        {
            identity.tell();
            self.identity.store(Some(Arc::new(identity.clone())));
        }
    }

    /// When a connection has outlived its ticket, on the process's clock: never, where it has none.
    ///
    /// Tickets of a whole hall may run out in the same second, so each connection has up to a tenth of that time more.
    pub(crate) fn ends_at_ms(&self, expires_s: Option<u64>) -> u64 {
        let Some(expires_s) = expires_s else { return u64::MAX };
        let outlive_ms = u64::try_from(self.door.outlive().as_millis()).unwrap_or(u64::MAX);
        let left_ms = expires_s.saturating_mul(1_000).saturating_sub(self.clock.wall_ms());
        let more_ms = dice::random_range(0..=outlive_ms / 10);
        self.clock.now_ms().saturating_add(left_ms).saturating_add(outlive_ms).saturating_add(more_ms)
    }

    /// Takes a place among the connections, if one is left.
    fn admit(&self) -> Option<Admission> {
        let admission = Admission { connections: Arc::clone(&self.connections), stand: None };
        // Counted before it is compared: threads that race for the last place may both be refused, never both let in.
        (self.connections.fetch_add(1, Ordering::Relaxed) < self.config.limits.connections).then_some(admission)
    }

    /// Open connections.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Once this returns, every shard works with what was published before the call.
    pub(crate) async fn barrier(&self) {
        for shard in &self.shards {
            let (passed, done) = oneshot::channel();
            if shard.mailbox.send(ToShard::Barrier { passed }).await.is_ok() {
                // A shard that ends instead counts nothing more either.
                drop(done.await);
            }
        }
    }
}

impl Rates {
    fn of(limits: &Limits) -> Self {
        let full = |per_second, burst| Rate { at_start: burst, per_second, burst };
        Self {
            taps: Rate { at_start: limits.taps_at_start, per_second: limits.taps_per_second, burst: limits.taps_burst },
            frames: full(limits.frames_per_second, limits.frames_burst),
            bytes: full(limits.bytes_per_second, limits.bytes_burst),
            control_frames: full(limits.control_frames_per_second, limits.control_frames_burst),
        }
    }
}

/// One connection's place, given back when dropped.
struct Admission {
    connections: Arc<AtomicUsize>,
    /// Among those of its address, or of its fan.
    stand: Option<Stand>,
}

impl Admission {
    /// From now on it counts as `stand`, if there is one.
    fn stand_as(mut self, stand: Option<Stand>) -> Self {
        self.stand = stand.or(self.stand.take());
        self
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

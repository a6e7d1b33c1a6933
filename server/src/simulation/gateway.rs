//! One simulated gateway: the service's own flush, conductor, follower and timetable, without shards and sockets.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use beat_core::{Counting, Incarnation, Verdict};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::Instant;

use super::network::HOST;
use crate::app::known_events;
use crate::clock::Clock;
use crate::conduct::Conductor;
use crate::config::{Config, EventConfig, Node, RedisAddress, Topology};
use crate::dice;
use crate::event::Event;
use crate::flush::{Flush, Flushed};
use crate::follow::follow;
use crate::gateway::{Counters, Gateway, ShardHandle, ToShard};
use crate::remember::remember;
use crate::store::{Redis, Store, StoreError};
use crate::tally::Signer;
use crate::turns::Turns;

/// Teams of the simulated event.
pub(super) const TEAMS: u16 = 3;

/// A final tally is shown within this of when its totals were read.
const MARGIN_MS: u64 = 2_000;

const EVENT: &str = r#"
id = "demo"
name = "Simulated"
teams = [{ code = "AAA", name = "A" }, { code = "BBB", name = "B" }, { code = "CCC", name = "C" }]
"#;

/// A gateway that runs, or is stopped.
pub(super) struct SimulatedGateway {
    /// Its number, and the port of its wire.
    pub(super) number: u16,
    pub(super) event: Arc<Event>,
    pub(super) turns: Arc<Turns>,
    clock: Clock,
    flushed: watch::Receiver<Flushed>,
    /// Taps counted lately: when, in which run, how many.
    counted: RefCell<VecDeque<(u64, u32, u64)>>,
    /// All it has counted, by run.
    pub(super) total: RefCell<BTreeMap<u32, u64>>,
    pub(super) born: Instant,
    brake: Rc<Brake>,
    at_work: JoinHandle<()>,
}

/// Stops what it is given, and lets it go on.
#[derive(Default)]
pub(super) struct Brake {
    is_on: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

struct Braked {
    brake: Rc<Brake>,
    work: LocalSet,
}

impl Future for Braked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.brake.is_on.get() {
            self.brake.waker.replace(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        Pin::new(&mut self.work).poll(cx)
    }
}

impl SimulatedGateway {
    /// Starts as the service does: nothing runs unless the store answers.
    pub(super) async fn start(number: u16, wall_ms: u64) -> Result<Self, StoreError> {
        let mut event: EventConfig = toml::from_str(EVENT).expect("a good table");
        event.resolve(Path::new(".")).expect("teams inline");
        let shards = 1.try_into().expect("one is not zero");
        let config = Config { events: vec![event], shards, ..Config::default() };
        let seeds = vec![Node { host: HOST.into(), port: number }];
        let address = RedisAddress { seeds, topology: Topology::Standalone { db: 0 }, credentials: None, tls: None };
        let codes = |event: &EventConfig| event.roster().teams().iter().map(|team| team.code).collect();
        let rosters = config.events.iter().map(|event| (event.id.clone(), codes(event)));
        let store: Arc<dyn Store> = Arc::new(Redis::open(&address, rosters).await?);
        let clock = Clock::start_at(wall_ms);
        let events = known_events(&config, store.as_ref(), clock).await?;
        let (mailbox, mut messages) = mpsc::channel(16);
        let shards = vec![ShardHandle { mailbox, counters: Arc::new(Counters::default()) }];
        let gateway = Arc::new(Gateway::new(config, clock, events, shards, Signer::Unsigned("simulated")));
        let event = Arc::clone(&gateway.events[0]);
        // Somebody watches.
        event.reader_comes();
        let (flushes, flushed) = watch::channel(Flushed::default());
        let turns = Arc::new(Turns::new(Arc::clone(&gateway), Arc::clone(&store)));
        let work = LocalSet::new();
        let incarnation = Incarnation(dice::random());
        let flush = Flush { gateway: Arc::clone(&gateway), store: Arc::clone(&store), incarnation, flushed: flushes };
        let (report, reports) = mpsc::channel(64);
        work.spawn_local(flush.run());
        work.spawn_local(follow(Arc::clone(&gateway), Arc::clone(&event), Arc::clone(&store), report));
        work.spawn_local(remember(Arc::clone(&gateway), Arc::clone(&event), Arc::clone(&store)));
        work.spawn_local(Conductor::new(gateway, Arc::clone(&event), store, flushed.clone(), reports).run());
        let timetable = Arc::clone(&turns);
        work.spawn_local(async move { timetable.keep().await });
        work.spawn_local(async move {
            while let Some(message) = messages.recv().await {
                if let ToShard::Barrier { passed } = message {
                    // Refused only by an asker that stopped waiting.
                    _ = passed.send(());
                }
            }
        });
        let brake = Rc::<Brake>::default();
        let at_work = spawn_local(Braked { brake: Rc::clone(&brake), work });
        Ok(Self {
            number,
            event,
            turns,
            clock,
            flushed,
            counted: RefCell::default(),
            total: RefCell::default(),
            born: Instant::now(),
            brake,
            at_work,
        })
    }

    /// Counts taps as a shard does; answers with the run they count for, if they count.
    pub(super) fn tap(&self, team: u16, taps: u32) -> Option<u32> {
        let ledger = self.event.ledger();
        let now_ms = self.clock.now_ms();
        if self.is_stopped() || ledger.counting(now_ms) == Counting::Late {
            return None;
        }
        ledger.tally(0).add(Verdict { team, counted: taps, shadowed: 0, late: 0, attends: None });
        let acknowledged_ms = self.flushed.borrow().began_ms;
        let mut counted = self.counted.borrow_mut();
        while counted.front().is_some_and(|(at_ms, ..)| at_ms + 2 * MARGIN_MS < acknowledged_ms) {
            counted.pop_front();
        }
        *self.total.borrow_mut().entry(ledger.opening.run).or_default() += u64::from(taps);
        counted.push_back((now_ms, ledger.opening.run, taps.into()));
        Some(ledger.opening.run)
    }

    /// Taps of `run` that die with it: no flush that began after them was acknowledged.
    pub(super) fn at_stake(&self, run: u32) -> u64 {
        self.counted_from(self.flushed.borrow().began_ms, run)
    }

    /// Taps of `run` that a final tally may lack which is shown now: those that were at stake as it was cut.
    pub(super) fn too_late(&self, run: u32) -> u64 {
        self.counted_from(self.flushed.borrow().began_ms.saturating_sub(MARGIN_MS), run)
    }

    fn counted_from(&self, from_ms: u64, run: u32) -> u64 {
        let counted = self.counted.borrow();
        counted.iter().filter(|(at_ms, of, _)| *at_ms >= from_ms && *of == run).map(|(.., taps)| taps).sum()
    }

    /// `SIGSTOP`.
    pub(super) fn stop(&self) {
        self.brake.is_on.set(true);
    }

    /// `SIGCONT`.
    pub(super) fn go_on(&self) {
        self.brake.is_on.set(false);
        if let Some(waker) = self.brake.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.brake.is_on.get()
    }

    /// `SIGKILL`.
    pub(super) fn kill(self) {
        self.at_work.abort();
    }
}

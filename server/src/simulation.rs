//! The service's own flush, election, conductor, follower, timetable and Redis store, several gateways of them on one
//! thread and in paused time, over wires and a Redis that a seed makes fail: partitions one way and both, lost replies,
//! commands late, again and out of order, a store that comes back empty or as it was a while ago, gateways stopped and
//! killed, events closed and opened anew in the midst of it.
//!
//! Not in it: shards and sockets of fans (taps go straight into the tally), Sentinel and Cluster. The claims of `tests/`
//! have those, on real processes.

mod gateway;
mod network;
mod oracle;
mod redis;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep};

use crate::dice;
use gateway::{SimulatedGateway, TEAMS};
pub(crate) use network::wire_to;
use network::{Network, Weather};
use oracle::Oracle;

/// What the wall's clock says as each simulation begins.
const WALL_MS: u64 = 1_800_000_000_000;
/// Every gateway counts so many taps so often: forty a second.
const TAPS: u32 = 2;
const TAP_EVERY: Duration = Duration::from_millis(50);
const RATE: f64 = 40.0;
/// Troubles in one schedule.
const TROUBLES: usize = 8;
/// From the end of the last trouble until everything must be well: connections come back within 2 s, a vector is
/// audited a beat, and what is closed is final after 10.
const QUIET: Duration = Duration::from_secs(12);
/// The promise is a second; the intervals at its two ends may be in it.
const GAP_MAX: Duration = Duration::from_millis(1_200);
/// So long after a trouble a gap in the beats may still be its doing: connections come back within 2 s.
const HANGOVER: Duration = Duration::from_secs(4);
/// A gateway states everything again each second, once it has its connection back.
const RESTATES: Duration = Duration::from_secs(4);
/// After so long in calm every gateway knows what one that died had counted: connections come back within 2 s, and two
/// looks of at most 2.5 s each tell that it has stopped.
const REMEMBERS: Duration = Duration::from_millis(7_500);
/// Schedules in the ordinary test; `BEAT_SIMULATIONS` has another number, `BEAT_SIMULATION_SEED` one seed with its trace.
const SCHEDULES: u64 = 1_500;

/// What came of one schedule.
struct Outcome {
    wrongs: Vec<String>,
    trace: String,
    /// Highest rate shown.
    rate: f64,
    /// Longest time without a beat while the store was well, and gateways at most died.
    gap: Duration,
}

/// One run of the world.
struct Schedule {
    network: Rc<Network>,
    oracle: Rc<RefCell<Oracle>>,
    gateways: Vec<SimulatedGateway>,
    born: u16,
    /// Until when the store or its wires are, or were a moment ago, in trouble.
    troubled: Vec<(Instant, Instant)>,
    asked: Vec<JoinHandle<()>>,
    snapshot: redis::Redis,
    snapshot_at: Instant,
    deaths: Vec<Instant>,
    /// When the store forgot something.
    forgot: Option<Instant>,
    /// Gateways that were killed, what they had counted by run, and when.
    dead: Vec<(BTreeMap<u32, u64>, Instant)>,
    /// Runs whose final tally was shown.
    finals: Vec<u32>,
}

fn simulate(seed: u64, is_traced: bool) -> Outcome {
    dice::loaded::by(seed);
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build_local(LocalOptions::default()).unwrap();
    runtime.block_on(async { Schedule::begin(is_traced).await.run().await })
}

impl Schedule {
    async fn begin(is_traced: bool) -> Self {
        let mut schedule = Self {
            network: Network::begin(is_traced),
            oracle: Rc::default(),
            gateways: Vec::new(),
            born: 0,
            troubled: Vec::new(),
            asked: Vec::new(),
            snapshot: redis::Redis::default(),
            snapshot_at: Instant::now(),
            deaths: Vec::new(),
            forgot: None,
            dead: Vec::new(),
            finals: Vec::new(),
        };
        for _ in 0..dice::random_range(2..=4) {
            schedule.bear().await;
        }
        schedule
    }

    async fn run(mut self) -> Outcome {
        self.cheer(Duration::from_secs(3)).await;
        let began = Instant::now();
        for _ in 0..TROUBLES {
            self.trouble().await;
            // As a rule the next comes soon; now and then everyone has time to recover.
            let calm = if dice::random_range(0..4) == 0 { 8_000..10_000 } else { 0..2_000 };
            self.cheer(Duration::from_millis(dice::random_range(calm))).await;
        }
        self.clear_up();
        let quiet_from = Instant::now();
        for asked in self.asked.drain(..) {
            drop(asked.await);
        }
        while quiet_from.elapsed() < QUIET {
            sleep(TAP_EVERY).await;
            self.look_for_finals();
            self.expect_rates();
        }
        self.judge(began, quiet_from)
    }

    /// A new gateway, where the store can be reached.
    async fn bear(&mut self) {
        self.born += 1;
        match SimulatedGateway::start(self.born, WALL_MS).await {
            Ok(gateway) => {
                Oracle::watch(&self.oracle, &self.network, &gateway);
                self.gateways.push(gateway);
                self.network.note(format_args!("{} is born", self.born));
            }
            Err(error) => self.oracle.borrow_mut().wrongs.push(format!("gateway {} cannot start: {error}", self.born)),
        }
        self.expect_rates();
    }

    /// What may be shown at most now: the taps of all who live, and of those who died a moment ago. Where a stale replica
    /// is told again of the dead it knew alive, their last rate may be shown for a second, too.
    fn expect_rates(&self) {
        // Its successor's first second shows the rates of its last.
        let from = (Instant::now() - Duration::from_secs(5)).min(self.snapshot_at);
        let recent = self.deaths.iter().filter(|died| **died > from).count();
        self.oracle.borrow_mut().rate_max = 1.35 * RATE * (self.gateways.len() + recent) as f64;
    }

    /// Time passes, and everyone taps.
    async fn cheer(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            sleep(TAP_EVERY).await;
            self.look_for_finals();
            self.expect_rates();
            for gateway in &self.gateways {
                let team = dice::random_range(0..TEAMS);
                // Counted by us first: a beat may show it at once.
                if let Some(run) = gateway.tap(team, TAPS) {
                    let mut oracle = self.oracle.borrow_mut();
                    oracle.tapped.entry(run).or_default()[usize::from(team)] += u64::from(TAPS);
                    if oracle.finals.contains_key(&run) {
                        // At a gateway cut off for so long that the tally was made without it.
                        *oracle.at_most_lost.entry(run).or_default() += u64::from(TAPS);
                    }
                }
            }
        }
    }

    /// A tally is made without a gateway that was silent for five seconds, and nothing is added to it.
    fn look_for_finals(&mut self) {
        let mut oracle = self.oracle.borrow_mut();
        let new: Vec<u32> = oracle.finals.keys().copied().filter(|run| !self.finals.contains(run)).collect();
        for run in new {
            self.finals.push(run);
            let late: u64 = self.gateways.iter().map(|gateway| gateway.too_late(run)).sum();
            *oracle.at_most_lost.entry(run).or_default() += late;
        }
    }

    fn one(&self) -> usize {
        dice::random_range(0..self.gateways.len())
    }

    /// One thing that goes wrong.
    async fn trouble(&mut self) {
        let at = self.one();
        let number = self.gateways[at].number;
        match dice::random_range(0..13) {
            0..5 => {
                let weathers = [Weather::Hole, Weather::Cut, Weather::LosingReplies, Weather::Late, Weather::Replaying];
                let weather = weathers[dice::random_range(0..weathers.len())];
                let everywhere = dice::random_range(0..4) == 0;
                let hit = self.gateways.iter().map(|gateway| gateway.number);
                let hit: Vec<u16> = hit.filter(|hit| everywhere || *hit == number).collect();
                let began = Instant::now();
                hit.iter().for_each(|hit| self.network.turns(*hit, weather));
                self.cheer(dice::random_range(Duration::from_millis(50)..Duration::from_secs(5))).await;
                hit.iter().for_each(|hit| self.network.turns(*hit, Weather::Fair));
                self.was_troubled(began);
            }
            5 => {
                let began = Instant::now();
                self.network.note(format_args!("the store comes back empty"));
                self.forget(redis::Redis::default());
                self.was_troubled(began);
            }
            6 => {
                let began = Instant::now();
                self.network.note(format_args!("a stale replica is promoted"));
                self.forget(self.snapshot.clone());
                self.was_troubled(began);
            }
            7 => self.remember_snapshot(),
            8 => {
                let began = Instant::now();
                self.network.note(format_args!("{number} is stopped"));
                self.gateways[at].stop();
                self.cheer(dice::random_range(Duration::from_millis(50)..Duration::from_secs(5))).await;
                self.network.note(format_args!("{number} goes on"));
                self.gateways[at].go_on();
                self.was_troubled(began);
            }
            // One that starts before anybody has told an empty store where the event stands opens it as if it were new.
            9 | 10 if self.forgot.is_none_or(|at| self.calm_since(at) > RESTATES) => {
                self.bear().await;
                self.kill(at);
            }
            9 | 10 => {}
            // The worst for what the dead had counted: who read it last dies as the store forgets.
            11 if self.forgot.is_none_or(|at| self.calm_since(at) > RESTATES) => {
                self.bear().await;
                self.bear().await;
                self.kill(at);
                self.remember_snapshot();
                self.cheer(REMEMBERS + Duration::from_secs(1)).await;
                let conductor = self.network.accepted.borrow().last().map(|beat| beat.gateway);
                if let Some(at) = self.gateways.iter().position(|gateway| Some(gateway.number) == conductor) {
                    self.kill(at);
                }
                let began = Instant::now();
                let known = if dice::random() { self.snapshot.clone() } else { redis::Redis::default() };
                self.network.note(format_args!("the store forgets"));
                self.forget(known);
                self.was_troubled(began);
            }
            11 => {}
            _ => {
                let (turns, event) =
                    (std::sync::Arc::clone(&self.gateways[at].turns), std::sync::Arc::clone(&self.gateways[at].event));
                let is_open = event.state() == beat_protocol::EventState::Open;
                self.network.note(format_args!("{number} is told to {}", if is_open { "close" } else { "open" }));
                self.asked.push(spawn_local(async move {
                    // Refused where the store cannot be reached, or another was told the same.
                    drop(if is_open { turns.close(&event).await } else { turns.open(&event).await });
                }));
            }
        }
    }

    fn remember_snapshot(&mut self) {
        self.snapshot = self.network.redis.borrow().clone();
        self.snapshot_at = Instant::now();
    }

    fn kill(&mut self, at: usize) {
        let gateway = self.gateways.swap_remove(at);
        self.network.note(format_args!("{} is killed", gateway.number));
        for run in gateway.total.borrow().keys() {
            *self.oracle.borrow_mut().at_most_lost.entry(*run).or_default() += gateway.at_stake(*run);
        }
        self.dead.push((gateway.total.take(), Instant::now()));
        self.deaths.push(Instant::now());
        gateway.kill();
    }

    /// The store comes back with no more than `redis` in it. Of the dead it is told again by anyone alive who had time to
    /// read of them, and nobody else.
    fn forget(&mut self, redis: redis::Redis) {
        self.network.restart(redis);
        let dead = std::mem::take(&mut self.dead);
        let knows = |living: &SimulatedGateway, died: Instant| self.calm_since(died.max(living.born)) > REMEMBERS;
        let is_known = |died| self.gateways.iter().any(|living| knows(living, died));
        let (known, lost) = dead.into_iter().partition(|(_, died)| is_known(*died));
        self.dead = known;
        for (run, total) in lost.into_iter().flat_map(|(totals, _): (BTreeMap<u32, u64>, _)| totals) {
            *self.oracle.borrow_mut().at_most_lost.entry(run).or_default() += total;
        }
        self.forgot = Some(Instant::now());
    }

    /// How long nothing has been wrong with the store or a wire, nor any gateway stopped, since `then` at the earliest.
    fn calm_since(&self, then: Instant) -> Duration {
        let from = self.troubled.iter().map(|(_, end)| *end - HANGOVER).max().map_or(then, |end| end.max(then));
        from.elapsed()
    }

    fn was_troubled(&mut self, began: Instant) {
        self.troubled.push((began, Instant::now() + HANGOVER));
    }

    fn clear_up(&mut self) {
        for gateway in &self.gateways {
            self.network.turns(gateway.number, Weather::Fair);
            gateway.go_on();
        }
    }

    fn judge(self, began: Instant, quiet_from: Instant) -> Outcome {
        let accepted = self.network.accepted.borrow();
        let mut oracle = self.oracle.borrow_mut();
        let is_calm = |from: Instant, to: Instant| self.troubled.iter().all(|(began, end)| to < *began || from > *end);
        // A final tally is said once a second, and its silence told from that.
        let is_open = |run, to: Instant| oracle.finals.get(&run).is_none_or(|(_, since)| *since > to);
        let between = accepted.windows(2).map(|two| (two[0].at, two[1].at, two[0].run));
        let calm = between.filter(|(from, to, run)| *from > began && is_calm(*from, *to) && is_open(*run, *to));
        let gap = calm.map(|(from, to, _)| to - from).max().unwrap_or_default();
        let numbers: Vec<u16> = self.gateways.iter().map(|gateway| gateway.number).collect();
        oracle.in_the_end(&numbers);
        // The last beats are one gateway's: of a final tally there is one a second.
        let late: Vec<u16> =
            accepted.iter().filter(|beat| beat.at > quiet_from + QUIET / 2).map(|beat| beat.gateway).collect();
        if late.is_empty() || late.iter().any(|who| *who != late[0]) {
            oracle.wrongs.push(format!("in the end not one conductor: {late:?}"));
        }
        if gap > GAP_MAX {
            oracle.wrongs.push(format!("no beat for {gap:?} while the store was well"));
        }
        Outcome {
            wrongs: std::mem::take(&mut oracle.wrongs),
            trace: self.network.trace.take().unwrap_or_default(),
            rate: oracle.rate_seen,
            gap,
        }
    }
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_a_seed_brings_nothing_counts_twice_nothing_falls_and_all_agree_in_the_end() {
    let alone = number_of("BEAT_SIMULATION_SEED");
    let seeds = alone.map_or(0..number_of("BEAT_SIMULATIONS").unwrap_or(SCHEDULES), |seed| seed..seed + 1);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let outcomes = std::sync::Mutex::new((Vec::new(), 0.0f64, Duration::ZERO));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = simulate(seed, alone.is_some());
                    if alone.is_some() {
                        println!("{}", outcome.trace);
                    }
                    let mut all = outcomes.lock().unwrap();
                    all.0.extend(outcome.wrongs.into_iter().take(3).map(|wrong| format!("seed {seed}: {wrong}")));
                    all.1 = all.1.max(outcome.rate);
                    all.2 = all.2.max(outcome.gap);
                }
            });
        }
    });
    let (wrongs, rate, gap) = outcomes.into_inner().unwrap();
    println!("{} schedules: highest rate {rate:.0}/s, longest calm without a beat {gap:?}", seeds.end - seeds.start);
    assert!(
        wrongs.is_empty(),
        "{} wrongs; run one alone with BEAT_SIMULATION_SEED=<seed>:\n{}",
        wrongs.len(),
        wrongs[..wrongs.len().min(20)].join("\n")
    );
}

#[test]
fn a_seed_brings_the_same_again_byte_for_byte() {
    let traces: Vec<String> = (0..8).map(|seed| simulate(seed, true).trace).collect();
    for (trace, seed) in traces.iter().zip(0..) {
        assert!(*trace == simulate(seed, true).trace, "seed {seed} brings something else the second time");
    }
    assert!(traces.windows(2).all(|two| two[0] != two[1]), "two seeds bring the same");
}

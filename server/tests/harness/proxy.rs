//! Stands between gateways and Redis, and does to what they say what a network might.
//!
//! It cuts each connection into whole commands and answers, so that it knows which answer it loses. What a gateway asks
//! before it states anything (who are you, how much memory) passes unharmed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Redis;
use super::increments::{Increments, Stated, keeps_a_vector};
use super::resp::{Words, encode, take_answer, take_command};

/// Every connection is reset every 50 ms or so: never in step with the flushes, which come every 100 ms.
const RESET_AFTER_MS: std::ops::Range<u64> = 20..80;
/// An answer is under way for so long while connections are reset: a fifth of all resets hit one that has been done.
const UNDER_WAY: Duration = Duration::from_millis(10);
/// Old commands come again this often.
const REPLAY_EVERY: Duration = Duration::from_millis(5);
/// Commands kept to come again: three gateways state some 60 a second.
const OLD_KEPT: usize = 500;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Nothing to anybody.
    Fair,
    /// Of a hundred writes that Redis has done, so many are not answered: the connection ends instead.
    LosingReplies(u32),
    /// Writes of long ago arrive again, in any order.
    Replaying,
    /// Every connection is reset, again and again.
    Resetting,
    /// Everything hangs.
    BlackHole,
}

/// One such network.
pub(crate) struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
    _tasks: JoinSet<()>,
}

struct Network {
    redis: SocketAddr,
    weather: watch::Sender<Weather>,
    /// Moves when all connections are reset.
    resets: watch::Sender<u64>,
    /// The store that increments, if it is to be one.
    increments: Option<Mutex<Increments>>,
    old: Mutex<VecDeque<Vec<u8>>>,
    dice: Mutex<StdRng>,
    faults: AtomicU64,
}

/// A command whose answer is awaited.
struct Asked {
    /// Answers of Redis that make up this one.
    answers: usize,
    is_write: bool,
    /// It states totals: its loss is what a store that increments would suffer from.
    is_vector: bool,
    stated: Option<Stated>,
}

impl Proxy {
    /// Before `redis`, in fair weather; `seed` decides what is lost and what comes again. Where it `increments`, totals
    /// are turned into increments on their way.
    pub(crate) async fn before(redis: &Redis, seed: u64, increments: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = Arc::new(Network {
            redis: redis.address(),
            weather: watch::Sender::new(Weather::Fair),
            resets: watch::Sender::new(0),
            increments: increments.then(Mutex::default),
            old: Mutex::default(),
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            faults: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&network).accept(listener));
        tasks.spawn(Arc::clone(&network).reset());
        tasks.spawn(Arc::clone(&network).replay());
        Self { address, network, _tasks: tasks }
    }

    /// Its address, for `--store`.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    /// From now on.
    pub(crate) fn turns(&self, weather: Weather) {
        self.network.weather.send_replace(weather);
    }

    /// How many answers were lost and old commands came again; of resets, those that hit the answer to stated totals.
    pub(crate) fn faults(&self) -> u64 {
        self.network.faults.load(Ordering::Relaxed)
    }
}

impl Network {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((gateway, _)) = listener.accept().await {
            let network = Arc::clone(&self);
            connections.spawn(async move {
                let Ok(redis) = TcpStream::connect(network.redis).await else { return };
                for socket in [&gateway, &redis] {
                    // What ends here ends by a reset, as behind a firewall that forgot it.
                    socket.set_zero_linger().unwrap();
                    socket.set_nodelay(true).unwrap();
                }
                network.carry(gateway, redis).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }

    async fn reset(self: Arc<Self>) {
        loop {
            let after_ms = self.dice.lock().unwrap().random_range(RESET_AFTER_MS);
            sleep(Duration::from_millis(after_ms)).await;
            if *self.weather.borrow() == Weather::Resetting {
                self.resets.send_modify(|resets| *resets += 1);
            }
        }
    }

    async fn replay(self: Arc<Self>) {
        let mut weather = self.weather.subscribe();
        loop {
            drop(weather.wait_for(|weather| *weather == Weather::Replaying).await);
            sleep(REPLAY_EVERY).await;
            let old = {
                let (old, mut dice) = (self.old.lock().unwrap(), self.dice.lock().unwrap());
                if old.is_empty() {
                    continue;
                }
                old[dice.random_range(0..old.len())].clone()
            };
            let Ok(mut redis) = TcpStream::connect(self.redis).await else { continue };
            redis.write_all(&old).await.unwrap();
            if redis.read(&mut [0; 256]).await.is_ok_and(|length| length > 0) {
                self.faults.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Carries one connection until either end, or the weather, ends it.
    async fn carry(&self, mut gateway: TcpStream, mut redis: TcpStream) {
        let (mut weather, mut resets) = (self.weather.subscribe(), self.resets.subscribe());
        let (mut commands, mut answers) = (Vec::new(), Vec::new());
        let mut asked = VecDeque::new();
        loop {
            drop(weather.wait_for(|weather| *weather != Weather::BlackHole).await);
            tokio::select! {
                biased;
                _ = weather.changed() => {}
                _ = resets.changed() => return,
                read = gateway.read_buf(&mut commands) => {
                    if read.unwrap_or(0) == 0 {
                        // What it said before it went is still done.
                        drop(redis.shutdown().await);
                        drop(tokio::io::copy(&mut redis, &mut tokio::io::sink()).await);
                        return;
                    }
                    while let Some(command) = take_command(&mut commands) {
                        let (bytes, command) = self.forward(&command);
                        asked.push_back(command);
                        if redis.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                }
                read = redis.read_buf(&mut answers) => {
                    if read.unwrap_or(0) == 0 {
                        return;
                    }
                    while let Some(answer) = take_answer(&mut answers) {
                        let now = asked.front_mut().expect("an answer to something");
                        now.answers -= 1;
                        if now.answers > 0 {
                            continue;
                        }
                        let now = asked.pop_front().expect("it was there");
                        if self.is_lost(&now) {
                            self.faults.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                        let is_slow = now.is_write && *self.weather.borrow() == Weather::Resetting;
                        if is_slow && timeout(UNDER_WAY, resets.changed()).await.is_ok() {
                            self.faults.fetch_add(u64::from(now.is_vector), Ordering::Relaxed);
                            return;
                        }
                        if gateway.write_all(&answer).await.is_err() {
                            return;
                        }
                        if let (Some(increments), Some(stated)) = (&self.increments, now.stated) {
                            increments.lock().unwrap().delivered(stated);
                        }
                    }
                }
            }
        }
    }

    /// What goes on to Redis for a command, and what is to come back.
    fn forward(&self, command: &Words) -> (Vec<u8>, Asked) {
        let is_write = [&b"ZADD"[..], b"XADD", b"HSETNX", b"HSET"].contains(&command[0].as_slice());
        let rewritten = self.increments.as_ref().and_then(|increments| increments.lock().unwrap().rewrite(command));
        let (sent, stated) = match rewritten {
            Some((commands, stated)) if !commands.is_empty() => (commands, Some(stated)),
            _ => (vec![command.clone()], None),
        };
        let sent: Vec<Vec<u8>> = sent.iter().map(|command| encode(command)).collect();
        if is_write {
            let mut old = self.old.lock().unwrap();
            old.extend(sent.iter().cloned());
            let beyond = old.len().saturating_sub(OLD_KEPT);
            old.drain(..beyond);
        }
        let is_vector = is_write && keeps_a_vector(command);
        (sent.concat(), Asked { answers: sent.len(), is_write, is_vector, stated })
    }

    fn is_lost(&self, asked: &Asked) -> bool {
        let weather = *self.weather.borrow();
        matches!(weather, Weather::LosingReplies(percent) if asked.is_write
            && self.dice.lock().unwrap().random_range(0..100) < percent)
    }
}

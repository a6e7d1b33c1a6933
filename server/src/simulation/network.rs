//! Wires between simulated gateways and the Redis they meet in, and what may happen on each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex, split};
use tokio::sync::Notify;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};

use super::redis::{Redis, Reply};
use crate::config::Node;
use crate::dice;

/// Host of every simulated store; the port says whose wire it is.
pub(super) const HOST: &str = "simulated";
/// Commands of one gateway that may come again.
const OLD: usize = 64;

/// What happens on a gateway's wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Fair,
    /// Nothing gets through either way, and nobody is told.
    Hole,
    /// Connections end at once.
    Cut,
    /// One command in four is done, and its reply lost with the connection.
    LosingReplies,
    /// Commands are done up to three seconds late, in any order, and nobody is told.
    Late,
    /// Beside each command an old one is done again.
    Replaying,
}

/// A beat that got in.
#[derive(Clone, Copy)]
pub(super) struct Accepted {
    pub(super) at: Instant,
    pub(super) gateway: u16,
    pub(super) run: u32,
}

/// The store, and every wire to it.
#[derive(Default)]
pub(super) struct Network {
    pub(super) redis: RefCell<Redis>,
    weathers: RefCell<BTreeMap<u16, Weather>>,
    old: RefCell<BTreeMap<u16, Vec<Vec<Vec<u8>>>>>,
    /// Ends all connections.
    reset: RefCell<Rc<Notify>>,
    news: Notify,
    pub(super) accepted: RefCell<Vec<Accepted>>,
    /// What happened, if somebody wants to know.
    pub(super) trace: RefCell<Option<String>>,
    began: Cell<Option<Instant>>,
}

thread_local! {
    /// The network of the simulation that runs on this thread.
    static NETWORK: RefCell<Option<Rc<Network>>> = const { RefCell::new(None) };
}

/// A connection over a simulated wire, if `node` is at the end of one.
pub(crate) fn wire_to(
    node: &Node,
) -> Option<impl Future<Output = Result<MultiplexedConnection, RedisError>> + Send + use<>> {
    if node.host != HOST {
        return None;
    }
    let network = NETWORK.with_borrow(Clone::clone).expect("a simulation runs here");
    let (ours, theirs) = duplex(1 << 16);
    spawn_local(network.serve(node.port, theirs));
    Some(async move {
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let info = RedisConnectionInfo::default().set_skip_set_lib_name();
        let (connection, driver) = MultiplexedConnection::new_with_config(&info, ours, config).await?;
        spawn_local(driver);
        Ok(connection)
    })
}

impl Network {
    /// The one of this thread from now on.
    pub(super) fn begin(is_traced: bool) -> Rc<Self> {
        let network = Rc::<Self>::default();
        network.trace.replace(is_traced.then(String::new));
        network.began.set(Some(Instant::now()));
        NETWORK.set(Some(Rc::clone(&network)));
        network
    }

    /// From now on.
    pub(super) fn turns(&self, gateway: u16, weather: Weather) {
        self.note(format_args!("weather of {gateway}: {weather:?}"));
        self.weathers.borrow_mut().insert(gateway, weather);
    }

    /// The store comes back with `redis` in it; every connection ends.
    pub(super) fn restart(&self, redis: Redis) {
        self.redis.replace(redis);
        self.reset.replace(Rc::default()).notify_waiters();
    }

    /// Writes down what happens, and when.
    pub(super) fn note(&self, what: fmt::Arguments<'_>) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            let at = self.began.get().map_or(Duration::ZERO, |began| began.elapsed());
            writeln!(trace, "{:>7.3} {what}", at.as_secs_f64()).expect("a string takes it");
        }
    }

    fn weather(&self, gateway: u16) -> Weather {
        self.weathers.borrow().get(&gateway).copied().unwrap_or(Weather::Fair)
    }

    fn apply(&self, gateway: u16, command: &[Vec<u8>]) -> Reply {
        let reply = self.redis.borrow_mut().answer(command);
        if command[0] == b"XADD" && matches!(reply, Reply::Bulk(_)) {
            let run = String::from_utf8_lossy(&command[1]).split(':').nth(2).and_then(|run| run.parse().ok());
            self.accepted.borrow_mut().push(Accepted {
                at: Instant::now(),
                gateway,
                run: run.expect("a stream's run"),
            });
            self.news.notify_waiters();
        }
        self.note(format_args!("{gateway}: {}", Said(command)));
        reply
    }

    async fn serve(self: Rc<Self>, gateway: u16, wire: DuplexStream) {
        let reset = Rc::clone(&self.reset.borrow());
        tokio::select! {
            biased;
            () = reset.notified() => {}
            _ = self.answer(gateway, wire) => {}
        }
    }

    /// Answers until the wire is cut; `None` then.
    async fn answer(&self, gateway: u16, wire: DuplexStream) -> Option<()> {
        let (read, mut write) = split(wire);
        let mut read = BufReader::new(read);
        let mut out = Vec::new();
        // Replies come in the order of the commands: after one that is lost there are no others.
        let mut is_mute = false;
        loop {
            let command = command_of(&mut read).await?;
            sleep(dice::random_range(Duration::ZERO..Duration::from_millis(3))).await;
            match self.weather(gateway) {
                Weather::Cut => return None,
                Weather::Hole => {
                    is_mute = true;
                    continue;
                }
                Weather::Late => {
                    is_mute = true;
                    let network = NETWORK.with_borrow(Clone::clone)?;
                    spawn_local(async move {
                        sleep(dice::random_range(Duration::ZERO..Duration::from_secs(3))).await;
                        network.apply(gateway, &command);
                    });
                    continue;
                }
                Weather::LosingReplies if dice::random_range(0..4) == 0 => {
                    self.apply(gateway, &command);
                    return None;
                }
                Weather::Replaying => self.replay(gateway),
                Weather::Fair | Weather::LosingReplies => {}
            }
            self.remember(gateway, &command);
            let reply = self.reply_to(gateway, &command).await;
            is_mute |= self.weather(gateway) == Weather::Hole;
            if is_mute {
                continue;
            }
            out.clear();
            reply.encode(&mut out);
            write.write_all(&out).await.ok()?;
        }
    }

    /// A blocking read waits for news, all others are answered at once.
    async fn reply_to(&self, gateway: u16, command: &[Vec<u8>]) -> Reply {
        let is_blocking = command[0] == b"XREAD" && command[1] == b"BLOCK";
        let until = Instant::now() + Duration::from_millis(250);
        loop {
            let news = self.news.notified();
            let reply = self.apply(gateway, command);
            let left = until.saturating_duration_since(Instant::now());
            if !is_blocking || reply != Reply::Nothing || timeout(left, news).await.is_err() {
                return reply;
            }
        }
    }

    fn remember(&self, gateway: u16, command: &[Vec<u8>]) {
        if matches!(command[0].as_slice(), b"ZADD" | b"XADD" | b"HSETNX" | b"HSET") {
            let mut old = self.old.borrow_mut();
            let old = old.entry(gateway).or_default();
            if old.len() == OLD {
                old.swap_remove(dice::random_range(0..OLD));
            }
            old.push(command.to_vec());
        }
    }

    fn replay(&self, gateway: u16) {
        let again = {
            let old = self.old.borrow();
            old.get(&gateway).filter(|old| !old.is_empty()).map(|old| old[dice::random_range(0..old.len())].clone())
        };
        if let Some(command) = again {
            self.apply(gateway, &command);
        }
    }
}

/// A command as it is written down.
struct Said<'a>(&'a [Vec<u8>]);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{} ", word.escape_ascii()))
    }
}

/// The next command: an array of bulk strings; `None` at the end.
async fn command_of(wire: &mut (impl AsyncBufRead + Unpin)) -> Option<Vec<Vec<u8>>> {
    let count = number_of(wire).await?;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let mut word = vec![0; number_of(wire).await? + 2];
        wire.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(word);
    }
    Some(words)
}

async fn number_of(wire: &mut (impl AsyncBufRead + Unpin)) -> Option<usize> {
    let mut line = String::new();
    wire.read_line(&mut line).await.ok()?;
    line.trim_start_matches(['*', '$']).trim_end().parse().ok()
}

//! All open connections of one shard, and the loop that serves those whose sockets have something.
//!
//! One task, one buffer, and a place in a slab for each connection.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::epoll;
use slab::Slab;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::connection::Connection;
use super::poller::{Poller, Ready};
use super::shard::Shard;

/// Read at a time, by all connections in turn.
const BUFFER_BYTES: usize = 64 * 1_024;
/// Told by the kernel at a time: a quarter of a millisecond's work, at a microsecond a read.
const EVENTS: usize = 256;
/// Where so many sockets have something within a step, the loop lets them gather: one wake-up then serves many, and one
/// read may bring several frames. A shard with less to do is woken by each and reads at once.
const BUSY_FROM: usize = 8;
/// How long it lets them gather: a step of the runtime's clock, at most two milliseconds in all.
const STEP: Duration = Duration::from_millis(1);

/// What the loop works with.
struct Hands {
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
}

/// The connections.
pub(super) struct Sockets {
    poller: Poller,
    open: RefCell<Slab<Connection>>,
}

impl Sockets {
    /// None yet.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { poller: Poller::new()?, open: RefCell::default() })
    }

    /// Takes a connection on, with the bytes that came behind its handshake.
    pub(super) fn add(&self, shard: &Shard, mut connection: Connection, early: Vec<u8>) {
        if !early.is_empty() && connection.early(shard, early).is_err() {
            return connection.end(shard);
        }
        let mut open = self.open.borrow_mut();
        let place = open.vacant_entry();
        match self.poller.add(connection.socket(), place.key()) {
            Ok(()) => drop(place.insert(connection)),
            Err(error) => {
                tracing::warn!(%error, "cannot poll a connection");
                connection.end(shard);
            }
        }
    }

    /// Serves for as long as the process lives.
    pub(super) async fn serve(shard: Rc<Shard>) -> io::Result<()> {
        let mut hands = Hands { events: Vec::with_capacity(EVENTS), buffer: vec![0; BUFFER_BYTES] };
        loop {
            let mut alarm = shard.sockets.poller.alarm()?;
            let (mut step_ms, mut served) = (0, 0);
            while served < BUSY_FROM {
                alarm.rings().await?;
                let now = shard.sockets.serve_ready(&shard, &mut hands).await?;
                served = if shard.now_ms() == step_ms { served + now } else { now };
                step_ms = shard.now_ms();
            }
            drop(alarm);
            while served >= BUSY_FROM / 2 {
                sleep(STEP).await;
                served = shard.sockets.serve_ready(&shard, &mut hands).await?;
            }
        }
    }

    /// Serves all that have something; answers with how many did.
    async fn serve_ready(&self, shard: &Shard, hands: &mut Hands) -> io::Result<usize> {
        let mut served = 0;
        loop {
            self.poller.look(&mut hands.events)?;
            // One reading of the clock serves all of them.
            shard.read_clock();
            for event in &hands.events {
                self.serve_one(shard, event.into(), &mut hands.buffer);
            }
            served += hands.events.len();
            if hands.events.len() < EVENTS {
                return Ok(served);
            }
            // Beats and newcomers have their turn in between.
            yield_now().await;
        }
    }

    fn serve_one(&self, shard: &Shard, ready: Ready, buffer: &mut [u8]) {
        let mut open = self.open.borrow_mut();
        // One that ended a moment ago may still be told of.
        let Some(connection) = open.get_mut(ready.key) else { return };
        if connection.serve(shard, ready, buffer).is_err() {
            let connection = open.remove(ready.key);
            self.poller.remove(connection.socket());
            connection.end(shard);
        }
    }
}

//! All open connections of one shard, and the loop that serves those whose sockets have something.
//!
//! One task, one buffer, and a place in a slab for each connection.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use slab::Slab;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::connection::Connection;
use super::poller::{EVENTS, Poller, Ready};
use super::shard::Shard;

/// Read at a time, by all connections in turn.
const BUFFER_BYTES: usize = 64 * 1_024;
/// Where sockets come in so thick within a millisecond, the loop lets more gather: one call of the kernel then brings
/// several frames, and one wake-up many sockets. A shard with less to do reads at once.
const BUSY_FROM: usize = 8;
/// How long it lets them gather: a step of the runtime's clock, at most two milliseconds in all.
const STEP: Duration = Duration::from_millis(1);

/// The connections.
pub(super) struct Sockets {
    poller: Poller,
    open: RefCell<Slab<Connection>>,
}

impl Sockets {
    /// None yet, within a runtime.
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
        let sockets = &shard.sockets;
        let mut events = Vec::with_capacity(EVENTS);
        let mut buffer = vec![0; BUFFER_BYTES];
        let (mut within_ms, mut served) = (0, 0);
        loop {
            sockets.poller.wait(&mut events).await?;
            // One reading of the clock serves all of them.
            let now_ms = shard.read_clock();
            for event in &events {
                sockets.serve_one(&shard, event.into(), &mut buffer);
            }
            if now_ms != within_ms {
                (within_ms, served) = (now_ms, 0);
            }
            served += events.len();
            if events.len() == EVENTS {
                yield_now().await;
            } else if served >= BUSY_FROM {
                sleep(STEP).await;
            }
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

//! All open connections of one shard, and the loop that serves those whose sockets have something.
//!
//! One task, one buffer, and a place in a slab for each connection.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use rustix::event::epoll;
use slab::Slab;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::connection::Connection;
use super::newcomer::{Asked, Handshake, Newcomer};
use super::poller::{Poller, Ready};
use super::shard::{Shard, evented};
use super::wire::Wire;
use super::{Admission, front};
use crate::http::Wanted;

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

/// One place of the slab.
enum Socket {
    /// It has not asked for anything yet.
    New(Newcomer),
    Open(Connection),
    /// On its way from the one to the other.
    Between,
}

/// The connections.
pub(super) struct Sockets {
    poller: Poller,
    all: RefCell<Slab<Socket>>,
    /// When newcomers came, which, and where they stand: in the order they came.
    came: RefCell<VecDeque<(u64, u64, usize)>>,
    nth: Cell<u64>,
}

impl Sockets {
    /// None yet.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { poller: Poller::new()?, all: RefCell::default(), came: RefCell::default(), nth: Cell::default() })
    }

    /// Takes on a connection that was accepted now.
    pub(super) fn receive(&self, socket: OwnedFd, peer: IpAddr, place: Admission, now_ms: u64) {
        let nth = self.nth.replace(self.nth.get() + 1);
        let mut all = self.all.borrow_mut();
        let vacant = all.vacant_entry();
        match self.poller.add(&socket, vacant.key()) {
            Ok(()) => {
                self.came.borrow_mut().push_back((now_ms, nth, vacant.key()));
                vacant.insert(Socket::New(Newcomer { socket, peer, place, nth }));
            }
            Err(error) => tracing::warn!(%error, "cannot poll a connection"),
        }
    }

    /// Takes an upgraded connection on, with the bytes that came behind its handshake.
    pub(super) fn add(&self, shard: &Shard, mut connection: Connection, mut early: Vec<u8>) {
        if connection.early(shard, &mut early).is_err() {
            return connection.end(shard);
        }
        let mut all = self.all.borrow_mut();
        let vacant = all.vacant_entry();
        match self.poller.add(connection.socket(), vacant.key()) {
            Ok(()) => drop(vacant.insert(Socket::Open(connection))),
            Err(error) => {
                tracing::warn!(%error, "cannot poll a connection");
                connection.end(shard);
            }
        }
    }

    /// Tells newcomers that ask for nothing in time to go.
    pub(super) async fn part_with_the_silent(shard: Rc<Shard>) {
        let patience = shard.gateway.config.limits.handshake;
        let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let this = &shard.sockets;
        loop {
            let first = this.came.borrow().front().copied();
            // Whoever comes while nobody waits has all of this time too.
            let Some((came_ms, nth, key)) = first else {
                sleep(patience).await;
                continue;
            };
            let left_ms = came_ms.saturating_add(patience_ms).saturating_sub(shard.read_clock());
            if left_ms > 0 {
                sleep(Duration::from_millis(left_ms)).await;
                continue;
            }
            this.came.borrow_mut().pop_front();
            let mut all = this.all.borrow_mut();
            if matches!(all.get(key), Some(Socket::New(newcomer)) if newcomer.nth == nth)
                && let Socket::New(newcomer) = all.remove(key)
            {
                this.poller.remove(&newcomer.socket);
                tokio::task::spawn_local(front::too_late(Wire::plain(newcomer.socket)));
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
    async fn serve_ready(&self, shard: &Rc<Shard>, hands: &mut Hands) -> io::Result<usize> {
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

    fn serve_one(&self, shard: &Rc<Shard>, ready: Ready, buffer: &mut [u8]) {
        let mut all = self.all.borrow_mut();
        // One that ended a moment ago may still be told of.
        let Some(socket) = all.get_mut(ready.key) else { return };
        let still_here = match socket {
            Socket::Open(connection) => connection.serve(shard, ready, buffer).is_ok(),
            Socket::New(newcomer) if ready.readable => match newcomer.ask(shard, buffer) {
                Asked::Nothing => true,
                Asked::Gone => false,
                Asked::Handshake(handshake) => self.open(shard, socket, handshake, ready, buffer),
                Asked::Other(read) => self.leave_to_hyper(shard, socket, &buffer[..read]),
            },
            Socket::New(_) | Socket::Between => true,
        };
        if !still_here && let Socket::Open(connection) = all.remove(ready.key) {
            connection.end(shard);
        }
    }

    /// Looks anew at whose taps count.
    pub(super) fn judge(&self) {
        for (_, socket) in &mut *self.all.borrow_mut() {
            if let Socket::Open(connection) = socket {
                connection.judge();
            }
        }
    }

    /// Hears nothing more of a socket that stays open.
    pub(super) fn forget(&self, socket: &OwnedFd) {
        self.poller.remove(socket);
    }

    /// Opens a newcomer where it stands; one whose session may live on another shard has to leave its place for that.
    fn open(
        &self,
        shard: &Rc<Shard>,
        socket: &mut Socket,
        Handshake { answer, wanted, stand, early }: Handshake,
        ready: Ready,
        buffer: &mut [u8],
    ) -> bool {
        let Socket::New(newcomer) = std::mem::replace(socket, Socket::Between) else { return false };
        let Newcomer { socket: out, place, .. } = newcomer;
        let wire = Wire::plain(out);
        let place = place.stand_as(stand);
        let mut connection = match wanted {
            Wanted::Display(display) => Connection::of_display(shard, wire, answer, place, display),
            Wanted::Fan(fan, None) => {
                let held = shard.new_session(fan.event);
                Connection::of_fan(shard, wire, answer, place, fan, held)
            }
            Wanted::Fan(..) | Wanted::Refusal(_) => {
                self.poller.remove(wire.socket());
                let (shard, early) = (Rc::clone(shard), buffer[early].to_vec());
                tokio::task::spawn_local(async move { shard.open(wire, answer, early, wanted, place).await });
                return false;
            }
        };
        let is_open = connection.early(shard, &mut buffer[early]).is_ok()
            && (!ready.hung_up || connection.serve(shard, ready, buffer).is_ok());
        *socket = Socket::Open(connection);
        is_open
    }

    fn leave_to_hyper(&self, shard: &Rc<Shard>, socket: &mut Socket, begun: &[u8]) -> bool {
        let Socket::New(newcomer) = std::mem::replace(socket, Socket::Between) else { return false };
        self.poller.remove(&newcomer.socket);
        match evented(newcomer.socket) {
            Ok(stream) => {
                let begun = Bytes::copy_from_slice(begun);
                tokio::task::spawn_local(front::serve_new(
                    Rc::clone(shard),
                    stream,
                    begun,
                    newcomer.peer,
                    newcomer.place,
                ));
            }
            Err(error) => tracing::warn!(%error, "cannot take a connection on"),
        }
        false
    }
}

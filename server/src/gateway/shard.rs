//! One shard: a thread with its own runtime, its own listener and its own sockets.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use beat_core::Session;
use beat_protocol::CloseCode;
use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with};
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::arrival::{self, Arrival};
use super::audience::Audience;
use super::connection::Connection;
use super::poller::watched;
use super::sample::Lengths;
use super::seat::Seat;
use super::sessions::Claim;
use super::sockets::Sockets;
use super::wire::Wire;
use super::{Admission, Counters, Gateway, SessionId, ToShard, front};
use crate::config::Preamble;
use crate::dice;
use crate::fanout::Message;
use crate::http::Wanted;
use crate::listen::Listener;

/// How long a new socket waits for the old one's marks. The old shard answers between two polls; this is for a stuck one.
const HAND_OVER: Duration = Duration::from_secs(2);
/// Several sockets may claim one session at once: each gets it in turn, and is closed for the next.
const CLAIM_AGAIN: Duration = Duration::from_millis(2);
/// Out of files or memory: the kernel will not recover within microseconds.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections accepted before the shard reads again: half a millisecond's work.
const ACCEPTS_AT_A_STRETCH: usize = 64;
/// How often a shard looks for who has outlived its ticket: a late end is the point of it.
const EXPIRED_EVERY: Duration = Duration::from_secs(5);
/// Connections that are told why they are turned away, at a time: each takes a descriptor, for a second at most.
const TURNED_AWAY_AT_ONCE: usize = 256;

/// What the tasks of one shard share.
pub(crate) struct Shard {
    pub(super) index: usize,
    pub(super) gateway: Arc<Gateway>,
    pub(super) counters: Arc<Counters>,
    pub(super) sockets: Sockets,
    now_ms: Cell<u64>,
    /// By place of the event in the gateway's list; begun with its first reader.
    audiences: RefCell<HashMap<usize, Rc<Audience>>>,
    fans: RefCell<HashMap<SessionId, Rc<Seat>>>,
    frozen: RefCell<Vec<Rc<Seat>>>,
    accepting: watch::Sender<bool>,
    /// Connections that are being told why they are turned away.
    leaving: Cell<usize>,
}

impl Shard {
    /// Serves `listeners` on this thread, for as long as the process lives.
    pub(crate) fn run(
        index: usize,
        gateway: Arc<Gateway>,
        listeners: Vec<Listener>,
        mailbox: mpsc::Receiver<ToShard>,
    ) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
        runtime.block_on(async move {
            let shard = Rc::new(Self::new(index, gateway)?);
            for Listener { socket, preamble } in listeners {
                tokio::task::spawn_local(Rc::clone(&shard).accept(watched(socket)?, preamble));
            }
            tokio::task::spawn_local(Rc::clone(&shard).answer(mailbox));
            tokio::task::spawn_local(Sockets::part_with_the_silent(Rc::clone(&shard)));
            tokio::task::spawn_local(Rc::clone(&shard).part_with_the_expired());
            Sockets::serve(shard).await
        })
    }

    fn new(index: usize, gateway: Arc<Gateway>) -> io::Result<Self> {
        Ok(Self {
            index,
            sockets: Sockets::new()?,
            counters: Arc::clone(&gateway.shards[index].counters),
            now_ms: Cell::new(gateway.clock.now_ms()),
            audiences: RefCell::default(),
            fans: RefCell::default(),
            frozen: RefCell::default(),
            accepting: watch::Sender::new(true),
            leaving: Cell::new(0),
            gateway,
        })
    }

    /// The time as of the last read.
    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// The time now.
    pub(super) fn read_clock(&self) -> u64 {
        self.now_ms.set(self.gateway.clock.now_ms());
        self.now_ms.get()
    }

    /// Takes on an upgraded connection. `first` is still to be written; `early` came behind its handshake.
    pub(super) async fn open(
        self: &Rc<Self>,
        wire: Wire,
        mut first: Vec<u8>,
        early: Vec<u8>,
        wanted: Wanted,
        place: Admission,
    ) {
        let connection = match wanted {
            Wanted::Refusal(code) => {
                Message::Close(code, "").frame_into(&mut first);
                return front::say_and_close(wire, &first).await;
            }
            Wanted::Display(display) => Connection::of_display(self, wire, first, place, display),
            Wanted::Fan(fan, session) => {
                let held = self.session(session, fan.event).await;
                Connection::of_fan(self, wire, first, place, fan, held)
            }
        };
        self.sockets.add(self, connection, early);
    }

    /// The readers of an event on this shard.
    pub(super) fn audience(self: &Rc<Self>, index: usize) -> Rc<Audience> {
        let mut audiences = self.audiences.borrow_mut();
        let audience = audiences.entry(index).or_insert_with(|| {
            let watch = &self.gateway.config.watch;
            let lengths = Lengths { ipv4: watch.ipv4_prefix, ipv6: watch.ipv6_prefix };
            let audience = Audience::new(Arc::clone(&self.gateway.events[index]), lengths);
            tokio::task::spawn_local(Rc::clone(&audience).fan_out(Arc::clone(&self.counters)));
            audience
        });
        Rc::clone(audience)
    }

    /// The session a fan asked for, its marks intact; or else a new one.
    async fn session(&self, asked: Option<SessionId>, event: usize) -> Held {
        if let Some(id) = asked
            && let Some(mut session) = self.continued(id, event).await
        {
            session.resume();
            return Held { id, session, resumed: true };
        }
        self.new_session(event)
    }

    /// A session nobody had before.
    pub(super) fn new_session(&self, event: usize) -> Held {
        let session = Session::new(&self.gateway.rates.taps, self.read_clock());
        Held { id: self.gateway.sessions.begin(self.index, event), session, resumed: false }
    }

    async fn continued(&self, id: SessionId, event: usize) -> Option<Session> {
        let in_time = async {
            loop {
                match self.gateway.sessions.claim(id, self.index, event, self.read_clock()) {
                    Claim::Unknown => return None,
                    Claim::Taken(session) => return Some(*session),
                    Claim::LivesOn(owner) => {
                        if let Some(session) = self.handed_over_by(owner, id).await {
                            self.gateway.sessions.moved(id, self.index);
                            return Some(session);
                        }
                        // On its way to another claimant, or to rest: it is found there in a moment.
                        sleep(CLAIM_AGAIN).await;
                    }
                }
            }
        };
        timeout(HAND_OVER, in_time).await.unwrap_or(None)
    }

    async fn handed_over_by(&self, owner: usize, session: SessionId) -> Option<Session> {
        let (to, handed_over) = oneshot::channel();
        self.gateway.shards[owner].mailbox.send(ToShard::HandOver { session, to }).await.ok()?;
        handed_over.await.ok()
    }

    /// Remembers where a fan sits.
    pub(super) fn seat_fan(&self, id: SessionId, seat: &Rc<Seat>) {
        self.fans.borrow_mut().insert(id, Rc::clone(seat));
        self.counters.fans.add(1);
    }

    /// The fan is gone; its marks rest, unless another socket has them.
    pub(super) fn unseat_fan(&self, id: SessionId, seat: &Rc<Seat>) {
        self.counters.fans.take_one();
        let mut fans = self.fans.borrow_mut();
        if fans.get(&id).is_some_and(|seated| Rc::ptr_eq(seated, seat)) {
            fans.remove(&id);
        }
        if let Some(session) = seat.give_up() {
            self.gateway.sessions.rest(id, session, self.read_clock());
        }
    }

    async fn answer(self: Rc<Self>, mut mailbox: mpsc::Receiver<ToShard>) {
        while let Some(message) = mailbox.recv().await {
            match message {
                ToShard::HandOver { session, to } => self.hand_over(session, to),
                // Refused only by an asker that stopped waiting.
                ToShard::Barrier { passed } => drop(passed.send(())),
                ToShard::Copy { ledger, to } => {
                    let tally = ledger.tally(self.index);
                    drop(to.send((0..tally.teams()).map(|team| tally.fates(team)).collect()));
                }
                ToShard::Sample { event, to } => {
                    let drawn = self.audiences.borrow().get(&event).map(|audience| audience.sample.take());
                    drop(to.send(drawn.unwrap_or_default()));
                }
                ToShard::Judge => self.sockets.judge(),
                ToShard::Revoked => self.part_with_the_revoked(),
                ToShard::StopAccepting => drop(self.accepting.send_replace(false)),
                ToShard::Freeze { part, of, frozen } => drop(frozen.send(self.freeze(part, of))),
                ToShard::Release { retry_ms } => self.release(retry_ms),
            }
        }
    }

    fn hand_over(&self, id: SessionId, to: oneshot::Sender<Session>) {
        if to.is_closed() {
            // The claimant has stopped waiting: the session stays where it is.
            return;
        }
        let seat = self.fans.borrow_mut().remove(&id);
        if let Some((seat, session)) = seat.and_then(|seat| seat.give_up().map(|session| (seat, session))) {
            seat.close(CloseCode::SessionTaken, "");
            if let Err(session) = to.send(session) {
                self.gateway.sessions.rest(id, session, self.read_clock());
            }
        }
    }

    fn part_with_the_revoked(&self) {
        for audience in self.audiences.borrow().values() {
            for (_, seat) in audience.seats() {
                if seat.ticket().is_some_and(|id| self.gateway.door.has_revoked(id)) {
                    seat.close(CloseCode::TicketInvalid, "");
                }
            }
        }
    }

    /// Sends away who has outlived its ticket. A fan's marks rest, so that with a new ticket it goes on where it was.
    async fn part_with_the_expired(self: Rc<Self>) {
        loop {
            sleep(EXPIRED_EVERY).await;
            let now_ms = self.read_clock();
            for audience in self.audiences.borrow().values() {
                for seat in audience.expired(now_ms) {
                    seat.close(CloseCode::TicketExpired, "");
                }
            }
        }
    }

    fn freeze(&self, part: usize, of: usize) -> usize {
        let mut frozen = self.frozen.borrow_mut();
        for audience in self.audiences.borrow().values() {
            for (at, seat) in audience.seats() {
                if at % of == part && !seat.is_closed() {
                    seat.freeze();
                    frozen.push(seat);
                }
            }
        }
        frozen.len()
    }

    fn release(&self, retry_ms: u32) {
        for seat in self.frozen.take() {
            seat.release(dice::random_range(0..=retry_ms));
        }
    }

    async fn accept(self: Rc<Self>, listener: AsyncFd<std::net::TcpListener>, preamble: Preamble) {
        let mut accepting = self.accepting.subscribe();
        loop {
            let mut ready = tokio::select! {
                Ok(ready) = listener.readable() => ready,
                _ = accepting.wait_for(|accepting| !accepting) => return,
            };
            for _ in 0..ACCEPTS_AT_A_STRETCH {
                match acceptfrom_with(&listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                    Ok((socket, peer)) => self.receive(socket, ip_of(peer), preamble),
                    Err(Errno::AGAIN) => {
                        ready.clear_ready();
                        break;
                    }
                    Err(Errno::INTR | Errno::CONNABORTED) => {}
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
            // Taps and beats have their turn in between.
            yield_now().await;
        }
    }

    fn receive(self: &Rc<Self>, socket: OwnedFd, peer: IpAddr, preamble: Preamble) {
        if preamble.proxied && !self.gateway.config.addresses.trusts(peer) {
            return arrival::refuse_stranger(peer);
        }
        let now_ms = self.read_clock();
        let Some(place) = self.gateway.admit() else {
            metrics::counter!("beat_turned_away_total").increment(1);
            return self.turn_away(socket, front::TOO_MANY);
        };
        // Of whom a proxy hands on, it is the client's address that counts, which is not known yet.
        let stand = if preamble.proxied { Ok(None) } else { self.gateway.addresses.enter(peer, now_ms) };
        match (stand, preamble) {
            (Ok(stand), Preamble { proxied: false, tls: false }) => {
                self.sockets.receive(socket, peer, place.stand_as(stand), now_ms);
            }
            (Ok(stand), _) => {
                let arrival = Arrival { socket, peer, place: place.stand_as(stand), preamble };
                tokio::task::spawn_local(arrival.take_on(Rc::clone(self)));
            }
            (Err(_), _) => self.turn_away(socket, front::TOO_MANY_OF_ONE),
        }
    }

    /// Says why to so many at once; a flood beyond is only hung up on.
    pub(super) fn turn_away(self: &Rc<Self>, socket: OwnedFd, answer: &'static [u8]) {
        if self.leaving.get() == TURNED_AWAY_AT_ONCE {
            return;
        }
        self.leaving.set(self.leaving.get() + 1);
        let shard = Rc::clone(self);
        tokio::task::spawn_local(async move {
            front::say_and_close(Wire::plain(socket), answer).await;
            shard.leaving.set(shard.leaving.get() - 1);
        });
    }
}

/// A session, as its connection begins.
pub(super) struct Held {
    pub(super) id: SessionId,
    pub(super) session: Session,
    /// Whether it goes on from before.
    pub(super) resumed: bool,
}

/// Whose connection it is; one whose peer is gone already counts as nobody's.
fn ip_of(peer: Option<SocketAddrAny>) -> IpAddr {
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical())
}

/// The socket with the runtime's wakers.
pub(super) fn evented(socket: OwnedFd) -> io::Result<TcpStream> {
    TcpStream::from_std(socket.into())
}

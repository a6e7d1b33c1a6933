//! Fans who tap without end at gateways that come and go, and what they handed to their sockets.
//!
//! Each is a client as the contract describes one: it says running totals; what it ever handed to a socket, or the MARKS
//! of a planned close, is its next BASE; a session whose BASE may have been lost is not resumed.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::{Fan, Heard, Server, Speech, Wish};

/// Time between two frames: eight a second, far below what a gateway takes.
const CADENCE: Duration = Duration::from_millis(125);
/// Nothing heard for so long means that the server is dead: a client looks for another.
const SILENCE: Duration = Duration::from_secs(5);
/// Taps in a frame: with that cadence sixteen a second.
pub(crate) const TAPS_A_FRAME: u32 = 2;
/// A fan that roams drops after so many frames.
const STAYS: std::ops::Range<u32> = 1..6;
/// Wait before a connection that was refused is tried again.
const RETRY_MS: std::ops::Range<u64> = 10..60;

/// What happened to all of them.
#[derive(Default)]
pub(crate) struct Fate {
    /// Sessions continued at the gateway that knew them.
    pub(crate) resumed: Cell<u64>,
    /// Connections that ended without MARKS.
    pub(crate) dropped: Cell<u64>,
    /// Connections that ended as planned.
    pub(crate) sent_away: Cell<u64>,
}

/// Some fans.
pub(crate) struct Crowd {
    /// Taps handed to any socket.
    pub(crate) sent: Rc<Cell<u64>>,
    pub(crate) fate: Rc<Fate>,
    gates: Rc<RefCell<Vec<SocketAddr>>>,
    is_lifted: Rc<Cell<bool>>,
    at_work: Vec<JoinHandle<()>>,
}

/// One of them.
struct Member {
    team: u16,
    /// Handed to some socket.
    total: u32,
    /// What the next gateway is told first.
    base: u32,
    session: Option<String>,
    cadence: Duration,
    roams: bool,
    dice: StdRng,
    sent: Rc<Cell<u64>>,
    fate: Rc<Fate>,
    gates: Rc<RefCell<Vec<SocketAddr>>>,
    is_lifted: Rc<Cell<bool>>,
}

impl Crowd {
    /// `fans` of them, spread over `gateways`; each finds another when its own is gone.
    pub(crate) fn at(gateways: &[Server], fans: u16) -> Self {
        Self::new(gateways, fans, CADENCE, false)
    }

    /// The same, where connections drop all the time and fans come back anywhere.
    pub(crate) fn roaming(gateways: &[Server], fans: u16) -> Self {
        Self::new(gateways, fans, CADENCE, true)
    }

    /// Many of those, each with a frame every `cadence`.
    pub(crate) fn roaming_slowly(gateways: &[Server], fans: u16, cadence: Duration) -> Self {
        Self::new(gateways, fans, cadence, true)
    }

    fn new(gateways: &[Server], fans: u16, cadence: Duration, roams: bool) -> Self {
        let gates = gateways.iter().map(|gateway| gateway.fans).collect();
        let mut crowd = Self {
            sent: Rc::default(),
            fate: Rc::default(),
            gates: Rc::new(RefCell::new(gates)),
            is_lifted: Rc::default(),
            at_work: Vec::new(),
        };
        for nth in 0..fans {
            let member = Member {
                team: nth % 10,
                total: 0,
                base: 0,
                session: None,
                cadence,
                roams,
                dice: StdRng::seed_from_u64(nth.into()),
                sent: Rc::clone(&crowd.sent),
                fate: Rc::clone(&crowd.fate),
                gates: Rc::clone(&crowd.gates),
                is_lifted: Rc::clone(&crowd.is_lifted),
            };
            crowd.at_work.push(spawn_local(member.live(usize::from(nth))));
        }
        crowd
    }

    /// The `nth` gateway is now this one.
    pub(crate) fn replace(&self, nth: usize, gateway: &Server) {
        self.gates.borrow_mut()[nth] = gateway.fans;
    }

    /// Taps so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// All thumbs up: nobody taps or drops any more, and everyone stays connected.
    pub(crate) fn lift(&self) {
        self.is_lifted.set(true);
    }

    /// Whether all of them are still there.
    pub(crate) fn is_well(&self) -> bool {
        self.at_work.iter().all(|member| !member.is_finished())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.at_work.iter().for_each(JoinHandle::abort);
    }
}

impl Member {
    async fn live(mut self, first: usize) {
        let mut gate = first;
        loop {
            let fans = {
                let gates = self.gates.borrow();
                gates[gate % gates.len()]
            };
            let asked = self.session.take();
            let mut wish = Wish::new(Speech::Binary);
            wish.session = asked;
            match wish.try_join(fans).await {
                Some(fan) => self.cheer(fan).await,
                None => sleep(Duration::from_millis(self.dice.random_range(RETRY_MS))).await,
            }
            gate += self.dice.random_range(0..3);
        }
    }

    /// One connection, from its welcome to its end.
    async fn cheer(&mut self, mut fan: Fan) {
        if fan.welcome.resumed {
            self.fate.resumed.set(self.fate.resumed.get() + 1);
        }
        let needs_base = !fan.welcome.resumed && self.base > 0;
        if needs_base && fan.try_base(&[(self.team, self.base)]).await.is_err() {
            return;
        }
        let mut stays = self.dice.random_range(STAYS);
        let mut pace = interval(self.cadence);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said = 0;
        let mut marks = None;
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                _ = pace.tick() => {
                    if heard_at.elapsed() > SILENCE {
                        break;
                    }
                    if !self.is_lifted.get() {
                        if self.roams && stays == 0 {
                            break;
                        }
                        stays -= u32::from(self.roams);
                        self.total += TAPS_A_FRAME;
                        self.sent.set(self.sent.get() + u64::from(TAPS_A_FRAME));
                    }
                    if said < self.total {
                        said = self.total;
                        if fan.try_cheer(&[(self.team, said)]).await.is_err() {
                            break;
                        }
                    }
                }
                heard = fan.hear() => match heard {
                    Heard::Beat(_) => heard_at = Instant::now(),
                    Heard::Marks(now) => marks = now.first().map(|(_, total)| *total),
                    Heard::Closed(1012, _) => {
                        self.fate.sent_away.set(self.fate.sent_away.get() + 1);
                        // Who has no marks was never heard, not even its BASE.
                        self.base = marks.unwrap_or(self.base);
                        return;
                    }
                    Heard::Closed(code, reason) => panic!("closed with {code} {reason}"),
                    Heard::Gone => break,
                },
            }
        }
        self.fate.dropped.set(self.fate.dropped.get() + 1);
        self.base = self.total;
        self.session = (!needs_base).then(|| fan.welcome.session.clone());
    }
}

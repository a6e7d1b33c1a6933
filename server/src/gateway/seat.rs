//! One reader in the audience: what it has been sent, what it gets next, and for a fan the session it holds.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use beat_core::Session;
use beat_protocol::{CloseCode, ServerFrame, ServerMessage};
use bytes::Bytes;
use tokio::time::sleep;

use super::audience::Audience;
use super::linger::LINGER;
use super::outbox::{Outbox, Wrote};
use super::wire::Wire;
use crate::fanout::{Encoding, Frames, Message};

/// What kind of reader it is.
pub(super) enum Role {
    /// Cheers, and gets every fifth beat.
    Fan { encoding: Encoding, holding: RefCell<Holding> },
    /// Watches, and gets each beat with its first `top` teams.
    Display {
        top: Option<usize>,
        /// The id of its ticket, which may be revoked.
        ticket: Option<Arc<str>>,
    },
}

/// What a fan's seat holds of its session.
pub(super) enum Holding {
    /// The session; its taps are taken in.
    Active(Session),
    /// The session of a fan who is about to be sent away: nothing more is taken in.
    Frozen(Session),
    /// Nothing: another socket has it.
    Nothing,
}

/// A reader and its way out.
pub(super) struct Seat {
    pub(super) role: Role,
    outbox: Outbox,
    audience: Weak<Audience>,
    unread: Duration,
    /// Number of the KEY sent last.
    held: Cell<Option<u32>>,
    /// A beat was skipped: the newest is due as soon as the socket drains.
    behind: Cell<bool>,
    /// A write has to wait for the socket.
    draining: Cell<bool>,
    /// How often that has begun.
    stalls: Cell<u32>,
}

impl Seat {
    pub(super) fn new(role: Role, outbox: Outbox, audience: &Rc<Audience>, unread: Duration) -> Rc<Self> {
        Rc::new(Self {
            role,
            outbox,
            audience: Rc::downgrade(audience),
            unread,
            held: Cell::new(None),
            behind: Cell::new(false),
            draining: Cell::new(false),
            stalls: Cell::new(0),
        })
    }

    /// The socket, for whoever reads or polls it.
    pub(super) fn wire(&self) -> &Wire {
        self.outbox.wire()
    }

    /// Appends the newest beat to the `first` bytes, behind what only a fan gets, and writes all of it.
    pub(super) fn greet(
        self: &Rc<Self>,
        mut first: Vec<u8>,
        welcome: Option<&str>,
        newest: Option<&Frames>,
        resumed: bool,
    ) {
        if let Some(welcome) = welcome {
            Message::Text(welcome.as_bytes()).frame_into(&mut first);
        }
        if let Some(newest) = newest {
            first.extend_from_slice(&self.bytes_of(newest));
        }
        if resumed {
            first.extend_from_slice(&self.marks());
        }
        self.settle(self.outbox.write(&first.into()));
    }

    /// Writes a beat, or remembers that one is owed. Answers with the bytes handed over, if it was taken.
    pub(super) fn offer(self: &Rc<Self>, frames: &Frames) -> Option<usize> {
        if self.draining.get() {
            self.behind.set(true);
            return None;
        }
        let bytes = self.bytes_of(frames);
        let len = bytes.len();
        let wrote = self.outbox.write(&bytes);
        self.settle(wrote);
        matches!(wrote, Wrote::All | Wrote::Part).then_some(len)
    }

    /// Writes a control frame.
    pub(super) fn control(self: &Rc<Self>, frame: &[u8]) {
        self.settle(self.outbox.control(frame));
    }

    /// Ends the connection with `code`, and gives the peer a moment to read it.
    pub(super) fn close(self: &Rc<Self>, code: CloseCode, reason: &str) {
        self.leave(&[], code, reason);
    }

    /// The same, with the final tally before it.
    pub(super) fn close_event(self: &Rc<Self>, last: &Frames) {
        self.leave(&self.bytes_of(last), CloseCode::EventClosed, "");
    }

    /// Takes in nothing more from this fan.
    pub(super) fn freeze(&self) {
        if let Role::Fan { holding, .. } = &self.role
            && let Holding::Active(session) = holding.replace(Holding::Nothing)
        {
            holding.replace(Holding::Frozen(session));
        }
    }

    /// A planned goodbye: to a fan its marks, which will be its next BASE.
    pub(super) fn release(self: &Rc<Self>, retry_ms: u32) {
        self.leave(&self.marks(), CloseCode::Restart, &CloseCode::retry_reason(retry_ms));
    }

    /// Gives up the session, if the seat still holds it.
    pub(super) fn give_up(&self) -> Option<Session> {
        match &self.role {
            Role::Display { .. } => None,
            Role::Fan { holding, .. } => match holding.replace(Holding::Nothing) {
                Holding::Active(session) => Some(session),
                Holding::Frozen(_) | Holding::Nothing => None,
            },
        }
    }

    /// The marks of this fan's session, framed as it reads; nothing if there are none.
    fn marks(&self) -> Bytes {
        let (Role::Fan { encoding, holding }, Some(audience)) = (&self.role, self.audience.upgrade()) else {
            return Bytes::new();
        };
        let marks = match &*holding.borrow() {
            Holding::Active(session) | Holding::Frozen(session) => session.marks(),
            Holding::Nothing => None,
        };
        match (marks, encoding) {
            (None, _) => Bytes::new(),
            (Some(marks), Encoding::Binary) => {
                let mut payload = Vec::new();
                ServerFrame::Marks(marks).encode(&mut payload);
                Message::Binary(&payload).framed()
            }
            (Some(marks), Encoding::Json) => {
                let text = ServerMessage::Marks { marks: audience.by_code(&marks) }.to_text();
                Message::Text(text.as_bytes()).framed()
            }
        }
    }

    /// The id of a display's ticket.
    pub(super) fn ticket(&self) -> Option<&str> {
        match &self.role {
            Role::Display { ticket, .. } => ticket.as_deref(),
            Role::Fan { .. } => None,
        }
    }

    /// Whether nothing more will be written.
    pub(super) fn is_closed(&self) -> bool {
        self.outbox.is_shut()
    }

    fn leave(self: &Rc<Self>, last: &[u8], code: CloseCode, reason: &str) {
        let mut frames = last.to_vec();
        Message::Close(code, reason).frame_into(&mut frames);
        let wrote = self.outbox.goodbye(frames.into());
        if wrote == Wrote::Shut {
            return;
        }
        self.settle(wrote);
        metrics::counter!("beat_closes_total", "code" => code.as_u16().to_string()).increment(1);
        let seat = Rc::downgrade(self);
        tokio::task::spawn_local(async move {
            // A peer that answers is gone by then, and its seat with it.
            sleep(LINGER).await;
            if let Some(seat) = seat.upgrade() {
                seat.outbox.abort();
            }
        });
    }

    fn bytes_of<'a>(&self, frames: &'a Frames) -> Cow<'a, Bytes> {
        match self.role {
            Role::Display { top, .. } => Cow::Owned(frames.for_display(top)),
            Role::Fan { encoding, .. } => {
                let (bytes, key) = frames.for_fan(encoding, self.held.get());
                if self.held.get() != Some(key) {
                    self.held.set(Some(key));
                }
                Cow::Borrowed(bytes)
            }
        }
    }

    /// Goes on writing, now that the socket takes bytes again; then the newest beat, if one was skipped.
    pub(super) fn drain(self: &Rc<Self>) {
        if !self.draining.get() || self.outbox.drain() == Wrote::Part {
            return;
        }
        self.draining.set(false);
        if self.behind.take()
            && let Some(newest) = self.audience.upgrade().and_then(|audience| audience.newest())
        {
            self.settle(self.outbox.write(&self.bytes_of(&newest)));
        }
    }

    /// What the kernel did not take goes out when it can; but a peer that takes nothing in for too long is cut off.
    fn settle(self: &Rc<Self>, wrote: Wrote) {
        if wrote != Wrote::Part || self.draining.replace(true) {
            return;
        }
        let stall = self.stalls.get().wrapping_add(1);
        self.stalls.set(stall);
        let (seat, unread) = (Rc::downgrade(self), self.unread);
        tokio::task::spawn_local(async move {
            sleep(unread).await;
            if let Some(seat) = seat.upgrade().filter(|seat| seat.draining.get() && seat.stalls.get() == stall) {
                // Seen only by a peer that reads on within the moment it is given: the pipe is full.
                seat.close(CloseCode::TooSlow, "");
            }
        });
    }
}

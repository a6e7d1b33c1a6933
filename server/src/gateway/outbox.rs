//! What waits to be written to one socket: never more than the end of one beat, one control frame, and a goodbye.
//!
//! The only writer of its socket, so frames never interleave. Order: the tail of what was begun, the control frame, the
//! goodbye; nothing after that. A beat that finds the socket full is not kept: its reader gets the newest one later.

use std::cell::{Cell, RefCell};

use bytes::{Buf, Bytes};

use super::wire::{Gone, Wire};

/// The writing side of a connection.
pub(super) struct Outbox {
    wire: Wire,
    /// All that a frame for a socket that keeps up needs to look at.
    state: Cell<State>,
    /// Nearly always nothing: the kernel takes a frame at once.
    pending: RefCell<Option<Box<Pending>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is pending.
    Clear,
    /// Something is.
    Busy,
    /// No further frame may be taken in: a goodbye is under way, or the peer is gone.
    Shut,
}

#[derive(Default)]
struct Pending {
    /// What the kernel did not take of the frame begun last. Shares the bytes that went to everyone.
    tail: Bytes,
    /// One pong, or the answer to the client's close; a newer one takes the place of an older.
    control: Bytes,
    /// Final frames.
    goodbye: Bytes,
    /// A goodbye was said: once it is written we close from our side, and the peer knows that nothing follows.
    leaving: bool,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// The kernel has all of it.
    All,
    /// The rest goes when the socket drains: someone must wait for that.
    Part,
    /// The socket is still busy with earlier bytes; nothing was taken.
    Busy,
    /// No further frame: a goodbye was said, or the peer is gone.
    Shut,
}

impl Outbox {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, state: Cell::new(State::Clear), pending: RefCell::default() }
    }

    /// The socket, for whoever reads or polls it.
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Writes a whole frame, or several, if nothing is pending. Of bytes that the kernel takes, nothing is kept.
    pub(super) fn write(&self, frame: &Bytes) -> Wrote {
        match self.state.get() {
            State::Clear => {}
            State::Busy => return Wrote::Busy,
            State::Shut => return Wrote::Shut,
        }
        match self.wire.send(frame) {
            Ok(taken) if taken == frame.len() && self.wire.is_drained() => Wrote::All,
            Ok(taken) => self.flush_with(|pending| pending.tail = frame.slice(taken..)),
            Err(Gone) => self.give_up(),
        }
    }

    /// Writes a control frame as soon as what was begun has gone out.
    pub(super) fn control(&self, frame: &[u8]) -> Wrote {
        const CLOSE: u8 = 0x8;
        if self.is_shut() {
            return Wrote::Shut;
        }
        if frame.first().is_some_and(|first| first & 0x0f == CLOSE) {
            self.state.set(State::Shut);
        }
        self.flush_with(|pending| pending.control = Bytes::copy_from_slice(frame))
    }

    /// Writes the last frames of this connection.
    pub(super) fn goodbye(&self, frames: Bytes) -> Wrote {
        if self.is_shut() {
            return Wrote::Shut;
        }
        self.state.set(State::Shut);
        self.flush_with(|pending| {
            pending.goodbye = frames;
            pending.leaving = true;
        })
    }

    /// Whether no further frame is taken in.
    pub(super) fn is_shut(&self) -> bool {
        self.state.get() == State::Shut
    }

    /// Writes what is pending, now that the socket takes bytes again.
    pub(super) fn drain(&self) -> Wrote {
        self.flush_with(|_| {})
    }

    /// Ends the connection at once, in both directions.
    pub(super) fn abort(&self) {
        self.give_up();
        self.wire.abort();
    }

    fn flush_with(&self, put: impl FnOnce(&mut Pending)) -> Wrote {
        let mut pending = self.pending.take().unwrap_or_default();
        put(&mut pending);
        match self.write_out(&mut pending) {
            Ok(true) => {
                self.unless_shut(State::Clear);
                Wrote::All
            }
            Ok(false) => {
                self.pending.replace(Some(pending));
                self.unless_shut(State::Busy);
                Wrote::Part
            }
            Err(Gone) => self.give_up(),
        }
    }

    /// Whether the kernel has all of it now.
    fn write_out(&self, pending: &mut Pending) -> Result<bool, Gone> {
        while let Some(next) = pending.next() {
            match self.wire.send(next)? {
                0 => return Ok(false),
                taken => next.advance(taken),
            }
        }
        if pending.leaving { self.wire.end_writing() } else { self.wire.flush() }
    }

    fn unless_shut(&self, state: State) {
        if !self.is_shut() {
            self.state.set(state);
        }
    }

    fn give_up(&self) -> Wrote {
        self.state.set(State::Shut);
        self.pending.take();
        Wrote::Shut
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.wire.part();
    }
}

impl Pending {
    fn next(&mut self) -> Option<&mut Bytes> {
        [&mut self.tail, &mut self.control, &mut self.goodbye].into_iter().find(|bytes| !bytes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};

    use socket2::SockRef;

    use super::*;

    fn pair() -> (Outbox, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        SockRef::from(&listener).set_recv_buffer_size(1).unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Outbox::new(Wire::plain(ours.into())), listener.accept().unwrap().0)
    }

    fn fill(outbox: &Outbox, byte: u8) -> usize {
        let frame = vec![byte; 64 << 20];
        assert_eq!(outbox.write(&frame.clone().into()), Wrote::Part);
        frame.len()
    }

    #[test]
    fn what_is_begun_is_finished_before_control_and_goodbye_and_nothing_follows() {
        let (outbox, mut peer) = pair();
        let len = fill(&outbox, b'a');
        assert_eq!(outbox.write(&"beat".into()), Wrote::Busy);
        assert_eq!(outbox.control(b"\x8aold"), Wrote::Part);
        assert_eq!(outbox.control(b"\x8anew"), Wrote::Part);
        assert_eq!(outbox.goodbye("bye".into()), Wrote::Part);
        assert_eq!((outbox.write(&"late".into()), outbox.goodbye("again".into())), (Wrote::Shut, Wrote::Shut));
        peer.set_nonblocking(true).unwrap();
        let mut bytes = Vec::new();
        while peer.read_to_end(&mut bytes).is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            outbox.drain();
        }
        assert!(bytes[..len].iter().all(|&b| b == b'a'));
        assert_eq!(&bytes[len..], b"\x8anewbye");
    }

    #[test]
    fn a_peer_that_is_gone_shuts_the_outbox() {
        let (outbox, peer) = pair();
        SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        fill(&outbox, b'a');
        drop(peer);
        while outbox.drain() == Wrote::Part {}
        assert_eq!(outbox.write(&"beat".into()), Wrote::Shut);
    }
}

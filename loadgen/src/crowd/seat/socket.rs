//! Bytes in and bytes out: one read for all there is, one send a frame, and what is half is kept.

use std::io::{self, Read, Write};

use mio::{Interest, Token};

use super::{End, Lent, Seat, State, Step, Unreachable};
use crate::clock::{Nanos, SECOND};
use crate::crowd::dial;
use crate::crowd::line::Line;
use crate::crowd::wire::{self, Answer, Kind};

/// From the first SYN to the welcome.
const OPENING_MAX: Nanos = 5 * SECOND;

impl Seat {
    pub(super) fn connect(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) {
        let gateway = lent.task.gateway(self.index);
        let dialled = dial::dial(gateway.address, lent.task.sources.turn(self.index));
        let registered = dialled.and_then(|mut socket| {
            let token = Token(lent.task.seat_of(self.index));
            lent.registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            Line::new(socket, gateway.target.tls())
        });
        match registered {
            Ok(socket) => {
                self.state = State::Opening { socket, until: now + OPENING_MAX, step: Step::Connecting };
            }
            Err(error) => self.end(now, End::Unreachable(error.into()), lent),
        }
    }

    /// Its socket has something to read, or room to write, or both.
    pub(crate) fn on_ready(
        &mut self,
        now: Nanos,
        readable: bool,
        writable: bool,
        closed: bool,
        lent: &mut Lent<'_, '_>,
    ) {
        if writable && !self.on_writable(now, lent) {
            return;
        }
        if readable || closed {
            self.on_readable(now, closed, lent);
        }
        if matches!(self.state, State::Here { .. }) {
            self.act(now, lent);
        }
    }

    /// Whether the socket is still there.
    pub(super) fn on_writable(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) -> bool {
        let written = match &mut self.state {
            State::Opening { socket, step: step @ Step::Connecting, .. } => match dial::connected(socket.socket()) {
                Ok(false) => return true,
                Ok(true) => {
                    let gateway = lent.task.gateway(self.index);
                    let ticket = lent.task.tickets.fan(self.index, &mut self.ticket_until);
                    let (request, key) = wire::request(&gateway.target, self.session.as_deref(), ticket.as_ref());
                    *step = Step::Asking(key.into());
                    write(socket, &mut self.unsent, &request)
                }
                Err(error) => Err(error),
            },
            State::Opening { socket, .. } | State::Here { socket, .. } if !self.unsent.is_empty() || socket.owes() => {
                socket.pay().and_then(|()| write(socket, &mut self.unsent, &[]))
            }
            _ => return true,
        };
        match (written, &mut self.state) {
            (Ok(()), State::Here { here, socket }) if self.unsent.is_empty() && !socket.owes() => {
                here.ready_since = now
            }
            (Ok(()), _) => {}
            (Err(error), _) => {
                self.broke(now, error, lent);
                return false;
            }
        }
        true
    }

    pub(super) fn on_readable(&mut self, now: Nanos, closed: bool, lent: &mut Lent<'_, '_>) {
        let mut buffer = std::mem::take(&mut lent.buffer);
        while let State::Opening { socket, .. } | State::Here { socket, .. } = &mut self.state {
            match socket.read(buffer) {
                Ok(0) => {
                    self.broke(now, io::ErrorKind::UnexpectedEof.into(), lent);
                    break;
                }
                Ok(length) => {
                    self.take_in(now, &buffer[..length], lent);
                    // A short read has emptied the socket, unless its end is to be read too.
                    let (State::Opening { socket, .. } | State::Here { socket, .. }) = &self.state else { break };
                    if socket.is_drained(length, buffer.len()) && !closed {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broke(now, error, lent);
                    break;
                }
            }
        }
        std::mem::swap(&mut lent.buffer, &mut buffer);
    }

    /// Bytes from the socket: the answer to the handshake, then frames.
    pub(super) fn take_in(&mut self, now: Nanos, bytes: &[u8], lent: &mut Lent<'_, '_>) {
        let joined = if self.unread.is_empty() {
            None
        } else {
            self.unread.extend_from_slice(bytes);
            Some(std::mem::take(&mut self.unread))
        };
        let bytes = joined.as_deref().unwrap_or(bytes);
        let mut at = 0;
        while at < bytes.len() {
            match self.take_one(now, &bytes[at..], lent) {
                Some(length) => at += length,
                None => break,
            }
        }
        if matches!(self.state, State::Opening { .. } | State::Here { .. }) {
            self.unread = bytes[at..].to_vec();
        }
    }

    /// The first message in `bytes`: how long it was. None, if it is not all there or was the last.
    pub(super) fn take_one(&mut self, now: Nanos, bytes: &[u8], lent: &mut Lent<'_, '_>) -> Option<usize> {
        if let State::Opening { step: step @ Step::Asking(_), .. } = &mut self.state {
            let Step::Asking(key) = &*step else { unreachable!("just matched") };
            let why = match wire::answer(bytes, key) {
                Answer::Incomplete => return None,
                Answer::Upgraded(length) => {
                    *step = Step::Listening;
                    return Some(length);
                }
                Answer::Refused(status) => Unreachable::Status(status),
                Answer::NotHttp => Unreachable::Contract("an answer that is no upgrade"),
            };
            self.end(now, End::Unreachable(why), lent);
            return None;
        }
        let Ok(frame) = wire::frame(bytes) else {
            lent.book.odd();
            self.end(now, End::Lost, lent);
            return None;
        };
        let frame = frame?;
        let payload = &bytes[frame.payload.clone()];
        match (&mut self.state, frame.kind) {
            (_, Kind::Close) => {
                self.on_close(now, payload, lent);
                return None;
            }
            (State::Opening { .. }, Kind::Text) => self.welcome(now, payload, lent),
            (State::Opening { .. }, _) => {
                let why = Unreachable::Contract("a first message that is no welcome");
                self.end(now, End::Unreachable(why), lent);
            }
            (State::Here { here, .. }, kind) => {
                here.heard_at = now;
                match kind {
                    Kind::Binary => self.hear(now, payload, lent),
                    Kind::Ping => self.send(now, Kind::Pong, payload, lent),
                    Kind::Pong => {}
                    Kind::Text | Kind::Close => lent.book.odd(),
                }
            }
            (State::Away { .. } | State::Gone, _) => {}
        }
        let open = matches!(self.state, State::Opening { .. } | State::Here { .. });
        open.then_some(frame.payload.end)
    }

    pub(super) fn send(&mut self, now: Nanos, kind: Kind, payload: &[u8], lent: &mut Lent<'_, '_>) {
        let (State::Opening { socket, .. } | State::Here { socket, .. }) = &mut self.state else { return };
        lent.frame.clear();
        wire::put(lent.frame, kind, payload);
        if let Err(error) = write(socket, &mut self.unsent, lent.frame) {
            self.broke(now, error, lent);
        }
    }
}

/// Hands over what was held back and then `bytes`, as far as the kernel takes it.
fn write(socket: &mut Line, unsent: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    if unsent.is_empty() {
        let taken = write_some(socket, bytes)?;
        unsent.extend_from_slice(&bytes[taken..]);
        return Ok(());
    }
    unsent.extend_from_slice(bytes);
    let taken = write_some(socket, unsent)?;
    unsent.drain(..taken);
    if unsent.is_empty() {
        *unsent = Vec::new();
    }
    Ok(())
}

fn write_some(socket: &mut Line, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match socket.write(&bytes[taken..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => taken += more,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

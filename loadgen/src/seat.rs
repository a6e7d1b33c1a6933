//! One fan's place in its worker: away, coming in, or here with a socket. The shell around `Fan`.
//!
//! A seat is a few hundred bytes and no task, timer or buffer of its own: the worker lends it the time, the book, and one
//! buffer for all. A frame out is one send, a beat in one recv. What is half read or half written is kept only as long
//! as it is half.

use std::io::{self, Read, Write};

use beat_protocol::{ClientFrame, CloseCode, ServerFrame, ServerMessage, Welcome};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::book::Book;
use crate::clock::{MILLISECOND, Nanos, SECOND};
use crate::dial;
use crate::fan::Fan;
use crate::fault;
use crate::heard;
use crate::record::Fault;
use crate::watch::Watch;
use crate::wire::{self, Answer, Kind};
use crate::worker::Task;

/// Silence that means a dead server: beats come twice a second, and a stalled server repeats one each second.
const SILENCE_MAX: Nanos = 5 * SECOND;
/// From the first SYN to the welcome.
const OPENING_MAX: Nanos = 5 * SECOND;
/// How long the answer to our close may take.
const FAREWELL_MAX: Nanos = 2 * SECOND;
/// Full jitter: a fan comes back at a random instant within a span that doubles from the first to the second of these.
const BACKOFF_FIRST: Nanos = 500 * MILLISECOND;
const BACKOFF_MAX: Nanos = 8_000 * MILLISECOND;

/// How a socket ended.
#[derive(Debug)]
pub(crate) enum End {
    /// We closed it and the server answered: it has read everything.
    Farewell,
    /// The server closed it, with this code and reason.
    Closed { code: u16, reason: String },
    /// It broke, fell silent, or did not answer our close.
    Lost,
    /// A storm of the plan took it.
    Storm,
    /// It never came about.
    Unreachable(Unreachable),
}

/// Why a socket never came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error("{0}")]
    System(#[from] io::Error),
    #[error("answered with {0}")]
    Status(u16),
    #[error("{0}")]
    Contract(&'static str),
}

impl Unreachable {
    /// Whose fault it is.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::System(error) => fault::of_io(error),
            Self::Status(status) => fault::of_status(*status),
            Self::Contract(_) => Fault::Server,
        }
    }
}

/// What a seat is lent by its worker.
pub(crate) struct Lent<'a, 'b> {
    pub(crate) task: &'a Task,
    pub(crate) book: &'a mut Book<'b>,
    pub(crate) registry: &'a Registry,
    /// For one read, and for one frame; both all fans'.
    pub(crate) buffer: &'a mut [u8],
    pub(crate) frame: &'a mut Vec<u8>,
    /// What is not delivered by then stays undelivered.
    pub(crate) give_up: Nanos,
}

#[derive(Debug)]
enum State {
    Away { until: Nanos },
    Opening { socket: TcpStream, until: Nanos, step: Step },
    Here { socket: TcpStream, here: Here },
    Gone,
}

/// How far an opening has come.
#[derive(Debug)]
enum Step {
    Connecting,
    /// The request is out; the answer must fit this key.
    Asking(Box<str>),
    /// The server speaks first.
    Listening,
}

#[derive(Clone, Copy, Debug)]
struct Here {
    heard_at: Nanos,
    /// Since when nothing but the clock keeps the fan from acting.
    ready_since: Nanos,
    /// Our close was sent; the answer is waited for until then.
    leaving: Option<Nanos>,
    /// Number of the KEY that DELTAs must build on.
    key: Option<u32>,
    watch: Watch,
}

/// A fan with its place.
#[derive(Debug)]
pub(crate) struct Seat {
    index: u32,
    fan: Fan,
    state: State,
    session: Option<Box<str>>,
    /// Of a message that is not all there, and of frames that the kernel did not take yet.
    unread: Vec<u8>,
    unsent: Vec<u8>,
    backoff: Nanos,
    leave_at: Nanos,
    /// When its connection is to be lost; the next one last.
    storms: Vec<Nanos>,
    /// The earliest instant at which its worker will look at it.
    pub(crate) scheduled: Nanos,
}

impl Seat {
    /// A fan that first connects when the task says.
    pub(crate) fn new(task: &Task, index: u32) -> Self {
        let fan = Fan::new(task.crowd.fan(index));
        let mut storms: Vec<Nanos> = task.crowd.storms(index).collect();
        storms.reverse();
        Self {
            index,
            fan: if task.closed_loop { fan.in_a_closed_loop(task.times.end) } else { fan },
            state: State::Away { until: task.times.connect_at(index) },
            session: None,
            unread: Vec::new(),
            unsent: Vec::new(),
            backoff: BACKOFF_FIRST,
            leave_at: task.times.leave_at(index),
            storms,
            scheduled: Nanos::MAX,
        }
    }

    /// Whether it has come to its end.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone)
    }

    /// Taps no more, and leaves at `leave_at`.
    pub(crate) fn stop(&mut self, now: Nanos, leave_at: Nanos) {
        self.fan.stop(now);
        self.leave_at = self.leave_at.min(leave_at);
    }

    /// The next instant at which something is to be done without being spoken to.
    pub(crate) fn next_action(&self, give_up: Nanos) -> Nanos {
        let storm = self.storms.last().copied().unwrap_or(Nanos::MAX);
        match &self.state {
            State::Away { until } => *until,
            State::Opening { until, .. } => *until,
            State::Gone => Nanos::MAX,
            State::Here { here, .. } => {
                let leave = match here.leaving {
                    Some(until) => until,
                    None if self.fan.may_leave() => self.leave_at.min(give_up),
                    None => give_up,
                };
                let may_act = self.unsent.is_empty() && here.leaving.is_none();
                let action = self.fan.next_action().filter(|_| may_act).unwrap_or(Nanos::MAX);
                action.min(here.heard_at + SILENCE_MAX).min(leave).min(storm)
            }
        }
    }

    /// Its time has come.
    pub(crate) fn on_time(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) {
        while self.storms.last().is_some_and(|&at| at <= now) {
            self.storms.pop();
            if let State::Here { socket, here } = &self.state
                && here.leaving.is_none()
            {
                // As a phone vanishes: no goodbye, and what is under way may be lost.
                let _reset = dial::reset(socket);
                return self.end(now, End::Storm, lent);
            }
        }
        match &self.state {
            State::Away { until } if now >= *until => self.connect(now, lent),
            State::Opening { until, .. } if now >= *until => {
                self.end(now, End::Unreachable(Unreachable::Contract("no welcome within 5 s")), lent);
            }
            State::Here { here, .. } => {
                let farewell_over = here.leaving.is_some_and(|until| now >= until);
                if now >= here.heard_at + SILENCE_MAX || farewell_over || now >= lent.give_up {
                    if now >= lent.give_up
                        && self.unsent.is_empty()
                        && self.fan.next_action().is_some_and(|at| at < now)
                    {
                        lent.book.dropped(self.fan.unsent());
                    }
                    return self.end(now, End::Lost, lent);
                }
                self.act(now, lent);
            }
            _ => {}
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
    fn on_writable(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) -> bool {
        let written = match &mut self.state {
            State::Opening { socket, step: step @ Step::Connecting, .. } => match dial::connected(socket) {
                Ok(false) => return true,
                Ok(true) => {
                    let gateway = lent.task.gateway(self.index);
                    let (request, key) = wire::request(&gateway.target, self.session.as_deref());
                    *step = Step::Asking(key.into());
                    write(socket, &mut self.unsent, &request)
                }
                Err(error) => Err(error),
            },
            State::Opening { socket, .. } | State::Here { socket, .. } if !self.unsent.is_empty() => {
                write(socket, &mut self.unsent, &[])
            }
            _ => return true,
        };
        match (written, &mut self.state) {
            (Ok(()), State::Here { here, .. }) if self.unsent.is_empty() => here.ready_since = now,
            (Ok(()), _) => {}
            (Err(error), _) => {
                self.broke(now, error, lent);
                return false;
            }
        }
        true
    }

    fn on_readable(&mut self, now: Nanos, closed: bool, lent: &mut Lent<'_, '_>) {
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
                    if length < buffer.len() && !closed {
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
    fn take_in(&mut self, now: Nanos, bytes: &[u8], lent: &mut Lent<'_, '_>) {
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
    fn take_one(&mut self, now: Nanos, bytes: &[u8], lent: &mut Lent<'_, '_>) -> Option<usize> {
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

    fn connect(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) {
        let dialled = dial::dial(lent.task.gateway(self.index).address, lent.task.sources.turn(self.index));
        let registered = dialled.and_then(|mut socket| {
            let token = Token(lent.task.seat_of(self.index));
            lent.registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            Ok(socket)
        });
        match registered {
            Ok(socket) => {
                self.state = State::Opening { socket, until: now + OPENING_MAX, step: Step::Connecting };
            }
            Err(error) => self.end(now, End::Unreachable(error.into()), lent),
        }
    }

    fn welcome(&mut self, now: Nanos, text: &[u8], lent: &mut Lent<'_, '_>) {
        let State::Opening { socket, .. } = std::mem::replace(&mut self.state, State::Gone) else { return };
        let here = Here { heard_at: now, ready_since: now, leaving: None, key: None, watch: Watch::default() };
        self.state = State::Here { socket, here };
        let Ok(ServerMessage::Welcome { welcome }) = serde_json::from_slice(text) else {
            let why = Unreachable::Contract("a first message that is no welcome");
            return self.end_opening(now, End::Unreachable(why), lent);
        };
        let Welcome { session, resumed, taps_per_second, beat_ms, .. } = welcome;
        self.backoff = BACKOFF_FIRST;
        lent.book.opened(now, self.session.is_some(), beat_ms);
        self.session = Some(session.into());
        if let Some(base) = self.fan.on_welcome(now, resumed, taps_per_second) {
            lent.book.based();
            self.say(now, ClientFrame::Base(base), lent);
        }
    }

    fn hear(&mut self, now: Nanos, bytes: &[u8], lent: &mut Lent<'_, '_>) {
        let State::Here { here, .. } = &mut self.state else { return };
        lent.book.received(now, bytes.len());
        if let Some(heard) = heard::delta(bytes) {
            if here.key != Some(heard.key) {
                lent.book.odd();
            }
            self.fan.on_beat(now, heard.cadence);
            return lent.book.beat(now, heard.beat, &mut here.watch);
        }
        match ServerFrame::decode(bytes) {
            Ok(ServerFrame::Key(key)) => {
                here.key = Some(key.head.beat);
                self.fan.on_beat(now, key.head.cadence);
                lent.book.beat(now, key.head.beat, &mut here.watch);
            }
            Ok(ServerFrame::Marks(marks)) => {
                self.fan.on_marks(&marks);
                here.ready_since = now;
            }
            // Of a DELTA only what is no well-formed one comes here.
            Ok(ServerFrame::Delta(_)) | Err(_) => lent.book.odd(),
        }
    }

    /// Cheers or leaves, if it is time to.
    fn act(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) {
        let State::Here { here, .. } = &self.state else { return };
        let ready_since = here.ready_since;
        if here.leaving.is_some() || !self.unsent.is_empty() {
            return;
        }
        if let Some(planned) = self.fan.next_action().filter(|&planned| planned <= now) {
            let (book, index) = (&mut *lent.book, self.index);
            if let Some(records) = self.fan.cheer(now, |tap| book.handed(now, index, tap)) {
                lent.book.cheered(now, now.saturating_sub(planned.max(ready_since)));
                self.say(now, ClientFrame::Cheer(records), lent);
            }
        }
        if now >= self.leave_at
            && self.unsent.is_empty()
            && self.fan.may_leave()
            && let State::Here { here, .. } = &mut self.state
        {
            here.leaving = Some(now + FAREWELL_MAX);
            self.send(now, Kind::Close, &CloseCode::Normal.as_u16().to_be_bytes(), lent);
        }
    }

    fn say(&mut self, now: Nanos, frame: ClientFrame, lent: &mut Lent<'_, '_>) {
        let mut bytes = [0u8; beat_protocol::FAN_MESSAGE_BYTES_MAX];
        let length = {
            lent.frame.clear();
            frame.encode(lent.frame);
            bytes[..lent.frame.len()].copy_from_slice(lent.frame);
            lent.frame.len()
        };
        self.send(now, Kind::Binary, &bytes[..length], lent);
    }

    fn send(&mut self, now: Nanos, kind: Kind, payload: &[u8], lent: &mut Lent<'_, '_>) {
        let (State::Opening { socket, .. } | State::Here { socket, .. }) = &mut self.state else { return };
        lent.frame.clear();
        wire::put(lent.frame, kind, payload);
        if let Err(error) = write(socket, &mut self.unsent, lent.frame) {
            self.broke(now, error, lent);
        }
    }

    fn on_close(&mut self, now: Nanos, payload: &[u8], lent: &mut Lent<'_, '_>) {
        let leaving = matches!(&self.state, State::Here { here, .. } if here.leaving.is_some());
        if leaving {
            self.fan.on_farewell();
            return self.end(now, End::Farewell, lent);
        }
        // Answered as far as the kernel takes it at once: a server that does not read is not waited for.
        let code = payload.get(..2).unwrap_or_default();
        lent.frame.clear();
        wire::put(lent.frame, Kind::Close, code);
        if let (State::Opening { socket, .. } | State::Here { socket, .. }, true) =
            (&mut self.state, self.unsent.is_empty())
        {
            let _answered = socket.write(lent.frame);
        }
        let (code, reason) = wire::close(payload);
        self.end(now, End::Closed { code, reason }, lent);
    }

    fn broke(&mut self, now: Nanos, error: io::Error, lent: &mut Lent<'_, '_>) {
        let end = match &self.state {
            State::Opening { .. } if error.kind() == io::ErrorKind::UnexpectedEof => {
                End::Unreachable(Unreachable::Contract("ended before the welcome"))
            }
            State::Opening { .. } => End::Unreachable(error.into()),
            _ => End::Lost,
        };
        self.end(now, end, lent);
    }

    /// The socket is gone; so is the fan, or it comes back.
    fn end(&mut self, now: Nanos, end: End, lent: &mut Lent<'_, '_>) {
        if let State::Here { .. } = self.state {
            lent.book.ended();
        }
        self.end_opening(now, end, lent);
    }

    fn end_opening(&mut self, now: Nanos, end: End, lent: &mut Lent<'_, '_>) {
        self.fan.on_disconnect();
        self.unread = Vec::new();
        self.unsent = Vec::new();
        lent.book.note(&end);
        let unmade = match &end {
            End::Unreachable(why) if self.session.is_none() => Some(why.fault()),
            _ => None,
        };
        let back_at = comes_back(&end).map(|not_before| now + not_before + rand::random_range(0..=self.backoff));
        match back_at.filter(|&at| at < lent.give_up) {
            Some(until) => {
                self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
                self.state = State::Away { until };
            }
            None => {
                self.state = State::Gone;
                self.fan.fall_due(now);
                lent.book.close_account(&self.fan, unmade);
            }
        }
    }
}

/// Hands over what was held back and then `bytes`, as far as the kernel takes it.
fn write(socket: &mut TcpStream, unsent: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
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

fn write_some(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
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

/// Whether a fan tries again after such an end, and how long it keeps away at least.
fn comes_back(end: &End) -> Option<Nanos> {
    match end {
        End::Farewell => None,
        End::Lost | End::Storm | End::Unreachable(_) => Some(0),
        End::Closed { code, .. } if !CloseCode::invites_reconnect(*code) => None,
        End::Closed { reason, .. } => Some(retry_after(reason)),
    }
}

/// `{"retry_ms":N}`, or nothing.
fn retry_after(reason: &str) -> Nanos {
    let reason: Option<serde_json::Value> = serde_json::from_str(reason).ok();
    let retry_ms = reason.as_ref().and_then(|reason| reason.get("retry_ms")?.as_u64());
    retry_ms.map_or(0, |ms| ms.saturating_mul(MILLISECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16, reason: &str) -> End {
        End::Closed { code, reason: reason.to_owned() }
    }

    #[test]
    fn a_fan_comes_back_where_the_contract_says_so_and_not_before_it_may() {
        for (end, not_before) in [
            (End::Farewell, None),
            (End::Lost, Some(0)),
            (End::Storm, Some(0)),
            (End::Unreachable(Unreachable::Status(503)), Some(0)),
            (closed(4510, ""), None),
            (closed(4500, ""), None),
            (closed(4408, ""), Some(0)),
            (closed(1012, "{\"retry_ms\":1500}"), Some(1_500 * MILLISECOND)),
            (closed(1013, "{\"retry_ms\":20}"), Some(20 * MILLISECOND)),
            (closed(1012, "soon"), Some(0)),
        ] {
            assert_eq!(comes_back(&end), not_before, "{end:?}");
        }
    }

    #[test]
    fn a_seat_is_small() {
        // Of the 6 KB a fan may cost; what it taps and where it stands with its teams comes on top.
        assert!(size_of::<Seat>() <= 640, "{} bytes", size_of::<Seat>());
    }
}

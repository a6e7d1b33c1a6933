//! One thread of the sink: a listener, its sockets, and a loop that asks the kernel which of them have something.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use beat_protocol::{ClientFrame, CloseCode, Record, Records, ServerFrame};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};
use slab::Slab;

use super::board::{Board, TURNS, Work};
use super::counting::{Mistake, raise, wrongly};
use super::frames::{self, Heard};
use super::page::{self, Asked};
use super::socket::{Connection, Gone, Guest};
use crate::ending::Ending;

const LISTENER: u64 = u64::MAX;
/// Told by the kernel at a time.
const EVENTS: usize = 1_024;
/// The loop looks once a step, so that a frame costs no wake-up of its own.
const STEP: Duration = Duration::from_millis(1);
/// Without anything to read the next beat is looked for after so long.
const REST: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
const BUFFER_BYTES: usize = 64 << 10;
/// Marks of sockets that ended, kept for whoever comes back; above it they are forgotten, and BASE is the mark.
const SESSIONS_KEPT: usize = 1 << 20;

/// A thread's share of the sink.
pub(super) struct Lane {
    index: u16,
    board: Arc<Board>,
    listener: TcpListener,
    epoll: OwnedFd,
    connections: Slab<Connection>,
    /// By session, of sockets that ended.
    kept: HashMap<u64, Vec<Record>>,
    sessions: u64,
    mistake: Mistake,
    /// Taps until the next mistake.
    right: u64,
    beat: u32,
    work: Work,
}

impl Lane {
    pub(super) fn open(index: u16, listener: TcpListener, board: Arc<Board>, mistake: Mistake) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        let right = mistake.every();
        Ok(Self {
            index,
            beat: board.latest().number,
            board,
            listener,
            epoll,
            connections: Slab::new(),
            kept: HashMap::new(),
            sessions: 0,
            mistake,
            right,
            work: Work::default(),
        })
    }

    /// Until the end is asked for.
    pub(super) fn serve(mut self, ending: &Ending) -> io::Result<Work> {
        let mut events = Vec::with_capacity(EVENTS);
        let mut buffer = vec![0; BUFFER_BYTES];
        while !ending.is_asked() {
            self.fan_out();
            events.clear();
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&REST))?;
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    key => self.read(usize::try_from(key).map_err(io::Error::other)?, &mut buffer),
                }
            }
            if !events.is_empty() && events.len() < EVENTS {
                std::thread::sleep(STEP);
            }
        }
        Ok(self.work)
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nodelay(true)?;
                    let entry = self.connections.vacant_entry();
                    let key = EventData::new_u64(entry.key() as u64);
                    epoll::add(&self.epoll, &stream, key, EventFlags::IN | EventFlags::RDHUP)?;
                    entry.insert(Connection::new(stream.into()));
                    self.work.sockets += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The one that failed is gone; out of files is the end, since a sink that lets nobody in measures nothing.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn read(&mut self, key: usize, buffer: &mut [u8]) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let torn = connection.torn.len();
        buffer[..torn].copy_from_slice(&connection.torn);
        let read = match recv(connection.fd.as_fd(), &mut buffer[torn..], RecvFlags::DONTWAIT) {
            Ok((1.., read)) => read,
            Err(Errno::AGAIN | Errno::INTR) => return,
            _ => return self.end(key),
        };
        connection.torn.clear();
        if self.take_in(key, &mut buffer[..torn + read]).is_err() {
            self.end(key);
        }
    }

    fn take_in(&mut self, key: usize, mut bytes: &mut [u8]) -> Result<(), Gone> {
        let connection = &mut self.connections[key];
        if let Guest::New = connection.guest {
            match page::ask(bytes, &self.board) {
                Asked::Torn => {
                    connection.torn.extend_from_slice(bytes);
                    return Ok(());
                }
                Asked::Page(answer) => {
                    connection.guest = Guest::Leaving;
                    connection.write(&answer)?;
                    return self.part(key);
                }
                Asked::Display(answer) => {
                    connection.guest = Guest::Display;
                    return connection.write(&answer);
                }
                Asked::Fan { answer, session, head } => {
                    self.welcome(key, answer, session.as_deref())?;
                    bytes = &mut bytes[head..];
                }
            }
        }
        if let Guest::Fan { .. } = self.connections[key].guest { self.hear(key, bytes) } else { Ok(()) }
    }

    /// Answers the handshake: the welcome, a resumed session's marks, and where the event stands.
    fn welcome(&mut self, key: usize, mut answer: Vec<u8>, wanted: Option<&str>) -> Result<(), Gone> {
        let known = wanted.and_then(|text| text.parse().ok()).and_then(|id| Some((id, self.kept.remove(&id)?)));
        let resumed = known.is_some();
        let (session, marks) = known.unwrap_or_else(|| {
            self.sessions += 1;
            // Odd and even threads' sessions must not be taken for each other's.
            (self.sessions * u64::from(u16::MAX) + u64::from(self.index), Vec::new())
        });
        answer.extend(self.board.welcome(&format!("{session:022}"), resumed));
        if let (true, Ok(marks)) = (resumed, Records::new(&marks)) {
            let mut payload = Vec::new();
            ServerFrame::Marks(marks).encode(&mut payload);
            answer.extend(frames::binary(&payload));
        }
        let beat = self.board.latest();
        let (number, greeting) = &beat.greetings[key % TURNS as usize];
        answer.extend_from_slice(greeting);
        let connection = &mut self.connections[key];
        connection.guest = Guest::Fan { session, marks, key: *number };
        connection.write(&answer)
    }

    fn hear(&mut self, key: usize, mut bytes: &mut [u8]) -> Result<(), Gone> {
        loop {
            match frames::take(&mut bytes) {
                Heard::Binary(payload) => match ClientFrame::read(payload) {
                    Ok(frame) => {
                        let Guest::Fan { marks, .. } = &mut self.connections[key].guest else { return Ok(()) };
                        self.work.frames += 1;
                        let (is_cheer, records) = match frame {
                            ClientFrame::Cheer(records) => (true, records),
                            ClientFrame::Base(records) => (false, records),
                        };
                        for record in records {
                            let taps = raise(marks, record);
                            if is_cheer && taps > 0 {
                                let counted = wrongly(self.mistake, &mut self.right, taps.into());
                                self.board.count(self.index.into(), record.team, counted);
                            }
                        }
                    }
                    Err(error) => return self.close(key, error.close_code()),
                },
                Heard::Ping(payload) => {
                    let pong = frames::pong(payload);
                    self.connections[key].write(&pong)?;
                }
                Heard::Pong => {}
                Heard::Torn => {
                    self.connections[key].torn.extend_from_slice(bytes);
                    return Ok(());
                }
                Heard::Close(payload) => {
                    let answer = frames::close(&payload[..payload.len().min(2)]);
                    self.connections[key].write(&answer)?;
                    return Err(Gone);
                }
                Heard::Refused(code) => return self.close(key, code),
            }
        }
    }

    /// Says why, and waits for the peer to go: an end at once would overtake the reason.
    fn close(&mut self, key: usize, code: CloseCode) -> Result<(), Gone> {
        let bytes = frames::close(&code.as_u16().to_be_bytes());
        self.connections[key].write(&bytes)?;
        self.keep(key);
        self.part(key)
    }

    fn part(&mut self, key: usize) -> Result<(), Gone> {
        let connection = &mut self.connections[key];
        connection.guest = Guest::Leaving;
        if connection.is_drained() { shutdown(&connection.fd, Shutdown::Write).map_err(|_| Gone) } else { Ok(()) }
    }

    fn end(&mut self, key: usize) {
        self.keep(key);
        // Closing the descriptor takes it off epoll as well.
        self.connections.remove(key);
    }

    /// Keeps a fan's marks for its next socket.
    fn keep(&mut self, key: usize) {
        if let Guest::Fan { session, marks, .. } = &mut self.connections[key].guest {
            if self.kept.len() >= SESSIONS_KEPT {
                self.kept.clear();
            }
            self.kept.insert(*session, std::mem::take(marks));
        }
    }

    /// Writes the latest beat to whose turn it is. A socket that is full misses it, and gets a whole one where that was its KEY.
    fn fan_out(&mut self) {
        let beat = self.board.latest();
        if beat.number == self.beat {
            return;
        }
        self.beat = beat.number;
        let turn = (beat.number % TURNS) as usize;
        let mut gone = Vec::new();
        for (key, connection) in &mut self.connections {
            let drained = connection.drain().is_ok() && connection.is_drained();
            let written = match &mut connection.guest {
                Guest::Fan { key: last, .. } if drained && key % TURNS as usize == turn => {
                    let frame = if beat.key == *last || beat.key == beat.number {
                        *last = beat.key;
                        &beat.frame
                    } else {
                        *last = beat.number;
                        &beat.whole
                    };
                    self.work.beats += 1;
                    connection.write(frame)
                }
                Guest::Display if drained => connection.write(&beat.feed),
                Guest::Leaving if drained => shutdown(&connection.fd, Shutdown::Write).map_err(|_| Gone),
                _ => Ok(()),
            };
            if written.is_err() {
                gone.push(key);
            }
        }
        gone.into_iter().for_each(|key| self.end(key));
    }
}

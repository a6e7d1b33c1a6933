//! One WebSocket, from its upgrade to its end: what comes in. What goes out is the outbox's business.
//!
//! Nothing here waits: a connection is called when its socket has something, and keeps no more than the frame it is in
//! the middle of.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use beat_core::{Bucket, Counting, Rate, Tally, Verdict};
use beat_protocol::scan::{Scanned, scan};
use beat_protocol::{ClientFrame, ClientMessage, CloseCode, Flag, FrameError, Record, Records, Welcome};
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};

use super::audience::Audience;
use super::linger::LINGER_BYTES_MAX;
use super::odd::Odd;
use super::outbox::Outbox;
use super::poller::Ready;
use super::sample::Sample;
use super::seat::{Holding, Role, Seat};
use super::shard::{Held, Shard};
use super::wire::{Gone, Wire};
use super::{Admission, SessionId};
use crate::addresses::Who;
use crate::fanout::Encoding;
use crate::http::{Display, Fan};

/// A read costs as much as so many bytes, so that a drip of single bytes meets the same budget as a flood.
const READ_COSTS_BYTES: u32 = 64;

/// Why reading ended.
enum End {
    /// The peer closed, or is gone.
    Gone,
    /// It is to be closed, for this reason.
    Refused(CloseCode, &'static str),
}

const NO_SUCH_TEAM: End = End::Refused(CloseCode::Malformed, "no such team");

/// One open connection.
pub(super) struct Connection {
    seat: Rc<Seat>,
    audience: Rc<Audience>,
    /// The place of its seat in the audience.
    at: usize,
    /// Of a fan.
    session: Option<SessionId>,
    bytes: Bucket,
    frames: Bucket,
    control_frames: Bucket,
    reading: Reading,
    /// Teams whose taps count: what its fan may cheer for, or none where it is excluded.
    allowed: Allowed,
    rights: Rights,
    _place: Admission,
}

/// What is to be known of who cheers when it is judged anew.
struct Rights {
    /// Nobody, on a display.
    who: Option<Who>,
    /// The teams that it may cheer for: all of them, or the one of its ticket.
    teams: Allowed,
}

impl Rights {
    /// Where to note this fan's taps, if its next read is drawn.
    fn drawn_for<'a>(&self, audience: &'a Audience) -> Option<(&'a Sample, IpAddr)> {
        let who = self.who.filter(|_| audience.sample.draws())?;
        Some((&audience.sample, who.address))
    }
}

/// Where a frame's taps go, and whether they count.
#[derive(Clone, Copy)]
struct Account<'a> {
    tally: &'a Tally,
    counting: Counting,
    /// Where they are noted beside that, and whence they come.
    sample: Option<(&'a Sample, IpAddr)>,
}

impl Account<'_> {
    #[inline]
    fn add(&self, verdict: Verdict) {
        self.tally.add(verdict);
        if let Some((sample, address)) = self.sample
            && verdict.counted > 0
        {
            sample.note(address, verdict.team, verdict.counted);
        }
    }
}

/// Some of an event's teams.
#[derive(Clone, Copy)]
struct Allowed {
    first: u16,
    teams: u16,
}

impl Allowed {
    const NONE: Self = Self { first: 0, teams: 0 };

    fn has(self, team: u16) -> bool {
        team.wrapping_sub(self.first) < self.teams
    }

    fn has_all(self, records: impl IntoIterator<Item = Record>) -> bool {
        records.into_iter().all(|record| self.has(record.team))
    }
}

/// How it reads.
enum Reading {
    /// Frame by frame, in place.
    Plain,
    /// The same, in the middle of this one.
    Torn(Box<[u8]>),
    /// Through tungstenite.
    Odd(Box<Odd>),
    /// It was told to go, and may send so many bytes more until it has: to close over unread bytes would reset the
    /// connection, and the peer would never see our last word.
    Out { left: usize },
}

impl Connection {
    /// A display that begins.
    pub(super) fn of_display(
        shard: &Rc<Shard>,
        wire: Wire,
        first: Vec<u8>,
        place: Admission,
        Display { event, top, ticket }: Display,
    ) -> Self {
        let audience = shard.audience(event);
        let ends_at_ms = shard.gateway.ends_at_ms(ticket.as_ref().map(|ticket| ticket.expires_s));
        let seat = Seat::new(
            Role::Display { top, ticket: ticket.map(|ticket| ticket.id) },
            Outbox::new(wire),
            &audience,
            shard.gateway.config.limits.unread,
        );
        seat.greet(first, None, audience.newest().as_deref(), false);
        let at = audience.take_seat(&seat, ends_at_ms);
        shard.counters.displays.add(1);
        Self::new(shard, seat, audience, at, None, place)
    }

    /// A fan who begins, or comes back.
    pub(super) fn of_fan(
        shard: &Rc<Shard>,
        wire: Wire,
        first: Vec<u8>,
        place: Admission,
        Fan { event, encoding, team, who, taps, expires_s }: Fan,
        Held { id, mut session, resumed }: Held,
    ) -> Self {
        if let Some(taps) = taps {
            session.share(taps);
        }
        let audience = shard.audience(event);
        let role = Role::Fan { encoding, holding: Holding::Active(session).into() };
        let seat = Seat::new(role, Outbox::new(wire), &audience, shard.gateway.config.limits.unread);
        tracing::debug!(event = %audience.event.id, ?encoding, resumed, "a fan begins");
        let newest = audience.newest();
        seat.greet(first, Some(&welcome(shard, &audience, id.to_string(), resumed, team)), newest.as_deref(), resumed);
        if let Some(last) = newest.filter(|newest| newest.flags().has(Flag::Closed)) {
            seat.close_event(&last);
        }
        shard.seat_fan(id, &seat);
        let at = audience.take_seat(&seat, shard.gateway.ends_at_ms(expires_s));
        let teams = match team {
            Some(team) => Allowed { first: team, teams: 1 },
            None => Allowed { first: 0, teams: audience.teams() },
        };
        let rights = Rights { who: Some(who), teams };
        let mut connection = Self { rights, ..Self::new(shard, seat, audience, at, Some(id), place) };
        connection.judge();
        connection
    }

    fn new(
        shard: &Shard,
        seat: Rc<Seat>,
        audience: Rc<Audience>,
        at: usize,
        session: Option<SessionId>,
        place: Admission,
    ) -> Self {
        let (rates, now_ms) = (&shard.gateway.rates, shard.now_ms());
        Self {
            bytes: Bucket::new(&rates.bytes, now_ms),
            frames: Bucket::new(&rates.frames, now_ms),
            control_frames: Bucket::new(&rates.control_frames, now_ms),
            reading: Reading::Plain,
            allowed: Allowed::NONE,
            rights: Rights { who: None, teams: Allowed::NONE },
            seat,
            audience,
            at,
            session,
            _place: place,
        }
    }

    /// Decides whose taps count from now on. Who is excluded is told nothing, and answered like anybody else.
    pub(super) fn judge(&mut self) {
        let is_excluded = self.rights.who.is_none_or(|who| self.audience.event.excluded().have(&who));
        self.allowed = if is_excluded { Allowed::NONE } else { self.rights.teams };
    }

    /// The socket, to be polled.
    pub(super) fn socket(&self) -> &OwnedFd {
        self.seat.wire().socket()
    }

    /// Gives up its seat. What is still to be written has its own time.
    pub(super) fn end(self, shard: &Shard) {
        self.audience.leave_seat(self.at, shard.now_ms());
        match self.session {
            Some(id) => shard.unseat_fan(id, &self.seat),
            None => shard.counters.displays.take_one(),
        }
        // The kernel forgets a socket that is closed, and that it is with its seat: asking is for one that others hold.
        if Rc::strong_count(&self.seat) > 1 {
            shard.sockets.forget(self.socket());
        }
    }

    /// Does what the socket is ready for. `buffer` is the shard's; nothing in it is kept.
    pub(super) fn serve(&mut self, shard: &Shard, ready: Ready, buffer: &mut [u8]) -> Result<(), Gone> {
        if ready.writable {
            self.seat.drain();
        }
        if ready.readable { self.read(shard, ready.hung_up, buffer) } else { Ok(()) }
    }

    fn read(&mut self, shard: &Shard, hung_up: bool, buffer: &mut [u8]) -> Result<(), Gone> {
        loop {
            let torn = match &self.reading {
                Reading::Torn(torn) => {
                    buffer[..torn.len()].copy_from_slice(torn);
                    torn.len()
                }
                _ => 0,
            };
            let Some(read) = self.seat.wire().receive(&mut buffer[torn..])? else { return Ok(()) };
            self.meter_and_take(shard, &mut buffer[..torn + read.bytes], read.raw)?;
            if !read.more && !hung_up {
                return Ok(());
            }
        }
    }

    /// Takes in bytes that came with the handshake.
    pub(super) fn early(&mut self, shard: &Shard, bytes: &mut [u8]) -> Result<(), Gone> {
        if bytes.is_empty() { Ok(()) } else { self.meter_and_take(shard, bytes, bytes.len()) }
    }

    fn meter_and_take(&mut self, shard: &Shard, bytes: &mut [u8], read: usize) -> Result<(), Gone> {
        shard.counters.bytes_in.add(read as u64);
        let cost = match read {
            // Decrypted before, and paid for.
            0 => 0,
            _ => u32::try_from(read).unwrap_or(u32::MAX).max(READ_COSTS_BYTES),
        };
        let end = if let Reading::Out { left } = &mut self.reading {
            *left = left.checked_sub(read).ok_or(Gone)?;
            return Ok(());
        } else {
            let is_within = self.bytes.take(&shard.gateway.rates.bytes, shard.now_ms(), cost);
            match self.take(shard, bytes) {
                // What is wrong with them comes first: how many one read finds is chance.
                Ok(()) if !is_within => Err(End::Refused(CloseCode::TooMuch, "too many bytes")),
                end => end,
            }
        };
        match end {
            Ok(()) => Ok(()),
            Err(End::Gone) => Err(Gone),
            Err(End::Refused(code, reason)) => {
                self.seat.close(code, reason);
                self.reading = Reading::Out { left: LINGER_BYTES_MAX };
                Ok(())
            }
        }
    }

    fn take(&mut self, shard: &Shard, mut bytes: &mut [u8]) -> Result<(), End> {
        if !matches!(self.reading, Reading::Odd(_)) {
            match self.plain(shard, &mut bytes)? {
                Scanned::Other => self.reading = Reading::Odd(Odd::new(&self.seat)),
                _ if bytes.is_empty() => {
                    self.reading = Reading::Plain;
                    return Ok(());
                }
                _ => {
                    self.reading = Reading::Torn(Box::from(&*bytes));
                    return Ok(());
                }
            }
        }
        self.odd(shard, bytes)
    }

    /// The way of nearly every tap. What may change between two frames of one read is nothing, so that it is looked up
    /// once.
    fn plain(&mut self, shard: &Shard, bytes: &mut &mut [u8]) -> Result<Scanned<'static>, End> {
        let Role::Fan { encoding: Encoding::Binary, holding } = &self.seat.role else { return Ok(Scanned::Other) };
        let (rates, now_ms) = (&shard.gateway.rates, shard.now_ms());
        let frames = &mut self.frames;
        let holding = &mut *holding.borrow_mut();
        let allowed = self.allowed;
        let sample = self.rights.drawn_for(&self.audience);
        self.audience.with_ledger(|ledger| {
            let account = Account { tally: ledger.tally(shard.index), counting: ledger.counting(now_ms), sample };
            let mut taken = 0;
            let end = loop {
                let payload = match scan(bytes) {
                    Scanned::Payload(payload) => payload,
                    Scanned::Torn => break Ok(Scanned::Torn),
                    Scanned::Other => break Ok(Scanned::Other),
                };
                if !frames.take(&rates.frames, now_ms, 1) {
                    break Err(End::Refused(CloseCode::TooManyFrames, ""));
                }
                taken += 1;
                match ClientFrame::read(payload) {
                    Ok(frame) if allowed.has_all(frame.records().clone()) => {
                        take_in(&rates.taps, account, now_ms, holding, frame);
                    }
                    Ok(frame) if self.audience.knows(frame.records().clone()) => {
                        take_in_part(&rates.taps, account, now_ms, holding, frame, allowed);
                    }
                    Ok(_) => break Err(NO_SUCH_TEAM),
                    Err(error) => break Err(malformed(error)),
                }
            };
            shard.counters.frames_in.add(taken);
            end
        })
    }

    /// The way of everything else.
    fn odd(&mut self, shard: &Shard, bytes: &[u8]) -> Result<(), End> {
        let Reading::Odd(odd) = &mut self.reading else { return Ok(()) };
        odd.feed(bytes);
        let (rates, now_ms) = (&shard.gateway.rates, shard.now_ms());
        while let Some(message) = odd.next() {
            let message = message.map_err(|error| end_of(&error))?;
            let frame = match (&self.seat.role, message) {
                (_, Message::Ping(_) | Message::Pong(_)) => {
                    if !self.control_frames.take(&rates.control_frames, now_ms, 1) {
                        return Err(End::Refused(CloseCode::TooMuch, "too many control frames"));
                    }
                    continue;
                }
                // The answer goes out as the next read begins, and the end follows.
                (_, Message::Close(_)) | (Role::Display { .. }, _) => continue,
                (Role::Fan { encoding: Encoding::Binary, .. }, Message::Binary(bytes)) => {
                    ClientFrame::decode(&bytes).map_err(malformed)
                }
                (Role::Fan { encoding: Encoding::Json, .. }, Message::Text(text)) => {
                    json(text.as_str(), &self.audience)
                }
                (Role::Fan { .. }, _) => {
                    Err(End::Refused(CloseCode::WrongKind, "this connection speaks the other kind of frame"))
                }
            };
            if !self.frames.take(&rates.frames, now_ms, 1) {
                return Err(End::Refused(CloseCode::TooManyFrames, ""));
            }
            shard.counters.frames_in.add(1);
            let frame = frame?;
            if !self.audience.knows(frame.records()) {
                return Err(NO_SUCH_TEAM);
            }
            if let Role::Fan { holding, .. } = &self.seat.role {
                let holding = &mut *holding.borrow_mut();
                let sample = self.rights.drawn_for(&self.audience);
                self.audience.with_ledger(|ledger| {
                    let account =
                        Account { tally: ledger.tally(shard.index), counting: ledger.counting(now_ms), sample };
                    take_in_part(&rates.taps, account, now_ms, holding, frame.as_ref(), self.allowed);
                });
            }
        }
        Ok(())
    }
}

fn welcome(shard: &Shard, audience: &Audience, session: String, resumed: bool, team: Option<u16>) -> String {
    let (event, config) = (&audience.event, &shard.gateway.config);
    let welcome = Welcome {
        event: event.id.clone(),
        state: event.state(),
        session,
        resumed,
        roster: event.roster.tag().to_owned(),
        t0_ms: event.t0_ms,
        beat_ms: u32::try_from(event.beat_ms).unwrap_or(u32::MAX),
        taps_per_second: config.limits.taps_per_second,
        teams_max: u32::try_from(beat_core::TEAMS_MAX).unwrap_or(u32::MAX),
        team: team.map(|team| event.roster.teams()[usize::from(team)].code),
    };
    beat_protocol::ServerMessage::Welcome { welcome }.to_text()
}

/// Counts what a frame adds, in the shard's tally and as the event stands.
fn take_in(
    taps: &Rate,
    account: Account<'_>,
    now_ms: u64,
    holding: &mut Holding,
    frame: ClientFrame<impl IntoIterator<Item = Record>>,
) {
    let Holding::Active(session) = holding else { return };
    match frame {
        ClientFrame::Cheer(records) => {
            session.cheer(taps, now_ms, account.counting, records, |verdict| account.add(verdict));
        }
        ClientFrame::Base(records) => session.base(records),
    }
}

/// The same, where taps for other teams than the ticket's are received and not counted.
fn take_in_part(
    taps: &Rate,
    account: Account<'_>,
    now_ms: u64,
    holding: &mut Holding,
    frame: ClientFrame<impl IntoIterator<Item = Record>>,
    allowed: Allowed,
) {
    match frame {
        ClientFrame::Cheer(records) => {
            for record in records {
                let is_allowed = allowed.has(record.team);
                let counting = if is_allowed { account.counting } else { account.counting.barred() };
                take_in(taps, Account { counting, ..account }, now_ms, holding, ClientFrame::Cheer([record]));
            }
        }
        base @ ClientFrame::Base(_) => take_in(taps, account, now_ms, holding, base),
    }
}

fn malformed(error: FrameError) -> End {
    End::Refused(error.close_code(), "malformed frame")
}

fn json(text: &str, audience: &Audience) -> Result<ClientFrame, End> {
    let malformed = |code| End::Refused(code, "malformed message");
    let message = ClientMessage::parse(text).map_err(|error| malformed(error.close_code()))?;
    let records: Option<Vec<Record>> = (message.totals().0.iter())
        .map(|&(code, total)| audience.index_of(code).map(|team| Record { team, total }))
        .collect();
    let records = records.ok_or(NO_SUCH_TEAM)?;
    let records = Records::new(&records).map_err(|error| malformed(error.close_code()))?;
    Ok(match message {
        ClientMessage::Cheer(_) => ClientFrame::Cheer(records),
        ClientMessage::Base(_) => ClientFrame::Base(records),
    })
}

fn end_of(error: &Error) -> End {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) => End::Refused(CloseCode::ProtocolError, ""),
        Error::Capacity(_) => End::Refused(CloseCode::TooLong, ""),
        Error::Utf8(_) => End::Refused(CloseCode::BadText, ""),
        _ => End::Gone,
    }
}

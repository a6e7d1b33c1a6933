//! One WebSocket, from its upgrade to its end: what comes in. What goes out is the outbox's business.

use std::io;
use std::rc::Rc;

use beat_core::Bucket;
use beat_protocol::{ClientFrame, ClientMessage, CloseCode, FAN_MESSAGE_BYTES_MAX, Flag, Record, Records, Welcome};
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role as Side, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, error::ProtocolError};

use super::Admission;
use super::audience::Audience;
use super::linger::read_out;
use super::outbox::Outbox;
use super::seat::{Holding, Role, Seat};
use super::shard::Shard;
use super::wire::Wire;
use crate::fanout::{self, Encoding};
use crate::http::Wanted;

/// Read at a time. The longest message of a fan and its header fit; each poll zeroes what is spare.
const READ_BUFFER_BYTES: usize = 512;

/// Why reading ended.
enum End {
    /// The peer closed, or is gone.
    Gone,
    /// It is to be closed, for this reason.
    Refused(CloseCode, &'static str),
}

/// What tells one tap of a fan from another.
enum Totals {
    Cheer(Records),
    Base(Records),
}

/// Serves an upgraded connection to its end.
///
/// What happens once, at its beginning or its end, is boxed: a task is as large as the largest thing it ever awaits, and
/// ten thousand of these do nothing but read.
pub(super) async fn serve(shard: Rc<Shard>, stream: TcpStream, early: Vec<u8>, wanted: Wanted, _place: Admission) {
    let (half, out) = stream.into_split();
    let outbox = Outbox::new(out);
    match wanted {
        Wanted::Refusal(code) => {
            outbox.goodbye(fanout::Message::Close(code, "").framed());
            Box::pin(read_out(half)).await;
        }
        Wanted::Display { event, top } => {
            let audience = shard.audience(event);
            let seat = Seat::new(Role::Display { top }, outbox, &audience, shard.gateway.config.limits.unread);
            seat.greet(None, audience.newest().as_deref(), false);
            let at = audience.take_seat(&seat);
            shard.counters.displays.add(1);
            read_to_end(&shard, &audience, &seat, half, early).await;
            shard.counters.displays.take_one();
            audience.leave_seat(at, shard.now_ms());
        }
        Wanted::Fan { event, encoding, session } => {
            let (id, session, resumed) = Box::pin(shard.session(session, event)).await;
            let audience = shard.audience(event);
            let role = Role::Fan { encoding, holding: Holding::Active(session).into() };
            let seat = Seat::new(role, outbox, &audience, shard.gateway.config.limits.unread);
            let newest = audience.newest();
            seat.greet(Some(&welcome(&shard, &audience, id.to_string(), resumed)), newest.as_deref(), resumed);
            if let Some(last) = newest.filter(|newest| newest.flags().has(Flag::Closed)) {
                seat.close_event(&last);
            }
            shard.seat_fan(id, &seat);
            let at = audience.take_seat(&seat);
            read_to_end(&shard, &audience, &seat, half, early).await;
            audience.leave_seat(at, shard.now_ms());
            shard.unseat_fan(id, &seat);
        }
    }
}

fn welcome(shard: &Shard, audience: &Audience, session: String, resumed: bool) -> String {
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
        team: None,
    };
    beat_protocol::ServerMessage::Welcome { welcome }.to_text()
}

/// Reads until the peer is gone; refuses what has to be refused in a way that the peer can see.
async fn read_to_end(shard: &Rc<Shard>, audience: &Audience, seat: &Rc<Seat>, half: OwnedReadHalf, early: Vec<u8>) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * FAN_MESSAGE_BYTES_MAX)
        .max_message_size(Some(FAN_MESSAGE_BYTES_MAX))
        .max_frame_size(Some(FAN_MESSAGE_BYTES_MAX));
    let wire = Wire::new(half, Rc::clone(seat), Rc::clone(shard));
    let mut socket = Box::pin(WebSocketStream::from_partially_read(wire, early, Side::Server, Some(config))).await;
    if let End::Refused(code, reason) = read(shard, audience, seat, &mut socket).await {
        seat.close(code, reason);
        Box::pin(read_out(socket.into_inner().into_half())).await;
    }
}

async fn read(shard: &Shard, audience: &Audience, seat: &Seat, socket: &mut WebSocketStream<Wire>) -> End {
    let rates = &shard.gateway.rates;
    let mut frames = Bucket::new(&rates.frames, shard.now_ms());
    let mut control_frames = Bucket::new(&rates.control_frames, shard.now_ms());
    loop {
        let message = match socket.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return end_of(&error),
            None => return End::Gone,
        };
        let now_ms = shard.now_ms();
        let totals = match (&seat.role, message) {
            (_, Message::Ping(_) | Message::Pong(_)) => {
                if !control_frames.take(&rates.control_frames, now_ms, 1) {
                    return End::Refused(CloseCode::TooMuch, "too many control frames");
                }
                continue;
            }
            // The answer goes out as the next read begins, and the end follows.
            (_, Message::Close(_)) => continue,
            (Role::Display { .. }, _) => continue,
            (Role::Fan { encoding: Encoding::Binary, .. }, Message::Binary(bytes)) => binary(&bytes),
            (Role::Fan { encoding: Encoding::Json, .. }, Message::Text(text)) => json(text.as_str(), audience),
            (Role::Fan { .. }, _) => Err((CloseCode::WrongKind, "this connection speaks the other kind of frame")),
        };
        if !frames.take(&rates.frames, now_ms, 1) {
            return End::Refused(CloseCode::TooManyFrames, "");
        }
        shard.counters.frames_in.add(1);
        match totals {
            Ok(totals) if audience.knows(totals.records()) => take_in(shard, audience, seat, now_ms, &totals),
            Ok(_) => return End::Refused(CloseCode::Malformed, "no such team"),
            Err((code, reason)) => return End::Refused(code, reason),
        }
    }
}

fn take_in(shard: &Shard, audience: &Audience, seat: &Seat, now_ms: u64, totals: &Totals) {
    let Role::Fan { holding, .. } = &seat.role else { return };
    let mut holding = holding.borrow_mut();
    let Holding::Active(session) = &mut *holding else { return };
    match totals {
        Totals::Cheer(records) => audience.count(shard.index, &shard.gateway, now_ms, session, records),
        Totals::Base(records) => session.base(records),
    }
}

type Refusal = (CloseCode, &'static str);

fn binary(bytes: &[u8]) -> Result<Totals, Refusal> {
    match ClientFrame::decode(bytes) {
        Ok(ClientFrame::Cheer(records)) => Ok(Totals::Cheer(records)),
        Ok(ClientFrame::Base(records)) => Ok(Totals::Base(records)),
        Err(error) => Err((error.close_code(), "malformed frame")),
    }
}

fn json(text: &str, audience: &Audience) -> Result<Totals, Refusal> {
    let message = ClientMessage::parse(text).map_err(|error| (error.close_code(), "malformed message"))?;
    let records: Option<Vec<Record>> = (message.totals().0.iter())
        .map(|&(code, total)| audience.index_of(code).map(|team| Record { team, total }))
        .collect();
    let records = records.ok_or((CloseCode::Malformed, "no such team"))?;
    let records = Records::new(&records).map_err(|error| (error.close_code(), "malformed message"))?;
    Ok(match message {
        ClientMessage::Cheer(_) => Totals::Cheer(records),
        ClientMessage::Base(_) => Totals::Base(records),
    })
}

impl Totals {
    fn records(&self) -> &Records {
        match self {
            Self::Cheer(records) | Self::Base(records) => records,
        }
    }
}

fn end_of(error: &Error) -> End {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) => End::Refused(CloseCode::ProtocolError, ""),
        Error::Capacity(_) => End::Refused(CloseCode::TooLong, ""),
        Error::Utf8(_) => End::Refused(CloseCode::BadText, ""),
        Error::Io(error) if error.kind() == io::ErrorKind::QuotaExceeded => {
            End::Refused(CloseCode::TooMuch, "too many bytes")
        }
        _ => End::Gone,
    }
}

//! One member of a cohort: how each kind misbehaves, and what comes of it.

use std::time::Duration;

use beat_protocol::{ClientFrame, Record, Records};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, interval, sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::deeds::{Bytes, KINDS, Nonsense};
use super::{BOT_TAPS_PER_SECOND, Deed, Kind, Setting};
use crate::clock::{MILLISECOND, Nanos};
use crate::stream::Stream;
use crate::target::Socket;

/// How long a server may take to answer anything.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How soon it is noticed that all are to stop.
const LOOK_INTERVAL: Nanos = 100 * MILLISECOND;
/// A handshake that does not go on is let go by then.
const HALF_OPEN_MAX: Duration = Duration::from_secs(15);
/// A flood is stopped by then.
const FLOOD_MAX: Duration = Duration::from_secs(3);
/// From one frame of a flood to the next: five times what a server allows.
const FLOOD_STEP: Duration = Duration::from_millis(10);
/// Between two deeds of one member.
const PAUSE: Duration = Duration::from_millis(500);
/// What a slow reader's kernel takes for it: as little as it allows.
const SLOW_BUFFER: u32 = 4 << 10;
/// From one CHEER of a bot to the next: it keeps the cadence, and taps too fast.
const BOT_STEP: Duration = Duration::from_millis(250);

const HALF_A_REQUEST: &[u8] = b"GET /v1/events/demo/ws HTTP/1.1\r\nHost: half-open\r\nUpgra";
/// A record of 512 bytes with a ClientHello, of which these are the first (RFC 8446, sections 4 and 5.1).
const HALF_A_HELLO: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];

pub(super) struct Member {
    pub(super) setting: Setting,
    pub(super) kind: Kind,
    pub(super) index: u32,
    /// Whose ticket it shows, by number.
    pub(super) ticket: u32,
}

impl Member {
    /// Misbehaves until the crowd stops.
    pub(super) async fn live(self) -> Vec<Deed> {
        match self.kind {
            Kind::SlowReaders => vec![self.read_slowly().await],
            Kind::HalfOpen => vec![self.stop_half_way().await],
            Kind::Bots => vec![self.tap_too_fast().await],
            Kind::Garbage => {
                let mut deeds = Vec::new();
                let mut kinds = KINDS.iter().cycle().skip(self.index as usize % KINDS.len());
                while self.goes_on() {
                    let nonsense = kinds.next().expect("a cycle has no end");
                    deeds.push(self.talk_nonsense(nonsense).await);
                    sleep(PAUSE).await;
                }
                deeds
            }
            Kind::Flood => {
                let mut deeds = Vec::new();
                while self.goes_on() {
                    deeds.push(self.flood().await);
                    sleep(PAUSE).await;
                }
                deeds
            }
        }
    }

    fn goes_on(&self) -> bool {
        self.setting.clock.now() < self.setting.end && !self.setting.ending.is_asked()
    }

    /// Until that instant, or until all are to stop.
    pub(super) async fn wait_until(&self, at: Nanos) {
        while self.setting.clock.now() < at && !self.setting.ending.is_asked() {
            let next = at.min(self.setting.clock.now() + LOOK_INTERVAL);
            sleep_until(self.setting.clock.instant(next).into()).await;
        }
    }

    /// Until the crowd stops.
    async fn wait(&self) {
        self.wait_until(self.setting.end).await;
    }

    /// A socket after its welcome.
    async fn welcomed(&self, stream: Stream) -> Result<Socket, Deed> {
        let opening = async {
            // A new one each time, where one is made: a cohort is not about tickets.
            let ticket = self.setting.tickets.fan(self.ticket, &mut 0);
            let request = self.setting.target.fan_request(None, ticket.as_ref());
            let (mut socket, _) = client_async(request, stream).await.map_err(failed)?;
            match socket.next().await {
                Some(Ok(Message::Text(_))) => Ok(socket),
                Some(Ok(Message::Close(close))) => Err(deed(false, closed(close.as_ref()))),
                Some(Err(error)) => Err(failed(error)),
                _ => Err(deed(false, "no welcome".to_owned())),
            }
        };
        timeout(ANSWER_MAX, opening).await.unwrap_or_else(|_| Err(deed(false, "no welcome within 5 s".to_owned())))
    }

    async fn connect(&self) -> Result<Stream, Deed> {
        Stream::open(&self.setting.target, self.setting.address).await.map_err(failed)
    }

    async fn read_slowly(&self) -> Deed {
        let opened = async {
            let address = self.setting.address;
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(failed)?;
            socket.set_recv_buffer_size(SLOW_BUFFER).map_err(failed)?;
            let socket = socket.connect(address).await.map_err(failed)?;
            self.welcomed(Stream::over(&self.setting.target, socket).await.map_err(failed)?).await
        };
        let mut socket = match opened.await {
            Ok(socket) => socket,
            Err(deed) => return deed,
        };
        self.wait().await;
        let stopped = Instant::now();
        // What was kept for it must still be whole frames, however little of it.
        loop {
            match timeout(PAUSE, socket.next()).await {
                Err(_) => return deed(true, "left behind, connected".to_owned()),
                Ok(Some(Ok(Message::Close(close)))) => {
                    let expected = close.as_ref().is_some_and(|close| u16::from(close.code) == 4408);
                    return deed(expected, closed(close.as_ref()));
                }
                Ok(Some(Ok(_))) if Instant::now() > stopped + ANSWER_MAX => {
                    return deed(true, "left behind, connected".to_owned());
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error @ (Error::Capacity(_) | Error::Utf8(_))))) => return failed(error),
                // Cut off before the reason could be read.
                Ok(None | Some(Err(_))) => return deed(true, "cut off".to_owned()),
            }
        }
    }

    async fn stop_half_way(&self) -> Deed {
        // Where there are two handshakes, every other one stops in the first.
        let in_tls = self.setting.target.tls().is_some() && self.index.is_multiple_of(2);
        let begun = async {
            let mut stream = match in_tls {
                true => Stream::Plain(TcpStream::connect(self.setting.address).await.map_err(failed)?),
                false => self.connect().await?,
            };
            stream.write_all(if in_tls { HALF_A_HELLO } else { HALF_A_REQUEST }).await.map_err(failed)?;
            Ok(stream)
        };
        let mut stream = match begun.await {
            Ok(stream) => stream,
            Err(deed) => return deed,
        };
        let too_long = Instant::now() + HALF_OPEN_MAX;
        let mut answer = [0; 512];
        let answered = tokio::select! {
            read = timeout_at(too_long, stream.read(&mut answer)) => read.ok(),
            () = self.wait() => None,
        };
        match answered {
            Some(Ok(0) | Err(_)) => deed(true, "let go".to_owned()),
            Some(Ok(read)) => {
                let status = String::from_utf8_lossy(&answer[..read]);
                let status = status.split_whitespace().nth(1).unwrap_or("no status").to_owned();
                deed(["408", "400"].contains(&status.as_str()), format!("answered {status}"))
            }
            None if Instant::now() < too_long => deed(true, "held until the end, under 15 s".to_owned()),
            None => deed(false, "held for 15 s".to_owned()),
        }
    }

    async fn talk_nonsense(&self, nonsense: &Nonsense) -> Deed {
        let spoken = async {
            let mut stream = self.connect().await?;
            if let Bytes::Request(bytes) = nonsense.bytes {
                stream.write_all(bytes).await.map_err(failed)?;
                let mut answer = [0; 512];
                let read = stream.read(&mut answer).await.map_err(failed)?;
                let status = String::from_utf8_lossy(&answer[..read]);
                let status = status.split_whitespace().nth(1).unwrap_or("nothing").to_owned();
                return Ok(deed(status.starts_with('4'), format!("{}: {status}", nonsense.name)));
            }
            let mut socket = self.welcomed(stream).await?;
            match nonsense.bytes {
                Bytes::Raw(bytes) => socket.get_mut().write_all(bytes).await.map_err(failed)?,
                Bytes::Message(bytes) => socket.send(Message::binary(bytes)).await.map_err(failed)?,
                Bytes::Text(text) => socket.send(Message::text(text)).await.map_err(failed)?,
                Bytes::Request(_) => {}
            }
            Ok(match until_closed(&mut socket).await {
                Some(close) => {
                    let expected = close.as_ref().is_some_and(|close| nonsense.deserves.contains(&close.code.into()));
                    deed(expected, format!("{}: {}", nonsense.name, closed(close.as_ref())))
                }
                None => deed(false, format!("{}: ended without a code", nonsense.name)),
            })
        };
        let done = timeout(ANSWER_MAX * 2, spoken).await;
        done.unwrap_or_else(|_| Err(deed(false, format!("{}: no answer", nonsense.name)))).unwrap_or_else(|deed| deed)
    }

    async fn flood(&self) -> Deed {
        let opened = async { self.welcomed(self.connect().await?).await };
        let mut socket = match opened.await {
            Ok(socket) => socket,
            Err(deed) => return deed,
        };
        // A total of nothing: it costs the server a frame and adds to no book.
        let frame = cheer(self.setting.bots_team, 0);
        let mut ticks = interval(FLOOD_STEP);
        let too_long = Instant::now() + FLOOD_MAX;
        loop {
            tokio::select! {
                heard = socket.next() => match heard {
                    Some(Ok(Message::Close(close))) => {
                        let expected = close.as_ref().is_some_and(|close| [4429, 1008].contains(&close.code.into()));
                        return deed(expected, closed(close.as_ref()));
                    }
                    Some(Ok(_)) => {}
                    _ => return deed(false, "ended without a code".to_owned()),
                },
                _ = ticks.tick() => {
                    if Instant::now() >= too_long {
                        return deed(false, "not stopped within 3 s".to_owned());
                    }
                    if !self.goes_on() {
                        return deed(true, "under way at the end".to_owned());
                    }
                    // If it cannot be sent the close is still to be read.
                    let _sent = socket.send(Message::binary(frame.clone())).await;
                }
            }
        }
    }

    async fn tap_too_fast(&self) -> Deed {
        let opened = async { self.welcomed(self.connect().await?).await };
        let mut socket = match opened.await {
            Ok(socket) => socket,
            Err(deed) => return deed,
        };
        let step = u32::try_from(BOT_TAPS_PER_SECOND).expect("small")
            * u32::try_from(BOT_STEP.as_millis()).expect("small")
            / 1_000;
        let mut ticks = interval(BOT_STEP);
        let mut total = 0;
        let lost = |end: String, total: u32| Deed { taps: total.into(), in_doubt: total.into(), ..deed(false, end) };
        while self.goes_on() {
            tokio::select! {
                heard = socket.next() => match heard {
                    Some(Ok(Message::Close(close))) => return lost(closed(close.as_ref()), total),
                    Some(Ok(_)) => {}
                    _ => return lost("ended without a code".to_owned(), total),
                },
                _ = ticks.tick() => {
                    total += step;
                    if let Err(error) = socket.send(Message::binary(cheer(self.setting.bots_team, total))).await {
                        return lost(error.to_string(), total);
                    }
                }
            }
        }
        let goodbye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let _sent = socket.send(Message::Close(Some(goodbye))).await;
        match until_closed(&mut socket).await {
            // The server has read everything before it.
            Some(_) => Deed { taps: total.into(), ..deed(true, "connected to the end".to_owned()) },
            None => lost("no answer to the goodbye".to_owned(), total),
        }
    }
}

fn cheer(team: u16, total: u32) -> Vec<u8> {
    let mut payload = Vec::new();
    ClientFrame::Cheer(Records::new(&[Record { team, total }]).expect("one record")).encode(&mut payload);
    payload
}

/// The close frame that ends it, or nothing.
async fn until_closed(socket: &mut Socket) -> Option<Option<CloseFrame>> {
    let closing = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(close))) => return Some(close),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    };
    timeout(ANSWER_MAX, closing).await.ok().flatten()
}

fn closed(close: Option<&CloseFrame>) -> String {
    close.map_or_else(|| "closed without a code".to_owned(), |close| format!("closed with {}", u16::from(close.code)))
}

fn deed(expected: bool, end: String) -> Deed {
    Deed { end, expected, ..Deed::default() }
}

fn failed(error: impl ToString) -> Deed {
    deed(false, error.to_string())
}

//! One socket of one fan, from the first byte to how it ended: the shell around `Fan`.
//!
//! A fan that has nothing to do costs one timer and wakes when a beat comes, not when a tap falls due: taps between two
//! frames are drawn from the schedule when the frame is.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use beat_protocol::{ClientFrame, Records, ServerFrame, ServerMessage, Welcome};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::clock::{Nanos, SECOND};
use crate::fan::Fan;
use crate::fault;
use crate::record::Fault;
use crate::watch::Watch;
use crate::worker::Worker;

/// Silence that means a dead server: beats come twice a second, and a stalled server repeats one each second.
const SILENCE_MAX: Nanos = 5 * SECOND;
/// From the first SYN to the welcome.
const OPENING_MAX: Duration = Duration::from_secs(5);
/// How long the answer to our close may take.
const FAREWELL_MAX: Nanos = 2 * SECOND;

/// How a socket ended.
#[derive(Debug)]
pub(crate) enum End {
    /// We closed it and the server answered: it has read everything.
    Farewell,
    /// The server closed it, with this code and reason.
    Closed { code: u16, reason: String },
    /// It broke, fell silent, or did not answer our close.
    Lost,
    /// It never came about, and whose fault that was.
    Unreachable(Fault, String),
}

/// A socket and what of its welcome matters to a fan.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    pub(crate) session: String,
    pub(crate) resumed: bool,
    pub(crate) taps_per_second: u32,
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

enum Event {
    Heard(Message),
    Flushed,
    Timer,
    Gone,
}

/// Connects and is welcomed, by a session of its own or by the one it had.
pub(crate) async fn open(worker: &Worker, session: Option<&str>) -> Result<Opened, End> {
    // Boxed: a handshake's state is large and short-lived.
    let opening = Box::pin(timeout(OPENING_MAX, shake_hands(worker, session)));
    opening.await.unwrap_or_else(|_| Err(End::Unreachable(Fault::Server, "no welcome within 5 s".to_owned())))
}

/// Cheers, after `base` if there is one, until it is time to leave or until the socket ends.
pub(crate) async fn stay(
    worker: &Worker,
    fan: &mut Fan,
    socket: &mut Socket,
    base: Option<Records>,
    leave_at: Nanos,
) -> End {
    let mut visit = Visit {
        worker,
        fan,
        leave_at,
        unflushed: false,
        leaving: None,
        ready_since: 0,
        key: None,
        watch: Watch::default(),
    };
    let end = match base {
        Some(base) if visit.send(socket, ClientFrame::Base(base)).await.is_err() => End::Lost,
        _ => visit.stay(socket).await,
    };
    fan.on_disconnect();
    end
}

async fn shake_hands(worker: &Worker, session: Option<&str>) -> Result<Opened, End> {
    // Small buffers: the defaults keep 128 KiB resident for each socket. The write buffer's limit must exceed its size.
    let config =
        WebSocketConfig::default().read_buffer_size(1 << 10).write_buffer_size(0).max_write_buffer_size(4 << 10);
    let stream = TcpStream::connect(worker.address).await.map_err(no_socket)?;
    stream.set_nodelay(true).map_err(no_socket)?;
    let request = worker.target.fan_request(session);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await.map_err(no_handshake)?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
            Ok(ServerMessage::Welcome { welcome: Welcome { session, resumed, taps_per_second, beat_ms, .. } }) => {
                worker.welcomed(beat_ms);
                Ok(Opened { socket, session, resumed, taps_per_second })
            }
            _ => Err(End::Unreachable(Fault::Server, "a first message that is no welcome".to_owned())),
        },
        // A refused upgrade is accepted and closed, so that its code can be read.
        Some(Ok(Message::Close(close))) => Err(closed(close)),
        _ => Err(End::Unreachable(Fault::Server, "ended before the welcome".to_owned())),
    }
}

/// A socket after its welcome.
struct Visit<'a> {
    worker: &'a Worker,
    fan: &'a mut Fan,
    leave_at: Nanos,
    /// The last frame is not yet with the kernel, so no further one is handed over.
    unflushed: bool,
    /// Our close was sent; the answer is waited for until then.
    leaving: Option<Nanos>,
    /// Since when nothing but the clock keeps the fan from acting.
    ready_since: Nanos,
    /// Number of the KEY that DELTAs must build on.
    key: Option<u32>,
    watch: Watch,
}

impl Visit<'_> {
    async fn stay(&mut self, socket: &mut Socket) -> End {
        let mut timer = pin!(sleep_until(self.worker.instant(0)));
        let mut heard_at = self.worker.now();
        let mut now = heard_at;
        self.ready_since = now;
        loop {
            if self.act(socket, now).await.is_err() {
                return End::Lost;
            }
            let until = self.until(now, heard_at);
            if timer.deadline() != until {
                timer.as_mut().reset(until);
            }
            let event = next_event(socket, timer.as_mut(), self.unflushed).await;
            now = self.worker.now();
            match event {
                Event::Heard(Message::Close(close)) => return self.on_close(socket, close).await,
                Event::Heard(message) => {
                    heard_at = now;
                    self.hear(&message, now);
                }
                Event::Flushed => {
                    self.unflushed = false;
                    self.ready_since = now;
                }
                Event::Timer if now >= heard_at + SILENCE_MAX => return End::Lost,
                Event::Timer if self.leaving.is_some_and(|until| now >= until) => return End::Lost,
                Event::Timer if now >= self.worker.times.give_up => {
                    let in_time = !self.unflushed && self.fan.next_action().is_some_and(|at| at < now);
                    self.worker.dropped(if in_time { self.fan.unsent() } else { 0 });
                    return End::Lost;
                }
                Event::Timer => {}
                Event::Gone => return End::Lost,
            }
        }
    }

    /// Cheers or leaves, if it is time to.
    async fn act(&mut self, socket: &mut Socket, now: Nanos) -> tungstenite::Result<()> {
        if self.unflushed || self.leaving.is_some() {
            return Ok(());
        }
        if self.worker.is_cut() {
            self.fan.stop(now);
            self.leave_at = self.leave_at.min(now);
        }
        let planned = self.fan.next_action();
        if let Some(planned) = planned.filter(|&planned| planned <= now) {
            let cheer = self.fan.cheer(now, |tap| self.worker.handed(now, tap));
            if let Some(records) = cheer {
                self.worker.cheered(now, now.saturating_sub(planned.max(self.ready_since)));
                self.send(socket, ClientFrame::Cheer(records)).await?;
            }
        }
        if now >= self.leave_at && !self.unflushed && self.fan.may_leave() {
            self.leaving = Some(now + FAREWELL_MAX);
            let close = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            // Not `close()`, which would wait for the answer in here.
            socket.feed(Message::Close(Some(close))).await?;
            self.unflushed = !flushed_at_once(socket).await?;
        }
        Ok(())
    }

    async fn send(&mut self, socket: &mut Socket, frame: ClientFrame) -> tungstenite::Result<()> {
        let mut bytes = Vec::with_capacity(16);
        frame.encode(&mut bytes);
        if matches!(frame, ClientFrame::Base(_)) {
            self.worker.based();
        }
        socket.feed(Message::binary(bytes)).await?;
        self.unflushed = !flushed_at_once(socket).await?;
        Ok(())
    }

    /// The next instant at which something is to be done without being spoken to.
    fn until(&self, now: Nanos, heard_at: Nanos) -> Instant {
        let times = &self.worker.times;
        let silence = heard_at + SILENCE_MAX;
        let leave = match self.leaving {
            Some(until) => until,
            None if now < self.leave_at => self.leave_at,
            None => times.give_up,
        };
        let action = if self.unflushed || self.leaving.is_some() { None } else { self.fan.next_action() };
        self.worker.instant(action.unwrap_or(Nanos::MAX).min(silence).min(leave))
    }

    fn hear(&mut self, message: &Message, now: Nanos) {
        self.worker.received(now, message.len());
        let Message::Binary(bytes) = message else {
            if message.is_text() {
                self.worker.odd();
            }
            return;
        };
        match ServerFrame::decode(bytes) {
            Ok(ServerFrame::Key(key)) => {
                self.key = Some(key.head.beat);
                self.fan.on_beat(key.head.cadence);
                self.worker.beat(now, key.head.beat, &mut self.watch);
            }
            Ok(ServerFrame::Delta(delta)) => {
                if self.key != Some(delta.key) {
                    self.worker.odd();
                }
                self.fan.on_beat(delta.head.cadence);
                self.worker.beat(now, delta.head.beat, &mut self.watch);
            }
            Ok(ServerFrame::Marks(marks)) => {
                self.fan.on_marks(&marks);
                self.ready_since = now;
            }
            Err(_) => self.worker.odd(),
        }
    }

    async fn on_close(&mut self, socket: &mut Socket, close: Option<CloseFrame>) -> End {
        if self.leaving.is_some() {
            self.fan.on_farewell();
            return End::Farewell;
        }
        // The answer is already in tungstenite's hands; a server that does not take it is not waited for.
        let _answered = timeout(Duration::from_millis(200), socket.flush()).await;
        closed(close)
    }
}

/// What happens first. A socket is asked before the clock, so that a stall of our own is not taken for the server's.
async fn next_event(socket: &mut Socket, mut timer: Pin<&mut Sleep>, unflushed: bool) -> Event {
    poll_fn(|context| {
        if unflushed {
            match Pin::new(&mut *socket).poll_flush(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(Event::Flushed),
                Poll::Ready(Err(_)) => return Poll::Ready(Event::Gone),
                Poll::Pending => {}
            }
        }
        match Pin::new(&mut *socket).poll_next(context) {
            Poll::Ready(Some(Ok(message))) => Poll::Ready(Event::Heard(message)),
            Poll::Ready(_) => Poll::Ready(Event::Gone),
            Poll::Pending => timer.as_mut().poll(context).map(|()| Event::Timer),
        }
    })
    .await
}

/// Tries to flush without waiting.
async fn flushed_at_once(socket: &mut Socket) -> tungstenite::Result<bool> {
    poll_fn(|context| match Pin::new(&mut *socket).poll_flush(context) {
        Poll::Ready(flushed) => Poll::Ready(flushed.map(|()| true)),
        Poll::Pending => Poll::Ready(Ok(false)),
    })
    .await
}

fn closed(close: Option<CloseFrame>) -> End {
    // 1005 is what RFC 6455 calls a close without a code.
    let (code, reason) = close.map_or((1005, String::new()), |close| (close.code.into(), close.reason.to_string()));
    End::Closed { code, reason }
}

fn no_socket(error: std::io::Error) -> End {
    End::Unreachable(fault::of_io(&error), error.to_string())
}

fn no_handshake(error: tungstenite::Error) -> End {
    match error {
        tungstenite::Error::Io(error) => no_socket(error),
        tungstenite::Error::Http(answer) => {
            let status = answer.status();
            End::Unreachable(fault::of_status(status.as_u16()), format!("answered with {status}"))
        }
        error => End::Unreachable(Fault::Server, error.to_string()),
    }
}

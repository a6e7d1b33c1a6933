//! A server of one event that keeps the session rules simply, and can be told to get something wrong.
//!
//! One thread on loopback; it shares the wire's types with the program under test and nothing else.

mod book;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beat_protocol::{
    BeatHead, Cadence, ClientFrame, CloseCode, Delta, EventState, Flags, Key, SUBPROTOCOL_BINARY, ServerFrame,
    ServerMessage, Welcome,
};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use self::book::{Session, State, TEAMS, event};

const BEAT: Duration = Duration::from_millis(100);

/// What goes wrong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Stands still for so long, half a second after the first tap.
    pub(crate) stalls_for: Option<Duration>,
    /// Every socket is cut some 0.3 to 0.8 s after its welcome, over and over, until so long after the first tap.
    pub(crate) cuts_sockets_for: Option<Duration>,
    /// A planned restart, a second after the first tap: final MARKS, 1012, and no session is known any more.
    pub(crate) restarts: bool,
    /// From half a second after the first tap every socket stays open and nothing moves on it; those made after three
    /// seconds work.
    pub(crate) falls_silent: bool,
    /// Who comes after so many fans and says nothing for a second is closed with 4408, as one that reads nothing is.
    pub(crate) closes_the_mute_after: Option<u64>,
    /// Every fan is refused with this code.
    pub(crate) refuses: Option<u16>,
}

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) fn start(faults: Faults) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::new(faults)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || runtime.block_on(serve(listener, shared)));
        Self { address, state }
    }

    /// Where fans connected from, and how many from each.
    pub(crate) fn sources(&self) -> HashMap<String, u64> {
        self.state.lock().unwrap().sources.clone()
    }

    /// Returns once the crowd taps.
    pub(crate) fn wait_for_a_tap(&self) {
        while self.state.lock().unwrap().first_tap.is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn base_frames(&self) -> u64 {
        self.state.lock().unwrap().base_frames
    }
}

async fn serve(listener: std::net::TcpListener, state: Arc<Mutex<State>>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let (beats, seen) = watch::channel(0u32);
    let (restart, restarting) = watch::channel(false);
    tokio::spawn(conduct(Arc::clone(&state), beats, restart));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(answer(stream, Arc::clone(&state), seen.clone(), restarting.clone()));
    }
}

async fn conduct(state: Arc<Mutex<State>>, beats: watch::Sender<u32>, restart: watch::Sender<bool>) {
    let mut ticks = interval(BEAT);
    let (mut stalled, mut restarted) = (false, false);
    loop {
        ticks.tick().await;
        beats.send_modify(|beat| *beat += 1);
        let (faults, since) = {
            let state = state.lock().unwrap();
            (state.faults, state.first_tap.map_or(Duration::ZERO, |at| at.elapsed()))
        };
        if let Some(stall) = faults.stalls_for.filter(|_| !stalled && since > Duration::from_millis(500)) {
            stalled = true;
            // Blocks the only thread: nothing is read and no beat leaves.
            std::thread::sleep(stall);
        }
        if faults.restarts && !restarted && since > Duration::from_secs(1) {
            restarted = true;
            restart.send_replace(true);
            sleep(BEAT).await;
            state.lock().unwrap().sessions.clear();
            restart.send_replace(false);
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    state: Arc<Mutex<State>>,
    beats: watch::Receiver<u32>,
    restarting: watch::Receiver<bool>,
) {
    let mut head = [0; 2_048];
    let length = stream.peek(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let body = match path.as_str() {
        "/v1/events/demo" => serde_json::to_string(&event()).unwrap(),
        "/metrics" => state.lock().unwrap().metrics(),
        "/v1/events/demo/feed" => return display(stream, state, beats).await,
        fan if fan.starts_with("/v1/events/demo/ws") => {
            let source = stream.peer_addr().unwrap().ip().to_string();
            *state.lock().unwrap().sources.entry(source).or_default() += 1;
            let session = fan.split_once("?session=").map(|(_, session)| session.to_owned());
            return welcome(stream, state, beats, restarting, session).await;
        }
        _ => String::new(),
    };
    let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
    let _read = stream.try_read(&mut [0; 2_048]);
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn display(stream: TcpStream, state: Arc<Mutex<State>>, mut beats: watch::Receiver<u32>) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while beats.changed().await.is_ok() {
        let beat = *beats.borrow_and_update();
        let message = state.lock().unwrap().feed_message(beat);
        if socket.send(Message::text(message)).await.is_err() {
            return;
        }
    }
}

#[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
fn choose_binary(
    request: &Request,
    mut response: Response,
) -> Result<Response, tokio_tungstenite::tungstenite::handshake::server::ErrorResponse> {
    assert_eq!(request.headers()["sec-websocket-protocol"], SUBPROTOCOL_BINARY);
    response.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL_BINARY.parse().unwrap());
    Ok(response)
}

async fn welcome(
    stream: TcpStream,
    state: Arc<Mutex<State>>,
    beats: watch::Receiver<u32>,
    restarting: watch::Receiver<bool>,
    session: Option<String>,
) {
    let Ok(mut socket) = accept_hdr_async(stream, choose_binary).await else { return };
    let (text, session, marks, faults, number) = {
        let mut state = state.lock().unwrap();
        state.welcomes += 1;
        let known = session.filter(|session| state.sessions.contains_key(session));
        let resumed = known.is_some();
        let session = known.unwrap_or_else(|| format!("{:022}", state.welcomes));
        let marks = state.sessions.entry(session.clone()).or_insert_with(Session::new).marks();
        let welcome = Welcome {
            event: "demo".parse().unwrap(),
            state: EventState::Open,
            session: session.clone(),
            resumed,
            roster: "five".into(),
            t0_ms: 1_790_000_000_000,
            beat_ms: 100,
            taps_per_second: 16,
            teams_max: 8,
            team: None,
        };
        let marks = marks.filter(|_| resumed);
        (ServerMessage::Welcome { welcome }.to_text(), session, marks, state.faults, state.welcomes)
    };
    if let Some(code) = faults.refuses {
        let _closed = socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await;
        return;
    }
    let _sent = socket.send(Message::text(text)).await;
    if let Some(marks) = marks {
        send(&mut socket, &ServerFrame::Marks(marks)).await;
    }
    let is_watched = faults.closes_the_mute_after.is_some_and(|crowd| number > crowd);
    if is_watched && timeout(Duration::from_secs(1), socket.next()).await.is_err() {
        let _closed = socket.close(Some(CloseFrame { code: 4408.into(), reason: "".into() })).await;
        return;
    }
    let life = Duration::from_millis(300 + number * 83 % 500);
    tokio::select! {
        // Dropped without a close; what the fan has under way is lost with it.
        () = sleep(life), if faults.cuts_sockets_for.is_some_and(|time| state.lock().unwrap().since_first_tap() < time) => {}
        () = listen(socket, &state, &session, beats, restarting) => {}
    }
}

async fn listen(
    mut socket: WebSocketStream<TcpStream>,
    state: &Arc<Mutex<State>>,
    session: &str,
    mut beats: watch::Receiver<u32>,
    mut restarting: watch::Receiver<bool>,
) {
    let (mut key, mut last) = (None, None);
    loop {
        if state.lock().unwrap().is_silent() {
            return std::future::pending().await;
        }
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => state.lock().unwrap().take_in(session, ClientFrame::decode(&bytes).unwrap()),
                // tungstenite has put its answer into its buffer; reading on sends it.
                Some(Ok(_)) => {}
                _ => return,
            },
            _ = beats.changed() => {
                let beat = *beats.borrow_and_update();
                if last.is_none_or(|last| beat >= last + 5) {
                    last = Some(beat);
                    let head = BeatHead { flags: Flags::default(), beat, cadence: Cadence::from_ms(250) };
                    let frame = match key {
                        Some(first) if beat.is_multiple_of(2) => ServerFrame::Delta(Delta { head, key: first, levels: Vec::new() }),
                        _ => {
                            key = Some(beat);
                            ServerFrame::Key(Key { head, levels: vec![0; TEAMS.len()], totals: vec![0; TEAMS.len()] })
                        }
                    };
                    send(&mut socket, &frame).await;
                }
            }
            () = async { drop(restarting.wait_for(|&now| now).await) } => {
                let marks = state.lock().unwrap().sessions.get(session).and_then(Session::marks);
                if let Some(marks) = marks {
                    send(&mut socket, &ServerFrame::Marks(marks)).await;
                }
                let reason = CloseCode::retry_reason(300);
                let _closed = socket.close(Some(CloseFrame { code: CloseCode::Restart.as_u16().into(), reason: reason.into() })).await;
                // Reads on so that the close is not overtaken by a reset, and takes nothing in.
                while let Some(Ok(_)) = socket.next().await {}
                return;
            }
        }
    }
}

async fn send(socket: &mut WebSocketStream<TcpStream>, frame: &ServerFrame) {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    let _sent = socket.send(Message::binary(bytes)).await;
}

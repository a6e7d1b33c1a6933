//! A fan's client in either encoding, as the contract describes one. Teams are called `T0`, `T1`, … in the roster.

use std::collections::BTreeMap;

use beat_protocol::{
    ByTeam, ClientFrame, ClientMessage, Flag, Key, Record, Records, ServerFrame, ServerMessage, Welcome,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::wish::{Speech, Wish};
use super::{Server, within};

/// A beat, whichever frames it came in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FanBeat {
    pub(crate) number: u32,
    pub(crate) flags: Vec<Flag>,
    pub(crate) cadence_ms: u32,
    /// Teams that are heard.
    pub(crate) levels: BTreeMap<String, u8>,
    /// With KEY beats.
    pub(crate) totals: Option<BTreeMap<String, u64>>,
}

/// What the server said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Beat(FanBeat),
    Marks(Vec<(u16, u32)>),
    Closed(u16, String),
    /// The connection ended without a word: 1006.
    Gone,
}

/// A connected fan.
pub(crate) struct Fan {
    pub(crate) welcome: Welcome,
    /// The subprotocol the server chose.
    pub(crate) protocol: Option<String>,
    socket: WebSocketStream<TcpStream>,
    speech: Speech,
    key: Option<Key>,
}

impl Fan {
    /// Connected and welcomed.
    pub(super) fn new(
        welcome: Welcome,
        protocol: Option<String>,
        socket: WebSocketStream<TcpStream>,
        speech: Speech,
    ) -> Self {
        Self { welcome, protocol, socket, speech, key: None }
    }

    /// A new binary fan of `demo`.
    pub(crate) async fn join(server: &Server) -> Self {
        Wish::new(Speech::Binary).join(server).await
    }

    /// States running totals.
    pub(crate) async fn cheer(&mut self, totals: &[(u16, u32)]) {
        self.try_cheer(totals).await.unwrap();
    }

    /// The same, where the connection may be gone.
    pub(crate) async fn try_cheer(
        &mut self,
        totals: &[(u16, u32)],
    ) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        self.say(ClientFrame::Cheer(records(totals)), ClientMessage::Cheer(by_team(totals))).await
    }

    /// States what was already sent elsewhere.
    pub(crate) async fn base(&mut self, totals: &[(u16, u32)]) {
        self.try_base(totals).await.unwrap();
    }

    /// The same, where the connection may be gone.
    pub(crate) async fn try_base(
        &mut self,
        totals: &[(u16, u32)],
    ) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        self.say(ClientFrame::Base(records(totals)), ClientMessage::Base(by_team(totals))).await
    }

    async fn say(
        &mut self,
        frame: ClientFrame,
        message: ClientMessage,
    ) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        let message = match self.speech {
            Speech::Json => Message::text(serde_json::to_string(&message).unwrap()),
            Speech::Binary => {
                let mut bytes = Vec::new();
                frame.encode(&mut bytes);
                Message::binary(bytes)
            }
        };
        within("a frame goes out", self.socket.send(message)).await
    }

    /// What the server says next.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            let message = within("the server says something", self.socket.next()).await;
            return match (message, self.speech) {
                (Some(Ok(Message::Binary(bytes))), Speech::Binary) => {
                    self.understand(ServerFrame::decode(&bytes).unwrap())
                }
                (Some(Ok(Message::Text(text))), Speech::Json) => understand_text(&text),
                (Some(Ok(Message::Close(Some(close)))), _) => {
                    Heard::Closed(close.code.into(), close.reason.to_string())
                }
                (Some(Ok(Message::Pong(_))), _) => continue,
                (Some(Ok(other)), speech) => panic!("{other:?} on a {speech:?} connection"),
                (Some(Err(_)) | None, _) => Heard::Gone,
            };
        }
    }

    fn understand(&mut self, frame: ServerFrame) -> Heard {
        let (head, levels, totals) = match frame {
            ServerFrame::Marks(records) => return Heard::Marks(pairs(&records)),
            ServerFrame::Key(key) => {
                let (head, levels) = (key.head, key.levels.clone());
                let totals = (0..).map(code).zip(key.totals.iter().copied()).collect();
                self.key = Some(key);
                (head, levels, Some(totals))
            }
            ServerFrame::Delta(delta) => {
                let key = self.key.as_ref().expect("a DELTA before any KEY");
                assert_eq!(delta.key, key.head.beat, "a DELTA builds on the last KEY");
                (delta.head, delta.apply(&key.levels), None)
            }
        };
        let levels = (0..).map(code).zip(levels).filter(|(_, level)| *level > 0).collect();
        let (flags, cadence_ms) = (head.flags.names(), head.cadence.as_ms());
        Heard::Beat(FanBeat { number: head.beat, flags, cadence_ms, levels, totals })
    }

    /// The next beat; nothing else may come before it.
    pub(crate) async fn beat(&mut self) -> FanBeat {
        match self.hear().await {
            Heard::Beat(beat) => beat,
            other => panic!("{other:?} instead of a beat"),
        }
    }

    /// The next MARKS, ascending by team; beats may come before it.
    pub(crate) async fn marks(&mut self) -> Vec<(u16, u32)> {
        match self.after_beats().await {
            Heard::Marks(marks) => marks,
            other => panic!("{other:?} instead of marks"),
        }
    }

    /// Why it was closed; beats may come before that.
    pub(crate) async fn close(&mut self) -> (u16, String) {
        match self.after_beats().await {
            Heard::Closed(code, reason) => (code, reason),
            other => panic!("{other:?} instead of a close"),
        }
    }

    /// The next of what is no beat.
    pub(crate) async fn after_beats(&mut self) -> Heard {
        within("something else than beats", async {
            loop {
                let heard = self.hear().await;
                if !matches!(heard, Heard::Beat(_)) {
                    return heard;
                }
            }
        })
        .await
    }
}

fn understand_text(text: &str) -> Heard {
    match serde_json::from_str(text).unwrap() {
        ServerMessage::Welcome { .. } => panic!("a second welcome"),
        ServerMessage::Marks { marks } => {
            let mut marks: Vec<_> = marks.0.iter().map(|(team, total)| (index(team.as_str()), *total)).collect();
            marks.sort_unstable();
            Heard::Marks(marks)
        }
        ServerMessage::Beat { beat, flags, cadence_ms, levels, totals, .. } => Heard::Beat(FanBeat {
            number: beat,
            flags,
            cadence_ms,
            levels: by_code(levels),
            totals: totals.map(by_code),
        }),
    }
}

fn by_code<T>(values: ByTeam<T>) -> BTreeMap<String, T> {
    values.0.into_iter().map(|(team, value)| (team.to_string(), value)).collect()
}

fn by_team(totals: &[(u16, u32)]) -> ByTeam<u32> {
    ByTeam(totals.iter().map(|&(team, total)| (code(team).parse().unwrap(), total)).collect())
}

fn records(totals: &[(u16, u32)]) -> Records {
    let records: Vec<_> = totals.iter().map(|&(team, total)| Record { team, total }).collect();
    Records::new(&records).unwrap()
}

fn pairs(records: &Records) -> Vec<(u16, u32)> {
    let mut pairs: Vec<_> = records.iter().map(|record| (record.team, record.total)).collect();
    pairs.sort_unstable();
    pairs
}

fn code(team: u16) -> String {
    format!("T{team}")
}

fn index(code: &str) -> u16 {
    code[1..].parse().unwrap()
}

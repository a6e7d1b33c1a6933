//! A row of the table, and what a client sees of it.

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;

use crate::harness::{Raw, Server, masked};

pub(super) const TEXT: u8 = 0x1;
pub(super) const BYTES: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xa;
pub(super) const FINAL: u8 = 0x80;

/// Of an answer to a close that names none.
pub(super) const NO_CODE: u16 = 1005;

/// Of who is neither closed nor answered for as long as [`PATIENCE`].
const SILENCE: u16 = 0;
const PATIENCE: Duration = Duration::from_secs(5);

/// Behind everything: who answers it is alive.
const LAST: &[u8] = b"still here?";

/// On what kind of connection.
#[derive(Clone, Copy)]
pub(super) enum On {
    /// A fan's, in JSON.
    Json,
    /// A fan's, in bytes.
    Binary,
    /// A display's, on which data is read and ignored.
    Display,
}

/// Bytes, each piece sent by itself.
pub(super) type Pieces = Vec<Vec<u8>>;

/// Cases that are sent and seen alike.
pub(super) struct Row {
    pub(super) numbers: &'static str,
    pub(super) sent: &'static str,
    pub(super) seen: Seen,
    /// The suite would have us take it; we refuse on purpose.
    pub(super) is_limit: bool,
    pub(super) tries: Vec<Pieces>,
    on: On,
}

/// What a client sees of one try.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Of its team, by the books of the server after all.
    pub(super) taps: u32,
    /// Answers to its own pings, in their order.
    pub(super) pongs: Vec<Vec<u8>>,
    /// The code it was closed with; nothing if it lives.
    pub(super) close: Option<u16>,
}

/// All rows. Each has a team of its own to cheer for.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

impl Table {
    pub(super) fn of(sections: &[fn(&mut Self)]) -> Self {
        let mut table = Self { rows: Vec::new() };
        sections.iter().for_each(|section| section(&mut table));
        table
    }

    /// A message that adds one tap for the team of the row that comes next, in so many bytes.
    pub(super) fn cheer(&self, len: usize) -> Vec<u8> {
        let mut message = format!("{{\"cheer\":{{\"T{}\":1}}}}", self.rows.len()).into_bytes();
        message.resize(message.len().max(len), b' ');
        message
    }

    /// The same on a connection of bytes, in as few as it takes.
    pub(super) fn cheer_in_bytes(&self) -> Vec<u8> {
        let team = u16::try_from(self.rows.len()).unwrap();
        [&[0x01][..], &team.to_le_bytes(), &1u32.to_le_bytes()].concat()
    }

    pub(super) fn add(&mut self, on: On, numbers: &'static str, sent: &'static str, tries: Vec<Pieces>, seen: Seen) {
        self.rows.push(Row { numbers, sent, seen, is_limit: false, tries, on });
    }

    /// What the suite would have us take.
    pub(super) fn limit(&mut self, on: On, numbers: &'static str, sent: &'static str, tries: Vec<Pieces>, close: u16) {
        self.add(on, numbers, sent, tries, closed(close));
        self.rows.last_mut().unwrap().is_limit = true;
    }
}

/// It lives, and so many taps are counted.
pub(super) fn counted(taps: u32) -> Seen {
    Seen { taps, ..Seen::default() }
}

/// It is closed.
pub(super) fn closed(code: u16) -> Seen {
    Seen { close: Some(code), ..Seen::default() }
}

impl Seen {
    pub(super) fn pong(mut self, payload: &[u8]) -> Self {
        self.pongs.push(payload.to_vec());
        self
    }

    pub(super) fn then_closed(self, code: u16) -> Self {
        Self { close: Some(code), ..self }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.taps {
            0 => {}
            1 => write!(f, "counted; ")?,
            taps => write!(f, "{taps} counted; ")?,
        }
        match self.pongs.len() {
            0 => {}
            1 => write!(f, "answered; ")?,
            pongs => write!(f, "{pongs} answered; ")?,
        }
        match self.close {
            None => f.write_str("lives"),
            Some(SILENCE) => f.write_str("nothing"),
            Some(NO_CODE) => f.write_str("closed without a code"),
            Some(code) => write!(f, "closed with {code}"),
        }
    }
}

/// Every byte by itself.
pub(super) fn bytewise(bytes: &[u8]) -> Pieces {
    bytes.iter().map(|byte| vec![*byte]).collect()
}

/// In pieces of that many bytes.
pub(super) fn in_chops(bytes: &[u8], len: usize) -> Pieces {
    bytes.chunks(len).map(<[u8]>::to_vec).collect()
}

/// Sends one try, and a ping behind it where it should live.
pub(super) async fn tried(server: &Server, row: &Row, pieces: &Pieces) -> Seen {
    let (path, protocol) = match row.on {
        On::Json => ("/v1/events/demo/ws", ""),
        On::Binary => ("/v1/events/demo/ws", "Sec-WebSocket-Protocol: cheer.v1\r\n"),
        On::Display => ("/v1/events/demo/feed?top=1", ""),
    };
    let mut raw = Raw::connect(server.fans).await.upgrade(path, protocol, &[]).await;
    for piece in pieces {
        if !raw.send(piece).await {
            break;
        }
    }
    if row.seen.close.is_none() {
        raw.send(masked(PING, LAST)).await;
    }
    // What it adds is looked up in the books.
    let mut seen = counted(row.seen.taps);
    let heard = async {
        loop {
            match raw.frame().await {
                Ok((PONG, payload)) if payload == LAST => return,
                Ok((PONG, payload)) => seen.pongs.push(payload),
                Ok((CLOSE, payload)) => {
                    seen.close = Some(payload.first_chunk().map_or(NO_CODE, |code| u16::from_be_bytes(*code)));
                    return;
                }
                Ok(_) => {}
                Err(end) => panic!("{}: {end:?} instead of an answer", row.numbers),
            }
        }
    };
    if timeout(PATIENCE, heard).await.is_err() {
        seen.close = Some(SILENCE);
    } else if seen.close.is_some() {
        raw.end_of_stream().await;
    }
    seen
}

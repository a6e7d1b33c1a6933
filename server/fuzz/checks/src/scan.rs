//! Frames on a socket: our reader of the common one, and tungstenite from the first other one on.

use std::io::{self, Read, Write};

use beat_protocol::FAN_MESSAGE_BYTES_MAX;
use beat_protocol::scan::{Scanned, scan as scan_frame};
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Error, Message};

/// Together they hear what tungstenite hears alone: the same messages after the same read, the same answers, the same
/// end. And it is the same however the bytes are cut into reads.
///
/// The first byte says at how many places they are cut, at most seven; so many bytes say how far apart those are.
pub fn scan(bytes: &[u8]) {
    let Some((&cuts, bytes)) = bytes.split_first() else { return };
    let Some((cuts, mut stream)) = bytes.split_at_checked(usize::from(cuts % 8)) else { return };
    let (mut ours, mut theirs, mut at_once) = (Fan::ours(), Fan::theirs(), Fan::theirs());
    at_once.hear(stream);
    for &cut in cuts {
        let (read, rest) = stream.split_at(usize::from(cut).min(stream.len()));
        ours.hear(read);
        theirs.hear(read);
        assert_eq!(ours.heard, theirs.heard);
        stream = rest;
    }
    ours.hear(stream);
    theirs.hear(stream);
    assert_eq!(ours.heard, theirs.heard);
    assert_eq!(ours.heard, at_once.heard);
}

/// What came of the reads so far.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    messages: Vec<Message>,
    /// Pongs and answers to a close.
    answers: Vec<u8>,
    /// Why there will be no more.
    end: Option<String>,
}

/// One fan's socket, read as a gateway reads it.
struct Fan {
    heard: Heard,
    reading: Reading,
}

enum Reading {
    /// Frame by frame, in place; kept is the one that is torn.
    Plain(Vec<u8>),
    /// Through tungstenite.
    Odd(Box<WebSocket<Memory>>),
}

impl Fan {
    fn ours() -> Self {
        Self { heard: Heard::default(), reading: Reading::Plain(Vec::new()) }
    }

    fn theirs() -> Self {
        Self { heard: Heard::default(), reading: odd() }
    }

    fn hear(&mut self, read: &[u8]) {
        let mut bytes = read.to_vec();
        if let Reading::Plain(torn) = &mut self.reading {
            bytes.splice(..0, torn.drain(..));
            let mut rest = &mut bytes[..];
            let is_torn = loop {
                match scan_frame(&mut rest) {
                    Scanned::Payload(payload) => self.heard.messages.push(Message::binary(payload.to_vec())),
                    Scanned::Torn => break true,
                    Scanned::Other => break false,
                }
            };
            if is_torn {
                torn.extend_from_slice(rest);
                return;
            }
            bytes = rest.to_vec();
            self.reading = odd();
        }
        if let (Reading::Odd(socket), None) = (&mut self.reading, &self.heard.end) {
            socket.get_mut().unread.extend(bytes);
            self.heard.end = loop {
                match socket.read() {
                    Ok(message) => self.heard.messages.push(message),
                    Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break None,
                    Err(error) => break Some(format!("{error:?}")),
                }
            };
            self.heard.answers.append(&mut socket.get_mut().answers);
        }
    }
}

/// As the gateway sets it up.
fn odd() -> Reading {
    let config = WebSocketConfig::default()
        .read_buffer_size(512)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * FAN_MESSAGE_BYTES_MAX)
        .max_message_size(Some(FAN_MESSAGE_BYTES_MAX))
        .max_frame_size(Some(FAN_MESSAGE_BYTES_MAX));
    Reading::Odd(Box::new(WebSocket::from_raw_socket(Memory::default(), Role::Server, Some(config))))
}

/// What tungstenite takes for a socket.
#[derive(Default)]
struct Memory {
    unread: std::collections::VecDeque<u8>,
    answers: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.unread.read(buf) }
    }
}

impl Write for Memory {
    fn write(&mut self, answer: &[u8]) -> io::Result<usize> {
        self.answers.write(answer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! One reader that keeps what it hears: a display, or a fan. On a thread of its own, so that a message's time is read the
//! moment its last byte is here.

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::book::refuse;

/// A beat of a display with 10,000 teams is about a megabyte.
const READ_BUFFER: usize = 64 << 10;

/// It, until it is asked what it heard.
pub(crate) struct Listener {
    socket: TcpStream,
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<Heard>>>,
}

/// One whole message.
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) payload: Vec<u8>,
    /// The WebSocket's share.
    pub(crate) header_bytes: usize,
}

impl Listener {
    /// A display of the event.
    pub(crate) fn display(port: u16, event: &str) -> io::Result<Self> {
        Self::open(port, &format!("/v1/events/{event}/feed"), "")
    }

    /// A fan who taps for nobody.
    pub(crate) fn fan(port: u16, event: &str) -> io::Result<Self> {
        Self::open(port, &format!("/v1/events/{event}/ws"), "Sec-WebSocket-Protocol: cheer.v1\r\n")
    }

    fn open(port: u16, path: &str, more: &str) -> io::Result<Self> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.write_all(upgrade(path, more).as_bytes())?;
        let mut reader = BufReader::with_capacity(READ_BUFFER, socket.try_clone()?);
        let head = head(&mut reader)?;
        if !head.starts_with(b"HTTP/1.1 101") {
            return refuse(String::from_utf8_lossy(&head));
        }
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        let thread = std::thread::Builder::new().name("listener".into()).spawn(move || {
            let mut all = Vec::new();
            loop {
                match message(&mut reader) {
                    Ok(heard) => all.push(heard),
                    Err(_) if is_stopped.load(Ordering::Acquire) => return Ok(all),
                    Err(error) => return refuse(format!("a listener was cut off: {error}")),
                }
            }
        })?;
        Ok(Self { socket, stopped, thread })
    }

    /// Hangs up. What it heard; an error, if it was hung up on before.
    pub(crate) fn finish(self) -> io::Result<Vec<Heard>> {
        self.stopped.store(true, Ordering::Release);
        // Refused where it was hung up on, which the thread tells.
        drop(self.socket.shutdown(Shutdown::Both));
        self.thread.join().unwrap_or_else(|_| refuse("a listener panicked"))
    }
}

/// A request for a WebSocket, with some `more` header lines.
pub(crate) fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         {more}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        reader.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// The next message: final and unmasked, as this server sends them.
fn message(reader: &mut impl Read) -> io::Result<Heard> {
    let mut start = [0; 2];
    reader.read_exact(&mut start)?;
    let (len, header_bytes) = match start {
        [0x81 | 0x82, short @ ..=125] => (usize::from(short), 2),
        [0x81 | 0x82, 126] => {
            let mut len = [0; 2];
            reader.read_exact(&mut len)?;
            (usize::from(u16::from_be_bytes(len)), 4)
        }
        [0x81 | 0x82, 127] => {
            let mut len = [0; 8];
            reader.read_exact(&mut len)?;
            (usize::try_from(u64::from_be_bytes(len)).map_err(io::Error::other)?, 10)
        }
        other => return refuse(format!("a frame that begins with {other:02x?}")),
    };
    let mut payload = vec![0; len];
    reader.read_exact(&mut payload)?;
    Ok(Heard { at: Instant::now(), payload, header_bytes })
}

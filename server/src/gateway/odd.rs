//! tungstenite over memory, for a connection that sends anything but plain short binary frames: text, control frames,
//! fragments, longer frames, and whatever is wrong.
//!
//! Made with the first such frame, and kept to the end of the connection: only it knows what it has half read.

use std::io::{self, Read, Write};
use std::rc::Rc;

use beat_protocol::FAN_MESSAGE_BYTES_MAX;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::seat::Seat;

/// Read at a time. The longest message of a fan and its header fit.
const READ_BUFFER_BYTES: usize = 512;

/// One connection's half-read messages.
pub(super) struct Odd(WebSocket<Memory>);

/// What tungstenite takes for a socket: bytes that were read, and whole pongs and answers to a close that go out.
struct Memory {
    unread: Vec<u8>,
    seat: Rc<Seat>,
}

impl Odd {
    pub(super) fn new(seat: &Rc<Seat>) -> Box<Self> {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(2 * FAN_MESSAGE_BYTES_MAX)
            .max_message_size(Some(FAN_MESSAGE_BYTES_MAX))
            .max_frame_size(Some(FAN_MESSAGE_BYTES_MAX));
        let memory = Memory { unread: Vec::new(), seat: Rc::clone(seat) };
        Box::new(Self(WebSocket::from_raw_socket(memory, Role::Server, Some(config))))
    }

    /// Takes in what the socket brought.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.0.get_mut().unread.extend_from_slice(bytes);
    }

    /// The next whole message, or why there will be none; nothing as long as there is none.
    pub(super) fn next(&mut self) -> Option<Result<Message, Error>> {
        match self.0.read() {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => None,
            read => Some(read),
        }
    }
}

impl Read for Memory {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let len = self.unread.len().min(buf.len());
        buf[..len].copy_from_slice(&self.unread[..len]);
        self.unread.drain(..len);
        if self.unread.is_empty() {
            // An idle connection holds no bytes.
            self.unread = Vec::new();
        }
        Ok(len)
    }
}

impl Write for Memory {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.seat.control(frame);
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

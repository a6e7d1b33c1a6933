//! One connection of the sink, from its head to its end.

use std::os::fd::OwnedFd;

use beat_protocol::Record;
use rustix::io::Errno;
use rustix::net::{SendFlags, send};

/// What is at the other end.
#[derive(Debug)]
pub(super) enum Guest {
    /// Nobody knows yet: its head is not whole.
    New,
    Fan {
        session: u64,
        /// The highest total heard for each team.
        marks: Vec<Record>,
        /// Number of the last KEY it was sent.
        key: u32,
    },
    Display,
    /// It was sent the last it gets; the connection ends once that is out.
    Leaving,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) fd: OwnedFd,
    pub(super) guest: Guest,
    /// The beginning of a frame or head whose rest is still to come.
    pub(super) torn: Vec<u8>,
    /// The end of what the kernel did not take.
    tail: Vec<u8>,
}

/// The peer is gone.
#[derive(Debug)]
pub(super) struct Gone;

impl Connection {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self { fd, guest: Guest::New, torn: Vec::new(), tail: Vec::new() }
    }

    /// Whether everything handed over is with the kernel.
    pub(super) fn is_drained(&self) -> bool {
        self.tail.is_empty()
    }

    /// Writes `bytes` after what is still unsent, and keeps what the kernel does not take.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let taken = if self.tail.is_empty() { self.hand_over(bytes)? } else { 0 };
        self.tail.extend_from_slice(&bytes[taken..]);
        Ok(())
    }

    /// Tries once more to hand over what is unsent.
    pub(super) fn drain(&mut self) -> Result<(), Gone> {
        if self.tail.is_empty() {
            return Ok(());
        }
        let tail = std::mem::take(&mut self.tail);
        let taken = self.hand_over(&tail)?;
        self.tail.extend_from_slice(&tail[taken..]);
        Ok(())
    }

    fn hand_over(&self, bytes: &[u8]) -> Result<usize, Gone> {
        match send(&self.fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(taken) => Ok(taken),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(_) => Err(Gone),
        }
    }
}

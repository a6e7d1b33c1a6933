//! TLS between a connection and its socket, once its handshake is done.
//!
//! Encrypts only what the socket can begin to take: as long as ciphertext is still to go out, nothing more is taken in, so
//! that a reader who falls behind holds one encrypted message and gets the newest beat after it.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::OwnedFd;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use rustls::ServerConnection;

use super::wire::{Gone, Received, hand_over, take_in};

/// Bytes that may come without a word in them: an endless handshake message, or empty records one after the other. One
/// record has 16 KiB at most, and some for its own use.
const BARREN_BYTES_MAX: usize = 20 * 1_024;

/// What stands between.
pub(super) struct Secured {
    tls: ServerConnection,
    /// Bytes that have come since the last that were for us.
    barren: usize,
}

impl Secured {
    pub(super) fn new(mut tls: ServerConnection) -> Self {
        // A message is taken whole or not at all.
        tls.set_buffer_limit(None);
        Self { tls, barren: 0 }
    }

    /// Takes in all of `bytes`, or none of them.
    pub(super) fn send(&mut self, socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Gone> {
        if !self.flush(socket)? {
            return Ok(0);
        }
        self.tls.writer().write_all(bytes).map_err(|_| Gone)?;
        self.flush(socket)?;
        Ok(bytes.len())
    }

    pub(super) fn is_drained(&self) -> bool {
        !self.tls.wants_write()
    }

    pub(super) fn flush(&mut self, socket: &OwnedFd) -> Result<bool, Gone> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Kernel(socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(Gone),
            }
        }
        Ok(true)
    }

    /// Reads from the socket once, if nothing was left that had no room.
    pub(super) fn receive(&mut self, socket: &OwnedFd, buffer: &mut [u8]) -> Result<Option<Received>, Gone> {
        let left = self.take_out(buffer)?;
        if left > 0 {
            return Ok(Some(Received { bytes: left, raw: 0, more: true }));
        }
        let mut kernel = Source { socket, is_empty: false };
        let raw = match self.tls.read_tls(&mut kernel) {
            Ok(raw @ 1..) => raw,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Ok(_) | Err(_) => return Err(Gone),
        };
        let is_empty = kernel.is_empty;
        let state = self.tls.process_new_packets();
        // An answer to what came, or why it is the end.
        self.flush(socket)?;
        let state = state.map_err(|_| Gone)?;
        let bytes = self.take_out(buffer)?;
        self.barren = if bytes > 0 { 0 } else { self.barren + raw };
        if self.barren > BARREN_BYTES_MAX {
            return Err(Gone);
        }
        let is_all = is_empty && bytes == state.plaintext_bytes_to_read() && !state.peer_has_closed();
        Ok(Some(Received { bytes, raw, more: !is_all }))
    }

    fn take_out(&mut self, buffer: &mut [u8]) -> Result<usize, Gone> {
        match self.tls.reader().read(buffer) {
            Ok(read @ 1..) => Ok(read),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            // It said that nothing follows.
            Ok(_) | Err(_) => Err(Gone),
        }
    }

    pub(super) fn end_writing(&mut self, socket: &OwnedFd) -> Result<bool, Gone> {
        self.tls.send_close_notify();
        self.flush(socket)
    }
}

/// A socket that is written to.
struct Kernel<'a>(&'a OwnedFd);

impl Write for Kernel<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match hand_over(self.0, bytes) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            Ok(taken) => Ok(taken),
            Err(Gone) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// The records of a long message go out in one call.
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = retry_on_intr(|| sendmsg(self.0, parts, &mut SendAncillaryBuffer::default(), flags));
        sent.map_err(|error| if error == Errno::AGAIN { io::ErrorKind::WouldBlock.into() } else { error.into() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket that is read from.
struct Source<'a> {
    socket: &'a OwnedFd,
    /// The kernel had no more: it tells of what comes.
    is_empty: bool,
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match take_in(self.socket, buffer) {
            Ok(Some(read)) => {
                self.is_empty = read < buffer.len();
                Ok(read)
            }
            Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
            Err(Gone) => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests;

//! One socket as its connection uses it: bytes out, bytes in, and the end. Nothing here waits, or keeps anything.

use std::os::fd::OwnedFd;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};

/// The socket.
pub(super) struct Wire {
    socket: OwnedFd,
}

/// The peer is gone: there is nobody to tell.
#[derive(Debug)]
pub(super) struct Gone;

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    /// So many bytes stand in the buffer.
    pub(super) bytes: usize,
    /// There may be more: the kernel tells of what comes, not of what was left.
    pub(super) more: bool,
}

impl Wire {
    /// A socket whose bytes go as they are.
    pub(super) fn plain(socket: OwnedFd) -> Self {
        Self { socket }
    }

    /// The socket, to be polled.
    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// The socket alone.
    pub(super) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// Hands bytes over; answers with how many were taken.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<usize, Gone> {
        hand_over(&self.socket, bytes)
    }

    /// Reads once; nothing, if nothing is there.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Result<Option<Received>, Gone> {
        match retry_on_intr(|| recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT)) {
            Ok((1.., read)) => Ok(Some(Received { bytes: read, more: read == buffer.len() })),
            Err(Errno::AGAIN) => Ok(None),
            Ok(_) | Err(_) => Err(Gone),
        }
    }

    /// Tells the peer that nothing follows.
    pub(super) fn end_writing(&self) {
        // Refused only where the peer has closed already.
        let _ended_already = shutdown(&self.socket, Shutdown::Write);
    }

    /// Ends the connection at once, in both directions.
    pub(super) fn abort(&self) {
        // The peer may have ended it already.
        let _ended_already = shutdown(&self.socket, Shutdown::Both);
    }
}

/// Hands bytes to the kernel; answers with how many it took.
fn hand_over(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Gone> {
    match retry_on_intr(|| send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)) {
        Err(Errno::AGAIN) => Ok(0),
        sent => sent.map_err(|_| Gone),
    }
}

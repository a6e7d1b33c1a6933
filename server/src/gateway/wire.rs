//! One socket as its connection uses it: bytes out, bytes in, and the end. Nothing here waits.
//!
//! A plain one is the kernel's calls and nothing else. What one with TLS does to bytes is in `secured`.

use std::cell::RefCell;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, Shutdown, recv, send, shutdown};
use rustls::ServerConnection;

use super::secured::Secured;

/// The socket.
pub(super) struct Wire {
    socket: OwnedFd,
    secured: Option<Box<RefCell<Secured>>>,
}

/// The peer is gone: there is nobody to tell.
#[derive(Debug)]
pub(super) struct Gone;

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    /// So many bytes stand in the buffer.
    pub(super) bytes: usize,
    /// So many came over the network for it.
    pub(super) raw: usize,
    /// There may be more: the kernel tells of what comes, not of what was left.
    pub(super) more: bool,
}

impl Wire {
    /// A socket whose bytes go as they are.
    pub(super) fn plain(socket: OwnedFd) -> Self {
        Self { socket, secured: None }
    }

    /// A socket whose TLS handshake is done.
    pub(super) fn secured(socket: OwnedFd, tls: ServerConnection) -> Self {
        Self { socket, secured: Some(Box::new(RefCell::new(Secured::new(tls)))) }
    }

    /// The socket, to be polled.
    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// The socket alone.
    pub(super) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// Hands bytes over; answers with how many were taken. Taken does not mean out: see [`Wire::flush`].
    pub(super) fn send(&self, bytes: &[u8]) -> Result<usize, Gone> {
        match &self.secured {
            None => hand_over(&self.socket, bytes),
            Some(secured) => secured.borrow_mut().send(&self.socket, bytes),
        }
    }

    /// Whether the kernel has all that was taken.
    pub(super) fn is_drained(&self) -> bool {
        self.secured.as_ref().is_none_or(|secured| secured.borrow().is_drained())
    }

    /// Hands over what was taken and is not out yet; answers with whether the kernel has all of it now.
    pub(super) fn flush(&self) -> Result<bool, Gone> {
        match &self.secured {
            None => Ok(true),
            Some(secured) => secured.borrow_mut().flush(&self.socket),
        }
    }

    /// Reads once; nothing, if nothing is there.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> Result<Option<Received>, Gone> {
        match &self.secured {
            None => Ok(take_in(&self.socket, buffer)?.map(|bytes| {
                // A full buffer may have left something behind.
                Received { bytes, raw: bytes, more: bytes == buffer.len() }
            })),
            Some(secured) => secured.borrow_mut().receive(&self.socket, buffer),
        }
    }

    /// Tells the peer that nothing follows; answers with whether it could be told already, or has to be tried again.
    pub(super) fn end_writing(&self) -> Result<bool, Gone> {
        if let Some(secured) = &self.secured
            && !secured.borrow_mut().end_writing(&self.socket)?
        {
            return Ok(false);
        }
        // Refused only where the peer has closed already.
        let _ended_already = shutdown(&self.socket, Shutdown::Write);
        Ok(true)
    }

    /// Before it is closed: a peer with TLS can tell an end from a line that was cut. Said now, or not at all.
    pub(super) fn part(&self) {
        if let Some(secured) = &self.secured {
            drop(secured.borrow_mut().end_writing(&self.socket));
        }
    }

    /// Ends the connection at once, in both directions.
    pub(super) fn abort(&self) {
        // The peer may have ended it already.
        let _ended_already = shutdown(&self.socket, Shutdown::Both);
    }
}

/// Hands bytes to the kernel; answers with how many it took.
pub(super) fn hand_over(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Gone> {
    match retry_on_intr(|| send(socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)) {
        Err(Errno::AGAIN) => Ok(0),
        sent => sent.map_err(|_| Gone),
    }
}

/// Takes bytes from the kernel; answers with how many, or with nothing if there are none.
pub(super) fn take_in(socket: &OwnedFd, buffer: &mut [u8]) -> Result<Option<usize>, Gone> {
    match retry_on_intr(|| recv(socket, &mut *buffer, RecvFlags::DONTWAIT)) {
        Ok((1.., read)) => Ok(Some(read)),
        Err(Errno::AGAIN) => Ok(None),
        Ok(_) | Err(_) => Err(Gone),
    }
}

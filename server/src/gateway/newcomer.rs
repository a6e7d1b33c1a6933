//! A connection that was accepted and has not asked yet.
//!
//! Nearly all of them ask in one read, and for a WebSocket: those are answered in place. Whatever else a first read
//! brings is for hyper.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request, Response, header};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::front::HEAD_BYTES_MAX;
use super::{Admission, Counters, Gateway, Shard};
use crate::addresses::Stand;
use crate::http::{self as pages, Answer, Wanted};

/// Lines of a head that is read here; of longer ones hyper says whether they are too long.
const LINES_MAX: usize = 64;

/// Room for all that goes out first: this head is 150 bytes, a welcome 250, the KEY of 206 teams up to 1,500.
const GREETING_BYTES: usize = 2_048;

/// The connection.
pub(super) struct Newcomer {
    pub(super) socket: OwnedFd,
    pub(super) peer: IpAddr,
    pub(super) place: Admission,
    /// Tells it from an earlier one at the same place.
    pub(super) nth: u64,
}

/// What a first read brought.
pub(super) enum Asked {
    /// Nothing yet.
    Nothing,
    /// The end.
    Gone,
    /// A handshake.
    Handshake(Handshake),
    /// So many bytes of something else, or of half a handshake.
    Other(usize),
}

/// A whole handshake, to be answered.
pub(crate) struct Handshake {
    /// The head of the answer.
    pub(crate) answer: Vec<u8>,
    pub(crate) wanted: Wanted,
    /// What it counts as from now on, where that is not its address.
    pub(super) stand: Option<Stand>,
    /// What stands in the buffer behind it.
    pub(crate) early: std::ops::Range<usize>,
}

impl Newcomer {
    /// Reads once.
    pub(super) fn ask(&self, shard: &Shard, buffer: &mut [u8]) -> Asked {
        match recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((read @ 1.., _)) => match handshake(&shard.gateway, &shard.counters, &buffer[..read], self.peer) {
                // A full buffer may have left something behind.
                Some(handshake) if read < buffer.len() => Asked::Handshake(handshake),
                _ => Asked::Other(read),
            },
            Err(Errno::AGAIN | Errno::INTR) => Asked::Nothing,
            Ok(_) | Err(_) => Asked::Gone,
        }
    }
}

/// The handshake that these bytes are, with what may follow it; nothing if they are, or may become, anything else.
pub(crate) fn handshake(
    gateway: &Arc<Gateway>,
    counters: &Arc<Counters>,
    bytes: &[u8],
    peer: IpAddr,
) -> Option<Handshake> {
    let mut lines = [httparse::EMPTY_HEADER; LINES_MAX];
    let mut head = httparse::Request::new(&mut lines);
    let Ok(httparse::Status::Complete(len @ ..=HEAD_BYTES_MAX)) = head.parse(bytes) else { return None };
    let (Some("GET"), Some(1), Some(path)) = (head.method, head.version, head.path) else { return None };
    let mut request = Request::new(());
    *request.uri_mut() = path.parse().ok()?;
    request.headers_mut().reserve(head.headers.len());
    for line in head.headers {
        let (name, value) = (HeaderName::from_bytes(line.name.as_bytes()), HeaderValue::from_bytes(line.value));
        request.headers_mut().append(name.ok()?, value.ok()?);
    }
    let headers = request.headers();
    let has_body = headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    if has_body || !headers.contains_key(header::UPGRADE) {
        return None;
    }
    match pages::answer(gateway, counters, &request, peer) {
        Answer::Upgrade(response, wanted, stand) => {
            Some(Handshake { answer: head_of(&response), wanted, stand, early: len..bytes.len() })
        }
        Answer::Page(_) => None,
    }
}

fn head_of<B>(response: &Response<B>) -> Vec<u8> {
    let mut head = Vec::with_capacity(GREETING_BYTES);
    head.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
    for (name, value) in response.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

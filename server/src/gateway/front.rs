//! A connection that asks for a page, or in pieces: hyper reads its requests; upgrades go on as bare sockets.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::Admission;
use super::line::Line;
use super::linger::read_out;
use super::patience::Patience;
use super::shard::{Shard, evented};
use super::wire::Wire;
use crate::addresses::Stand;
use crate::http::{self, Answer, Wanted};

/// No request head is longer, in bytes; a longer one gets 431.
pub(super) const HEAD_BYTES_MAX: usize = 8_192;

const TOO_LATE: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
pub(super) const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Its address, or whom it speaks for, has as many connections as it may, or makes them faster.
pub(super) const TOO_MANY_OF_ONE: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// As [`serve`], of a socket that is new to the runtime.
pub(super) async fn serve_new(shard: Rc<Shard>, stream: TcpStream, begun: Bytes, peer: IpAddr, admission: Admission) {
    // hyper tries once to refuse a head it cannot read, and the runtime has not yet heard that this socket takes bytes.
    if stream.writable().await.is_ok() {
        serve(shard, stream, begun, peer, admission).await;
    }
}

/// Answers requests until the connection ends or is upgraded. `begun` was read already.
pub(super) async fn serve(shard: Rc<Shard>, line: impl Line, begun: Bytes, peer: IpAddr, admission: Admission) {
    let asked = Cell::new(false);
    let upgraded = RefCell::new(None::<(Wanted, Option<Stand>)>);
    let service = service_fn(|request| {
        asked.set(true);
        let answer = http::answer(&shard.gateway, &shard.counters, &request, peer);
        std::future::ready(Ok::<_, Infallible>(match answer {
            Answer::Page(response) => response,
            Answer::Upgrade(response, wanted, stand) => {
                upgraded.replace(Some((wanted, stand)));
                response
            }
        }))
    });
    let limits = &shard.gateway.config.limits;
    let mut connection = reader()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.handshake)
        .serve_connection(TokioIo::new(Patience::new(line, begun, limits.unread)), service);
    let outcome = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let parts = connection.into_parts();
    let mut unread = parts.read_buf.to_vec();
    let is_between_requests = asked.get() && unread.is_empty();
    let (line, begun) = parts.io.into_inner().into_parts();
    unread.extend_from_slice(&begun);
    let wire = match line.into_wire(&mut unread) {
        Ok(wire) => wire,
        Err(error) => return tracing::warn!(%error, "cannot take a connection on"),
    };
    match (upgraded.take(), outcome) {
        (Some((wanted, stand)), Ok(())) => {
            shard.open(wire, Vec::new(), unread, wanted, admission.stand_as(stand)).await;
        }
        // An idle connection just ends; one with half a request, or none at all so far, is told why.
        (None, Err(error)) if error.is_timeout() && !is_between_requests => say_and_close(wire, TOO_LATE).await,
        // The answer that was the last has been written; or there is nobody who would want to know.
        _ => drop(wire.end_writing()),
    }
}

/// Reads requests with heads of a bounded length, however long they take.
pub(crate) fn reader() -> http1::Builder {
    let mut reader = http1::Builder::new();
    reader.max_buf_size(HEAD_BYTES_MAX).max_header_size(HEAD_BYTES_MAX);
    reader
}

/// It asked for nothing in time.
pub(super) async fn too_late(wire: Wire) {
    say_and_close(wire, TOO_LATE).await;
}

/// Says why, and gives the peer a moment to read it.
pub(super) async fn say_and_close(wire: Wire, answer: &[u8]) {
    if !matches!(wire.send(answer), Ok(written) if written == answer.len()) {
        return;
    }
    // Told now or, where the kernel takes no more, not at all.
    drop(wire.end_writing());
    match evented(wire.into_socket()) {
        Ok(stream) => read_out(stream).await,
        Err(error) => tracing::warn!(%error, "cannot read a connection out"),
    }
}

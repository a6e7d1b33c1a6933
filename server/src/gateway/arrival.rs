//! A connection that begins with more than a request: a proxy's word about whose it is, a TLS handshake, or both.
//!
//! It has a task until its first request is read, and for all of that the time of a handshake.

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, ready};

use bytes::Bytes;
use rustls::HandshakeKind;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::line::{Line, Measured};
use super::newcomer::{Handshake, handshake};
use super::shard::{Shard, evented};
use super::wire::Wire;
use super::{Admission, front, proxied};
use crate::config::Preamble;

/// The first byte of every TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// What a page that is written in one go may leave behind, encrypted.
const UNSENT_BYTES_MAX: usize = 16 * 1_024;

const SPEAKS_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\
    content-length: 44\r\n\r\nthis address speaks TLS: https:// or wss://\n";

/// A connection that was accepted now, and is nobody's yet.
pub(super) struct Arrival {
    pub(super) socket: OwnedFd,
    pub(super) peer: IpAddr,
    pub(super) place: Admission,
    pub(super) preamble: Preamble,
}

/// Who comes in where proxies are expected is no proxy that is believed.
pub(super) fn refuse_stranger(peer: IpAddr) {
    refused("untrusted");
    tracing::debug!(%peer, "not among addresses.trusted_proxies");
}

impl Arrival {
    /// Takes it on.
    pub(super) async fn take_on(self, shard: Rc<Shard>) {
        if let Err(error) = self.try_take_on(shard).await {
            tracing::warn!(%error, "cannot take a connection on");
        }
    }

    async fn try_take_on(self, shard: Rc<Shard>) -> io::Result<()> {
        let Self { socket, mut peer, mut place, preamble } = self;
        let deadline = Instant::now() + shard.gateway.config.limits.handshake;
        let mut stream = evented(socket)?;
        if preamble.proxied {
            match client_of(&mut stream, peer, deadline).await {
                Some(client) => peer = client,
                None => return Ok(()),
            }
            match shard.gateway.addresses.enter(peer, shard.read_clock()) {
                Ok(stand) => place = place.stand_as(stand),
                Err(_) => {
                    shard.turn_away(stream.into_std()?.into(), front::TOO_MANY_OF_ONE);
                    return Ok(());
                }
            }
        }
        if !preamble.tls {
            shard.sockets.receive(stream.into_std()?.into(), peer, place, shard.read_clock());
            return Ok(());
        }
        match first_byte(&stream, deadline).await {
            Some(HANDSHAKE) => {}
            Some(other) => {
                shook_hands("not_tls");
                // So does every method of HTTP begin.
                if other.is_ascii_uppercase() {
                    front::say_and_close(Wire::plain(stream.into_std()?.into()), SPEAKS_TLS).await;
                }
                return Ok(());
            }
            None => return Ok(()),
        }
        // What a handshake needs is not held by who has not begun one.
        Box::pin(behind_a_handshake(shard, stream, peer, place, deadline)).await
    }
}

/// Whose connection it is, by the word of its proxy; nothing, if there is nobody to serve.
async fn client_of(stream: &mut TcpStream, proxy: IpAddr, deadline: Instant) -> Option<IpAddr> {
    match timeout_at(deadline, proxied::client(stream)).await {
        Ok(Ok(said)) => said.map(|client| client.unwrap_or(proxy)),
        Ok(Err(wrong)) => {
            refused(wrong.cause());
            tracing::debug!(%proxy, %wrong, "hung up on a proxy");
            None
        }
        Err(_) => {
            refused("late");
            None
        }
    }
}

/// What it begins with, left where it is; nothing, if nothing comes in time.
async fn first_byte(stream: &TcpStream, deadline: Instant) -> Option<u8> {
    let mut first = [0];
    match timeout_at(deadline, stream.peek(&mut first)).await {
        Ok(Ok(1..)) => Some(first[0]),
        Ok(_) => None,
        Err(_) => {
            shook_hands("late");
            None
        }
    }
}

/// Shakes hands, and goes on as a newcomer does with its first request.
async fn behind_a_handshake(
    shard: Rc<Shard>,
    stream: TcpStream,
    peer: IpAddr,
    place: Admission,
    deadline: Instant,
) -> io::Result<()> {
    let Some(mut stream) = secured(&shard, stream, deadline).await else { return Ok(()) };
    match timeout_at(deadline, first_of(&mut stream)).await {
        Ok(Ok(begun)) if !begun.is_empty() => go_on(shard, stream, begun, peer, place).await,
        Ok(_) => Ok(()),
        Err(_) => {
            front::too_late(stream.into_wire(&mut Vec::new())?).await;
            Ok(())
        }
    }
}

/// The same socket behind its handshake; nothing, if none came of it.
async fn secured(shard: &Shard, stream: TcpStream, deadline: Instant) -> Option<TlsStream<Measured>> {
    let identity = shard.gateway.identity.load_full()?;
    let acceptor = TlsAcceptor::from(Arc::clone(&identity.server));
    let accepted = acceptor.accept_with(Measured::new(stream), |tls| tls.set_buffer_limit(Some(UNSENT_BYTES_MAX)));
    match timeout_at(deadline, accepted).await {
        Ok(Ok(mut stream)) => {
            let (socket, tls) = stream.get_mut();
            socket.let_all_through();
            shook_hands(if tls.handshake_kind() == Some(HandshakeKind::Resumed) { "resumed" } else { "full" });
            Some(stream)
        }
        Ok(Err(error)) => {
            shook_hands("failed");
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            shook_hands("late");
            None
        }
    }
}

/// What a first read brings; no buffer is held by who sends nothing.
async fn first_of(stream: &mut TlsStream<Measured>) -> io::Result<Bytes> {
    poll_fn(|cx| {
        let mut room = [0; front::HEAD_BYTES_MAX];
        let mut begun = ReadBuf::new(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut begun))?;
        Poll::Ready(Ok(Bytes::copy_from_slice(begun.filled())))
    })
    .await
}

/// As a newcomer goes on: a handshake of a WebSocket in one read is answered here, all else by hyper.
async fn go_on(
    shard: Rc<Shard>,
    stream: TlsStream<Measured>,
    begun: Bytes,
    peer: IpAddr,
    place: Admission,
) -> io::Result<()> {
    let asked = match begun.len() {
        // A full buffer may have left something behind.
        front::HEAD_BYTES_MAX => None,
        _ => handshake(&shard.gateway, &shard.counters, &begun, peer),
    };
    let Some(Handshake { answer, wanted, stand, early }) = asked else {
        // A task of its own: this one's holds what a handshake needs.
        tokio::task::spawn_local(front::serve(shard, stream, begun, peer, place));
        return Ok(());
    };
    let mut early = begun[early].to_vec();
    let wire = stream.into_wire(&mut early)?;
    shard.open(wire, answer, early, wanted, place.stand_as(stand)).await;
    Ok(())
}

fn refused(cause: &'static str) {
    metrics::counter!("beat_proxied_refused_total", "cause" => cause).increment(1);
}

fn shook_hands(outcome: &'static str) {
    metrics::counter!("beat_tls_handshakes_total", "outcome" => outcome).increment(1);
}

//! A socket as the runtime sees it, plain or with TLS, until it goes on bare.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::wire::Wire;

/// What a handshake may bring, with the record behind it, which is read along: a hello is below 4 KiB, a client shows no
/// certificate here, and a record has 18 KiB at most. Otherwise rustls would hold a hello of 64 KiB.
const HANDSHAKE_BYTES_MAX: usize = 24 * 1_024;

/// Read by hyper, or before it.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + 'static {
    /// The socket without the runtime. What was read and is nobody's yet is appended to `unread`.
    fn into_wire(self, unread: &mut Vec<u8>) -> io::Result<Wire>;
}

/// A socket that may bring only so many bytes until its handshake is done.
pub(super) struct Measured {
    socket: TcpStream,
    left: Option<usize>,
}

impl Line for TcpStream {
    fn into_wire(self, _: &mut Vec<u8>) -> io::Result<Wire> {
        Ok(Wire::plain(self.into_std()?.into()))
    }
}

impl Line for TlsStream<Measured> {
    fn into_wire(self, unread: &mut Vec<u8>) -> io::Result<Wire> {
        let (Measured { socket, .. }, mut tls) = self.into_inner();
        // It ends with a refusal to wait for more.
        let _no_more = tls.reader().read_to_end(unread);
        Ok(Wire::secured(socket.into_std()?.into(), tls))
    }
}

impl Measured {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, left: Some(HANDSHAKE_BYTES_MAX) }
    }

    /// The handshake is done.
    pub(super) fn let_all_through(&mut self) {
        self.left = None;
    }
}

impl AsyncRead for Measured {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        let read = buf.filled().len() - before;
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(read).ok_or(io::ErrorKind::InvalidData)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Measured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

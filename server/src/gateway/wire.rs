//! One socket under tungstenite: reads are metered below WebSocket, writes go through the outbox.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use beat_core::Bucket;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use super::seat::Seat;
use super::shard::Shard;

/// A read costs as much as so many bytes, so that a drip of single bytes meets the same budget as a flood.
const READ_COSTS_BYTES: u32 = 64;

/// What tungstenite takes for a socket.
pub(super) struct Wire {
    half: OwnedReadHalf,
    budget: Bucket,
    seat: Rc<Seat>,
    shard: Rc<Shard>,
}

impl Wire {
    pub(super) fn new(half: OwnedReadHalf, seat: Rc<Seat>, shard: Rc<Shard>) -> Self {
        let budget = Bucket::new(&shard.gateway.rates.bytes, shard.now_ms());
        Self { half, budget, seat, shard }
    }

    /// The reading side alone, for who only waits for its end.
    pub(super) fn into_half(self) -> OwnedReadHalf {
        self.half
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.half).poll_read(cx, buf))?;
        let read = u32::try_from(buf.filled().len() - before).unwrap_or(u32::MAX);
        let Self { budget, shard, .. } = &mut *self;
        // One reading of the clock serves all frames of this read.
        let now_ms = shard.read_clock();
        shard.counters.bytes_in.add(u64::from(read));
        if budget.take(&shard.gateway.rates.bytes, now_ms, read.max(READ_COSTS_BYTES)) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()))
        }
    }
}

/// Only what tungstenite writes by itself comes this way: whole pongs and answers to a close.
impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, frame: &[u8]) -> Poll<io::Result<usize>> {
        self.seat.control(frame);
        Poll::Ready(Ok(frame.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

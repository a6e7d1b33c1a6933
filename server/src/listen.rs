//! The public ports, each once for every shard: the kernel spreads new connections over them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::{Config, Preamble, PublicAddress};

/// Connections the kernel completes before a shard takes them: a storm waits here instead of being refused.
const BACKLOG: i32 = 4_096;
/// A peer that acknowledges nothing for so long is gone: no pings needed.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// What one shard accepts from.
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    /// What its connections begin with.
    pub(crate) preamble: Preamble,
}

/// One listener a shard, all on the same address, which is told. Port 0 takes a free one.
pub(crate) fn listen(
    config: &Config,
    PublicAddress { address, preamble }: PublicAddress,
) -> io::Result<(PublicAddress, Vec<Listener>)> {
    // SO_REUSEPORT would let a second server in beside a first: one without it finds out.
    let probe = bind(address, false)?;
    let address = local_address(&probe)?;
    drop(probe);
    let shards = config.shards.get();
    let listeners = (0..shards).map(|_| {
        let socket = bind(address, true)?;
        // Accepted sockets inherit these.
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_user_timeout(Some(DEAD_AFTER))?;
        socket.set_tcp_notsent_lowat(config.limits.unsent_bytes)?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(Listener { socket: socket.into(), preamble })
    });
    Ok((PublicAddress { address, preamble }, listeners.collect::<io::Result<_>>()?))
}

fn bind(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    if !shared {
        // Only listening, not binding, meets another listener when both allow reuse of the address.
        socket.listen(1)?;
    }
    Ok(socket)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("not an internet address"))
}

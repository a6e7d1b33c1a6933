//! The public port, once for every shard: the kernel spreads new connections over them.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;

/// Connections the kernel completes before a shard takes them: a storm waits here instead of being refused.
const BACKLOG: i32 = 4_096;
/// A peer that acknowledges nothing for so long is gone: no pings needed.
const DEAD_AFTER: Duration = Duration::from_secs(20);

/// One listener a shard, all on the same address. Port 0 takes a free one.
pub(crate) fn listen(config: &Config) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    // SO_REUSEPORT would let a second server in beside a first: one without it finds out.
    let probe = bind(config.listen, false)?;
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
        Ok(TcpListener::from(socket))
    });
    Ok((address, listeners.collect::<io::Result<_>>()?))
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

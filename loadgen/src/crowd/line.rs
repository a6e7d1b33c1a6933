//! A fan's connection, plain or with TLS, read and written without waiting. Without TLS it is the socket and nothing more.
//!
//! With TLS what the kernel did not take is kept encrypted and goes first, so that there is never more of it than one
//! frame. The handshake needs no step of its own: what is written before its end goes out with it.

use std::io::{self, Read, Write};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

#[derive(Debug)]
pub(crate) enum Line {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

/// The socket, and what is said on it.
#[derive(Debug)]
pub(crate) struct Tls {
    socket: TcpStream,
    talk: ClientConnection,
    /// The last look at the socket found less than there was room for.
    is_drained: bool,
}

impl Line {
    pub(crate) fn new(socket: TcpStream, tls: Option<(Arc<ClientConfig>, ServerName<'static>)>) -> io::Result<Self> {
        let Some((config, name)) = tls else { return Ok(Self::Plain(socket)) };
        let talk = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Ok(Self::Tls(Box::new(Tls { socket, talk, is_drained: false })))
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => &tls.socket,
        }
    }

    /// Whether a read of `length` bytes, with room for `room`, has emptied the socket.
    pub(crate) fn is_drained(&self, length: usize, room: usize) -> bool {
        match self {
            Self::Plain(_) => length < room,
            Self::Tls(tls) => length < room && tls.is_drained,
        }
    }

    /// Whether something is encrypted that the kernel did not take yet.
    pub(crate) fn owes(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.talk.wants_write(),
        }
    }

    /// Hands over what it owes, as far as the kernel takes it.
    pub(crate) fn pay(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(tls) => tls.pay(),
        }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pay()
    }
}

impl Tls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.talk.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            let mut look = Look { socket: &mut self.socket, is_drained: false };
            // An end without a goodbye is told by the reader, above.
            self.talk.read_tls(&mut look)?;
            self.is_drained = look.is_drained;
            let said = self.talk.process_new_packets();
            // The rest of a handshake, and what waited for it; or what is wrong with theirs.
            self.pay()?;
            said.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pay()?;
        if self.talk.wants_write() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.talk.writer().write(bytes)?;
        self.pay()?;
        Ok(taken)
    }

    fn pay(&mut self) -> io::Result<()> {
        while self.talk.wants_write() {
            match self.talk.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A read of the socket that notes whether it was filled.
struct Look<'a> {
    socket: &'a mut TcpStream,
    is_drained: bool,
}

impl Read for Look<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.socket.read(buffer)?;
        self.is_drained = length < buffer.len();
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use mio::{Events, Interest, Poll, Token};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;
    use crate::trust::{Trust, TrustArgs};

    /// More than one look at the socket brings, and several records.
    const BYTES: usize = 40_000;

    /// Greets, and sends all at once when it is told to.
    fn server(
        listener: std::net::TcpListener,
        go: std::sync::mpsc::Receiver<()>,
    ) -> StreamOwned<ServerConnection, std::net::TcpStream> {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let talk = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = StreamOwned::new(talk, listener.accept().unwrap().0);
        let mut asked = [0; 5];
        stream.read_exact(&mut asked).unwrap();
        go.recv().unwrap();
        stream.write_all(&vec![7; BYTES]).unwrap();
        stream
    }

    #[test]
    fn what_came_at_once_is_read_at_once_though_the_kernel_tells_of_it_only_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (go, told) = channel();
        let server = std::thread::spawn(move || server(listener, told));
        let mut args = TrustArgs::default();
        args.insecure = true;
        let trust = Trust::of(&args).unwrap();
        let mut socket = TcpStream::from_std({
            let socket = std::net::TcpStream::connect(address).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        });
        let mut poll = Poll::new().unwrap();
        poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE).unwrap();
        let mut line = Line::new(socket, Some((trust.config(), "127.0.0.1".try_into().unwrap()))).unwrap();
        let mut events = Events::with_capacity(8);
        let mut buffer = vec![0; 64 << 10];
        // Goes out behind the handshake, which is to come.
        assert_eq!(line.write(b"hello").unwrap(), 5);
        let mut server = Some(server);
        let (mut read, mut kept) = (0, None);
        while read < BYTES {
            poll.poll(&mut events, Some(Duration::from_secs(10))).unwrap();
            assert!(!events.is_empty(), "{read} of {BYTES} bytes, and nothing more is told of");
            line.pay().unwrap();
            loop {
                match line.read(&mut buffer) {
                    Ok(length) => {
                        read += length;
                        if line.is_drained(length, buffer.len()) {
                            break;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            let Line::Tls(tls) = &line else { panic!("made with TLS") };
            if let Some(server) = server.take_if(|_| !tls.talk.is_handshaking()) {
                go.send(()).unwrap();
                // All of it is in the kernel before the next look; the connection stays open.
                kept = Some(server.join().unwrap());
            }
        }
        assert_eq!((read, kept.is_some()), (BYTES, true));
    }
}

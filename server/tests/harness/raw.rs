//! A socket that can say anything, also what no client library would.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{shake_hands, within};

/// More than a refusal ever takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// A bare connection.
pub(crate) struct Raw {
    socket: Box<dyn Socket>,
    unread: Vec<u8>,
}

/// What a bare connection goes over.
trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// How a WebSocket ended, as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed(u16),
    /// The end of the stream without a close frame: 1006.
    Eof,
    /// A reset: 1006.
    Reset,
    /// Not at all, for as long as anybody waits.
    Never,
}

impl Raw {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(dial(TcpSocket::new_v4().unwrap(), address).await)
    }

    /// Connects from this address of the machine.
    pub(crate) async fn connect_from(local: IpAddr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((local, 0).into()).unwrap();
        Self::over(dial(socket, address).await)
    }

    /// Connects with room for few unread bytes.
    pub(crate) async fn narrow(address: SocketAddr, bytes: u32) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(bytes).unwrap();
        Self::over(dial(socket, address).await)
    }

    /// Connects and shakes hands; what is said and heard from then on is within TLS.
    pub(crate) async fn secured(address: SocketAddr, client: &Arc<ClientConfig>) -> Self {
        let socket = dial(TcpSocket::new_v4().unwrap(), address).await;
        Self::over(shake_hands(socket, client).await.unwrap())
    }

    /// The same with room for few unread bytes.
    pub(crate) async fn narrow_secured(address: SocketAddr, bytes: u32, client: &Arc<ClientConfig>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(bytes).unwrap();
        Self::over(shake_hands(dial(socket, address).await, client).await.unwrap())
    }

    /// Goes over what is connected already.
    pub(crate) fn over(socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { socket: Box::new(socket), unread: Vec::new() }
    }

    /// Sends all of `bytes`; whether the peer still took them.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        within("bytes go out", async {
            self.socket.write_all(bytes.as_ref()).await.is_ok() && self.socket.flush().await.is_ok()
        })
        .await
    }

    /// The head of an HTTP answer; nothing if the connection ended without one.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            if self.read().await.is_err() {
                return None;
            }
        }
    }

    /// The status of an HTTP answer; nothing if the connection ended without one.
    pub(crate) async fn status(&mut self) -> Option<u16> {
        let head = self.head().await?;
        let status =
            head.strip_prefix("HTTP/1.1 ").or(head.strip_prefix("HTTP/1.0 ")).unwrap_or_else(|| panic!("{head}"));
        Some(status[..3].parse().unwrap())
    }

    /// Upgrades at `path` with more header lines (each with its line end), and with `early` in the same packet.
    pub(crate) async fn upgrade(mut self, path: &str, more: &str, early: &[u8]) -> Self {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        self.send([head.as_bytes(), early].concat()).await;
        let answer = self.head().await.expect("an answer to the upgrade");
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        self
    }

    /// The next whole frame: opcode and payload. A server's frames are final and unmasked.
    pub(crate) async fn frame(&mut self) -> Result<(u8, Vec<u8>), End> {
        loop {
            if let Some((opcode, payload, len)) = parse(&self.unread) {
                self.unread.drain(..len);
                return Ok((opcode, payload));
            }
            self.read().await?;
        }
    }

    /// Reads on until it was closed.
    pub(crate) async fn end(&mut self) -> End {
        let end = async {
            loop {
                match self.frame().await {
                    Ok((0x8, reason)) if reason.len() >= 2 => {
                        return End::Closed(u16::from_be_bytes([reason[0], reason[1]]));
                    }
                    Ok(_) => {}
                    Err(end) => return end,
                }
            }
        };
        timeout(PATIENCE, end).await.unwrap_or(End::Never)
    }

    /// How the bytes end that follow a close frame.
    pub(crate) async fn end_of_stream(&mut self) -> End {
        within("the stream ends", async {
            loop {
                if let Err(end) = self.read().await {
                    return end;
                }
            }
        })
        .await
    }

    async fn read(&mut self) -> Result<(), End> {
        let mut chunk = [0; 4_096];
        match within("the peer says something", self.socket.read(&mut chunk)).await {
            Ok(0) => Err(End::Eof),
            Ok(read) => {
                self.unread.extend_from_slice(&chunk[..read]);
                Ok(())
            }
            Err(_) => Err(End::Reset),
        }
    }
}

async fn dial(socket: TcpSocket, address: SocketAddr) -> TcpStream {
    let socket = within("a connection", socket.connect(address)).await.unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// A final frame as a client sends it.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    mask(0x80 | opcode, payload)
}

/// A frame with any first byte, masked.
pub(crate) fn mask(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ ..=125) => frame.push(0x80 | short.to_be_bytes()[1]),
        Ok(medium) => {
            frame.push(0x80 | 126);
            frame.extend(medium.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn parse(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (&[first, second], rest) = bytes.split_first_chunk::<2>()?;
    assert_eq!(first & 0xf0, 0x80, "a final frame without reserved bits");
    let (len, header) = match second {
        short @ ..=125 => (usize::from(short), 2),
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap(), 10),
        _ => panic!("a masked frame from a server"),
    };
    let payload = bytes.get(header..header + len)?;
    Some((first & 0x0f, payload.to_vec(), header + len))
}

//! The PROXY protocol, version 2: whose connection a proxy hands on, said once before its first byte.
//!
//! <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>, section 2.2. Knows no configuration: whether the proxy is
//! believed is decided before.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How every header of version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Up to the length of what follows.
const HEAD_BYTES: usize = 16;
/// What may follow: addresses, and what else a proxy has to say. A client's certificate by name is the longest we know of,
/// a few hundred bytes.
const REST_BYTES_MAX: usize = 2_048;

/// Why no connection comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("a header of version 1: the proxy must send version 2")]
    Version1,
    #[error("no header of version 2")]
    NoHeader,
    #[error("a header that is longer than 2,048 bytes")]
    TooLong,
    #[error("a header that does not say what its own kind and length promise")]
    Malformed,
    #[error("the connection ended within the header")]
    CutOff,
}

impl Wrong {
    /// The word for it in metrics.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Version1 => "version_1",
            Self::NoHeader => "no_header",
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::CutOff => "cut_off",
        }
    }
}

/// What the first bytes announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    whose: Whose,
    rest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The proxy's own, or of somebody who has no address on the internet.
    Proxys,
    V4,
    V6,
}

/// Reads the header off `socket`, and nothing behind it. Answers with the client's address, where the connection is not
/// the proxy's own; with nothing at all, where the connection ended before its first byte, as health checks do.
pub(super) async fn client(socket: &mut (impl AsyncRead + Unpin)) -> Result<Option<Option<IpAddr>>, Wrong> {
    let mut head = [0; HEAD_BYTES];
    let mut have = 0;
    while have < HEAD_BYTES {
        match socket.read(&mut head[have..]).await {
            Ok(read @ 1..) => have += read,
            Ok(_) | Err(_) if have == 0 => return Ok(None),
            Ok(_) | Err(_) => return Err(Wrong::CutOff),
        }
        // Whoever says something else need not say all of it.
        begins_well(&head[..have])?;
    }
    let head = Head::read(head)?;
    let mut rest = vec![0; head.rest];
    socket.read_exact(&mut rest).await.map_err(|_: io::Error| Wrong::CutOff)?;
    head.client(&rest).map(Some)
}

fn begins_well(begun: &[u8]) -> Result<(), Wrong> {
    const VERSION_1: &[u8] = b"PROXY ";
    let is_like = |other: &[u8]| begun.iter().zip(other).all(|(byte, wanted)| byte == wanted);
    if is_like(&SIGNATURE) {
        Ok(())
    } else if is_like(VERSION_1) && begun.len() >= VERSION_1.len() {
        Err(Wrong::Version1)
    } else if is_like(VERSION_1) {
        Ok(())
    } else {
        Err(Wrong::NoHeader)
    }
}

impl Head {
    fn read(head: [u8; HEAD_BYTES]) -> Result<Self, Wrong> {
        let [signature @ .., command, family, high, low] = head;
        if signature != SIGNATURE {
            return Err(Wrong::NoHeader);
        }
        let rest = usize::from(u16::from_be_bytes([high, low]));
        if rest > REST_BYTES_MAX {
            return Err(Wrong::TooLong);
        }
        let (whose, least) = match (command, family) {
            // LOCAL: what follows is not to be looked at.
            (0x20, _) => (Whose::Proxys, 0),
            // UNSPEC, and the file system's sockets.
            (0x21, 0x00) => (Whose::Proxys, 0),
            (0x21, 0x31) => (Whose::Proxys, 216),
            (0x21, 0x11) => (Whose::V4, 12),
            (0x21, 0x21) => (Whose::V6, 36),
            _ => return Err(Wrong::Malformed),
        };
        if rest < least { Err(Wrong::Malformed) } else { Ok(Self { whose, rest }) }
    }

    /// Addresses come first: source, destination, and their ports. What stands behind them is passed over.
    fn client(self, rest: &[u8]) -> Result<Option<IpAddr>, Wrong> {
        let v4 = || rest.first_chunk::<4>().map(|source| IpAddr::from(*source));
        let v6 = || rest.first_chunk::<16>().map(|source| IpAddr::from(*source).to_canonical());
        match self.whose {
            Whose::Proxys => Ok(None),
            Whose::V4 => v4().map(Some).ok_or(Wrong::Malformed),
            Whose::V6 => v6().map(Some).ok_or(Wrong::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V4: [u8; 12] = [203, 0, 113, 9, 10, 0, 0, 7, 0x12, 0x34, 0, 80];

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &len, rest].concat()
    }

    /// What is read of these bytes, and what is left of them.
    fn read(mut bytes: &[u8]) -> (Result<Option<Option<IpAddr>>, Wrong>, usize) {
        let read = futures_util::FutureExt::now_or_never(client(&mut bytes)).unwrap();
        (read, bytes.len())
    }

    fn v6(source: &str) -> Vec<u8> {
        let source: std::net::Ipv6Addr = source.parse().unwrap();
        [&source.octets()[..], &[0; 20]].concat()
    }

    #[test]
    fn a_header_says_whose_connection_it_is_and_what_follows_is_left_alone() {
        let client = |text: &str| Ok(Some(Some(text.parse().unwrap())));
        let unix = [0; 216];
        for (header, said) in [
            (header(0x21, 0x11, &V4), client("203.0.113.9")),
            (header(0x21, 0x11, &[&V4[..], &[0x04, 0, 3, 1, 2, 3]].concat()), client("203.0.113.9")),
            (header(0x21, 0x21, &v6("2001:db8::9")), client("2001:db8::9")),
            (header(0x21, 0x21, &v6("::ffff:203.0.113.9")), client("203.0.113.9")),
            (header(0x20, 0x00, &[]), Ok(Some(None))),
            (header(0x20, 0x11, &V4), Ok(Some(None))),
            (header(0x21, 0x00, b"whatever"), Ok(Some(None))),
            (header(0x21, 0x31, &unix), Ok(Some(None))),
        ] {
            assert_eq!(read(&[&header[..], b"GET /"].concat()), (said, 5), "{header:?}");
        }
    }

    #[test]
    fn what_is_no_whole_header_of_version_2_is_told_apart() {
        let whole = header(0x21, 0x11, &V4);
        for (bytes, wrong) in [
            (b"PROXY TCP4 203.0.113.9 10.0.0.7 4660 80\r\n".to_vec(), Wrong::Version1),
            (b"PROX_".to_vec(), Wrong::NoHeader),
            (b"PROX".to_vec(), Wrong::CutOff),
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), Wrong::NoHeader),
            (b"\x16\x03\x01".to_vec(), Wrong::NoHeader),
            (b"\r\n\r\n\0\r\nQUIT\r".to_vec(), Wrong::NoHeader),
            (whole[..15].to_vec(), Wrong::CutOff),
            (whole[..27].to_vec(), Wrong::CutOff),
            (header(0x11, 0x11, &V4), Wrong::Malformed),
            (header(0x22, 0x11, &V4), Wrong::Malformed),
            (header(0x21, 0x12, &V4), Wrong::Malformed),
            (header(0x21, 0x41, &V4), Wrong::Malformed),
            (header(0x21, 0x11, &V4[..11]), Wrong::Malformed),
            (header(0x21, 0x21, &[0; 35]), Wrong::Malformed),
            (header(0x21, 0x31, &[0; 215]), Wrong::Malformed),
            (header(0x21, 0x11, &[0; 2_049]), Wrong::TooLong),
            (header(0x20, 0x00, &[0; 65_535]), Wrong::TooLong),
        ] {
            assert_eq!(read(&bytes).0, Err(wrong), "{:?}", &bytes[..bytes.len().min(40)]);
        }
        assert_eq!(read(b"").0, Ok(None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_never_more_of_them_than_a_header_has(
            start in 0..=SIGNATURE.len(), bytes in prop::collection::vec(any::<u8>(), 0..4_096)
        ) {
            let bytes = [&SIGNATURE[..start], &bytes].concat();
            let (_, left) = read(&bytes);
            prop_assert!(bytes.len() - left <= HEAD_BYTES + REST_BYTES_MAX);
        }
    }
}

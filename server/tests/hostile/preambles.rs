//! What comes where a PROXY header or a TLS handshake is expected, and is neither.

use std::net::SocketAddr;

use super::{Row, Seen, Way};
use crate::harness::{Raw, Server};

/// The addresses of the server: the first is plain.
pub(super) const LISTEN: &str = "127.0.0.1:0,https://127.0.0.1:0,proxy+http://127.0.0.1:0,proxy+https://127.0.0.1:0";
/// The end of its configuration.
pub(super) const TRUSTED: &str = "[addresses]\ntrusted_proxies = ['127.0.0.9']\n";

/// One of those that are not.
#[derive(Clone, Copy)]
pub(super) enum Address {
    Tls = 1,
    Proxied = 2,
    ProxiedTls = 3,
}

impl Address {
    pub(super) fn of(self, server: &Server) -> SocketAddr {
        server.listeners[self as usize]
    }

    /// Connects, as the proxy that is believed where one is expected.
    pub(super) async fn dial(self, server: &Server) -> Raw {
        match self {
            Self::Tls => Raw::connect(self.of(server)).await,
            Self::Proxied | Self::ProxiedTls => Raw::connect_from([127, 0, 0, 9].into(), self.of(server)).await,
        }
    }
}

const GET: &[u8] = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn header(command: u8, family: u8, len: usize) -> Vec<u8> {
    let said = u16::try_from(len).unwrap().to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &said, &vec![7; len]].concat()
}

pub(super) fn rows() -> Vec<Row> {
    let good = header(0x21, 0x11, 12);
    let behind = |header: &[u8], more: &[u8]| [header, more].concat();
    let tls = [
        ("plain HTTP where TLS is spoken", GET.to_vec(), Seen::Answer(400)),
        ("an alert for a hello", vec![0x15, 3, 1, 0, 2, 1, 0], Seen::Ended),
        ("a hello of SSL 2", vec![0x80, 0x2e, 1, 3, 1, 0, 0x15], Seen::Ended),
        ("zeros for a hello", vec![0; 300], Seen::Ended),
        ("a record that is no hello", [&[0x16, 3, 1, 0x40, 0][..], &[9; 16_384]].concat(), Seen::Ended),
        ("a record longer than records are", vec![0x16, 3, 1, 0xff, 0xff, 1, 0, 0, 0], Seen::Ended),
        ("an empty record for a hello", [0x16, 3, 1, 0, 0].repeat(50), Seen::Ended),
        ("a hello of 16 MB", [&[0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &[0; 16_380]].concat(), Seen::Ended),
        (
            "a hello of 64 KB, in part",
            [&[0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xf0][..], &[0; 16_380]].concat(),
            Seen::Ended,
        ),
        ("a hello of one byte", vec![0x16], Seen::Ended),
        ("a PROXY header that nobody asked for", behind(&good, GET), Seen::Ended),
    ];
    let proxied = [
        ("a request without its header", GET.to_vec(), Seen::Ended),
        ("a header and a request", behind(&good, GET), Seen::Answer(200)),
        ("a header and nothing more", good.clone(), Seen::Answer(408)),
        ("two headers", behind(&good, &behind(&good, GET)), Seen::Answer(400)),
        ("a header and TLS", behind(&good, &[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]), Seen::Answer(400)),
        ("a header of version 1", behind(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", GET), Seen::Ended),
        ("half a header of version 1", b"PROXY".to_vec(), Seen::Ended),
        ("half a header", good[..14].to_vec(), Seen::Ended),
        ("a header without its addresses", good[..17].to_vec(), Seen::Ended),
        ("a header of version 3", behind(&header(0x31, 0x11, 12), GET), Seen::Ended),
        ("a command that is none", behind(&header(0x2f, 0x11, 12), GET), Seen::Ended),
        ("a family that is none", behind(&header(0x21, 0x91, 12), GET), Seen::Ended),
        ("a header that is too short for its kind", behind(&header(0x21, 0x21, 12), GET), Seen::Ended),
        ("a header with all there is room for", behind(&header(0x21, 0x11, 2_048), GET), Seen::Answer(200)),
        ("a header with more than that", behind(&header(0x21, 0x11, 2_049), GET), Seen::Ended),
        ("a header as long as they may be", header(0x20, 0x00, 65_535), Seen::Ended),
    ];
    let both = [
        ("a header and plain HTTP where TLS is spoken", behind(&good, GET), Seen::Answer(400)),
        ("TLS without the header", vec![0x16, 3, 1, 2, 0], Seen::Ended),
        ("a header and half a hello", behind(&good, &[0x16, 3, 1, 2, 0]), Seen::Ended),
        ("a header and silence where TLS is spoken", good.clone(), Seen::Ended),
    ];
    let rows = [(Address::Tls, &tls[..]), (Address::Proxied, &proxied), (Address::ProxiedTls, &both)];
    let of = |address: Address, rows: &[(&'static str, Vec<u8>, Seen)]| {
        rows.iter()
            .map(|(name, bytes, seen)| Row {
                name,
                way: Way::To(address),
                bytes: bytes.clone(),
                seen: *seen,
                counted: None,
            })
            .collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(|(address, rows)| of(address, rows)).collect()
}

//! A proxy says in a PROXY header whose connection it hands on, and is believed where it is named.

use std::net::IpAddr;

use crate::harness::{End, Pair, Raw, Server, Setup, masked, shake_hands, until, within};

const WS: &str = "/v1/events/demo/ws";
const PROXY: &str = "127.0.2.1";

/// The addresses of the claims may have two connections each.
fn setup(listen: &str) -> Setup {
    Setup::plain().listen(listen).file(&format!(
        "[addresses]\ntrusted_proxies = ['{PROXY}', '127.0.3.0/24']\nnetworks = [\n\
         {{ cidr = '203.0.113.0/24', connections = 2, connects_per_second = 1000 }},\n\
         {{ cidr = '2001:db8::/32', connections = 2, connects_per_second = 1000 }},\n\
         {{ cidr = '127.0.2.0/24', connections = 2, connects_per_second = 1000 }}]\n"
    ))
}

fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &len, rest].concat()
}

/// A connection of `client` to nowhere in particular.
fn of(client: &str) -> Vec<u8> {
    match client.parse().unwrap() {
        IpAddr::V4(client) => header(0x21, 0x11, &[&client.octets()[..], &[0; 8]].concat()),
        IpAddr::V6(client) => header(0x21, 0x21, &[&client.octets()[..], &[0; 20]].concat()),
    }
}

async fn dial(server: &Server, peer: &str) -> Raw {
    Raw::connect_from(peer.parse().unwrap(), server.fans).await
}

/// Says these bytes, and asks for a socket: the connection, if it was upgraded.
async fn joins(server: &Server, peer: &str, header: &[u8]) -> Option<Raw> {
    let mut raw = dial(server, peer).await;
    let request = format!(
        "GET {WS} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: cheer.v1\r\n\r\n"
    );
    raw.send([header, request.as_bytes()].concat()).await;
    let head = raw.head().await.unwrap_or_default();
    if head.starts_with("HTTP/1.1 101 ") {
        return Some(raw);
    }
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 429 ") && head.contains("retry-after: 5"), "{head}");
    None
}

async fn refused(server: &Server, cause: &str) -> f64 {
    server.metric("beat_proxied_refused_total", &[&format!("cause=\"{cause}\"")]).await.unwrap_or(0.0)
}

#[tokio::test]
async fn a_client_counts_by_the_address_its_proxy_names() {
    let server = setup("proxy+http://127.0.0.1:0").shards(2).start().await;
    let with_more = header(0x21, 0x11, &[&[203, 0, 113, 77][..], &[0; 8], &[0x04, 0, 2, 9, 9]].concat());
    let mut kept = Vec::new();
    for named in [of("203.0.113.9"), of("203.0.113.10"), of("2001:db8::9"), with_more] {
        for expected in [true, true, false] {
            let joined = joins(&server, PROXY, &named).await;
            assert_eq!(joined.is_some(), expected, "{named:?}");
            kept.extend(joined);
        }
    }
    drop(kept);
    until("a place is given back", async || joins(&server, PROXY, &of("203.0.113.9")).await).await;
}

#[tokio::test]
async fn a_connection_of_the_proxys_own_counts_as_the_proxys() {
    let server = setup("proxy+http://127.0.0.1:0").start().await;
    let mut kept = Vec::new();
    for own in [header(0x20, 0x00, &[]), header(0x21, 0x00, b"nobody"), header(0x21, 0x31, &[0; 216])] {
        kept.extend(joins(&server, PROXY, &own).await);
    }
    assert_eq!(kept.len(), 2);
    // A health check that only connects is no fault of anybody's.
    drop(dial(&server, PROXY).await);
    drop(kept);
    until("its places are given back", async || joins(&server, PROXY, &header(0x20, 0x11, &[0; 12])).await).await;
    for cause in ["malformed", "no_header", "cut_off", "late"] {
        assert_eq!(refused(&server, cause).await, 0.0, "{cause}");
    }
}

#[tokio::test]
async fn taps_of_a_client_behind_a_proxy_are_counted_and_pages_are_served() {
    let server = setup("proxy+http://127.0.0.1:0").start().await;
    let mut raw = joins(&server, PROXY, &of("203.0.113.9")).await.unwrap();
    raw.send(masked(0x2, &[0x01, 3, 0, 9, 0, 0, 0])).await;
    until("they are counted", async || (server.taps("counted").await == 9.0).then_some(())).await;
    let mut raw = dial(&server, PROXY).await;
    // In pieces, as a network may deliver it.
    for piece in of("203.0.113.10").chunks(5) {
        raw.send(piece).await;
    }
    raw.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(raw.status().await, Some(200));
}

#[tokio::test]
async fn whoever_else_comes_or_says_anything_else_is_hung_up_on_and_counted_by_cause() {
    let server = setup("proxy+http://127.0.0.1:0").set("limits.handshake_ms", 300).start().await;
    assert!(joins(&server, "127.0.2.2", &of("203.0.113.9")).await.is_none());
    let whole = of("203.0.113.9");
    for (bytes, cause) in [
        (b"PROXY TCP4 203.0.113.9 127.0.0.1 4660 80\r\n".to_vec(), "version_1"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), "no_header"),
        (vec![0x16, 3, 1, 2, 0], "no_header"),
        (header(0x21, 0x11, &[0; 5]), "malformed"),
        (header(0x2f, 0x11, &[0; 12]), "malformed"),
        (header(0x21, 0x11, &[0; 4_000]), "too_long"),
        (whole[..9].to_vec(), "late"),
        (whole[..20].to_vec(), "late"),
    ] {
        let before = refused(&server, cause).await;
        let mut raw = dial(&server, PROXY).await;
        raw.send(&bytes).await;
        assert!(matches!(raw.end_of_stream().await, End::Eof | End::Reset));
        assert_eq!(refused(&server, cause).await, before + 1.0, "{cause}");
    }
    let mut raw = dial(&server, PROXY).await;
    raw.send(&whole[..20]).await;
    drop(raw);
    until("a header cut off is counted", async || (refused(&server, "cut_off").await == 1.0).then_some(())).await;
    assert_eq!(refused(&server, "untrusted").await, 1.0);
    until("all are gone", async || (server.metric("beat_connections", &[]).await == Some(0.0)).then_some(())).await;
}

#[tokio::test]
async fn one_who_is_let_in_by_a_proxy_and_asks_for_nothing_is_told_so() {
    let server = setup("proxy+http://127.0.0.1:0").set("limits.handshake_ms", 200).start().await;
    let mut raw = dial(&server, PROXY).await;
    raw.send(of("203.0.113.9")).await;
    assert_eq!(raw.status().await, Some(408));
}

#[tokio::test]
async fn behind_the_header_may_come_tls() {
    let pair = Pair::new();
    let server = setup("proxy+https://127.0.0.1:0").certified(&pair).start().await;
    let client = pair.believer();
    let upgrade = async |address: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((PROXY.parse::<IpAddr>().unwrap(), 0).into()).unwrap();
        let mut socket = socket.connect(server.fans).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut socket, &of(address)).await.unwrap();
        let socket = shake_hands(socket, &client).await.ok()?;
        Some(Raw::over(socket).upgrade(WS, "Sec-WebSocket-Protocol: cheer.v1\r\n", &[]).await)
    };
    let mut first = upgrade("203.0.113.9").await.unwrap();
    let second = upgrade("203.0.113.9").await;
    assert!(second.is_some() && upgrade("203.0.113.9").await.is_none());
    assert!(upgrade("203.0.113.10").await.is_some());
    first.send(masked(0x2, &[0x01, 3, 0, 9, 0, 0, 0])).await;
    until("they are counted", async || (server.taps("counted").await == 9.0).then_some(())).await;
    // Told in plain, before TLS.
    let mut raw = dial(&server, PROXY).await;
    raw.send(of("203.0.113.9")).await;
    assert_eq!(within("an answer", raw.status()).await, Some(429));
}

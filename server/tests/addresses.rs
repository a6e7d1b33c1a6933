//! One address, or one fan, has only so many connections, and others never pay for it.

use std::net::IpAddr;

use crate::harness::{Raw, Server, Setup, fan, signed, ticket_keys, until};

const WS: &str = "/v1/events/demo/ws";

/// The named network of the claims; the rest of loopback is not counted.
fn setup(share: &str, more: &str) -> Setup {
    let network = format!("{{ cidr = '127.0.1.0/24', {share} }}, {{ cidr = '203.0.113.0/24', {share} }}");
    Setup::plain().file(&format!("[addresses]\nnetworks = [{network}]\ntrusted_proxies = ['127.0.2.1']\n{more}"))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Asks for a socket from `local`, with more lines; the connection, and the head it is answered with.
async fn ask(server: &Server, local: &str, lines: &str) -> (Raw, String) {
    let mut raw = Raw::connect_from(ip(local), server.fans).await;
    raw.send(format!(
        "GET {WS} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    ))
    .await;
    let head = raw.head().await.unwrap_or_default();
    (raw, head)
}

/// The connection, if it was upgraded; else it was told to come back later.
async fn joins(server: &Server, local: &str, lines: &str) -> Option<Raw> {
    let (raw, head) = ask(server, local, lines).await;
    if head.starts_with("HTTP/1.1 101 ") {
        return Some(raw);
    }
    assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("retry-after: 5"), "{head:?}");
    None
}

/// How many of `tries` connections are let in, all kept open.
async fn let_in(server: &Server, local: &str, lines: &str, tries: usize) -> Vec<Raw> {
    let mut kept = Vec::new();
    for _ in 0..tries {
        kept.extend(joins(server, local, lines).await);
    }
    kept
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_its_neighbours_have_theirs() {
    let server = setup("connections = 3, connects_per_second = 1000", "").shards(2).start().await;
    let mut kept = let_in(&server, "127.0.1.1", "", 8).await;
    assert_eq!(kept.len(), 3);
    assert_eq!(let_in(&server, "127.0.1.2", "", 8).await.len(), 3);
    assert_eq!(let_in(&server, "127.0.0.1", "", 8).await.len(), 8, "loopback is not counted");
    // It waits for the first byte of a request no longer than for the last.
    assert!(Raw::connect_from(ip("127.0.1.1"), server.fans).await.head().await.unwrap().contains(" 429 "));
    drop(kept.pop());
    kept.push(until("a place is given back", async || joins(&server, "127.0.1.1", "").await).await);
    assert!(joins(&server, "127.0.1.1", "").await.is_none());
    assert!(server.metric("beat_crowded_total", &["cause=\"open\""]).await.unwrap() >= 12.0);
}

#[tokio::test]
async fn an_address_makes_new_connections_only_so_fast() {
    let server = setup("connections = 1000, connects_per_second = 2", "").start().await;
    let mut upgraded = 0;
    for _ in 0..30 {
        upgraded += usize::from(joins(&server, "127.0.1.1", "").await.is_some());
    }
    // Ten at once, and two for each second the thirty took.
    assert!((10..20).contains(&upgraded), "{upgraded}");
    assert!(server.metric("beat_crowded_total", &["cause=\"connects\""]).await.unwrap() >= 10.0);
    until("it may again", async || joins(&server, "127.0.1.1", "").await).await;
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_whom_it_speaks_for_and_nobody_else_is() {
    let server = setup("connections = 2, connects_per_second = 1000", "").start().await;
    let fan = "X-Forwarded-For: 203.0.113.9\r\n";
    let kept = let_in(&server, "127.0.2.1", fan, 5).await;
    assert_eq!(kept.len(), 2);
    // What the client itself wrote stands before what the proxy did.
    let spoofed = "X-Forwarded-For: 203.0.113.77, 203.0.113.9\r\n";
    assert!(joins(&server, "127.0.2.1", spoofed).await.is_none());
    assert_eq!(let_in(&server, "127.0.2.1", "X-Forwarded-For: 203.0.113.10\r\n", 5).await.len(), 2);
    // Not a proxy of ours: its own address counts, which is none.
    assert_eq!(let_in(&server, "127.0.2.2", fan, 5).await.len(), 5);
    // A stream of events is one of them.
    let mut raw = Raw::connect_from(ip("127.0.2.1"), server.fans).await;
    let stream =
        |fan: &str| format!("GET /v1/events/demo/feed HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n{fan}\r\n");
    raw.send(stream(fan)).await;
    assert!(raw.head().await.unwrap().starts_with("HTTP/1.1 429 "));
    drop(kept);
    until("the places are given back", async || {
        let mut raw = Raw::connect_from(ip("127.0.2.1"), server.fans).await;
        raw.send(stream(fan)).await;
        raw.head().await.unwrap().starts_with("HTTP/1.1 200 ").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_fan_with_a_ticket_counts_by_name_and_not_by_address() {
    let more = format!("connections_per_fan = 3\n{}", ticket_keys());
    let server = setup("connections = 2, connects_per_second = 1000", &more).start().await;
    let ticket = |name: String| format!("Sec-WebSocket-Protocol: ticket.{}\r\n", signed(&fan(&name)));
    let mut crowd = Vec::new();
    for n in 0..10 {
        crowd.extend(joins(&server, "127.0.1.1", &ticket(format!("fan-{n}"))).await);
    }
    assert_eq!(crowd.len(), 10, "a hall behind one address");
    let one = ticket("fan-0".into());
    assert_eq!(let_in(&server, "127.0.1.2", &one, 6).await.len(), 2, "and its third, from anywhere");
    // Who shows none is refused, and gives the address its place back.
    for _ in 0..6 {
        let (mut raw, head) = ask(&server, "127.0.1.3", "").await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw.end().await;
        drop(raw);
        until("it is gone", async || (server.metric("beat_connections", &[]).await? < 13.0).then_some(())).await;
    }
}

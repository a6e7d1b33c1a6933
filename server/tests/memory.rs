//! What a connection may cost, at its worst: the bound that SECURITY.md states, held by real sockets that mean no good.

use std::sync::Arc;

use futures_util::future::join_all;
use rustls::ClientConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Fan, Pair, Raw, Server, Setup, get, mask, shake_hands, tunnel, until};

/// Of each kind.
const CONNECTIONS: usize = 200;
/// What SECURITY.md says of a connection in this process's memory.
const BOUND_BYTES: u64 = 32 * 1_024;
/// The same of one with TLS.
const SECURED_BOUND_BYTES: u64 = 64 * 1_024;
/// Every kind below.
const KINDS: usize = 6;

/// Half a head, as long as a head may be.
async fn half_a_head(server: &Server) -> Raw {
    let mut raw = Raw::connect(server.fans).await;
    let head = format!("GET /v1/events/demo/ws HTTP/1.1\r\nHost: localhost\r\nX-Long: {}", "x".repeat(7_900));
    raw.send(head).await;
    raw
}

/// A message begun and never ended: one byte short of the longest.
async fn half_a_message(server: &Server) -> Raw {
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", "", &[]).await;
    raw.send(mask(0x01, &[b' '; 120])).await;
    raw.send(mask(0x00, &[b' '; 120])).await;
    // The head of a frame and nothing behind it.
    raw.send([0x00, 0x8f, 1, 2, 3, 4]).await;
    raw
}

/// A screen that reads nothing, for whom every beat is made to measure.
async fn deaf_display(server: &Server, nth: usize) -> Raw {
    let path = format!("/v1/events/demo/feed?top={}", 190 + nth % 16);
    Raw::narrow(server.fans, 2_304).await.upgrade(&path, "", &[]).await
}

/// A binary frame of which only the first bytes came.
async fn half_a_frame(server: &Server) -> Raw {
    let mut raw = Raw::connect(server.fans).await;
    raw = raw.upgrade("/v1/events/demo/ws", "Sec-WebSocket-Protocol: cheer.v1\r\n", &[]).await;
    raw.send([0x82, 0x87, 1, 2]).await;
    raw
}

/// Only eight of its teams count; the others are kept all the same.
async fn a_fan_of_every_team(server: &Server) -> Fan {
    let mut fan = Fan::join(server).await;
    for first in (0..200).step_by(8) {
        fan.cheer(&[0, 1, 2, 3, 4, 5, 6, 7].map(|more| (first + more, 1))).await;
    }
    fan
}

/// Reads off what each kind has cost.
struct Meter<'a> {
    server: &'a Server,
    before: u64,
    held: usize,
    bound: u64,
}

impl Meter<'_> {
    async fn read(&mut self, kind: &str) {
        self.held += CONNECTIONS;
        until("all of them are held", async || {
            let open = self.server.metric("beat_connections", &[]).await?;
            (open >= self.held as f64).then_some(())
        })
        .await;
        let now = self.server.resident_bytes();
        let cost = now.saturating_sub(self.before) / CONNECTIONS as u64;
        self.before = now;
        eprintln!("{kind}: {cost} bytes a connection");
        assert!(cost <= self.bound, "{kind}: {cost} bytes a connection");
    }
}

#[tokio::test]
async fn a_connection_at_its_worst_costs_no_more_than_the_bound() {
    let places = KINDS * CONNECTIONS + 8;
    let server = Setup::plain()
        .set("limits.connections", places)
        .set("limits.handshake_ms", 120_000)
        .set("limits.unread_ms", 120_000)
        .set("limits.unsent_bytes", 4_096)
        .start()
        .await;
    // Whatever is made once, is made.
    let warm = Fan::join(&server).await;
    get(server.fans, "/v1/events/demo/beat").await;

    let each = || 0..CONNECTIONS;
    let mut meter = Meter { before: server.resident_bytes(), server: &server, held: 1, bound: BOUND_BYTES };
    let silent = join_all(each().map(|_| Raw::connect(server.fans))).await;
    meter.read("silent from the start").await;
    let heads = join_all(each().map(|_| half_a_head(&server))).await;
    meter.read("half a head").await;
    let messages = join_all(each().map(|_| half_a_message(&server))).await;
    meter.read("half a message").await;
    let torn = join_all(each().map(|_| half_a_frame(&server))).await;
    meter.read("half a frame").await;
    let everyones = join_all(each().map(|_| a_fan_of_every_team(&server))).await;
    meter.read("a fan of every team").await;
    let deaf = join_all(each().map(|nth| deaf_display(&server, nth))).await;
    // Beats that find their sockets full leave their ends behind.
    until("the deaf skip beats", async || {
        (server.metric("beat_beats_skipped_total", &[]).await >= Some(20.0 * CONNECTIONS as f64)).then_some(())
    })
    .await;
    meter.read("a deaf display").await;
    let held = (silent, heads, messages, torn, everyones, deaf);

    // And there is a last one: so many times the bound, and no more.
    let more = join_all((0..16).map(|_| Raw::connect(server.fans))).await;
    let turned_away = join_all(more.into_iter().map(async |mut raw| {
        let answer = tokio::time::timeout(std::time::Duration::from_secs(2), raw.head()).await;
        matches!(answer, Ok(Some(head)) if head.starts_with("HTTP/1.1 503 "))
    }));
    assert!(turned_away.await.contains(&true), "beyond limits.connections nobody is let in");
    drop((held, warm));
    until("all are gone", async || (server.metric("beat_connections", &[]).await <= Some(1.0)).then_some(())).await;
}

const WS: &str = "/v1/events/demo/ws";

/// An upgraded connection without its socket: what it says goes into records, and the records wherever they are sent.
async fn bare(server: &Server, client: &Arc<ClientConfig>) -> (TcpStream, rustls::ClientConnection) {
    let socket = TcpStream::connect(server.fans).await.unwrap();
    let (mut socket, mut tls) = shake_hands(socket, client).await.unwrap().into_inner();
    let request = format!(
        "GET {WS} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    socket.write_all(&record_of(&mut tls, request.as_bytes())).await.unwrap();
    (socket, tls)
}

fn record_of(tls: &mut rustls::ClientConnection, bytes: &[u8]) -> Vec<u8> {
    std::io::Write::write_all(&mut tls.writer(), bytes).unwrap();
    let mut record = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut record).unwrap();
    }
    record
}

/// A record of 16 KiB but for its last byte, behind a message that was begun and never ended.
async fn half_a_record(server: &Server, client: &Arc<ClientConfig>) -> TcpStream {
    let (mut socket, mut tls) = bare(server, client).await;
    let message = [mask(0x01, &[b' '; 120]), mask(0x00, &[b' '; 120])].concat();
    socket.write_all(&record_of(&mut tls, &message)).await.unwrap();
    let record = record_of(&mut tls, &[0; 16_384]);
    socket.write_all(&record[..record.len() - 1]).await.unwrap();
    socket
}

/// A hello as long as a handshake may be, but for its last byte.
async fn half_a_hello(server: &Server) -> Raw {
    let mut raw = Raw::connect(server.fans).await;
    raw.send([&[0x16, 3, 1, 0x3f, 0xf0, 1, 0, 0x3f, 0xec][..], &[0; 16_300]].concat()).await;
    raw
}

#[tokio::test]
async fn a_connection_with_tls_at_its_worst_costs_no_more_than_its_bound() {
    let pair = Pair::new();
    let server = Setup::plain()
        .listen("https://127.0.0.1:0")
        .certified(&pair)
        .set("limits.connections", KINDS * CONNECTIONS + 8)
        .set("limits.handshake_ms", 120_000)
        .set("limits.unread_ms", 120_000)
        .set("limits.unsent_bytes", 4_096)
        .start()
        .await;
    let client = pair.believer();
    let warm = Raw::secured(server.fans, &client).await.upgrade(WS, "", &[]).await;
    get(tunnel(server.fans, client.clone()).await, "/v1/events/demo/beat").await;
    until("only one is held", async || (server.metric("beat_connections", &[]).await == Some(1.0)).then_some(())).await;

    let each = || 0..CONNECTIONS;
    let bound = SECURED_BOUND_BYTES;
    let mut meter = Meter { before: server.resident_bytes(), server: &server, held: 1, bound };
    let silent = join_all(each().map(|_| Raw::connect(server.fans))).await;
    meter.read("silent before the handshake").await;
    let hellos = join_all(each().map(|_| half_a_hello(&server))).await;
    meter.read("half a hello").await;
    let idle = join_all(each().map(|_| Raw::secured(server.fans, &client))).await;
    meter.read("silent after the handshake").await;
    let fans = join_all(each().map(async |_| {
        let raw = Raw::secured(server.fans, &client).await;
        raw.upgrade(WS, "Sec-WebSocket-Protocol: cheer.v1\r\n", &[]).await
    }));
    let fans = fans.await;
    meter.read("an ordinary fan").await;
    let records = join_all(each().map(|_| half_a_record(&server, &client))).await;
    meter.read("half a record").await;
    let deaf = join_all(each().map(async |nth| {
        let raw = Raw::narrow_secured(server.fans, 2_304, &client).await;
        raw.upgrade(&format!("/v1/events/demo/feed?top={}", 190 + nth % 16), "", &[]).await
    }));
    let deaf = deaf.await;
    until("the deaf skip beats", async || {
        (server.metric("beat_beats_skipped_total", &[]).await >= Some(20.0 * CONNECTIONS as f64)).then_some(())
    })
    .await;
    meter.read("a deaf display").await;
    drop((silent, hellos, idle, fans, records, deaf, warm));
    until("all are gone", async || (server.metric("beat_connections", &[]).await <= Some(1.0)).then_some(())).await;
}

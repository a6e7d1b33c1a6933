//! Whoever cannot be upgraded is told so in HTTP, and whoever is refused after that in a close code.

use std::collections::BTreeSet;

use hyper::Method;

use crate::harness::{End, Fan, Raw, Server, Setup, Speech, Wish, masked, request, until};

const WS: &str = "/v1/events/demo/ws";

/// Sends bytes and answers with the head that comes back, in lower case. One read or two, the answer is the same, though
/// they are read by different hands.
async fn ask(server: &Server, bytes: &str) -> String {
    let whole = ask_in_pieces(server, "", bytes).await;
    let torn = ask_in_pieces(server, &bytes[..1], &bytes[1..]).await;
    assert_eq!(undated(&whole), undated(&torn), "in one piece and in two");
    whole
}

async fn ask_in_pieces(server: &Server, first: &str, rest: &str) -> String {
    let mut raw = Raw::connect(server.fans).await;
    if !first.is_empty() {
        raw.send(first).await;
        // Once another is answered, the one shard there is has read this.
        let mut other = Raw::connect(server.fans).await;
        other.send("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        other.head().await.unwrap();
    }
    raw.send(rest).await;
    raw.head().await.unwrap_or_else(|| panic!("no answer to {rest:.60?}")).to_ascii_lowercase()
}

fn undated(head: &str) -> BTreeSet<&str> {
    head.lines().filter(|line| !line.starts_with("date: ")).collect()
}

/// A request with these header lines.
fn wanted(method: &str, path: &str, lines: &[&str]) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", lines.join("\r\n"))
}

#[tokio::test]
async fn a_bad_handshake_is_answered_in_plain_http() {
    const UPGRADE: &str = "Upgrade: websocket";
    const CONNECTION: &str = "Connection: Upgrade";
    const VERSION: &str = "Sec-WebSocket-Version: 13";
    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let long = format!("X-Long: {}", "a".repeat(9_000));
    let longer = format!("X-Long: {}", "a".repeat(60_000));
    let many = vec!["X-Many: a"; 300];
    let server = Setup::ten_teams().start().await;
    let rows: &[(&str, String, u16, &str)] = &[
        ("not a WebSocket", wanted("GET", WS, &["Accept: */*"]), 426, "\r\nsec-websocket-version: 13\r\n"),
        ("a feed without either", wanted("GET", "/v1/events/demo/feed", &["A: b"]), 426, "sec-websocket-version: 13"),
        (
            "another version",
            wanted("GET", WS, &[UPGRADE, CONNECTION, KEY, "Sec-WebSocket-Version: 8"]),
            426,
            "\r\nsec-websocket-version: 13\r\n",
        ),
        ("another protocol", wanted("GET", WS, &["Upgrade: h2c", CONNECTION, KEY, VERSION]), 426, ""),
        ("no key", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION]), 400, ""),
        ("two keys", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY, KEY]), 400, ""),
        ("a short key", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, "Sec-WebSocket-Key: AAAA"]), 400, ""),
        ("an old HTTP", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY]).replace("/1.1", "/1.0"), 400, ""),
        ("no connection header", wanted("GET", WS, &[UPGRADE, VERSION, KEY]), 400, ""),
        ("two hosts", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY, "Host: other"]), 400, ""),
        ("no host", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY]).replace("Host", "Hostess"), 400, ""),
        ("a body", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY, "Content-Length: 5"]), 400, ""),
        (
            "a chunked body",
            wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY, "Transfer-Encoding: chunked"]),
            400,
            "",
        ),
        ("no version", wanted("GET", WS, &[UPGRADE, CONNECTION, KEY]), 400, ""),
        ("a head over 8 KiB", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY, &long]), 431, ""),
        ("a far longer head", wanted("GET", WS, &[UPGRADE, CONNECTION, VERSION, KEY, &longer]), 431, ""),
        ("too many lines", wanted("GET", WS, &many), 431, ""),
        ("POST", wanted("POST", WS, &[UPGRADE, CONNECTION, VERSION, KEY]), 405, "\r\nallow: get, head\r\n"),
        ("DELETE of a page", wanted("DELETE", "/", &["A: b"]), 405, "\r\nallow: get, head\r\n"),
        ("an unknown path", wanted("GET", "/nowhere", &["A: b"]), 404, ""),
        ("a path below", wanted("GET", "/v1/events/demo/ws/more", &[UPGRADE, CONNECTION, VERSION, KEY]), 404, ""),
        ("an unknown event", wanted("GET", "/v1/events/nope", &["A: b"]), 404, ""),
        ("the beat of an unknown event", wanted("GET", "/v1/events/nope/beat", &["A: b"]), 404, ""),
        ("no HTTP at all", "\u{16}\u{3}\u{1} hello\r\n\r\n".into(), 400, ""),
    ];
    for (name, bytes, status, header) in rows {
        let answer = ask(&server, bytes).await;
        let (protocol, rest) = answer.split_once(' ').unwrap();
        assert!(protocol.starts_with("http/1.") && rest.starts_with(&format!("{status} ")), "{name}: {answer}");
        assert!(answer.contains(header), "{name}: {answer}");
    }
}

#[tokio::test]
async fn a_good_handshake_may_be_written_in_many_ways() {
    let server = Setup::ten_teams().start().await;
    let head = |path: &str, lines: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n\r\n"
        )
    };
    for (path, lines) in [
        (WS, "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13"),
        (WS, "upgrade: websocket\r\nconnection: keep-alive\r\nconnection: upgrade\r\nsec-websocket-version: 13"),
        (WS, "UPGRADE: websocket\r\nCONNECTION: UPGRADE\r\nSEC-WEBSOCKET-VERSION: 13\r\nOrigin: https://a.example"),
        ("/v1/events/demo/ws?x=y&session=&z", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"),
    ] {
        let answer = ask(&server, &head(path, lines)).await;
        assert!(answer.starts_with("http/1.1 101 "), "{lines}: {answer}");
        // The example of RFC 6455, section 1.3.
        assert!(answer.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
    let server = Setup::ten_teams().set("limits.handshake_ms", 150).start().await;
    for begun in ["GET /v1/events/demo/ws HT", "GET / HTTP/1.1\r\nHost: localhost\r\n", ""] {
        let mut raw = Raw::connect(server.fans).await;
        raw.send(begun).await;
        let answer = raw.head().await.unwrap_or_else(|| panic!("no answer to {begun:?}"));
        assert!(answer.starts_with("HTTP/1.1 408 "), "{begun:?}: {answer}");
        assert_eq!(raw.end_of_stream().await, End::Eof);
    }
}

#[tokio::test]
async fn a_dripping_head_is_not_waited_for() {
    let server = Setup::ten_teams().set("limits.handshake_ms", 200).start().await;
    let mut raw = Raw::connect(server.fans).await;
    let began = std::time::Instant::now();
    raw.send("GET /v1/events/demo/ws HTTP/1.1\r\nX-Drip: ").await;
    while raw.send("a").await && began.elapsed().as_secs() < 5 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(began.elapsed().as_secs() < 5, "still read after {:?}", began.elapsed());
}

#[tokio::test]
async fn an_upgrade_to_an_unknown_event_is_upgraded_and_then_refused() {
    let server = Setup::ten_teams().start().await;
    for speech in [Speech::Binary, Speech::Json] {
        assert_eq!(Wish::new(speech).event("nope").refusal(&server).await, 4504);
    }
    for (path, code) in [
        ("/v1/events/nope/ws", 4504),
        ("/v1/events/Not%20an%20id/ws", 4504),
        ("/v1/events/nope/feed", 4504),
        ("/v1/events/demo/feed?top=0", 4500),
        ("/v1/events/demo/feed?top=ten", 4500),
    ] {
        let mut raw = Raw::connect(server.fans).await.upgrade(path, "", &[]).await;
        let (opcode, reason) = raw.frame().await.unwrap();
        assert_eq!((opcode, u16::from_be_bytes([reason[0], reason[1]])), (0x8, code), "{path}: no welcome before it");
        assert_eq!(raw.end_of_stream().await, End::Eof, "{path}");
    }
}

#[tokio::test]
async fn a_refusal_is_read_by_who_has_already_said_more() {
    let server = Setup::ten_teams().start().await;
    let cheers = masked(0x1, br#"{"cheer":{"T0":1}}"#).repeat(200);
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/nope/ws", "", &cheers).await;
    assert_eq!((raw.end().await, raw.end_of_stream().await), (End::Closed(4504), End::Eof));

    let server = Setup::ten_teams().set("limits.connections", 1).start().await;
    let _fan = Fan::join(&server).await;
    let mut raw = Raw::connect(server.fans).await;
    raw.send(wanted("GET", "/", &[&format!("X-Long: {}", "a".repeat(5_000))])).await;
    assert!(raw.head().await.unwrap().starts_with("HTTP/1.1 503 "));
    assert_eq!(raw.end_of_stream().await, End::Eof);
}

#[tokio::test]
async fn what_came_behind_a_handshake_is_read_whole_by_whichever_hand() {
    let server = Setup::ten_teams().tireless().set("limits.frames_burst", 1_000).start().await;
    let cheer = |total: u8| {
        let records = (0..8).flat_map(|team| [team, 0, total, 0, 0, 0]);
        masked(0x2, &[1].into_iter().chain(records).collect::<Vec<_>>())
    };
    // More than a head may have.
    let cheers = (1..=200).flat_map(cheer).collect::<Vec<_>>();
    for (more, counted) in [("", 1_600.0), ("Content-Length: 0\r\n", 3_200.0)] {
        let lines = format!("Sec-WebSocket-Protocol: cheer.v1\r\n{more}");
        let _fan = Raw::connect(server.fans).await.upgrade(WS, &lines, &cheers).await;
        until("all of it counts", async || (server.taps("counted").await == counted).then_some(())).await;
    }
}

#[tokio::test]
async fn cheer_v1_is_chosen_wherever_it_is_offered_and_a_ticket_is_never_echoed() {
    let server = Setup::ten_teams().start().await;
    for (offered, chosen) in [
        ("cheer.v1", Some("cheer.v1")),
        ("cheer.v1.json, cheer.v1", Some("cheer.v1")),
        ("cheer.v1,ticket.c2VjcmV0", Some("cheer.v1")),
        ("ticket.c2VjcmV0, cheer.v1.json", Some("cheer.v1.json")),
    ] {
        let mut wish = Wish::new(Speech::Binary);
        wish.protocols = Some(offered);
        let fan = wish.join(&server).await;
        assert_eq!(fan.protocol.as_deref(), chosen, "{offered}");
    }
    assert_eq!(Wish::new(Speech::Json).join(&server).await.protocol, None);
    let log = server.log();
    assert!(!log.contains("c2VjcmV0"), "{log}");
}

#[tokio::test]
async fn head_is_answered_as_get_without_a_body() {
    let server = Setup::ten_teams().start().await;
    let page = request(server.fans, Method::HEAD, "/v1/events", &[]).await;
    assert_eq!((page.status.as_u16(), page.body.len()), (200, 0));
    assert_eq!(page.header("content-type"), "application/json");
}

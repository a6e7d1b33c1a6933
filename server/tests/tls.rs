//! With TLS a connection is what it is without: the same pages, the same taps, the same limits.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{
    Display, End, Fan, Heard, Pair, Raw, Server, Setup, Speech, Stream, Wish, get, masked, run_to_end, shake_hands,
    tunnel, until, within,
};

const WS: &str = "/v1/events/demo/ws";
const BINARY: &str = "Sec-WebSocket-Protocol: cheer.v1\r\n";

/// One address in plain, one with TLS.
const BOTH: &str = "127.0.0.1:0,https://127.0.0.1:0";
const ONLY: &str = "https://127.0.0.1:0";

/// A server that speaks only TLS, as a client without sees it by way of a tunnel.
async fn through_a_tunnel(setup: Setup, pair: &Pair) -> Server {
    let mut server = setup.listen(ONLY).certified(pair).start().await;
    server.fans = tunnel(server.fans, pair.believer()).await;
    server
}

async fn handshakes(server: &Server, outcome: &str) -> f64 {
    server.metric("beat_tls_handshakes_total", &[&format!("outcome=\"{outcome}\"")]).await.unwrap_or(0.0)
}

async fn all_gone(server: &Server) {
    until("all are gone", async || (server.metric("beat_connections", &[]).await == Some(0.0)).then_some(())).await;
}

#[tokio::test]
async fn taps_over_tls_are_counted_to_the_last_one() {
    let server = through_a_tunnel(Setup::ten_teams().shards(2), &Pair::new()).await;
    let mut display = Display::watch(&server).await;
    let mut fans = Vec::new();
    for n in 0..20 {
        let speech = if n % 4 == 0 { Speech::Json } else { Speech::Binary };
        fans.push(Wish::new(speech).join(&server).await);
    }
    for total in 1..=8 {
        for fan in &mut fans {
            fan.cheer(&[(3, total)]).await;
        }
    }
    display.until_total(160).await;
    assert_eq!(server.taps("counted").await, 160.0);
    fans[1].beat().await;
    assert_eq!(handshakes(&server, "full").await + handshakes(&server, "resumed").await, 21.0);
}

#[tokio::test]
async fn pages_and_streams_of_events_go_over_tls_beside_plain_ones() {
    let pair = Pair::new();
    let server = Setup::plain().listen(BOTH).certified(&pair).start().await;
    let secured = tunnel(server.listeners[1], pair.believer()).await;
    let (page, same) = (get(server.fans, "/").await, get(secured, "/").await);
    assert_eq!((page.status.as_u16(), page.body), (200, same.body));
    let mut stream = Stream::open(secured, "/v1/events/demo/feed", &[]).await;
    stream.block().await;
    assert!(stream.block().await.contains("data: {\"beat\":"));
    // One connection, several requests, the last of them a handshake.
    let mut raw = Raw::secured(server.listeners[1], &pair.believer()).await;
    raw.send("HEAD /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(raw.status().await, Some(200));
    let mut raw = raw.upgrade(WS, BINARY, &masked(0x2, &[0x01, 3, 0, 5, 0, 0, 0])).await;
    assert!(matches!(raw.frame().await, Ok((0x1, _))), "a welcome");
    until("what came with the handshake is counted", async || (server.taps("counted").await == 5.0).then_some(()))
        .await;
    // A page that is done says so: nobody can have cut it short.
    let mut raw = Raw::secured(server.listeners[1], &pair.believer()).await;
    raw.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    raw.head().await;
    assert_eq!(raw.end_of_stream().await, End::Eof);
}

#[tokio::test]
async fn both_versions_are_spoken_and_who_comes_back_is_known() {
    let pair = Pair::new();
    let server = Setup::plain().listen(ONLY).certified(&pair).shards(2).start().await;
    for version in [&TLS12, &TLS13] {
        let client = pair.believer_of(&[version]);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let socket = TcpStream::connect(server.fans).await.unwrap();
            let mut socket = shake_hands(socket, &client).await.unwrap();
            socket.write_all(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            within("an answer", socket.read_exact(&mut [0; 15])).await.unwrap();
            let tls = socket.get_ref().1;
            assert_eq!((tls.protocol_version(), tls.handshake_kind()), (Some(version.version), Some(kind)));
        }
    }
    let mut choosy = Arc::unwrap_or_clone(pair.believer());
    for (protocols, chosen) in [(&["h2", "http/1.1"][..], true), (&["h2"], false)] {
        choosy.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let socket = TcpStream::connect(server.fans).await.unwrap();
        let socket = shake_hands(socket, &Arc::new(choosy.clone())).await;
        assert_eq!(socket.is_ok_and(|socket| socket.get_ref().1.alpn_protocol() == Some(b"http/1.1")), chosen);
    }
}

/// Whether a client that believes this pair comes in.
async fn comes_in(server: &Server, client: &Arc<ClientConfig>) -> bool {
    let socket = TcpStream::connect(server.fans).await.unwrap();
    shake_hands(socket, client).await.is_ok()
}

#[tokio::test]
async fn a_certificate_is_renewed_while_connections_live_on_and_a_broken_one_is_not() {
    let (old, new) = (Pair::new(), Pair::new());
    let setup = Setup::ten_teams().listen(ONLY).certified(&old);
    let server = setup.start().await;
    let mut before = Raw::secured(server.fans, &old.believer()).await.upgrade(WS, BINARY, &[]).await;
    setup.clone().certified(&new);
    until("the new one is shown", async || comes_in(&server, &new.believer()).await.then_some(())).await;
    assert!(!comes_in(&server, &old.believer()).await);
    before.send(masked(0x2, &[0x01, 3, 0, 9, 0, 0, 0])).await;
    until("who came before is heard", async || (server.taps("counted").await == 9.0).then_some(())).await;

    for (name, text, words) in [
        ("server.key", old.key.as_str(), ["tls.key: ", "server.key is not the key", "server.pem"]),
        ("server.key", "no key at all", ["tls.key: ", "server.key", "BEGIN PRIVATE KEY"]),
        ("server.pem", "no certificate", ["tls.certificate: ", "server.pem", "BEGIN CERTIFICATE"]),
    ] {
        setup.clone().certified(&new).beside(name, text);
        server.signal(Signal::HUP);
        until("it is told", async || words.iter().all(|word| server.log().contains(word)).then_some(())).await;
        assert!(comes_in(&server, &new.believer()).await, "{name}");
    }
    // A reason to be told of, and none to stop.
    setup.clone().certified(&Pair::expired());
    until("it is told", async || server.log().contains("tls.certificate: expired").then_some(())).await;
    let expires = server.metric("beat_certificate_expires_timestamp_seconds", &[]).await;
    assert_eq!(expires, Some(1_577_836_800.0));
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused_by_key_and_file() {
    let (pair, other) = (Pair::new(), Pair::new());
    let good = || Setup::plain().listen(ONLY).certified(&pair);
    let refusals = [
        (Setup::plain().listen(ONLY), &["listen: ", "https://127.0.0.1:0", "[tls]", "certificate = "][..]),
        (
            Setup::plain().listen("proxy+http://127.0.0.1:0"),
            &["listen: ", "proxy+http://127.0.0.1:0", "trusted_proxies"],
        ),
        (Setup::plain().listen("https://0.0.0.0:0").certified(&pair), &["listen: ", "https://0.0.0.0:0", "anonymous"]),
        (Setup::plain().listen("127.0.0.1:0,tls://127.0.0.1:0"), &["--listen: ", "tls://127.0.0.1:0", "https://"]),
        (good().beside("server.key", &other.key), &["tls.key: ", "server.key", "server.pem"]),
        (good().beside("server.key", ""), &["tls.key: ", "server.key", "BEGIN PRIVATE KEY"]),
        (good().beside("server.pem", &pair.key), &["tls.certificate: ", "server.pem", "BEGIN CERTIFICATE"]),
        (
            good().beside("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            &["tls.certificate: ", "server.pem"],
        ),
        (good().set("tls.key", "/nowhere.key"), &["tls.key: ", "/nowhere.key"]),
        (Setup::plain().set("tls.key", "some.key"), &["tls.certificate: ", "missing"]),
        (Setup::plain().set("tls.certificate", "some.pem"), &["tls.key: ", "missing"]),
    ];
    for (setup, words) in refusals {
        let output = run_to_end(&mut setup.command()).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in {said:?}");
        }
    }
}

#[tokio::test]
async fn who_shakes_hands_badly_or_slowly_is_gone_and_told_what_there_is_to_tell() {
    let pair = Pair::new();
    let server = Setup::plain().listen(ONLY).certified(&pair).set("limits.handshake_ms", 300).start().await;
    let hello = {
        let name = "localhost".try_into().unwrap();
        let mut hello = Vec::new();
        rustls::ClientConnection::new(pair.believer(), name).unwrap().write_tls(&mut hello).unwrap();
        hello
    };
    let endless = [&[0x16, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff][..], &[0; 16_380]].concat();
    let half_a_hello = &hello[..hello.len() / 2];
    for (bytes, outcome) in [
        (&b"\x15\x03\x01\x00\x02\x01\x00"[..], "not_tls"),
        (&[0x16, 9, 9, 0xff, 0xff], "failed"),
        (&[0x16, 3, 1, 0, 5, 9, 9, 9, 9, 9], "failed"),
        (half_a_hello, "late"),
        (&endless[..9], "late"),
        (&[&endless[..], &endless[..]].concat(), "failed"),
    ] {
        let before = handshakes(&server, outcome).await;
        let mut raw = Raw::connect(server.fans).await;
        raw.send(bytes).await;
        assert!(matches!(raw.end_of_stream().await, End::Eof | End::Reset), "{outcome}");
        until(outcome, async || (handshakes(&server, outcome).await == before + 1.0).then_some(())).await;
    }
    let mut silent = Raw::connect(server.fans).await;
    assert!(matches!(silent.end_of_stream().await, End::Eof | End::Reset));
    let mut killed = Raw::connect(server.fans).await;
    killed.send(half_a_hello).await;
    drop(killed);
    let mut plain = Raw::connect(server.fans).await;
    plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(plain.status().await, Some(400));
    // Behind the handshake all is as ever.
    let mut idle = Raw::secured(server.fans, &pair.believer()).await;
    assert_eq!((idle.status().await, idle.end_of_stream().await), (Some(408), End::Eof));
    let mut half = Raw::secured(server.fans, &pair.believer()).await;
    half.send("GET / HTTP/1.1\r\n").await;
    assert_eq!(half.status().await, Some(408));
    all_gone(&server).await;
}

#[tokio::test]
async fn a_full_server_says_so_in_plain_before_any_handshake() {
    let pair = Pair::new();
    let server = Setup::plain().listen(ONLY).certified(&pair).set("limits.connections", 1).start().await;
    let kept = Raw::secured(server.fans, &pair.believer()).await.upgrade(WS, BINARY, &[]).await;
    let mut raw = Raw::connect(server.fans).await;
    let head = raw.head().await.unwrap();
    assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 5"), "{head}");
    assert!(!comes_in(&server, &pair.believer()).await);
    drop(kept);
    until("there is a place", async || comes_in(&server, &pair.believer()).await.then_some(())).await;
}

/// The roster is large, and every beat a KEY: 60 KB on the feed.
fn large() -> Setup {
    let roster: String = (0..800).map(|team| format!("T{team},Team number {team}\n")).collect();
    Setup::plain()
        .file("[[events]]\nid = 'demo'\nname = 'Demo'\nroster = 'large.csv'")
        .beside("large.csv", &format!("code,name\n{roster}"))
        .set("beat.interval_ms", 50)
        .set("beat.key_interval_ms", 50)
}

async fn skipped(server: &Server) -> f64 {
    server.metric("beat_beats_skipped_total", &[]).await.unwrap_or(0.0)
}

#[tokio::test]
async fn who_reads_slowly_skips_beats_and_gets_the_newest() {
    let pair = Pair::new();
    let server = large().listen(ONLY).certified(&pair).start().await;
    let entrance = tunnel(server.fans, pair.believer()).await;
    for path in ["/v1/events/demo/feed", WS] {
        let before = skipped(&server).await;
        // Narrower, and the kernel's own timers would be what is waited for.
        let raw = Raw::narrow_secured(server.fans, 16_384, &pair.believer()).await;
        let mut raw = raw.upgrade(path, "", &[]).await;
        until("beats are skipped", async || (skipped(&server).await >= before + 12.0).then_some(())).await;
        let newest = get(entrance, "/v1/events/demo/beat").await.json()["beat"].as_u64().unwrap();
        let mut numbers = Vec::new();
        within("the newest beat", async {
            while numbers.last().is_none_or(|last| *last < newest) {
                let (_, payload) = raw.frame().await.unwrap();
                let message: serde_json::Value = serde_json::from_slice(&payload).unwrap();
                numbers.extend(message["beat"].as_u64());
            }
        })
        .await;
        assert!(numbers.is_sorted(), "{numbers:?}");
        let gap = numbers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(gap > 5, "beats were skipped, not queued: {numbers:?}");
        let old = numbers.iter().filter(|number| **number < newest).count();
        assert!(old <= 12, "at most what the kernel held and one more: {numbers:?} before {newest}");
        // It is heard as ever.
        if path == WS {
            raw.send(masked(0x1, br#"{"cheer":{"T7":9}}"#)).await;
            until("it is heard", async || (server.taps("counted").await == 9.0).then_some(())).await;
        }
    }
}

#[tokio::test]
async fn who_reads_nothing_is_let_go_and_the_stuck_hold_a_bounded_memory() {
    let pair = Pair::new();
    let setup = large().listen(ONLY).certified(&pair);
    let server = setup.clone().set("limits.unread_ms", 300).start().await;
    let stuck = async |server: &Server, path: &str| {
        Raw::narrow_secured(server.fans, 2_048, &pair.believer()).await.upgrade(path, "", &[]).await
    };
    let mut raw = stuck(&server, "/v1/events/demo/feed").await;
    until("it is closed", async || {
        (server.metric("beat_closes_total", &["code=\"4408\""]).await == Some(1.0)).then_some(())
    })
    .await;
    all_gone(&server).await;
    assert!(matches!(raw.end().await, End::Eof | End::Reset | End::Closed(4408)));

    let stream = Raw::narrow_secured(server.fans, 2_048, &pair.believer()).await;
    let mut stream = stream;
    stream.send("GET /v1/events/demo/feed HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n").await;
    assert!(stream.head().await.unwrap().starts_with("HTTP/1.1 200 "));
    all_gone(&server).await;

    let server = setup.set("limits.unread_ms", 120_000).start().await;
    let mut crowd = Vec::new();
    for _ in 0..40 {
        crowd.push(stuck(&server, "/v1/events/demo/feed").await);
        crowd.push(stuck(&server, WS).await);
    }
    until("all are stuck", async || (skipped(&server).await >= 200.0).then_some(())).await;
    let before = server.resident_bytes();
    until("twenty more beats each", async || (skipped(&server).await >= 1_200.0).then_some(())).await;
    let after = server.resident_bytes();
    // Queued, a thousand beats of 60 KB would be 60 MB.
    assert!(after < before + (6 << 20), "from {before} to {after} bytes");
}

#[tokio::test]
async fn a_refusal_is_read_to_its_end() {
    let pair = Pair::new();
    let server = Setup::ten_teams().listen(ONLY).certified(&pair).start().await;
    for (path, protocol, bytes, code) in [
        (WS, BINARY, masked(0x2, &[9]), 4500),
        (WS, BINARY, masked(0x2, &[0x02, 0, 0, 0, 0, 0, 0]).repeat(60), 4429),
        (WS, "", masked(0x9, b"").repeat(60), 1008),
        ("/v1/events/none/ws", BINARY, Vec::new(), 4504),
    ] {
        let mut raw = Raw::secured(server.fans, &pair.believer()).await.upgrade(path, protocol, &[]).await;
        raw.send(bytes).await;
        assert_eq!((raw.end().await, raw.end_of_stream().await), (End::Closed(code), End::Eof), "{path}");
    }
    // Pings are answered, and so is a close.
    let mut raw = Raw::secured(server.fans, &pair.believer()).await.upgrade("/v1/events/demo/feed", "", &[]).await;
    raw.send(masked(0x9, b"there?")).await;
    within("a pong", async { while raw.frame().await.unwrap() != (0xa, b"there?".to_vec()) {} }).await;
    raw.send(masked(0x8, &1000u16.to_be_bytes())).await;
    assert_eq!(raw.end().await, End::Closed(1000));
    all_gone(&server).await;
}

#[tokio::test]
async fn a_session_goes_on_over_another_connection_and_a_planned_stop_says_goodbye() {
    let pair = Pair::new();
    let mut server = through_a_tunnel(Setup::ten_teams().shards(2).set("drain.window_ms", 200), &pair).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(3, 9)]).await;
    until("it is counted", async || (server.taps("counted").await == 9.0).then_some(())).await;
    let mut again = Wish::new(Speech::Binary).session(&fan.welcome.session).join(&server).await;
    assert!(again.welcome.resumed);
    assert_eq!(fan.close().await.0, 4509);
    assert_eq!(again.marks().await, [(3, 9)]);
    again.cheer(&[(3, 12)]).await;
    until("it is counted", async || (server.taps("counted").await == 12.0).then_some(())).await;
    server.signal(Signal::TERM);
    assert_eq!(again.marks().await, [(3, 12)]);
    assert!(matches!(again.after_beats().await, Heard::Closed(1012, _)));
    assert_eq!(server.exit_code().await, Some(0));
}

/// A client's side of a connection without a socket, to say what no library would.
struct Mute {
    tls: rustls::ClientConnection,
    socket: TcpStream,
}

impl Mute {
    async fn upgraded(server: &Server, client: &Arc<ClientConfig>) -> Self {
        let socket = TcpStream::connect(server.fans).await.unwrap();
        let (socket, tls) = shake_hands(socket, client).await.unwrap().into_inner();
        let mut mute = Self { tls, socket };
        mute.say(
            b"GET /v1/events/demo/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
              Sec-WebSocket-Protocol: cheer.v1\r\n\r\n",
        )
        .await;
        mute
    }

    /// The records of these bytes.
    fn records(&mut self, bytes: &[u8]) -> Vec<u8> {
        std::io::Write::write_all(&mut self.tls.writer(), bytes).unwrap();
        let mut records = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut records).unwrap();
        }
        records
    }

    async fn say(&mut self, bytes: &[u8]) {
        let records = self.records(bytes);
        self.socket.write_all(&records).await.unwrap();
    }
}

async fn fans(server: &Server) -> f64 {
    server.metric("beat_readers", &["kind=\"fan\""]).await.unwrap_or(0.0)
}

#[tokio::test]
async fn records_come_in_any_cut_and_what_says_nothing_costs_what_it_weighs() {
    let pair = Pair::new();
    let server = Setup::ten_teams().listen(ONLY).certified(&pair).start().await;
    let cheer = |total: u8| masked(0x2, &[0x01, 3, 0, total, 0, 0, 0]);

    let mut torn = Mute::upgraded(&server, &pair.believer()).await;
    let records = [torn.records(&cheer(3)), torn.records(&cheer(5)[..4]), torn.records(&cheer(5)[4..])].concat();
    for byte in records.chunks(1) {
        torn.socket.write_all(byte).await.unwrap();
        torn.socket.flush().await.unwrap();
    }
    until("all of it is heard", async || (server.taps("counted").await == 5.0).then_some(())).await;

    // Half a record, and nothing behind it: it holds its place, as half a frame does.
    let mut half = Mute::upgraded(&server, &pair.believer()).await;
    let record = half.records(&[0; 16_000]);
    half.socket.write_all(&record[..8_000]).await.unwrap();
    // A record as long as they may be is too many bytes for nothing, and no frame.
    let mut long = Mute::upgraded(&server, &pair.believer()).await;
    long.say(&[0; 16_000]).await;
    // No record at all.
    let mut wrong = Mute::upgraded(&server, &pair.believer()).await;
    wrong
        .socket
        .write_all(&[0x17, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
        .await
        .unwrap();
    // Keys that are renewed again and again.
    let mut restless = Mute::upgraded(&server, &pair.believer_of(&[&TLS13])).await;
    for _ in 0..60 {
        restless.tls.refresh_traffic_keys().unwrap();
    }
    restless.say(&cheer(0)).await;
    until("those two hold on, and nobody else", async || (fans(&server).await == 2.0).then_some(())).await;

    // One that renews them now and then is served.
    let mut careful = Mute::upgraded(&server, &pair.believer_of(&[&TLS13])).await;
    for total in 1..=10 {
        careful.tls.refresh_traffic_keys().unwrap();
        careful.say(&cheer(total)).await;
    }
    until("it is heard", async || (server.taps("counted").await == 15.0).then_some(())).await;
    drop((torn, half, long, wrong, restless, careful));
    all_gone(&server).await;
}

#[tokio::test]
async fn a_drip_of_records_meets_the_budget_of_a_drip_of_bytes() {
    let pair = Pair::new();
    let server = Setup::ten_teams()
        .listen(ONLY)
        .certified(&pair)
        .set("limits.bytes_per_second", 1)
        .set("limits.bytes_burst", 4_096)
        .start()
        .await;
    let mut raw = Raw::secured(server.fans, &pair.believer()).await.upgrade(WS, BINARY, &[]).await;
    // A frame of 125 bytes and its mask, byte by byte, each in a record and a read of its own: 64 of them are a burst.
    for byte in masked(0x2, &[0; 119]).chunks(1) {
        if !raw.send(byte).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(raw.end().await, End::Closed(1008));
}

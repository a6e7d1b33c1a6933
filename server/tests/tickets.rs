//! Who has a ticket comes in, and nobody learns it from us.

use std::sync::atomic::{AtomicU32, Ordering};

use beat_core::{Ticket, TicketKey, TicketRole};
use hyper::Method;
use rustix::process::Signal;

use crate::harness::{
    End, Raw, SECRET, Server, Setup, Speech, Stream, Wish, fan as named, holder, masked, now_s, request, signed, until,
};

const EVENTS: &str = "[[events]]\nid = 'demo'\nname = 'Demo'\n\
                      teams = [{ code = 'T0', name = 'A' }, { code = 'T1', name = 'B' }, { code = 'T2', name = 'C' }]\n\
                      [[events]]\nid = 'free'\nname = 'Free'\nanonymous = true\npublic_feed = true\n";
const FAN: &str = "/v1/events/demo/ws";
const FEED: &str = "/v1/events/demo/feed";

fn asking() -> Setup {
    Setup::plain().file(&format!("tickets.keys = [{{ id = 'k', secret = '{SECRET}' }}]\n{EVENTS}"))
}

fn key(id: &str, secret: &str) -> TicketKey {
    TicketKey::new(id, secret).unwrap()
}

/// Another one each time: one fan alone could not come as often as these claims ask.
fn fan() -> Ticket {
    static NTH: AtomicU32 = AtomicU32::new(0);
    named(&format!("u-4711-{}", NTH.fetch_add(1, Ordering::Relaxed)))
}

fn display(id: &str) -> Ticket {
    holder(TicketRole::Display, id)
}

/// What each kind of bad ticket is answered with: a code, and a status.
fn bad_fans() -> Vec<(&'static str, String, u16, &'static str)> {
    let good = signed(&fan());
    let mut turned = good.clone().into_bytes();
    let at = turned.len() / 2;
    turned[at] = if turned[at] == b'A' { b'B' } else { b'A' };
    vec![
        ("expired", signed(&Ticket { expires_s: now_s(), ..fan() }), 4401, "401"),
        ("early", signed(&Ticket { not_before_s: Some(now_s() + 300), ..fan() }), 4401, "401"),
        ("of another key", key("k", &"x".repeat(32)).sign(&fan()), 4501, "401"),
        ("of an unknown key", key("other", SECRET).sign(&fan()), 4501, "401"),
        ("with a letter turned", String::from_utf8(turned).unwrap(), 4501, "401"),
        ("cut short", good[..good.len() - 4].to_owned(), 4501, "401"),
        ("too long", "A".repeat(2_000), 4501, "401"),
        ("a JWT", "eyJhbGciOiJub25lIn0.eyJldmVudCI6ImRlbW8ifQ.".into(), 4501, "401"),
        ("empty", String::new(), 4501, "401"),
        ("of another event", signed(&Ticket { event: "free".parse().unwrap(), ..fan() }), 4503, "403"),
        ("for no team of ours", signed(&Ticket { team: Some("XXX".parse().unwrap()), ..fan() }), 4503, "403"),
        ("a display's", signed(&display("wall-1")), 4503, "403"),
    ]
}

/// The welcome, or the code it is closed with instead, of a socket that offers these subprotocols.
async fn knock(server: &Server, path: &str, protocols: &str) -> Result<(Raw, serde_json::Value), u16> {
    let line = if protocols.is_empty() { String::new() } else { format!("Sec-WebSocket-Protocol: {protocols}\r\n") };
    let mut raw = Raw::connect(server.fans).await.upgrade(path, &line, b"").await;
    match raw.frame().await.unwrap() {
        (0x8, body) => Err(u16::from_be_bytes([body[0], body[1]])),
        (_, text) => Ok((raw, serde_json::from_slice(&text).unwrap())),
    }
}

async fn code(server: &Server, path: &str, protocols: &str) -> Option<u16> {
    knock(server, path, protocols).await.err()
}

/// The status of a request; of a stream its head only.
async fn status(server: &Server, path: &str, lines: &str) -> String {
    let mut raw = Raw::connect(server.fans).await;
    raw.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n")).await;
    raw.head().await.unwrap().split(' ').nth(1).unwrap().to_owned()
}

const STREAM: &str = "accept: text/event-stream\r\n";

#[tokio::test]
async fn a_fan_needs_a_ticket_that_holds() {
    let server = asking().start().await;
    let good = signed(&fan());
    for (path, protocols) in [
        (FAN.to_owned(), format!("cheer.v1, ticket.{good}")),
        (FAN.to_owned(), format!("ticket.{good}")),
        (format!("{FAN}?ticket={good}"), "cheer.v1".to_owned()),
        // The subprotocol stands over the query.
        (format!("{FAN}?ticket=nonsense"), format!("cheer.v1,ticket.{good}")),
        ("/v1/events/free/ws".to_owned(), String::new()),
    ] {
        let (_, welcome) = knock(&server, &path, &protocols).await.expect(&path);
        assert!(welcome["welcome"]["team"].is_null(), "{welcome}");
    }
    for (what, ticket, expected, _) in bad_fans() {
        assert_eq!(code(&server, FAN, &format!("cheer.v1, ticket.{ticket}")).await, Some(expected), "{what}");
        assert_eq!(code(&server, &format!("{FAN}?ticket={ticket}"), "cheer.v1").await, Some(expected), "{what}, asked");
    }
    assert_eq!(code(&server, FAN, "cheer.v1").await, Some(4501), "none");
    assert_eq!(code(&server, FAN, &format!("ticket.{good}, ticket.{good}")).await, Some(4501), "two");
    // Where none is needed a bad one is still no good one; and what is not there is not there.
    assert_eq!(code(&server, "/v1/events/free/ws", &format!("ticket.{good}")).await, Some(4503));
    assert_eq!(code(&server, "/v1/events/nope/ws", &format!("ticket.{good}")).await, Some(4504));
    let refused = server.metric("beat_tickets_refused_total", &["cause=\"expired\""]).await;
    assert_eq!(refused, Some(2.0));
    assert_eq!(status(&server, "/v1/events/demo", "").await, "200", "what an event is stays public");
}

#[tokio::test]
async fn a_ticket_is_never_echoed() {
    let server = asking().start().await;
    for (offered, chosen) in [("cheer.v1, ticket.", Some("cheer.v1")), ("ticket.", None)] {
        let mut raw = Raw::connect(server.fans).await;
        raw.send(format!(
            "GET {FAN} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: \
             13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {offered}{}\r\n\r\n",
            signed(&fan())
        ))
        .await;
        let head = raw.head().await.unwrap().to_ascii_lowercase();
        let said = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert_eq!(said, chosen, "{head}");
    }
}

#[tokio::test]
async fn a_display_needs_a_ticket_for_sockets_streams_and_single_beats() {
    let server = asking().start().await;
    let cases = bad_fans().into_iter().map(|(what, ticket, close, status)| match what {
        // What is a display's is good here, and what is a fan's is not.
        "a display's" => (what, ticket, None, "200"),
        "for no team of ours" => (what, ticket, Some(4503), "403"),
        _ => (what, ticket, Some(close), status),
    });
    for (what, ticket, close, expected) in cases {
        let asked = format!("ticket={ticket}");
        assert_eq!(code(&server, &format!("{FEED}?{asked}"), "").await, close, "{what}");
        assert_eq!(status(&server, &format!("{FEED}?{asked}"), STREAM).await, expected, "{what}, a stream");
        assert_eq!(status(&server, &format!("/v1/events/demo/beat?{asked}"), "").await, expected, "{what}, a beat");
    }
    let operator = signed(&Ticket { role: TicketRole::Operator, ..display("ops") });
    assert_eq!(code(&server, &format!("{FEED}?ticket={operator}"), "").await, None);
    assert_eq!(code(&server, FEED, "").await, Some(4501));
    for (path, lines) in [(FEED, STREAM), ("/v1/events/demo/beat", "")] {
        assert_eq!(status(&server, path, lines).await, "401");
        let bearer = format!("{lines}authorization: Bearer {}\r\n", signed(&display("wall-1")));
        assert_eq!(status(&server, path, &bearer).await, "200");
    }
    assert_eq!(status(&server, "/v1/events/free/beat", "").await, "200");
    let with = request(server.fans, Method::GET, &format!("/v1/events/demo/beat?ticket={operator}"), &[]).await;
    assert_eq!(with.header("cache-control"), "private, max-age=1");
}

#[tokio::test]
async fn taps_for_another_team_than_the_ticket_s_are_received_and_not_counted() {
    for protocols in ["cheer.v1, ", ""] {
        let server = asking().start().await;
        let ticket = signed(&Ticket { team: Some("T1".parse().unwrap()), ..fan() });
        let (mut raw, welcome) = knock(&server, FAN, &format!("{protocols}ticket.{ticket}")).await.unwrap();
        assert_eq!(welcome["welcome"]["team"], "T1");
        let frame = if protocols.is_empty() {
            masked(1, br#"{"cheer":{"T0":3,"T1":5,"T2":4}}"#)
        } else {
            masked(2, &[1, 0, 0, 3, 0, 0, 0, 1, 0, 5, 0, 0, 0, 2, 0, 4, 0, 0, 0])
        };
        raw.send(&frame).await;
        raw.send(&frame).await;
        until("all taps are received", async || {
            (server.taps("counted").await + server.taps("shadowed").await >= 12.0).then_some(())
        })
        .await;
        for (team, fate, taps) in [("T0", "shadowed", 3.0), ("T1", "counted", 5.0), ("T2", "shadowed", 4.0)] {
            let labels = [format!("team=\"{team}\""), format!("fate=\"{fate}\"")];
            let labels: Vec<_> = labels.iter().map(String::as_str).collect();
            assert_eq!(server.metric("beat_taps_total", &labels).await, Some(taps), "{team} {fate}");
        }
        assert_eq!((server.taps("counted").await, server.taps("shadowed").await), (5.0, 7.0));
    }
}

#[tokio::test]
async fn keys_turn_while_the_service_runs() {
    let config = |keys: &str| format!("tickets.keys = [{keys}]\n{EVENTS}");
    let (old, new) = ("{ id = 'old', secret_file = 'old.key' }", "{ id = 'new', secret_file = 'new.key' }");
    let setup = Setup::plain().beside("old.key", SECRET).beside("new.key", &"n".repeat(40)).file(&config(old));
    let server = setup.start().await;
    let by_old = || format!("cheer.v1, ticket.{}", key("old", SECRET).sign(&fan()));
    let by_new = || format!("cheer.v1, ticket.{}", key("new", &"n".repeat(40)).sign(&fan()));
    let (mut raw, _) = knock(&server, FAN, &by_old()).await.unwrap();
    assert_eq!(code(&server, FAN, &by_new()).await, Some(4501));

    // A changed file is enough.
    let setup = setup.beside("beat.toml", &config(&format!("{new}, {old}")));
    until("the new key holds", async || code(&server, FAN, &by_new()).await.is_none().then_some(())).await;
    assert_eq!(code(&server, FAN, &by_old()).await, None, "and so does the old one");

    // What cannot be read changes nothing.
    let setup = setup.beside("beat.toml", "tickets.keys = [{ id = 'new', secret = 'short, and not to be seen' }]");
    server.signal(Signal::HUP);
    until("it says so", async || server.log().contains("the door stays as it was").then_some(())).await;
    assert!(!server.log().contains("not to be seen"), "{}", server.log());
    assert_eq!((code(&server, FAN, &by_new()).await, code(&server, FAN, &by_old()).await), (None, None));

    let setup = setup.beside("beat.toml", &config(new));
    server.signal(Signal::HUP);
    until("the old key is gone", async || (code(&server, FAN, &by_old()).await == Some(4501)).then_some(())).await;

    // A secret of its own file is another key under the same name.
    let _setup = setup.beside("new.key", &"m".repeat(40));
    until("the secret is another", async || (code(&server, FAN, &by_new()).await == Some(4501)).then_some(())).await;
    assert!(raw.send(masked(2, &[1, 0, 0, 1, 0, 0, 0])).await, "who was in stays in");
    until("its tap counts", async || (server.taps("counted").await == 1.0).then_some(())).await;
}

#[tokio::test]
async fn a_revoked_display_goes_and_does_not_come_back() {
    let config = |revoked: &str| {
        format!("[tickets]\nkeys = [{{ id = 'k', secret = '{SECRET}' }}]\nrevoked = [{revoked}]\n{EVENTS}")
    };
    let setup = Setup::plain().shards(2).file(&config(""));
    let server = setup.start().await;
    let [lost, kept] = ["wall-lost", "wall-kept"].map(|id| format!("{FEED}?ticket={}", signed(&display(id))));
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(Raw::connect(server.fans).await.upgrade(&lost, "", b"").await);
    }
    let mut other = Raw::connect(server.fans).await.upgrade(&kept, "", b"").await;
    let mut stream = Stream::open(server.fans, &lost, &[]).await;
    let mut other_stream = Stream::open(server.fans, &kept, &[]).await;
    stream.block().await;

    let _setup = setup.beside("beat.toml", &config("'wall-lost'"));
    server.signal(Signal::HUP);
    for socket in &mut sockets {
        assert_eq!(socket.end().await, End::Closed(4501));
    }
    until("the stream ends", async || stream.try_block().await.is_none().then_some(())).await;
    assert_eq!(code(&server, &lost, "").await, Some(4501));
    assert_eq!(status(&server, &lost, STREAM).await, "401");
    for _ in 0..10 {
        assert_eq!(other.frame().await.unwrap().0, 1);
        other_stream.block().await;
    }
}

#[tokio::test]
async fn a_ticket_is_written_nowhere() {
    let setup = asking().set("log", "trace");
    let server = setup.start().await;
    let mut all = vec![signed(&fan()), signed(&display("wall-1"))];
    all.extend(bad_fans().into_iter().map(|(_, ticket, ..)| ticket).filter(|ticket| ticket.len() > 40));
    let mut said = String::new();
    for ticket in &all {
        for (path, protocols) in [
            (FAN.to_owned(), format!("cheer.v1, ticket.{ticket}")),
            (format!("{FAN}?ticket={ticket}"), String::new()),
            (format!("{FEED}?ticket={ticket}"), String::new()),
        ] {
            drop(knock(&server, &path, &protocols).await);
        }
        for path in [FEED, "/v1/events/demo/beat", "/v1/events/nope/beat", "/", "/arena/nope", "/nothing"] {
            let page = request(server.fans, Method::POST, &format!("{path}?ticket={ticket}"), &[]).await;
            said.push_str(&page.text());
            if path != FEED {
                let page = request(server.fans, Method::GET, &format!("{path}?ticket={ticket}"), &[]).await;
                said.push_str(&page.text());
                said.push_str(&format!("{:?}", page.headers));
            }
        }
        // In the middle of a head, for whatever hyper says of that.
        let mut raw = Raw::connect(server.fans).await;
        raw.send(format!("GET {FEED}?ticket={ticket} HTTP/1.1\r\nbad header {ticket}\r\n\r\n")).await;
        said.push_str(&raw.head().await.unwrap_or_default());
    }
    let page = request(server.fans, Method::GET, "/arena/demo?ticket=x", &[]).await;
    assert_eq!(page.header("referrer-policy"), "no-referrer", "a page tells nobody its own address");
    server.signal(Signal::HUP);
    until("the door is renewed", async || server.log().contains("the door is renewed").then_some(())).await;
    said.push_str(&request(server.admin, Method::GET, "/metrics", &[]).await.text());
    said.push_str(&server.log());
    assert!(said.contains("a fan begins"), "the log says what happens");
    for ticket in &all {
        // Not in parts either.
        for part in [&ticket[..20.min(ticket.len())], &ticket[ticket.len() - 20..]] {
            assert!(!said.contains(part), "{part} stands in what was said");
        }
    }
    for private in [SECRET, "u-4711", "wall-1"] {
        assert!(!said.contains(private), "{private} stands in what was said");
    }
}

#[tokio::test]
async fn a_connection_ends_late_after_its_ticket_and_goes_on_with_a_new_one() {
    let setup = |outlive_ms: u32| asking().set("tickets.outlive_ms", outlive_ms);
    let (strict, generous) = (setup(0).start().await, setup(600_000).start().await);
    let expires_s = now_s() + 2;
    let short = |ticket: Ticket| signed(&Ticket { expires_s, ..ticket });
    let mut watching = Raw::connect(strict.fans).await;
    watching = watching.upgrade(&format!("{FEED}?ticket={}", short(display("wall-1"))), "", b"").await;
    let mut stream = Stream::open(strict.fans, &format!("{FEED}?ticket={}", short(display("wall-2"))), &[]).await;
    let (mut staying, _) = knock(&strict, FAN, &format!("cheer.v1, ticket.{}", signed(&fan()))).await.unwrap();
    let wish = |ticket: &str| Wish::new(Speech::Binary).ticket(ticket);
    let mut patient = wish(&short(fan())).join(&generous).await;

    let mut cheering = wish(&short(named("u-1"))).join(&strict).await;
    cheering.cheer(&[(0, 5)]).await;
    assert_eq!(cheering.close().await.0, 4401);
    assert!(now_s() >= expires_s, "not before it expired");
    assert_eq!(watching.end().await, End::Closed(4401));
    until("the stream ends", async || stream.try_block().await.is_none().then_some(())).await;

    let session = cheering.welcome.session.clone();
    assert_eq!(wish(&short(named("u-1"))).session(&session).refusal(&strict).await, 4401);
    let mut back = wish(&signed(&named("u-1"))).session(&session).join(&strict).await;
    assert_eq!((back.welcome.resumed, back.marks().await), (true, vec![(0, 5)]));
    back.cheer(&[(0, 8)]).await;
    until("three more count", async || (strict.taps("counted").await == 8.0).then_some(())).await;
    assert!(staying.send(masked(2, &[1, 0, 0, 1, 0, 0, 0])).await, "whose ticket holds stays");
    until("its tap counts", async || (strict.taps("counted").await == 9.0).then_some(())).await;
    patient.cheer(&[(0, 1)]).await;
    until("and who may outlive it does", async || (generous.taps("counted").await == 1.0).then_some(())).await;
}

#[tokio::test]
async fn how_long_a_ticket_is_outlived_is_read_anew_for_who_comes_from_then_on() {
    let config = |outlive_ms: u32| {
        format!("[tickets]\noutlive_ms = {outlive_ms}\nkeys = [{{ id = 'k', secret = '{SECRET}' }}]\n{EVENTS}")
    };
    let setup = Setup::plain().file(&config(600_000));
    let server = setup.start().await;
    let short = || Wish::new(Speech::Binary).ticket(&signed(&Ticket { expires_s: now_s() + 6, ..fan() }));
    let mut before = short().join(&server).await;
    let _setup = setup.beside("beat.toml", &config(0));
    server.signal(Signal::HUP);
    until("the door is renewed", async || server.log().contains("the door is renewed").then_some(())).await;
    assert_eq!(short().join(&server).await.close().await.0, 4401);
    before.cheer(&[(0, 1)]).await;
    until("who came before stays", async || (server.taps("counted").await == 1.0).then_some(())).await;
}

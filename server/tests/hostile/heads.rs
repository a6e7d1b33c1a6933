//! Requests that are none, or mean two things at once; and those that never end.

use super::{Row, Seen, Way};

const HOST: &str = "Host: localhost";
const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const VERSION: &str = "Sec-WebSocket-Version: 13";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const WS: &str = "GET /v1/events/demo/ws HTTP/1.1";

/// What was asked, and the status of the answer.
type Asked = (&'static str, Vec<u8>, u16);

fn head(first: &str, lines: &[&str]) -> Vec<u8> {
    format!("{first}\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

/// A good handshake and one line more.
fn with(line: &str) -> Vec<u8> {
    head(WS, &[HOST, UPGRADE, CONNECTION, VERSION, KEY, line])
}

/// A good handshake with another line in the place of one.
fn instead(of: &str, line: &str) -> Vec<u8> {
    let lines = [HOST, UPGRADE, CONNECTION, VERSION, KEY].map(|good| if good == of { line } else { good });
    head(WS, &lines)
}

fn first(line: &str) -> Vec<u8> {
    head(line, &[HOST, UPGRADE, CONNECTION, VERSION, KEY])
}

fn page(lines: &[&str]) -> Vec<u8> {
    head("GET /v1/events HTTP/1.1", &[&[HOST], lines].concat())
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<_> = [two_meanings(), lines(), handshakes(), addresses(), sizes(), other_tongues()]
        .into_iter()
        .flatten()
        .map(|(name, bytes, status)| Row { name, way: Way::Bare, bytes, seen: Seen::Answer(status), counted: None })
        .collect();
    for (name, begun) in [
        ("half a first line", "GET /v1/events/demo/ws HT"),
        ("half a head", "GET / HTTP/1.1\r\nHost: localhost\r\n"),
        ("half a handshake", "GET /v1/events/demo/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConn"),
        ("a blank line, and nothing more", "\r\n"),
        ("nothing at all", ""),
    ] {
        rows.push(Row { name, way: Way::Bare, bytes: begun.into(), seen: Seen::Answer(408), counted: None });
    }
    rows
}

/// Where the message ends is one thing to us and another to who stands before us: smuggling.
fn two_meanings() -> Vec<Asked> {
    let behind = |mut head: Vec<u8>, more: &str| {
        head.extend_from_slice(more.as_bytes());
        head
    };
    let length = "Content-Length: 5";
    let chunked = "Transfer-Encoding: chunked";
    vec![
        ("a handshake with a body", behind(with(length), "hello"), 400),
        ("a handshake in chunks", behind(with(chunked), "5\r\nhello\r\n0\r\n\r\n"), 400),
        ("a handshake with a length in chunks", behind(with(&[length, chunked].join("\r\n")), "0\r\n\r\n"), 400),
        ("a handshake in chunks with a length", behind(with(&[chunked, length].join("\r\n")), "0\r\n\r\n"), 400),
        ("two lengths", page(&["Content-Length: 5", "Content-Length: 6"]), 400),
        ("two lengths in a line", page(&["Content-Length: 5, 6"]), 400),
        ("a signed length", page(&["Content-Length: +5"]), 400),
        ("a negative length", page(&["Content-Length: -5"]), 400),
        ("a length in another system", page(&["Content-Length: 0x5"]), 400),
        ("a length beyond all sense", page(&["Content-Length: 99999999999999999999999"]), 400),
        ("chunks that are not the last coding", page(&["Transfer-Encoding: chunked, identity"]), 400),
        ("an unknown coding", page(&["Transfer-Encoding: xchunked"]), 400),
        ("a length and chunks", behind(page(&[length, chunked]), "0\r\n\r\n"), 400),
        ("two hosts", with("Host: other"), 400),
        ("no host", instead(HOST, "Hostess: localhost"), 400),
        ("two keys", with(KEY), 400),
    ]
}

fn lines() -> Vec<Asked> {
    vec![
        ("a folded line", with("X-Long: a\r\n b"), 400),
        ("a folded line with a tab", with("X-Long: a\r\n\tb"), 400),
        ("a blank before the colon", with("X-Blank : a"), 400),
        ("a blank before the name", with(" X-Blank: a"), 400),
        ("no name", with(": a"), 400),
        ("no colon", with("X-Alone"), 400),
        ("a return without a line", with("X-Return: a\rX-More: b"), 400),
        ("a zero in a line", with("X-Zero: a\0b"), 400),
        ("a sign in a name", with("X(Sign): a"), 400),
        ("a letter beyond ASCII in a name", with("X-Ä: a"), 400),
        // RFC 9112, 2.2 lets us take them for line ends.
        ("line feeds alone", String::from_utf8(with("X-More: a")).unwrap().replace("\r\n", "\n").into(), 101),
        ("a tab for the blank", with("X-Tab:\ta"), 101),
        ("a value beyond ASCII", with("X-Value: ä"), 101),
        ("blank lines first", [b"\r\n\r\n".to_vec(), with("X-More: a")].concat(), 101),
    ]
}

fn handshakes() -> Vec<Asked> {
    let key = |key: &str| instead(KEY, &format!("Sec-WebSocket-Key: {key}"));
    let version = |version: &str| instead(VERSION, &format!("Sec-WebSocket-Version: {version}"));
    let upgrade = |to: &str| instead(UPGRADE, &format!("Upgrade: {to}"));
    let connection = |what: &str| instead(CONNECTION, &format!("Connection: {what}"));
    vec![
        ("an empty key", key(""), 400),
        ("a key of 15 bytes", key("AAAAAAAAAAAAAAAAAAAA"), 400),
        ("a key of 17 bytes", key("AAAAAAAAAAAAAAAAAAAAAAA="), 400),
        ("a key that is no base64", key("dGhlIHNhbXBsZSBub25jZQ!!"), 400),
        ("a key without its end", key("dGhlIHNhbXBsZSBub25jZQ"), 400),
        ("a key with bits left over", key("dGhlIHNhbXBsZSBub25jZR=="), 400),
        ("a key for addresses", key("__________________-_-A=="), 400),
        ("two keys in a line", key("dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="), 400),
        ("no key", instead(KEY, "X-Key: none"), 400),
        ("version 8", version("8"), 426),
        ("version 14", version("14"), 426),
        ("no number of a version", version("thirteen"), 426),
        ("an empty version", version(""), 426),
        ("versions 13 and 8", version("13, 8"), 426),
        ("no version", instead(VERSION, "X-Version: none"), 400),
        ("another protocol", upgrade("h2c"), 426),
        ("a protocol with a version", upgrade("websocket/13"), 426),
        ("an empty protocol", upgrade(""), 426),
        ("no protocol", instead(UPGRADE, "X-Upgrade: none"), 426),
        ("a list of protocols, ours among them", upgrade("h2c, WebSocket"), 101),
        ("a connection that goes on", connection("keep-alive"), 400),
        ("a connection that ends", connection("close"), 400),
        ("a word that begins like it", connection("Upgraded"), 400),
        ("no connection", instead(CONNECTION, "X-Connection: none"), 400),
        ("a list, ours among it", connection("keep-alive, upgrade"), 101),
        ("a session that nobody had", first("GET /v1/events/demo/ws?session=AAAAAAAAAAAAAAAAAAAAAA HTTP/1.1"), 101),
        ("a session that is none", first("GET /v1/events/demo/ws?session=%00%ff&session HTTP/1.1"), 101),
    ]
}

fn addresses() -> Vec<Asked> {
    vec![
        ("POST", first("POST /v1/events/demo/ws HTTP/1.1"), 405),
        ("a small get", first("get /v1/events/demo/ws HTTP/1.1"), 405),
        ("HEAD", first("HEAD /v1/events/demo/ws HTTP/1.1"), 400),
        ("CONNECT", first("CONNECT localhost:80 HTTP/1.1"), 405),
        ("OPTIONS of all", first("OPTIONS * HTTP/1.1"), 405),
        ("a method beyond all sense", first("GET{} / HTTP/1.1"), 400),
        ("HTTP 1.0", first("GET /v1/events/demo/ws HTTP/1.0"), 400),
        ("HTTP 1.2", first("GET /v1/events/demo/ws HTTP/1.2"), 400),
        ("HTTP 2.0", first("GET /v1/events/demo/ws HTTP/2.0"), 400),
        ("HTTP 0.9", first("GET /v1/events/demo/ws"), 400),
        ("the whole address", first("GET http://localhost/v1/events/demo/ws HTTP/1.1"), 101),
        ("an address of its own kind", first("GET file:///v1/events/demo/ws HTTP/1.1"), 400),
        ("no path", first("GET demo HTTP/1.1"), 400),
        ("a way up", first("GET /v1/events/../events/demo/ws HTTP/1.1"), 404),
        ("a hidden way up", first("GET /client/%2e%2e/%2e%2e/etc/passwd HTTP/1.1"), 404),
        ("a way down", first("GET /v1/events/demo/ws/more HTTP/1.1"), 404),
        ("a letter beyond ASCII", first("GET /v1/events/d\u{e9}mo/ws HTTP/1.1"), 101),
        ("a blank in the path", first("GET /v1/events/de mo/ws HTTP/1.1"), 400),
        ("a zero in the path", first("GET /v1/events/de\0mo/ws HTTP/1.1"), 400),
    ]
}

fn sizes() -> Vec<Asked> {
    let long = |len: usize| with(&format!("X-Long: {}", "a".repeat(len)));
    vec![
        ("a head of 9 KB", long(9_000), 431),
        ("a head of 60 KB", long(60_000), 431),
        ("a head of a megabyte", long(1_000_000), 431),
        ("a name of 9 KB", with(&format!("{}: a", "X".repeat(9_000))), 431),
        ("a path of 9 KB", first(&format!("GET /{} HTTP/1.1", "a".repeat(9_000))), 431),
        ("a path of 7 KB", first(&format!("GET /{} HTTP/1.1", "a".repeat(7_000))), 404),
        ("three hundred lines", with(&["X: a"; 300].join("\r\n")), 431),
        ("seventy lines", with(&["X: a"; 70].join("\r\n")), 101),
        ("a thousand protocols", with(&format!("Sec-WebSocket-Protocol: {}cheer.v1", "a,".repeat(1_000))), 101),
        (
            "a thousand pairs of a query",
            first(&format!("GET /v1/events/demo/ws?{} HTTP/1.1", "a=b&".repeat(1_000))),
            101,
        ),
    ]
}

fn other_tongues() -> Vec<Asked> {
    vec![
        ("TLS", [&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01][..], &[0xfc; 512]].concat(), 400),
        ("zeros", vec![0; 600], 400),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), 400),
        ("mail", b"EHLO localhost\r\nMAIL FROM:<a@b.example>\r\n\r\n".to_vec(), 400),
        ("Redis", b"*1\r\n$4\r\nPING\r\n".to_vec(), 400),
        ("a frame before the handshake", [vec![0x82, 0x80, 0, 0, 0, 0], with("X-More: a")].concat(), 400),
    ]
}

//! Pages of other origins cheer and watch only where the event's list says so; who names no origin is never asked.

use hyper::Method;

use crate::harness::{Raw, Server, Setup, request};

const CLUB: &str = "https://club.example";

/// The events `demo`, which lists nothing, `club`, which lists one origin, and `all`.
async fn three_events() -> Server {
    let event = |id: &str, more: &str| {
        format!("[[events]]\nid = '{id}'\nname = '{id}'\nteams = [{{ code = 'A', name = 'Ants' }}]\n{more}\n")
    };
    let list = format!("origins = ['{CLUB}']");
    let toml = [event("demo", ""), event("club", &list), event("all", "origins = 'any'")].concat();
    Setup::plain().file(&toml).start().await
}

/// The first frame after an upgrade: `None` for a message, or the code it is closed with.
async fn first(server: &Server, path: &str, origin: Option<&str>) -> Option<u16> {
    let line = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
    let mut raw = Raw::connect(server.fans).await.upgrade(path, &line, &[]).await;
    let (opcode, body) = raw.frame().await.unwrap();
    (opcode == 0x8).then(|| u16::from_be_bytes([body[0], body[1]]))
}

#[tokio::test]
async fn a_stranger_s_page_is_upgraded_and_closed_with_4503() {
    let server = three_events().await;
    for kind in ["ws", "feed"] {
        for (event, origin, code) in [
            ("demo", None, None),
            ("demo", Some("http://localhost"), None),
            ("demo", Some(CLUB), Some(4503)),
            ("club", Some(CLUB), None),
            ("club", Some("https://evil.example"), Some(4503)),
            ("club", Some("null"), Some(4503)),
            ("all", Some("https://evil.example"), None),
            // What is not there is not there for strangers either.
            ("nope", Some(CLUB), Some(4504)),
        ] {
            assert_eq!(first(&server, &format!("/v1/events/{event}/{kind}"), origin).await, code, "{event} {origin:?}");
        }
    }
    assert_eq!(server.metric("beat_origins_refused_total", &[]).await, Some(6.0));
}

#[tokio::test]
async fn a_stranger_s_page_gets_no_stream_but_the_public_answers() {
    let server = three_events().await;
    let ask = async |path: &str, origin| {
        let headers = [("accept", "text/event-stream"), ("origin", origin)];
        // Only the head: a stream has no end.
        let mut raw = Raw::connect(server.fans).await;
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        raw.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n")).await;
        raw.head().await.unwrap().split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(ask("/v1/events/club/feed", "https://evil.example").await, "403");
    assert_eq!(ask("/v1/events/club/feed", CLUB).await, "200");
    assert_eq!(ask("/v1/events/demo/feed", "http://localhost").await, "200");
    for path in ["/v1/events", "/v1/events/club", "/v1/events/club/beat", "/client/src/index.js"] {
        let page = request(server.fans, Method::GET, path, &[("origin", "https://evil.example")]).await;
        assert_eq!((page.status.as_u16(), page.header("access-control-allow-origin")), (200, "*"), "{path}");
    }
}

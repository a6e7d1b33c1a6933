//! A request's head, and what it asks for.

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use beat_protocol::SUBPROTOCOL_BINARY;

use super::board::Board;

/// A longer head is refused.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// What a head asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The rest of the head is still to come.
    Torn,
    /// An answer, after which the connection ends.
    Page(Vec<u8>),
    /// A fan with the answer to its handshake and the session it has, after so many bytes of head.
    Fan { answer: Vec<u8>, session: Option<String>, head: usize },
    /// A display with the answer to its handshake.
    Display(Vec<u8>),
}

/// Reads a head.
pub(super) fn ask(bytes: &[u8], board: &Board) -> Asked {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return Asked::Torn,
        _ => return Asked::Page(page("400 Bad Request", "")),
    };
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let of_event = path.strip_prefix("/v1/events/").and_then(|rest| rest.strip_prefix(board.event_id()));
    let key = header("sec-websocket-key").map(|key| derive_accept_key(key.as_bytes()));
    match (of_event, key) {
        (Some(""), _) => Asked::Page(page("200 OK", &board.event_page())),
        (Some("/beat"), _) => Asked::Page(page("200 OK", &board.latest().json)),
        (Some("/ws"), Some(accept)) => {
            let offered = header("sec-websocket-protocol").unwrap_or_default();
            if !offered.split(',').any(|one| one.trim() == SUBPROTOCOL_BINARY) {
                return Asked::Page(page("400 Bad Request", "only cheer.v1 is spoken here"));
            }
            let session = query.split('&').find_map(|pair| pair.strip_prefix("session=")).map(str::to_owned);
            let more = format!("Sec-WebSocket-Protocol: {SUBPROTOCOL_BINARY}\r\n");
            Asked::Fan { answer: upgrade(&accept, &more), session, head }
        }
        (Some("/feed"), Some(accept)) => Asked::Display(upgrade(&accept, "")),
        (Some("/ws" | "/feed"), None) => Asked::Page(page("426 Upgrade Required", "")),
        _ if path == "/metrics" => Asked::Page(page("200 OK", &board.metrics_page())),
        _ => Asked::Page(page("404 Not Found", "")),
    }
}

fn page(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

fn upgrade(accept: &str, more: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
    .into_bytes()
}

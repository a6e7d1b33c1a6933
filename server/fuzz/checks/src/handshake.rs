//! The head of a request, as it is read at the gateway's door.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use beat_server::fuzzing::{Answered, Door};
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response};
use tungstenite::http::{Method, Version, header};

static DOOR: LazyLock<Door> = LazyLock::new(Door::default);

/// What is answered in place is answered alike by hyper: the same head, the same kind of connection, the same bytes left
/// for it. Whoever is upgraded, by either, asked as RFC 6455 wants it, and gets the key that tungstenite would give.
pub fn handshake(bytes: &[u8]) {
    let by_hyper = DOOR.by_hyper(bytes);
    assert!(by_hyper.said.is_empty() || by_hyper.said.starts_with(b"HTTP/1."), "{by_hyper:?}");
    if let Some(in_place) = DOOR.in_place(bytes) {
        assert_eq!(in_place.upgraded, by_hyper.upgraded);
        assert_eq!(lines(&in_place), lines(&by_hyper));
    }
    // An answer before it was to another request.
    if by_hyper.upgraded.is_some() && by_hyper.said.starts_with(SWITCHING) {
        asked_well(bytes, &by_hyper);
    }
}

const SWITCHING: &[u8] = b"HTTP/1.1 101 ";

fn asked_well(bytes: &[u8], answered: &Answered) {
    // It reads fewer lines than hyper.
    let Ok(Some((len, request))) = Request::try_parse(bytes) else { return };
    let (_, early) = answered.upgraded.as_ref().expect("it was upgraded");
    assert_eq!(bytes[len..], early[..], "what follows the head is the connection's");
    assert_eq!((request.method(), request.version()), (&Method::GET, Version::HTTP_11));
    let headers = request.headers();
    let times = |name| headers.get_all(name).iter().count();
    assert_eq!((times(header::HOST), times(header::SEC_WEBSOCKET_KEY)), (1, 1), "{headers:?}");
    assert!(!headers.contains_key(header::TRANSFER_ENCODING), "{headers:?}");
    assert!(headers.get_all(header::CONTENT_LENGTH).iter().all(|len| len == "0"), "{headers:?}");
    assert!(headers.get_all(header::SEC_WEBSOCKET_VERSION).iter().all(|version| said(version.as_bytes(), "13")));
    assert!(headers.get_all(header::UPGRADE).iter().any(|to| said(to.as_bytes(), "websocket")), "{headers:?}");
    // It knows no list of protocols to upgrade to.
    if let Ok(theirs) = create_response(&request) {
        let key = theirs.headers()[header::SEC_WEBSOCKET_ACCEPT].to_str().expect("base64 is text");
        assert!(lines(answered).contains(&format!("sec-websocket-accept: {key}")), "{answered:?}");
    }
}

/// Whether a word stands in a list, whatever the case of its letters.
fn said(list: &[u8], word: &str) -> bool {
    list.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The lines of a head, in any order. The time is hyper's own.
fn lines(answered: &Answered) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(&answered.said);
    let lines = text.split("\r\n").map(str::to_owned);
    lines.filter(|line| !line.starts_with("date: ")).collect()
}

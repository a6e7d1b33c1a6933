//! WebSocket as a fan speaks it: the handshake and single frames, as bytes. Knows no socket.
//!
//! tungstenite reads and writes the heads; its own connections keep a buffer and a state machine each, which costs a fan
//! several times what it needs.

use std::io::Cursor;
use std::ops::Range;

use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::generate_request;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::target::Target;
use crate::tickets::Ticket;

/// Longer heads are refused by the server, too.
const HEAD_MAX: usize = 8 << 10;
const HEADERS_MAX: usize = 32;
/// A KEY of the largest roster is a fifth of it.
const PAYLOAD_MAX: u64 = 4 << 20;

/// The request for an upgrade, and the key its answer must fit.
pub(crate) fn request(target: &Target, session: Option<&str>, ticket: Option<&Ticket>) -> (Vec<u8>, String) {
    let request =
        target.fan_request(session, ticket).into_client_request().expect("addresses and sessions fit a request");
    generate_request(request).expect("a request made for this has what it needs")
}

/// What a server answered to the request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has not yet.
    Incomplete,
    /// Upgraded; frames follow after so many bytes.
    Upgraded(usize),
    /// Something else, with this status.
    Refused(u16),
    NotHttp,
}

/// Reads the answer's head.
pub(crate) fn answer(bytes: &[u8], key: &str) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_MAX => return Answer::Incomplete,
        _ => return Answer::NotHttp,
    };
    let Some(status) = response.code.filter(|&status| status != 101) else {
        let accept = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("sec-websocket-accept"));
        let fits = accept.is_some_and(|accept| accept.value == derive_accept_key(key.as_bytes()).as_bytes());
        return if fits { Answer::Upgraded(length) } else { Answer::NotHttp };
    };
    Answer::Refused(status)
}

/// What kind of frame came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Binary,
    Ping,
    Pong,
    Close,
}

/// One frame of the server's: where its payload stands, and where the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) payload: Range<usize>,
}

/// No frame that a server of this contract sends: masked, in pieces, too long, or no frame at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotAFrame;

/// The first frame in `bytes`; none, if it is not all there.
pub(crate) fn frame(bytes: &[u8]) -> Result<Option<Frame>, NotAFrame> {
    let mut cursor = Cursor::new(bytes);
    let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(|_| NotAFrame)? else { return Ok(None) };
    let kind = match header.opcode {
        OpCode::Data(Data::Text) => Kind::Text,
        OpCode::Data(Data::Binary) => Kind::Binary,
        OpCode::Control(Control::Ping) => Kind::Ping,
        OpCode::Control(Control::Pong) => Kind::Pong,
        OpCode::Control(Control::Close) => Kind::Close,
        OpCode::Data(_) | OpCode::Control(_) => return Err(NotAFrame),
    };
    if header.mask.is_some() || !header.is_final || length > PAYLOAD_MAX {
        return Err(NotAFrame);
    }
    let from = usize::try_from(cursor.position()).map_err(|_| NotAFrame)?;
    let to = from + usize::try_from(length).map_err(|_| NotAFrame)?;
    Ok((to <= bytes.len()).then_some(Frame { kind, payload: from..to }))
}

/// Appends a frame as a client sends it: masked.
pub(crate) fn put(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    let opcode = match kind {
        Kind::Text => OpCode::Data(Data::Text),
        Kind::Binary => OpCode::Data(Data::Binary),
        Kind::Ping => OpCode::Control(Control::Ping),
        Kind::Pong => OpCode::Control(Control::Pong),
        Kind::Close => OpCode::Control(Control::Close),
    };
    let mask: [u8; 4] = rand::random();
    let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
    header.format(payload.len() as u64, out).expect("a vector takes all");
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// Code and reason of a close; 1005 is what RFC 6455 calls one without a code.
pub(crate) fn close(payload: &[u8]) -> (u16, String) {
    match payload.split_first_chunk() {
        Some((code, reason)) => (u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()),
        None => (1005, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target::parse("ws://127.0.0.1:9", "demo".parse().unwrap(), &crate::trust::Trust::default()).unwrap()
    }

    #[test]
    fn a_handshake_asks_for_the_session_and_believes_only_the_answer_to_its_key() {
        let (request, key) = request(&target(), Some("abc"), None);
        let request = String::from_utf8(request).unwrap();
        assert!(request.starts_with("GET /v1/events/demo/ws?session=abc HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("sec-websocket-protocol: cheer.v1\r\n"), "{request}");
        let fitting = derive_accept_key(key.as_bytes());
        let head = |accept: &str| format!("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        let whole = head(&fitting);
        assert_eq!(answer(format!("{whole}\x01").as_bytes(), &key), Answer::Upgraded(whole.len()));
        assert_eq!(answer(&whole.as_bytes()[..whole.len() - 1], &key), Answer::Incomplete);
        assert_eq!(answer(head("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").as_bytes(), &key), Answer::NotHttp);
        assert_eq!(answer(b"HTTP/1.1 503 Full\r\nRetry-After: 1\r\n\r\n", &key), Answer::Refused(503));
        assert_eq!(answer(b"220 mail.example ESMTP\r\n", &key), Answer::NotHttp);
    }

    #[test]
    fn frames_are_found_one_after_the_other_and_half_a_frame_is_none() {
        let mut bytes = vec![0x82, 3, 1, 2, 3, 0x88, 2, 0x03, 0xe8];
        let first = frame(&bytes).unwrap().unwrap();
        assert_eq!(first, Frame { kind: Kind::Binary, payload: 2..5 });
        let second = frame(&bytes[first.payload.end..]).unwrap().unwrap();
        assert_eq!((second.kind, close(&bytes[7..])), (Kind::Close, (1000, String::new())));
        bytes.truncate(4);
        assert!((0..=4).all(|length| frame(&bytes[..length]) == Ok(None)));
        let long = [&[0x82, 126, 1, 0][..], &[7; 256]].concat();
        assert_eq!(frame(&long).unwrap().unwrap().payload, 4..260);
    }

    #[test]
    fn what_no_server_of_ours_sends_is_no_frame() {
        for bytes in
            [&[0x82, 0x81, 0, 0, 0, 0, 1][..], &[0x02, 1, 0], &[0x80, 1, 0], &[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0]]
        {
            assert_eq!(frame(bytes), Err(NotAFrame), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_sent_is_masked_anew_each_time_and_can_be_read() {
        let (mut one, mut two) = (Vec::new(), Vec::new());
        put(&mut one, Kind::Binary, b"cheer");
        put(&mut two, Kind::Binary, b"cheer");
        assert_eq!(one[..2], [0x82, 0x80 | 5]);
        assert_ne!(one[2..6], two[2..6], "a mask is drawn for each frame");
        let said: Vec<u8> = one[6..].iter().zip(one[2..6].iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(said, b"cheer");
    }
}

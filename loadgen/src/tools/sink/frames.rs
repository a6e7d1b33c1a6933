//! WebSocket frames as bytes: a server's are put together here, and a fan's short ones taken apart (RFC 6455, section 5.2).

use beat_protocol::CloseCode;

const FINAL: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const MASKED: u8 = 0x80;
/// Longer payloads state their length otherwise; no message of a fan is as long.
const SHORT_MAX: usize = 125;
/// Two bytes and the mask.
const HEADER_BYTES: usize = 6;

/// What stands at the front of a fan's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    Binary(&'a [u8]),
    /// The code and reason as they came.
    Close(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    /// The rest is still to come.
    Torn,
    /// Nothing this server listens to; what to close with.
    Refused(CloseCode),
}

/// Takes the frame at the front off `bytes`, unmasked in place; leaves them as they are if it is torn or refused.
pub(super) fn take<'a>(bytes: &mut &'a mut [u8]) -> Heard<'a> {
    let (first, length) = match **bytes {
        [] | [_] => return Heard::Torn,
        [first, length, ..] => (first, length),
    };
    if length & MASKED == 0 || first & FINAL == 0 {
        return Heard::Refused(CloseCode::ProtocolError);
    }
    let length = usize::from(length & !MASKED);
    if length > SHORT_MAX {
        return Heard::Refused(CloseCode::TooLong);
    }
    if bytes.len() < HEADER_BYTES + length {
        return Heard::Torn;
    }
    let (frame, rest) = std::mem::take(bytes).split_at_mut(HEADER_BYTES + length);
    *bytes = rest;
    let (header, payload) = frame.split_at_mut(HEADER_BYTES);
    for (byte, mask) in payload.iter_mut().zip(header[2..].iter().cycle()) {
        *byte ^= mask;
    }
    match first & !FINAL {
        BINARY => Heard::Binary(payload),
        CLOSE => Heard::Close(payload),
        PING => Heard::Ping(payload),
        PONG => Heard::Pong,
        TEXT => Heard::Refused(CloseCode::WrongKind),
        _ => Heard::Refused(CloseCode::ProtocolError),
    }
}

pub(super) fn text(payload: &[u8]) -> Vec<u8> {
    frame(TEXT, payload)
}

pub(super) fn binary(payload: &[u8]) -> Vec<u8> {
    frame(BINARY, payload)
}

pub(super) fn pong(payload: &[u8]) -> Vec<u8> {
    frame(PONG, payload)
}

/// A close with `payload`: two bytes of code and a reason, or nothing.
pub(super) fn close(payload: &[u8]) -> Vec<u8> {
    frame(CLOSE, payload)
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![FINAL | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short), _) if payload.len() <= SHORT_MAX => bytes.push(short),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, frame::Frame};

    use super::*;

    fn by_a_fan(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let mut frame = Frame::message(payload.to_vec(), OpCode::Data(Data::Binary), true);
        frame.header_mut().mask = Some(mask);
        let mut bytes = Vec::new();
        frame.format(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn a_fan_s_frame_is_read_whole_and_torn_wherever_it_is_cut(
            payload in vec(any::<u8>(), 0..126), mask in any::<[u8; 4]>(), cut in any::<prop::sample::Index>(),
        ) {
            let mut frame = by_a_fan(&payload, mask);
            let cut = cut.index(frame.len());
            let mut torn = frame[..cut].to_vec();
            prop_assert_eq!(take(&mut &mut torn[..]), Heard::Torn);
            let mut rest = &mut frame[..];
            prop_assert_eq!(take(&mut rest), Heard::Binary(&payload));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn what_is_written_is_what_tungstenite_reads(payload in vec(any::<u8>(), 0..70_000)) {
            let bytes = binary(&payload);
            let mut socket = WebSocket::from_raw_socket(std::io::Cursor::new(bytes), Role::Client, None);
            prop_assert_eq!(socket.read().unwrap().into_data(), payload);
        }
    }

    #[test]
    fn what_no_fan_sends_is_refused_with_the_contract_s_code() {
        for (bytes, code) in [
            (&mut [0x82, 0x05, 0, 0, 0, 0][..], CloseCode::ProtocolError),
            (&mut [0x02, 0x85, 0, 0, 0, 0], CloseCode::ProtocolError),
            (&mut [0x82, 0xfe, 0x01, 0x00, 0, 0], CloseCode::TooLong),
            (&mut [0x81, 0x80, 0, 0, 0, 0], CloseCode::WrongKind),
        ] {
            assert_eq!(take(&mut &mut bytes[..]), Heard::Refused(code));
        }
    }
}

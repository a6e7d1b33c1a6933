//! Finds the one kind of frame that nearly everything is: final, binary, masked, at most 125 bytes (RFC 6455, section 5.2).
//!
//! Whatever else a fan may send is for a full WebSocket library. Nothing is judged here, and nothing is kept.

const FINAL_BINARY: u8 = 0x82;
const MASKED: u8 = 0x80;
/// Longer payloads state their length otherwise.
const SHORT_MAX: u8 = 125;
/// Two bytes and the mask.
const HEADER_BYTES: usize = 6;

/// What stands at the front of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Scanned<'a> {
    /// The frame's payload, unmasked in place; the bytes go on after it.
    Payload(&'a [u8]),
    /// Nothing, or the beginning of such a frame.
    Torn,
    /// Something else.
    Other,
}

/// Takes the frame at the front off `bytes`, if it is whole and of that kind; else leaves them as they are.
#[inline]
pub fn scan<'a>(bytes: &mut &'a mut [u8]) -> Scanned<'a> {
    let len = match **bytes {
        [] | [FINAL_BINARY] => return Scanned::Torn,
        [FINAL_BINARY, len, ..] if (MASKED..=MASKED | SHORT_MAX).contains(&len) => usize::from(len & !MASKED),
        _ => return Scanned::Other,
    };
    if bytes.len() < HEADER_BYTES + len {
        return Scanned::Torn;
    }
    let (frame, rest) = std::mem::take(bytes).split_at_mut(HEADER_BYTES + len);
    *bytes = rest;
    let (header, payload) = frame.split_at_mut(HEADER_BYTES);
    let mask = [header[2], header[3], header[4], header[5]];
    let (words, rest) = payload.as_chunks_mut();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
    Scanned::Payload(payload)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use tungstenite::Message;
    use tungstenite::protocol::frame::Frame;
    use tungstenite::protocol::frame::coding::{Data, OpCode};
    use tungstenite::protocol::{Role, WebSocket};

    use super::*;

    /// What tungstenite makes of the same bytes: messages up to the first that is no binary one, or the end.
    fn by_tungstenite(bytes: &[u8]) -> Vec<Vec<u8>> {
        struct Input<'a>(&'a [u8]);
        impl std::io::Read for Input<'_> {
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(buf)
            }
        }
        impl std::io::Write for Input<'_> {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                Ok(buf.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut socket = WebSocket::from_raw_socket(Input(bytes), Role::Server, None);
        let mut messages = Vec::new();
        while let Ok(Message::Binary(payload)) = socket.read() {
            messages.push(payload.to_vec());
        }
        messages
    }

    fn scanned(bytes: &[u8]) -> (Vec<Vec<u8>>, usize, bool) {
        let mut bytes = bytes.to_vec();
        let mut rest = &mut bytes[..];
        let mut payloads = Vec::new();
        loop {
            match scan(&mut rest) {
                Scanned::Payload(payload) => payloads.push(payload.to_vec()),
                Scanned::Torn => return (payloads, rest.len(), false),
                Scanned::Other => return (payloads, rest.len(), true),
            }
        }
    }

    fn masked(payload: Vec<u8>, mask: [u8; 4]) -> Vec<u8> {
        let mut frame = Frame::message(payload, OpCode::Data(Data::Binary), true);
        frame.header_mut().mask = Some(mask);
        let mut bytes = Vec::new();
        frame.format(&mut bytes).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn frames_in_a_row_are_what_tungstenite_reads(frames in vec((vec(any::<u8>(), 0..126), any::<[u8; 4]>()), 0..20)) {
            let bytes: Vec<u8> = frames.iter().flat_map(|(payload, mask)| masked(payload.clone(), *mask)).collect();
            let payloads: Vec<_> = frames.into_iter().map(|(payload, _)| payload).collect();
            prop_assert_eq!(&by_tungstenite(&bytes), &payloads);
            prop_assert_eq!(scanned(&bytes), (payloads, 0, false));
        }

        #[test]
        fn a_frame_cut_anywhere_is_torn_and_whole_with_the_rest(
            payload in vec(any::<u8>(), 0..126), mask in any::<[u8; 4]>(), cut in any::<prop::sample::Index>(),
        ) {
            let frame = masked(payload.clone(), mask);
            let cut = cut.index(frame.len());
            prop_assert_eq!(scanned(&frame[..cut]), (vec![], cut, false));
            prop_assert_eq!(scanned(&frame), (vec![payload], 0, false));
        }

        #[test]
        fn of_any_bytes_it_takes_no_more_than_tungstenite_would(bytes in noise()) {
            let (payloads, _, _) = scanned(&bytes);
            let theirs = by_tungstenite(&bytes);
            prop_assert!(theirs.starts_with(&payloads), "{payloads:?} of {theirs:?}");
        }
    }

    /// Bytes that look like frames more often than chance has it.
    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let first = prop_oneof![Just(0x82), Just(0x81), Just(0x02), Just(0x00), Just(0x80), Just(0x89), any::<u8>()];
        let second = prop_oneof![0x80..=0x8fu8, Just(0xfe), Just(0xff), any::<u8>()];
        let piece = (first, second, vec(any::<u8>(), 0..24)).prop_map(|(first, second, rest)| {
            let mut piece = vec![first, second];
            piece.extend(rest);
            piece
        });
        vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }
}

//! WebSocket framing of whole messages from a server (RFC 6455, section 5.2): final, unmasked, never fragmented.

use beat_protocol::CloseCode;
use bytes::Bytes;

/// One message, to be framed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    /// UTF-8 text.
    Text(&'a [u8]),
    /// Bytes.
    Binary(&'a [u8]),
    /// The last one; the reason has at most 123 bytes.
    Close(CloseCode, &'a str),
}

impl Message<'_> {
    /// Frame header and payload.
    pub(crate) fn framed(self) -> Bytes {
        let mut frame = Vec::new();
        self.frame_into(&mut frame);
        frame.into()
    }

    /// Appends frame header and payload to `out`.
    pub(crate) fn frame_into(self, out: &mut Vec<u8>) {
        let code;
        let (opcode, parts): (u8, [&[u8]; 2]) = match self {
            Self::Text(payload) => (0x1, [payload, &[]]),
            Self::Binary(payload) => (0x2, [payload, &[]]),
            Self::Close(reason_code, reason) => {
                code = reason_code.as_u16().to_be_bytes();
                (0x8, [&code, reason.as_bytes()])
            }
        };
        out.push(0x80 | opcode);
        let len = parts[0].len() + parts[1].len();
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(short @ ..=125), _) => out.push(short),
            (_, Ok(medium)) => {
                out.push(126);
                out.extend_from_slice(&medium.to_be_bytes());
            }
            _ => {
                out.push(127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        for part in parts {
            out.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_their_shortest_form() {
        for (len, header) in [
            (0, &[0x82, 0][..]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65_535, &[0x82, 126, 0xff, 0xff]),
            (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = Message::Binary(&vec![7; len]).framed();
            assert_eq!((&frame[..header.len()], frame.len()), (header, header.len() + len));
        }
    }

    #[test]
    fn a_close_carries_its_code_in_network_order() {
        let frame = Message::Close(CloseCode::SessionTaken, "x").framed();
        assert_eq!(&frame[..], [0x88, 3, 0x11, 0x9d, b'x']);
    }
}

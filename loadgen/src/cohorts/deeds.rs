//! What is no message of the contract, and what a server is to answer.

/// One kind of nonsense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nonsense {
    pub(super) name: &'static str,
    pub(super) bytes: Bytes,
    /// The close codes it deserves; none: an HTTP error.
    pub(super) deserves: &'static [u16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Instead of a request.
    Request(&'static [u8]),
    /// As they are, after the welcome.
    Raw(&'static [u8]),
    /// A binary message, framed as it should be.
    Message(&'static [u8]),
    /// A text message on a binary connection.
    Text(&'static str),
}

/// One after the other, each member beginning with another.
pub(super) const KINDS: [Nonsense; 7] = [
    Nonsense { name: "a request that is none", bytes: Bytes::Request(b"CHEER demo JPN 1\r\n\r\n"), deserves: &[] },
    // Reserved bits set; no mask.
    Nonsense { name: "noise", bytes: Bytes::Raw(&[0xf3, 0x17, 0x9c, 0x42, 0x00, 0xff, 0x31, 0x77]), deserves: &[1002] },
    Nonsense { name: "an unmasked frame", bytes: Bytes::Raw(&[0x82, 0x01, 0x01, 0, 0, 0, 0, 0]), deserves: &[1002] },
    Nonsense { name: "text", bytes: Bytes::Text("{\"cheer\":{\"JPN\":1}}"), deserves: &[1003] },
    Nonsense { name: "an unknown type", bytes: Bytes::Message(&[0x7f, 1, 2, 3]), deserves: &[4500] },
    Nonsense { name: "a torn CHEER", bytes: Bytes::Message(&[0x01, 0, 0, 9]), deserves: &[4500] },
    Nonsense { name: "300 bytes", bytes: Bytes::Message(&[0x01; 300]), deserves: &[1009] },
];

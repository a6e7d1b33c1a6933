//! CHEER and BASE, as a server reads them.

use beat_protocol::{ClientFrame, RECORDS_MAX};

/// Exactly the bytes the contract describes are a frame; reading in place and decoding agree; what is decoded is encoded
/// to the same bytes.
pub fn client_frame(bytes: &[u8]) {
    let (read, decoded) = (ClientFrame::read(bytes), ClientFrame::decode(bytes));
    let is_frame = matches!(bytes, [0x01 | 0x02, body @ ..] if body.len() % 6 == 0 && (1..=RECORDS_MAX).contains(&(body.len() / 6)));
    assert_eq!(decoded.is_ok(), is_frame, "{decoded:?}");
    let (read, decoded) = match (read, decoded) {
        (Ok(read), Ok(decoded)) => (read, decoded),
        (read, decoded) => return assert_eq!(read.err(), decoded.err()),
    };
    let is_cheer = [matches!(read, ClientFrame::Cheer(_)), matches!(decoded, ClientFrame::Cheer(_))];
    assert_eq!(is_cheer, [bytes[0] == 0x01; 2]);
    assert!(read.records().clone().eq(decoded.records()), "{read:?} and {decoded:?}");
    let mut encoded = Vec::new();
    decoded.encode(&mut encoded);
    assert_eq!(encoded, bytes);
}

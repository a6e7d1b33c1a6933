//! Frames that no client may send.

use super::{BINARY, BYTES, CLOSE, FINAL, JSON, PING, PONG, Row, TEXT, cheer, upgraded};
use crate::harness::{mask, masked};

pub(super) fn rows() -> Vec<Row> {
    let unmasked = |opcode: u8, payload: &[u8]| [&[FINAL | opcode, 5][..], &payload[..5]].concat();
    let twice = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
    let rows = vec![
        ("unmasked", BINARY, unmasked(BYTES, &cheer(0..1, 1)), 1002),
        ("unmasked text", JSON, unmasked(TEXT, b"hello"), 1002),
        ("reserved bit 1", BINARY, mask(FINAL | 0x40 | BYTES, &cheer(0..1, 1)), 1002),
        ("reserved bit 2", BINARY, mask(FINAL | 0x20 | BYTES, &cheer(0..1, 1)), 1002),
        ("reserved bit 3", JSON, mask(FINAL | 0x10 | TEXT, b"{}"), 1002),
        ("reserved opcode 3", BINARY, masked(0x3, b""), 1002),
        ("reserved opcode 11", JSON, masked(0xb, b""), 1002),
        ("a fragmented ping", BINARY, mask(PING, b"p"), 1002),
        ("a long ping", BINARY, masked(PING, &[0; 126]), 1002),
        ("a continuation of nothing", BINARY, masked(0x0, b"x"), 1002),
        ("a message inside another", BINARY, twice(mask(BYTES, &[1]), masked(BYTES, &[1])), 1002),
        ("a close of one byte", BINARY, masked(CLOSE, &[3]), 1002),
        ("a close with a reserved code", JSON, masked(CLOSE, &1005u16.to_be_bytes()), 1002),
        ("257 bytes", BINARY, masked(BYTES, &[1; 257]), 1009),
        ("257 characters", JSON, masked(TEXT, &[b' '; 257]), 1009),
        (
            "a length beyond all sense",
            BINARY,
            [&[FINAL | BYTES, 0xff][..], &(1u64 << 62).to_be_bytes(), &[0; 4]].concat(),
            1009,
        ),
        ("257 bytes in parts", BINARY, twice(mask(BYTES, &[1; 200]), masked(0x0, &[1; 57])), 1009),
        ("text on a binary connection", BINARY, masked(TEXT, br#"{"cheer":{"T0":1}}"#), 1003),
        ("bytes on a JSON connection", JSON, masked(BYTES, &cheer(0..1, 1)), 1003),
        ("no UTF-8", JSON, masked(TEXT, b"{\"cheer\":{\"\xff\":1}}"), 1007),
        ("UTF-8 that is cut off", JSON, masked(TEXT, b"\xf0\x9f"), 1007),
        ("all reserved bits", BINARY, mask(FINAL | 0x70 | PING, b""), 1002),
        ("reserved opcode 7 in the middle of a message", BINARY, twice(mask(BYTES, &[1]), masked(0x7, b"")), 1002),
        ("a fragmented pong", JSON, mask(PONG, b"p"), 1002),
        ("a fragmented close", JSON, mask(CLOSE, &1000u16.to_be_bytes()), 1002),
        ("a long pong", JSON, masked(PONG, &[0; 126]), 1002),
        ("a long close", BINARY, masked(CLOSE, &[&1000u16.to_be_bytes()[..], &[b'a'; 124]].concat()), 1002),
        ("a ping of 64 KiB", BINARY, masked(PING, &[0; 65_536]), 1009),
        ("a close whose reason is no UTF-8", BINARY, masked(CLOSE, &[0x03, 0xe8, 0xff]), 1007),
        ("a close with no code there is", BINARY, masked(CLOSE, &0u16.to_be_bytes()), 1002),
        ("unmasked in the middle of a message", BINARY, twice(mask(BYTES, &[1]), vec![0x80, 1, 1]), 1002),
        ("a length of 16 bits", BINARY, masked(BYTES, &[1; 65_535]), 1009),
        ("a length of 64 bits", JSON, masked(TEXT, &[b' '; 65_536]), 1009),
        ("a length of 64 bits, the first set", JSON, [&[FINAL | TEXT][..], &[0xff; 9], &[0; 4]].concat(), 1009),
        ("a megabyte", BINARY, masked(BYTES, &vec![1; 1 << 20]), 1009),
        ("a message of 60 parts", JSON, [mask(TEXT, b"    "), mask(0x0, b"     ").repeat(60)].concat(), 1009),
        ("HTTP instead of frames", JSON, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), 1002),
        ("nothing but zeros", BINARY, vec![0; 64], 1002),
        ("nothing but ones", BINARY, vec![0xff; 64], 1002),
    ];
    rows.into_iter().map(upgraded).collect()
}

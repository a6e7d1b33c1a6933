//! Too much of what would be fine.

use futures_util::future::join_all;

use super::{BINARY, BYTES, FANS, FINAL, JSON, PING, PONG, Row, Seen, TEXT, at, cheer, upgraded};
use crate::harness::{Raw, Server, mask, masked};

pub(super) fn rows() -> Vec<Row> {
    let cheer_39 = cheer(39..40, 1);
    let fragments = |opcode: u8| [mask(opcode, b""), mask(0x0, b"").repeat(9_000)].concat();
    let mut rows: Vec<_> = [
        ("pings", BINARY, masked(PING, b"").repeat(60), 1008),
        ("long pings", JSON, masked(PING, &[0; 125]).repeat(60), 1008),
        ("pongs", JSON, masked(PONG, b"so").repeat(60), 1008),
        ("pings and pongs", BINARY, [masked(PING, b""), masked(PONG, b"")].concat().repeat(30), 1008),
        ("empty fragments", BINARY, fragments(BYTES), 1008),
        ("empty fragments of a text", JSON, fragments(TEXT), 1008),
        ("BASEs", BINARY, masked(BYTES, &[0x02, 0, 0, 0, 0, 0, 0]).repeat(60), 4429),
        ("the same in fragments", BINARY, [mask(BYTES, &[0x02]), masked(0x0, &[0; 6])].concat().repeat(60), 4429),
    ]
    .map(upgraded)
    .into();
    let flood = |name, protocol, bytes| Row { counted: Some((39, 0..=2)), ..upgraded((name, protocol, bytes, 4429)) };
    rows.push(flood("CHEERs", BINARY, masked(BYTES, &cheer_39).repeat(60)));
    rows.push(flood("CHEERs in JSON", JSON, masked(TEXT, br#"{"cheer":{"T39":1}}"#).repeat(60)));
    rows.push(Row {
        way: at("/v1/events/demo/feed?top=1", ""),
        ..upgraded(("a display that says too much", "", masked(FINAL | BYTES, &[0; 250]).repeat(200), 1008))
    });
    rows.push(Row {
        seen: Seen::Lives,
        ..upgraded((
            "as many CHEERs as a burst may have",
            BINARY,
            masked(BYTES, &[0x02, 0, 0, 0, 0, 0, 0]).repeat(35),
            0,
        ))
    });
    rows.push(Row {
        way: at(FANS, BINARY),
        seen: Seen::Lives,
        ..upgraded(("as many pings as a burst may have", BINARY, masked(PING, b"").repeat(15), 0))
    });
    rows
}

/// As many connections as the server holds, and as many more: those that find no place are told so, within a second; those
/// that ask for nothing are told when their time is over.
pub(super) async fn of_connections(server: &Server) {
    let mut crowd = Vec::new();
    for _ in 0..500 {
        crowd.push(Raw::connect(server.fans).await);
    }
    let answers = join_all(crowd.iter_mut().map(Raw::status)).await;
    let times = |status| answers.iter().filter(|answer| **answer == Some(status)).count();
    assert_eq!(times(408) + times(503), crowd.len(), "{answers:?}");
    assert!(times(503) > 50, "{} of {} turned away", times(503), crowd.len());
}

/// Fans who come, say nothing, and are gone without a word.
pub(super) async fn of_fans(server: &Server) {
    let crowd = (0..300).map(async |_| Raw::connect(server.fans).await.upgrade(FANS, BINARY, &[]).await);
    for mut fan in join_all(crowd).await {
        assert!(matches!(fan.frame().await, Ok((TEXT, _))), "no welcome");
    }
}

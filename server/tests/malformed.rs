//! What is odd, but no row of `hostile.rs`: it needs more than bytes and an answer.

use std::time::Duration;

use crate::harness::{Display, End, Raw, Setup, mask, masked, within};
use crate::hostile::{BINARY, BYTES, CLOSE, JSON, PING, TEXT, cheer};

#[tokio::test]
async fn a_refusal_is_seen_by_who_goes_on_sending() {
    let server = Setup::ten_teams().start().await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", BINARY, &[]).await;
    raw.send(masked(BYTES, &[9])).await;
    for _ in 0..50 {
        raw.send(masked(BYTES, &cheer(0..8, 1))).await;
    }
    assert_eq!(raw.end().await, End::Closed(4500));
    assert_eq!(raw.end_of_stream().await, End::Eof);
    assert_eq!(server.taps("counted").await, 0.0);
}

#[tokio::test]
async fn a_drip_of_empty_fragments_is_ended() {
    // A read costs as much as 64 bytes: so many reads empty this bucket, and one a second fills it.
    let server = Setup::ten_teams().set("limits.bytes_burst", 4_096).set("limits.bytes_per_second", 64).start().await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", BINARY, &[]).await;
    raw.send(mask(BYTES, b"")).await;
    let mut bytes = 0;
    while raw.send(mask(0x0, b"")).await {
        bytes += 6;
        assert!(bytes < 4_096, "still taken in after {bytes} bytes");
        // The drip: no read may find several.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(raw.end().await, End::Closed(1008));
}

#[tokio::test]
async fn fragments_with_a_ping_between_them_are_one_message() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", JSON, &[]).await;
    raw.send(
        [mask(TEXT, br#"{"cheer":"#), masked(PING, b"here?"), mask(0x0, b""), masked(0x0, br#"{"T6":3}}"#)].concat(),
    )
    .await;
    display.until_total(3).await;
    let pong = within("the pong", async {
        loop {
            if let (0xa, payload) = raw.frame().await.unwrap() {
                return payload;
            }
        }
    })
    .await;
    assert_eq!(pong, b"here?");
    raw.send(masked(CLOSE, &1000u16.to_be_bytes())).await;
    assert_eq!(raw.end().await, End::Closed(1000), "a goodbye is returned");
    assert_eq!(raw.end_of_stream().await, End::Eof);
}

#[tokio::test]
async fn what_a_display_sends_is_ignored() {
    let server = Setup::ten_teams().start().await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/feed", "", &[]).await;
    raw.send([masked(TEXT, br#"{"cheer":{"T0":1}}"#), masked(BYTES, &cheer(0..1, 1)), masked(TEXT, b"x")].concat())
        .await;
    for _ in 0..5 {
        assert_eq!(raw.frame().await.unwrap().0, TEXT);
    }
    assert_eq!(server.taps("counted").await, 0.0);
}

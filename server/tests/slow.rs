//! A client that does not read costs itself beats, and nobody else anything.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::harness::{Display, End, Fan, Raw, Server, Setup, Shown, until, within};

const TEXT: u8 = 0x1;
const FAN: &str = "/v1/events/demo/ws";
const FEED: &str = "/v1/events/demo/feed";

/// A roster of 800 teams, so that a beat is large: as a KEY in JSON about 8 KB, on the feed about 60 KB.
fn large() -> Setup {
    let mut roster = "code,name\n".to_owned();
    for team in 0..800 {
        writeln!(roster, "T{team},Team number {team}").unwrap();
    }
    Setup::plain()
        .file("[[events]]\nid = 'demo'\nname = 'Demo'\nroster = 'large.csv'")
        .beside("large.csv", &roster)
        .set("beat.interval_ms", 50)
        // Every beat is a KEY.
        .set("beat.key_interval_ms", 50)
}

async fn stuck(server: &Server, path: &str) -> Raw {
    Raw::narrow(server.fans, 2_048).await.upgrade(path, "", &[]).await
}

async fn skipped(server: &Server) -> f64 {
    server.metric("beat_beats_skipped_total", &[]).await.unwrap_or(0.0)
}

/// The beats of a stuck client that reads again: whole frames, and then the newest.
async fn reads_again(server: &Server, mut raw: Raw, number_of: impl Fn(&[u8]) -> Option<u32>) {
    let newest = Display::at(server, "/v1/events/demo/feed?top=1").await.next().await.unwrap().beat;
    let mut numbers = Vec::new();
    within("the newest beat", async {
        while numbers.last().is_none_or(|last| *last < newest) {
            let (opcode, payload) = raw.frame().await.unwrap();
            assert_eq!(opcode, TEXT);
            numbers.extend(number_of(&payload));
        }
    })
    .await;
    assert!(numbers.is_sorted(), "{numbers:?}");
    let old = numbers.iter().filter(|number| **number < newest).count();
    let gap = numbers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(gap > 5, "beats were skipped, not queued: {numbers:?}");
    assert!(old <= 12, "at most what the kernel held and one tail: {numbers:?} before {newest}");
}

#[tokio::test]
async fn others_get_their_beats_and_a_stuck_display_gets_the_newest_when_it_reads_again() {
    let server = large().start().await;
    let raw = stuck(&server, FEED).await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    until("beats are skipped", async || (skipped(&server).await >= 12.0).then_some(())).await;
    let from = display.next().await.unwrap().beat;
    let mut seen = BTreeSet::new();
    for _ in 0..12 {
        seen.insert(display.next().await.unwrap().beat);
    }
    assert!(seen.last().unwrap() - from <= 24, "an ordinary display misses none or, on a busy machine, few: {seen:?}");
    fan.beat().await;
    reads_again(&server, raw, |payload| Some(serde_json::from_slice::<Shown>(payload).unwrap().beat)).await;
}

#[tokio::test]
async fn a_stuck_fan_gets_the_newest_beat_when_it_reads_again() {
    let server = large().start().await;
    let raw = stuck(&server, FAN).await;
    let mut other = Fan::join(&server).await;
    until("beats are skipped", async || (skipped(&server).await >= 8.0).then_some(())).await;
    other.beat().await;
    reads_again(&server, raw, |payload| {
        let message: serde_json::Value = serde_json::from_slice(payload).unwrap();
        message["beat"].as_u64().map(|beat| u32::try_from(beat).unwrap())
    })
    .await;
}

#[tokio::test]
async fn a_stuck_fan_is_still_heard() {
    let server = large().start().await;
    let mut raw = stuck(&server, FAN).await;
    let mut display = Display::watch(&server).await;
    until("beats are skipped", async || (skipped(&server).await >= 3.0).then_some(())).await;
    raw.send(crate::harness::masked(TEXT, br#"{"cheer":{"T7":9}}"#)).await;
    display.until_total(9).await;
}

#[tokio::test]
async fn memory_is_bounded_however_many_are_stuck() {
    let server = large().start().await;
    let mut crowd = Vec::new();
    for _ in 0..40 {
        crowd.push(stuck(&server, FEED).await);
        crowd.push(stuck(&server, FAN).await);
    }
    until("all are stuck", async || (skipped(&server).await >= 200.0).then_some(())).await;
    let before = server.resident_bytes();
    until("twenty more beats each", async || (skipped(&server).await >= 1_200.0).then_some(())).await;
    let after = server.resident_bytes();
    // Queued, a thousand beats of 60 KB would be 60 MB.
    assert!(after < before + (6 << 20), "from {before} to {after} bytes");
}

#[tokio::test]
async fn who_reads_nothing_at_all_is_let_go() {
    let server = large().set("limits.unread_ms", 300).start().await;
    let mut raw = stuck(&server, FEED).await;
    until("it is closed", async || {
        (server.metric("beat_closes_total", &["code=\"4408\""]).await == Some(1.0)).then_some(())
    })
    .await;
    until("its place is free", async || {
        (server.metric("beat_readers", &["kind=\"display\""]).await == Some(0.0)).then_some(())
    })
    .await;
    assert!(matches!(raw.end().await, End::Eof | End::Reset | End::Closed(4408)));
}

#[tokio::test]
async fn a_reader_of_server_sent_events_that_reads_nothing_is_let_go() {
    let server = large().set("limits.unread_ms", 300).start().await;
    let mut raw = Raw::narrow(server.fans, 2_048).await;
    raw.send("GET /v1/events/demo/feed HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n").await;
    assert!(raw.head().await.unwrap().starts_with("HTTP/1.1 200 "));
    until("its place is free", async || {
        (server.metric("beat_readers", &["kind=\"display\""]).await == Some(0.0)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn stuck_readers_of_server_sent_events_cost_a_bounded_memory() {
    let server = large().start().await;
    let mut crowd = Vec::new();
    for _ in 0..30 {
        let mut raw = Raw::narrow(server.fans, 2_048).await;
        raw.send("GET /v1/events/demo/feed HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n").await;
        raw.head().await.unwrap();
        crowd.push(raw);
    }
    let mut display = Display::watch(&server).await;
    let settled = display.next().await.unwrap().beat + 20;
    display.until("all are stuck", |shown| shown.beat >= settled).await;
    let before = server.resident_bytes();
    display.until("thirty more beats", |shown| shown.beat >= settled + 30).await;
    let after = server.resident_bytes();
    // Queued, they would be 54 MB.
    assert!(after < before + (6 << 20), "from {before} to {after} bytes");
}

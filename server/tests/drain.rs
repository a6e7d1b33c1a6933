//! A planned stop: everyone is told how far they were heard, and nothing that was heard is lost.

use std::time::Instant;

use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::harness::{Display, End, Fan, Heard, Raw, Server, Setup, Speech, Wish, get, masked, until, within};

/// Cheers until told to stop: the marks and the reason.
async fn cheer_to_the_end(mut fan: Fan, team: u16) -> (Vec<(u16, u32)>, u16, String) {
    let mut total = 0;
    let mut marks = Vec::new();
    within("a fan is sent away", async {
        loop {
            total += 3;
            drop(fan.try_cheer(&[(team, total)]).await);
            match fan.hear().await {
                Heard::Beat(_) => {}
                Heard::Marks(said) => marks = said,
                Heard::Closed(code, reason) => return (marks, code, reason),
                Heard::Gone => panic!("gone without a word, after {marks:?}"),
            }
        }
    })
    .await
}

fn retry_ms(reason: &str) -> u64 {
    let reason: serde_json::Value = serde_json::from_str(reason).unwrap();
    reason["retry_ms"].as_u64().unwrap()
}

async fn crowd(server: &Server, fans: u16) -> Vec<(u16, Fan)> {
    let mut crowd = Vec::new();
    for nth in 0..fans {
        let speech = if nth % 2 == 0 { Speech::Binary } else { Speech::Json };
        crowd.push((nth % 10, Wish::new(speech).join(server).await));
    }
    crowd
}

#[tokio::test]
async fn everyone_is_sent_away_with_marks_and_every_tap_is_kept() {
    let setup = Setup::ten_teams().kept().tireless().shards(2).set("drain.window_ms", 1_000);
    let mut server = setup.start().await;
    let crowd = crowd(&server, 24).await;
    let cheering: Vec<_> = crowd.into_iter().map(|(team, fan)| tokio::spawn(cheer_to_the_end(fan, team))).collect();
    Display::watch(&server).await.until("all are heard", |shown| shown.total >= 24 * 3).await;
    let began = Instant::now();
    server.signal(Signal::TERM);
    let mut sum = 0;
    for fan in cheering {
        let (marks, code, reason) = fan.await.unwrap();
        assert_eq!(code, 1012);
        assert!(retry_ms(&reason) <= 1_000, "{reason}");
        let [(_, total)] = marks[..] else { panic!("{marks:?}") };
        sum += u64::from(total);
    }
    assert_eq!(server.exit_code().await, Some(0));
    assert!(began.elapsed().as_secs_f64() < 4.0, "a window of 1 s took {:?}", began.elapsed());

    let server = setup.start().await;
    let shown = Display::watch(&server).await.next().await.unwrap();
    assert_eq!(shown.total, sum, "MARKS tell what counts, to the tap");
}

#[tokio::test]
async fn fans_leave_over_the_whole_window_and_not_at_once() {
    let mut server = Setup::ten_teams().set("drain.window_ms", 800).start().await;
    let crowd = crowd(&server, 16).await;
    let began = Instant::now();
    server.signal(Signal::INT);
    let leaving = crowd.into_iter().map(|(_, mut fan)| async move {
        // Who never cheered has no marks.
        assert_eq!(fan.close().await.0, 1012);
        began.elapsed().as_millis()
    });
    let mut left = futures_util::future::join_all(leaving).await;
    left.sort_unstable();
    assert!(left[15] - left[0] >= 400, "{left:?}");
    assert!(left[7] - left[0] >= 200, "{left:?}");
    assert_eq!(server.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_draining_gateway_takes_nobody_in_and_says_so() {
    let server = Setup::ten_teams().shards(2).set("drain.window_ms", 2_000).start().await;
    let _crowd = crowd(&server, 20).await;
    let mut display = Display::watch(&server).await;
    server.signal(Signal::TERM);
    until("the listeners close", async || TcpStream::connect(server.fans).await.is_err().then_some(())).await;
    let ready = get(server.admin, "/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["draining"]), (503, &true.into()));
    assert_eq!(get(server.admin, "/healthz").await.status.as_u16(), 200);
    within("a display is sent away, too", async { while display.next().await.is_some() {} }).await;
}

#[tokio::test]
async fn who_keeps_on_reading_only_gets_beats_until_the_marks() {
    let mut server = Setup::ten_teams().set("drain.window_ms", 100).start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 4), (6, 2)]).await;
    Display::watch(&server).await.until_total(6).await;
    server.signal(Signal::TERM);
    assert_eq!(fan.marks().await, [(0, 4), (6, 2)]);
    assert!(matches!(fan.hear().await, Heard::Closed(1012, _)), "nothing comes between MARKS and the close");
    assert_eq!(server.exit_code().await, Some(0));
}

#[tokio::test]
async fn marks_are_the_next_base() {
    let setup = Setup::ten_teams().kept().set("drain.window_ms", 100);
    let mut server = setup.start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(2, 5)]).await;
    Display::watch(&server).await.until_total(5).await;
    server.signal(Signal::TERM);
    let marks = fan.marks().await;
    assert_eq!(server.exit_code().await, Some(0));

    let server = setup.start().await;
    let mut again = Wish::new(Speech::Binary).session(&fan.welcome.session).join(&server).await;
    assert!(!again.welcome.resumed, "sessions do not outlive their gateway");
    again.base(&marks).await;
    again.cheer(&[(2, 7)]).await;
    Display::watch(&server).await.until_total(7).await;
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = Setup::ten_teams().set("drain.window_ms", 60_000).start().await;
    let _crowd = crowd(&server, 2).await;
    server.signal(Signal::TERM);
    until("it drains", async || (get(server.admin, "/readyz").await.json()["draining"] == true).then_some(())).await;
    let began = Instant::now();
    server.signal(Signal::TERM);
    assert_ne!(server.exit_code().await, Some(0));
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn without_anybody_it_stops_at_once() {
    let mut server = Setup::ten_teams().kept().start().await;
    let began = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.exit_code().await, Some(0));
    assert!(began.elapsed().as_secs() < 2, "nobody was there, and the window of 5 s was waited out");
    until("it says so", async || server.log().contains("everything counted is in the store").then_some(())).await;
}

#[tokio::test]
async fn who_comes_in_while_it_drains_is_sent_away_with_marks_too() {
    let mut server = Setup::ten_teams().kept().set("drain.window_ms", 1_000).start().await;
    let mut crowd = crowd(&server, 10).await;
    let mut late = Raw::connect(server.fans).await;
    late.send("GET /v1/events/demo/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n").await;
    until("it is taken in", async || (server.metric("beat_connections", &[]).await == Some(11.0)).then_some(())).await;
    server.signal(Signal::TERM);
    // The first has left, and its seat is free.
    let (_, mut first) = crowd.remove(0);
    assert_eq!(first.close().await.0, 1012);
    assert_eq!(first.hear().await, Heard::Gone);
    late.send(
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    .await;
    let answer = late.head().await.expect("an answer");
    if answer.starts_with("HTTP/1.1 101 ") {
        late.send(masked(0x1, br#"{"cheer":{"T0":1}}"#)).await;
        assert_eq!(late.end().await, End::Closed(1012));
    } else {
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
    assert_eq!(server.exit_code().await, Some(0));
}

#[tokio::test]
async fn who_does_not_read_keeps_nobody_waiting() {
    // Every beat is a KEY of ten teams in JSON; a few seconds of them would be needed to fill any other buffer.
    let mut server = Setup::ten_teams()
        .set("beat.interval_ms", 50)
        .set("beat.key_interval_ms", 50)
        .set("limits.unsent_bytes", 1)
        .set("drain.window_ms", 300)
        .start()
        .await;
    let mut stuck = Vec::new();
    for path in ["/v1/events/demo/feed", "/v1/events/demo/ws"] {
        stuck.push(Raw::narrow(server.fans, 2_048).await.upgrade(path, "", &[]).await);
    }
    until("the display is stuck", async || server.metric("beat_beats_skipped_total", &[]).await.filter(|n| *n > 3.0))
        .await;
    let mut fan = Fan::join(&server).await;
    let began = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(fan.close().await.0, 1012);
    assert_eq!(server.exit_code().await, Some(0));
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}

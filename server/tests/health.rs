//! Operators can tell a server that serves from one that only runs, and every number moves that can.

use hyper::Method;
use rustix::process::Signal;

use crate::harness::{Display, Fan, Raw, Setup, Speech, Stream, Wish, get, masked, request, until};

#[tokio::test]
async fn ready_means_that_beats_arrive() {
    let mut server = Setup::ten_teams().kept().set("drain.window_ms", 1_500).start_at_once().await;
    assert_eq!(get(server.admin, "/healthz").await.status.as_u16(), 200);
    // From the first answer on it is either not ready, or has a beat to show.
    until("it is ready", async || {
        let ready = get(server.admin, "/readyz").await;
        let has_beat = !ready.json()["beat_age_ms"]["demo"].is_null();
        assert_eq!(ready.status.as_u16() == 200, ready.json()["ready"] == true);
        assert!(has_beat || ready.status.as_u16() == 503, "{}", ready.text());
        (ready.status.as_u16() == 200).then_some(())
    })
    .await;
    let ready = get(server.admin, "/readyz").await.json();
    assert!(ready["flush_age_ms"].as_u64().unwrap() < 2_000 && ready["draining"] == false, "{ready}");
    let _crowd = [Fan::join(&server).await, Fan::join(&server).await];
    server.signal(Signal::TERM);
    until("it is not ready while it drains", async || {
        (get(server.admin, "/readyz").await.status.as_u16() == 503).then_some(())
    })
    .await;
    assert_eq!(server.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_beat_that_nobody_waits_for_has_an_answer() {
    let server = Setup::ten_teams().start_at_once().await;
    let page = get(server.fans, "/v1/events/demo/beat").await;
    match page.status.as_u16() {
        200 => assert_eq!(page.json()["total"], 0),
        503 => assert_eq!(page.header("retry-after"), "1"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn every_metric_moves() {
    let server =
        Setup::ten_teams().kept().set("limits.connections", 6).set("beat.frames_per_second_per_shard", 1).start().await;
    let cadence = server.metric("beat_cadence_seconds", &[]).await.unwrap();
    let mut fans = [Fan::join(&server).await, Wish::new(Speech::Json).join(&server).await];
    let mut display = Display::watch(&server).await;
    let mut stream = Stream::open(server.fans, "/v1/events/demo/feed", &[]).await;
    stream.block().await;
    let mut malformed = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", "", &[]).await;
    let _idle = Raw::connect(server.fans).await;
    until("all have arrived", async || (server.metric("beat_connections", &[]).await == Some(6.0)).then_some(())).await;
    assert!(Raw::connect(server.fans).await.head().await.unwrap().contains(" 503 "));
    malformed.send(masked(0x1, b"boo")).await;
    malformed.end().await;
    fans[0].cheer(&[(0, 100)]).await;
    fans[1].cheer(&[(1, 2)]).await;
    display.until("both are heard", |shown| shown.total > 24).await;
    for (name, labels) in [
        ("beat_taps_total", &["event=\"demo\"", "team=\"T0\"", "fate=\"counted\""][..]),
        ("beat_taps_total", &["team=\"T0\"", "fate=\"shadowed\""]),
        ("beat_frames_in_total", &["shard=\"0\""]),
        ("beat_bytes_in_total", &[]),
        ("beat_beats_out_total", &[]),
        ("beat_bytes_out_total", &[]),
        ("beat_closes_total", &["code=\"1007\""]),
        ("beat_turned_away_total", &[]),
        ("beat_readers", &["kind=\"fan\""]),
        ("beat_readers", &["kind=\"display\""]),
        ("beat_flush_seconds_count", &[]),
        ("beat_flush_seconds_bucket", &["le=\"0.01\""]),
        ("beat_age_seconds", &["event=\"demo\""]),
        ("beat_flush_age_seconds", &[]),
    ] {
        let value = server.metric(name, labels).await;
        assert!(value.is_some_and(|value| value >= 0.0), "{name} {labels:?}: {value:?}");
        if name.ends_with("_total") || name.ends_with("_count") || name == "beat_readers" {
            assert!(value > Some(0.0), "{name} {labels:?}: {value:?}");
        }
    }
    assert_eq!(server.metric("beat_readers", &["kind=\"display\""]).await, Some(2.0), "both kinds of feed");
    drop(fans);
    until("they rest", async || (server.metric("beat_sessions_resting", &[]).await >= Some(2.0)).then_some(())).await;
    drop((display, stream));
    until("all are gone", async || (server.metric("beat_readers", &[]).await == Some(0.0)).then_some(())).await;
    // One frame a second is more than this shard is said to take: fans are asked to wait longer.
    let mut fan = Fan::join(&server).await;
    let mut total = 0;
    until("the cadence rises", async || {
        total += 1;
        fan.cheer(&[(0, total)]).await;
        fan.beat().await;
        (server.metric("beat_cadence_seconds", &[]).await > Some(cadence)).then_some(())
    })
    .await;
    until("and fans are told", async || (f64::from(fan.beat().await.cadence_ms) > cadence * 1_000.0).then_some(()))
        .await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_ends_nothing() {
    let server = Setup::ten_teams().set("log", "debug").deaf().start().await;
    let mut display = Display::watch(&server).await;
    // Each turn is logged.
    for step in ["close", "open", "close"] {
        let turned = request(server.admin, Method::POST, &format!("/v1/events/demo/{step}"), &[]).await;
        assert_eq!(turned.status.as_u16(), 200);
    }
    Fan::join(&server).await.cheer(&[(0, 1)]).await;
    display.until("it counts and beats", |shown| shown.total == 1).await;
}

/// The others move in their own claims: late taps in `events`, skipped beats in `slow`, failures and stale beats in
/// `outage`.
#[tokio::test]
async fn every_metric_says_what_it_is() {
    let server = Setup::ten_teams().start().await;
    Fan::join(&server).await.cheer(&[(0, 1)]).await;
    Display::watch(&server).await.until_total(1).await;
    let page = get(server.admin, "/metrics").await;
    assert!(page.header("content-type").starts_with("text/plain"), "{}", page.header("content-type"));
    let page = page.text();
    let mut names: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|rest| rest.split(' ').next().unwrap())
        .collect();
    names.sort_unstable();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        assert!(name.starts_with("beat_"), "{name}");
        assert!(page.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

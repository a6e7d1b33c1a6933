//! What is received is counted, shadowed or late, and places are bounded.

use crate::harness::{Display, Fan, Raw, Server, Setup, Speech, Wish, until};

/// Waits until so many taps of all fates were received, and returns (counted, shadowed, late).
async fn fates(server: &Server, received: f64) -> (f64, f64, f64) {
    until("all taps are received", async || {
        let fates = (server.taps("counted").await, server.taps("shadowed").await, server.taps("late").await);
        let sum = fates.0 + fates.1 + fates.2;
        assert!(sum <= received, "{fates:?} of {received}");
        (sum == received).then_some(fates)
    })
    .await
}

#[tokio::test]
async fn received_is_counted_and_shadowed_and_late() {
    let server = Setup::ten_teams().start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 500), (1, 7)]).await;
    let (counted, shadowed, late) = fates(&server, 507.0).await;
    assert!((24.0..=32.0).contains(&counted), "{counted} counted of a bucket of 24");
    assert_eq!((counted + shadowed, late), (507.0, 0.0));
    let of_team = |team: &'static str| async move { format!("team=\"{team}\"") };
    let first = server.metric("beat_taps_total", &[&of_team("T0").await]).await.unwrap();
    let second = server.metric("beat_taps_total", &[&of_team("T1").await]).await.unwrap();
    assert_eq!((first, second), (500.0, 7.0));
    let shown = Display::watch(&server).await.until("the bucket is shown", |shown| shown.total > 0).await;
    #[expect(clippy::cast_precision_loss, reason = "a few taps")]
    let total = shown.total as f64;
    assert_eq!(total, counted, "and only what counts is shown");
}

#[tokio::test]
async fn a_session_gains_sixteen_taps_a_second() {
    let server = Setup::ten_teams().start().await;
    let mut fan = Fan::join(&server).await;
    let began = std::time::Instant::now();
    let mut sent = 0;
    for _ in 0..8 {
        sent += 40;
        fan.cheer(&[(0, sent)]).await;
        fan.beat().await;
    }
    let (counted, ..) = fates(&server, f64::from(sent)).await;
    let at_most = 24.0 + 16.0 * began.elapsed().as_secs_f64();
    assert!(counted <= at_most + 1.0, "{counted} counted in {:?}", began.elapsed());
    assert!(counted >= 24.0 + 16.0, "{counted} counted in {:?}", began.elapsed());
}

#[tokio::test]
async fn a_new_socket_brings_no_new_bucket() {
    let server = Setup::ten_teams().start().await;
    let began = std::time::Instant::now();
    let mut fan = Fan::join(&server).await;
    for round in 1..=5 {
        fan.cheer(&[(0, round * 24)]).await;
        fates(&server, f64::from(round * 24)).await;
        fan = Wish::new(Speech::Binary).session(&fan.welcome.session).join(&server).await;
        assert!(fan.welcome.resumed);
    }
    let counted = server.taps("counted").await;
    assert!(counted <= 24.0 + 16.0 * began.elapsed().as_secs_f64() + 1.0, "{counted} in {:?}", began.elapsed());
}

#[tokio::test]
async fn a_ninth_team_is_shadowed_once_however_often_it_is_stated() {
    let server = Setup::ten_teams().start().await;
    let mut fan = Fan::join(&server).await;
    let eight: Vec<_> = (0..8).map(|team| (team, 1)).collect();
    fan.cheer(&eight).await;
    for _ in 0..3 {
        fan.cheer(&[(8, 5)]).await;
        fan.cheer(&eight).await;
    }
    assert_eq!(fates(&server, 13.0).await, (8.0, 5.0, 0.0));
    fan.cheer(&[(0, 2)]).await;
    assert_eq!(fates(&server, 14.0).await, (9.0, 5.0, 0.0));
}

#[tokio::test]
async fn repeated_lower_and_reordered_totals_change_nothing() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    for total in [3, 1, 3, 9, 2, 9, 0, 8] {
        fan.cheer(&[(2, total), (2, total / 2)]).await;
    }
    display.until_total(9).await;
    fan.cheer(&[(2, 10)]).await;
    display.until_total(10).await;
    assert_eq!(fates(&server, 10.0).await, (10.0, 0.0, 0.0));
}

#[tokio::test]
async fn who_finds_no_place_is_told_when_to_come_back() {
    let server = Setup::ten_teams().set("limits.connections", 3).start().await;
    let mut fans = [Fan::join(&server).await, Fan::join(&server).await, Fan::join(&server).await];
    let mut fourth = Raw::connect(server.fans).await;
    let answer = fourth.head().await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: "), "{answer}");
    assert_eq!(server.metric("beat_turned_away_total", &[]).await, Some(1.0));
    fans[0].cheer(&[(0, 1)]).await;
    fates(&server, 1.0).await;
    let [first, ..] = fans;
    drop(first);
    until("a place is free again", async || (server.metric("beat_connections", &[]).await == Some(2.0)).then_some(()))
        .await;
    Fan::join(&server).await;
}

#[tokio::test]
async fn a_cheer_in_the_packet_of_the_handshake_counts() {
    let server = Setup::ten_teams().start().await;
    let cheer = crate::harness::masked(0x1, br#"{"cheer":{"T4":3}}"#);
    let _fan = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", "", &cheer).await;
    assert_eq!(fates(&server, 3.0).await, (3.0, 0.0, 0.0));
}

#[tokio::test]
async fn totals_up_to_the_last_u32_are_received_and_do_not_wrap() {
    let server = Setup::ten_teams().start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, u32::MAX)]).await;
    let received = f64::from(u32::MAX);
    let (counted, shadowed, _) = fates(&server, received).await;
    assert!((24.0..=40.0).contains(&counted), "{counted} counted, {shadowed} shadowed");
    fan.cheer(&[(0, 5), (1, 1)]).await;
    fates(&server, received + 1.0).await;
    let json = Wish::new(Speech::Json).session(&fan.welcome.session).join(&server).await.marks().await;
    assert_eq!(json, [(0, u32::MAX), (1, 1)]);
}

#[tokio::test]
async fn a_session_is_never_written_to_a_log() {
    let server = Setup::ten_teams().set("log", "trace").start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 1)]).await;
    let mut again = Wish::new(Speech::Binary).session(&fan.welcome.session).join(&server).await;
    again.cheer(&[(0, 2)]).await;
    Display::watch(&server).await.until_total(2).await;
    assert!(!server.log().is_empty(), "with trace something is said");
    assert!(!server.log().contains(&again.welcome.session));
}

//! A fan whose network drops loses nothing on the same gateway, and counts nothing twice on any.

use crate::harness::{Display, Fan, Heard, Server, Setup, Speech, Wish};

/// Comes back as `speech`, asking for the session of `before`.
async fn back(server: &Server, speech: Speech, before: &Fan) -> Fan {
    Wish::new(speech).session(&before.welcome.session).join(server).await
}

#[tokio::test]
async fn a_fan_who_returns_on_another_socket_is_exact() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    for (round, speech) in [(0, Speech::Binary), (1, Speech::Json)] {
        let so_far = round * 12;
        let mut fan = Wish::new(speech).join(&server).await;
        assert_eq!((fan.welcome.session.len(), fan.welcome.resumed), (22, false));
        fan.cheer(&[(1, 5), (2, 2)]).await;
        display.until_total(so_far + 7).await;

        let session = fan.welcome.session.clone();
        let mut again = back(&server, speech, &fan).await;
        assert_eq!((again.welcome.session.as_str(), again.welcome.resumed), (session.as_str(), true));
        assert_eq!(again.marks().await, [(1, 5), (2, 2)]);
        drop(fan);
        again.cheer(&[(1, 5), (2, 4)]).await;
        again.cheer(&[(1, 8)]).await;
        display.until_total(so_far + 12).await;
    }
    assert_eq!(server.taps("counted").await, 24.0);
}

#[tokio::test]
async fn marks_outlive_a_socket_that_ended_first() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(3, 4)]).await;
    display.until_total(4).await;
    let session = fan.welcome.session.clone();
    drop(fan);
    crate::harness::until("the session rests", async || {
        (server.metric("beat_sessions_resting", &[]).await == Some(1.0)).then_some(())
    })
    .await;
    let mut again = Wish::new(Speech::Binary).session(&session).join(&server).await;
    assert!(again.welcome.resumed);
    again.cheer(&[(3, 6)]).await;
    display.until_total(6).await;
}

#[tokio::test]
async fn marks_are_forgotten_after_their_time() {
    let server = Setup::ten_teams().set("limits.session_ms", 50).start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(3, 4)]).await;
    let session = fan.welcome.session.clone();
    drop(fan);
    // A claim takes the marks up while they rest; it lets go at once, and their time begins anew.
    let slow = crate::harness::until("the marks are forgotten", async || {
        tokio::time::sleep(std::time::Duration::from_millis(80)).await;
        let again = Wish::new(Speech::Binary).session(&session).join(&server).await;
        (!again.welcome.resumed).then_some(again)
    })
    .await;
    assert_ne!(slow.welcome.session, session);
}

#[tokio::test]
async fn an_unknown_session_is_never_adopted() {
    let server = Setup::ten_teams().start().await;
    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    for session in [unknown, "", "short", "%00", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let fan = Wish::new(Speech::Binary).session(session).join(&server).await;
        assert!(!fan.welcome.resumed, "{session:?}");
        assert_ne!(fan.welcome.session, session);
        assert_eq!(fan.welcome.session.len(), 22);
    }
}

#[tokio::test]
async fn a_second_socket_closes_the_first_and_takes_its_marks() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut first = Fan::join(&server).await;
    first.cheer(&[(0, 3)]).await;
    display.until_total(3).await;
    let mut second = back(&server, Speech::Json, &first).await;
    assert_eq!(first.close().await.0, 4509);
    assert_eq!(second.marks().await, [(0, 3)]);
    // What the first still says is heard by nobody.
    drop(first.try_cheer(&[(0, 20)]).await);
    second.cheer(&[(0, 4)]).await;
    display.until_total(4).await;
    assert_eq!(server.taps("counted").await, 4.0);
}

#[tokio::test]
async fn a_session_that_moves_between_shards_stays_exact() {
    const MOVES: u32 = 24;
    let server = Setup::ten_teams().shards(2).tireless().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    for total in 1..=MOVES {
        fan.cheer(&[(7, total)]).await;
        display.until_total(total.into()).await;
        let mut next = back(&server, Speech::Binary, &fan).await;
        assert!(next.welcome.resumed, "move {total}");
        assert_eq!(fan.close().await.0, 4509, "move {total}");
        assert_eq!(next.marks().await, [(7, total)]);
        fan = next;
    }
    // The kernel spreads sockets by their ports: that all of them met one shard is a chance in millions.
    for shard in ["0", "1"] {
        let frames = server.metric("beat_frames_in_total", &[&format!("shard=\"{shard}\"")]).await.unwrap();
        assert!(frames > 0.0, "shard {shard} took no part");
    }
    assert_eq!(server.taps("counted").await, f64::from(MOVES));
}

#[tokio::test]
async fn many_sockets_that_claim_one_session_at_once_count_it_once() {
    let server = Setup::ten_teams().shards(2).tireless().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(4, 10)]).await;
    display.until_total(10).await;
    let claims = (0..12).map(|_| back(&server, Speech::Binary, &fan));
    let mut claimants = futures_util::future::join_all(claims).await;
    for claimant in &mut claimants {
        // As after every welcome: what was handed to any socket, then the totals. Some are closed by now.
        if !claimant.welcome.resumed {
            claimant.base(&[(4, 10)]).await;
        }
        drop(claimant.try_cheer(&[(4, 10)]).await);
    }
    let mut last = Fan::join(&server).await;
    last.cheer(&[(4, 1)]).await;
    display.until_total(11).await;
    assert_eq!(server.taps("counted").await, 11.0);
}

#[tokio::test]
async fn base_counts_only_what_goes_beyond() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut total = 0;
    for speech in [Speech::Binary, Speech::Json] {
        let mut fan = Wish::new(speech).join(&server).await;
        fan.base(&[(0, 100), (1, 50)]).await;
        fan.base(&[(0, 90)]).await;
        fan.cheer(&[(0, 99), (1, 53)]).await;
        fan.cheer(&[(0, 102)]).await;
        total += 3 + 2;
        display.until_total(total).await;
    }
}

#[tokio::test]
async fn base_is_ignored_after_the_teams_first_cheer() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 1)]).await;
    fan.base(&[(0, 10), (1, 10)]).await;
    fan.cheer(&[(0, 12), (1, 13)]).await;
    let shown = display.until_total(12 + 3).await;
    assert_eq!((shown.total_of("T0"), shown.total_of("T1")), (12, 3));
}

#[tokio::test]
async fn base_is_ignored_on_a_resumed_session() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 2)]).await;
    display.until_total(2).await;
    let mut again = back(&server, Speech::Binary, &fan).await;
    again.base(&[(0, 8), (5, 8)]).await;
    again.cheer(&[(0, 8), (5, 8)]).await;
    let shown = display.until_total(16).await;
    assert_eq!((shown.total_of("T0"), shown.total_of("T5")), (8, 8));
}

#[tokio::test]
async fn a_session_belongs_to_its_event() {
    let teams = "teams = [{ code = 'T0', name = 'Team 0' }]";
    let server = Setup::plain()
        .file(&format!("[[events]]\nid='demo'\nname='A'\n{teams}\n[[events]]\nid='other'\nname='B'\n{teams}"))
        .start()
        .await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 2)]).await;
    let elsewhere = Wish::new(Speech::Binary).event("other").session(&fan.welcome.session).join(&server).await;
    assert!(!elsewhere.welcome.resumed);
    // The first socket was not disturbed.
    assert!(matches!(fan.hear().await, Heard::Beat(_)));
}

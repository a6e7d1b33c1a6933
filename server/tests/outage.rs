//! A store that takes nothing for a while costs no tap, and everyone sees that the numbers are old.

use rustix::process::Signal;

use crate::harness::{Display, Fan, Setup, get, until};

fn setup() -> Setup {
    // So that the reserve of beat numbers is used up soon.
    Setup::ten_teams().kept().tireless().set("beat.interval_ms", 50)
}

#[tokio::test]
async fn a_full_disk_is_told_to_everyone_and_loses_nothing() {
    let setup = setup();
    let server = setup.start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 10)]).await;
    display.until_total(10).await;

    server.disk_is_full(true);
    fan.cheer(&[(0, 25)]).await;
    until("flushes fail", async || server.metric("beat_flush_failures_total", &[]).await).await;
    let stale = display.until("the last beat is repeated, stale", |shown| shown.flags == ["stale"]).await;
    assert_eq!(stale.total, 10, "nothing is shown that a crash could take back");
    let again = display.next().await.unwrap();
    assert_eq!((again.beat, again.flags), (stale.beat, stale.flags));
    until("the fan is told as well", async || (fan.beat().await.flags == [beat_protocol::Flag::Stale]).then_some(()))
        .await;
    let ready = get(server.admin, "/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (503, &false.into()));
    assert!(server.metric("beat_append_failures_total", &[]).await.unwrap() > 0.0);
    assert!(server.metric("beat_stale_total", &[]).await.unwrap() > 0.0);
    // Counting goes on meanwhile.
    fan.cheer(&[(0, 30)]).await;
    until("it counts", async || (server.taps("counted").await == 30.0).then_some(())).await;

    server.disk_is_full(false);
    let healed = display.until("the beats go on", |shown| shown.flags.is_empty() && shown.total == 30).await;
    assert!(healed.beat > stale.beat);
    until("it is ready", async || (get(server.admin, "/readyz").await.status.as_u16() == 200).then_some(())).await;
    server.kill().await;
    let server = setup.start().await;
    assert_eq!(Display::watch(&server).await.next().await.unwrap().total, 30);
}

#[tokio::test]
async fn a_stop_while_the_disk_is_full_waits_no_longer_than_it_may_and_says_what_is_lost() {
    let setup = setup().set("drain.window_ms", 100).set("drain.flush_ms", 300);
    let mut server = setup.start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 10)]).await;
    Display::watch(&server).await.until_total(10).await;
    server.disk_is_full(true);
    fan.cheer(&[(0, 12)]).await;
    until("flushes fail", async || server.metric("beat_flush_failures_total", &[]).await).await;
    let began = std::time::Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(fan.marks().await, [(0, 12)]);
    assert_eq!(fan.close().await.0, 1012);
    assert_eq!(server.exit_code().await, Some(1));
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
    let server = setup.start().await;
    assert_eq!(Display::watch(&server).await.next().await.unwrap().total, 10, "what was acknowledged is there");
}

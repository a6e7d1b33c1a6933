//! A process that is killed loses what it had not flushed, and never shows more or less than that.

use std::cell::Cell;

use rustix::process::Signal;

use crate::harness::{Display, Fan, Server, Setup, within};

const FANS: u16 = 4;

/// What one fan has ever handed to a socket, as a client keeps it.
#[derive(Default)]
struct Thumb(Cell<u32>);

impl Thumb {
    /// Joins as a client that comes back does, and cheers until the connection ends.
    async fn cheer(&self, server: &Server, team: u16) {
        let mut fan = Fan::join(server).await;
        let before = self.0.get();
        if before > 0 {
            fan.base(&[(team, before)]).await;
        }
        loop {
            self.0.set(self.0.get() + 2);
            if fan.try_cheer(&[(team, self.0.get())]).await.is_err() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(7)).await;
        }
    }
}

fn sent(thumbs: &[Thumb]) -> u64 {
    thumbs.iter().map(|thumb| u64::from(thumb.0.get())).sum()
}

#[tokio::test]
async fn published_totals_survive_every_kill_and_never_exceed_what_was_sent() {
    // Frames and taps far beyond a human's rate, so that every flush has something to lose.
    let setup = Setup::ten_teams()
        .kept()
        .tireless()
        .set("limits.frames_per_second", 10_000)
        .set("limits.frames_burst", 10_000)
        .set("limits.bytes_per_second", 10_000_000)
        .set("limits.bytes_burst", 10_000_000);
    let thumbs: Vec<Thumb> = (0..FANS).map(|_| Thumb::default()).collect();
    let mut published = 0;
    let mut beat = 0;
    for kill in 0..5 {
        let server = setup.start().await;
        let mut display = Display::watch(&server).await;
        let first = display.next().await.unwrap();
        assert!(first.total >= published, "{} after {published} was shown, kill {kill}", first.total);
        assert!(first.total <= sent(&thumbs), "{} of {}", first.total, sent(&thumbs));
        assert!(first.beat > beat, "beat {} after {beat}", first.beat);
        let cheering = thumbs.iter().zip(0..).map(|(thumb, team)| thumb.cheer(&server, team));
        let watching = async {
            let begin = first.total;
            let mut before = first;
            // A while longer each time, so that the kills fall everywhere between two flushes.
            while before.total < begin + 300 + 37 * kill {
                let sent_before = sent(&thumbs);
                let shown = display.next().await.unwrap();
                assert!(shown.beat > before.beat || !shown.flags.is_empty(), "{shown:?} after {before:?}");
                assert!(shown.total >= before.total, "{shown:?} after {before:?}");
                assert!(shown.total <= sent(&thumbs), "{} of {}", shown.total, sent(&thumbs));
                assert!(sent_before <= sent(&thumbs));
                before = shown;
            }
            before
        };
        let last = within("a few hundred taps", async {
            tokio::select! {
                last = watching => last,
                _ = futures_util::future::join_all(cheering) => panic!("the fans were cut off"),
            }
        })
        .await;
        (published, beat) = (last.total, last.beat);
        server.kill().await;
    }
    // Nobody cheers any more: what is in the store now stays as it is.
    let server = setup.start().await;
    let still = Display::watch(&server).await.next().await.unwrap();
    assert!((published..=sent(&thumbs)).contains(&still.total), "{} of {}", still.total, sent(&thumbs));
    assert!(still.beat > beat);
    assert_eq!(still.rate, 0.0, "a restart is no roar");
}

#[tokio::test]
async fn what_a_beat_has_shown_is_on_disk() {
    let setup = Setup::ten_teams().kept().tireless();
    for total in [100, 250, 999] {
        let server = setup.start().await;
        let mut fan = Fan::join(&server).await;
        let before = Display::watch(&server).await.next().await.unwrap().total;
        fan.cheer(&[(1, total)]).await;
        Display::watch(&server).await.until_total(before + u64::from(total)).await;
        // On the very beat that shows it.
        server.kill().await;
    }
    let server = setup.start().await;
    assert_eq!(Display::watch(&server).await.next().await.unwrap().total, 100 + 250 + 999);
}

#[tokio::test]
async fn old_taps_are_no_roar_after_a_restart() {
    let setup = Setup::ten_teams().kept().tireless();
    let server = setup.start().await;
    Fan::join(&server).await.cheer(&[(0, 1_000_000)]).await;
    Display::watch(&server).await.until_total(1_000_000).await;
    server.kill().await;
    let server = setup.start_at_once().await;
    let mut display = Display::watch(&server).await;
    for _ in 0..15 {
        let shown = display.next().await.unwrap();
        assert_eq!((shown.total, shown.rate), (1_000_000, 0.0), "{shown:?}");
    }
}

#[tokio::test]
async fn beat_numbers_rise_over_many_quick_restarts() {
    let setup = Setup::ten_teams().kept();
    let mut last = 0;
    let mut t0_ms = None;
    for restart in 0..5 {
        let mut server = setup.start().await;
        let mut display = Display::watch(&server).await;
        for _ in 0..3 {
            let shown = display.next().await.unwrap();
            assert!(shown.beat > last, "beat {} after {last}, restart {restart}", shown.beat);
            last = shown.beat;
        }
        let welcome = Fan::join(&server).await.welcome;
        assert_eq!(*t0_ms.get_or_insert(welcome.t0_ms), welcome.t0_ms, "t0 is fixed once per event");
        if restart % 2 == 0 {
            server.kill().await;
        } else {
            server.signal(Signal::TERM);
            server.exit_code().await;
        }
    }
}

#[tokio::test]
async fn a_base_after_a_crash_counts_nothing_twice() {
    let setup = Setup::ten_teams().kept();
    let server = setup.start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 6), (1, 3)]).await;
    Display::watch(&server).await.until_total(9).await;
    server.kill().await;
    let server = setup.start().await;
    let mut fan = Fan::join(&server).await;
    fan.base(&[(0, 6), (1, 3)]).await;
    fan.cheer(&[(0, 6), (1, 3)]).await;
    fan.cheer(&[(0, 8), (1, 4)]).await;
    Display::watch(&server).await.until_total(12).await;
}

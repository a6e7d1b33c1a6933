//! What may happen to a gateway, and to the way of fans to it.

use std::rc::Rc;

use rustix::process::Signal;

use super::{FANS, RATE, Scene, on_one_thread};
use crate::harness::{Crowd, GATEWAYS, Meeting, TAPS_A_FRAME, until};

/// Gateways killed, one after the other.
const KILLS: usize = 20;

#[tokio::test]
async fn gateways_killed_amid_taps_lose_a_flush_each_and_nothing_counts_twice() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let mut scene = Scene::new(meeting, crowd).await;
        for nth in 0..KILLS {
            // Its successor first, so that there is always someone who knows.
            scene.succeed(nth % GATEWAYS).await.kill().await;
            scene.taps(40).await;
        }
        let fate = Rc::clone(&scene.crowd.fate);
        let outcome = scene.settle().await;
        let (cut_off, lost) = (fate.dropped.get(), outcome.sent - outcome.counted.min(outcome.sent));
        println!("killed {KILLS} times, {cut_off} fans cut off: {lost} lost of {} sent", outcome.sent);
        // A flush interval is shorter than a cadence: a frame of each fan; and as much again on the wire.
        outcome.assert_lost_at_most(cut_off * u64::from(2 * TAPS_A_FRAME));
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_was_stopped_joins_what_it_counts_after() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let at = (meeting.conductor().await + 1) % GATEWAYS;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        scene.meeting.gateways[at].signal(Signal::STOP);
        // Three seconds of them: short of what a gateway takes from one fan at once.
        scene.taps(3 * RATE).await;
        scene.meeting.gateways[at].signal(Signal::CONT);
        scene.goes_on(200).await;
        let outcome = scene.settle().await;
        println!(
            "stopped 3 s: rates {:?} of {RATE}, {} counted of {} sent",
            outcome.rates, outcome.counted, outcome.sent
        );
        outcome.assert_lost_at_most(0);
        outcome.assert_no_roar();
    })
    .await;
}

#[tokio::test]
async fn fans_who_move_between_gateways_by_drops_count_nothing_twice() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let crowd = Crowd::roaming(&meeting.gateways, 60);
        let scene = Scene::new(meeting, crowd).await;
        until("hundreds of drops", async || (scene.crowd.fate.dropped.get() >= 500).then_some(())).await;
        let fate = Rc::clone(&scene.crowd.fate);
        let outcome = scene.settle().await;
        let (dropped, resumed) = (fate.dropped.get(), fate.resumed.get());
        println!(
            "60 fans, {dropped} drops, {resumed} resumed: {} counted of {} sent, {} lost",
            outcome.counted,
            outcome.sent,
            outcome.sent - outcome.counted
        );
        // On the wire is the last frame before a drop, where the gateway reads a frame within a cadence; twice as much
        // for a busy machine.
        outcome.assert_lost_at_most(dropped * u64::from(2 * TAPS_A_FRAME));
    })
    .await;
}

#[tokio::test]
async fn all_gateways_restarted_one_by_one_as_planned_lose_nothing() {
    on_one_thread(async {
        let mut meeting = Meeting::new().await;
        meeting.setup = meeting.setup.set("drain.window_ms", 500);
        // All of them with that window.
        for at in 0..GATEWAYS {
            meeting.gateways[at] = meeting.setup.start().await;
        }
        let crowd = Crowd::at(&meeting.gateways, 30);
        let mut scene = Scene::new(meeting, crowd).await;
        for at in 0..GATEWAYS {
            scene.goes_on(100).await;
            let mut old = scene.succeed(at).await;
            old.signal(Signal::TERM);
            assert_eq!(old.exit_code().await, Some(0), "{}", old.log());
        }
        scene.goes_on(100).await;
        let fate = Rc::clone(&scene.crowd.fate);
        let outcome = scene.settle().await;
        println!(
            "rolling restart: {} fans sent away, {} dropped, {} counted of {} sent",
            fate.sent_away.get(),
            fate.dropped.get(),
            outcome.counted,
            outcome.sent
        );
        outcome.assert_lost_at_most(0);
    })
    .await;
}

//! What may happen to a gateway, and to the way of fans to it.

use std::rc::Rc;
use std::time::Duration;

use rustix::process::Signal;

use super::{FANS, RATE, Scene, on_one_thread};
use crate::harness::{Crowd, GATEWAYS, Meeting, Server, TAPS_A_FRAME, Watcher, until};

/// Gateways killed, one after the other.
const KILLS: usize = 50;

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
        // Three seconds of them: short of what a gateway takes from one fan at once, and of what a fan waits.
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
async fn fans_of_a_gateway_stopped_for_ten_seconds_go_elsewhere_and_nothing_counts_twice() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let at = (meeting.conductor().await + 1) % GATEWAYS;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        scene.meeting.gateways[at].signal(Signal::STOP);
        scene.taps(10 * RATE).await;
        scene.meeting.gateways[at].signal(Signal::CONT);
        scene.goes_on(2 * RATE).await;
        let fate = Rc::clone(&scene.crowd.fate);
        let outcome = scene.settle().await;
        let (left, lost) = (fate.dropped.get(), outcome.sent - outcome.counted.min(outcome.sent));
        println!(
            "stopped 10 s: {left} times a fan left, rates {:?} of {RATE}, {lost} lost of {} sent",
            outcome.rates, outcome.sent
        );
        // On the wire is what a fan sent there before it left: for five seconds and a little more, 16 taps in each.
        outcome.assert_lost_at_most(left * 6 * 16);
        outcome.assert_no_roar();
    })
    .await;
}

#[tokio::test]
async fn a_conductor_stopped_for_five_seconds_publishes_no_level_of_the_past() {
    on_one_thread(async {
        let mut meeting = Meeting::new().await;
        let at = meeting.conductor().await;
        // Nobody cheers at the one that is to be stopped: what it says of rates afterwards is all of the past.
        meeting.gateways.rotate_left(at);
        let crowd = Crowd::at(&meeting.gateways[1..], FANS);
        let scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        scene.meeting.gateways[0].signal(Signal::STOP);
        scene.taps(4 * RATE).await;
        scene.crowd.lift();
        let others = &scene.watchers[1..];
        let is_calm = async || {
            others.iter().all(|watcher| watcher.take_rates().is_some_and(|(_, high)| high == 0.0)).then_some(())
        };
        until("no thumb moves, and levels say so", is_calm).await;
        scene.meeting.gateways[0].signal(Signal::CONT);
        let seen: Vec<u64> = scene.watchers.iter().map(Watcher::messages).collect();
        until("thirty beats with it back", async || {
            scene.watchers.iter().zip(&seen).all(|(watcher, seen)| watcher.messages() >= seen + 30).then_some(())
        })
        .await;
        let high = others.iter().filter_map(Watcher::take_rates).map(|(_, high)| high).fold(0.0, f64::max);
        let outcome = scene.settle().await;
        println!(
            "conductor stopped 5 s: highest rate {high} where nobody taps, {} of {}",
            outcome.counted, outcome.sent
        );
        assert!(high == 0.0, "a level of the past: {high}");
        outcome.assert_lost_at_most(0);
    })
    .await;
}

#[tokio::test]
async fn fans_who_move_between_gateways_by_drops_count_nothing_twice() {
    moved_by_drops(60, 500, |gateways| Crowd::roaming(gateways, 60)).await;
}

#[tokio::test]
async fn three_thousand_fans_who_move_between_gateways_by_drops_count_nothing_twice() {
    moved_by_drops(3_000, 3_000, |gateways| Crowd::roaming_slowly(gateways, 3_000, Duration::from_secs(3))).await;
}

#[expect(clippy::print_stdout, reason = "a claim states its figure")]
async fn moved_by_drops(fans: u16, drops: u64, crowd: impl Fn(&[Server]) -> Crowd) {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let crowd = crowd(&meeting.gateways);
        let scene = Scene::new(meeting, crowd).await;
        until("that many drops", async || (scene.crowd.fate.dropped.get() >= drops).then_some(())).await;
        let fate = Rc::clone(&scene.crowd.fate);
        let outcome = scene.settle().await;
        let (dropped, resumed) = (fate.dropped.get(), fate.resumed.get());
        println!(
            "{fans} fans, {dropped} drops, {resumed} resumed: {} counted of {} sent, {} lost",
            outcome.counted,
            outcome.sent,
            outcome.sent - outcome.counted.min(outcome.sent)
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

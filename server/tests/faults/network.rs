//! What a network may do between a gateway and Redis.

use std::rc::Rc;

use futures_util::future::join_all;

use super::{FANS, Outcome, RATE, Scene, on_one_thread};
use crate::harness::{Crowd, GATEWAYS, Meeting, TAPS_A_FRAME, Weather, until};

/// Weather, and how many faults it is to bring at least.
const LOSING: (Weather, u64) = (Weather::LosingReplies(30), 20);
const REPLAYING: (Weather, u64) = (Weather::Replaying, 500);
const RESETTING: (Weather, u64) = (Weather::Resetting, 6);

/// Twelve fans tap through bad weather, until so much of it has happened, and it clears up.
async fn outcome_of((weather, faults): (Weather, u64), meeting: Meeting) -> (Outcome, u64) {
    let crowd = Crowd::at(&meeting.gateways, FANS);
    let scene = Scene::new(meeting, crowd).await;
    scene.meeting.turns(weather);
    until("faults happen", async || (scene.meeting.faults() >= faults).then_some(())).await;
    scene.taps(100).await;
    scene.meeting.turns(Weather::Fair);
    let faults = scene.meeting.faults();
    (scene.settle().await, faults)
}

#[expect(clippy::print_stdout, reason = "a claim states its figure")]
async fn nothing_lost_and_nothing_twice(row: (Weather, u64)) {
    let (outcome, faults) = on_one_thread(async { outcome_of(row, Meeting::behind_proxies().await).await }).await;
    println!("{:?}: {faults} faults, {} counted of {} sent", row.0, outcome.counted, outcome.sent);
    outcome.assert_lost_at_most(0);
    outcome.assert_no_roar();
}

#[tokio::test]
async fn lost_replies_to_commands_that_were_done_count_nothing_twice() {
    nothing_lost_and_nothing_twice(LOSING).await;
}

#[tokio::test]
async fn old_commands_that_come_again_in_any_order_count_nothing_twice() {
    nothing_lost_and_nothing_twice(REPLAYING).await;
}

#[tokio::test]
async fn connections_reset_twenty_times_a_second_lose_nothing() {
    nothing_lost_and_nothing_twice(RESETTING).await;
}

#[tokio::test]
async fn the_same_faults_break_a_store_that_increments() {
    let rows = [(Weather::Fair, 0), LOSING, REPLAYING, RESETTING];
    let outcomes = on_one_thread(join_all(rows.map(async |row| {
        let (outcome, faults) = outcome_of(row, Meeting::where_totals_are_increments().await).await;
        println!("mutant, {:?}: {faults} faults, {} counted of {} sent", row.0, outcome.counted, outcome.sent);
        outcome
    })))
    .await;
    // In fair weather it is a store like any other: what follows is the faults' doing.
    outcomes[0].assert_lost_at_most(0);
    for outcome in &outcomes[1..] {
        assert!(outcome.counted > outcome.sent && outcome.excess > 0, "{outcome:?}");
    }
}

#[tokio::test]
async fn old_commands_that_come_again_to_a_store_that_forgot_bring_nothing_back_to_life() {
    on_one_thread(async {
        let meeting = Meeting::behind_proxies().await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let mut scene = Scene::new(meeting, crowd).await;
        scene.meeting.turns(Weather::Replaying);
        for nth in 0..GATEWAYS {
            scene.goes_on(40).await;
            assert_eq!(scene.meeting.redis.say("FLUSHALL").await, "+OK");
            // One that knows nothing comes into the midst of it.
            scene.succeed(nth).await.kill().await;
        }
        scene.goes_on(40).await;
        scene.meeting.turns(Weather::Fair);
        let faults = scene.meeting.faults();
        let fate = Rc::clone(&scene.crowd.fate);
        let outcome = scene.settle().await;
        let lost = outcome.sent - outcome.counted.min(outcome.sent);
        println!("flushed, killed and replayed: {faults} old commands, {lost} lost of {} sent", outcome.sent);
        outcome.assert_lost_at_most(fate.dropped.get() * u64::from(2 * TAPS_A_FRAME));
    })
    .await;
}

#[tokio::test]
async fn a_conductor_cut_off_is_followed_and_comes_back_as_one_of_many() {
    on_one_thread(async {
        let meeting = Meeting::behind_proxies().await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        let mut at_once = 0;
        for _ in 0..3 {
            let cut_off = scene.meeting.conductor().await;
            scene.meeting.proxies[cut_off].turns(Weather::BlackHole);
            let conducting = until("another conducts", async || {
                let conducting = scene.meeting.conducting().await;
                (0..).zip(&conducting).any(|(at, conducts)| *conducts && at != cut_off).then_some(conducting)
            })
            .await;
            at_once = at_once.max(conducting.into_iter().filter(|conducts| *conducts).count());
            // What it said into the hole arrives now, late.
            scene.meeting.proxies[cut_off].turns(Weather::Fair);
            scene.goes_on(20).await;
            scene.meeting.conductor().await;
        }
        // Beyond the second in which the last one holds its predecessor's rates.
        scene.goes_on(2 * RATE).await;
        let outcome = scene.settle().await;
        println!(
            "conductor cut off 3 times: up to {at_once} believed to conduct, rates {:?} of {RATE}, {} counted of {} sent",
            outcome.rates, outcome.counted, outcome.sent
        );
        outcome.assert_lost_at_most(0);
        outcome.assert_steady();
    })
    .await;
}

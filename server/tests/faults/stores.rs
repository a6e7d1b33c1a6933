//! What may happen to Redis itself.

use std::time::Instant;

use rustix::process::Signal;

use super::{FANS, Scene, on_one_thread};
use crate::harness::{Crowd, Meeting, Server};

#[tokio::test]
async fn a_redis_that_restarts_empty_twenty_times_loses_nothing() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let mut scene = Scene::new(meeting, crowd).await;
        let mut heals_ms = Vec::new();
        for _ in 0..20 {
            scene.meeting.redis = scene.meeting.redis.restart_empty().await;
            let began = Instant::now();
            scene.goes_on(1).await;
            heals_ms.push(began.elapsed().as_millis());
        }
        heals_ms.sort_unstable();
        let outcome = scene.settle().await;
        println!(
            "restarted empty 20 times: healed in {} ms (median), {} ms (longest); {} counted of {} sent",
            heals_ms[10], heals_ms[19], outcome.counted, outcome.sent
        );
        outcome.assert_lost_at_most(0);
        outcome.assert_no_roar();
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_is_flushed_mid_match_loses_nothing() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let scene = Scene::new(meeting, crowd).await;
        let mut heals_ms = Vec::new();
        for _ in 0..5 {
            assert_eq!(scene.meeting.redis.say("FLUSHALL").await, "+OK");
            let began = Instant::now();
            scene.goes_on(1).await;
            heals_ms.push(began.elapsed().as_millis());
        }
        let outcome = scene.settle().await;
        println!("flushed 5 times: healed in {heals_ms:?} ms; {} counted of {} sent", outcome.counted, outcome.sent);
        outcome.assert_lost_at_most(0);
        outcome.assert_no_roar();
    })
    .await;
}

/// Fans in a claim about the height of a level, so that a frame more or less in a second is little of it.
const MANY: u16 = 96;

#[tokio::test]
async fn a_redis_stopped_for_a_minute_costs_no_memory_and_no_tap_and_roars_not() {
    on_one_thread(async {
        let meeting = Meeting::new().await;
        let crowd = Crowd::at(&meeting.gateways, MANY);
        let scene = Scene::new(meeting, crowd).await;
        let rate = 16 * u64::from(MANY);
        scene.goes_on(2 * rate).await;
        scene.rates();
        scene.goes_on(2 * rate).await;
        let (_, high_before) = scene.rates();
        let resident = || scene.meeting.gateways.iter().map(Server::resident_bytes).collect::<Vec<_>>();
        let mut resident_at = vec![resident()];
        scene.meeting.redis.signal(Signal::STOP);
        for _ in 0..6 {
            scene.taps(10 * rate).await;
            resident_at.push(resident());
        }
        scene.meeting.redis.signal(Signal::CONT);
        scene.goes_on(2 * rate).await;
        let outcome = scene.settle().await;
        let (_, high) = outcome.rates;
        println!(
            "stopped 60 s: resident {resident_at:?}; peak rate {high:.0} of {rate}, {high_before:.0} before; {} of {}",
            outcome.counted, outcome.sent
        );
        outcome.assert_lost_at_most(0);
        assert!(high <= 1.1 * high_before.max(rate as f64), "a roar of {high} after {high_before}");
        for (before, after) in resident_at[0].iter().zip(&resident_at[6]) {
            // Buffers of the allocator come and go; a minute of taps kept one by one would be a megabyte.
            assert!(*after <= before + before / 20, "grew from {before} to {after}");
        }
    })
    .await;
}

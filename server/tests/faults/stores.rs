//! What may happen to Redis itself.

use std::time::Instant;

use super::{FANS, Scene, on_one_thread};
use crate::harness::{Crowd, Meeting};

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

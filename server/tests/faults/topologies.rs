//! What may happen where several servers make up the store: a failover to what was known a while ago, a primary that dies,
//! a slot that moves.

use std::time::{Duration, Instant};

use super::{FANS, Scene, on_one_thread};
use crate::harness::{Crowd, Meeting, Redis, until};

/// The slot of the event.
const SLOT: &str = "903";

/// What was lost and how long nothing new was shown.
#[expect(clippy::print_stdout, reason = "a claim states its figure")]
fn state(what: &str, gap: Duration, outcome: &super::Outcome) {
    println!(
        "{what}: {} counted of {} sent, nothing new for {:.1} s",
        outcome.counted,
        outcome.sent,
        gap.as_secs_f64()
    );
}

#[tokio::test]
async fn a_stale_replica_promoted_by_sentinel_loses_nothing() {
    on_one_thread(async {
        let primary = Redis::start().await;
        let replica = Redis::start_with(&["--repl-diskless-sync-delay", "0"]).await;
        replica.say(&format!("REPLICAOF 127.0.0.1 {}", primary.port())).await;
        until("a replica", async || primary.ask("INFO replication").await.contains("state=online").then_some(())).await;
        let sentinel = Redis::sentinel_of(&primary, "stadium").await;
        until("a sentinel that knows it", async || {
            let replicas = sentinel.ask("SENTINEL REPLICAS stadium").await;
            replicas.contains(&replica.port().to_string()).then_some(())
        })
        .await;
        let url = format!("redis+sentinel://127.0.0.1:{}/stadium", sentinel.port());
        let meeting = Meeting::at(&url, primary).await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let mut scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        // From now on it learns nothing.
        replica.say("CONFIG SET masteruser nobody").await;
        replica.say("CONFIG SET masterauth wrong").await;
        scene.meeting.redis.say("CLIENT KILL TYPE replica").await;
        scene.goes_on(2 * super::RATE).await;
        let totals = "beat:{demo}:1:totals";
        let (known, stale) = (scene.meeting.redis.sum_of(totals).await, replica.sum_of(totals).await);
        assert!(stale + super::RATE < known, "{stale} of {known} is not stale");
        let began = Instant::now();
        // Dropped, hence killed.
        scene.meeting.redis = replica;
        scene.goes_on(1).await;
        let gap = began.elapsed();
        scene.goes_on(2 * super::RATE).await;
        let outcome = scene.settle().await;
        state(&format!("a replica that knew {stale} of {known} promoted"), gap, &outcome);
        outcome.assert_lost_at_most(0);
        outcome.assert_no_roar();
    })
    .await;
}

#[tokio::test]
async fn a_cluster_whose_primary_is_killed_loses_nothing() {
    on_one_thread(async {
        let (home, away, third, replica) = (
            Redis::in_a_cluster().await,
            Redis::in_a_cluster().await,
            Redis::in_a_cluster().await,
            Redis::in_a_cluster().await,
        );
        for (server, first, last) in [(&home, 0, 5_460), (&away, 5_461, 10_922), (&third, 10_923, 16_383)] {
            server.say(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
        }
        meet(&[&home, &away, &third, &replica]).await;
        let id = id(&home).await;
        until("a replica", async || (replica.say(&format!("CLUSTER REPLICATE {id}")).await == "+OK").then_some(()))
            .await;
        until("all know of it, and it has copied all", async || {
            let knows = async |server: &Redis| server.ask("CLUSTER SLOTS").await.contains(&replica.port().to_string());
            let has_copied = home.ask("INFO replication").await.contains("state=online");
            (has_copied && knows(&away).await && knows(&third).await).then_some(())
        })
        .await;
        let url = format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", home.port(), away.port());
        let meeting = Meeting::at(&url, home).await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let mut scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        let began = Instant::now();
        // Dropped, hence killed; the other primaries elect the replica.
        scene.meeting.redis = replica;
        scene.goes_on(1).await;
        let gap = began.elapsed();
        scene.goes_on(2 * super::RATE).await;
        let outcome = scene.settle().await;
        state("a cluster's primary killed", gap, &outcome);
        outcome.assert_lost_at_most(0);
        outcome.assert_no_roar();
    })
    .await;
}

#[tokio::test]
async fn a_slot_that_moves_under_load_loses_nothing() {
    on_one_thread(async {
        let (from, to) = (Redis::in_a_cluster().await, Redis::in_a_cluster().await);
        from.say("CLUSTER ADDSLOTSRANGE 0 16383").await;
        meet(&[&from, &to]).await;
        let meeting = Meeting::at(&format!("redis+cluster://127.0.0.1:{}", from.port()), to).await;
        let crowd = Crowd::at(&meeting.gateways, FANS);
        let scene = Scene::new(meeting, crowd).await;
        scene.is_steady().await;
        let to = &scene.meeting.redis;
        let (from_id, to_id) = (id(&from).await, id(to).await);
        assert_eq!(to.say(&format!("CLUSTER SETSLOT {SLOT} IMPORTING {from_id}")).await, "+OK");
        assert_eq!(from.say(&format!("CLUSTER SETSLOT {SLOT} MIGRATING {to_id}")).await, "+OK");
        let began = Instant::now();
        let mut gap = Duration::ZERO;
        let mut moved = 0;
        loop {
            let keys = from.ask(&format!("CLUSTER GETKEYSINSLOT {SLOT} 1")).await;
            let Some(key) = keys.lines().find(|line| line.starts_with("beat:")) else { break };
            let said = from.say(&format!("MIGRATE 127.0.0.1 {} {key} 0 5000", to.port())).await;
            assert_eq!(said, "+OK", "{key}");
            moved += 1;
            // Taps go on in the midst of it, wherever their keys are.
            let waited = Instant::now();
            scene.goes_on(10).await;
            gap = gap.max(waited.elapsed());
        }
        for server in [to, &from] {
            assert_eq!(server.say(&format!("CLUSTER SETSLOT {SLOT} NODE {to_id}")).await, "+OK");
        }
        scene.goes_on(2 * super::RATE).await;
        let took = began.elapsed();
        let outcome = scene.settle().await;
        state(&format!("a slot of {moved} keys moved in {:.1} s", took.as_secs_f64()), gap, &outcome);
        outcome.assert_lost_at_most(0);
        outcome.assert_no_roar();
    })
    .await;
}

/// Makes one cluster of `servers`, and waits until each of them serves.
async fn meet(servers: &[&Redis]) {
    for (server, epoch) in servers.iter().zip(1..) {
        server.say(&format!("CLUSTER SET-CONFIG-EPOCH {epoch}")).await;
        server.say(&format!("CLUSTER MEET 127.0.0.1 {}", servers[0].port())).await;
    }
    for server in servers {
        until("a cluster", async || {
            let is_well = server.ask("CLUSTER INFO").await.contains("cluster_state:ok");
            let known = server.ask("CLUSTER NODES").await;
            let all = known.lines().filter(|line| line.contains(" connected")).count();
            (is_well && all == servers.len() && !known.contains("handshake")).then_some(())
        })
        .await;
    }
}

async fn id(server: &Redis) -> String {
    server.ask("CLUSTER MYID").await.lines().nth(1).unwrap().to_owned()
}

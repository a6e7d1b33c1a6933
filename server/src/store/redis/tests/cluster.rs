//! A cluster: slots that move while beats go on, and primaries that die.

use super::server::Server;
use super::*;

/// The slot of the event.
const SLOT: &str = "903";

#[tokio::test]
async fn a_slot_is_followed_while_it_moves_and_after() {
    for binary in binaries() {
        let (from, to) = (node(&binary), node(&binary));
        from.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
        meet(&from, &[&to]).await;
        let store = open(&format!("redis+cluster://127.0.0.1:{}", from.port)).await;
        let count = |n| vector(GATEWAY, n, &[("JPN", n)]);
        store.join(&event(), 1, count(1)).await.unwrap();
        store.append(&event(), beat(1, 1)).await.unwrap();
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), Some(beat(1, 1)));

        let (from_id, to_id) = (id(&from).await, id(&to).await);
        to.cli(&["CLUSTER", "SETSLOT", SLOT, "IMPORTING", &from_id]).await;
        from.cli(&["CLUSTER", "SETSLOT", SLOT, "MIGRATING", &to_id]).await;
        let port = to.port.to_string();
        for (n, key) in (2..).zip(["beat:{demo}:1:gateways", "beat:{demo}:1:beats", "beat:{demo}:1:g:00000000000000a1"])
        {
            from.cli(&["MIGRATE", "127.0.0.1", &port, key, "0", "1000"]).await;
            store.join(&event(), 1, count(n)).await.unwrap();
            assert_eq!(store.gateways(&event(), 1).await.unwrap(), [count(n)], "without {key}");
            let number = u32::try_from(n).unwrap();
            assert_eq!(store.append(&event(), beat(number, 1)).await.unwrap(), Appended::Accepted, "without {key}");
            assert_eq!(store.next(&event(), 1, number - 1).await.unwrap(), Some(beat(number, 1)), "without {key}");
        }
        for server in [&to, &from] {
            server.cli(&["CLUSTER", "SETSLOT", SLOT, "NODE", &to_id]).await;
        }
        until("joined at its new place", async || store.join(&event(), 1, count(9)).await.ok()).await;
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [count(9)]);
        until("followed to its new place", async || store.next(&event(), 1, 1).await.ok()?).await;
        assert_eq!(store.append(&event(), beat(4, 1)).await.unwrap(), Appended::Taken);
        assert_eq!(to.cli(&["CLUSTER", "COUNTKEYSINSLOT", SLOT]).await, Value::Int(4), "leaderboard and all");
        assert_eq!(from.cli(&["CLUSTER", "COUNTKEYSINSLOT", SLOT]).await, Value::Int(0));
    }
}

#[tokio::test]
async fn a_dead_primary_is_replaced_though_no_seed_lives() {
    for binary in binaries() {
        let (mut primary, replica) = (node(&binary), node(&binary));
        primary.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
        meet(&primary, &[&replica]).await;
        let primary_id = id(&primary).await;
        until("a replica", async || {
            let info = words(&replica.cli(&["CLUSTER", "NODES"]).await);
            info.contains(&primary_id).then_some(())
        })
        .await;
        replica.cli(&["CLUSTER", "REPLICATE", &primary_id]).await;
        until("it has copied something, and the primary has heard so", async || {
            primary.cli(&["SET", "anything", ""]).await;
            let slots = format!("{:?}", primary.cli(&["CLUSTER", "SLOTS"]).await);
            slots.contains(&replica.port.to_string()).then_some(())
        })
        .await;
        let store = open(&format!("redis+cluster://127.0.0.1:{}", primary.port)).await;
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        assert_eq!(store.gateways(&event(), 1).await.unwrap().len(), 1);
        primary.kill();
        store.join(&event(), 1, vector(GATEWAY, 6, &[("JPN", 10)])).await.unwrap_err();
        replica.cli(&["CLUSTER", "FAILOVER", "TAKEOVER"]).await;
        until("joined at the new primary", async || {
            store.join(&event(), 1, vector(GATEWAY, 7, &[("JPN", 11)])).await.ok()
        })
        .await;
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [vector(GATEWAY, 7, &[("JPN", 11)])]);
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), None);
    }
}

#[tokio::test]
async fn events_live_on_different_primaries() {
    for binary in binaries() {
        let (low, high) = (node(&binary), node(&binary));
        low.cli(&["CLUSTER", "ADDSLOTSRANGE", "0", "8191"]).await;
        high.cli(&["CLUSTER", "ADDSLOTSRANGE", "8192", "16383"]).await;
        meet(&low, &[&high]).await;
        let store = open(&format!("redis+cluster://127.0.0.1:{}", high.port)).await;
        for (event, server) in [("demo", &low), ("final", &high)] {
            let event: EventId = event.parse().unwrap();
            let home = if keys::slot(&event) < 8_192 { &low } else { &high };
            assert!(std::ptr::eq(home, server), "{event} is in slot {}", keys::slot(&event));
            store.join(&event, 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
            store.append(&event, beat(1, 1)).await.unwrap();
            assert_eq!(store.next(&event, 1, 0).await.unwrap(), Some(beat(1, 1)));
            assert_eq!(server.cli(&["DBSIZE"]).await, Value::Int(3));
        }
    }
}

fn node(binary: &std::path::Path) -> Server {
    Server::start(binary, &["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"])
}

/// Makes one cluster of `first` and `others`, and waits until it serves.
async fn meet(first: &Server, others: &[&Server]) {
    for (epoch, server) in (1..).zip([&[first], others].concat()) {
        server.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch.to_string()]).await;
        server.cli(&["CLUSTER", "MEET", "127.0.0.1", &first.port.to_string()]).await;
    }
    for server in [&[first], others].concat() {
        until("a cluster", async || {
            let is_whole = words(&server.cli(&["CLUSTER", "INFO"]).await).contains("cluster_state:ok");
            let known = words(&server.cli(&["CLUSTER", "NODES"]).await);
            let all = known.lines().filter(|line| line.ends_with("connected") || line.contains("connected ")).count();
            (is_whole && all == others.len() + 1 && !known.contains("handshake")).then_some(())
        })
        .await;
    }
}

async fn id(server: &Server) -> String {
    words(&server.cli(&["CLUSTER", "MYID"]).await)
}

fn words(answer: &Value) -> String {
    match answer {
        Value::VerbatimString { text, .. } => text.clone(),
        answer => route::text(answer).unwrap_or_default().to_owned(),
    }
}

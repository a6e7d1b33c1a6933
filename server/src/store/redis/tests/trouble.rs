//! A server that forgets, dies, hangs, or was written to by somebody else.

use super::*;

#[tokio::test]
async fn who_has_counted_nothing_in_a_run_leaves_no_trace() {
    on_each(async |server, store| {
        store.join(&event(), 1, vector(GATEWAY, 5, &[])).await.unwrap();
        assert_eq!(server.cli(&["DBSIZE"]).await, Value::Int(0));
        store.join(&event(), 1, vector(GATEWAY, 6, &[("JPN", 1)])).await.unwrap();
        store.join(&event(), 1, vector(GATEWAY, 7, &[])).await.unwrap();
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [vector(GATEWAY, 7, &[("JPN", 1)])]);
        for key in ["beat:{demo}:1:gateways", "beat:{demo}:1:g:00000000000000a1"] {
            assert_eq!(server.cli(&["TTL", key]).await, Value::Int(604_800), "{key}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_store_that_forgot_is_told_again_by_whoever_remembers() {
    on_each(async |server, store| {
        let gateways: Vec<_> = (1..=30).map(|id| vector(Incarnation(id), id, &[("JPN", id), ("NED", 2)])).collect();
        for vector in &gateways {
            store.join(&event(), 1, vector.clone()).await.unwrap();
        }
        let witness = open(&server.url()).await;
        assert_eq!(witness.gateways(&event(), 1).await.unwrap(), gateways);
        server.cli(&["FLUSHALL"]).await;
        // None of the gateways lives any more: only the witness asks on.
        let calls = until("everything told again", async || {
            assert_eq!(witness.gateways(&event(), 1).await.unwrap(), gateways, "shown all the while");
            let ours = open(&server.url()).await.gateways(&event(), 1).await.unwrap();
            (ours == gateways).then_some(())
        });
        calls.await;
        assert_eq!(server.cli(&["TTL", "beat:{demo}:1:gateways"]).await, Value::Int(604_800));
    })
    .await;
}

#[tokio::test]
async fn a_single_total_that_was_taken_back_is_found_by_the_audit() {
    on_each(async |server, store| {
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        store.join(&event(), 1, vector(OTHER, 5, &[("JPN", 9)])).await.unwrap();
        assert_eq!(store.gateways(&event(), 1).await.unwrap().len(), 2);
        let key = "beat:{demo}:1:g:00000000000000b2";
        server.cli(&["ZADD", key, "4", "JPN"]).await;
        for _ in 0..2 {
            store.gateways(&event(), 1).await.unwrap();
        }
        assert_eq!(server.cli(&["ZSCORE", key, "JPN"]).await, Value::BulkString(b"9".into()));
    })
    .await;
}

#[tokio::test]
async fn what_no_gateway_can_have_written_is_refused() {
    on_each(async |server, store| {
        store.join(&event(), 1, vector(GATEWAY, 5, &[("NED", 2)])).await.unwrap();
        let key = "beat:{demo}:1:g:00000000000000a1";
        let nonsense = [("inf", "JPN"), ("-1", "USA"), ("0.5", "FRA"), ("9007199254740992", "GBR"), ("1", "no team")];
        for (score, member) in nonsense {
            server.cli(&["ZADD", key, score, member]).await;
        }
        server.cli(&["ZADD", "beat:{demo}:1:gateways", "1", "nobody", "7", "00000000000000B2"]).await;
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [vector(GATEWAY, 5, &[("NED", 2)])]);
        server.cli(&["XADD", "beat:{demo}:1:beats", "7-0", "b", "nonsense"]).await;
        let refusal = store.next(&event(), 1, 0).await.unwrap_err().to_string();
        assert!(refusal.contains("entry 7"), "not silence: {refusal}");
        store.append(&event(), beat(8, 1)).await.unwrap();
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), Some(beat(8, 1)));
        server.cli(&["HSET", "beat:{demo}:state", "4294967296:open", "1", "2:open", "soon", "t0_ms", "17"]).await;
        let never = EventRecord { t0_ms: 18, opening: Opening::default() };
        assert_eq!(store.advance(&event(), never).await.unwrap(), EventRecord { t0_ms: 17, ..never });
    })
    .await;
}

#[tokio::test]
async fn the_leaderboard_is_one_beat_behind_and_reads_by_hand() {
    on_each(async |server, store| {
        for number in [7, 8] {
            store.append(&event(), beat(number, 1)).await.unwrap();
        }
        assert_eq!(store.append(&event(), beat(8, 1)).await.unwrap(), Appended::Taken);
        let board = server.cli(&["ZREVRANGE", "beat:{demo}:1:totals", "0", "-1", "WITHSCORES"]).await;
        let words = ["JPN", "8", "NED", "3"].map(|word| Value::BulkString(word.into()));
        assert_eq!(board, Value::Array(words.into()));
        for key in ["beat:{demo}:1:beats", "beat:{demo}:1:totals"] {
            assert_eq!(server.cli(&["EXISTS", key]).await, Value::Int(1), "{key}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_capped_near_a_minute() {
    on_each(async |server, store| {
        for number in 1..=1_000 {
            store.append(&event(), beat(number, 1)).await.unwrap();
        }
        let Value::Int(kept) = server.cli(&["XLEN", "beat:{demo}:1:beats"]).await else { panic!("no length") };
        assert!((600..=800).contains(&kept), "{kept}");
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), Some(beat(1_000, 1)));
    })
    .await;
}

#[tokio::test]
async fn a_dead_server_is_an_error_at_once_and_one_that_is_back_is_used() {
    on_each(async |mut server, store| {
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), None);
        assert_eq!(store.gateways(&event(), 1).await.unwrap().len(), 1);
        server.kill();
        for _ in 0..20 {
            let began = Instant::now();
            store.join(&event(), 1, vector(GATEWAY, 6, &[("JPN", 10)])).await.unwrap_err();
            assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
            let refusal = store.next(&event(), 1, 0).await.unwrap_err().to_string();
            assert!(refusal.contains("127.0.0.1"), "{refusal}");
        }
        server.restart();
        until("joined again", async || store.join(&event(), 1, vector(GATEWAY, 7, &[("JPN", 11)])).await.ok()).await;
        until("followed again", async || store.next(&event(), 1, 0).await.ok()).await;
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [vector(GATEWAY, 7, &[("JPN", 11)])]);
    })
    .await;
}

#[tokio::test]
async fn a_hanging_server_is_an_error_in_time_and_never_silence() {
    on_each(async |server, store| {
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), None);
        let event = event();
        server.pause();
        let began = Instant::now();
        let (joined, next) =
            tokio::join!(store.join(&event, 1, vector(GATEWAY, 6, &[("JPN", 10)])), store.next(&event, 1, 0));
        let refusals = (joined.unwrap_err().to_string(), next.unwrap_err().to_string());
        assert!(refusals.0.contains("did not answer") && refusals.1.contains("did not answer"), "{refusals:?}");
        assert!(began.elapsed() < Duration::from_millis(1_800), "{:?}", began.elapsed());
        let began = Instant::now();
        store.join(&event, 1, vector(GATEWAY, 7, &[("JPN", 11)])).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(100), "nothing is sent to it: {:?}", began.elapsed());
        server.resume();
        until("joined again", async || store.join(&event, 1, vector(GATEWAY, 8, &[("JPN", 12)])).await.ok()).await;
        assert_eq!(store.gateways(&event, 1).await.unwrap(), [vector(GATEWAY, 8, &[("JPN", 12)])]);
    })
    .await;
}

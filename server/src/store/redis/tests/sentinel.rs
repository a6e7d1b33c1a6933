//! Sentinel: whoever it names is followed.

use super::server::Server;
use super::*;

#[tokio::test]
async fn the_primary_that_sentinel_names_is_followed() {
    for binary in binaries() {
        let mut first = Server::start(&binary, &[]);
        let second = Server::start(&binary, &["--repl-diskless-sync-delay", "0"]);
        second.cli(&["REPLICAOF", "127.0.0.1", &first.port.to_string()]).await;
        until("a replica that has copied all", async || {
            let info = first.cli(&["INFO", "replication"]).await;
            route::text(&info).unwrap_or_default().contains("state=online").then_some(())
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("sentinel.conf");
        let monitor = format!(
            "sentinel monitor stadium 127.0.0.1 {} 1\nsentinel down-after-milliseconds stadium 500\n\
             sentinel failover-timeout stadium 3000\n",
            first.port
        );
        std::fs::write(&config, monitor).unwrap();
        let sentinel = Server::start(&binary, &[config.to_str().unwrap(), "--sentinel"]);
        until("a sentinel that knows the replica", async || {
            let replicas = format!("{:?}", sentinel.cli(&["SENTINEL", "REPLICAS", "stadium"]).await);
            replicas.contains(&second.port.to_string()).then_some(())
        })
        .await;

        let refusal = refusable(&format!("redis+sentinel://127.0.0.1:{}/arena", sentinel.port)).await;
        assert!(refusal.map(drop).unwrap_err().to_string().contains("no service arena"));
        // A dead one before it.
        let store = open(&format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/stadium", sentinel.port)).await;
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        store.join(&event(), 1, vector(OTHER, 5, &[("NED", 9)])).await.unwrap();
        assert_eq!(store.gateways(&event(), 1).await.unwrap().len(), 2);
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), None);

        first.kill();
        until("joined at the new primary", async || {
            store.join(&event(), 1, vector(GATEWAY, 6, &[("JPN", 10)])).await.ok()
        })
        .await;
        assert_eq!(store.fleet.nodes()[0].port, second.port);
        until("followed at the new primary", async || store.next(&event(), 1, 0).await.ok()).await;
        let known = [vector(GATEWAY, 6, &[("JPN", 10)]), vector(OTHER, 5, &[("NED", 9)])];
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), known);
    }
}
